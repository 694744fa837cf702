//! The output layer of a network: Bayesian linear regression on its features.
//!
//! The outcome is `φ(x) · w + noise` with `w ~ N(0, v I)` and noise of variance `g v`, where the noise ratio g is given and v
//! is learnt. The posterior of w has the mean `(ΦᵀΦ + g I)⁻¹ Φᵀy = Φᵀ (ΦΦᵀ + g I)⁻¹ y`: the first form has a matrix of the
//! size of the features, the second one of the number of experiments. The smaller is solved.

use flowtwin_lab::Stream;

use crate::linalg::{
    add_scaled, cholesky, dot, gram_of_columns, gram_of_rows, invert_factor, lower_times,
    lower_transposed_times, transposed_times,
};
use crate::surrogate::Belief;

/// Weights of the features [w].
pub(super) struct Layer {
    /// Posterior mean.
    pub(super) mean: Vec<f64>,
    /// One draw from the posterior, less its mean.
    pub(super) draw: Vec<f64>,
}

/// Results of the training besides the weights, standardized.
pub(super) struct Trained {
    /// Variance of the noise.
    pub(super) noise_variance: f64,
    /// What is believed of each training point from all others, noise included.
    pub(super) left_out: Vec<Belief>,
}

/// Learns from `features` [n, width] and outcomes `y` [n].
pub(super) fn solve(
    features: &[f64],
    width: usize,
    y: &[f64],
    noise_ratio: f64,
    stream: &mut Stream,
) -> (Layer, Trained) {
    if y.len() <= width {
        by_experiments(features, width, y, noise_ratio, stream)
    } else {
        by_features(features, width, y, noise_ratio, stream)
    }
}

/// By the matrix `ΦΦᵀ + g I` [n, n].
fn by_experiments(
    features: &[f64],
    width: usize,
    y: &[f64],
    noise_ratio: f64,
    stream: &mut Stream,
) -> (Layer, Trained) {
    let n = y.len();
    let inverse = inverse_factor(gram_of_rows(features, width), n, noise_ratio);
    let (mut white, mut weights) = (Vec::new(), Vec::new());
    lower_times(&inverse, n, y, &mut white);
    lower_transposed_times(&inverse, n, &white, &mut weights);
    let noise_variance = evidence(noise_ratio * dot(&white, &white), noise_ratio, n);
    // The residual is g C y and what a point keeps of its own surprise g Cᵢᵢ, C being the inverse of the matrix.
    let kept: Vec<f64> = squared_columns(&inverse, n).iter().map(|c| noise_ratio * c).collect();
    let left_out =
        (0..n).map(|i| left_out(y[i], noise_ratio * weights[i], kept[i], noise_variance));
    let left_out = left_out.collect();
    // A draw from the prior, corrected by what it and a draw of the noise would have added (Matheron's rule; Journel and
    // Huijbregts 1978).
    let sd = (noise_variance / noise_ratio).sqrt();
    let mut draw: Vec<f64> = (0..width).map(|_| sd * stream.normal()).collect();
    let noise = noise_variance.sqrt();
    let seen: Vec<f64> = features
        .chunks_exact(width)
        .map(|row| -(dot(row, &draw) + noise * stream.normal()))
        .collect();
    let mean = transposed_times(features, width, &weights);
    lower_times(&inverse, n, &seen, &mut white);
    lower_transposed_times(&inverse, n, &white, &mut weights);
    add_scaled(&mut draw, 1.0, &transposed_times(features, width, &weights));
    (Layer { mean, draw }, Trained { noise_variance, left_out })
}

/// By the matrix `ΦᵀΦ + g I` [width, width].
fn by_features(
    features: &[f64],
    width: usize,
    y: &[f64],
    noise_ratio: f64,
    stream: &mut Stream,
) -> (Layer, Trained) {
    let moments = transposed_times(features, width, y);
    let inverse = inverse_factor(gram_of_columns(features, width), width, noise_ratio);
    let (mut white, mut mean, mut draw) = (Vec::new(), Vec::new(), Vec::new());
    lower_times(&inverse, width, &moments, &mut white);
    lower_transposed_times(&inverse, width, &white, &mut mean);
    let mut squares = noise_ratio * dot(&mean, &mean);
    let judge = |(row, y): (&[f64], &f64)| {
        lower_times(&inverse, width, row, &mut white);
        let residual = y - dot(row, &mean);
        squares += residual * residual;
        (residual, 1.0 - dot(&white, &white))
    };
    let residuals: Vec<(f64, f64)> = features.chunks_exact(width).zip(y).map(judge).collect();
    let noise_variance = evidence(squares, noise_ratio, y.len());
    let left_out = y
        .iter()
        .zip(residuals)
        .map(|(y, (residual, kept))| left_out(*y, residual, kept, noise_variance))
        .collect();
    let noise = noise_variance.sqrt();
    let normals: Vec<f64> = (0..width).map(|_| noise * stream.normal()).collect();
    lower_transposed_times(&inverse, width, &normals, &mut draw);
    (Layer { mean, draw }, Trained { noise_variance, left_out })
}

