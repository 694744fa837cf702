//! Where in the region an objective is highest.

use flowtwin_lab::{Stream, math};

use crate::design::Sobol;
use crate::design::squared_distance;
use crate::optimise::minimise;
use crate::region::Region;

/// A function of a point of the unit cube, to be maximised.
pub(crate) trait Objective {
    /// The value at `u` [d]; `scratch` saves allocations.
    fn value(&self, u: &[f64], scratch: &mut Vec<f64>) -> f64;

    /// The values at many points, each as [`Objective::value`] gives it.
    fn values(&self, points: &[Vec<f64>]) -> Vec<f64> {
        let mut scratch = Vec::new();
        points.iter().map(|u| self.value(u, &mut scratch)).collect()
    }

    /// The value and its derivatives [d], where they are cheap.
    fn slope(&self, u: &[f64]) -> Option<(f64, Vec<f64>)>;
}

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Search {
    /// Points of a scrambled Sobol' sequence to evaluate first.
    pub(crate) candidates: usize,
    /// How many of the best of them to follow uphill.
    pub(crate) climbs: usize,
    /// Most steps of a climb.
    pub(crate) steps: u64,
    /// Gain below which a climb ends, as a share of what the best candidate has over the median.
    pub(crate) least: f64,
}

impl Search {
    /// The search of Fast-Cat: the best of 512 Sobol' points.
    pub(crate) const FAST_CAT: Self =
        Self { candidates: 512, climbs: 0, steps: 0, least: LEAST_GAIN };
    /// The search of Smart-Dope: uphill from one random point (there with SLSQP, here with L-BFGS).
    pub(crate) const SMART_DOPE: Self =
        Self { candidates: 1, climbs: 1, steps: 20, least: LEAST_GAIN };
    /// Uphill from the best, distinct ones of many points.
    pub(crate) const MANY_STARTS: Self =
        Self { candidates: 256, climbs: 4, steps: 20, least: LEAST_GAIN };
    /// The same to the top of each hill.
    pub(crate) const THOROUGH: Self =
        Self { candidates: 256, climbs: 6, steps: 60, least: 0.01 * LEAST_GAIN };

    /// The highest point found [d] and the number of evaluations. `seeds` are points that are looked at besides the
    /// sequence.
    pub(crate) fn run(
        self,
        region: &Region<'_>,
        objective: &dyn Objective,
        seeds: Vec<Vec<f64>>,
        stream: &mut Stream,
    ) -> (Vec<f64>, u64) {
        let mut points = candidates(region, self.candidates, stream);
        points.extend(seeds.into_iter().filter(|u| region.contains(u)));
        let mut scratch = Vec::new();
        let mut ranked: Vec<(f64, Vec<f64>)> =
            objective.values(&points).into_iter().zip(points).collect();
        let mut evaluations = ranked.len() as u64;
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let range = ranked[0].0 - ranked[ranked.len() / 2].0;
        let mut best = ranked[0].clone();
        for start in distinct(&ranked, self.climbs) {
            let (top, spent) = climb(region, objective, start, range, self);
            evaluations += spent + 1;
            let value = objective.value(&top, &mut scratch);
            if value > best.0 {
                best = (value, top);
            }
        }
        if region.space().has_choices() {
            evaluations += self.swap(region, objective, range, &mut best);
        }
        (best.1, evaluations)
    }

    /// Tries every option of every choice in turn, follows what gains uphill, and does so until nothing does. Returns the
    /// number of evaluations.
    fn swap(
        self,
        region: &Region<'_>,
        objective: &dyn Objective,
        range: f64,
        best: &mut (f64, Vec<f64>),
    ) -> u64 {
        let (mut scratch, mut evaluations) = (Vec::new(), 0);
        for _ in 0..SWEEPS {
            let before = best.0;
            for (j, input) in region.space().inputs().iter().enumerate() {
                for option in 0..input.options().map_or(0, <[_]>::len) {
                    let mut other = best.1.clone();
                    other[j] = input.to_unit(option as f64);
                    evaluations += 1;
                    let value = objective.value(&other, &mut scratch);
                    if region.contains(&other) && value > best.0 {
                        *best = (value, other);
                    }
                }
            }
            if best.0 <= before {
                break;
            }
            let (top, spent) = climb(region, objective, &best.1, range, self);
            evaluations += spent + 1;
            let value = objective.value(&top, &mut scratch);
            if value > best.0 {
                *best = (value, top);
            }
        }
        evaluations
    }
}

/// Most times that all options are tried.
const SWEEPS: usize = 3;

/// The usual gain below which a climb ends.
const LEAST_GAIN: f64 = 1e-4;

/// The best of `ranked` that keep a distance from each other.
fn distinct(ranked: &[(f64, Vec<f64>)], count: usize) -> Vec<&[f64]> {
    let mut chosen: Vec<&[f64]> = Vec::new();
    for (_, u) in ranked {
        if chosen.len() == count {
            break;
        }
        let apart = 0.01 * u.len() as f64;
        if chosen.iter().all(|c| squared_distance(c, u) > apart) {
            chosen.push(u);
        }
    }
    chosen
}

