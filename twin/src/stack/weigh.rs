//! Weights and widths, from predictions of experiments that the models had not seen.

use flowtwin_lab::{Stream, math};
use flowtwin_statistics::quantile;
use serde::{Deserialize, Serialize};

use super::MODELS;
use crate::linalg::dot;
use crate::surrogate::Belief;

/// Bayesian bootstraps that weights are averaged over.
const RESAMPLES: u32 = 100;

/// Experiments at which errors count half as much as they would if nothing else spoke about the models.
const TEMPERED: f64 = 200.0;
/// Experiments that what the models announce counts as much as, against narrower intervals.
const TRUSTED: f64 = 20.0;
/// What 95 % of the values of a standard normal distribution do not exceed in size.
const NORMAL_95: f64 = 1.959_963_984_540_054;
/// Least mean squared error, as a share of the variance of the outcome: below it models are equally good.
const LEAST_ERROR: f64 = 1e-12;

/// Weights that sum to one: each model by the likelihood of the held-out outcomes `y` \[n\] given its predictions
/// [models][n], the variance of the errors being what it is, `(mean squared error)^(-n/2)` (pseudo-BMA: Geisser and Eddy 1979,
/// DOI 10.1080/01621459.1979.10481632), averaged over [`RESAMPLES`] Bayesian bootstraps of the outcomes (Rubin 1981, DOI
/// 10.1214/aos/1176345338; pseudo-BMA+ of Yao et al. 2018, DOI 10.1214/17-BA1091): where a few outcomes decide which
/// model is best, no model gets everything.
///
/// Errors of a few dozen experiments distinguish models badly, and all models fail at the same odd ones, so the exponent is
/// tempered: `n/2 · n / (n + 200)`. With few experiments the weights are closer to equal, which loses little, with many
/// the best model gets them all.
pub(super) fn weigh(held: &[Vec<Belief>], y: &[f64], stream: &mut Stream) -> [f64; MODELS] {
    let n = y.len() as f64;
    let mean = y.iter().fold(0.0, |sum, y| sum + y) / n;
    let variance = y.iter().fold(0.0, |sum, y| sum + (y - mean) * (y - mean)) / n;
    let floor = LEAST_ERROR * variance + f64::MIN_POSITIVE;
    let squares = |k: usize| -> Vec<f64> {
        held[k].iter().zip(y).map(|(b, y)| (b.mean - y) * (b.mean - y)).collect()
    };
    let squares: [Vec<f64>; MODELS] = std::array::from_fn(squares);
    let mut weights = [0.0; MODELS];
    for _ in 0..RESAMPLES {
        let counts: Vec<f64> = y.iter().map(|_| stream.exponential()).collect();
        let errors = squares.each_ref().map(|s| (dot(&counts, s) / n).max(floor));
        for (weight, share) in weights.iter_mut().zip(shares(errors, n)) {
            *weight += share / f64::from(RESAMPLES);
        }
    }
    weights
}

/// What part of the whole each model gets for its mean squared error in `n` experiments.
fn shares(errors: [f64; MODELS], n: f64) -> [f64; MODELS] {
    let exponent = 0.5 * n * n / (n + TEMPERED);
    let likelihoods = errors.map(|e| -exponent * math::ln(e));
    let best = likelihoods.iter().fold(f64::NEG_INFINITY, |best, l| best.max(*l));
    let shares = likelihoods.map(|l| math::exp(l - best));
    let sum = shares.iter().fold(0.0, |sum, s| sum + s);
    shares.map(|s| s / sum)
}

/// What spreads are multiplied by so that errors are as large as announced: of the ratios of error to standard deviation
/// over the held-out outcomes `y` \[n\], the geometric mean of their root mean square, which a few large errors decide, and
/// of where the largest twentieth begins, over what it is in a normal distribution. What speaks for narrower intervals is
/// weighed against [`TRUSTED`] more experiments that were as announced: few errors do not justify narrow intervals.
pub(super) fn widening(held: &[Belief], y: &[f64]) -> f64 {
    let ratio = |(b, y): (&Belief, &f64)| (y - b.mean).abs() / b.sd.max(f64::MIN_POSITIVE);
    let ratios: Vec<f64> = held.iter().zip(y).map(ratio).collect();
    let n = ratios.len() as f64;
    let root = (dot(&ratios, &ratios) / n).sqrt();
    let square = root * quantile(&ratios, 0.95) / NORMAL_95;
    square.max((n * square + TRUSTED) / (n + TRUSTED)).sqrt()
}

/// How far beyond the outcomes seen a model may predict, as a share of their range.
const BEYOND: f64 = 0.25;

/// The outcomes that a model may predict: one that follows a slope out of the data spoils an average that it has little
/// weight in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reach {
    low: f64,
    high: f64,
}

impl Reach {
    /// From outcomes `y` \[n\].
    pub(super) fn of(y: &[f64]) -> Self {
        let low = y.iter().fold(f64::INFINITY, |low, y| low.min(*y));
        let high = y.iter().fold(f64::NEG_INFINITY, |high, y| high.max(*y));
        let beyond = BEYOND * (high - low);
        Self { low: low - beyond, high: high + beyond }
    }

