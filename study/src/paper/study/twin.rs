//! Fig. 6B–D and Fig. 7: what the digital twin has learnt from the experiments of the campaign.

use flowtwin_lab::{Space, Stream, Streams};
use flowtwin_statistics::estimate::{correlation, mean, standard_deviation};
use flowtwin_twin::{
    Context, FitError, History, Model, Posterior as _, Surrogate as _, SurrogateSpec, Trial,
    explain,
};

use super::campaign::{KeptExperiment, Phases};
use crate::paper::studies::Studies;

/// How well the twin has learnt, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct TwinResults {
    /// Uncertainty over random inputs for each number of experiments.
    pub uncertainty: Vec<Uncertainty>,
    /// Squared correlation of prediction and measurement for each split.
    pub splits: Vec<Split>,
    /// Measured and predicted in the first split: training, then test.
    pub parity: [Vec<(f64, f64)>; 2],
    /// What each input contributes, by Shapley values.
    pub inputs: Vec<Contribution>,
    /// Predicted PLI over the first two inputs that matter, on a regular grid [rows of the second][columns of the first].
    pub surface: Vec<Vec<f64>>,
}

/// The twin's own standard deviation over random inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uncertainty {
    /// Experiments it has learnt from.
    pub experiments: usize,
    /// Mean over the inputs \[counts\].
    pub mean: f64,
    /// Standard deviation over the inputs \[counts\].
    pub deviation: f64,
}

/// A random split into what is learnt from and what is tested.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Split {
    /// Squared Pearson correlation on the training set.
    pub train_r2: f64,
    /// … on the test set.
    pub test_r2: f64,
}

/// What one input contributes to the predictions.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// The input.
    pub name: String,
    /// Its place in the training data on 0 to 1, and its Shapley value there \[counts\].
    pub values: Vec<(f64, f64)>,
}

/// Points of the surface along each axis.
pub const SURFACE: usize = 21;

/// Runs the study.
///
/// # Errors
/// If the surrogate cannot be fitted.
pub fn run(
    phases: &Phases,
    space: &Space,
    surrogate: SurrogateSpec,
    studies: &Studies,
    streams: &Streams,
) -> Result<TwinResults, FitError> {
    let data = Data { space, surrogate, trials: trials(space, &phases.training()), streams };
    let whole = data.fit(&data.all(), "whole", 0)?;
    let (splits, parity) = data.splits(studies.twin.splits)?;
    Ok(TwinResults {
        uncertainty: data.uncertainty(&studies.twin.sizes, studies.twin.inputs)?,
        splits,
        parity,
        inputs: data.contributions(&whole),
        surface: data.surface(&whole),
    })
}

fn trials(space: &Space, experiments: &[&KeptExperiment]) -> Vec<Trial> {
    let trial = |e: &&KeptExperiment| Trial::at(space.to_unit(&e.conditions), Some(e.reading.pli));
    experiments.iter().map(trial).collect()
}

struct Data<'a> {
    space: &'a Space,
    surrogate: SurrogateSpec,
    trials: Vec<Trial>,
    streams: &'a Streams,
}

