//! What experiments of a run have in common and nobody knows beforehand: a Kalman filter of constants.
//!
//! R. E. Kalman, *J. Basic Eng.* 1960, 82, 35: the innovations of the filter have a variance of one and none goes with another
//! as long as the model holds.

use nalgebra::{DMatrix, DVector};

/// Constants of a run: what fills are off by, keys within their posterior, what has moved.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    mean: DVector<f64>,
    covariance: DMatrix<f64>,
}

impl Filter {
    /// Constants of mean 0 and variance 1.
    pub(super) fn new(constants: usize) -> Self {
        Self {
            mean: DVector::zeros(constants),
            covariance: DMatrix::identity(constants, constants),
        }
    }

    /// How many constants there are.
    pub(super) fn len(&self) -> usize {
        self.mean.len()
    }

    /// One more constant.
    pub(super) fn add(&mut self, mean: f64, variance: f64) {
        let n = self.len();
        self.mean = self.mean.clone().push(mean);
        self.covariance = self.covariance.clone().resize(n + 1, n + 1, 0.0);
        self.covariance[(n, n)] = variance;
    }

    /// A constant that is none: its variance grows by so much.
    pub(super) fn loosen(&mut self, constant: usize, variance: f64) {
        self.covariance[(constant, constant)] += variance;
    }

    /// Takes up one experiment. `design` says by how much each constant moves its numbers, which are free of the experiment's
    /// own noise [numbers × constants].
    pub(super) fn see(&mut self, design: DMatrix<f64>) -> Step {
        let numbers = design.nrows();
        let spread = &self.covariance * design.transpose();
        let all = DMatrix::identity(numbers, numbers) + &design * &spread;
        let factor = all.cholesky().expect("one and more is positive definite");
        let gain = factor.solve(&spread.transpose()).transpose();
        let step = Step { root: factor.l(), design, gain };
        self.covariance -= &step.gain * spread.transpose();
        // What rounding has made unequal.
        self.covariance = 0.5 * (&self.covariance + self.covariance.transpose());
        step
    }

    /// What the constants make of a residual that is to come.
    pub(super) fn expected(&self, design: &DMatrix<f64>) -> DVector<f64> {
        design * &self.mean
    }

    /// Free of all that is known, a residual is this; the constants are learnt from it, as far as it `counts`: one experiment that is
    /// far off must not move what is believed of the run.
    pub(super) fn learn(
        &mut self,
        step: &Step,
        residual: &DVector<f64>,
        counts: impl Fn(&DVector<f64>) -> f64,
    ) -> DVector<f64> {
        let before = self.mean.clone();
        let innovation = step.through(&mut self.mean, residual);
        self.mean = &before + counts(&innovation) * (&self.mean - &before);
        innovation
    }

    /// What the last constant is believed to be.
    pub(super) fn last(&self) -> f64 {
        self.mean.as_slice().last().copied().unwrap_or_default()
    }

    /// Root of the variance of each constant.
    #[cfg(test)]
    fn deviations(&self) -> Vec<f64> {
        self.covariance.diagonal().iter().map(|variance| variance.sqrt()).collect()
    }
}

/// What one experiment does to anything that goes through the filter: residuals, or what a change would make of them.
#[derive(Clone, Debug)]
pub(super) struct Step {
    design: DMatrix<f64>,
    root: DMatrix<f64>,
    gain: DMatrix<f64>,
}

impl Step {
    /// The innovation of `values` after `state`, which learns of it.
    pub(super) fn through(&self, state: &mut DVector<f64>, values: &DVector<f64>) -> DVector<f64> {
        let left = values - &self.design * &*state;
        *state += &self.gain * &left;
        self.root.solve_lower_triangular(&left).unwrap_or(left)
    }

    /// Standard deviation of each number before it is measured, in units of its own noise, whose root is `own`.
    pub(super) fn spread(&self, own: &DMatrix<f64>) -> Vec<f64> {
        (own * &self.root).row_iter().map(|row| row.norm()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_is_learnt_as_a_mean_is() {
        let mut filter = Filter::new(1);
        for value in [2.0, 4.0, 3.0] {
            let step = filter.see(DMatrix::from_element(1, 1, 1.0));
            filter.learn(&step, &DVector::from_element(1, value), |_| 1.0);
        }
        // A prior of variance 1 counts as one more value of 0.
        assert!((filter.mean[0] - 9.0 / 4.0).abs() < 1e-12);
        assert!((filter.deviations()[0] - 0.5).abs() < 1e-12);
    }

    #[test]
    fn innovations_do_not_tell_what_all_have_in_common() {
        let mut filter = Filter::new(1);
        filter.loosen(0, 1e6);
        let design = || DMatrix::from_element(2, 1, 1.0);
        let residual = DVector::from_vec(vec![5.0, 5.0]);
        let mut last = f64::NAN;
        for _ in 0..4 {
            let step = filter.see(design());
            last = filter.learn(&step, &residual, |_| 1.0).norm();
        }
        assert!(last < 1e-2, "{last}");
    }
}
