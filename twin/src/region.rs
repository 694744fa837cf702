//! The part of the unit cube in which every constraint of a space holds.

mod curve;
mod plane;

use flowtwin_lab::{Conditions, Input, Space, Stream, Streams};

use curve::Curve;
use plane::Planes;

/// Draws from the cube before the walk inside the region takes over.
const DRAWS: usize = 200;
/// Steps from a point towards the middle of the region when rounding has broken a constraint.
const STEPS: u32 = 256;

/// By how much a side may be missed through rounding.
const ROUNDING: f64 = 1e-12;

/// Halvings of a way to find where it leaves the region.
const HALVINGS: u32 = 50;

/// Rounds in which a point inside is looked for where formulas bound the region, and points of each.
const ROUNDS: usize = 16;
const LOOKS: usize = 256;

/// What is deep enough: a tenth of the cube, or of what a formula varies over it.
const DEEP: f64 = 0.1;

/// The feasible region of a space, in the unit cube.
#[derive(Clone, Debug)]
pub struct Region<'a> {
    space: &'a Space,
    sides: Vec<Side>,
    planes: Planes,
    curves: Vec<Curve<'a>>,
    low: Vec<f64>,
    high: Vec<f64>,
    anchor: Vec<f64>,
}

/// One side of the region: `normal · u <= bound`.
#[derive(Clone, Debug)]
struct Side {
    normal: Vec<f64>,
    bound: f64,
}

impl Side {
    fn slack(&self, u: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (a, u) in self.normal.iter().zip(u) {
            sum += a * u;
        }
        self.bound - sum
    }
}

/// No point was found at which all constraints hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no conditions were found that meet all constraints together: {names}")]
pub struct EmptyRegion {
    /// The constraints.
    pub names: String,
}

impl<'a> Region<'a> {
    /// The region of `space`.
    ///
    /// # Errors
    /// If no point is found that meets all constraints after rounding to the resolution of the inputs.
    pub fn new(space: &'a Space) -> Result<Self, EmptyRegion> {
        let mut stream = Streams::new(0).open("region", 0);
        let planes = Planes::of(space, &mut Streams::new(0).open("planes", 0));
        let mut region = Self {
            space,
            sides: sides(space, &planes),
            curves: Curve::all(space, &planes, &mut stream),
            planes,
            low: vec![0.0; space.dim()],
            high: vec![1.0; space.dim()],
            anchor: vec![0.5; space.dim()],
        };
        region.deepen();
        region.look(&mut stream);
        if let Some(set) = region.on_planes(&region.anchor) {
            region.anchor = space.to_unit(&set);
        }
        if space.contains(&space.from_unit(&region.anchor)) {
            return Ok(region);
        }
        let names: Vec<_> = space.constraints().iter().map(|c| c.name.as_str()).collect();
        Err(EmptyRegion { names: names.join(", ") })
    }

