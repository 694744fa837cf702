//! Least squares by Levenberg and Marquardt, from several starts.

use flowtwin_campaign::scenario::Free;
use flowtwin_lab::Streams;
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{DMatrix, DVector, Dyn};

use crate::model::{Model, slope};
use crate::whitening::Whitener;

/// Starts beside the scenario's own values, where those do not explain the data.
const STARTS: usize = 5;
/// Evaluations of one start, at most, in those of one gradient.
const PATIENCE: usize = 30;
/// How much a value is believed to lie where the scenario has it: half its range, standard deviation. It decides only what
/// the data leave open.
const BELIEF: f64 = 0.5;
/// Sum of squares for each degree of freedom above which other starts are tried.
const EXPLAINED: f64 = 2.0;

/// Where the squares are least.
#[derive(Clone, Debug)]
pub(crate) struct Fit {
    /// Values on their scales.
    pub(crate) scaled: Vec<f64>,
    /// Sum of squares of the residuals, free of noise.
    pub(crate) squares: f64,
    /// Whether the search came to its end by itself.
    pub(crate) settled: bool,
}

/// Weights of experiments, by number of residuals.
pub(crate) type Weights = DVector<f64>;

/// The problem in coordinates without bounds: value = low + (high − low)/(1 + e^−z) on its scale.
///
/// Every search begins at a distance of one from its origin in each of them. Its first step is at most a hundred times as long
/// as its start is far from the origin: from the origin itself it could not move.
struct Problem<'m, 'a> {
    model: &'m Model<'a>,
    whitener: &'m Whitener,
    weights: &'m Weights,
    origin: DVector<f64>,
    at: DVector<f64>,
    table: Option<crate::model::Table>,
}

fn ends(free: &Free) -> (f64, f64) {
    (free.scaled(free.low), free.scaled(free.high))
}

fn inside(free: &Free, z: f64) -> f64 {
    let (low, high) = ends(free);
    low + (high - low) / (1.0 + flowtwin_lab::math::exp(-z))
}

fn outside(free: &Free, scaled: f64) -> f64 {
    let (low, high) = ends(free);
    let share = ((scaled - low) / (high - low)).clamp(1e-6, 1.0 - 1e-6);
    flowtwin_lab::math::ln(share / (1.0 - share))
}

impl Problem<'_, '_> {
    fn scaled(&self) -> Vec<f64> {
        let z = self.at.iter().zip(self.origin.iter()).map(|(at, origin)| at + origin);
        self.model.free.iter().zip(z).map(|(free, z)| inside(free, z)).collect()
    }

    fn weighted(&self, residuals: DVector<f64>) -> DVector<f64> {
        residuals.component_mul(self.weights)
    }

    /// Residuals, and what the values are away from the scenario's in half ranges.
    fn with_belief(&self, residuals: &DVector<f64>) -> DVector<f64> {
        let beliefs = self.model.free.iter().zip(self.scaled()).map(|(free, scaled)| {
            let (low, high) = ends(free);
            (scaled - free.scaled(free.start)) / (BELIEF * (high - low))
        });
        let beliefs: Vec<f64> = beliefs.collect();
        DVector::from_iterator(
            residuals.len() + beliefs.len(),
            residuals.iter().copied().chain(beliefs),
        )
    }
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_, '_> {
    type ParameterStorage = Owned<f64, Dyn>;
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;

    fn set_params(&mut self, x: &DVector<f64>) {
        self.at.copy_from(x);
        self.table = self.model.predict(&self.scaled());
    }

    fn params(&self) -> DVector<f64> {
        self.at.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        let residuals = self.whitener.residuals(self.model.experiments, self.table.as_ref()?);
        let residuals = self.weighted(residuals);
        residuals.iter().all(|r| r.is_finite()).then(|| self.with_belief(&residuals))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        const STEP: f64 = 1e-2;
        let (here, scaled) = (self.table.as_ref()?, self.scaled());
        let n = self.weights.len();
        let mut jacobian = DMatrix::zeros(n + scaled.len(), scaled.len());
        for (k, free) in self.model.free.iter().enumerate() {
            let (low, high) = ends(free);
            // By one step of the value on its scale, towards the middle of its range.
            let step = if scaled[k] > 0.5 * (low + high) { -STEP } else { STEP };
            let mut there = scaled.clone();
            there[k] += step;
            let slope = slope(&self.model.predict(&there)?, here, step);
            let share = (scaled[k] - low) / (high - low);
            let by_z = (high - low) * share * (1.0 - share);
            let column = self.weighted(-self.whitener.apply(&slope));
            jacobian.view_mut((0, k), (n, 1)).copy_from(&(column * by_z));
            jacobian[(n + k, k)] = by_z / (BELIEF * (high - low));
        }
        jacobian.iter().all(|d| d.is_finite()).then_some(jacobian)
    }
}

/// The values that explain the data best.
pub(crate) fn fit(model: &Model<'_>, whitener: &Whitener, from: &Fit, weights: &Weights) -> Fit {
    let keys = model.free.len();
    let start = model.free.iter().zip(&from.scaled).map(|(free, &s)| outside(free, s) - 1.0);
    let origin = DVector::from_iterator(keys, start);
    let at = DVector::from_element(keys, 1.0);
    let mut problem = Problem { model, whitener, weights, origin, at: at.clone(), table: None };
    problem.set_params(&at);
    let search = LevenbergMarquardt::new()
        .with_ftol(1e-7)
        .with_xtol(1e-7)
        .with_gtol(1e-9)
        .with_patience(PATIENCE);
    let (found, report) = search.minimize(problem);
    let (scaled, settled) = (found.scaled(), report.termination.was_successful());
    let squares = squares(model, whitener, &scaled, weights);
    match squares < from.squares {
        true => Fit { scaled, squares, settled },
        false => Fit { settled, ..from.clone() },
    }
}

/// Sum of squares at these values; infinite where the simulator refuses them.
pub(crate) fn squares(
    model: &Model<'_>,
    whitener: &Whitener,
    scaled: &[f64],
    weights: &Weights,
) -> f64 {
    let residuals = |table| whitener.residuals(model.experiments, &table).component_mul(weights);
    let squares = model.predict(scaled).map(|table| residuals(table).norm_squared());
    squares.filter(|squares| squares.is_finite()).unwrap_or(f64::INFINITY)
}

/// The best of several starts: the scenario's own values, and where they leave much unexplained others about them.
pub(crate) fn best(model: &Model<'_>, whitener: &Whitener, weights: &Weights) -> Fit {
    let start: Vec<f64> = model.free.iter().map(|free| free.scaled(free.start)).collect();
    let begin = |scaled: Vec<f64>| {
        let squares = squares(model, whitener, &scaled, weights);
        fit(model, whitener, &Fit { scaled, squares, settled: false }, weights)
    };
    let mut best = begin(start.clone());
    let freedom = weights.len().saturating_sub(model.free.len()).max(1) as f64;
    for number in 0..STARTS {
        if best.squares < EXPLAINED * freedom {
            break;
        }
        let mut draws = Streams::new(0).open("calibration", number as u64);
        let from = model.free.iter().zip(&start).map(|(free, &start)| {
            let (low, high) = ends(free);
            (start + 0.2 * (high - low) * draws.normal()).clamp(low, high)
        });
        let other = begin(from.collect());
        if other.squares < best.squares {
            best = other;
        }
    }
    best
}
