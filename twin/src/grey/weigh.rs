//! How much a simulator counts against a model that knows none.

use flowtwin_lab::{Stream, math};

use crate::surrogate::Belief;

/// Bayesian bootstraps that the weight is averaged over.
const RESAMPLES: u32 = 100;

/// The weight of the one model against the other, by the density that each gives to the outcomes `y` \[n\] that it has not
/// seen, averaged over Bayesian bootstraps of the outcomes (pseudo-BMA+ of Yao et al. 2018, DOI 10.1214/17-BA1091).
pub(super) fn share(one: &[Belief], other: &[Belief], y: &[f64], stream: &mut Stream) -> f64 {
    let pairs = one.iter().zip(other).zip(y);
    let leads: Vec<f64> = pairs.map(|((a, b), y)| density(*a, *y) - density(*b, *y)).collect();
    let mut share = 0.0;
    for _ in 0..RESAMPLES {
        let (mut sum, mut lead) = (0.0, 0.0);
        for value in &leads {
            let count = stream.exponential();
            sum += count;
            lead += count * value;
        }
        let lead = lead * leads.len() as f64 / sum;
        share += 1.0 / (1.0 + math::exp(-lead)) / f64::from(RESAMPLES);
    }
    share
}

/// The logarithm of the density of an outcome, up to a constant.
fn density(belief: Belief, y: f64) -> f64 {
    let sd = belief.sd.max(f64::MIN_POSITIVE);
    let z = (y - belief.mean) / sd;
    -math::ln(sd) - 0.5 * z * z
}

/// Mean and standard deviation of a mixture of two, of which the first has this weight.
pub(super) fn blend(weight: f64, one: Belief, other: Belief) -> Belief {
    let mean = weight * one.mean + (1.0 - weight) * other.mean;
    let square = |b: Belief| b.sd * b.sd + (b.mean - mean) * (b.mean - mean);
    Belief { mean, sd: (weight * square(one) + (1.0 - weight) * square(other)).sqrt() }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    #[test]
    fn who_predicts_the_unseen_better_gets_the_weight() {
        let y = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let near = y.map(|y| Belief { mean: y + 0.1, sd: 0.2 });
        let far = y.map(|y| Belief { mean: y + 3.0, sd: 3.0 });
        let mut stream = Streams::new(1).open("test", 0);
        assert!(share(&near, &far, &y, &mut stream) > 0.99);
        assert!(share(&far, &near, &y, &mut stream) < 0.01);
        assert!((share(&far, &far, &y, &mut stream) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn two_that_disagree_are_less_sure_together() {
        let (low, high) = (Belief { mean: 0.0, sd: 1.0 }, Belief { mean: 2.0, sd: 1.0 });
        assert_eq!(blend(0.5, low, high), Belief { mean: 1.0, sd: 2.0_f64.sqrt() });
        assert_eq!(blend(1.0, low, high), low);
    }
}
