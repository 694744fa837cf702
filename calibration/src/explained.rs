//! Whether the model can explain the data at all.

use std::ops::Range;

use flowtwin_statistics::normal;
use nalgebra::DVector;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::experiment::Experiment;
use crate::fit::{Fit, fit};
use crate::knowledge::Basis;
use crate::model::{Model, Table};
use crate::whitening::Whitener;

/// Parts into which the experiments are put to be predicted from the others.
const PARTS: usize = 5;
/// Fewest experiments that are held out.
const FEWEST: usize = 8;
/// Chance below which a trend of residuals is told, all features and inputs together.
const CHANCE: f64 = 0.01;
/// Distance from the model, as a chance, beyond which an experiment counts less.
const FAR: f64 = 0.999;

/// A trend that the residuals show.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Feature whose residuals they are.
    pub feature: String,
    /// Input over which they rise or fall.
    pub input: String,
    /// Correlation of both.
    pub correlation: f64,
}

/// How well experiments were predicted that the fit did not know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldOut {
    /// The feature.
    pub feature: String,
    /// Experiments that were predicted.
    pub n: usize,
    /// Coefficient of determination.
    pub r2: f64,
    /// Share of them within two standard deviations of noise.
    pub within: f64,
    /// What was left out of the fits that predicted them.
    pub left_out: LeftOut,
}

/// What is left out of a fit at a time, to be predicted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeftOut {
    /// Single experiments.
    Experiments,
    /// Whole ramps: their readings are neighbours.
    Ramps,
    /// Whole runs: their experiments share what a run is off by.
    Runs,
}

impl LeftOut {
    /// What is left out together where these experiments are, and the place of each experiment among it.
    ///
    /// Ramps where the data have any, else runs where there are enough of them, else single experiments.
    fn of(all: &[Experiment]) -> (Self, Vec<usize>) {
        let ramps = |e: &Experiment| (e.run, e.ramp.clone());
        let is_of_ramps = all.iter().any(|experiment| experiment.ramp.is_some());
        if is_of_ramps && distinct(all, ramps) >= PARTS {
            return (Self::Ramps, places(all, ramps));
        }
        if distinct(all, |e| e.run) >= PARTS {
            return (Self::Runs, places(all, |e| e.run));
        }
        (Self::Experiments, (0..all.len()).collect())
    }
}

/// The place of each experiment's key among the keys, in the order in which they first appear.
fn places<K: PartialEq>(all: &[Experiment], key: impl Fn(&Experiment) -> K) -> Vec<usize> {
    let mut known: Vec<K> = Vec::new();
    let mut place = |experiment: &Experiment| {
        let key = key(experiment);
        known.iter().position(|other| *other == key).unwrap_or_else(|| {
            known.push(key);
            known.len() - 1
        })
    };
    all.iter().map(&mut place).collect()
}

fn distinct<K: PartialEq>(all: &[Experiment], key: impl Fn(&Experiment) -> K) -> usize {
    places(all, key).into_iter().max().map_or(0, |last| last + 1)
}

/// Six digits: where the machine's own logarithm enters, its last ones may differ.
fn six_digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().unwrap_or(x)
}

/// The chance of so much scatter if the model is right and noise is what it is said to be.
pub(crate) fn chance(squares: f64, freedom: usize) -> Option<f64> {
    let law = ChiSquared::new(freedom as f64).ok()?;
    Some(six_digits(law.sf(squares)))
}

/// The sum of squares of so many numbers that is exceeded with this chance.
pub(crate) fn exceeded(chance: f64, freedom: usize) -> f64 {
    let law = ChiSquared::new(freedom as f64).map(|law| law.inverse_cdf(1.0 - chance));
    law.map_or(f64::INFINITY, six_digits)
}

/// An experiment, or after them a series, of which the simulator says something that is no number.
pub(crate) fn without_number(basis: Basis<'_, '_>) -> Option<usize> {
    let Basis { model, whitener, fit, .. } = basis;
    let residuals = whitener.residuals(model.experiments, &model.predict(&fit.scaled)?);
    let mut all = units(model, whitener).into_iter();
    all.find(|(_, place)| place.clone().any(|i| !residuals[i].is_finite())).map(|(owner, _)| owner)
}

