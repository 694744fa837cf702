//! Fig. 6B–D and Fig. 7: what the digital twin has learnt from the experiments of the campaign.

use flowtwin_lab::{Space, Stream, Streams};
use flowtwin_statistics::estimate::{correlation, mean, standard_deviation};
use flowtwin_twin::{
    Context, FitError, History, Model, Posterior as _, Surrogate as _, SurrogateSpec, Trial,
    explain,
};

use super::campaign::{KeptExperiment, Phases};
use crate::paper::studies::{Studies, TwinStudy};

/// How well the twin has learnt, and what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TwinResults {
    /// Uncertainty over random inputs for each number of experiments.
    pub uncertainty: Vec<Uncertainty>,
    /// Squared correlation of prediction and measurement for each split.
    pub splits: Vec<Split>,
    /// Number of experiments, and the score that the stop rule of the paper uses: the median over splits of the squared
    /// correlation on the test set.
    pub learning: Vec<(usize, f64)>,
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

/// Score on the test set at which the paper stops learning.
const STOP_R2: f64 = 0.80;

fn median_test_r2(splits: &[Split]) -> f64 {
    let mut scores: Vec<f64> = splits.iter().map(|s| s.test_r2).collect();
    scores.sort_by(f64::total_cmp);
    flowtwin_statistics::estimate::quantile(&scores, 0.5)
}

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
        learning: data.learning(&studies.twin, &splits)?,
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

    /// Scores of the stop rule from the second size on; the last is that of `splits`.
    fn learning(&self, study: &TwinStudy, splits: &[Split]) -> Result<Vec<(usize, f64)>, FitError> {
        let all = self.trials.len();
        let mut learning = Vec::new();
        for &n in study.sizes.iter().skip(1).filter(|n| **n < all) {
            let of_size = |i: u64| self.split(n, &format!("split of {n}"), i).map(|(s, _)| s);
            let splits: Vec<Split> =
                (0..study.early_splits as u64).map(of_size).collect::<Result<_, _>>()?;
            learning.push((n, median_test_r2(&splits)));
        }
        learning.push((all, median_test_r2(splits)));
        Ok(learning)
    }

    fn splits(&self, count: usize) -> Result<(Vec<Split>, [Pairs; 2]), FitError> {
        let mut splits = Vec::new();
        let mut shown = [Vec::new(), Vec::new()];
        for i in 0..count as u64 {
            let (split, parity) = self.split(self.trials.len(), "split", i)?;
            splits.push(split);
            if i == 0 {
                shown = parity;
            }
        }
        Ok((splits, shown))
    }

    /// The first `n` experiments at random into four fifths to learn from and one to test on.
    fn split(&self, n: usize, what: &str, i: u64) -> Result<(Split, [Pairs; 2]), FitError> {
        let order = self.streams.open(what, i).permutation(n);
        let (test, train) = order.split_at(n / 5);
        let model = self.fit(train, what, i)?;
        let pair = |&i: &usize| {
            let measured = self.trials[i].outcome.unwrap_or(f64::NAN);
            (measured, model.at(&self.trials[i].x).mean)
        };
        let parity = [train, test].map(|rows| rows.iter().map(pair).collect::<Vec<_>>());
        let [train_r2, test_r2] = parity.each_ref().map(|p| correlation(p) * correlation(p));
        Ok((Split { train_r2, test_r2 }, parity))
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
        median_test_r2(&self.splits)
    }

    /// The number of experiments with which the score first reaches what the paper stops at; ten more than the last where
    /// it never does.
    pub fn stops_at(&self) -> f64 {
        let reached = self.learning.iter().find(|(_, score)| *score >= STOP_R2);
        let never = self.learning.last().map_or(f64::NAN, |(n, _)| *n as f64 + 10.0);
        reached.map_or(never, |(n, _)| *n as f64)
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
    pub(crate) fn rises_to_corner(&self) -> bool {
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
