//! How well the twin of a campaign describes it.

use serde::Serialize;

/// A surrogate fitted to a part of a run's experiments, and its answers on that part and on the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct TwinFit {
    /// Name of the surrogate.
    pub surrogate: String,
    /// The experiments it was fitted to.
    pub train: Vec<Prediction>,
    /// The experiments it had not seen.
    pub test: Vec<Prediction>,
    /// R² = 1 − SSE/SST on the experiments it was fitted to.
    pub train_r2: f64,
    /// R² = 1 − SSE/SST on those it had not seen.
    pub test_r2: f64,
    /// Squared Pearson correlation on those it had not seen; never below R², and blind to scale and offset.
    pub test_pearson_r2: f64,
}

/// An observed value and the twin's prediction, in the unit of the objective.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Measured value.
    pub observed: f64,
    /// Predicted mean.
    pub predicted: f64,
    /// Standard deviation of the prediction, noise included.
    pub sd: f64,
}

impl Prediction {
    /// Half of the 95 % interval.
    pub fn half_width(&self) -> f64 {
        1.96 * self.sd
    }

    /// Whether the 95 % interval covers what was observed.
    pub fn covers(&self) -> bool {
        (self.observed - self.predicted).abs() <= self.half_width()
    }
}

/// The `twin` of a summary.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TwinSummary {
    /// Name of the surrogate.
    pub surrogate: String,
    /// Number of experiments it was fitted to.
    pub train: usize,
    /// Number of experiments it had not seen.
    pub test: usize,
    /// R² = 1 − SSE/SST on the first.
    pub train_r2: f64,
    /// R² = 1 − SSE/SST on the second.
    pub test_r2: f64,
    /// Squared Pearson correlation on the second.
    pub test_pearson_r2: f64,
    /// Share of the second within the 95 % interval; none where there is no such experiment.
    pub test_coverage_95: Option<f64>,
}

impl TwinFit {
    /// Share of the unseen experiments within the 95 % interval.
    pub fn coverage_95(&self) -> Option<f64> {
        let covered = self.test.iter().filter(|p| p.covers()).count();
        (!self.test.is_empty()).then(|| covered as f64 / self.test.len() as f64)
    }

    /// Its entry in the summary.
    pub fn summary(&self) -> TwinSummary {
        TwinSummary {
            surrogate: self.surrogate.clone(),
            train: self.train.len(),
            test: self.test.len(),
            train_r2: self.train_r2,
            test_r2: self.test_r2,
            test_pearson_r2: self.test_pearson_r2,
            test_coverage_95: self.coverage_95(),
        }
    }
}
