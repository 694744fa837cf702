//! The spread by chance: replicates of a golden run on a rig that has not moved.

use flowtwin_statistics::{mean, variance};

use super::matrix::Factor;
use super::readings::{Block, minus};
use super::simulated::Yield;

/// Part of the covariances that is taken to be chance, so that a matrix of few replicates can be inverted.
const SHRUNK: f64 = 0.1;

/// Replicates that a block needs at least.
const FEW: usize = 4;

/// Replicates, and the weights that follow from them.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    /// Numbers of each block that can be read.
    legible: Vec<Vec<usize>>,
    factors: Vec<Factor>,
    /// Differences of pairs of replicates that gave no weights, block by block, weighted.
    nothing: Vec<Vec<f64>>,
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
        let mut noise = Self {
            legible: Vec::new(),
            factors: Vec::new(),
            nothing: Vec::new(),
            deviations: Vec::new(),
        };
        for block in 0..blocks {
            // The first block is that of the references.
            let jumps = if block > 0 { jumps } else { &[] };
            noise.add(&seen(&whole, block), &seen(weighing, block), jumps)?;
        }
        let pairs = (0..rest.len()).map(|i| (rest[i], rest[(i + 1) % rest.len()]));
        let nothing = pairs.map(|(a, b)| {
            let d: Yield = a.iter().zip(b).map(|(a, b)| minus(a, b)).collect();
            noise.weighted(&d)
        });
        noise.nothing = nothing.collect();
        Some(noise)
    }

    /// The weights of a block. One that too few replicates have does not count.
    fn add(&mut self, all: &[&Block], weighing: &[&Block], jumps: &[usize]) -> Option<()> {
        let numbers = match weighing.len() >= FEW {
            true => 0..all[0].len(),
            false => 0..0,
        };
        let column = |i: usize| all.iter().map(|block| block[i]).collect::<Vec<f64>>();
        let deviation = |i: usize| variance(&column(i)).sqrt();
        let deviations: Block = numbers.clone().map(deviation).collect();
        let is_legible = |i: &usize| deviations[*i] > 0.0 && !jumps.contains(i);
        let legible: Vec<usize> = numbers.filter(is_legible).collect();
        self.factors.push(Factor::of(&covariance(weighing, &legible))?);
        self.legible.push(legible);
        self.deviations.push(deviations);
        Some(())
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

    /// Differences of two runs of a rig that has not moved, weighted.
    pub(crate) fn nothing(&self) -> &[Vec<f64>] {
        &self.nothing
    }
}

/// A block of all replicates that have it.
fn seen<'a>(yields: &[&'a Yield], block: usize) -> Vec<&'a Block> {
    yields.iter().map(|yields| &yields[block]).filter(|block| !block.is_empty()).collect()
}

/// The covariance of the legible numbers, with off-diagonal elements a tenth smaller than observed.
fn covariance(blocks: &[&Block], legible: &[usize]) -> Vec<Vec<f64>> {
    let column = |i: usize| blocks.iter().map(|block| block[i]).collect::<Vec<f64>>();
    let columns: Vec<Vec<f64>> = legible
        .iter()
        .map(|&i| {
            let values = column(i);
            let centre = mean(&values);
            values.iter().map(|value| value - centre).collect()
        })
        .collect();
    let n = blocks.len() as f64 - 1.0;
    let mut matrix = super::matrix::gram(&columns);
    for (i, row) in matrix.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value *= if i == j { 1.0 } else { 1.0 - SHRUNK } / n;
        }
    }
    matrix
}
