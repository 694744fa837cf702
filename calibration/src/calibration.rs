//! A calibration: from data to estimates and what is known of them.

use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_campaign::scenario::{Free, Scenario};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Conditions;
use flowtwin_report::format::counted;
use serde::Serialize;

use crate::data::Measured;
use crate::experiment::Experiment;
use crate::explained::{HeldOut, Trend, chance, held_out, trends, weights, without_number};
use crate::fit::{Fit, Weights, best, fit, squares};
use crate::knowledge::{Basis, Found, Knowledge, telling};
use crate::model::{Model, Table};
use crate::noise::Noise;
use crate::series::Series;
use crate::whitening::Whitener;

/// Chance below which the data speak against the model.
pub const SPEAKS_AGAINST: f64 = 0.01;

/// What became of one free key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parameter {
    /// The key.
    pub key: String,
    /// Its value in the scenario.
    pub start: f64,
    /// The estimate; none where the data do not tell it.
    pub value: Option<f64>,
    /// Lower end of its 95 % interval; of its range where nothing is told.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether the data tell it.
    pub identifiable: bool,
    /// Keys with which it goes: nine tenths correlated, or not to be told apart from it.
    pub correlated_with: Vec<String>,
}

/// An experiment that would tell keys apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Telling {
    /// What to set.
    #[serde(serialize_with = "as_map")]
    pub conditions: Conditions,
    /// Whether the keys would be told apart by it.
    pub enough: bool,
}

fn as_map<S: serde::Serializer>(conditions: &Conditions, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(conditions.iter())
}

/// What a calibration found.
#[derive(Clone, Debug, Serialize)]
pub struct Calibration {
    /// Each free key.
    pub parameters: Vec<Parameter>,
    /// Covariance of the keys on their scales: logarithms, or parts of their ranges \[keys\]\[keys\].
    pub covariance: Vec<Vec<f64>>,
    /// Sum of squares of what is left, free of noise, for each degree of freedom: 1 where the model is right.
    pub chi2_per_dof: f64,
    /// Degrees of freedom.
    pub dof: usize,
    /// The chance of that much or more if the model is right; none where the noise is not known.
    pub lack_of_fit_p: Option<f64>,
    /// What the residuals still show.
    pub trends: Vec<Trend>,
    /// How well experiments were predicted that the fit did not know.
    pub held_out: Vec<HeldOut>,
    /// Experiments that lie so far off that they count less.
    pub outliers: Vec<String>,
    /// The experiment that would tell most of what is not told.
    pub telling: Option<Telling>,
    /// Experiments that were learnt from.
    pub experiments: usize,
    /// Tasks of studies that were learnt from: heating curves, weighed deliveries.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// How often all of them were predicted.
    pub evaluations: u64,
    /// Whether the search came to its end by itself; else there may be better values.
    pub settled: bool,
    /// What was left out of the data.
    pub notes: Vec<String>,
    /// Whether any of the data are simulated.
    pub simulated: bool,
    #[serde(skip)]
    pub(crate) free: Vec<Free>,
    #[serde(skip)]
    pub(crate) measured: Vec<Experiment>,
    #[serde(skip)]
    pub(crate) predicted: Table,
    #[serde(skip)]
    pub(crate) deviations: Table,
    #[serde(skip)]
    pub(crate) series: Vec<Series>,
    #[serde(skip)]
    pub(crate) series_deviations: Table,
}

/// Fits the free keys of a scenario to what was measured.
///
/// # Errors
/// If the simulator cannot be run with the scenario's values, or if there are fewer outcomes than keys.
pub fn calibrate(
    scenario: &Scenario,
    free: &[Free],
    measured: &Measured,
) -> Result<Calibration, Diagnostic> {
    calibrate_unless(&AtomicBool::new(false), scenario, free, measured)
}

/// The same as [`calibrate`], until somebody sets `stop`: then it ends at the next experiment that it would predict.
///
/// # Errors
/// As [`calibrate`]; and if it was stopped.
pub fn calibrate_unless(
    stop: &AtomicBool,
    scenario: &Scenario,
    free: &[Free],
    measured: &Measured,
) -> Result<Calibration, Diagnostic> {
    let found = calibrated(stop, scenario, free, measured);
    // What a stopped search predicts is nothing, which looks like values that the simulator refuses.
    match stop.load(Ordering::Relaxed) {
        true => Err(Diagnostic::new("the calibration was stopped".to_owned())),
        false => found,
    }
}