    /// The space.
    pub fn space(&self) -> &'a Space {
        self.space
    }

    /// Whether a constraint, by its place in the space, holds what it bounds at one value everywhere in the region.
    pub fn is_held(&self, constraint: usize) -> bool {
        self.planes.has(constraint)
    }

    /// A point well inside the region \[d\].
    pub fn anchor(&self) -> &[f64] {
        &self.anchor
    }

    /// The part of this region within `reach` [d] of `centre` [d], which must lie in the region, on every axis.
    pub(crate) fn around(&self, centre: &[f64], reach: &[f64]) -> Self {
        let mut part = self.clone();
        for j in 0..centre.len() {
            part.low[j] = (centre[j] - reach[j]).max(0.0);
            part.high[j] = (centre[j] + reach[j]).min(1.0);
        }
        part.anchor = centre.to_vec();
        part
    }

    /// The point of the box around this region at `v` [d] of the unit cube.
    pub(crate) fn place(&self, v: &[f64]) -> Vec<f64> {
        let at = |((v, low), high): ((&f64, &f64), &f64)| low + v * (high - low);
        v.iter().zip(&self.low).zip(&self.high).map(at).collect()
    }

    /// Where `u` [d] lies in the box around this region, in units of the box.
    pub(crate) fn unplace(&self, u: &[f64]) -> Vec<f64> {
        let at = |((u, low), high): ((&f64, &f64), &f64)| (u - low) / (high - low);
        u.iter().zip(&self.low).zip(&self.high).map(at).collect()
    }

    /// Widths of the box around this region [d].
    pub(crate) fn widths(&self) -> impl Iterator<Item = f64> {
        self.high.iter().zip(&self.low).map(|(high, low)| high - low)
    }

    /// Whether `u` \[d\] lies in the cube and meets every constraint.
    pub fn contains(&self, u: &[f64]) -> bool {
        let inside = |((u, low), high): ((&f64, &f64), &f64)| low <= u && u <= high;
        u.iter().zip(&self.low).zip(&self.high).all(inside)
            && self.sides.iter().all(|s| s.slack(u) >= -ROUNDING)
            && self.planes.hold(u)
            && self.curves.iter().all(|curve| curve.miss(u) <= ROUNDING)
    }

    /// A point of the region, uniformly distributed \[d\].
    pub fn sample(&self, stream: &mut Stream) -> Vec<f64> {
        let mut v = vec![0.0; self.space.dim()];
        // No draw from the cube lies on a plane.
        let draws = if self.planes.is_empty() { DRAWS } else { 0 };
        for _ in 0..draws {
            v.iter_mut().for_each(|v| *v = stream.uniform());
            let u = self.place(&v);
            if self.contains(&u) {
                return u;
            }
        }
        self.walk(stream)
    }

    /// `weight / 2` times the squared distances by which sides are missed at `u` [d]; their derivatives are subtracted
    /// from `slope` [d], that of an objective which is maximised.
    pub(crate) fn penalty(&self, u: &[f64], weight: f64, slope: &mut [f64]) -> f64 {
        let mut penalty = 0.0;
        for side in &self.sides {
            let miss = (-side.slack(u)).max(0.0);
            penalty += 0.5 * weight * miss * miss;
            for (g, a) in slope.iter_mut().zip(&side.normal) {
                *g -= weight * miss * a;
            }
        }
        for curve in &self.curves {
            penalty += curve.penalty(u, weight, slope);
        }
        penalty + self.planes.penalty(u, weight, slope)
    }

    /// The furthest point on the way from `inside` to `to` that the region still holds \[d\]; where formulas bound the region,
    /// the end of a stretch of the way that it holds.
    pub fn clip(&self, inside: &[f64], to: &[f64]) -> Vec<f64> {
        let mut way: Vec<f64> = to.iter().zip(inside).map(|(to, from)| to - from).collect();
        self.planes.along(&mut way);
        let along: Vec<f64> = inside.iter().zip(&way).map(|(from, way)| from + way).collect();
        let to = if self.planes.is_empty() { to } else { &along };
        let mut reach: f64 = 1.0;
        for (j, (from, to)) in inside.iter().zip(to).enumerate() {
            reach = reach
                .min(limit(from - to, from - self.low[j]))
                .min(limit(to - from, self.high[j] - from));
        }
        for side in &self.sides {
            let (here, there) = (side.slack(inside), side.slack(to));
            reach = reach.min(limit(here - there, here));
        }
        let reach = reach.max(0.0);
        let at = |reach: f64| -> Vec<f64> {
            let blend = |j: usize| {
                (inside[j] + reach * (to[j] - inside[j])).clamp(self.low[j], self.high[j])
            };
            (0..inside.len()).map(blend).collect()
        };
        let holds = |u: &[f64]| self.curves.iter().all(|curve| curve.miss(u) <= ROUNDING);
        let furthest = at(reach);
        if holds(&furthest) {
            return furthest;
        }
        let (mut held, mut missed) = (0.0, reach);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (held + missed);
            if holds(&at(middle)) { held = middle } else { missed = middle }
        }
        at(held)
    }

    /// The conditions at `u`, rounded to the resolution of the inputs; where rounding breaks a constraint, the
    /// nearest on the way to the middle of the region that does not.
    pub fn snap(&self, u: &[f64]) -> Conditions {
        for step in 0..=STEPS {
            let t = f64::from(step) / f64::from(STEPS);
            let blend = |((u, a), input): ((&f64, &f64), &Input)| match input.options() {
                Some(_) => *u,
                None => u + t * (a - u),
            };
            let inputs = self.space.inputs();
            let point: Vec<f64> = u.iter().zip(&self.anchor).zip(inputs).map(blend).collect();
            if let Some(conditions) = self.on_planes(&point) {
                return conditions;
            }
            let conditions = self.space.from_unit(&point);
            if self.space.contains(&conditions) {
                return conditions;
            }
        }
        // An option that was asked for may allow nothing; the anchor was checked when the region was made.
        self.space.from_unit(&self.anchor)
    }

    /// The conditions nearest to `u` that rounding leaves on the planes, if there are any planes and such conditions.
    fn on_planes(&self, u: &[f64]) -> Option<Conditions> {
        if self.planes.is_empty() {
            return None;
        }
        let mut onto = u.to_vec();
        self.planes.project(&mut onto);
        let rounded = self.space.to_unit(&self.space.from_unit(&onto));
        let near = self.planes.nearby(&rounded).into_iter();
        let set = std::iter::once(onto).chain(near).map(|point| self.space.from_unit(&point));
        set.into_iter().find(|conditions| self.space.contains(conditions))
    }

    /// Hit-and-run (Smith 1984, DOI 10.1287/opre.32.6.1296) from the anchor.
    fn walk(&self, stream: &mut Stream) -> Vec<f64> {
        let mut u = self.anchor.clone();
        for _ in 0..20 * u.len() {
            let mut direction: Vec<f64> = u.iter().map(|_| stream.normal()).collect();
            self.planes.along(&mut direction);
            let far = |sign: f64| {
                let to: Vec<f64> =
                    u.iter().zip(&direction).map(|(u, d)| u + sign * 1e3 * d).collect();
                self.clip(&u, &to)
            };
            let (a, b) = (far(-1.0), far(1.0));
            let t = stream.uniform();
            u = a.iter().zip(&b).map(|(a, b)| a + t * (b - a)).collect();
            self.planes.project(&mut u);
        }
        u
    }

    /// Moves the anchor from the middle of the cube to a point as far as possible from every side, by projecting
    /// onto the side that is violated most, with a margin that shrinks until all hold.
    fn deepen(&mut self) {
        let centre = vec![0.5; self.space.dim()];
        let mut margin = 0.25;
        while margin > 1e-9 {
            let mut u = centre.clone();
            for _ in 0..400 {
                self.planes.project(&mut u);
                if self.flat_depth(&u) >= margin * 0.999 {
                    self.anchor = u;
                    return;
                }
                self.push(&mut u, margin);
            }
            margin *= 0.5;
        }
    }

    /// Where formulas bound the region: takes the deepest of many points for the anchor, unless it lies deep already. Each round
    /// looks closer around the best point so far, which may be one that misses least.
    fn look(&mut self, stream: &mut Stream) {
        if self.curves.is_empty() {
            return;
        }
        let allowed = |region: &Self, u: &[f64]| region.space.contains(&region.space.from_unit(u));
        let mut best = (self.depth(&self.anchor), self.anchor.clone());
        if !allowed(self, &best.1) {
            best.0 = best.0.min(-ROUNDING);
        }
        let mut reach = 1.0;
        for _ in 0..ROUNDS {
            if best.0 >= DEEP {
                break;
            }
            let centre = best.1.clone();
            for _ in 0..LOOKS {
                let near = |c: &f64| (c + reach * (2.0 * stream.uniform() - 1.0)).clamp(0.0, 1.0);
                let mut u: Vec<f64> = centre.iter().map(near).collect();
                self.planes.project(&mut u);
                let depth = self.depth(&u);
                if depth > best.0 && (depth < 0.0 || allowed(self, &u)) {
                    best = (depth, u);
                }
            }
            reach *= 0.7;
        }
        self.anchor = best.1;
    }

    /// Distance from `u` to the nearest flat side, negative outside.
    fn flat_depth(&self, u: &[f64]) -> f64 {
        let cube = u.iter().fold(f64::INFINITY, |d, v| d.min(*v).min(1.0 - v));
        self.sides.iter().fold(cube, |d, s| d.min(s.slack(u)))
    }

    /// The same with sides that formulas give, in units of how much they vary.
    fn depth(&self, u: &[f64]) -> f64 {
        self.curves.iter().fold(self.flat_depth(u), |d, curve| d.min(curve.depth(u)))
    }

    /// Moves `u` to where the side that is nearest leaves `margin`.
    fn push(&self, u: &mut [f64], margin: f64) {
        for side in &self.sides {
            let missing = margin - side.slack(u);
            if missing > 0.0 {
                for (u, a) in u.iter_mut().zip(&side.normal) {
                    *u -= missing * a;
                }
            }
        }
        for u in u.iter_mut() {
            *u = u.clamp(margin.min(0.5), 1.0 - margin.min(0.5));
        }
    }
}

