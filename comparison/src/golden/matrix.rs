//! The little linear algebra of a golden run.

/// Lower triangle L of a symmetric matrix L Lᵀ, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Factor {
    rows: Vec<Vec<f64>>,
}

impl Factor {
    /// Factorizes a symmetric matrix; none where it is not positive definite.
    pub(crate) fn of(matrix: &[Vec<f64>]) -> Option<Self> {
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for (i, line) in matrix.iter().enumerate() {
            let mut row: Vec<f64> = Vec::new();
            for (j, value) in line.iter().enumerate().take(i) {
                let rest = value - dot(&row, &rows[j][..j]);
                row.push(rest / rows[j][j]);
            }
            let rest = line[i] - dot(&row, &row);
            if rest.is_nan() || rest <= 0.0 {
                return None;
            }
            row.push(rest.sqrt());
            rows.push(row);
        }
        Some(Self { rows })
    }

    /// L⁻¹ x.
    pub(crate) fn whiten(&self, x: &[f64]) -> Vec<f64> {
        let mut solved: Vec<f64> = Vec::new();
        for (row, value) in self.rows.iter().zip(x) {
            let i = solved.len();
            solved.push((value - dot(&row[..i], &solved)) / row[i]);
        }
        solved
    }

    /// Logarithm of the determinant of the matrix.
    pub(crate) fn log_determinant(&self) -> f64 {
        let diagonal = self.rows.iter().enumerate().map(|(i, row)| row[i]);
        2.0 * diagonal.map(flowtwin_lab::math::ln).sum::<f64>()
    }

    /// The solution of L Lᵀ x = b.
    pub(crate) fn solve(&self, b: &[f64]) -> Vec<f64> {
        let mut x = self.whiten(b);
        for i in (0..x.len()).rev() {
            let rest: f64 = (i + 1..x.len()).map(|j| self.rows[j][i] * x[j]).sum();
            x[i] = (x[i] - rest) / self.rows[i][i];
        }
        x
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
        // 4·(3·2 − 1) − 2·(2·2 − 0.5) + 0.5·(2 − 1.5) = 13.25.
        assert!((factor.log_determinant() - flowtwin_lab::math::ln(13.25)).abs() < 1e-12);
        assert!(Factor::of(&[vec![1.0, 2.0], vec![2.0, 1.0]]).is_none());
    }
}