/// Weights of residuals: experiments that lie far off, beyond what all others do, count less (Huber).
pub(crate) fn weights(basis: Basis<'_, '_>) -> Option<(DVector<f64>, Vec<usize>)> {
    let Basis { model, whitener, fit, weights } = basis;
    let table = model.predict(&fit.scaled)?;
    let residuals = whitener.residuals(model.experiments, &table);
    let (owners, places): (Vec<usize>, Vec<Range<usize>>) =
        units(model, whitener).into_iter().unzip();
    let off = |place: &Range<usize>| {
        let squares: f64 = place.clone().map(|i| residuals[i] * residuals[i]).sum();
        (squares / exceeded(1.0 - FAR, place.len().max(1))).sqrt()
    };
    let off: Vec<f64> = places.iter().map(off).collect();
    let usual = flowtwin_statistics::median(&off).max(1.0 / 3.0) * 3.0;
    let (mut all, mut far) = (DVector::from_element(weights.len(), 1.0), Vec::new());
    for (owner, (place, off)) in owners.into_iter().zip(places.into_iter().zip(&off)) {
        if *off > usual {
            place.for_each(|i| all[i] = usual / off);
            far.push(owner);
        }
    }
    far.dedup();
    Some((all, far))
}

/// What is doubted as a whole: an experiment, a series, or a reading of a ramp. Whose it is, and its numbers among all.
fn units(model: &Model<'_>, whitener: &Whitener) -> Vec<(usize, Range<usize>)> {
    let features = model.scenario().features().len();
    let mut all = Vec::new();
    for (owner, place) in whitener.places().into_iter().enumerate() {
        let series = owner.checked_sub(model.experiments.len()).map(|i| &model.series[i]);
        if series.is_none_or(|series| series.ramp().is_none()) {
            all.push((owner, place));
            continue;
        }
        let values = &whitener.blocks[owner].features;
        let mut from = place.start;
        for reading in values.chunk_by(|a, b| a / features == b / features) {
            all.push((owner, from..from + reading.len()));
            from += reading.len();
        }
    }
    all
}

