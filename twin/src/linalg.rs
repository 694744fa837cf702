//! Dense linear algebra in one fixed order of operations.
//!
//! Matrices are square, row by row, and small (a few hundred rows). Library kernels choose their instructions by the
//! processor they find, and then round differently; these do not. What is long is done by adding rows to a row: there is
//! nothing to wait for and no sum to close, and the compiler makes vectors of it without changing a bit.

use std::ops::Range;

/// `a · b`, in eight sums that are added pairwise at the end.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let mut rest = 0.0;
    for (x, y) in a8.remainder().iter().zip(b8.remainder()) {
        rest += x * y;
    }
    for (x, y) in a8.zip(b8) {
        for k in 0..8 {
            sums[k] += x[k] * y[k];
        }
    }
    let pair = |i: usize| sums[i] + sums[i + 4];
    ((pair(0) + pair(2)) + (pair(1) + pair(3))) + rest
}

/// Adds `factor` times `x` to `y`.
pub(crate) fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

/// Adds `rows` of a matrix `m` [.., n] to `y`, from column `from` on, each times its factor; of row k the first `reach(k)`
/// values count, and what follows up to the next three rows' reach is zero.
fn add_rows(
    y: &mut [f64],
    rows: Range<usize>,
    factor: impl Fn(usize) -> f64,
    (m, n, from): (&[f64], usize, usize),
    reach: impl Fn(usize) -> usize,
) {
    let fours = rows.start + rows.len() / 4 * 4;
    let row = |k: usize, length: usize| &m[k * n + from..k * n + from + length];
    for k in (rows.start..fours).step_by(4) {
        let length = reach(k + 3);
        let factors = [factor(k), factor(k + 1), factor(k + 2), factor(k + 3)];
        let four = [row(k, length), row(k + 1, length), row(k + 2, length), row(k + 3, length)];
        add_four(&mut y[..length], factors, four);
    }
    for k in fours..rows.end {
        let length = reach(k);
        add_scaled(&mut y[..length], factor(k), row(k, length));
    }
}

/// Adds four rows to `y`, one after the other, but reads and writes `y` once.
fn add_four(y: &mut [f64], [f, g, h, i]: [f64; 4], [a, b, c, d]: [&[f64]; 4]) {
    for ((((y, a), b), c), d) in y.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *y = (((*y + f * a) + g * b) + h * c) + i * d;
    }
}

/// Factorizes a symmetric matrix `a` [n, n], of which the lower triangle is read, as L Lᵀ (Cholesky); Lᵀ is written to the
/// upper triangle, and the diagonal. False where the matrix is not positive definite.
pub(crate) fn cholesky(a: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        for j in i + 1..n {
            a[i * n + j] = a[j * n + i];
        }
        let (above, below) = a.split_at_mut(i * n);
        let row = &mut below[i..n];
        add_rows(row, 0..i, |k| -above[k * n + i], (above, n, i), |_| n - i);
        let pivot = row[0];
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        let root = pivot.sqrt();
        row[0] = root;
        row[1..].iter_mut().for_each(|value| *value /= root);
    }
    true
}

/// The inverse of the L that [`cholesky`] has left as `factor` [n, n]; zeros above the diagonal.
pub(crate) fn invert_factor(factor: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for i in 0..n {
        let (above, below) = inverse.split_at_mut(i * n);
        let own = factor[i * n + i];
        let row = &mut below[..i];
        add_rows(row, 0..i, |k| -factor[k * n + i], (above, n, 0), |k| k + 1);
        row.iter_mut().for_each(|value| *value /= own);
        below[i] = 1.0 / own;
    }
    inverse
}

/// `L v` for the L that [`cholesky`] has left as `factor` [n, n].
pub(crate) fn factor_times(factor: &[f64], n: usize, v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; n];
    for (k, v) in v.iter().enumerate() {
        add_scaled(&mut out[k..], *v, &factor[k * n + k..(k + 1) * n]);
    }
    out
}

/// The lower triangle of `m mᵀ` for a matrix `m` [n, width] by rows [n, n]; the rest is zero.
pub(crate) fn gram_of_rows(m: &[f64], width: usize) -> Vec<f64> {
    let n = m.len() / width;
    let mut gram = vec![0.0; n * n];
    for (i, row) in m.chunks_exact(width).enumerate() {
        for (product, other) in gram[i * n..=i * n + i].iter_mut().zip(m.chunks_exact(width)) {
            *product = dot(row, other);
        }
    }
    gram
}

