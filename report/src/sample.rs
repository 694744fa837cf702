//! A made-up run for tests: nothing in it was simulated or measured.

use std::sync::Arc;

use flowtwin_lab::journal::{
    Answer, CommandRecord, End, ExperimentRecord, Header, Journal, PhaseRecord, Proposal, Record,
    SpectrumRecord, Writer, read,
};
use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, FlowRate, Instant, LightId, Manifest, PumpId, Quality,
    Span, Volume, math,
};
use serde_json::{Value, json};

use super::twin_fit::{Prediction, TwinFit};

const PHASES: [(&str, &str, u64, Option<&str>); 6] = [
    ("initial", "latin_hypercube", 9, None),
    ("explore", "maximum_variance", 51, Some("initial")),
    ("ei", "expected_improvement", 10, Some("explore")),
    ("eplt", "exploitation", 10, Some("explore")),
    ("ucb", "upper_confidence_bound", 10, Some("explore")),
    ("random", "random", 10, Some("explore")),
];

const INPUTS: [(&str, f64, f64, f64); 3] = [
    ("temperature_c", 120.0, 150.0, 0.1),
    ("dye_ul_per_min", 60.0, 120.0, 0.01),
    ("base_ul_per_min", 5.0, 35.0, 0.01),
];

/// Numbers that look random and are always the same.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The journal of the made-up run.
pub(crate) fn journal() -> Journal {
    of(header())
}

/// The same, asked for something else.
pub(crate) fn asked_for(feature: &str) -> Journal {
    let mut header = header();
    header.definition["objective"]["feature"] = feature.into();
    of(header)
}

fn of(header: Header) -> Journal {
    let mut writer = Writer::new(Vec::new());
    let mut made = Made { dice: Dice(7), at: Instant::from_secs(30.0), number: 0 };
    let mut write = |record| writer.write(&record).expect("memory takes every byte");
    write(Record::Header(Box::new(header)));
    for (name, policy, experiments, from) in PHASES {
        let (name, policy) = (name.to_owned(), policy.to_owned());
        let from = from.map(str::to_owned);
        write(Record::Phase(PhaseRecord { name: name.clone(), policy, experiments, from }));
        for iteration in 1..=experiments {
            made.experiment(&name, iteration).into_iter().for_each(&mut write);
        }
    }
    write(Record::End(End { at_ns: made.at, experiments: made.number }));
    read(writer.sink()).expect("what was written can be read")
}

/// A made-up fit of a twin.
pub(crate) fn twin() -> TwinFit {
    let mut dice = Dice(11);
    let mut points = |n: usize, sd: f64| {
        let mut one = || {
            let observed = 900.0 + 2000.0 * dice.roll();
            let off = sd * 2.0 * (dice.roll() + dice.roll() + dice.roll() - 1.5);
            Prediction { observed, predicted: observed + off, sd: sd * (0.8 + 0.4 * dice.roll()) }
        };
        (0..n).map(|_| one()).collect()
    };
    let (train, test) = (points(48, 40.0), points(12, 170.0));
    TwinFit {
        surrogate: "ensemble".into(),
        train,
        test,
        train_r2: 0.994,
        test_r2: 0.79,
        test_pearson_r2: 0.81,
    }
}

fn header() -> Header {
    Header {
        schema: 1,
        flowtwin: "0.1.0".into(),
        scenario: "made-up".into(),
        scenario_sha256: "00".repeat(32),
        definition: definition(),
        seed: 7,
        simulated: true,
        inputs: INPUTS.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        features: [("abs_300", "AU"), ("pli", "counts"), ("peak_nm", "nm")]
            .map(|(name, unit)| (name.to_owned(), unit.to_owned()))
            .to_vec(),
        manifest: manifest(),
    }
}

fn definition() -> Value {
    let inputs: serde_json::Map<String, Value> = INPUTS
        .iter()
        .map(|(name, low, high, step)| {
            ((*name).to_owned(), json!({ "low": low, "high": high, "resolution": step }))
        })
        .collect();
    let channel = |name: &str, spectrometer: &str, kind: &str| {
        json!({
            "name": name, "spectrometer": spectrometer, "light": "lamp", "kind": kind,
            "exposure": { "integration_us": 20_000, "frames": 300 },
            "phase": { "low_nm": 300.0, "high_nm": 320.0, "keep": 100 },
            "baseline": { "low_nm": 780.0, "high_nm": 800.0 }, "decimals": 4,
        })
    };
    let peak = json!({ "low_nm": 420.0, "high_nm": 520.0, "smooth_nm": 5.0 });
    json!({
        "title": "A made-up dye, brightest where nobody looked",
        "objective": { "feature": "pli", "goal": "maximize" },
        "space": { "inputs": inputs },
        "analysis": {
            "channels": [channel("absorbance", "abs", "absorbance"), channel("emission", "pl", "emission")],
            "features": [
                { "name": "abs_300", "channel": "absorbance", "measure": { "value_at": { "nm": 300.0, "width_nm": 2.0 } } },
                { "name": "pli", "channel": "emission", "measure": { "peak_height": peak } },
                { "name": "peak_nm", "channel": "emission", "measure": { "peak_position": peak } },
            ],
        },
    })
}

