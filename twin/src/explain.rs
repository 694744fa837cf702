//! Explanations of a model's predictions: Shapley values, partial dependence, response surfaces.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::{Belief, Context, Posterior};

/// Most inputs for which Shapley values are computed: the work grows as two to this power.
pub const MOST_INPUTS: usize = 12;

/// How much each input, and each pair of inputs, moves a prediction away from the average one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shapley {
    /// The average prediction over the background.
    pub base: f64,
    /// The share of each input \[d\]; with `base` they sum to the prediction.
    pub values: Vec<f64>,
    /// The share of each pair \[d\]\[d\], symmetric: main effects on the diagonal, half of each
    /// interaction on either side. Each row
    /// sums to the input's value.
    pub interactions: Vec<Vec<f64>>,
}

/// There are too many inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "exact Shapley values of {inputs} inputs would take too long: at most {MOST_INPUTS} are possible"
)]
pub struct TooManyInputs {
    /// How many there are.
    pub inputs: usize,
}

/// Exact Shapley values (Shapley 1953; Lundberg and Lee 2017, arXiv 1705.07874) of the predicted mean at each of `points`
/// [q, d], with their pair interactions (Lundberg et al. 2020, DOI 10.1038/s42256-019-0138-9, eq. 4).
///
/// Inputs that a coalition does not hold take the values they have in each row of `background` [b, d], all rows alike.
///
/// # Errors
/// If there are more than [`MOST_INPUTS`] inputs.
///
/// # Panics
/// If `background` is empty.
pub fn shapley(
    posterior: &dyn Posterior,
    points: ArrayView2<'_, f64>,
    background: ArrayView2<'_, f64>,
    context: &Context,
) -> Result<Vec<Shapley>, TooManyInputs> {
    let inputs = points.ncols();
    if inputs > MOST_INPUTS {
        return Err(TooManyInputs { inputs });
    }
    assert!(background.nrows() > 0, "the background is empty");
    let rows: Vec<Vec<f64>> = background.rows().into_iter().map(|r| r.to_vec()).collect();
    let wanted: Vec<Vec<f64>> = points.rows().into_iter().map(|r| r.to_vec()).collect();
    Ok(context.map(wanted.len(), |i| share(&coalitions(posterior, &wanted[i], &rows), inputs)))
}

/// The mean prediction of every coalition [2^d]: bit `i` of the index says whether input `i` is held at `x`.
fn coalitions(posterior: &dyn Posterior, x: &[f64], background: &[Vec<f64>]) -> Vec<f64> {
    let mut mixed = vec![0.0; x.len()];
    (0..1_usize << x.len())
        .map(|held| {
            let mut sum = 0.0;
            for row in background {
                for j in 0..x.len() {
                    mixed[j] = if held >> j & 1 == 1 { x[j] } else { row[j] };
                }
                sum += posterior.at(&mixed).mean;
            }
            sum / background.len() as f64
        })
        .collect()
}

/// Shapley values and interactions from the worth of every coalition [2^d].
fn share(worth: &[f64], d: usize) -> Shapley {
    let factorials: Vec<f64> = (0..=d)
        .scan(1.0, |f, k| {
            *f *= if k == 0 { 1.0 } else { k as f64 };
            Some(*f)
        })
        .collect();
    let mut values = vec![0.0; d];
    let mut interactions = vec![vec![0.0; d]; d];
    for held in 0..worth.len() {
        let size = held.count_ones() as usize;
        for i in (0..d).filter(|i| held >> i & 1 == 0) {
            let with_i = worth[held | 1 << i] - worth[held];
            values[i] += factorials[size] * factorials[d - size - 1] / factorials[d] * with_i;
            for j in (0..i).filter(|j| held >> j & 1 == 0) {
                let given_j = worth[held | 1 << i | 1 << j] - worth[held | 1 << j];
                let weight =
                    factorials[size] * factorials[d - size - 2] / (2.0 * factorials[d - 1]);
                interactions[i][j] += weight * (given_j - with_i);
            }
        }
    }
    for (i, j) in (0..d).flat_map(|i| (0..i).map(move |j| (i, j))) {
        interactions[j][i] = interactions[i][j];
    }
    for i in 0..d {
        let others = (0..d).filter(|j| *j != i).fold(0.0, |sum, j| sum + interactions[i][j]);
        interactions[i][i] = values[i] - others;
    }
    Shapley { base: worth[0], values, interactions }
}

