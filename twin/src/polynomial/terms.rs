//! The terms of a polynomial.

use serde::{Deserialize, Serialize};

/// Most inputs of which there are products; of more, squares alone.
const PRODUCTS: usize = 14;

/// The highest order of terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Inputs.
    First,
    /// Inputs, their squares, and their products where there are not too many.
    Second,
}

/// Terms, each with mean zero and standard deviation one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    inputs: Vec<Standard>,
    /// Pairs of inputs j <= k, and what their product is when standardized.
    products: Vec<(u32, u32, Standard)>,
}

/// What is taken from a term and what it is multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Standard(f64, f64);

impl Standard {
    /// That of `values`; a constant is multiplied by zero.
    fn of(values: impl Iterator<Item = f64> + Clone, count: usize) -> Self {
        let mean = values.clone().fold(0.0, |sum, v| sum + v) / count as f64;
        let squares = values.fold(0.0, |sum, v| sum + (v - mean) * (v - mean));
        let sd = (squares / count as f64).sqrt();
        Self(mean, if sd > 1e-9 { 1.0 / sd } else { 0.0 })
    }

    fn apply(self, value: f64) -> f64 {
        (value - self.0) * self.1
    }
}

impl Terms {
    /// The terms for `rows` [n] of `dim` inputs.
    pub(super) fn of(rows: &[Vec<f64>], dim: usize, order: Order) -> Self {
        let input = |j: usize| Standard::of(rows.iter().map(move |r| r[j]), rows.len());
        let mut terms = Self { inputs: (0..dim).map(input).collect(), products: Vec::new() };
        let standard: Vec<Vec<f64>> = rows.iter().map(|row| terms.at(row)).collect();
        for j in 0..dim {
            for k in partners(j, dim, order) {
                let product = Standard::of(standard.iter().map(move |z| z[j] * z[k]), rows.len());
                terms.products.push((j as u32, k as u32, product));
            }
        }
        terms
    }

    pub(super) fn len(&self) -> usize {
        self.inputs.len() + self.products.len()
    }

    /// How many terms are of first and of second order.
    pub(super) fn groups(&self) -> [usize; 2] {
        [self.inputs.len(), self.products.len()]
    }

    /// The terms at `x` \[d\].
    pub(super) fn at(&self, x: &[f64]) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.len());
        out.extend(self.inputs.iter().zip(x).map(|(s, x)| s.apply(*x)));
        for (j, k, standard) in &self.products {
            out.push(standard.apply(out[*j as usize] * out[*k as usize]));
        }
        out
    }
}

/// The inputs whose product with input `j` is a term.
fn partners(j: usize, dim: usize, order: Order) -> std::ops::Range<usize> {
    match order {
        Order::First => j..j,
        Order::Second if dim > PRODUCTS => j..j + 1,
        Order::Second => j..dim,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_squares_and_products_where_they_are_not_too_many() {
        let count = |dim: usize, order| {
            let rows = vec![vec![0.0; dim], vec![1.0; dim]];
            Terms::of(&rows, dim, order).groups()
        };
        assert_eq!(count(3, Order::First), [3, 0]);
        assert_eq!(count(3, Order::Second), [3, 6]);
        assert_eq!(count(15, Order::Second), [15, 15]);
    }

    #[test]
    fn terms_have_mean_zero_and_deviation_one_and_constants_are_left_out() {
        let rows: Vec<Vec<f64>> = (0..9).map(|i| vec![f64::from(i * i), 7.0]).collect();
        let terms = Terms::of(&rows, 2, Order::Second);
        let design: Vec<Vec<f64>> = rows.iter().map(|row| terms.at(row)).collect();
        for (k, expected) in [1.0, 0.0, 1.0, 0.0, 0.0].into_iter().enumerate() {
            let mean: f64 = design.iter().map(|z| z[k]).sum::<f64>() / 9.0;
            let squares: f64 = design.iter().map(|z| z[k] * z[k]).sum::<f64>() / 9.0;
            assert!(mean.abs() < 1e-12 && (squares - expected).abs() < 1e-12, "{k}: {squares}");
        }
    }
}
