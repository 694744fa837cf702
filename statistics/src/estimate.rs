//! The statistics behind the verdicts: estimates with 95 % intervals, and fits to a curve.

use flowtwin_lab::math;
use serde::Serialize;

pub use crate::{mean, standard_deviation};

/// A number and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Estimate {
    /// A number that is known, not estimated.
    pub fn exact(value: f64) -> Self {
        Self { value, low: value, high: value }
    }

    /// The mean of `values` with Student's interval; infinitely wide for fewer than two values.
    pub fn mean(values: &[f64]) -> Self {
        Self::student(mean(values), standard_deviation(values), values.len())
    }

    /// The geometric mean of positive `values`, its interval from that of the mean logarithm.
    pub fn geometric_mean(values: &[f64]) -> Self {
        let logs: Vec<f64> = values.iter().map(|&v| math::ln(v)).collect();
        let Self { value, low, high } = Self::mean(&logs);
        Self { value: math::exp(value), low: math::exp(low), high: math::exp(high) }
    }

    /// The share of values that are not zero, with the score interval of Wilson 1927
    /// (DOI 10.1080/01621459.1927.10502953).
    pub fn share(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let share = values.iter().filter(|v| v.abs() > 0.0).count() as f64 / n;
        let z2 = Z_95 * Z_95;
        let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let spread = (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let half = Z_95 / (1.0 + z2 / n) * spread;
        let (low, high) = ((centre - half).max(0.0), (centre + half).min(1.0));
        Self { value: share, low: low.min(share), high: high.max(share) }
    }

    /// The median, with the interval of the order statistics that hold it with 95 % probability.
    pub fn median(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let half = 0.5 * Z_95 / n.sqrt();
        let end = |p: f64| quantile(values, p.clamp(0.0, 1.0));
        Self { value: end(0.5), low: end(0.5 - half), high: end(0.5 + half) }
    }

    /// The median with the central 95 % of the values themselves: what a single run may yield.
    pub fn spread(values: &[f64]) -> Self {
        let [low, value, high] = [0.025, 0.5, 0.975].map(|p| quantile(values, p));
        Self { value, low, high }
    }

    /// The largest value, with the range of all.
    pub fn largest(values: &[f64]) -> Self {
        let [low, high] = [0.0, 1.0].map(|p| quantile(values, p));
        Self { value: high, low, high }
    }

    /// The value of `of` for all items together, its interval by the jackknife (Quenouille 1956, Tukey 1958).
    ///
    /// For numbers that one item alone cannot give precisely, such as where a noisy curve has its maximum: the
    /// curve is averaged first. Each item is left out once.
    pub fn jackknife<T>(items: &[T], of: impl Fn(&[&T]) -> f64) -> Self {
        let all: Vec<&T> = items.iter().collect();
        let n = items.len();
        let whole = of(&all);
        if n < 2 {
            return Self::student(whole, f64::NAN, n);
        }
        let without = |skip: usize| {
            let rest: Vec<&T> =
                all.iter().enumerate().filter(|(i, _)| *i != skip).map(|(_, t)| *t).collect();
            of(&rest)
        };
        let count = n as f64;
        let pseudo: Vec<f64> = (0..n).map(|i| count * whole - (count - 1.0) * without(i)).collect();
        Self::student(whole, standard_deviation(&pseudo), n)
    }

    fn student(value: f64, deviation: f64, n: usize) -> Self {
        if n < 2 {
            return Self { value, low: f64::NEG_INFINITY, high: f64::INFINITY };
        }
        let half = student_95(n - 1) * deviation / (n as f64).sqrt();
        Self { value, low: value - half, high: value + half }
    }
}

/// The two-sided 95 % point of the standard normal.
const Z_95: f64 = 1.959_963_984_540_054;

/// The two-sided 95 % point of Student's t with this many degrees of freedom.
///
/// Infinite for none. Tabulated up to 8, then the expansion about the normal (Abramowitz and Stegun 1964, 26.7.5), good to 0.001.
pub fn student_95(freedom: usize) -> f64 {
    const FEW: [f64; 8] =
        [12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004];
    if freedom == 0 {
        return f64::INFINITY;
    }
    if let Some(t) = freedom.checked_sub(1).and_then(|i| FEW.get(i)) {
        return *t;
    }
    let (z, n) = (Z_95, freedom as f64);
    let (z3, z5) = (z * z * z, z * z * z * z * z);
    let z7 = z5 * z * z;
    z + (z3 + z) / (4.0 * n)
        + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * n * n)
        + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * n * n * n)
}

/// The sample standard deviation over the mean [%].
pub fn relative_deviation_percent(values: &[f64]) -> f64 {
    100.0 * standard_deviation(values) / mean(values)
}

