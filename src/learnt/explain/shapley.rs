//! Exact Shapley values and interactions.

/// Most inputs that are explained: the number of predictions doubles with each.
pub const MOST_INPUTS: usize = 12;

/// How the inputs of one point share in the difference between its prediction and the mean of the background.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// Mean prediction over the background.
    pub base: f64,
    /// Shapley value of each input [d]; with `base` they add up to the prediction.
    pub values: Vec<f64>,
    /// Interaction of each pair [d][d], symmetric; each row adds up to the Shapley value of its input, so the diagonal
    /// is what the input does by itself.
    pub interactions: Vec<Vec<f64>>,
}

/// The Shapley values of `predict` at `x` [d] over all subsets S of the inputs, where v(S) is the mean prediction with
/// the inputs in S as in `x` and all others as in each point of `background` (the interventional value function of
/// Janzing et al. 2020, arXiv:1910.13413).
///
/// ```text
/// φ_i  = Σ_S |S|! (d-|S|-1)! / d!        (v(S+i) - v(S))                        S without i       (Shapley 1953)
/// Φ_ij = Σ_S |S|! (d-|S|-2)! / 2(d-1)!   (v(S+i+j) - v(S+i) - v(S+j) + v(S))    S without i and j
/// Φ_ii = φ_i - Σ_j Φ_ij
/// ```
/// The interactions are those of Fujimoto et al. 2006 (DOI 10.1016/j.geb.2005.03.002), halved as by Lundberg et al.
/// 2020 (DOI 10.1038/s42256-019-0138-9).
///
/// # Panics
/// If there are more than [`MOST_INPUTS`] inputs, or no background.
pub fn shapley(predict: &dyn Fn(&[f64]) -> f64, x: &[f64], background: &[Vec<f64>]) -> Shares {
    let dim = x.len();
    assert!(dim <= MOST_INPUTS, "{dim} inputs are more than {MOST_INPUTS}");
    assert!(!background.is_empty(), "a background is needed");
    let worth: Vec<f64> =
        (0..1_usize << dim).map(|set| mean(predict, x, background, set)).collect();
    let factorial: Vec<f64> = (0..=dim)
        .scan(1.0, |f, k| {
            *f *= k.max(1) as f64;
            Some(*f)
        })
        .collect();
    let mut values = vec![0.0; dim];
    let mut interactions = vec![vec![0.0; dim]; dim];
    for set in 0..worth.len() {
        let size = set.count_ones() as usize;
        let out: Vec<usize> = (0..dim).filter(|i| set & (1 << i) == 0).collect();
        for (place, &i) in out.iter().enumerate() {
            let with_i = set | 1 << i;
            let weight = factorial[size] * factorial[dim - size - 1] / factorial[dim];
            values[i] += weight * (worth[with_i] - worth[set]);
            for &j in &out[place + 1..] {
                let weight =
                    factorial[size] * factorial[dim - size - 2] / (2.0 * factorial[dim - 1]);
                let joint =
                    worth[with_i | 1 << j] - worth[with_i] - worth[set | 1 << j] + worth[set];
                interactions[i][j] += weight * joint;
            }
        }
    }
    alone(&values, &mut interactions);
    Shares { base: worth[0], values, interactions }
}

/// v(S): the mean prediction with the inputs in `set` as in `x`.
fn mean(predict: &dyn Fn(&[f64]) -> f64, x: &[f64], background: &[Vec<f64>], set: usize) -> f64 {
    let mut sum = 0.0;
    let mut point = vec![0.0; x.len()];
    for other in background {
        for (i, value) in point.iter_mut().enumerate() {
            *value = if set & (1 << i) == 0 { other[i] } else { x[i] };
        }
        sum += predict(&point);
    }
    sum / background.len() as f64
}

/// Mirrors the upper half of the interactions and sets the diagonal.
fn alone(values: &[f64], interactions: &mut [Vec<f64>]) {
    for i in 0..values.len() {
        for j in 0..i {
            interactions[i][j] = interactions[j][i];
        }
    }
    for (i, row) in interactions.iter_mut().enumerate() {
        row[i] = row.iter().fold(values[i], |left, interaction| left - interaction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-12
    }

    #[test]
    fn a_sum_is_shared_by_its_terms() {
        let predict = |x: &[f64]| 1.0 + 2.0 * x[0] - 3.0 * x[1];
        let background = vec![vec![0.0, 0.0, 0.0], vec![1.0, 0.5, 1.0]];
        let shares = shapley(&predict, &[1.0, 1.0, 0.3], &background);
        assert!(near(shares.base, 1.0 + 1.0 - 0.75));
        assert!(near(shares.values[0], 2.0 * (1.0 - 0.5)));
        assert!(near(shares.values[1], -3.0 * (1.0 - 0.25)));
        assert!(near(shares.values[2], 0.0), "an input that does nothing has no share");
        assert!(near(shares.interactions[0][0], shares.values[0]));
        assert!(near(shares.interactions[0][1], 0.0));
    }

    #[test]
    fn a_product_is_shared_equally_and_interacts() {
        // By hand: v({}) = 0, v({1}) = v({2}) = 0, v({1,2}) = 6, so both get 3, of which 3 is interaction.
        let shares = shapley(&|x| x[0] * x[1], &[2.0, 3.0], &[vec![0.0, 0.0]]);
        assert_eq!(shares.values, [3.0, 3.0]);
        assert_eq!(shares.interactions, [vec![0.0, 3.0], vec![3.0, 0.0]]);
    }

    #[test]
    fn shares_add_up_to_the_prediction_and_interactions_to_the_shares() {
        let predict = |x: &[f64]| x[0] * x[1] + x[2] * x[2] * x[0] - x[3] / (1.0 + x[1]);
        let x = [0.9, 0.2, 0.7, 0.4];
        let background = vec![vec![0.1, 0.3, 0.2, 0.8], vec![0.6, 0.9, 0.5, 0.0]];
        let shares = shapley(&predict, &x, &background);
        assert!(near(shares.base + shares.values.iter().sum::<f64>(), predict(&x)));
        for (value, row) in shares.values.iter().zip(&shares.interactions) {
            assert!(near(*value, row.iter().sum::<f64>()));
        }
    }
}
