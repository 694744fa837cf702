//! How well the twin of a campaign describes it.

use flowtwin_lab::Streams;
use flowtwin_statistics::quantile;
use serde::Serialize;

use super::format::{counted, fixed};

/// Smallest number of unseen experiments for a meaningful interval of R².
const LEAST: usize = 8;
/// Resamples behind the interval of R².
const RESAMPLES: u64 = 999;

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
    /// Squared Pearson correlation on those it had not seen; never below R², and independent of scale and offset.
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
    /// Its 95 % interval; none of fewer than 8 experiments, which are too few for one.
    pub test_r2_interval: Option<[f64; 2]>,
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

    /// The 95 % interval of R² on the unseen experiments, by resampling them (Efron 1979); none of fewer than 8.
    pub(crate) fn test_r2_interval(&self) -> Option<[f64; 2]> {
        if self.test.len() < LEAST {
            return None;
        }
        let streams = Streams::new(0);
        let resampled = |k: u64| {
            let mut stream = streams.open("report/r2", k);
            let drawn = (0..self.test.len()).map(|_| self.test[stream.below(self.test.len())]);
            r2(&drawn.collect::<Vec<_>>())
        };
        let values: Vec<f64> = (0..RESAMPLES).map(resampled).filter(|r2| r2.is_finite()).collect();
        let all = 10 * values.len() as u64 >= 9 * RESAMPLES;
        all.then(|| [0.025, 0.975].map(|p| quantile(&values, p)))
    }

    /// What R² on unseen experiments rests on, and how far it can be trusted: `on 2 unseen experiments, too few to
    /// judge by`.
    pub(crate) fn test_r2_in_words(&self) -> String {
        let trust = match self.test_r2_interval() {
            Some([low, high]) => format!("95 % interval {} to {}", fixed(low, 2), fixed(high, 2)),
            None => "too few to judge by".into(),
        };
        format!("on {}, {trust}", counted(self.test.len(), "unseen experiment"))
    }

    /// What the summary says.
    pub fn summary(&self) -> TwinSummary {
        TwinSummary {
            surrogate: self.surrogate.clone(),
            train: self.train.len(),
            test: self.test.len(),
            train_r2: self.train_r2,
            test_r2: self.test_r2,
            test_r2_interval: self.test_r2_interval(),
            test_pearson_r2: self.test_pearson_r2,
            test_coverage_95: self.coverage_95(),
        }
    }
}

/// R² = 1 − SSE/SST; not finite where all were observed to be equal.
fn r2(points: &[Prediction]) -> f64 {
    let n = points.len() as f64;
    let mean = points.iter().fold(0.0, |sum, p| sum + p.observed) / n;
    let square = |x: f64| x * x;
    let errors = points.iter().fold(0.0, |sum, p| sum + square(p.observed - p.predicted));
    let spread = points.iter().fold(0.0, |sum, p| sum + square(p.observed - mean));
    1.0 - errors / spread
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(unseen: usize) -> TwinFit {
        let point = |k: usize| {
            let observed = ((k * 7) % 11) as f64;
            Prediction { observed, predicted: observed + 0.5 - (k % 2) as f64, sd: 1.0 }
        };
        let test: Vec<Prediction> = (0..unseen).map(point).collect();
        TwinFit {
            surrogate: "gp".into(),
            train: Vec::new(),
            test_r2: r2(&test),
            test,
            train_r2: 1.0,
            test_pearson_r2: 1.0,
        }
    }

    #[test]
    fn what_two_points_say_of_a_twin_is_too_little() {
        assert_eq!(fit(2).test_r2_in_words(), "on 2 unseen experiments, too few to judge by");
        assert_eq!(fit(2).summary().test_r2_interval, None);
        let twin = fit(20);
        let [low, high] = twin.test_r2_interval().unwrap();
        assert!(low < twin.test_r2 && twin.test_r2 < high && high < 1.0, "{low} {high}");
        assert!(twin.test_r2_in_words().starts_with("on 20 unseen experiments, 95 % interval 0.9"));
    }
}
