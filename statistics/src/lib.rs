//! Statistics of repeated and of paired measurements: what a comparison of policies needs to pass review.
//!
//! ```text
//!   values ──► mean_interval ──► Interval        one group: a mean and its confidence interval
//!          ──► Estimate                          a mean with its standard error
//!          ──► Spreads                           a spread over rigs, apart from that over seeds
//!   a, b ──► differences ──► signed_rank ──► p   two groups, paired by seed
//!                        ──► superiority         how often the one is better
//!                        ──► Power::seeds        how many seeds would resolve the difference
//!   many p ──► holm                              corrected for the number of tests
//! ```
//!
//! Campaigns of two policies with one seed share their initial points and the noise of each experiment number. So every comparison
//! uses *paired* values: index `i` of both slices comes from the same seed. All of it is deterministic; the
//! bootstrap draws from named streams.
//!
//! # Example
//!
//! Is policy `b` better than policy `a`, and by how much?
//!
//! ```
//! use flowtwin_lab::Streams;
//! use flowtwin_statistics::{Power, differences, mean, mean_interval, signed_rank, standard_deviation};
//!
//! // Regret of two policies with the same eight seeds.
//! let a = [0.30, 0.24, 0.41, 0.28, 0.36, 0.33, 0.27, 0.39];
//! let b = [0.21, 0.20, 0.30, 0.25, 0.22, 0.26, 0.25, 0.28];
//! let difference = differences(&a, &b);
//!
//! let interval = mean_interval(&difference, 0.95, &Streams::new(1));
//! assert!(interval.excludes_zero() && interval.low > 0.03);
//! assert!(signed_rank(&difference).p < 0.01);
//!
//! let seeds = Power::default().seeds(mean(&difference), standard_deviation(&difference));
//! assert!(seeds.is_some_and(|seeds| seeds < 12));
//! ```

mod bootstrap;
pub mod estimate;
mod factor;
pub mod front;
mod holm;
pub mod normal;
mod outliers;
mod power;
mod quantile;
mod spread;
mod superiority;
mod wilcoxon;

pub use bootstrap::{Interval, mean_interval};
pub use estimate::{Estimate, student_95};
pub use factor::{acceleration, enhancement, evaluations_to};
pub use holm::holm;
pub use outliers::outliers;
pub use power::Power;
pub use quantile::{Band, median, quantile};
pub use spread::{Spread, Spreads};
pub use superiority::{Superiority, superiority};
pub use wilcoxon::{SignedRank, signed_rank};

/// The arithmetic mean, summed in order; NaN for no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |sum, v| sum + v) / values.len() as f64
}

/// The sample standard deviation, with n − 1 in the denominator; NaN for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> f64 {
    variance(values).sqrt()
}

/// The sample variance, with n − 1 in the denominator; NaN for fewer than two values.
pub fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares = values.iter().fold(0.0, |sum, v| sum + (v - centre) * (v - centre));
    squares / (values.len() as f64 - 1.0)
}

/// The differences `a − b` of paired values.
///
/// # Panics
/// If there are not as many of one as of the other.
pub fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len(), "paired values come in equal numbers");
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}
