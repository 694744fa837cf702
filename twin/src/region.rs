//! The part of the unit cube in which every constraint of a space holds.

use flowtwin_lab::{Conditions, Input, Space, Stream};

/// Draws from the cube before the walk inside the region takes over.
const DRAWS: usize = 200;
/// Steps from a point towards the middle of the region when rounding has broken a constraint.
const STEPS: u32 = 256;

/// By how much a side may be missed through rounding.
const ROUNDING: f64 = 1e-12;

/// The feasible region of a space, in the unit cube.
#[derive(Clone, Debug)]
pub struct Region<'a> {
    space: &'a Space,
    sides: Vec<Side>,
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
        let mut region = Self {
            space,
            sides: sides(space),
            low: vec![0.0; space.dim()],
            high: vec![1.0; space.dim()],
            anchor: vec![0.5; space.dim()],
        };
        region.deepen();
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
    }

    /// A point of the region, uniformly distributed \[d\].
    pub fn sample(&self, stream: &mut Stream) -> Vec<f64> {
        let mut v = vec![0.0; self.space.dim()];
        for _ in 0..DRAWS {
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
        penalty
    }

    /// The furthest point on the way from `inside` to `to` that the region still holds \[d\].
    pub fn clip(&self, inside: &[f64], to: &[f64]) -> Vec<f64> {
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
        let blend =
            |j: usize| (inside[j] + reach * (to[j] - inside[j])).clamp(self.low[j], self.high[j]);
        (0..inside.len()).map(blend).collect()
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
            let conditions = self.space.from_unit(&point);
            if self.space.contains(&conditions) {
                return conditions;
            }
        }
        unreachable!("the anchor was checked when the region was made")
    }

    /// Hit-and-run (Smith 1984, DOI 10.1287/opre.32.6.1296) from the anchor.
    fn walk(&self, stream: &mut Stream) -> Vec<f64> {
        let mut u = self.anchor.clone();
        for _ in 0..20 * u.len() {
            let direction: Vec<f64> = u.iter().map(|_| stream.normal()).collect();
            let far = |sign: f64| {
                let to: Vec<f64> =
                    u.iter().zip(&direction).map(|(u, d)| u + sign * 1e3 * d).collect();
                self.clip(&u, &to)
            };
            let (a, b) = (far(-1.0), far(1.0));
            let t = stream.uniform();
            u = a.iter().zip(&b).map(|(a, b)| a + t * (b - a)).collect();
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
                if self.depth(&u) >= margin * 0.999 {
                    self.anchor = u;
                    return;
                }
                self.push(&mut u, margin);
            }
            margin *= 0.5;
        }
    }

    /// Distance from `u` to the nearest side, negative outside.
    fn depth(&self, u: &[f64]) -> f64 {
        let cube = u.iter().fold(f64::INFINITY, |d, v| d.min(*v).min(1.0 - v));
        self.sides.iter().fold(cube, |d, s| d.min(s.slack(u)))
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
fn sides(space: &Space) -> Vec<Side> {
    let mut sides = Vec::new();
    for constraint in space.constraints() {
        let low: Vec<f64> = space.inputs().iter().map(|input| input.low).collect();
        let base = constraint.of.at(&low);
        let normal: Vec<f64> = constraint
            .of
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
    use flowtwin_lab::{Constraint, Linear, Streams};

    use super::*;

    fn space(low: f64, high: f64, resolution: f64) -> Space {
        let input = |name: &str| Input::number(name, 0.0, 10.0, resolution);
        let total = Constraint {
            name: "total".into(),
            of: Linear { constant: 0.0, factors: vec![1.0; 3] },
            low,
            high,
        };
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

    #[test]
    fn constraints_that_exclude_each_other_are_named() {
        let mut constraints = space(0.0, 5.0, 0.0).constraints().to_vec();
        constraints.extend(space(20.0, 30.0, 0.0).constraints().to_vec());
        let both = Space::new(space(0.0, 5.0, 0.0).inputs().to_vec(), constraints).unwrap();
        let error = Region::new(&both).unwrap_err();
        assert_eq!(error.names, "total, total");
    }
}
