//! The only file that names argmin: smooth functions of a few variables, with their derivatives.

use std::cell::{Cell, RefCell};

use argmin::core::{CostFunction, Error, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;

/// Steps remembered by L-BFGS.
const MEMORY: usize = 7;
/// Most evaluations of one line search: what is usual for that of Moré and Thuente, which argmin does not bound. Where
/// values or slopes make no sense it would go on for ever.
const EVALUATIONS: u64 = 20;

/// Where a function was found to be lowest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Optimum {
    pub(crate) x: Vec<f64>,
    pub(crate) value: f64,
    pub(crate) evaluations: u64,
}

/// Follows `f`, which returns a value and its derivatives, downhill from `start` by at most `steps` steps of L-BFGS
/// (Nocedal 1980) with the line search of Moré and Thuente (1994).
///
/// It ends where a step gains less than `least`, and after 20 evaluations a step on average. The
/// lowest point that was evaluated is returned, also where the search
/// stalls.
pub(crate) fn minimise(
    f: impl Fn(&[f64]) -> (f64, Vec<f64>),
    start: Vec<f64>,
    steps: u64,
    least: f64,
) -> Optimum {
    let problem = Remembered {
        f,
        // The start is evaluated too, and each evaluation is asked for a value and for a slope.
        left: Cell::new(2 * EVALUATIONS * (steps + 1)),
        last: RefCell::new(None),
        best: RefCell::new(Optimum { x: start.clone(), value: f64::INFINITY, evaluations: 0 }),
    };
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_grad(1e-5)
        .and_then(|solver| solver.with_tolerance_cost(least))
        .expect("the tolerances are not negative");
    let executor = Executor::new(&problem, solver)
        .configure(|state| state.param(start).max_iters(steps))
        .timer(false);
    // A stalled line search ends the search; what it found so far is kept in `problem`.
    let _ = executor.run();
    problem.best.into_inner()
}

/// Where a function was evaluated, its value there and its slope.
type Remembrance = (Vec<f64>, f64, Vec<f64>);

/// A function that remembers its last value, because argmin asks for value and derivatives one after the other, and its
/// lowest; it allows a limited number of evaluations.
struct Remembered<F> {
    f: F,
    /// How often it may still be evaluated.
    left: Cell<u64>,
    last: RefCell<Option<Remembrance>>,
    best: RefCell<Optimum>,
}

impl<F: Fn(&[f64]) -> (f64, Vec<f64>)> Remembered<F> {
    fn with<T>(&self, x: &[f64], take: impl Fn(f64, &[f64]) -> T) -> Result<T, Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| Error::msg("no evaluation is left"))?);
        let mut last = self.last.borrow_mut();
        if let Some((at, value, slope)) = last.as_ref()
            && at == x
        {
            return Ok(take(*value, slope));
        }
        let (value, slope) = (self.f)(x);
        let mut best = self.best.borrow_mut();
        best.evaluations += 1;
        if value < best.value {
            best.value = value;
            best.x = x.to_vec();
        }
        let answer = take(value, &slope);
        *last = Some((x.to_vec(), value, slope));
        Ok(answer)
    }
}

impl<F: Fn(&[f64]) -> (f64, Vec<f64>)> CostFunction for &Remembered<F> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        self.with(x, |value, _| value)
    }
}

impl<F: Fn(&[f64]) -> (f64, Vec<f64>)> Gradient for &Remembered<F> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        self.with(x, |_, slope| slope.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_valley_of_rosenbrock_is_followed_to_its_end() {
        // Rosenbrock 1960, DOI 10.1093/comjnl/3.3.175.
        let f = |x: &[f64]| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            let slope = vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b];
            (a * a + 100.0 * b * b, slope)
        };
        let optimum = minimise(f, vec![-1.2, 1.0], 100, 1e-7);
        assert!(optimum.value < 1e-6, "{optimum:?}");
        assert!(optimum.evaluations < 100, "{optimum:?}");
    }

    #[test]
    fn functions_without_a_lowest_point_end_the_search() {
        let without: [fn(f64) -> (f64, f64); 5] = [
            |x| (-x, -1.0),
            |x| (x, -1.0),
            |_| (f64::NAN, f64::NAN),
            |_| (f64::INFINITY, 1.0),
            |x| (-x * 1e300, f64::NEG_INFINITY),
        ];
        for f in without {
            let optimum = minimise(
                |x| {
                    let (value, slope) = f(x[0]);
                    (value, vec![slope])
                },
                vec![1.0],
                10,
                1e-7,
            );
            assert!(optimum.evaluations <= 2 * EVALUATIONS * 11, "{optimum:?}");
        }
    }
}