impl Data<'_> {
    fn all(&self) -> Vec<usize> {
        (0..self.trials.len()).collect()
    }

    fn fit(&self, rows: &[usize], what: &str, index: u64) -> Result<Model, FitError> {
        let trials = rows.iter().map(|&i| self.trials[i].clone()).collect();
        let history = History { trials, ..History::default() };
        let (x, y) = history.succeeded(self.space.dim());
        let context = Context::new(self.streams.child(what, index));
        self.surrogate.fit(x.view(), &y, &context)
    }

    fn uncertainty(&self, sizes: &[usize], inputs: usize) -> Result<Vec<Uncertainty>, FitError> {
        let mut stream = self.streams.open("monte-carlo", 0);
        let points: Vec<Vec<f64>> = (0..inputs).map(|_| self.random(&mut stream)).collect();
        let of_size = |&n: &usize| {
            let rows: Vec<usize> = (0..n.min(self.trials.len())).collect();
            let model = self.fit(&rows, "size", n as u64)?;
            let deviations: Vec<f64> = points.iter().map(|x| model.at(x).sd).collect();
            Ok(Uncertainty {
                experiments: n,
                mean: mean(&deviations),
                deviation: standard_deviation(&deviations),
            })
        };
        sizes.iter().map(of_size).collect()
    }

    fn random(&self, stream: &mut Stream) -> Vec<f64> {
        (0..self.space.dim()).map(|_| stream.uniform()).collect()
    }

    fn splits(&self, count: usize) -> Result<(Vec<Split>, [Pairs; 2]), FitError> {
        let mut splits = Vec::new();
        let mut shown = [Vec::new(), Vec::new()];
        for i in 0..count as u64 {
            let order = self.streams.open("split", i).permutation(self.trials.len());
            let (test, train) = order.split_at(self.trials.len() / 5);
            let model = self.fit(train, "split", i)?;
            let pair = |&i: &usize| {
                let measured = self.trials[i].outcome.unwrap_or(f64::NAN);
                (measured, model.at(&self.trials[i].x).mean)
            };
            let parity = [train, test].map(|rows| rows.iter().map(pair).collect::<Vec<_>>());
            let [train_r2, test_r2] = parity.each_ref().map(|p| correlation(p) * correlation(p));
            splits.push(Split { train_r2, test_r2 });
            if i == 0 {
                shown = parity;
            }
        }
        Ok((splits, shown))
    }

    /// Exact Shapley values of the predicted PLI at half of the training points, against a quarter as background.
    fn contributions(&self, model: &Model) -> Vec<Contribution> {
        let dim = self.space.dim();
        let every = |n: usize| {
            let trials: Vec<Trial> = self.trials.iter().step_by(n).cloned().collect();
            History { trials, ..History::default() }.succeeded(dim).0
        };
        let (points, background) = (every(2), every(4));
        let context = Context::new(*self.streams);
        let shares = explain::shapley(model, points.view(), background.view(), &context)
            .expect("a space that campaigns search has few inputs");
        let of_input = |(i, input): (usize, &flowtwin_lab::Input)| Contribution {
            name: input.name.clone(),
            values: points.column(i).iter().zip(&shares).map(|(x, s)| (*x, s.values[i])).collect(),
        };
        self.space.inputs().iter().enumerate().map(of_input).collect()
    }

    /// The prediction over the first two inputs of the space, the others in the middle of their ranges.
    fn surface(&self, model: &Model) -> Vec<Vec<f64>> {
        let at = |i: usize| i as f64 / (SURFACE - 1) as f64;
        let point = |row: usize, column: usize| {
            let mut x = vec![0.5; self.space.dim()];
            x[0] = at(row);
            x[1] = at(column);
            model.at(&x).mean
        };
        (0..SURFACE).map(|row| (0..SURFACE).map(|column| point(row, column)).collect()).collect()
    }
}

impl TwinResults {
    /// Median test score over the splits.
    pub fn test_r2(&self) -> f64 {
        let mut scores: Vec<f64> = self.splits.iter().map(|s| s.test_r2).collect();
        scores.sort_by(f64::total_cmp);
        flowtwin_statistics::estimate::quantile(&scores, 0.5)
    }

    /// Inputs by their mean absolute Shapley value, largest first.
    pub fn ranking(&self) -> Vec<&Contribution> {
        let mut ranked: Vec<&Contribution> = self.inputs.iter().collect();
        ranked.sort_by(|a, b| b.size().total_cmp(&a.size()));
        ranked
    }

    /// Place of an input in the ranking, from 1; 0 where there is none of that name.
    pub fn rank(&self, input: &str) -> usize {
        self.ranking().iter().position(|c| c.name == input).map_or(0, |i| i + 1)
    }

    /// The sign of an input's contribution: the correlation of its value with its Shapley value.
    pub fn sign(&self, input: &str) -> f64 {
        self.inputs.iter().find(|c| c.name == input).map_or(f64::NAN, |c| correlation(&c.values))
    }

    /// Whether the surface has its maximum where both inputs are highest.
    pub fn rises_to_corner(&self) -> bool {
        let corner = self.surface[SURFACE - 1][SURFACE - 1];
        self.surface.iter().flatten().all(|v| *v <= corner)
    }
}

impl Contribution {
    /// Mean absolute Shapley value \[counts\].
    pub fn size(&self) -> f64 {
        mean(&self.values.iter().map(|(_, v)| v.abs()).collect::<Vec<_>>())
    }
}

/// Measured and predicted, point by point.
type Pairs = Vec<(f64, f64)>;
