//! One experiment or one series, freed of its noise.

use nalgebra::{DMatrix, DVector};

/// The features of one experiment that can be compared, or the readings of one series.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) features: Vec<usize>,
    pub(crate) deviations: Vec<f64>,
    pub(crate) root: DMatrix<f64>,
}

impl Block {
    /// Values of these places, with what each is off by itself and how they go together.
    pub(crate) fn of(features: Vec<usize>, deviations: Vec<f64>, together: DMatrix<f64>) -> Self {
        let n = features.len();
        let root = together.cholesky().map_or_else(|| DMatrix::identity(n, n), |it| it.l());
        Self { features, deviations, root }
    }

    /// Frees differences of the features of this experiment of its noise. What is not a number, because the model cannot read a
    /// feature there, says nothing.
    pub(crate) fn free(&self, values: &[f64]) -> DVector<f64> {
        let one = |(&f, d): (&usize, &f64)| Some(values[f] / d).filter(|off| off.is_finite());
        let scaled = self.features.iter().zip(&self.deviations);
        let scaled = scaled.map(|pair| one(pair).unwrap_or(0.0));
        let scaled = DVector::from_iterator(self.features.len(), scaled);
        self.root.solve_lower_triangular(&scaled).unwrap_or(scaled)
    }

    /// One feature off by its own standard deviation.
    pub(crate) fn of_one(&self, feature: usize) -> DVector<f64> {
        let own = |known: &usize| if *known == feature { 1.0 } else { 0.0 };
        let alone = DVector::from_iterator(self.features.len(), self.features.iter().map(own));
        self.root.solve_lower_triangular(&alone).unwrap_or(alone)
    }
}
