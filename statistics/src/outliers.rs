//! Values so far from all others that they are probably not measurements.

use crate::quantile::quantile;

/// Smallest number of values in which outliers are looked for.
const LEAST: usize = 5;
/// Distance from the nearer quartile, in distances between the quartiles, above which a value is an outlier. Of a
/// normal distribution nothing in 10⁴⁰ values lies so far out; Tukey 1977 calls three of them "far out".
const FAR: f64 = 10.0;

/// The places of the values, ascending, that lie more than ten interquartile distances beyond the quartiles of all others;
/// where half of the others are equal, ten times their range. Equal values are judged together, the farthest first.
///
/// It finds what instruments write where nothing was measured (−9999, 9.91e37), not the best of a good campaign.
pub fn outliers(values: &[f64]) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..values.len()).collect();
    kept.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut found = Vec::new();
    while kept.len() > LEAST {
        let sorted: Vec<f64> = kept.iter().map(|&place| values[place]).collect();
        let below = sorted.partition_point(|v| v.total_cmp(&sorted[0]).is_eq());
        let above = sorted.partition_point(|v| v.total_cmp(&sorted[sorted.len() - 1]).is_lt());
        if is_far(sorted[0], &sorted[below..], sorted.len()) {
            found.extend(kept.drain(..below));
        } else if is_far(sorted[sorted.len() - 1], &sorted[..above], sorted.len()) {
            found.extend(kept.drain(above..));
        } else {
            break;
        }
    }
    found.sort_unstable();
    found
}

/// Whether a value lies far from the rest of `count` sorted values, which is most of them.
fn is_far(value: f64, rest: &[f64], count: usize) -> bool {
    if rest.len() < LEAST || 2 * rest.len() < count {
        return false;
    }
    let (low, high) = (quantile(rest, 0.25), quantile(rest, 0.75));
    let spread = if high > low { high - low } else { rest[rest.len() - 1] - rest[0] };
    spread > 0.0 && (low - value).max(value - high) > FAR * spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_instruments_write_for_nothing_is_far_from_what_they_measure() {
        let yields =
            [40.0, 54.0, 77.0, 55.0, 67.0, 69.0, 80.0, 41.0, 65.0, 60.0, 51.0, 72.0, 58.0, 63.0];
        assert!(outliers(&yields).is_empty());
        for sentinel in [9.91e37, -9999.0, 1e9, -999.0] {
            let mut values = yields.to_vec();
            values[3] = sentinel;
            values[7] = sentinel;
            assert_eq!(outliers(&values), [3, 7], "{sentinel}");
            values[0] = -99_999.0;
            values[9] = sentinel;
            assert_eq!(outliers(&values), [0, 3, 7, 9], "{sentinel}");
        }
    }

    #[test]
    fn a_few_good_results_among_many_poor_ones_are_no_outliers() {
        let mut values = vec![0.0; 20];
        values.extend([3.0, 40.0, 85.0]);
        assert!(outliers(&values).is_empty());
        values.push(-9999.0);
        assert_eq!(outliers(&values), [23]);
        assert!(outliers(&[1.0, 1.0, 1.0, 50.0]).is_empty());
    }
}
