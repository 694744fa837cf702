//! Residuals freed of their noise.

use nalgebra::{DMatrix, DVector};

use crate::block::Block;
use crate::experiment::Experiment;
use crate::model::Table;

/// Frees residuals of their noise: afterwards each has a variance of one, and none goes with another.
#[derive(Clone, Debug)]
pub(crate) struct Whitener {
    /// Of experiments, then of series.
    pub(crate) blocks: Vec<Block>,
    /// The run to which each belongs.
    pub(crate) runs: Vec<usize>,
    /// What was read in series.
    pub(crate) series: Table,
    pub(crate) common: Option<Common>,
    /// What is common, a column for each of its causes in each run \[numbers × causes\].
    pub(crate) columns: DMatrix<f64>,
}

/// Errors that experiments have in common: C = 1 + G Gᵀ, whose root is applied by the eigenvectors of Gᵀ G.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    directions: DMatrix<f64>,
    weights: DVector<f64>,
}

impl Common {
    pub(crate) fn of(columns: DMatrix<f64>) -> Self {
        let eigen = (columns.transpose() * &columns).symmetric_eigen();
        let weights = eigen.eigenvalues.map(|s| {
            let s = s.max(0.0);
            if s < 1e-12 { -0.5 } else { ((1.0 + s).sqrt().recip() - 1.0) / s }
        });
        Self { directions: columns * eigen.eigenvectors, weights }
    }

    fn apply(&self, residuals: &DVector<f64>) -> DVector<f64> {
        let along = self.directions.transpose() * residuals;
        residuals + &self.directions * along.component_mul(&self.weights)
    }
}

impl Whitener {
    /// The same for some of the experiments, in order, and all series.
    pub(crate) fn of_some(&self, experiments: &[usize]) -> Self {
        let series = self.of_experiments().len()..self.blocks.len();
        let kept: Vec<usize> = experiments.iter().copied().chain(series).collect();
        let places = self.places();
        let rows: Vec<usize> = kept.iter().flat_map(|&i| places[i].clone()).collect();
        let columns = match &self.common {
            Some(_) => self.columns.select_rows(&rows),
            None => DMatrix::zeros(0, 0),
        };
        Self {
            blocks: kept.iter().map(|&i| self.blocks[i].clone()).collect(),
            runs: kept.iter().map(|&i| self.runs[i]).collect(),
            series: self.series.clone(),
            common: self.common.as_ref().map(|_| Common::of(columns.clone())),
            columns,
        }
    }

    /// Frees a table of differences of its noise.
    pub(crate) fn apply(&self, table: &Table) -> DVector<f64> {
        self.free_of_common(self.free_of_own(table))
    }

    /// Frees a table of differences of the noise of each experiment.
    fn free_of_own(&self, table: &Table) -> DVector<f64> {
        let mut all = Vec::new();
        for (block, values) in self.blocks.iter().zip(table) {
            all.extend(block.free(values).iter().copied());
        }
        DVector::from_vec(all)
    }

    fn free_of_common(&self, all: DVector<f64>) -> DVector<f64> {
        match &self.common {
            Some(common) => common.apply(&all),
            None => all,
        }
    }

    /// Standard deviation of each feature of each experiment, from all that differs between experiments of a run
    /// [experiments][features]; not a number where there is none.
    pub(crate) fn deviations(&self, features: usize) -> Table {
        let of_block = |block: &Block| {
            let mut row = vec![f64::NAN; features];
            for (i, (&f, own)) in block.features.iter().zip(&block.deviations).enumerate() {
                row[f] = own * block.root.row(i).norm();
            }
            row
        };
        self.of_experiments().iter().map(of_block).collect()
    }

    fn of_experiments(&self) -> &[Block] {
        &self.blocks[..self.blocks.len() - self.series.len()]
    }

    /// Standard deviation of each value of each series [series][values]; not a number where there is none.
    pub(crate) fn series_deviations(&self) -> Table {
        let of_block = |(block, values): (&Block, &Vec<f64>)| {
            let mut row = vec![f64::NAN; values.len()];
            for (i, (&place, own)) in block.features.iter().zip(&block.deviations).enumerate() {
                row[place] = own * block.root.row(i).norm();
            }
            row
        };
        self.blocks[self.of_experiments().len()..].iter().zip(&self.series).map(of_block).collect()
    }

    /// What was measured less what is predicted, free of noise.
    pub(crate) fn residuals(&self, experiments: &[Experiment], predicted: &Table) -> DVector<f64> {
        self.apply(&self.differences(experiments, predicted))
    }

    /// What was measured less what is predicted and what a run is most probably off by as a whole, in standard deviations
    /// [experiments][features]; not a number where there is none.
    ///
    /// With C = 1 + G Gᵀ the mean of what is common, given residuals r, is r − C⁻¹ r.
    pub(crate) fn single_residuals(
        &self,
        experiments: &[Experiment],
        predicted: &Table,
        features: usize,
    ) -> Table {
        let all = self.free_of_own(&self.differences(experiments, predicted));
        let single = self.free_of_common(self.free_of_common(all));
        let of_block = |(block, place): (&Block, std::ops::Range<usize>)| {
            let off = &block.root * single.rows(place.start, place.len());
            let mut row = vec![f64::NAN; features];
            for (i, &f) in block.features.iter().enumerate() {
                row[f] = off[i] / block.root.row(i).norm();
            }
            row
        };
        self.of_experiments().iter().zip(self.places()).map(of_block).collect()
    }

    /// The place of each experiment's numbers among all.
    pub(crate) fn places(&self) -> Vec<std::ops::Range<usize>> {
        let mut from = 0;
        let place = |block: &Block| {
            let place = from..from + block.features.len();
            from = place.end;
            place
        };
        self.blocks.iter().map(place).collect()
    }

    /// The numbers of one run among all.
    pub(crate) fn of_run(&self, all: &DVector<f64>, run: usize) -> DVector<f64> {
        let mut own = DVector::zeros(all.len());
        for (place, of) in self.places().into_iter().zip(&self.runs) {
            if *of == run {
                place.for_each(|i| own[i] = all[i]);
            }
        }
        own
    }

    /// What was measured less what is predicted [experiments][features] [series][readings].
    fn differences(&self, experiments: &[Experiment], predicted: &Table) -> Table {
        let row = |(experiment, predicted): (&Experiment, &Vec<f64>)| {
            let pairs = experiment.features.iter().zip(predicted);
            pairs.map(|(seen, said)| seen.unwrap_or(f64::NAN) - said).collect()
        };
        let of_experiments = experiments.iter().zip(predicted).map(row);
        let series = self.series.iter().zip(&predicted[experiments.len()..]);
        let left = |(seen, said): (&Vec<f64>, &Vec<f64>)| {
            seen.iter().zip(said).map(|(seen, said)| seen - said).collect()
        };
        of_experiments.chain(series.map(left)).collect()
    }
}