fn calibrated(
    stop: &AtomicBool,
    scenario: &Scenario,
    free: &[Free],
    measured: &Measured,
) -> Result<Calibration, Diagnostic> {
    let (series, untouched) = touched(scenario, free, measured);
    let model = Model::new(scenario, free, &measured.experiments).with_series(&series).unless(stop);
    let refused =
        || Diagnostic::new("the simulator cannot be run at the values of the scenario".to_owned());
    let start: Vec<f64> = free.iter().map(|free| free.scaled(free.start)).collect();
    let plan = model.plan(&start).ok_or_else(refused)?;
    let noise = Noise::of(&model, &start, &plan).ok_or_else(refused)?;
    let mut whitener = noise.whitener(&model, &start).ok_or_else(refused)?;
    let mut equal = ones(&whitener, free)?;
    let mut found = best(&model, &whitener, &equal);
    // What noise goes with is known better now, and which experiments are to be doubted.
    whitener = noise.whitener(&model, &found.scaled).ok_or_else(refused)?;
    equal = ones(&whitener, free)?;
    found = fit(&model, &whitener, &Fit { squares: f64::INFINITY, ..found }, &equal);
    let basis = Basis { model: &model, whitener: &whitener, weights: &equal, fit: &found };
    if let Some(owner) = without_number(basis) {
        let message = format!("{}: the simulator gives no number for it", source(&model, owner));
        return Err(Diagnostic::new(message).hint("check its conditions, or leave it out"));
    }
    let (weights, far) = weights(basis).ok_or_else(refused)?;
    if !far.is_empty() {
        found = fit(&model, &whitener, &Fit { squares: f64::INFINITY, ..found.clone() }, &weights);
    }
    let (found, knowledge) = known(&model, &whitener, &weights, found).ok_or_else(refused)?;
    let basis = Basis { model: &model, whitener: &whitener, weights: &weights, fit: &found };
    let predicted = model.predict(&found.scaled).ok_or_else(refused)?;
    let dof = weights.len() - free.len();
    let told_apart = knowledge.told.iter().all(|told| *told);
    let telling = if told_apart { None } else { telling(basis, &noise, &knowledge) };
    let features = scenario.features().len();
    let deviations = whitener.deviations(features);
    let single = whitener.single_residuals(&measured.experiments, &predicted, features);
    Ok(Calibration {
        parameters: parameters(free, &found, &knowledge),
        covariance: knowledge
            .covariance
            .row_iter()
            .map(|row| row.iter().copied().collect())
            .collect(),
        chi2_per_dof: found.squares / dof as f64,
        dof,
        lack_of_fit_p: chance(found.squares, dof).filter(|_| noise.known),
        trends: trends(&model, &single),
        held_out: held_out(&model, &whitener, &found, &deviations),
        outliers: far.iter().map(|&i| source(&model, i)).collect(),
        telling: telling.map(|(conditions, after)| Telling { conditions, enough: after < 0.3 }),
        experiments: measured.experiments.len(),
        tasks: series.iter().map(|series| series.source.clone()).collect(),
        evaluations: model.evaluations(),
        settled: found.settled,
        notes: measured.notes.iter().cloned().chain(untouched).collect(),
        simulated: measured.simulated,
        deviations,
        series_deviations: whitener.series_deviations(),
        series: series.clone(),
        free: free.to_vec(),
        measured: measured.experiments.clone(),
        predicted,
    })
}

/// What is known at a fit, or at a better one that comes to light as its surroundings are looked at.
fn known(
    model: &Model<'_>,
    whitener: &Whitener,
    weights: &Weights,
    mut found: Fit,
) -> Option<(Fit, Knowledge)> {
    const TIMES: usize = 5;
    for time in 1..=TIMES {
        let basis = Basis { model, whitener, weights, fit: &found };
        let scaled = match Knowledge::of(basis, time == TIMES)? {
            Found::Best(knowledge) => return Some((found, *knowledge)),
            Found::Better(scaled) => scaled,
        };
        let squares = squares(model, whitener, &scaled, weights);
        found = fit(model, whitener, &Fit { scaled, squares, settled: false }, weights);
    }
    None
}

/// The series of which something is learnt, and in words which are left out.
fn touched(scenario: &Scenario, free: &[Free], measured: &Measured) -> (Vec<Series>, Vec<String>) {
    let start: Vec<f64> = free.iter().map(|free| free.scaled(free.start)).collect();
    let moved = Model::new(scenario, free, &[]).moved(&start, &measured.series);
    let (mut known, mut notes) = (Vec::new(), Vec::new());
    for (series, moved) in measured.series.iter().zip(moved) {
        match moved {
            true => known.push(series.clone()),
            false => notes.push(format!("{}: left out: no free key changes it", series.source)),
        }
    }
    (known, notes)
}

/// Where an experiment, or after them a series, comes from.
fn source(model: &Model<'_>, place: usize) -> String {
    let of_series = model.series.iter().map(|series| &series.source);
    let mut all = model.experiments.iter().map(|it| &it.source).chain(of_series);
    all.nth(place).cloned().unwrap_or_default()
}

/// The same weight for every outcome, of which there must be more than keys.
fn ones(whitener: &Whitener, free: &[Free]) -> Result<Weights, Diagnostic> {
    let count = whitener.places().last().map_or(0, |place| place.end);
    if count > free.len() {
        return Ok(Weights::from_element(count, 1.0));
    }
    let (outcomes, keys) = (counted(count, "outcome"), counted(free.len(), "key"));
    Err(Diagnostic::new(format!("{outcomes} cannot tell {keys}")).hint(
        "free fewer keys, or give more experiments; formulas of lab time or consumed volumes are not learnt from",
    ))
}

fn parameters(all: &[Free], found: &Fit, knowledge: &Knowledge) -> Vec<Parameter> {
    let parameter = |(k, free): (usize, &Free)| {
        let told = knowledge.told[k];
        let (low, high) = knowledge.intervals[k];
        Parameter {
            key: free.key.clone(),
            start: free.start,
            value: told.then(|| free.value(found.scaled[k])),
            low: free.value(low),
            high: free.value(high),
            identifiable: told,
            correlated_with: knowledge.with[k].iter().map(|&i| all[i].key.clone()).collect(),
        }
    };
    all.iter().enumerate().map(parameter).collect()
}
