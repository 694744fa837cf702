//! Weights and widths, from what models said of experiments that they had not seen.

use flowtwin_lab::math;

use super::MODELS;
use crate::surrogate::Belief;

/// Experiments at which errors count half as much as they would if nothing else spoke about the models.
const TEMPERED: f64 = 200.0;
/// Experiments that what the models announce counts as much as, against narrower intervals.
const TRUSTED: f64 = 20.0;
/// Least mean squared error, as a share of the variance of the outcome: below it models are equally good.
const LEAST_ERROR: f64 = 1e-12;

/// Weights that sum to one: each model by the likelihood of the held-out outcomes `y` \[n\] given its predictions
/// [models][n], the variance of the errors being what it is, `(mean squared error)^(-n/2)` (pseudo-BMA: Geisser and Eddy 1979,
/// DOI 10.1080/01621459.1979.10481632; Yao et al. 2018, DOI 10.1214/17-BA1091).
///
/// Errors of a few dozen experiments tell models apart badly, and all models fail at the same odd ones, so the exponent is
/// tempered: `n/2 · n / (n + 200)`. With few experiments the weights are closer to equal, which loses little, with many
/// the best model gets them all.
pub(super) fn weigh(held: &[Vec<Belief>], y: &[f64]) -> [f64; MODELS] {
    let n = y.len() as f64;
    let exponent = 0.5 * n * n / (n + TEMPERED);
    let mean = y.iter().fold(0.0, |sum, y| sum + y) / n;
    let floor = LEAST_ERROR * mean_square(y.iter().map(|y| y - mean)) + f64::MIN_POSITIVE;
    let likelihoods: [f64; MODELS] = std::array::from_fn(|k| {
        let error = mean_square(held[k].iter().zip(y).map(|(b, y)| b.mean - y));
        -exponent * math::ln(error.max(floor))
    });
    let best = likelihoods.iter().fold(f64::NEG_INFINITY, |best, l| best.max(*l));
    let shares = likelihoods.map(|l| math::exp(l - best));
    let sum = shares.iter().fold(0.0, |sum, s| sum + s);
    shares.map(|s| s / sum)
}

/// What spreads are multiplied by so that errors are as large as announced: the root of the mean squared ratio of error to
/// standard deviation over the held-out outcomes `y` \[n\]. What speaks for narrower intervals is weighed against
/// [`TRUSTED`] more experiments that were as announced: few errors are no reason to be bold.
pub(super) fn widening(held: &[Belief], y: &[f64]) -> f64 {
    let ratio = |(b, y): (&Belief, &f64)| (y - b.mean) / b.sd.max(f64::MIN_POSITIVE);
    let (n, square) = (y.len() as f64, mean_square(held.iter().zip(y).map(ratio)));
    square.max((n * square + TRUSTED) / (n + TRUSTED)).sqrt()
}

fn mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.fold(0.0, |sum, v| sum + v * v) / count
}

/// Mean and standard deviation of a mixture.
pub(super) fn blend(weights: &[f64; MODELS], parts: [Belief; MODELS]) -> Belief {
    let (mut mean, mut squares) = (0.0, 0.0);
    for (w, p) in weights.iter().zip(&parts) {
        mean += w * p.mean;
    }
    for (w, p) in weights.iter().zip(&parts) {
        squares += w * (p.sd * p.sd + (p.mean - mean) * (p.mean - mean));
    }
    Belief { mean, sd: squares.sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off(y: &[f64], by: f64) -> Vec<Belief> {
        y.iter().map(|y| Belief { mean: y + by, sd: 1.0 }).collect()
    }

    #[test]
    fn a_perfect_model_gets_all_the_weight() {
        let y: Vec<f64> = (0..30).map(|i| f64::from(i * i)).collect();
        let mut held = vec![off(&y, 9.0); MODELS];
        held[1] = off(&y, 0.0);
        assert!(weigh(&held, &y)[1] > 0.999_999);
    }

    #[test]
    fn equally_good_models_share_and_weights_sum_to_one() {
        let y: Vec<f64> = (0..30).map(|i| f64::from(i * i)).collect();
        let held: Vec<Vec<Belief>> =
            [1.0, -1.0, 1.0, 1.0, -1.0, 1.0].map(|by| off(&y, by)).to_vec();
        for weight in weigh(&held, &y) {
            assert!((weight - 1.0 / 6.0).abs() < 1e-12, "{weight}");
        }
        let weights = weigh(&vec![off(&[3.0; 4], 0.0); MODELS], &[3.0; 4]);
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{weights:?}");
    }

    #[test]
    fn the_same_ratio_of_errors_says_more_in_many_experiments() {
        let share = |n: usize| {
            let y = vec![0.0; n];
            let mut held = vec![off(&y, 1.2); MODELS];
            held[0] = off(&y, 1.0);
            weigh(&held, &y)[0]
        };
        assert!((0.18..0.3).contains(&share(25)), "{}", share(25));
        assert!(share(400) > 0.99, "{}", share(400));
    }

    #[test]
    fn disagreement_adds_to_the_spread() {
        let parts = [-1.0, 1.0, 9.0, 9.0, 9.0, 9.0].map(|mean| Belief { mean, sd: 1.0 });
        let belief = blend(&[0.5, 0.5, 0.0, 0.0, 0.0, 0.0], parts);
        assert!(belief.mean.abs() < 1e-15 && (belief.sd - 2.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn intervals_are_widened_at_once_and_narrowed_with_care() {
        let width = |n: usize, by: f64| widening(&off(&vec![0.0; n], by), &vec![0.0; n]);
        assert!((width(20, 3.0) - 3.0).abs() < 1e-12);
        assert!((width(20, 1.0) - 1.0).abs() < 1e-12);
        assert!((width(20, 0.0) - 0.5_f64.sqrt()).abs() < 1e-12);
        assert!(width(2000, 0.5) < 0.51);
    }
}
