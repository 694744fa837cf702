//! What the script of a report knows of the experiments: their values and, coarsely, their spectra.

use flowtwin_lab::{SensorKind, Word};
use serde_json::{Value, json};

use crate::quantity::Quantity;
use crate::run::{Experiment, Run};

/// Bytes that the spectra of all experiments may take together in a page, about.
const BYTES: usize = 1_500_000;

/// Fewest and most points of a spectrum in a page.
const POINTS: [usize; 2] = [96, 512];

/// The experiments of a run as one JSON object.
pub(super) fn json(run: &Run<'_>) -> String {
    let header = run.header();
    let quantity = |q: Quantity| json!([q.name, q.unit]);
    let inputs: Vec<Value> = header.inputs.iter().map(|n| quantity(Quantity::of_key(n))).collect();
    let features = header.features.iter().map(|(n, unit)| quantity(Quantity::of_feature(n, unit)));
    let phases: Vec<&str> = run.phases().iter().map(|phase| phase.record.name.as_str()).collect();
    let points = points(run);
    let experiments: Vec<Value> =
        run.experiments().iter().map(|e| experiment(run, e, points)).collect();
    json!({
        "simulated": header.simulated,
        "phases": phases,
        "inputs": inputs,
        "features": features.collect::<Vec<_>>(),
        "objectives": objectives(run),
        "channels": channels(run, points),
        "experiments": experiments,
        "heats": header.manifest.sensors.iter().any(|s| matches!(s.kind, SensorKind::Temperature(_))),
    })
    .to_string()
}

/// Places of the objectives among the features.
fn objectives(run: &Run<'_>) -> Vec<usize> {
    let wanted = run.wanted();
    let names = wanted.goals.objectives.iter().map(|objective| &wanted.outcomes[objective.outcome]);
    let place = |name: &String| run.header().features.iter().position(|(known, _)| known == name);
    names.filter_map(place).collect()
}

/// Number, phase, place in the phase, begin and end [s], inputs, features, stages [s], why it failed, spectra.
fn experiment(run: &Run<'_>, e: &Experiment<'_>, points: usize) -> Value {
    let record = e.record;
    let input = |name: &String| match record.conditions.words().find(|(known, _)| known == name) {
        Some((_, Word::Number(value))) => json!(value),
        Some((_, Word::Name(option))) => json!(option),
        None => Value::Null,
    };
    let feature = |(name, _): &(String, String)| json!(crate::run::feature(record, name));
    let stages = e.stages.map(|s| [s.heating_s, s.equilibrating_s, s.measuring_s]);
    let spectra: Vec<Value> = record.spectra.iter().map(|s| coarse(&s.values, points)).collect();
    json!([
        record.experiment,
        e.phase,
        e.iteration,
        record.started_ns.as_secs(),
        record.ended_ns.as_secs(),
        run.header().inputs.iter().map(input).collect::<Vec<_>>(),
        run.header().features.iter().map(feature).collect::<Vec<_>>(),
        stages,
        record.fault.as_ref().map(|fault| fault.kind.to_string()),
        spectra,
    ])
}

/// Points of every spectrum in the page, so that all of them have room.
fn points(run: &Run<'_>) -> usize {
    let spectra: usize = run.experiments().iter().map(|e| e.record.spectra.len()).sum();
    // Two bytes a point, as base64.
    (BYTES * 3 / 8 / spectra.max(1)).clamp(POINTS[0], POINTS[1])
}

/// Name, unit and wavelengths [nm] of every channel with a spectrum.
fn channels(run: &Run<'_>, points: usize) -> Vec<Value> {
    let Some(analysis) = run.definition().analysis(&run.header().manifest) else {
        return Vec::new();
    };
    let Some(e) = run.experiments().iter().find(|e| !e.record.spectra.is_empty()) else {
        return Vec::new();
    };
    let observation = e.record.observation(&analysis);
    let channel = |s: &flowtwin_lab::Spectrum| {
        let nm = means(&s.wavelengths_nm, points);
        let nm: Vec<f64> = nm.iter().map(|&nm| flowtwin_lab::math::round_decimals(nm, 2)).collect();
        json!({ "name": s.name.replace('_', " "), "unit": s.unit, "nm": nm })
    };
    observation.outcome.spectra.iter().map(channel).collect()
}

/// Least and greatest mean, and the means as 16-bit numbers between them, in base64.
fn coarse(values: &[f64], points: usize) -> Value {
    let means = means(values, points);
    let low = means.iter().copied().fold(f64::INFINITY, f64::min);
    let high = means.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high.is_finite()) {
        return Value::Null;
    }
    let span = if high > low { high - low } else { 1.0 };
    let step = |mean: &f64| ((mean - low) / span * 65_535.0).round() as u16;
    let bytes: Vec<u8> = means.iter().flat_map(|mean| step(mean).to_le_bytes()).collect();
    json!([low, low + span, base64(&bytes)])
}

/// Meansof this many stretches of the values; the values themselves where there are no more.
fn means(values: &[f64], points: usize) -> Vec<f64> {
    let points = points.min(values.len());
    let part = |i: usize| &values[i * values.len() / points..(i + 1) * values.len() / points];
    (0..points).map(|i| part(i).iter().sum::<f64>() / part(i).len() as f64).collect()
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            let known = digit <= chunk.len();
            let index = (word >> (18 - 6 * digit)) & 63;
            out.push(if known { DIGITS[index as usize].into() } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn bytes_are_written_as_base64() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, text) in vectors {
            assert_eq!(base64(plain.as_bytes()), text);
        }
    }

    #[test]
    fn a_spectrum_keeps_its_ends_and_its_mean() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let means = means(&values, 96);
        assert_eq!(means.len(), 96);
        assert!(means.windows(2).all(|pair| pair[1] > pair[0]));
        assert_eq!(super::means(&values[..3], 96), [0.0, 1.0, 2.0]);
    }
}
