//! Curves over one variable, and what is claimed of them.

use flowtwin_statistics::estimate::{slope, summit};

use super::reading::Feature;
use super::seed::Seed;
use super::study::Curve;

/// The mean over seeds of a feature along a curve.
pub(super) fn mean_curve<'a>(
    seeds: &[&'a Seed],
    curve: impl Fn(&'a Seed) -> &'a Curve,
    feature: Feature,
) -> Vec<(f64, f64)> {
    let n = seeds.len() as f64;
    let Some((first, rest)) = seeds.split_first() else {
        return Vec::new();
    };
    let mut sums: Vec<(f64, f64)> =
        curve(first).iter().map(|(x, reading)| (*x, feature(reading) / n)).collect();
    for seed in rest {
        for (sum, (_, reading)) in sums.iter_mut().zip(curve(seed)) {
            sum.1 += feature(reading) / n;
        }
    }
    sums
}

/// The value at a level; NaN where the curve has no such level.
pub(super) fn at(points: &[(f64, f64)], level: f64) -> f64 {
    points.iter().find(|(x, _)| (x - level).abs() < 1e-9).map_or(f64::NAN, |(_, y)| *y)
}

/// The points between two levels.
pub(super) fn between(points: &[(f64, f64)], low: f64, high: f64) -> Vec<(f64, f64)> {
    points.iter().copied().filter(|(x, _)| (low..=high).contains(x)).collect()
}

/// The change from the first to the last level along the least-squares line, relative to the mean [%].
pub(super) fn trend_percent(points: &[(f64, f64)]) -> f64 {
    let (Some((first, _)), Some((last, _))) = (points.first(), points.last()) else {
        return f64::NAN;
    };
    let mean = points.iter().fold(0.0, |sum, (_, y)| sum + y) / points.len() as f64;
    100.0 * slope(points) * (last - first) / mean
}

/// Where the parabola through the points has its maximum, 0 at the first level and 1 at the last; NaN where it is a
/// valley.
pub(super) fn summit_share(points: &[(f64, f64)]) -> f64 {
    match (points.first(), points.last()) {
        (Some((first, _)), Some((last, _))) => (summit(points) - first) / (last - first),
        _ => f64::NAN,
    }
}

/// The smallest relative step up from one point to the next [%]; negative where one goes down.
pub(super) fn least_step_percent(points: &[(f64, f64)]) -> f64 {
    let step = |pair: &[(f64, f64)]| 100.0 * (pair[1].1 / pair[0].1 - 1.0);
    points.windows(2).map(step).fold(f64::INFINITY, f64::min)
}