/// The inverse of the Cholesky factor of `gram` [n, n] plus a ridge.
fn inverse_factor(mut gram: Vec<f64>, n: usize, ridge: f64) -> Vec<f64> {
    for i in 0..n {
        gram[i * n + i] += ridge;
    }
    assert!(cholesky(&mut gram, n), "a ridge makes the matrix definite");
    invert_factor(&gram, n)
}

/// The evidence-maximising noise variance: the ridge loss over the number of experiments, with the weight of one
/// experiment on a function of variance one.
fn evidence(loss: f64, noise_ratio: f64, rows: usize) -> f64 {
    (loss + noise_ratio) / (rows as f64 + 1.0)
}

/// What is believed of an outcome `y` from all others, given its residual and the share of its surprise that it keeps.
fn left_out(y: f64, residual: f64, kept: f64, noise_variance: f64) -> Belief {
    let kept = kept.max(1e-6);
    Belief { mean: y - residual / kept, sd: (noise_variance / kept).sqrt() }
}

/// Squared lengths of the columns of a lower-triangular matrix [n, n].
fn squared_columns(lower: &[f64], n: usize) -> Vec<f64> {
    let mut squares = vec![0.0; n];
    for (k, row) in lower.chunks_exact(n).enumerate() {
        for (sum, m) in squares.iter_mut().zip(&row[..=k]) {
            *sum += m * m;
        }
    }
    squares
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    const WIDTH: usize = 6;
    const RATIO: f64 = 0.3;

    fn data(rows: usize) -> (Vec<f64>, Vec<f64>) {
        let mut stream = Streams::new(4).open("data", 0);
        let features = (0..rows * WIDTH).map(|_| stream.normal()).collect();
        (features, (0..rows).map(|_| stream.normal()).collect())
    }

    #[test]
    fn both_forms_have_one_mean_and_leave_out_alike() {
        for rows in [4, 6, 11] {
            let (x, y) = data(rows);
            let stream = || Streams::new(4).open("draw", 0);
            let (a, judged_a) = by_experiments(&x, WIDTH, &y, RATIO, &mut stream());
            let (b, judged_b) = by_features(&x, WIDTH, &y, RATIO, &mut stream());
            for (a, b) in a.mean.iter().zip(&b.mean) {
                assert!((a - b).abs() < 1e-12, "{rows}: {a} {b}");
            }
            assert!((judged_a.noise_variance - judged_b.noise_variance).abs() < 1e-12);
            for (a, b) in judged_a.left_out.iter().zip(&judged_b.left_out) {
                assert!((a.mean - b.mean).abs() < 1e-11 && (a.sd - b.sd).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn leaving_one_out_is_learning_without_it() {
        let (x, y) = data(5);
        let mut stream = Streams::new(4).open("draw", 0);
        let (_, all) = solve(&x, WIDTH, &y, RATIO, &mut stream);
        let (rest, _) = solve(&x[WIDTH..], WIDTH, &y[1..], RATIO, &mut stream);
        assert!((all.left_out[0].mean - dot(&x[..WIDTH], &rest.mean)).abs() < 1e-12);
    }

    #[test]
    fn draws_of_both_forms_spread_as_the_posterior_does() {
        // The covariance of the posterior along a direction, v g (ΦᵀΦ + g I)⁻¹, from many draws.
        let (x, y) = data(5);
        let along = |draw: &[f64]| draw[0] - draw[3] + 0.5 * draw[5];
        let draws = |form: &dyn Fn(&mut Stream) -> (Layer, Trained)| {
            let mut stream = Streams::new(4).open("draw", 0);
            let mut squares = 0.0;
            for _ in 0..20_000 {
                let deviation = along(&form(&mut stream).0.draw);
                squares += deviation * deviation;
            }
            squares / 20_000.0
        };
        let a = draws(&|stream| by_experiments(&x, WIDTH, &y, RATIO, stream));
        let b = draws(&|stream| by_features(&x, WIDTH, &y, RATIO, stream));
        assert!((a / b - 1.0).abs() < 0.04, "{a} {b}");
    }
}
