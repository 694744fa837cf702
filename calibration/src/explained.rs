//! Whether the model can explain the data at all.

use flowtwin_statistics::normal;
use nalgebra::DVector;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::data::Experiment;
use crate::fit::{Fit, fit};
use crate::knowledge::Basis;
use crate::model::{Model, Table};
use crate::noise::Noise;

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

/// Weights of residuals: experiments that lie far off, beyond what all others do, count less (Huber).
pub(crate) fn weights(basis: Basis<'_, '_>) -> Option<(DVector<f64>, Vec<usize>)> {
    let Basis { model, whitener, fit, weights } = basis;
    let table = model.predict(&fit.scaled)?;
    let residuals = whitener.residuals(model.experiments, &table);
    let places = whitener.places();
    let off = |place: &std::ops::Range<usize>| {
        let squares: f64 = place.clone().map(|i| residuals[i] * residuals[i]).sum();
        (squares / exceeded(1.0 - FAR, place.len().max(1))).sqrt()
    };
    let off: Vec<f64> = places.iter().map(off).collect();
    let usual = flowtwin_statistics::median(&off).max(1.0 / 3.0) * 3.0;
    let (mut all, mut far) = (DVector::from_element(weights.len(), 1.0), Vec::new());
    for (experiment, (place, off)) in places.into_iter().zip(&off).enumerate() {
        if *off > usual {
            place.for_each(|i| all[i] = usual / off);
            far.push(experiment);
        }
    }
    Some((all, far))
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

/// Predicts every experiment from a fit to the others, in five parts; nothing where there are too few.
pub(crate) fn held_out(
    model: &Model<'_>,
    noise: &Noise,
    from: &Fit,
    deviations: &Table,
) -> Vec<HeldOut> {
    let all = model.experiments;
    if all.len() < FEWEST {
        return Vec::new();
    }
    let mut predicted: Vec<Option<Vec<f64>>> = vec![None; all.len()];
    for part in 0..PARTS {
        let is_in = |i: &usize| i % PARTS == part;
        let known: Vec<Experiment> =
            (0..all.len()).filter(|i| !is_in(i)).map(|i| all[i].clone()).collect();
        let unknown: Vec<usize> = (0..all.len()).filter(is_in).collect();
        let Some(rows) = predict_from(model, noise, &known, &unknown, from) else { continue };
        unknown.into_iter().zip(rows).for_each(|(i, row)| predicted[i] = Some(row));
    }
    let names = model.scenario().features();
    names
        .iter()
        .enumerate()
        .filter_map(|(f, (name, _))| judged(all, &predicted, deviations, f, name))
        .collect()
}

fn predict_from(
    model: &Model<'_>,
    noise: &Noise,
    known: &[Experiment],
    unknown: &[usize],
    from: &Fit,
) -> Option<Table> {
    let own = Model::new(model.scenario(), model.free, known);
    let whitener = noise.whitener(&own, &from.scaled)?;
    let count = whitener.places().last().map_or(0, |place| place.end);
    let ones = DVector::from_element(count, 1.0);
    let start = Fit { squares: f64::INFINITY, ..from.clone() };
    let fitted = fit(&own, &whitener, &start, &ones);
    let others: Vec<Experiment> = unknown.iter().map(|&i| model.experiments[i].clone()).collect();
    Model::new(model.scenario(), model.free, &others).predict(&fitted.scaled)
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
    Some(HeldOut { feature: name.into(), n: pairs.len(), r2: 1.0 - left / spread, within })
}
