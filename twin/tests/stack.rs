//! What the stack promises on few experiments.

use std::num::NonZeroUsize;

use flowtwin_lab::{Streams, math};
use flowtwin_twin::{Context, Model, Posterior, Surrogate, SurrogateSpec};
use ndarray::{Array2, ArrayView1};

type Function = fn(ArrayView1<'_, f64>) -> f64;

/// `rows` points in four inputs, and a function of them with noise.
fn data(rows: usize, f: Function, noise: f64, seed: u64) -> (Array2<f64>, Vec<f64>) {
    let mut stream = Streams::new(seed).open("data", 0);
    let x = Array2::from_shape_simple_fn((rows, 4), || stream.uniform());
    let y = x.rows().into_iter().map(|r| f(r) + noise * stream.normal()).collect();
    (x, y)
}

fn plane(r: ArrayView1<'_, f64>) -> f64 {
    3.0 * r[0] - 2.0 * r[1] + r[2]
}

fn wave(r: ArrayView1<'_, f64>) -> f64 {
    2.0 * math::sin(5.0 * r[0]) + r[1]
}

fn steps(r: ArrayView1<'_, f64>) -> f64 {
    let above = |value: f64, step: f64| if value > step { 1.0 } else { 0.0 };
    3.0 * above(r[0], 0.5) + above(r[1], 0.3) * above(r[2], 0.6)
}

fn fit(surrogate: SurrogateSpec, x: &Array2<f64>, y: &[f64]) -> Model {
    let context = Context::new(Streams::new(1));
    surrogate.fit(x.view(), y, &context).expect("the data are finite")
}

/// The mean over seeds of the weight of each model.
fn weights(rows: usize, f: Function, noise: f64) -> Vec<(&'static str, f64)> {
    let one = |seed| {
        let (x, y) = data(rows, f, noise, seed);
        fit(SurrogateSpec::Stack, &x, &y).weights()
    };
    let mut sums = one(0);
    for seed in 1..8 {
        sums.iter_mut().zip(one(seed)).for_each(|(sum, (_, weight))| sum.1 += weight);
    }
    sums.into_iter().map(|(name, sum)| (name, sum / 8.0)).collect()
}

fn weight(weights: &[(&'static str, f64)], name: &str) -> f64 {
    weights.iter().find(|(n, _)| *n == name).expect("a model of that name").1
}

/// The sum of squared errors at fresh points, over seeds.
fn errors(surrogate: SurrogateSpec, rows: usize, f: Function, noise: f64) -> f64 {
    let mut sum = 0.0;
    for seed in 0..8 {
        let (x, y) = data(rows, f, noise, seed);
        let model = fit(surrogate, &x, &y);
        let (fresh, truth) = data(200, f, 0.0, seed + 1000);
        for (belief, truth) in model.predict(fresh.view()).iter().zip(truth) {
            sum += (belief.mean - truth) * (belief.mean - truth);
        }
    }
    sum
}

#[test]
fn of_a_noisy_plane_in_thirty_rows_the_plane_is_believed_most() {
    let weights = weights(30, plane, 0.8);
    let linear = weight(&weights, "linear");
    for (name, weight) in &weights {
        assert!(*name == "linear" || *weight < linear, "{weights:?}");
    }
    let (stack, gp) =
        (errors(SurrogateSpec::Stack, 30, plane, 0.8), errors(SurrogateSpec::Gp, 30, plane, 0.8));
    assert!(stack < 0.8 * gp, "{stack} {gp}");
}

#[test]
fn what_waves_is_left_to_models_that_can() {
    let weights = weights(60, wave, 0.1);
    let bendable: f64 =
        ["gp", "broad-gp", "modern"].map(|name| weight(&weights, name)).iter().sum();
    assert!(bendable > 0.9, "{weights:?}");
}

#[test]
fn what_jumps_is_left_to_the_forest() {
    let weights = weights(80, steps, 0.1);
    let forest = weight(&weights, "forest");
    assert!(
        weights.iter().all(|(name, weight)| *name == "forest" || *weight < forest),
        "{weights:?}"
    );
}

#[test]
fn intervals_hold_what_they_promise_on_few_rows() {
    // Three functions of another kind each, with little and much noise; the outcomes of fresh experiments, noise included.
    for rows in [16, 30] {
        let (mut inside, mut all) = (0, 0);
        for f in [plane as Function, wave, steps] {
            for (seed, noise) in (0..6).flat_map(|seed| [(seed, 0.1), (seed, 0.8)]) {
                let (x, y) = data(rows, f, noise, seed);
                let model = fit(SurrogateSpec::Stack, &x, &y);
                let (fresh, outcomes) = data(60, f, noise, seed + 1000);
                for (belief, y) in model.predict(fresh.view()).iter().zip(outcomes) {
                    let belief = belief.with_noise(model.noise_sd());
                    inside += usize::from((belief.mean - y).abs() <= 1.96 * belief.sd);
                    all += 1;
                }
            }
        }
        let share = inside as f64 / f64::from(all);
        assert!((0.92..=0.98).contains(&share), "{rows}: {share}");
    }
}

#[test]
fn threads_change_no_bit() {
    let (x, y) = data(25, wave, 0.3, 1);
    let one = fit(SurrogateSpec::Stack, &x, &y);
    let threads = NonZeroUsize::new(3).expect("three");
    let context = Context::new(Streams::new(1)).with_threads(threads);
    assert_eq!(one, SurrogateSpec::Stack.fit(x.view(), &y, &context).expect("finite"));
}

#[test]
fn the_fewest_rows_and_replicates_alone_are_fitted() {
    let (x, y) = data(9, plane, 0.1, 1);
    for rows in 2..9 {
        let few = x.slice(ndarray::s![..rows, ..]);
        let context = Context::new(Streams::new(1));
        let model = SurrogateSpec::Stack.fit(few, &y[..rows], &context).expect("finite");
        let belief = model.at(&[0.5; 4]);
        assert!(belief.mean.is_finite() && belief.sd > 0.0, "{rows}: {belief:?}");
    }
}
