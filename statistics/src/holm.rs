//! Holm's correction for many tests at once.

/// The probabilities `p` as they are after testing all of them together: rejecting those that come out below α keeps
/// the chance of any false rejection below α, however the tests depend on each other (Holm 1979,
/// <https://www.jstor.org/stable/4615733>).
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut floor: f64 = 0.0;
    for (rank, &index) in order.iter().enumerate() {
        floor = floor.max((p.len() - rank) as f64 * p[index]).min(1.0);
        adjusted[index] = floor;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusted_values_are_those_of_r() {
        // p.adjust(c(0.01, 0.02, 0.03, 0.005, 0.8), "holm") in R 4.
        let adjusted = holm(&[0.01, 0.02, 0.03, 0.005, 0.8]);
        for (a, b) in adjusted.iter().zip([0.04, 0.06, 0.06, 0.025, 0.8]) {
            assert!((a - b).abs() < 1e-12, "{adjusted:?}");
        }
    }

    #[test]
    fn one_test_needs_no_correction_and_nothing_exceeds_one() {
        assert!(holm(&[]).is_empty());
        assert!((holm(&[0.03])[0] - 0.03).abs() < 1e-15);
        assert!(holm(&[0.9, 0.7]).iter().all(|p| *p <= 1.0));
    }
}