/// The lower triangle of `mᵀ m` for a matrix `m` [.., width] by rows [width, width]; the rest is zero.
pub(crate) fn gram_of_columns(m: &[f64], width: usize) -> Vec<f64> {
    let mut gram = vec![0.0; width * width];
    let rows = m.len() / width;
    for i in 0..width {
        let target = &mut gram[i * width..=i * width + i];
        add_rows(target, 0..rows, |k| m[k * width + i], (m, width, 0), |_| i + 1);
    }
    gram
}

/// The lower triangle of `mᵀ m` for a lower-triangular `m` [n, n]; the rest is zero.
pub(crate) fn gram_of_lower(m: &[f64], n: usize) -> Vec<f64> {
    let mut gram = vec![0.0; n * n];
    for i in 0..n {
        let target = &mut gram[i * n..=i * n + i];
        add_rows(target, i..n, |k| m[k * n + i], (m, n, 0), |_| i + 1);
    }
    gram
}

/// `mᵀ v` for a matrix `m` [n, width] by rows.
pub(crate) fn transposed_times(m: &[f64], width: usize, v: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; width];
    add_rows(&mut out, 0..v.len(), |k| v[k], (m, width, 0), |_| width);
    out
}

/// `m v` for a lower-triangular `m` [n, n].
pub(crate) fn lower_times(m: &[f64], n: usize, v: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.extend((0..n).map(|i| dot(&m[i * n..=i * n + i], &v[..=i])));
}

/// `mᵀ v` for a lower-triangular `m` [n, n].
pub(crate) fn lower_transposed_times(m: &[f64], n: usize, v: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.resize(n, 0.0);
    add_rows(out, 0..n, |k| v[k], (m, n, 0), |k| k + 1);
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    fn positive_definite(n: usize) -> Vec<f64> {
        let mut stream = Streams::new(1).open("test", n as u64);
        let b: Vec<f64> = (0..n * n).map(|_| stream.normal()).collect();
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                let own = if i == j { 1.0 } else { 0.0 };
                a[i * n + j] = own + dot(&b[i * n..(i + 1) * n], &b[j * n..(j + 1) * n]);
            }
        }
        a
    }

    #[test]
    fn the_inverse_from_the_factor_is_the_inverse() {
        for n in [1, 2, 7, 19, 40] {
            let a = positive_definite(n);
            let mut l = a.clone();
            assert!(cholesky(&mut l, n));
            let inverse = gram_of_lower(&invert_factor(&l, n), n);
            let at = |i: usize, j: usize| inverse[i.max(j) * n + i.min(j)];
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..n).map(|k| a[i * n + k] * at(k, j)).sum();
                    let expected = if i == j { 1.0 } else { 0.0 };
                    assert!((product - expected).abs() < 1e-9, "{n}: {i} {j} {product}");
                }
            }
        }
    }

    #[test]
    fn an_indefinite_matrix_is_recognised() {
        assert!(!cholesky(&mut [1.0, 0.0, 2.0, 1.0], 2));
        assert!(!cholesky(&mut [f64::NAN], 1));
    }

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix() {
        for n in [1, 5, 9] {
            let a = positive_definite(n);
            let mut factor = a.clone();
            assert!(cholesky(&mut factor, n));
            for i in 0..n {
                let row: Vec<f64> =
                    (0..n).map(|k| if k <= i { factor[k * n + i] } else { 0.0 }).collect();
                for (product, a) in factor_times(&factor, n, &row).iter().zip(&a[i * n..]) {
                    assert!((product - a).abs() < 1e-12, "{n}: {product} {a}");
                }
            }
        }
    }

    #[test]
    fn matrices_times_themselves_are_those_of_the_definition() {
        let m = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(gram_of_rows(&m, 3), [14.0, 0.0, 32.0, 77.0]);
        assert_eq!(gram_of_columns(&m, 2), [35.0, 0.0, 44.0, 56.0]);
        assert_eq!(transposed_times(&m, 2, &[1.0, 0.0, 2.0]), [11.0, 14.0]);
    }

    #[test]
    fn triangular_products_are_those_of_the_definition() {
        let m = [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -1.0, 4.0, 5.0];
        let mut out = Vec::new();
        lower_times(&m, 3, &[1.0, 2.0, 3.0], &mut out);
        assert_eq!(out, [2.0, 7.0, 22.0]);
        lower_transposed_times(&m, 3, &[1.0, 2.0, 3.0], &mut out);
        assert_eq!(out, [1.0, 18.0, 15.0]);
    }
}