/// Share of a way on which `used` is spent in full at its end and `available` may be spent.
fn limit(used: f64, available: f64) -> f64 {
    if used > 0.0 { available / used } else { f64::INFINITY }
}

/// The sides in unit coordinates, with normals of length one.
fn sides(space: &Space, planes: &Planes) -> Vec<Side> {
    let mut sides = Vec::new();
    let others = space.constraints().iter().enumerate().filter(|(place, _)| !planes.has(*place));
    for (_, constraint) in others {
        let low: Vec<f64> = space.inputs().iter().map(|input| input.low).collect();
        let Some(of) = constraint.of.linear() else { continue };
        let base = of.at(&low);
        let normal: Vec<f64> = of
            .factors
            .iter()
            .zip(space.inputs())
            .map(|(factor, input)| factor * (input.high - input.low))
            .collect();
        let length = normal.iter().fold(0.0, |sum, a| sum + a * a).sqrt();
        if length <= 0.0 {
            continue;
        }
        let mut add = |sign: f64, bound: f64| {
            if bound.is_finite() {
                sides.push(Side {
                    normal: normal.iter().map(|a| sign * a / length).collect(),
                    bound: bound / length,
                });
            }
        };
        add(1.0, constraint.high - base);
        add(-1.0, base - constraint.low);
    }
    sides
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use flowtwin_lab::formula::{Formula, Unit};
    use flowtwin_lab::{Constraint, Follows, Linear, Quantities};

    use super::*;

    fn space(low: f64, high: f64, resolution: f64) -> Space {
        let input = |name: &str| Input::number(name, 0.0, 10.0, resolution);
        let of = Linear { constant: 0.0, factors: vec![1.0; 3] };
        let total = Constraint::linear("total", of, low, high);
        Space::new(vec![input("a"), input("b"), input("c")], vec![total]).unwrap()
    }

    #[test]
    fn every_sample_and_every_snapped_point_is_feasible() {
        for (low, high) in [(f64::NEG_INFINITY, 1.0), (14.0, 16.0), (29.0, 30.0)] {
            let space = space(low, high, 0.1);
            let region = Region::new(&space).unwrap();
            let mut stream = Streams::new(1).open("test", 0);
            for _ in 0..200 {
                let u = region.sample(&mut stream);
                assert!(region.contains(&u), "{u:?} in {low}..{high}");
                assert!(space.contains(&region.snap(&u)));
            }
        }
    }

    #[test]
    fn points_outside_are_snapped_to_feasible_conditions() {
        let space = space(14.0, 16.0, 0.5);
        let region = Region::new(&space).unwrap();
        for u in [[0.0; 3], [1.0; 3], [1.0, 0.0, 1.0]] {
            assert!(space.contains(&region.snap(&u)), "{u:?}");
        }
    }

    #[test]
    fn clipping_stops_at_the_constraint() {
        let space = space(f64::NEG_INFINITY, 15.0, 0.0);
        let region = Region::new(&space).unwrap();
        let u = region.clip(&[0.25; 3], &[1.0; 3]);
        assert!(u.iter().all(|v| (v - 0.5).abs() < 1e-12), "{u:?}");
    }

    /// Shares that sum to one, as a linear bound and as a formula: samples cover the triangle, whatever the resolution.
    #[test]
    fn shares_that_sum_to_one_are_spread_over_all_mixtures() {
        let mut quantities = Quantities::default();
        ["a", "b", "c"].iter().enumerate().for_each(|(place, name)| quantities.input(name, place));
        quantities.declare("sum", Unit::NONE);
        quantities.define("sum", &Formula::parse("a + b + c").unwrap()).unwrap();
        let formula = Follows::Formula(Arc::new(quantities).shared("sum").unwrap());
        let linear = Linear { constant: 0.0, factors: vec![1.0; 3] };
        for (of, resolution) in [
            (formula.clone(), 0.0),
            (formula, 0.05),
            (linear.clone().into(), 0.0),
            (linear.into(), 0.1),
        ] {
            let sum = Constraint { name: "sum".into(), of, low: 1.0, high: 1.0, or_zero: false };
            let input = |name: &str| Input::number(name, 0.0, 1.0, resolution);
            let space = Space::new(vec![input("a"), input("b"), input("c")], vec![sum]).unwrap();
            let region = Region::new(&space).unwrap();
            let mut stream = Streams::new(3).open("mixtures", 0);
            let mut means = [0.0; 3];
            let mut seen = Vec::new();
            for _ in 0..300 {
                let u = region.sample(&mut stream);
                assert!(region.contains(&u), "{u:?}");
                let set = region.snap(&u);
                assert!(space.contains(&set), "{set:?} at {u:?}");
                means.iter_mut().zip(space.to_unit(&set)).for_each(|(mean, u)| *mean += u / 300.0);
                seen.push(set.values().to_vec());
                let to: Vec<f64> = (0..3).map(|_| stream.uniform()).collect();
                assert!(space.contains(&region.snap(&to)), "{to:?}");
                assert!(region.contains(&region.clip(&u, &to)), "{u:?} to {to:?}");
            }
            // Over the triangle each share is a third on average, and exceeds 0.8 in one of 25.
            assert!(means.iter().all(|mean| (mean - 1.0 / 3.0).abs() < 0.06), "{means:?}");
            for share in 0..3 {
                assert!(seen.iter().any(|values| values[share] > 0.79), "{resolution}");
            }
        }
    }

    /// The part of a square below a hyperbola, and a strip that may be empty of it.
    fn product(low: f64, high: f64) -> Space {
        let mut quantities = Quantities::default();
        quantities.input("a", 0);
        quantities.input("b", 1);
        quantities.declare("product", Unit::NONE);
        quantities.define("product", &Formula::parse("a * b").unwrap()).unwrap();
        let of = Follows::Formula(Arc::new(quantities).shared("product").unwrap());
        let product = Constraint { name: "product".into(), of, low, high, or_zero: false };
        let input = |name: &str| Input::number(name, 0.0, 10.0, 0.1);
        Space::new(vec![input("a"), input("b")], vec![product]).unwrap()
    }

    #[test]
    fn what_a_formula_bounds_is_kept_by_samples_snaps_and_ways() {
        for (low, high) in [(f64::NEG_INFINITY, 1.0), (24.0, 26.0), (95.0, 100.0)] {
            let space = product(low, high);
            let region = Region::new(&space).unwrap();
            let mut stream = Streams::new(2).open("test", 0);
            for _ in 0..200 {
                let u = region.sample(&mut stream);
                assert!(region.contains(&u), "{u:?} in {low}..{high}");
                let to = [stream.uniform(), stream.uniform()];
                assert!(region.contains(&region.clip(&u, &to)), "{u:?} to {to:?}");
                assert!(space.contains(&region.snap(&to)));
            }
        }
    }

    #[test]
    fn a_miss_of_a_formula_pushes_back_towards_its_bound() {
        let space = product(f64::NEG_INFINITY, 25.0);
        let region = Region::new(&space).unwrap();
        let mut slope = [0.0; 2];
        assert!(region.penalty(&[0.9, 0.5], 1.0, &mut slope) > 0.0);
        assert!(slope[0] < 0.0 && slope[1] < slope[0], "{slope:?}");
        let mut none = [0.0; 2];
        assert!(region.penalty(&[0.2, 0.2], 1.0, &mut none).abs() < 1e-15);
        assert!(none.iter().all(|g| g.abs() < 1e-15));
    }

    #[test]
    fn a_bound_that_no_point_meets_is_named() {
        let space = product(101.0, 200.0);
        assert_eq!(Region::new(&space).unwrap_err().names, "product");
    }

    #[test]
    fn constraints_that_exclude_each_other_are_named() {
        let mut constraints = space(0.0, 5.0, 0.0).constraints().to_vec();
        constraints.extend(space(20.0, 30.0, 0.0).constraints().to_vec());
        let both = Space::new(space(0.0, 5.0, 0.0).inputs().to_vec(), constraints).unwrap();
        let error = Region::new(&both).unwrap_err();
        assert_eq!(error.names, "total, total");
    }
}