/// The `p` quantile, linear between order statistics (type 7 of Hyndman and Fan 1996); NaN for no values.
pub fn quantile(values: &[f64], p: f64) -> f64 {
    if values.is_empty() { f64::NAN } else { crate::quantile::interpolated(values, p) }
}

/// Least-squares slope of y against x.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let [x0, y0] = centre(points);
    let mut sums = [0.0; 2];
    for (x, y) in points {
        sums[0] += (x - x0) * (x - x0);
        sums[1] += (x - x0) * (y - y0);
    }
    sums[1] / sums[0]
}

/// Pearson's correlation of x and y; zero where one of them does not vary.
pub fn correlation(points: &[(f64, f64)]) -> f64 {
    let [x0, y0] = centre(points);
    let mut sums = [0.0; 3];
    for (x, y) in points {
        sums[0] += (x - x0) * (x - x0);
        sums[1] += (y - y0) * (y - y0);
        sums[2] += (x - x0) * (y - y0);
    }
    let scale = (sums[0] * sums[1]).sqrt();
    if scale > 0.0 { sums[2] / scale } else { 0.0 }
}

fn centre(points: &[(f64, f64)]) -> [f64; 2] {
    let n = points.len() as f64;
    let add = |sum: [f64; 2], (x, y): &(f64, f64)| [sum[0] + x / n, sum[1] + y / n];
    points.iter().fold([0.0; 2], add)
}

/// Where the least-squares parabola through the points has its maximum; NaN where it has none.
pub fn summit(points: &[(f64, f64)]) -> f64 {
    let [x0, _] = centre(points);
    let mut s = [0.0; 5];
    let mut t = [0.0; 3];
    for (x, y) in points {
        let x = x - x0;
        let mut power = 1.0;
        for (k, sum) in s.iter_mut().enumerate() {
            *sum += power;
            if let Some(sum) = t.get_mut(k) {
                *sum += power * y;
            }
            power *= x;
        }
    }
    let det = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
            - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let whole = det([[s[0], s[1], s[2]], [s[1], s[2], s[3]], [s[2], s[3], s[4]]]);
    let linear = det([[s[0], t[0], s[2]], [s[1], t[1], s[3]], [s[2], t[2], s[4]]]) / whole;
    let curved = det([[s[0], s[1], t[0]], [s[1], s[2], t[1]], [s[2], s[3], t[2]]]) / whole;
    if curved < 0.0 { x0 - 0.5 * linear / curved } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_students_interval() {
        // scipy.stats.t.interval(0.95, 4, loc=mean, scale=sem), SciPy 1.
        let e = Estimate::mean(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((e.value - 3.0).abs() < 1e-12);
        assert!((e.high - 4.963_243).abs() < 1e-5, "{e:?}");
    }

    #[test]
    fn students_points_are_those_of_the_tables() {
        for (freedom, t) in [(1, 12.706), (4, 2.776), (5, 2.5706), (9, 2.2622), (29, 2.0452)] {
            assert!((student_95(freedom) - t).abs() < 1e-3, "{freedom}");
        }
    }

    #[test]
    fn the_jackknife_of_a_mean_is_its_standard_error() {
        let values = [2.0, 3.0, 5.0, 7.0, 11.0];
        let mean_of = |items: &[&f64]| mean(&items.iter().map(|v| **v).collect::<Vec<_>>());
        let (a, b) = (Estimate::jackknife(&values, mean_of), Estimate::mean(&values));
        assert!((a.low - b.low).abs() < 1e-9 && (a.high - b.high).abs() < 1e-9);
    }

    #[test]
    fn one_value_says_nothing_about_its_interval() {
        let e = Estimate::mean(&[1.0]);
        assert!(e.low.is_infinite() && e.high.is_infinite());
    }

    #[test]
    fn the_summit_of_a_parabola_is_found_and_a_valley_has_none() {
        let curve = |a: f64| -> Vec<(f64, f64)> {
            (0..7).map(f64::from).map(|x| (x, a * (x - 2.5) * (x - 2.5) + 4.0)).collect()
        };
        assert!((summit(&curve(-0.3)) - 2.5).abs() < 1e-9);
        assert!(summit(&curve(0.3)).is_nan());
    }

    #[test]
    fn slope_and_correlation_of_a_line_are_exact() {
        let line: Vec<(f64, f64)> = (0..5).map(f64::from).map(|x| (x, 1.0 - 2.0 * x)).collect();
        assert!((slope(&line) + 2.0).abs() < 1e-12);
        assert!((correlation(&line) + 1.0).abs() < 1e-12);
    }
}
