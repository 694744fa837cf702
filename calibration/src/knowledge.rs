//! What the data tell of each key, and what they leave open.

mod profile;

use flowtwin_campaign::scenario::Free;
use flowtwin_lab::Conditions;
use flowtwin_statistics::student_95;
use nalgebra::{DMatrix, DVector};

use crate::data::drawn;
use crate::fit::{Fit, Weights};
use crate::model::Model;
use crate::noise::Noise;
use crate::ramp::Ramp;
use crate::series::Series;
use crate::whitening::Whitener;
use profile::{End, LESS, Profile};

/// Largest standard deviation of a key that counts as told: of its logarithm, …
const TOLD_LOG: f64 = 0.5;
/// … or in parts of its range.
const TOLD_PART: f64 = 0.2;
/// Correlation from which on another key is named.
const TOGETHER: f64 = 0.9;
/// Part of a direction that nothing tells, from which on a key belongs to it.
const BELONGS: f64 = 0.3;
/// Conditions that are tried in search of an experiment that would tell keys apart.
const TRIED: u64 = 96;
/// Keys whose intervals are profiled, at most; those of more are the ellipsoid's.
const PROFILED: usize = 10;
/// Slope of all residuals below which a direction counts as open, as wide as thirty on a logarithmic scale: its slope is rounding, which
/// must be no reason for going far along it, nor for what else is known.
const OPEN: f64 = 0.03;

/// What is known of the keys, on their scales.
#[derive(Clone, Debug)]
pub(crate) struct Knowledge {
    /// Covariance [keys × keys]: that of the data alone, widened where the model leaves more than noise.
    pub(crate) covariance: DMatrix<f64>,
    /// Whether the data tell a key.
    pub(crate) told: Vec<bool>,
    /// Keys that go with each, by place.
    pub(crate) with: Vec<Vec<usize>>,
    /// 95 % interval of each key, on its scale.
    pub(crate) intervals: Vec<(f64, f64)>,
    /// The direction of which least is known.
    pub(crate) weakest: DVector<f64>,
    /// Its standard deviation.
    pub(crate) weakest_deviation: f64,
}

/// All that a calibration has at hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Basis<'m, 'a> {
    pub(crate) model: &'m Model<'a>,
    pub(crate) whitener: &'m Whitener,
    pub(crate) weights: &'m Weights,
    pub(crate) fit: &'m Fit,
}

impl Basis<'_, '_> {
    /// Slopes of the residuals by the keys [residuals × keys] where they have these values on their scales; none where the simulator
    /// cannot be differentiated.
    fn jacobian(&self, scaled: &[f64]) -> Option<DMatrix<f64>> {
        let slopes = self.model.slopes(scaled)?;
        let slopes = slopes.iter().map(|s| self.whitener.apply(s).component_mul(self.weights));
        Some(DMatrix::from_columns(&slopes.collect::<Vec<DVector<f64>>>()))
    }
}

/// What a fit is found to be.
#[derive(Debug)]
pub(crate) enum Found {
    /// As good as it gets; this is known there.
    Best(Box<Knowledge>),
    /// There are better values.
    Better(Vec<f64>),
}

impl Knowledge {
    /// What is known at a fit; none where the simulator cannot be differentiated there. Where the fit is `last`, it is taken for the
    /// best even if there are better values.
    pub(crate) fn of(basis: Basis<'_, '_>, last: bool) -> Option<Found> {
        let Basis { model, fit, .. } = basis;
        let jacobian = basis.jacobian(&fit.scaled)?;
        let keys = jacobian.ncols();
        let freedom = jacobian.nrows().saturating_sub(keys).max(1);
        let wider = (fit.squares / freedom as f64).max(1.0);
        let svd = jacobian.clone().svd(false, true);
        let directions = svd.v_t.as_ref()?.transpose();
        let variances = svd.singular_values.map(|s| wider / (s * s).max(OPEN * OPEN));
        let covariance = &directions * DMatrix::from_diagonal(&variances) * directions.transpose();
        let by_slopes: Vec<bool> =
            (0..keys).map(|k| covariance[(k, k)].sqrt() < most(&model.free[k])).collect();
        let mut told = by_slopes.clone();
        let t = student_95(freedom);
        let rise = (t * t * wider, if last { f64::INFINITY } else { LESS });
        let mut intervals = Vec::with_capacity(keys);
        for k in 0..keys {
            let half = t * covariance[(k, k)].sqrt();
            let (mut below, mut above) = (-half, half);
            if told[k] && keys <= PROFILED {
                let profile = Profile::new((basis, &by_slopes), &jacobian, k, rise);
                for end in [&mut below, &mut above] {
                    match profile.end(*end) {
                        End::At(at) => *end = at,
                        End::Better(scaled) => return Some(Found::Better(scaled)),
                    }
                }
            }
            // Squares may not rise as their slopes at the estimate say.
            told[k] &= above - below < 2.0 * t * most(&model.free[k]);
            let ((low, high), here) = (range(&model.free[k]), fit.scaled[k]);
            intervals.push(match told[k] {
                true => ((here + below).max(low), (here + above).min(high)),
                false => (low, high),
            });
        }
        let weak = variances.imax();
        Some(Found::Best(Box::new(Self {
            with: with(&covariance, &told, &directions, &variances),
            intervals,
            weakest: directions.column(weak).into_owned(),
            weakest_deviation: variances[weak].sqrt(),
            covariance,
            told,
        })))
    }
}

