//! Exact Shapley values.

/// The Shapley values of `f` at each of `points` [n][d]: what each input adds to the mean prediction over `background`
/// on the way to the prediction at the point, averaged over all orders of the inputs (Shapley 1953; Lundberg and Lee
/// 2017). Inputs that are left out take the values of the background, one row after the other.
///
/// All 2^d coalitions are evaluated.
pub(super) fn values(
    f: impl Fn(&[f64]) -> f64,
    points: &[&[f64]],
    background: &[&[f64]],
) -> Vec<Vec<f64>> {
    points.iter().map(|point| at(&f, point, background)).collect()
}

fn at(f: &impl Fn(&[f64]) -> f64, point: &[f64], background: &[&[f64]]) -> Vec<f64> {
    let d = point.len();
    let worth: Vec<f64> = (0..1_usize << d).map(|set| worth(f, point, background, set)).collect();
    let weights = weights(d);
    let value = |i: usize| {
        let without = (0..1_usize << d).filter(|set| set & (1 << i) == 0);
        let gain =
            |set: usize| weights[set.count_ones() as usize] * (worth[set | (1 << i)] - worth[set]);
        without.fold(0.0, |sum, set| sum + gain(set))
    };
    (0..d).map(value).collect()
}

/// Mean of `f` with the inputs of `set` from the point and all others from the background.
fn worth(f: &impl Fn(&[f64]) -> f64, point: &[f64], background: &[&[f64]], set: usize) -> f64 {
    let mut x = vec![0.0; point.len()];
    let mut sum = 0.0;
    for row in background {
        for (i, value) in x.iter_mut().enumerate() {
            *value = if set & (1 << i) == 0 { row[i] } else { point[i] };
        }
        sum += f(&x);
    }
    sum / background.len() as f64
}

/// k! (d − k − 1)! / d! for coalitions of k inputs.
fn weights(d: usize) -> Vec<f64> {
    let factorial = |n: usize| (1..=n).fold(1.0, |product, k| product * k as f64);
    (0..d).map(|k| factorial(k) * factorial(d - k - 1) / factorial(d)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_add_up_to_the_prediction_and_an_idle_input_gets_none() {
        let f = |x: &[f64]| 3.0 * x[0] + x[0] * x[1];
        let background: [&[f64]; 2] = [&[0.0, 0.0, 0.3], &[1.0, 1.0, 0.9]];
        let point: [&[f64]; 1] = [&[2.0, 0.5, 0.7]];
        let values = &values(f, &point, &background)[0];
        let sum: f64 = values.iter().sum();
        let mean = (f(background[0]) + f(background[1])) / 2.0;
        assert!((sum - (f(point[0]) - mean)).abs() < 1e-12);
        assert!(values[2].abs() < 1e-12);
    }
}
