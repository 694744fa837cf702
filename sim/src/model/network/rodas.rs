//! A solver for stiff rate equations.
//!
//! RODAS of order 4 with an embedded solution of order 3: a Rosenbrock method of six stages, stiffly
//! accurate and L-stable (Hairer and Wanner, *Solving Ordinary Differential Equations II*, 1996, section
//! IV.7). Each step solves linear systems only, so the work is bounded, and every linear invariant of the
//! equations (moles of each element) is kept to rounding.

/// Equations dy/dt = f(y).
pub(super) trait Equations {
    /// Number of unknowns.
    fn len(&self) -> usize;

    /// Fills in f(y).
    fn slopes(&self, y: &[f64], slopes: &mut [f64]);

    /// Fills in ∂f/∂y, row by row.
    fn jacobian(&self, y: &[f64], jacobian: &mut [f64]);

    /// The error of an unknown that is let pass.
    fn tolerance(&self, index: usize, value: f64) -> f64;
}

/// The solver stopped before the end: the equations run away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unfinished;

/// Most steps for one stay at one temperature.
const MOST_STEPS: usize = 20_000;

const STAGES: usize = 6;
const GAMMA: f64 = 0.25;
/// Weights of the stages before, by stage.
const A: [[f64; 5]; STAGES] = [
    [0.0; 5],
    [1.544, 0.0, 0.0, 0.0, 0.0],
    [0.946_678_528_081_582_6, 0.255_701_169_898_328_4, 0.0, 0.0, 0.0],
    [3.314_825_187_068_521, 2.896_124_015_972_201, 0.998_641_913_997_781_7, 0.0, 0.0],
    [
        1.221_224_509_226_641,
        6.019_134_481_288_629,
        12.537_083_329_320_87,
        -0.687_886_036_105_895,
        0.0,
    ],
    [
        1.221_224_509_226_641,
        6.019_134_481_288_629,
        12.537_083_329_320_87,
        -0.687_886_036_105_895,
        1.0,
    ],
];
/// Weights over the step, by stage.
const C: [[f64; 5]; STAGES] = [
    [0.0; 5],
    [-5.6688, 0.0, 0.0, 0.0, 0.0],
    [-2.430_093_356_833_875, -0.206_359_915_709_191_5, 0.0, 0.0, 0.0],
    [-0.107_352_905_815_137_5, -9.594_562_251_023_355, -20.470_286_148_096_16, 0.0, 0.0],
    [
        7.496_443_313_967_647,
        -10.246_804_314_643_52,
        -33.999_903_528_199_05,
        11.708_908_932_061_6,
        0.0,
    ],
    [
        8.083_246_795_921_522,
        -7.981_132_988_064_893,
        -31.521_594_328_743_71,
        16.319_305_431_231_36,
        -6.058_818_238_834_054,
    ],
];

/// The step that the solver would try next: what follows goes on with it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace(Option<f64>);

/// Carries `y` on by `seconds`; returns the number of steps.
pub(super) fn advance(
    equations: &impl Equations,
    y: &mut [f64],
    seconds: f64,
    pace: &mut Pace,
) -> Result<usize, Unfinished> {
    let mut room = Room::new(equations.len());
    let first = pace.0.unwrap_or_else(|| first_step(equations, y, seconds, &mut room));
    let (mut done, mut step) = (0.0, first);
    let mut fresh = true;
    for steps in 0..MOST_STEPS {
        let left = seconds - done;
        if left <= 1e-14 * seconds {
            pace.0 = Some(step);
            return Ok(steps);
        }
        let last = step >= left;
        let h = if last { left } else { step };
        if fresh {
            equations.jacobian(y, &mut room.jacobian);
            equations.slopes(y, &mut room.start);
        }
        let error = room.attempt(equations, y, h);
        // The usual controller: order 4, a safety of 0.9, changes between 1/5 and 6.
        let factor = (0.9 / error.sqrt().sqrt()).clamp(0.2, 6.0);
        fresh = error <= 1.0;
        if fresh {
            y.copy_from_slice(&room.new);
            done = if last { seconds } else { done + h };
        }
        step = match error.is_finite() {
            // A last step that was cut short says nothing against longer ones.
            true if last && fresh => step.max(h * factor),
            true => h * factor,
            false => 0.1 * h,
        };
        if done + step <= done {
            return Err(Unfinished);
        }
    }
    Err(Unfinished)
}

/// A first step in which no unknown changes by much more than its tolerance allows at order 4.
fn first_step(equations: &impl Equations, y: &[f64], seconds: f64, room: &mut Room) -> f64 {
    equations.slopes(y, &mut room.start);
    let fastest =
        room.start.iter().zip(y).enumerate().fold(0.0_f64, |most, (i, (slope, value))| {
            most.max(slope.abs() / equations.tolerance(i, *value))
        });
    if fastest > 0.0 { (100.0 / fastest).min(seconds) } else { seconds }
}