/// The range of a key, on its scale.
fn range(free: &Free) -> (f64, f64) {
    (free.scaled(free.low), free.scaled(free.high))
}

/// The largest standard deviation with which a key counts as told, on its scale.
fn most(free: &Free) -> f64 {
    if free.logarithmic { TOLD_LOG } else { TOLD_PART }
}

/// Keys that go with each: by correlation where all are told or none is, or else by the directions that nothing tells.
fn with(
    covariance: &DMatrix<f64>,
    told: &[bool],
    directions: &DMatrix<f64>,
    variances: &DVector<f64>,
) -> Vec<Vec<usize>> {
    let keys = told.len();
    let untold: Vec<usize> = (0..keys).filter(|&d| variances[d].sqrt() > TOLD_PART).collect();
    let goes = |a: usize, b: usize| {
        let both = (covariance[(a, a)] * covariance[(b, b)]).sqrt();
        let correlated = (covariance[(a, b)] / both).abs() > TOGETHER;
        let shared =
            |&d: &usize| directions[(a, d)].abs() > BELONGS && directions[(b, d)].abs() > BELONGS;
        match told[a] && told[b] {
            true => correlated,
            false => !told[a] && !told[b] && (correlated || untold.iter().any(shared)),
        }
    };
    (0..keys).map(|a| (0..keys).filter(|&b| b != a && goes(a, b)).collect()).collect()
}

/// The experiment that would tell most of the direction of which least is known, by the features that are measured, and the
/// standard deviation of that direction after it; none where no condition is possible.
pub(crate) fn telling(
    basis: Basis<'_, '_>,
    noise: &Noise,
    knowledge: &Knowledge,
) -> Option<(Conditions, f64)> {
    const STEP: f64 = 0.05;
    let Basis { model, fit, .. } = basis;
    let moved = |sign: f64| {
        let at = fit.scaled.iter().zip(knowledge.weakest.iter());
        model.plan(&at.map(|(s, w)| s + sign * STEP * w).collect::<Vec<_>>())
    };
    let (above, below) = (moved(1.0)?, moved(-1.0)?);
    let scenario = model.scenario();
    let expected = |plan| flowtwin_campaign::scenario::Expected::on(scenario, plan);
    let (mut above, mut below) = (expected(&above), expected(&below));
    let on_ramps = model.series.iter().filter_map(Series::ramp).flat_map(Ramp::readings);
    let mut best: Option<(Conditions, f64)> = None;
    for number in 0..TRIED {
        let Some(conditions) = drawn(scenario, "telling", number) else { continue };
        let (up, down) = (above.outcome(&conditions), below.outcome(&conditions));
        let told: f64 = up
            .features
            .iter()
            .zip(&down.features)
            .enumerate()
            .map(|(f, ((_, up), (_, down)))| {
                let seen = model.experiments.iter().any(|e| e.features[f].is_some())
                    || on_ramps.clone().any(|reading| reading.features[f].is_finite());
                let slope = if seen { (up - down) / (2.0 * STEP) } else { 0.0 };
                let told = slope / noise.deviation(f, 0.5 * (up + down));
                if told.is_finite() { told * told } else { 0.0 }
            })
            .sum();
        if best.as_ref().is_none_or(|(_, most)| told > *most) {
            best = Some((conditions, told));
        }
    }
    let known = 1.0 / (knowledge.weakest_deviation * knowledge.weakest_deviation);
    best.map(|(conditions, told)| (conditions, (known + told).sqrt().recip()))
}
