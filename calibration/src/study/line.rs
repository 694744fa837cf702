//! A straight line through readings that follow one another.

use flowtwin_statistics::estimate::{Estimate, student_95};
use flowtwin_statistics::mean;

/// Correlation of neighbours above which more readings say nothing more.
const MOST_CORRELATED: f64 = 0.98;

/// A line y = y₀ + b (x − x̄) by least squares.
///
/// Its intervals count readings that resemble their neighbours as fewer: n (1 − ρ)/(1 + ρ) of them, with ρ the correlation of what
/// is left of one with what is left of the next (Bayley and Hammersley 1946).
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// The mean of x.
    pub(super) x_mean: f64,
    /// y at the mean of x.
    pub(super) level: Estimate,
    /// b.
    pub(super) slope: Estimate,
    /// Standard deviation of what is left.
    pub(super) left: f64,
}

impl Line {
    /// The line through points in their order; none through fewer than three, or where x does not change.
    pub(super) fn through(points: &[(f64, f64)]) -> Option<Self> {
        let n = points.len() as f64;
        let xs: Vec<f64> = points.iter().map(|(x, _)| *x).collect();
        let ys: Vec<f64> = points.iter().map(|(_, y)| *y).collect();
        let (x_mean, y_mean) = (mean(&xs), mean(&ys));
        let sxx: f64 = xs.iter().map(|x| (x - x_mean) * (x - x_mean)).sum();
        if points.len() < 3 || sxx <= 0.0 {
            return None;
        }
        let sxy: f64 = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum();
        let slope = sxy / sxx;
        let off: Vec<f64> = points.iter().map(|(x, y)| y - y_mean - slope * (x - x_mean)).collect();
        let squares: f64 = off.iter().map(|off| off * off).sum();
        let effective = (n * independent(&off)).max(3.0);
        let variance = squares / (n - 2.0);
        let widened = n / effective;
        let t = student_95((effective - 2.0) as usize);
        let about = |value: f64, variance: f64| {
            let half = t * (variance * widened).sqrt();
            Estimate { value, low: value - half, high: value + half }
        };
        Some(Self {
            x_mean,
            level: about(y_mean, variance / n),
            slope: about(slope, variance / sxx),
            left: variance.sqrt(),
        })
    }
}

/// The mean of readings that follow one another, with its interval; none for fewer than two.
pub(super) fn level(values: &[f64]) -> Option<Estimate> {
    if values.len() < 2 {
        return None;
    }
    let value = mean(values);
    let off: Vec<f64> = values.iter().map(|it| it - value).collect();
    let n = values.len() as f64;
    let effective = (n * independent(&off)).max(2.0);
    let variance = off.iter().map(|off| off * off).sum::<f64>() / (n - 1.0);
    let half = student_95((effective - 1.0) as usize) * (variance / effective).sqrt();
    Some(Estimate { value, low: value - half, high: value + half })
}

/// The share of readings that count, by the correlation of what is left of neighbours.
fn independent(off: &[f64]) -> f64 {
    let squares: f64 = off.iter().map(|off| off * off).sum();
    if squares <= 0.0 {
        return 1.0;
    }
    let products: f64 = off.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let correlation = (products / squares).clamp(0.0, MOST_CORRELATED);
    (1.0 - correlation) / (1.0 + correlation)
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn a_line_is_found_with_its_slope_at_the_mean() {
        let points: Vec<(f64, f64)> = (0..9).map(f64::from).map(|x| (x, 2.0 * x + 1.0)).collect();
        let line = Line::through(&points).expect("there are nine points");
        assert!((line.slope.value - 2.0).abs() < 1e-12 && (line.level.value - 9.0).abs() < 1e-12);
        assert!((line.x_mean - 4.0).abs() < 1e-12 && line.left < 1e-12);
        assert!(Line::through(&points[..2]).is_none());
        assert!(Line::through(&[(1.0, 1.0); 5]).is_none());
    }

    /// Of 400 lines 95 % should lie within their intervals; of readings that resemble their neighbours too.
    #[test]
    fn intervals_of_slopes_hold_what_they_promise() {
        for (memory, share) in [(0.0, 0.92), (0.8, 0.88)] {
            let mut draws = Streams::new(1).open("lines", 0);
            let mut held = 0;
            for _ in 0..400 {
                let mut noise = 0.0;
                let mut point = |i: i32| {
                    noise = memory * noise + draws.normal();
                    (f64::from(i), 0.1 * f64::from(i) + noise)
                };
                let points: Vec<(f64, f64)> = (0..120).map(&mut point).collect();
                let slope = Line::through(&points).expect("there are enough").slope;
                held += usize::from((slope.low..slope.high).contains(&0.1));
            }
            let found = held as f64 / 400.0;
            assert!(found > share && found < 0.995, "{memory}: {found}");
        }
    }
}