/// Trends of residuals [experiments][features] over the inputs that are no chance.
pub(crate) fn trends(model: &Model<'_>, residuals: &Table) -> Vec<Trend> {
    let scenario = model.scenario();
    let (features, inputs) = (scenario.features(), scenario.space().inputs());
    let mut found = Vec::new();
    let tests = (features.len() * inputs.len()) as f64;
    for (f, (feature, _)) in features.iter().enumerate() {
        for input in inputs {
            let pair = |i: usize| {
                let at = scenario.space().value(input, &model.experiments[i].conditions)?;
                let off = residuals[i][f];
                off.is_finite().then_some((at, off))
            };
            let pairs: Vec<(f64, f64)> = (0..residuals.len()).filter_map(pair).collect();
            let r = correlation(&pairs);
            // Fisher's transform: atanh r is normal with a deviation of 1/√(n − 3).
            let z = 0.5 * flowtwin_lab::math::ln((1.0 + r) / (1.0 - r));
            let z = z * (pairs.len() as f64 - 3.0).max(0.0).sqrt();
            if pairs.len() > 5 && 2.0 * (1.0 - normal::cdf(z.abs())) < CHANCE / tests {
                let (feature, input) = (feature.clone(), input.name.clone());
                found.push(Trend { feature, input, correlation: r });
            }
        }
    }
    found
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), (a, b)| (x + a / n, y + b / n));
    let sums = pairs.iter().fold((0.0, 0.0, 0.0), |(xx, yy, xy), (a, b)| {
        (xx + (a - x) * (a - x), yy + (b - y) * (b - y), xy + (a - x) * (b - y))
    });
    let (xx, yy, xy) = sums;
    if xx > 0.0 && yy > 0.0 { (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Predicts every experiment from a fit to the others, in five parts; nothing where there are too few. Whole ramps or runs are
/// left out where there are enough.
pub(crate) fn held_out(
    model: &Model<'_>,
    whitener: &Whitener,
    from: &Fit,
    deviations: &Table,
) -> Vec<HeldOut> {
    let all = model.experiments;
    if all.len() < FEWEST {
        return Vec::new();
    }
    let (left_out, places) = LeftOut::of(all);
    let mut predicted: Vec<Option<Vec<f64>>> = vec![None; all.len()];
    for part in 0..PARTS {
        let is_in = |i: &usize| places[*i] % PARTS == part;
        let known: Vec<usize> = (0..all.len()).filter(|i| !is_in(i)).collect();
        let unknown: Vec<usize> = (0..all.len()).filter(is_in).collect();
        let parts = (&known[..], &unknown[..]);
        let Some(rows) = predict_from(model, whitener, parts, from) else { continue };
        unknown.into_iter().zip(rows).for_each(|(i, row)| predicted[i] = Some(row));
    }
    let names = model.scenario().features();
    names
        .iter()
        .enumerate()
        .filter_map(|(f, (name, _))| {
            let judged = judged(all, &predicted, deviations, f, name)?;
            Some(HeldOut { left_out, ..judged })
        })
        .collect()
}

fn predict_from(
    model: &Model<'_>,
    whitener: &Whitener,
    (known, unknown): (&[usize], &[usize]),
    from: &Fit,
) -> Option<Table> {
    let some = |which: &[usize]| -> Vec<Experiment> {
        which.iter().map(|&i| model.experiments[i].clone()).collect()
    };
    let (whitener, known, others) = (whitener.of_some(known), some(known), some(unknown));
    let own = model.of(&known).with_series(model.series);
    let count = whitener.places().last().map_or(0, |place| place.end);
    let ones = DVector::from_element(count, 1.0);
    let start = Fit { squares: f64::INFINITY, ..from.clone() };
    let fitted = fit(&own, &whitener, &start, &ones);
    model.of(&others).predict(&fitted.scaled)
}

fn judged(
    all: &[Experiment],
    predicted: &[Option<Vec<f64>>],
    deviations: &Table,
    feature: usize,
    name: &str,
) -> Option<HeldOut> {
    let pair = |i: usize| {
        let (seen, said) = (all[i].features[feature]?, predicted[i].as_ref()?[feature]);
        said.is_finite().then_some((seen, said, deviations[i][feature]))
    };
    let pairs: Vec<(f64, f64, f64)> = (0..all.len()).filter_map(pair).collect();
    let seen: Vec<f64> = pairs.iter().map(|(seen, ..)| *seen).collect();
    let spread = flowtwin_statistics::variance(&seen) * (seen.len() as f64 - 1.0);
    if pairs.len() < 3 || spread <= 0.0 {
        return None;
    }
    let left: f64 = pairs.iter().map(|(seen, said, _)| (seen - said) * (seen - said)).sum();
    let near = |(seen, said, deviation): &&(f64, f64, f64)| (seen - said).abs() <= 2.0 * deviation;
    let within = pairs.iter().filter(near).count() as f64 / pairs.len() as f64;
    let left_out = LeftOut::Experiments;
    Some(HeldOut {
        feature: name.into(),
        n: pairs.len(),
        r2: 1.0 - left / spread,
        within,
        left_out,
    })
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Conditions;

    use super::*;

    fn experiment(run: usize, ramp: Option<&str>) -> Experiment {
        Experiment {
            source: String::new(),
            run,
            ramp: ramp.map(Into::into),
            conditions: Conditions::new(Vec::new().into(), Vec::new()),
            before: None,
            hours: 0.0,
            features: Vec::new(),
        }
    }

    #[test]
    fn readings_of_a_ramp_are_left_out_together_and_so_are_runs_where_there_are_enough() {
        let ramps: Vec<Experiment> =
            ["1", "1", "2", "3", "4", "2"].map(|ramp| experiment(0, Some(ramp))).into();
        assert_eq!(LeftOut::of(&ramps).0, LeftOut::Experiments, "four are too few");
        let more: Vec<Experiment> = ramps.into_iter().chain([experiment(1, Some("1"))]).collect();
        assert_eq!(LeftOut::of(&more), (LeftOut::Ramps, vec![0, 0, 1, 2, 3, 1, 4]));
        let runs = [4, 4, 2, 3, 1, 0].map(|run| experiment(run, None));
        assert_eq!(LeftOut::of(&runs), (LeftOut::Runs, vec![0, 0, 1, 2, 3, 4]));
        assert_eq!(LeftOut::of(&runs[..4]), (LeftOut::Experiments, vec![0, 1, 2, 3]));
    }
}