/// Room for one step.
struct Room {
    jacobian: Vec<f64>,
    matrix: Vec<f64>,
    pivots: Vec<usize>,
    start: Vec<f64>,
    stages: [Vec<f64>; STAGES],
    new: Vec<f64>,
    slopes: Vec<f64>,
}

impl Room {
    fn new(n: usize) -> Self {
        let vector = || vec![0.0; n];
        Self {
            jacobian: vec![0.0; n * n],
            matrix: vec![0.0; n * n],
            pivots: vec![0; n],
            start: vector(),
            stages: std::array::from_fn(|_| vector()),
            new: vector(),
            slopes: vector(),
        }
    }

    /// Tries a step and returns its error in tolerances; `new` is where it leads.
    fn attempt(&mut self, equations: &impl Equations, y: &[f64], h: f64) -> f64 {
        let n = y.len();
        for (m, j) in self.matrix.iter_mut().zip(&self.jacobian) {
            *m = -j;
        }
        for i in 0..n {
            self.matrix[i * n + i] += 1.0 / (h * GAMMA);
        }
        if !factorize(&mut self.matrix, &mut self.pivots, n) {
            return f64::INFINITY;
        }
        for stage in 0..STAGES {
            self.stage(equations, y, h, stage);
        }
        // The last stage is the difference between the solutions of order 4 and 3.
        for i in 0..n {
            self.new[i] += self.stages[STAGES - 1][i];
        }
        let errors = self.stages[STAGES - 1].iter().zip(y).zip(&self.new).enumerate();
        errors.fold(0.0, |worst, (i, ((error, old), new))| {
            let relative = error.abs() / equations.tolerance(i, old.abs().max(new.abs()));
            // Not a number must not pass for small.
            if relative.is_nan() || relative > worst { relative } else { worst }
        })
    }

    fn stage(&mut self, equations: &impl Equations, y: &[f64], h: f64, stage: usize) {
        let (before, rest) = self.stages.split_at_mut(stage);
        let own = &mut rest[0];
        self.new.copy_from_slice(y);
        for (weight, earlier) in A[stage].iter().zip(before.iter()) {
            for (new, k) in self.new.iter_mut().zip(earlier) {
                *new += weight * k;
            }
        }
        if stage == 0 {
            own.copy_from_slice(&self.start);
        } else {
            equations.slopes(&self.new, &mut self.slopes);
            own.copy_from_slice(&self.slopes);
        }
        for (weight, earlier) in C[stage].iter().zip(before.iter()) {
            for (k, other) in own.iter_mut().zip(earlier) {
                *k += weight / h * other;
            }
        }
        solve(&self.matrix, &self.pivots, own);
    }
}

/// Splits a matrix into triangles in place, with partial pivoting; false where it is singular.
fn factorize(matrix: &mut [f64], pivots: &mut [usize], n: usize) -> bool {
    for column in 0..n {
        let size = |row: &usize| matrix[row * n + column].abs();
        let pivot = (column..n).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(column);
        pivots[column] = pivot;
        let largest = matrix[pivot * n + column].abs();
        if largest.is_nan() || largest <= 0.0 {
            return false;
        }
        for j in 0..n {
            matrix.swap(column * n + j, pivot * n + j);
        }
        for row in column + 1..n {
            let factor = matrix[row * n + column] / matrix[column * n + column];
            matrix[row * n + column] = factor;
            for j in column + 1..n {
                matrix[row * n + j] -= factor * matrix[column * n + j];
            }
        }
    }
    true
}

/// Solves with the triangles of [`factorize`].
fn solve(matrix: &[f64], pivots: &[usize], x: &mut [f64]) {
    let n = x.len();
    for (row, &pivot) in pivots.iter().enumerate() {
        x.swap(row, pivot);
    }
    for row in 1..n {
        let sum = (0..row).fold(x[row], |sum, j| sum - matrix[row * n + j] * x[j]);
        x[row] = sum;
    }
    for row in (0..n).rev() {
        let sum = (row + 1..n).fold(x[row], |sum, j| sum - matrix[row * n + j] * x[j]);
        x[row] = sum / matrix[row * n + row];
    }
}

/// `y` after this many steps of equal length.
#[cfg(test)]
pub(super) fn advance_evenly(
    equations: &impl Equations,
    y: &[f64],
    seconds: f64,
    steps: u32,
) -> Vec<f64> {
    let mut room = Room::new(equations.len());
    let mut y = y.to_vec();
    for _ in 0..steps {
        equations.jacobian(&y, &mut room.jacobian);
        equations.slopes(&y, &mut room.start);
        room.attempt(equations, &y, seconds / f64::from(steps));
        y.copy_from_slice(&room.new);
    }
    y
}