/// Follows the objective uphill from `start`, which is feasible, to a feasible point.
///
/// The box is reached through `u = (1 + sin t) / 2`, constraints through a penalty; what is left of a violation at the
/// end is cut off on the way from `start`.
fn climb(
    region: &Region<'_>,
    objective: &dyn Objective,
    start: &[f64],
    range: f64,
    search: Search,
) -> (Vec<f64>, u64) {
    let scale = if range > 0.0 { range } else { 1.0 };
    let reach = |t: &[f64]| -> Vec<f64> {
        let waves: Vec<f64> = t.iter().map(|t| 0.5 + 0.5 * math::sin(*t)).collect();
        region.place(&waves)
    };
    let loss = |t: &[f64]| {
        let u = reach(t);
        let (value, mut slope) = slope_of(objective, &u);
        let penalty = region.penalty(&u, 1e3 * scale, &mut slope);
        for ((g, t), width) in slope.iter_mut().zip(t).zip(region.widths()) {
            *g *= -0.5 * math::cos(*t) * width / scale;
        }
        ((penalty - value) / scale, slope)
    };
    let inner = |u: f64| {
        let s = (2.0 * u - 1.0).clamp(-0.98, 0.98);
        math::atan2(s, (1.0 - s * s).sqrt())
    };
    let within = region.unplace(start).into_iter().map(inner).collect();
    let found = minimise(loss, within, search.steps, search.least);
    (region.clip(start, &reach(&found.x)), found.evaluations)
}

/// Value and derivatives, the latter by differences where the objective has none.
fn slope_of(objective: &dyn Objective, u: &[f64]) -> (f64, Vec<f64>) {
    const STEP: f64 = 1e-4;
    if let Some(slope) = objective.slope(u) {
        return slope;
    }
    let mut scratch = Vec::new();
    let here = objective.value(u, &mut scratch);
    let mut moved = u.to_vec();
    let mut slope = Vec::with_capacity(u.len());
    for j in 0..u.len() {
        let step = if u[j] > 0.5 { -STEP } else { STEP };
        moved[j] = u[j] + step;
        slope.push((objective.value(&moved, &mut scratch) - here) / step);
        moved[j] = u[j];
    }
    (here, slope)
}

/// `count` points that fill the region evenly: a scrambled Sobol' sequence, infeasible points left out and replaced by
/// random ones where the region is a small part of the cube.
pub(crate) fn candidates(region: &Region<'_>, count: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
    let dim = region.space().dim();
    let mut points: Vec<Vec<f64>> = Vec::with_capacity(count);
    if dim <= Sobol::MAX_DIM {
        let sequence = Sobol::scrambled(dim, stream).take(8 * count);
        let placed = sequence.map(|v| region.place(&v));
        points.extend(placed.filter(|u| region.contains(u)).take(count));
    }
    while points.len() < count {
        points.push(region.sample(stream));
    }
    points
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Constraint, Input, Linear, Space, Streams};

    use super::*;

    /// A paraboloid with its top at 0.7 on every axis.
    struct Hill {
        with_slope: bool,
    }

    impl Objective for Hill {
        fn value(&self, u: &[f64], _scratch: &mut Vec<f64>) -> f64 {
            u.iter().map(|u| -(u - 0.7) * (u - 0.7)).sum()
        }

        fn slope(&self, u: &[f64]) -> Option<(f64, Vec<f64>)> {
            let value = self.value(u, &mut Vec::new());
            let slope = u.iter().map(|u| -2.0 * (u - 0.7)).collect();
            self.with_slope.then_some((value, slope))
        }
    }

    fn space(most: f64) -> Space {
        let input = |name: &str| Input::number(name, 0.0, 1.0, 0.0);
        let of = Linear { constant: 0.0, factors: vec![1.0; 4] };
        let total = Constraint::linear("total", of, f64::NEG_INFINITY, most);
        Space::new(["a", "b", "c", "d"].map(input).to_vec(), vec![total]).unwrap()
    }

    #[test]
    fn the_top_is_found_with_and_without_slopes() {
        let space = space(4.0);
        let region = Region::new(&space).unwrap();
        for with_slope in [true, false] {
            let mut stream = Streams::new(1).open("test", 0);
            let (top, _) =
                Search::MANY_STARTS.run(&region, &Hill { with_slope }, Vec::new(), &mut stream);
            assert!(top.iter().all(|u| (u - 0.7).abs() < 2e-3), "{top:?}");
        }
    }

    #[test]
    fn the_top_under_a_constraint_is_feasible_and_close() {
        let space = space(2.0);
        let region = Region::new(&space).unwrap();
        let mut stream = Streams::new(1).open("test", 0);
        let hill = Hill { with_slope: true };
        let (top, _) = Search::MANY_STARTS.run(&region, &hill, Vec::new(), &mut stream);
        assert!(region.contains(&top));
        assert!(top.iter().all(|u| (u - 0.5).abs() < 0.02), "{top:?}");
    }
}
