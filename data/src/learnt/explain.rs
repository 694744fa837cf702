//! What a twin's target depends on.

mod dependence;
mod files;
mod page;
mod table;

use flowtwin_lab::Stream;
use flowtwin_twin::Context;
use flowtwin_twin::explain::{Shapley, shapley};
use ndarray::Array2;

pub use dependence::{Curve, Surface};
pub use files::{value, write};
pub use table::table;

use super::data::Data;
use super::twin::Twin;
use crate::error::DataError;

/// Experiments that stand for the data where an input is taken to be unknown.
const BACKGROUND: usize = 32;
/// Predictions that Shapley values may take; fewer experiments are explained where there are many
/// inputs.
const PREDICTIONS: usize = 1_000_000;
/// Fewest experiments that are explained, if there are that many.
const FEWEST: usize = 12;
/// Points of a curve.
const STEPS: usize = 41;
/// Points of each side of a surface.
const SIDE: usize = 25;
/// Pairs of inputs whose surface is shown.
const SURFACES: usize = 4;

/// Why a twin predicts what it predicts, in the units of its target.
///
/// All of it is about the *mean* that the twin believes, over the experiments it was fitted to.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// What the twin predicts where nothing is known of the inputs: the mean over the background.
    pub base: f64,
    /// The experiments that are explained.
    pub explained: Vec<Explained>,
    /// Mean absolute Shapley value of each input \[d\].
    pub importance: Vec<f64>,
    /// Mean absolute interaction of each pair of inputs \[d\]\[d\]; the diagonal is what an input does
    /// alone.
    pub interactions: Vec<Vec<f64>>,
    /// Inputs, the most important first.
    pub order: Vec<usize>,
    /// What each input does on average, in the order of the inputs.
    pub curves: Vec<Curve>,
    /// What pairs of inputs do together, the pairs that interact most first.
    pub surfaces: Vec<Surface>,
    /// Number of background experiments.
    pub background: usize,
    /// Number of predictions it took.
    pub predictions: u64,
}

/// An experiment whose prediction is explained.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The line of a table or the number of an experiment, from 1.
    pub number: usize,
    /// Its inputs, in their units \[d\].
    pub inputs: Vec<f64>,
    /// Where they lie in the ranges of the space \[d\].
    pub unit: Vec<f64>,
    /// What the twin predicts.
    pub predicted: f64,
    /// How the inputs share in the difference from [`Explanation::base`].
    pub shares: Shapley,
}

impl Explanation {
    /// Explains `twin` on `data`.
    ///
    /// # Errors
    /// If there are more inputs than exact Shapley values can be computed of.
    pub fn of(twin: &Twin, data: &Data, context: &Context) -> Result<Self, DataError> {
        let dim = data.space.dim();
        let (rows, background) = samples(data, context);
        let points = matrix(rows.iter().map(|(_, unit)| unit), dim);
        let others = matrix(background.iter(), dim);
        let shares =
            shapley(twin.model(), points.view(), others.view(), context).map_err(|error| {
                DataError::bad_input(error).hint("choose inputs with --inputs a,b,c")
            })?;
        let predict = |x: &[f64]| twin.at(x).mean;
        let base = shares.first().map_or(0.0, |shares| shares.base);
        let explain = |((row, unit), shares): ((usize, Vec<f64>), Shapley)| Explained {
            number: data.rows[row].number,
            inputs: data.rows[row].inputs.clone(),
            predicted: predict(&unit),
            unit,
            shares,
        };
        let explained: Vec<Explained> = rows.into_iter().zip(shares).map(explain).collect();
        let (importance, interactions) = means(&explained, dim);
        let mut order: Vec<usize> = (0..dim).collect();
        order.sort_by(|&a, &b| importance[b].total_cmp(&importance[a]));
        let curves = context.map(dim, |i| Curve::of(&predict, i, STEPS, &background));
        let pairs = pairs(&interactions, &importance);
        let surfaces =
            context.map(pairs.len(), |k| Surface::of(&predict, pairs[k], SIDE, &background));
        let per_row = (1 << dim) * background.len() + 1;
        let averaged = dim * STEPS + pairs.len() * SIDE * SIDE;
        Ok(Self {
            base,
            predictions: (explained.len() * per_row + averaged * background.len()) as u64,
            background: background.len(),
            explained,
            importance,
            interactions,
            order,
            curves,
            surfaces,
        })
    }

    /// Every pair of inputs, the ones that interact most first.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        ranked(&self.interactions)
    }
}

type Rows = Vec<(usize, Vec<f64>)>;

/// The experiments to explain, as indices into the rows and points of the unit cube, and the
/// background.
fn samples(data: &Data, context: &Context) -> (Rows, Vec<Vec<f64>>) {
    let history = data.history(|outcome| outcome);
    let measured = data.rows.iter().enumerate().filter(|(_, row)| row.outcome.is_some());
    let all: Rows = measured.map(|(i, _)| (i, history.trials[i].x.clone())).collect();
    let mut stream = context.streams.open("explain/background", 0);
    let background = some(&all, BACKGROUND, &mut stream).into_iter().map(|(_, x)| x).collect();
    let coalitions = 1_usize << data.space.dim().min(20);
    let affordable = PREDICTIONS / (BACKGROUND * coalitions);
    let mut stream = context.streams.open("explain/rows", 0);
    (some(&all, affordable.max(FEWEST), &mut stream), background)
}

/// Points as the rows of a matrix.
fn matrix<'a>(points: impl Iterator<Item = &'a Vec<f64>>, dim: usize) -> Array2<f64> {
    let flat: Vec<f64> = points.flatten().copied().collect();
    Array2::from_shape_vec((flat.len() / dim, dim), flat).expect("every point has one value each")
}

/// This many of `all`, drawn at random, in their order.
fn some(all: &Rows, count: usize, stream: &mut Stream) -> Rows {
    let mut chosen = stream.permutation(all.len());
    chosen.truncate(count);
    chosen.sort_unstable();
    chosen.into_iter().map(|i| all[i].clone()).collect()
}

/// Mean absolute Shapley values and interactions.
fn means(explained: &[Explained], dim: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let count = explained.len().max(1) as f64;
    let mut importance = vec![0.0; dim];
    let mut interactions = vec![vec![0.0; dim]; dim];
    for Explained { shares, .. } in explained {
        for i in 0..dim {
            importance[i] += shares.values[i].abs() / count;
            for (sum, share) in interactions[i].iter_mut().zip(&shares.interactions[i]) {
                *sum += share.abs() / count;
            }
        }
    }
    (importance, interactions)
}

/// Every pair, the strongest first.
fn ranked(strength: &[Vec<f64>]) -> Vec<(usize, usize)> {
    let dim = strength.len();
    let mut pairs: Vec<(usize, usize)> =
        (0..dim).flat_map(|i| (i + 1..dim).map(move |j| (i, j))).collect();
    pairs.sort_by(|&(a, b), &(c, d)| strength[c][d].total_cmp(&strength[a][b]));
    pairs
}

/// The pairs whose surface is shown: the strongest, the more important input of each first.
fn pairs(interactions: &[Vec<f64>], importance: &[f64]) -> Vec<(usize, usize)> {
    let in_order = |(i, j)| if importance[i] >= importance[j] { (i, j) } else { (j, i) };
    ranked(interactions).into_iter().take(SURFACES).map(in_order).collect()
}
