//! The little linear algebra of a golden run.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// A symmetric matrix L Lᵀ, factorized.
#[derive(Clone, Debug)]
pub(crate) struct Factor(Cholesky<f64, Dyn>);

impl Factor {
    /// Factorizes a symmetric matrix; none where it is not positive definite.
    pub(crate) fn of(matrix: &[Vec<f64>]) -> Option<Self> {
        let n = matrix.len();
        DMatrix::from_fn(n, n, |i, j| matrix[i][j]).cholesky().map(Self)
    }

    /// Of 1 + `part` · Σ v vᵀ, over these vectors of so many values; none where one is not a number.
    pub(crate) fn of_shared(vectors: &[Vec<f64>], values: usize, part: f64) -> Option<Self> {
        let mut covariance = vec![vec![0.0; values]; values];
        for (i, row) in covariance.iter_mut().enumerate() {
            row[i] = 1.0;
            for vector in vectors {
                let own = part * vector[i];
                row.iter_mut().zip(vector).for_each(|(value, other)| *value += own * other);
            }
        }
        Self::of(&covariance)
    }

    /// L⁻¹ x.
    pub(crate) fn whiten(&self, x: &[f64]) -> Vec<f64> {
        let mut x = DVector::from_column_slice(x);
        let solved = self.0.l_dirty().solve_lower_triangular_mut(&mut x);
        debug_assert!(solved, "the diagonal is positive");
        x.as_slice().to_vec()
    }

    /// The solution of L Lᵀ x = b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        self.0.solve(&DVector::from_column_slice(b)).as_slice().to_vec()
    }
}

/// The scalar product, summed in order.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The products of all pairs of vectors.
pub(crate) fn gram(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    vectors.iter().map(|a| vectors.iter().map(|b| dot(a, b)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_solved_gives_the_right_hand_side_back() {
        let matrix = vec![vec![4.0, 2.0, 0.5], vec![2.0, 3.0, 1.0], vec![0.5, 1.0, 2.0]];
        let factor = Factor::of(&matrix).expect("it is positive definite");
        let x = factor.solve(&[1.0, -2.0, 3.0]);
        for (row, b) in matrix.iter().zip([1.0, -2.0, 3.0]) {
            assert!((dot(row, &x) - b).abs() < 1e-12);
        }
        assert!(Factor::of(&[vec![1.0, 2.0], vec![2.0, 1.0]]).is_none());
    }
}
