//! The Matérn 5/2 kernel with one length for each input.

use flowtwin_lab::math;

/// Square root of five.
const SQRT_5: f64 = 2.236_067_977_499_79;

/// Correlation at scaled distance r, and minus twice its derivative by r²:
/// `k = (1 + √5 r + 5/3 r²) exp(-√5 r)` and `-2 dk/d(r²) = 5/3 (1 + √5 r) exp(-√5 r)`
/// (Rasmussen and Williams 2006, eq. 4.17).
pub(crate) fn matern(squared: f64) -> (f64, f64) {
    let s = SQRT_5 * squared.sqrt();
    let decay = math::exp(-s);
    let linear = (1.0 + s) * decay;
    (linear + (5.0 / 3.0) * squared * decay, (5.0 / 3.0) * linear)
}

/// Replaces squared scaled distances by correlations, and `slopes` by what [`matern`] says of their derivatives.
pub(super) fn matern_all(values: &mut [f64], slopes: &mut [f64]) {
    for (value, s) in values.iter_mut().zip(&mut *slopes) {
        *s = SQRT_5 * value.sqrt();
    }
    for (value, s) in values.iter_mut().zip(slopes) {
        let decay = math::exp(-*s);
        let linear = (1.0 + *s) * decay;
        *value = linear + (5.0 / 3.0) * *value * decay;
        *s = (5.0 / 3.0) * linear;
    }
}

/// The same of the rational quadratic kernel of exponent 2, `k = (1 + r²/4)⁻²` and `(1 + r²/4)⁻³` (Rasmussen and Williams 2006,
/// eq. 4.19). It needs no exponential.
pub(super) fn rational(squared: f64) -> (f64, f64) {
    let inverse = 1.0 / (1.0 + 0.25 * squared);
    let square = inverse * inverse;
    (square, square * inverse)
}

/// Replaces squared scaled distances by correlations, and `slopes` by what [`rational`] says of their derivatives.
pub(super) fn rational_all(values: &mut [f64], slopes: &mut [f64]) {
    for (value, slope) in values.iter_mut().zip(slopes) {
        (*value, *slope) = rational(*value);
    }
}

/// Inverse lengths [d], from their logarithms.
pub(super) fn inverse_lengths(logarithms: &[f64]) -> Vec<f64> {
    logarithms.iter().map(|l| math::exp(-l)).collect()
}

/// `Σ ((a - b) / length)²`.
pub(super) fn scaled_distance(a: &[f64], b: &[f64], inverse_lengths: &[f64]) -> f64 {
    let mut sum = 0.0;
    for ((a, b), l) in a.iter().zip(b).zip(inverse_lengths) {
        let delta = (a - b) * l;
        sum += delta * delta;
    }
    sum
}
