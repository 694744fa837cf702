//! Functions that optimisers are usually compared on, turned so that they are maximised.

use std::f64::consts::{E, PI};

use flowtwin_lab::{Stream, Streams, math};

use crate::problem::{Problem, space};

/// A function to be minimised.
type Function = fn(&[f64]) -> f64;

/// A function, its inputs and what is known of its lowest value.
struct Standard {
    name: &'static str,
    function: Function,
    /// Ranges of the inputs, the same for all or one for each.
    ranges: &'static [(f64, f64)],
    dim: usize,
    lowest: f64,
    /// By how much the box is moved for each seed, as a share of its width, so that no optimum stands in the middle.
    moved: f64,
}

const ALL: [Standard; 6] = [
    Standard {
        name: "hartmann",
        function: hartmann,
        ranges: &[(0.0, 1.0)],
        dim: 6,
        lowest: -3.322_368,
        moved: 0.0,
    },
    Standard {
        name: "ackley",
        function: ackley,
        ranges: &[(-5.0, 5.0)],
        dim: 6,
        lowest: 0.0,
        moved: 0.3,
    },
    Standard {
        name: "levy",
        function: levy,
        ranges: &[(-10.0, 10.0)],
        dim: 8,
        lowest: 0.0,
        moved: 0.3,
    },
    Standard {
        name: "rosenbrock",
        function: rosenbrock,
        ranges: &[(-2.0, 2.0)],
        dim: 5,
        lowest: 0.0,
        moved: 0.0,
    },
    Standard {
        name: "michalewicz",
        function: michalewicz,
        ranges: &[(0.0, PI)],
        dim: 5,
        lowest: -4.687_658,
        moved: 0.0,
    },
    Standard {
        name: "branin",
        function: branin,
        ranges: &[(-5.0, 10.0), (0.0, 15.0)],
        dim: 20,
        lowest: 0.397_887,
        moved: 0.0,
    },
];

/// The problem of this name for a seed, with noise of 2 % of the standard deviation of the function over its region.
pub(crate) fn problem(name: &str, seed: u64) -> Option<Problem> {
    let of = ALL.iter().find(|of| of.name == name)?;
    let mut stream = Streams::new(seed).open("problem/standard", 0);
    let (mut low, mut high) = (Vec::new(), Vec::new());
    for i in 0..of.dim {
        let (from, to) = of.ranges[i % of.ranges.len()];
        let by = of.moved * stream.between(-1.0, 1.0) * (to - from);
        low.push(from + by);
        high.push(to + by);
    }
    let function = of.function;
    let (mean, sd) = moments(function, &low, &high);
    let optimum = -of.lowest;
    Some(Problem {
        space: space(&low, &high),
        f: Box::new(move |x| -function(x)),
        noise: (0.0, 0.02 * sd),
        optimum,
        typical: mean,
        found: optimum - 0.1 * (optimum - mean),
    })
}

/// Mean and standard deviation of minus the function over its region, from 4096 random points.
fn moments(function: Function, low: &[f64], high: &[f64]) -> (f64, f64) {
    let mut stream: Stream = Streams::new(0).open("problem/moments", 0);
    let mut at = || -> f64 {
        let x: Vec<f64> = low.iter().zip(high).map(|(l, h)| stream.between(*l, *h)).collect();
        -function(&x)
    };
    let values: Vec<f64> = (0..4096).map(|_| at()).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    (mean, (squares / count).sqrt())
}

/// Hartmann in six inputs (Dixon and Szegö 1978).
fn hartmann(x: &[f64]) -> f64 {
    const ALPHA: [f64; 4] = [1.0, 1.2, 3.0, 3.2];
    const A: [[f64; 6]; 4] = [
        [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
        [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
        [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
        [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
    ];
    const P: [[f64; 6]; 4] = [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ];
    let term = |i: usize| {
        let inner: f64 = (0..6).map(|j| A[i][j] * (x[j] - P[i][j]) * (x[j] - P[i][j])).sum();
        ALPHA[i] * math::exp(-inner)
    };
    -(0..4).map(term).sum::<f64>()
}

/// Ackley (1987).
fn ackley(x: &[f64]) -> f64 {
    let count = x.len() as f64;
    let squares = x.iter().map(|x| x * x).sum::<f64>() / count;
    let waves = x.iter().map(|x| math::cos(2.0 * PI * x)).sum::<f64>() / count;
    20.0 + E - 20.0 * math::exp(-0.2 * squares.sqrt()) - math::exp(waves)
}

/// Levy and Montalvo (1985).
fn levy(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let sine = |x: f64| math::sin(x) * math::sin(x);
    let last = w[w.len() - 1];
    let inner = |w: &f64| (w - 1.0) * (w - 1.0) * (1.0 + 10.0 * sine(PI * w + 1.0));
    sine(PI * w[0])
        + w[..w.len() - 1].iter().map(inner).sum::<f64>()
        + (last - 1.0) * (last - 1.0) * (1.0 + sine(2.0 * PI * last))
}

/// Rosenbrock (1960), in several inputs.
fn rosenbrock(x: &[f64]) -> f64 {
    let step = |p: &[f64]| {
        100.0 * (p[1] - p[0] * p[0]) * (p[1] - p[0] * p[0]) + (1.0 - p[0]) * (1.0 - p[0])
    };
    x.windows(2).map(step).sum()
}

/// Michalewicz (1992), with steepness 10.
fn michalewicz(x: &[f64]) -> f64 {
    let ridge = |(i, x): (usize, &f64)| {
        math::sin(*x) * math::pow(math::sin((i + 1) as f64 * x * x / PI).abs(), 20.0)
    };
    -x.iter().enumerate().map(ridge).sum::<f64>()
}

/// Branin (1972) of the first two inputs; the others do nothing.
fn branin(x: &[f64]) -> f64 {
    let bend = x[1] - 5.1 / (4.0 * PI * PI) * x[0] * x[0] + 5.0 / PI * x[0] - 6.0;
    bend * bend + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * math::cos(x[0]) + 10.0
}