    /// What a model believes, its mean no further out.
    pub(super) fn within(self, belief: Belief) -> Belief {
        Belief { mean: belief.mean.max(self.low).min(self.high), ..belief }
    }
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
    use flowtwin_lab::Streams;

    use super::*;

    fn off(y: &[f64], by: f64) -> Vec<Belief> {
        y.iter().map(|y| Belief { mean: y + by, sd: 1.0 }).collect()
    }

    fn weights(held: &[Vec<Belief>], y: &[f64]) -> [f64; MODELS] {
        weigh(held, y, &mut Streams::new(1).open("test", 0))
    }

    #[test]
    fn a_perfect_model_gets_all_the_weight() {
        let y: Vec<f64> = (0..30).map(|i| f64::from(i * i)).collect();
        let mut held = vec![off(&y, 9.0); MODELS];
        held[1] = off(&y, 0.0);
        assert!(weights(&held, &y)[1] > 0.999_999);
    }

    #[test]
    fn equally_good_models_share_and_weights_sum_to_one() {
        let y: Vec<f64> = (0..30).map(|i| f64::from(i * i)).collect();
        let held: Vec<Vec<Belief>> =
            [1.0, -1.0, 1.0, 1.0, -1.0, 1.0].map(|by| off(&y, by)).to_vec();
        for weight in weights(&held, &y) {
            assert!((weight - 1.0 / 6.0).abs() < 1e-12, "{weight}");
        }
        let weights = weights(&vec![off(&[3.0; 4], 0.0); MODELS], &[3.0; 4]);
        assert!((weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{weights:?}");
    }

    #[test]
    fn the_same_ratio_of_errors_says_more_in_many_experiments() {
        let share = |n: usize| {
            let y = vec![0.0; n];
            let mut held = vec![off(&y, 1.2); MODELS];
            held[0] = off(&y, 1.0);
            weights(&held, &y)[0]
        };
        assert!((0.18..0.3).contains(&share(25)), "{}", share(25));
        assert!(share(400) > 0.99, "{}", share(400));
    }

    #[test]
    fn one_outcome_that_decides_does_not_decide_alone() {
        let y = vec![0.0; 100];
        let mut held = vec![off(&y, 1.2); MODELS];
        held[0] = off(&y, 1.0);
        let clear = weights(&held, &y)[0];
        // As good on average, but only for the sake of one outcome.
        let mean = 1.2_f64 * 1.2 - 1.0;
        held[0] = off(&y, 1.2);
        held.iter_mut().skip(1).for_each(|h| h[0].mean = (100.0 * mean + 1.2 * 1.2).sqrt());
        let doubtful = weights(&held, &y)[0];
        assert!(doubtful < clear - 0.1, "{doubtful} {clear}");
    }

    #[test]
    fn no_model_predicts_far_beyond_what_was_seen() {
        let reach = Reach::of(&[3.0, -1.0, 1.0]);
        let believe = |mean: f64| Belief { mean, sd: 1.0 };
        let within = [-9.0, -1.9, 3.9, 9.0].map(|mean| reach.within(believe(mean)));
        assert_eq!(within, [-2.0, -1.9, 3.9, 4.0].map(believe));
    }

    #[test]
    fn disagreement_adds_to_the_spread() {
        let parts = [-1.0, 1.0, 9.0, 9.0, 9.0, 9.0].map(|mean| Belief { mean, sd: 1.0 });
        let belief = blend(&[0.5, 0.5, 0.0, 0.0, 0.0, 0.0], parts);
        assert!(belief.mean.abs() < 1e-15 && (belief.sd - 2.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn intervals_are_widened_at_once_and_narrowed_with_care() {
        // A tenth of the errors is where the largest twentieth of normal ones begins, the others are smaller.
        let width = |n: usize, by: f64| {
            let errors = (0..n).map(|i| if i % 20 < 2 { NORMAL_95 } else { 0.5 }).map(|e| by * e);
            let held: Vec<Belief> = errors.map(|mean| Belief { mean, sd: 1.0 }).collect();
            widening(&held, &vec![0.0; n])
        };
        let both = ((2.0 * NORMAL_95 * NORMAL_95 + 18.0 * 0.25) / 20.0_f64).sqrt();
        assert!((width(20, 3.0) - 3.0 * both.sqrt()).abs() < 1e-12);
        assert!((width(20, 0.0) - 0.5_f64.sqrt()).abs() < 1e-12);
        assert!(width(20, 0.9) > 0.9 * both.sqrt() + 0.01);
        assert!((width(2000, 0.5) / (0.5 * both.sqrt()) - 1.0).abs() < 0.025);
    }

    #[test]
    fn errors_that_are_normal_leave_intervals_as_they_are() {
        let mut stream = Streams::new(3).open("test", 0);
        let held: Vec<Belief> =
            (0..4000).map(|_| Belief { mean: stream.normal(), sd: 1.0 }).collect();
        let factor = widening(&held, &[0.0; 4000]);
        assert!((factor - 1.0).abs() < 0.03, "{factor}");
    }
}