/// The mean prediction over `background` [b, d] with one input held at each value of `grid` \[g\] (Friedman 2001,
/// DOI 10.1214/aos/1013203451, sec. 8.2).
pub fn partial_dependence(
    posterior: &dyn Posterior,
    background: ArrayView2<'_, f64>,
    input: usize,
    grid: &[f64],
) -> Vec<f64> {
    let mut rows: Vec<Vec<f64>> = background.rows().into_iter().map(|r| r.to_vec()).collect();
    let mut at = |value: &f64| {
        let mut sum = 0.0;
        for row in &mut rows {
            row[input] = *value;
            sum += posterior.at(row).mean;
        }
        sum / rows.len() as f64
    };
    grid.iter().map(&mut at).collect()
}

/// Beliefs on a grid over two inputs, the others standing at `centre` \[d\]: \[grid\]\[grid\], the first input along the rows.
pub fn response_surface(
    posterior: &dyn Posterior,
    centre: &[f64],
    inputs: (usize, usize),
    grid: &[f64],
) -> Vec<Vec<Belief>> {
    let mut x = centre.to_vec();
    let mut row = |a: &f64| {
        x[inputs.0] = *a;
        let mut at = |b: &f64| {
            x[inputs.1] = *b;
            posterior.at(&x)
        };
        grid.iter().map(&mut at).collect()
    };
    grid.iter().map(&mut row).collect()
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;
    use crate::Work;
    use ndarray::Array2;

    /// `3 a - 2 b + 4 a c`, without doubt.
    #[derive(Debug)]
    struct Known;

    impl Posterior for Known {
        fn at(&self, x: &[f64]) -> Belief {
            Belief { mean: 3.0 * x[0] - 2.0 * x[1] + 4.0 * x[0] * x[2], sd: 0.0 }
        }

        fn noise_sd(&self) -> f64 {
            0.0
        }

        fn held_out(&self) -> &[Belief] {
            &[]
        }

        fn work(&self) -> Work {
            Work::default()
        }
    }

    fn uniform(rows: usize) -> Array2<f64> {
        let mut stream = Streams::new(3).open("data", 0);
        Array2::from_shape_simple_fn((rows, 4), || stream.uniform())
    }

    #[test]
    fn shares_of_a_known_function_are_exact() {
        let background = Array2::zeros((1, 4));
        let x = ndarray::array![[0.5, 0.25, 1.0, 0.7]];
        let context = Context::new(Streams::new(1));
        let found = &shapley(&Known, x.view(), background.view(), &context).unwrap()[0];
        // 4 a c = 2 is shared equally by a and c; the last input does nothing.
        let expected = [1.5 + 1.0, -0.5, 1.0, 0.0];
        for (value, expected) in found.values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-12, "{:?}", found.values);
        }
        assert!((found.interactions[0][2] - 1.0).abs() < 1e-12);
        assert!((found.interactions[0][0] - 1.5).abs() < 1e-12);
        assert!(found.interactions[0][1].abs() < 1e-12);
    }

    #[test]
    fn shares_sum_to_the_prediction_and_rows_of_interactions_to_the_shares() {
        let (points, background) = (uniform(3), uniform(9));
        let context = Context::new(Streams::new(1));
        let all = shapley(&Known, points.view(), background.view(), &context).unwrap();
        for (found, point) in all.iter().zip(points.rows()) {
            let sum = found.base + found.values.iter().sum::<f64>();
            assert!((sum - Known.at(&point.to_vec()).mean).abs() < 1e-12);
            for (row, value) in found.interactions.iter().zip(&found.values) {
                assert!((row.iter().sum::<f64>() - value).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn too_many_inputs_are_refused_with_the_limit() {
        let many = Array2::zeros((1, 13));
        let context = Context::new(Streams::new(1));
        let error = shapley(&Known, many.view(), many.view(), &context).unwrap_err();
        assert!(
            error.to_string().contains("13 inputs") && error.to_string().contains("at most 12")
        );
    }

    #[test]
    fn partial_dependence_of_a_linear_input_is_its_line() {
        let line = partial_dependence(&Known, uniform(20).view(), 1, &[0.0, 0.5, 1.0]);
        assert!((line[0] - line[1] - 1.0).abs() < 1e-12 && (line[1] - line[2] - 1.0).abs() < 1e-12);
        let surface = response_surface(&Known, &[0.0; 4], (0, 2), &[0.0, 1.0]);
        assert!((surface[1][1].mean - 7.0).abs() < 1e-12 && surface[0][1].mean.abs() < 1e-12);
    }
}
