//! Statistics of paired benchmarks: everything a comparison of policies needs to pass review.
//!
//! Campaigns of two policies with one seed share their initial points and the noise of each experiment number, so
//! everything here that compares works on *paired* values: index `i` of one slice and index `i` of the other come
//! from the same seed. All of it is deterministic; the resampling draws from named streams.

mod bootstrap;
pub mod estimate;
mod factor;
pub mod front;
mod holm;
mod normal;
mod power;
mod quantile;
mod superiority;
mod wilcoxon;

pub use bootstrap::{Interval, mean_interval};
pub use estimate::Estimate;
pub use factor::{acceleration, enhancement, evaluations_to};
pub use holm::holm;
pub use power::Power;
pub use quantile::{Band, median, quantile};
pub use superiority::{Superiority, superiority};
pub use wilcoxon::{SignedRank, signed_rank};

/// The arithmetic mean, summed in order; NaN for no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, v| sum + v) / values.len() as f64
}

/// The sample standard deviation, with n − 1 in the denominator; NaN for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares = values.iter().fold(0.0, |sum, v| sum + (v - centre) * (v - centre));
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// The differences `a − b` of paired values.
///
/// # Panics
/// If there are not as many of one as of the other.
pub fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len(), "paired values come in equal numbers");
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
