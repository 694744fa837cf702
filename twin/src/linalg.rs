//! Dense linear algebra in one fixed order of operations.
//!
//! Matrices are square, row by row, and small (a few hundred rows). Library kernels choose their instructions by the
//! processor they find, and then round differently; these do not.

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

/// Replaces the lower triangle of a symmetric matrix `a` [n, n] by its Cholesky factor; the upper triangle is not read.
/// False where the matrix is not positive definite.
pub(crate) fn cholesky(a: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        let (above, row) = a.split_at_mut(i * n);
        for j in 0..i {
            let other = &above[j * n..=j * n + j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        row[i] = pivot.sqrt();
    }
    true
}

/// The inverse of a lower-triangular matrix `l` [n, n]; zeros above the diagonal.
pub(crate) fn invert_lower(l: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for i in 0..n {
        append_inverse_row(&l[i * n..=i * n + i], &mut inverse, n);
    }
    inverse
}

/// Fills row `i` of the inverse of a lower-triangular matrix, given that matrix' row `i` [i + 1] and the rows of the
/// inverse before.
fn append_inverse_row(row: &[f64], inverse: &mut [f64], n: usize) {
    let i = row.len() - 1;
    let (above, below) = inverse.split_at_mut(i * n);
    let target = &mut below[..=i];
    for k in 0..i {
        add_scaled(&mut target[..=k], -row[k], &above[k * n..=k * n + k]);
    }
    for value in &mut target[..i] {
        *value /= row[i];
    }
    target[i] = 1.0 / row[i];
}

/// The lower triangle of `mᵀ m` for a lower-triangular `m` [n, n]; the rest is zero.
pub(crate) fn gram_of_lower(m: &[f64], n: usize) -> Vec<f64> {
    let mut gram = vec![0.0; n * n];
    for k in 0..n {
        let row = &m[k * n..=k * n + k];
        for i in 0..=k {
            add_scaled(&mut gram[i * n..=i * n + i], row[i], &row[..=i]);
        }
    }
    gram
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
    for (i, v) in v.iter().enumerate() {
        add_scaled(&mut out[..=i], *v, &m[i * n..=i * n + i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::Streams;

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
            let inverse = gram_of_lower(&invert_lower(&l, n), n);
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
    fn triangular_products_are_those_of_the_definition() {
        let m = [2.0, 0.0, 0.0, 1.0, 3.0, 0.0, -1.0, 4.0, 5.0];
        let mut out = Vec::new();
        lower_times(&m, 3, &[1.0, 2.0, 3.0], &mut out);
        assert_eq!(out, [2.0, 7.0, 22.0]);
        lower_transposed_times(&m, 3, &[1.0, 2.0, 3.0], &mut out);
        assert_eq!(out, [1.0, 18.0, 15.0]);
    }
}
