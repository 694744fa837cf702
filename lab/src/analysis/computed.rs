//! Features that are computed from what else is known of an experiment.

use super::feature::{Feature, Measure};
use crate::conditions::{Conditions, Word};
use crate::formula::{Bound, Formula, FormulaError, Unit};
use crate::manifest::Manifest;
use crate::observation::{Observation, Outcome};
use crate::path::FlowPath;
use crate::settings::Settings;

/// What is known of an experiment besides its spectra, by names that end in their units.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    names: Vec<String>,
    values: Vec<f64>,
}

impl Known {
    fn add(&mut self, name: String, value: f64) {
        if !self.names.contains(&name) {
            self.names.push(name);
            self.values.push(value);
        }
    }

    /// What is known of an observation: inputs; rates [µL/min] and set points \[°C\] by the names of pumps and heaters; their
    /// total; residence, reaction and lab time \[s\]; what was taken of each stock \[mL\].
    fn of(observation: &Observation, settings: &Settings) -> Self {
        let times = (observation.residence_time_s, observation.reaction_time_s);
        let mut known = Self::before(&observation.conditions, settings, times);
        known.add("lab_time_s".into(), observation.lab_time_s());
        for (stock, ml) in &observation.consumed_ml {
            known.add(format!("{stock}_ml"), *ml);
        }
        known
    }

    /// What of it is known before an experiment, with its residence and reaction time \[s\].
    fn before(
        conditions: &Conditions,
        settings: &Settings,
        (residence_time_s, reaction_time_s): (f64, f64),
    ) -> Self {
        let mut known = Self::default();
        for (name, word) in conditions.words() {
            match word {
                Word::Number(value) => known.add(name.to_owned(), value),
                // An option is not a number; its name stays, so that nothing else takes it.
                Word::Name(_) => known.add(name.to_owned(), f64::NAN),
            }
        }
        for (pump, rate) in &settings.pumps {
            known.add(format!("{pump}_ul_per_min"), rate.ul_per_min());
        }
        for (heater, set_point) in &settings.heaters {
            known.add(format!("{heater}_c"), set_point.c());
        }
        known.add("total_ul_per_min".into(), settings.total_ul_per_min());
        known.add("residence_time_s".into(), residence_time_s);
        known.add("reaction_time_s".into(), reaction_time_s);
        known
    }

    /// The names of the same, before there is an experiment: of these `inputs` on the rig of `manifest`.
    fn names(inputs: &[String], manifest: &Manifest) -> Self {
        let mut known = Self::default();
        let pumps = manifest.pumps.iter().map(|pump| format!("{}_ul_per_min", pump.name));
        let heaters = manifest.heaters.iter().map(|heater| format!("{}_c", heater.name));
        let rest = ["total_ul_per_min", "residence_time_s", "reaction_time_s", "lab_time_s"];
        let stocks = manifest.pumps.iter().map(|pump| format!("{}_ml", pump.stock));
        let all = inputs.iter().cloned().chain(pumps).chain(heaters);
        for name in all.chain(rest.map(str::to_owned)).chain(stocks) {
            known.add(name, f64::NAN);
        }
        known
    }

    fn bind(&self, feature: &Feature, formula: &str) -> Result<Bound, FormulaError> {
        Formula::parse(formula)?.bind(&self.names)?.into_unit(Unit::of_name(&feature.name))
    }
}

/// Whether every formula among `features` can be computed, of these `inputs` on the rig of `manifest`. A formula may use the features
/// that are read off spectra, and those before it.
///
/// # Errors
/// The place of the first that cannot, and why.
pub(super) fn check(
    features: &[Feature],
    inputs: &[String],
    manifest: &Manifest,
) -> Result<(), (usize, FormulaError)> {
    let mut known = Known::names(inputs, manifest);
    let read = features.iter().filter(|feature| !feature.is_computed());
    read.for_each(|feature| known.add(feature.name.clone(), f64::NAN));
    for (place, feature) in features.iter().enumerate() {
        if let Measure::Formula(formula) = &feature.measure {
            known.bind(feature, formula).map_err(|error| (place, error))?;
            known.add(feature.name.clone(), f64::NAN);
        }
    }
    Ok(())
}

/// Computes the features of an observation that have a formula, where the analysis has left a place for them.
pub(super) fn complete(features: &[Feature], observation: &mut Observation, settings: &Settings) {
    if observation.fault.is_some() || !features.iter().any(Feature::is_computed) {
        return;
    }
    let known = Known::of(observation, settings);
    fill_in(features, &mut observation.outcome, known);
}

/// The same for an experiment that a model predicts: nobody knows its lab time, nor what it takes of stocks.
pub(super) fn complete_expected(
    features: &[Feature],
    outcome: &mut Outcome,
    conditions: &Conditions,
    settings: &Settings,
    path: &FlowPath,
) {
    if features.iter().any(Feature::is_computed) {
        let times = (path.residence_time_s(settings), path.reaction_time_s(settings));
        fill_in(features, outcome, Known::before(conditions, settings, times));
    }
}

fn fill_in(features: &[Feature], outcome: &mut Outcome, mut known: Known) {
    for (name, value) in &outcome.features {
        if features.iter().any(|feature| feature.name == *name && !feature.is_computed()) {
            known.add(name.clone(), *value);
        }
    }
    for feature in features {
        let Measure::Formula(formula) = &feature.measure else { continue };
        let value = known.bind(feature, formula).map_or(f64::NAN, |bound| bound.at(&known.values));
        known.add(feature.name.clone(), value);
        if let Some(place) = outcome.features.iter_mut().find(|(name, _)| *name == feature.name) {
            place.1 = value;
            outcome.quality.unreadable |= !value.is_finite();
        }
    }
}
