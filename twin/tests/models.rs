//! What every surrogate promises.

use std::sync::{Arc, LazyLock};

use flowtwin_lab::{LARGEST, Streams};
use flowtwin_twin::{
    Belief, Context, FARTHEST, FitError, Mechanism, Model, Posterior, Surrogate, SurrogateSpec,
    Tuned,
};
use ndarray::Array2;

/// A simulator that knows the product of the first input and the last, but not how much it counts.
#[derive(Debug)]
struct Product;

#[derive(Debug)]
struct Times(f64);

impl Mechanism for Product {
    fn parameters(&self) -> usize {
        1
    }

    fn tuned(&self, z: &[f64]) -> Option<Arc<dyn Tuned>> {
        Some(Arc::new(Times(80.0 + 20.0 * z[0])))
    }
}

impl Tuned for Times {
    fn outcome(&self, x: &[f64]) -> f64 {
        500.0 + self.0 * x[0] * x[x.len() - 1]
    }
}

fn context() -> Context {
    Context::new(Streams::new(1)).with_mechanism(Some(Arc::new(Product)))
}

/// A smooth function of three inputs with a little noise, large enough not to be standardized by accident.
fn data(rows: usize) -> (Array2<f64>, Vec<f64>) {
    let mut stream = Streams::new(8).open("data", 0);
    let x = Array2::from_shape_simple_fn((rows, 3), || stream.uniform());
    let f = |r: ndarray::ArrayView1<'_, f64>| 500.0 + 100.0 * r[0] * r[1] + 40.0 * r[2] * r[2];
    let y = x.rows().into_iter().map(|r| f(r) + stream.normal()).collect();
    (x, y)
}

/// Every surrogate fitted to 30 experiments: once for all tests, because fitting takes most of the time.
fn fitted() -> impl Iterator<Item = (SurrogateSpec, &'static Model)> {
    static MODELS: LazyLock<[Model; SurrogateSpec::ALL.len()]> =
        LazyLock::new(|| SurrogateSpec::ALL.map(|surrogate| fit(surrogate, 30)));
    SurrogateSpec::ALL.into_iter().zip(&*MODELS)
}

fn fit(surrogate: SurrogateSpec, rows: usize) -> Model {
    let (x, y) = data(rows);
    surrogate.fit(x.view(), &y, &context()).expect("the data are finite")
}

#[test]
fn a_model_file_loads_back_bit_for_bit() {
    let (x, _) = data(30);
    for (surrogate, model) in fitted().filter(|(s, _)| s.needs_data_only()) {
        let text = serde_json::to_string(model).expect("a model is plain data");
        let loaded: Model = serde_json::from_str(&text).expect("it was just written");
        assert_eq!(loaded, *model, "{}", surrogate.name());
        assert_eq!(loaded.predict(x.view()), model.predict(x.view()), "{}", surrogate.name());
    }
}

#[test]
fn models_are_the_same_bits_as_ever() {
    let (x, _) = data(30);
    let digest = |(surrogate, model): (SurrogateSpec, &Model)| {
        let fresh = model.predict(x.view());
        let beliefs = fresh.iter().chain(model.held_out());
        // Folds the bits of all means and deviations into one number (Fowler, Noll and Vo).
        let hash = beliefs.fold(0xcbf2_9ce4_8422_2325, |hash: u64, belief| {
            [belief.mean, belief.sd]
                .iter()
                .fold(hash, |hash, v| (hash ^ v.to_bits()).wrapping_mul(0x0100_0000_01b3))
        });
        format!("{} {hash:016x}", surrogate.name())
    };
    assert_eq!(fitted().map(digest).collect::<Vec<_>>(), GOLDEN);
}

const GOLDEN: [&str; 7] = [
    "legacy-fastcat 06e4cb911702a6fa",
    "legacy-smartdope 0d4336b43467a184",
    "modern 763e4f67621f9c1b",
    "gp 831ee83d7eac2e43",
    "forest 185dc6d104e2a5f2",
    "stack c18c6da13765bcea",
    "twin f9232e7d44f8c60a",
];

#[test]
fn many_points_are_believed_as_each_alone_is() {
    let (x, _) = data(21);
    let points: Vec<Vec<f64>> = x.rows().into_iter().map(|row| row.to_vec()).collect();
    let views: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
    for (surrogate, model) in fitted() {
        let beliefs = model.beliefs(&views);
        assert_eq!(beliefs.len(), 21, "{}", surrogate.name());
        for (belief, x) in beliefs.iter().zip(&points) {
            assert_eq!(*belief, model.at(x), "{}", surrogate.name());
            if let Some(slope) = model.slope(x) {
                assert_eq!(slope.belief, *belief, "{}", surrogate.name());
            }
        }
    }
}

