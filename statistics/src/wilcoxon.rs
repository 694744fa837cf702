//! The Wilcoxon signed-rank test.

use super::normal;

/// Up to this many differences the null distribution is counted exactly, ties included.
const EXACT: usize = 100;

/// The outcome of a signed-rank test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    /// Differences that are not zero; zeros are dropped, as Wilcoxon proposed.
    pub n: usize,
    /// Sum of the ranks of positive differences, ties sharing the mean of their ranks.
    pub positive: f64,
    /// Sum of the ranks of negative differences.
    pub negative: f64,
    /// Two-sided probability of ranks as uneven as these if positive and negative differences of any size are
    /// equally likely.
    pub p: f64,
}

/// Tests whether paired differences lean to one side (Wilcoxon 1945, DOI 10.2307/3001968).
///
/// Up to 100 differences that are not zero the probability is exact: all 2ⁿ assignments of signs to the ranks that
/// were seen are counted, so ties need no correction. Above, it is the normal approximation with the variance
/// corrected for ties, and no continuity correction.
///
/// # Panics
/// If a difference is NaN.
pub fn signed_rank(differences: &[f64]) -> SignedRank {
    assert!(differences.iter().all(|d| !d.is_nan()), "NaN has no rank");
    let mut kept: Vec<f64> = differences.iter().copied().filter(|d| d.abs() > 0.0).collect();
    kept.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let doubled = doubled_ranks(&kept);
    let total: u64 = doubled.iter().sum();
    let positive: u64 =
        kept.iter().zip(&doubled).filter(|(d, _)| **d > 0.0).map(|(_, rank)| rank).sum();
    let smaller = positive.min(total - positive);
    let p = match kept.len() {
        0 => 1.0,
        n if n <= EXACT => exact(&doubled, smaller),
        _ => approximate(&doubled, smaller),
    };
    let half = |doubled: u64| doubled as f64 / 2.0;
    SignedRank { n: kept.len(), positive: half(positive), negative: half(total - positive), p }
}

/// Twice the rank of each of the values, which are sorted by size; ties share the mean of their ranks.
fn doubled_ranks(sorted: &[f64]) -> Vec<u64> {
    let mut ranks = Vec::with_capacity(sorted.len());
    for group in sorted.chunk_by(|a, b| a.abs().total_cmp(&b.abs()).is_eq()) {
        let first = ranks.len() as u64 + 1;
        let last = ranks.len() as u64 + group.len() as u64;
        ranks.extend(group.iter().map(|_| first + last));
    }
    ranks
}

/// Twice the share of sign assignments whose positive ranks sum to at most `smaller`.
fn exact(doubled: &[u64], smaller: u64) -> f64 {
    let mut chance = vec![0.0; smaller as usize + 1];
    chance[0] = 1.0;
    for &rank in doubled {
        let rank = rank as usize;
        for sum in (0..chance.len()).rev() {
            let with = if sum >= rank { chance[sum - rank] } else { 0.0 };
            chance[sum] = 0.5 * chance[sum] + 0.5 * with;
        }
    }
    let tail: f64 = chance.iter().fold(0.0, |sum, c| sum + c);
    (2.0 * tail).min(1.0)
}

/// The same by the normal approximation: the mean of the sum is half the total, its variance a quarter of the sum of
/// squared ranks.
fn approximate(doubled: &[u64], smaller: u64) -> f64 {
    let (mut mean, mut variance) = (0.0, 0.0);
    for &rank in doubled {
        let rank = rank as f64 / 2.0;
        mean += rank / 2.0;
        variance += rank * rank / 4.0;
    }
    let z = (smaller as f64 / 2.0 - mean) / variance.sqrt();
    (2.0 * normal::cdf(z)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn darwins_maize_gives_the_published_probability() {
        // Fisher 1935, The Design of Experiments: 15 pairs; scipy.stats.wilcoxon(method="exact"), SciPy 1.17.
        let maize = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48].map(f64::from);
        let test = signed_rank(&maize);
        assert!((test.negative - 24.0).abs() < 1e-12, "{test:?}");
        assert!((test.p - 0.041_259_765_625).abs() < 1e-12, "{test:?}");
    }

    #[test]
    fn ties_and_zeros_are_counted_exactly() {
        // All 2¹¹ assignments of signs enumerated in Python with the ranks of scipy.stats.rankdata, SciPy 1.17.
        let tied = [1, 1, -1, 2, 2, -2, 3, 0, 4, 4, -5, 6].map(f64::from);
        let test = signed_rank(&tied);
        assert_eq!(test.n, 11);
        assert!((test.positive - 49.0).abs() < 1e-12 && (test.negative - 17.0).abs() < 1e-12);
        assert!((test.p - 0.163_085_937_5).abs() < 1e-12, "{test:?}");
    }

    #[test]
    fn many_differences_are_approximated_with_the_variance_of_ties() {
        // scipy.stats.wilcoxon(d, method="approx", correction=False), SciPy 1.17.
        let many: Vec<f64> = (0..120).map(|i| f64::from((i * 37) % 151 - 60)).collect();
        let test = signed_rank(&many);
        assert!((test.positive.min(test.negative) - 2_215.0).abs() < 1e-12, "{test:?}");
        assert!((test.p - 0.000_326_561_538_856_609).abs() < 1e-12, "{test:?}");
    }

    #[test]
    fn no_difference_is_no_evidence() {
        assert!((signed_rank(&[0.0; 20]).p - 1.0).abs() < 1e-15);
        assert!((signed_rank(&[]).p - 1.0).abs() < 1e-15);
    }

    #[test]
    fn the_side_does_not_matter() {
        let differences = [0.3, -0.1, 0.7, 0.2, -0.5, 0.9, 1.1];
        let mirrored = differences.map(|d| -d);
        assert!((signed_rank(&differences).p - signed_rank(&mirrored).p).abs() < 1e-15);
    }
}