fn manifest() -> Manifest {
    let pump = |name: &str, fill: f64| json!({ "name": name, "stock": name, "bore_mm": 28.6, "fill_ml": fill, "min_ul_per_min": 0.1, "max_ul_per_min": 2000.0 });
    let spectrometer = |name: &str| {
        json!({
            "name": name, "pixels": PIXELS, "wavelength_coefficients": [200.0, 1.2, 0.0, 0.0],
            "full_scale": 65535, "min_integration_us": 6000, "max_integration_us": 10_000_000,
        })
    };
    let manifest = json!({
        "rig": "made-up rig", "simulated": true, "level": "instruments",
        "pumps": [pump("dye", 50.0), pump("base", 50.0), pump("oil", 100.0)],
        "heaters": [], "lights": [{ "name": "lamp" }],
        "spectrometers": [spectrometer("abs"), spectrometer("pl")],
        "sensors": [], "path": { "stretches": [] },
    });
    serde_json::from_value(manifest).expect("a manifest")
}

const PIXELS: usize = 512;

#[derive(Debug)]
struct Made {
    dice: Dice,
    at: Instant,
    number: u64,
}

impl Made {
    fn experiment(&mut self, phase: &str, iteration: u64) -> Vec<Record> {
        self.number += 1;
        let (experiment, started) = (self.number, self.at);
        let unit = self.choose(phase, iteration);
        let values = INPUTS.iter().zip(&unit);
        let values =
            values.map(|((_, low, high, _), u)| math::round_decimals(low + (high - low) * u, 1));
        let names: Arc<[String]> = INPUTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let conditions = Conditions::new(names, values.collect());
        let flow = started + Span::from_secs(120.0 + 300.0 * self.dice.roll());
        let light = flow + Span::from_secs(130.0);
        self.at = light + Span::from_secs(8.0 + 6.0);
        let fault = (self.number == 23 || self.number == 77).then(|| {
            let failed = FaultKind::NotSettled {
                value: 143.2,
                set_point: 146.0,
                off: 2.8,
                waited_s: 3600.0,
            };
            Fault::new(self.at, "procedure", failed)
        });
        let proposal = Record::Proposal(Proposal { experiment, conditions: conditions.clone() });
        let record = self.record(phase, started, conditions, &unit, fault);
        vec![proposal, dispense(flow), lit(light), Record::Experiment(Box::new(record))]
    }

    fn choose(&mut self, phase: &str, iteration: u64) -> [f64; 3] {
        let best = [0.97, 0.98, 0.75];
        let pull = match phase {
            "ei" | "ucb" | "eplt" => 0.55 + 0.04 * iteration as f64,
            _ => 0.0,
        };
        best.map(|b| pull * b + (1.0 - pull) * self.dice.roll())
    }

    fn record(
        &mut self,
        phase: &str,
        started: Instant,
        conditions: Conditions,
        unit: &[f64; 3],
        fault: Option<Fault>,
    ) -> ExperimentRecord {
        let noise = 1.0 + 0.02 * (self.dice.roll() + self.dice.roll() - 1.0);
        let pli = 600.0 + 1100.0 * unit[0] * noise + 1300.0 * unit[1] * unit[2].sqrt();
        let absorbance = 0.03 + 0.16 * unit[1];
        let failed = fault.is_some();
        let seen = |value: f64| Some(math::round_decimals(value, 4)).filter(|_| !failed);
        let features = [("abs_300", absorbance), ("pli", pli), ("peak_nm", 450.3)]
            .map(|(name, value)| (name.to_owned(), seen(value)));
        let ml = [0.217, 0.03 + 0.05 * unit[2], 0.98].map(|ml| math::round_decimals(ml, 4));
        let stocks = ["dye", "base", "oil"].map(str::to_owned);
        ExperimentRecord {
            request: None,
            experiment: self.number,
            phase: phase.to_owned(),
            conditions,
            started_ns: started,
            ended_ns: self.at,
            residence_time_s: Some(101.0),
            reaction_time_s: Some(31.0),
            vial: None,
            consumed_ml: stocks.into_iter().zip(ml).collect(),
            features: features.to_vec(),
            quality: Quality::default(),
            fault,
            spectra: if failed { Vec::new() } else { self.spectra(absorbance, pli) },
        }
    }

    fn spectra(&mut self, absorbance: f64, pli: f64) -> Vec<SpectrumRecord> {
        let mut spectrum = |name: &str, unit: &str, height: f64, centre: f64, width: f64| {
            let value = |i: usize| {
                let z = (200.0 + 1.2 * i as f64 - centre) / width;
                let noise = 0.01 * height * (self.dice.roll() - 0.5);
                math::round_decimals(height * math::exp(-0.5 * z * z) + noise, 4)
            };
            let values = (0..PIXELS).map(value).collect();
            SpectrumRecord { name: name.into(), unit: unit.into(), values }
        };
        vec![
            spectrum("absorbance", "AU", 1.4 * absorbance, 287.0, 22.0),
            spectrum("emission", "counts", pli, 450.3, 34.0),
        ]
    }
}

fn dispense(at: Instant) -> Record {
    let send = Command::Dispense {
        pump: PumpId::new("dye"),
        rate_ul_per_min: FlowRate::from_ul_per_min(90.0),
        at_most_ul: Volume::from_ul(500.0),
    };
    Record::Command(CommandRecord { at_ns: at, send, answer: Answer::Done })
}

fn lit(at: Instant) -> Record {
    let send = Command::Light { light: LightId::new("lamp"), on: true };
    Record::Command(CommandRecord { at_ns: at, send, answer: Answer::Done })
}