#[test]
fn slopes_are_those_of_finite_differences() {
    let x = [0.31, 0.62, 0.47];
    // A grey box takes larger differences, because simulators round; its own tests look at them.
    for (surrogate, model) in fitted().filter(|(s, _)| s.needs_data_only()) {
        let Some(slope) = model.slope(&x) else {
            continue;
        };
        let step = 1e-5;
        for j in 0..3 {
            let (mut above, mut below) = (x, x);
            above[j] += step;
            below[j] -= step;
            let (above, below) = (model.at(&above), model.at(&below));
            let by_mean = (above.mean - below.mean) / (2.0 * step);
            let by_sd = (above.sd - below.sd) / (2.0 * step);
            let name = surrogate.name();
            assert!((slope.mean[j] - by_mean).abs() < 1e-3, "{name}: {} {by_mean}", slope.mean[j]);
            assert!((slope.sd[j] - by_sd).abs() < 1e-3, "{name}: {} {by_sd}", slope.sd[j]);
        }
    }
}

#[test]
fn smooth_models_predict_fresh_points_within_their_own_interval() {
    let (x, y) = data(200);
    for surrogate in [SurrogateSpec::Modern, SurrogateSpec::Gp, SurrogateSpec::Stack] {
        let model = fit(surrogate, 60);
        let fresh = x.rows().into_iter().zip(&y).skip(60);
        let inside = fresh.filter(|(row, y)| {
            let belief = model.at(&row.to_vec()).with_noise(model.noise_sd());
            (belief.mean - *y).abs() < 1.96 * belief.sd
        });
        let share = inside.count() as f64 / 140.0;
        assert!((0.88..=1.0).contains(&share), "{}: {share}", surrogate.name());
    }
}

#[test]
fn equal_outcomes_and_repeated_points_are_no_trouble() {
    let x = Array2::from_elem((6, 2), 0.5);
    for surrogate in SurrogateSpec::ALL {
        let model = surrogate.fit(x.view(), &[3.0; 6], &context());
        let belief = model.expect("equal outcomes can be learnt").at(&[0.5, 0.5]);
        assert!(belief.mean.is_finite() && belief.sd.is_finite(), "{}", surrogate.name());
    }
}

#[test]
fn bad_data_are_refused_with_the_row() {
    let context = context();
    let x = Array2::from_shape_vec((2, 1), vec![0.0, f64::NAN]).expect("two rows");
    for surrogate in SurrogateSpec::ALL {
        let error = surrogate.fit(x.view(), &[1.0, 2.0], &context).expect_err("a NaN");
        assert!(matches!(error, FitError::NotSensible { row: 1, .. }));
        let error = surrogate.fit(x.view(), &[1.0], &context).expect_err("a row too few");
        assert_eq!(error, FitError::Shape { inputs: 2, outcomes: 1 });
    }
}

#[test]
fn outcomes_and_inputs_of_any_sensible_size_can_be_learnt() {
    let (x, y) = data(14);
    let sized = |size: f64| y.iter().map(|y| y * size).collect::<Vec<_>>();
    let mut spike = y.clone();
    spike[3] = -LARGEST;
    let mut far = x.clone();
    far[[5, 0]] = FARTHEST;
    let cases = [(&x, sized(1e-200)), (&x, sized(1e97)), (&x, spike), (&far, y.clone())];
    for (surrogate, (x, y)) in
        SurrogateSpec::ALL.into_iter().flat_map(|s| cases.iter().map(move |case| (s, case)))
    {
        let model = surrogate.fit(x.view(), y, &context()).expect("sensible");
        let at = vec![0.5; x.ncols()];
        let Belief { mean, sd } = model.at(&at);
        let name = surrogate.name();
        assert!(mean.is_finite() && sd.is_finite() && sd >= 0.0, "{name} {mean} {sd} {y:?}");
    }
}

#[test]
fn numbers_that_are_not_sensible_are_refused() {
    let context = context();
    let (x, mut y) = data(14);
    let mut far = x.clone();
    far[[5, 0]] = -2.0 * FARTHEST;
    for surrogate in SurrogateSpec::ALL {
        let error = surrogate.fit(far.view(), &y, &context).expect_err("too far out");
        assert_eq!(error, FitError::NotSensible { row: 5, value: -2.0 * FARTHEST });
    }
    y[2] = f64::MAX;
    for surrogate in SurrogateSpec::ALL {
        let error = surrogate.fit(x.view(), &y, &context).expect_err("too large");
        assert_eq!(error, FitError::NotSensible { row: 2, value: f64::MAX });
    }
}
