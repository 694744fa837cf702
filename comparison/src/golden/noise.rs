//! The spread by chance of one experiment: replicates of a golden run on a rig that has not moved.
//!
//! What the experiments of a run have in common by chance is in [`super::shared`], not here.

use flowtwin_statistics::{mean, variance};

use super::matrix::{Factor, gram};
use super::readings::{Block, minus};
use super::simulated::Yield;

/// Part of the correlations that is taken to be chance, so that a matrix of few replicates can be inverted.
const SHRUNK: f64 = 0.003;
/// Part of the correlations that is taken from the mean of all experiments, which many more replicates tell.
const POOLED: f64 = 0.5;
/// Replicates that a block needs at least.
const FEW: usize = 4;
/// How many others each replicate is compared with.
const PARTNERS: usize = 8;

/// Replicates, and the weights that follow from them.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    /// Numbers of each block that can be read.
    legible: Vec<Vec<usize>>,
    factors: Vec<Factor>,
    /// Differences of pairs of replicates that gave no weights.
    nothing: Vec<Yield>,
    /// The two replicates of each of these differences.
    pairs: Vec<[usize; 2]>,
    /// Standard deviation of each number of each block.
    pub(crate) deviations: Vec<Block>,
}

impl Noise {
    /// Weights by the first half of the replicates, chance by the second; none where there are too few. Numbers of experiments at the
    /// places `jumps` have no weight: they follow no amount, and the line through small changes says nothing of them.
    pub(crate) fn of(yields: &[Yield], blocks: usize, jumps: &[usize]) -> Option<Self> {
        let whole: Vec<&Yield> = yields.iter().filter(|yields| yields.len() == blocks).collect();
        if whole.len() < 2 * FEW {
            return None;
        }
        let (weighing, rest) = whole.split_at(whole.len() / 2);
        let all: Vec<Seen> = (0..blocks)
            .map(|block| {
                // The first block is that of the references.
                let jumps = if block > 0 { jumps } else { &[] };
                Seen::of(&seen(&whole, block), &seen(weighing, block), jumps)
            })
            .collect();
        let common = pooled(&all[1..]);
        let factor = |(block, seen): (usize, &Seen)| {
            Factor::of(&seen.covariance(if block > 0 { common.as_deref() } else { None }))
        };
        let partners = PARTNERS.min(rest.len() - 1);
        let pairs: Vec<[usize; 2]> = (0..rest.len())
            .flat_map(|i| (1..=partners).map(move |by| [i, (i + by) % rest.len()]))
            .collect();
        let difference = |[i, j]: &[usize; 2]| -> Yield {
            rest[*i].iter().zip(rest[*j]).map(|(a, b)| minus(a, b)).collect()
        };
        Some(Self {
            factors: all.iter().enumerate().map(factor).collect::<Option<_>>()?,
            nothing: pairs.iter().map(difference).collect(),
            pairs,
            legible: all.iter().map(|seen| seen.legible.clone()).collect(),
            deviations: all.into_iter().map(|seen| seen.deviations).collect(),
        })
    }

    /// The numbers of a block in standard deviations, decorrelated. What is missing carries no information: it counts
    /// as zero.
    pub(crate) fn whiten(&self, block: usize, values: &[f64]) -> Vec<f64> {
        let known = |i: &usize| values.get(*i).copied().filter(|value| value.is_finite());
        let legible: Vec<f64> =
            self.legible[block].iter().map(|i| known(i).unwrap_or(0.0)).collect();
        self.factors[block].whiten(&legible)
    }

    /// All blocks behind each other, whitened.
    pub(crate) fn weighted(&self, blocks: &Yield) -> Vec<f64> {
        blocks.iter().enumerate().flat_map(|(i, values)| self.whiten(i, values)).collect()
    }

    /// Differences of two runs of a rig that has not moved.
    pub(crate) fn nothing(&self) -> &[Yield] {
        &self.nothing
    }

    /// The two replicates of each difference.
    pub(crate) fn pairs(&self) -> &[[usize; 2]] {
        &self.pairs
    }
}

/// A block of all replicates that have it.
fn seen<'a>(yields: &[&'a Yield], block: usize) -> Vec<&'a Block> {
    yields.iter().map(|yields| &yields[block]).filter(|block| !block.is_empty()).collect()
}

/// What replicates tell of one block.
struct Seen {
    legible: Vec<usize>,
    deviations: Block,
    /// Correlations of the legible numbers, by those replicates that weigh.
    correlations: Vec<Vec<f64>>,
}

impl Seen {
    /// A block that too few replicates have does not count.
    fn of(all: &[&Block], weighing: &[&Block], jumps: &[usize]) -> Self {
        let numbers = match weighing.len() >= FEW {
            true => 0..all[0].len(),
            false => 0..0,
        };
        let column = |blocks: &[&Block], i: usize| -> Vec<f64> {
            blocks.iter().map(|block| block[i]).collect()
        };
        let deviations: Block = numbers.clone().map(|i| variance(&column(all, i)).sqrt()).collect();
        let is_legible = |i: &usize| {
            deviations[*i] > 0.0 && variance(&column(weighing, *i)) > 0.0 && !jumps.contains(i)
        };
        let legible: Vec<usize> = numbers.filter(is_legible).collect();
        let columns: Vec<Vec<f64>> =
            legible.iter().map(|&i| standardized(&column(weighing, i))).collect();
        Self { legible, deviations, correlations: gram(&columns) }
    }

    /// The covariance of the legible numbers, with correlations of few replicates drawn to those of many.
    fn covariance(&self, common: Option<&[Vec<f64>]>) -> Vec<Vec<f64>> {
        let n = self.legible.len();
        let of = |i: usize, j: usize| {
            let (a, b) = (self.legible[i], self.legible[j]);
            let own = self.correlations[i][j];
            let drawn = common.map_or(own, |all| (1.0 - POOLED) * own + POOLED * all[a][b]);
            let shrunk = if i == j { 1.0 } else { (1.0 - SHRUNK) * drawn };
            shrunk * self.deviations[a] * self.deviations[b]
        };
        (0..n).map(|i| (0..n).map(|j| of(i, j)).collect()).collect()
    }
}

/// The mean correlations over blocks of equal numbers: one where a number is legible nowhere. None without blocks, or where they
/// differ in size.
fn pooled(blocks: &[Seen]) -> Option<Vec<Vec<f64>>> {
    let counted: Vec<&Seen> = blocks.iter().filter(|seen| !seen.legible.is_empty()).collect();
    let size = counted.first()?.deviations.len();
    if counted.iter().any(|seen| seen.deviations.len() != size) {
        return None;
    }
    // A number that is not legible in a block has no correlations there: the sum of such matrices is positive all the same.
    let mut sum = vec![vec![0.0; size]; size];
    for seen in &counted {
        for (i, &a) in seen.legible.iter().enumerate() {
            for (j, &b) in seen.legible.iter().enumerate() {
                sum[a][b] += seen.correlations[i][j] / counted.len() as f64;
            }
        }
    }
    (0..size).for_each(|i| sum[i][i] = 1.0);
    Some(sum)
}

/// Values about their mean, so scaled that their squares sum up to one.
fn standardized(values: &[f64]) -> Vec<f64> {
    let centre = mean(values);
    let size = values.iter().map(|value| (value - centre) * (value - centre)).sum::<f64>().sqrt();
    values.iter().map(|value| (value - centre) / size).collect()
}
