//! `flowtwin experiment`: one experiment, and what it measured.

use std::fs;
use std::path::Path;

use flowtwin_calibration::OnRigs;
use flowtwin_campaign::choice;
use flowtwin_campaign::observations::six;
use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::layer::Guarded;
use flowtwin_lab::{Conditions, Observation, Spectrum};
use flowtwin_report::plot::{Axis, Chart, Line, Style};
use serde_json::{Map, Value, json};

use super::output::into_folder;
use super::over_rigs;
use crate::cli::ExperimentArgs as Args;
use crate::console;
use crate::error::{CommandError, Kind};
use crate::sketch;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let scenario = Scenario::load(&args.scenario)?;
    let conditions = choice::conditions(scenario.space(), &args.set).map_err(Diagnostic::new)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    if let Some(count) = args.on.rigs {
        return on_rigs(args, &scenario, seed, (count, &conditions));
    }
    let observation = once(scenario.simulated()?, seed, &conditions)?;
    if args.json {
        console::print_line(json(&scenario, &observation, args.spectra))?;
    } else {
        console::print(show(&scenario, &observation))?;
        if args.spectra {
            console::print(spectra_csv(&observation))?;
        }
    }
    if let Some(folder) = &args.out {
        let files = into_folder(folder, |folder| write(folder, &scenario, &observation))?;
        let here = files.first().and_then(|file| file.parent()).unwrap_or(folder);
        console::say_line(format_args!("features and spectra: {}", here.display()));
    }
    match &observation.fault {
        None => Ok(()),
        Some(fault) if fault.kind.stops_campaign() => {
            Err(CommandError::new(Kind::Fault, format_args!("{fault}; the rig is safe")))
        }
        Some(fault) => Err(CommandError::failed(fault)),
    }
}

/// With `--rigs`: one experiment with each seed on each rig.
fn on_rigs(
    args: &Args,
    scenario: &Scenario,
    seed: u64,
    (count, conditions): (u64, &Conditions),
) -> Result<(), CommandError> {
    if args.spectra {
        return Err(CommandError::bad_input("--spectra says nothing with --rigs")
            .hint("a rig is a scenario of its own: `run --rigs` keeps the spectra of each"));
    }
    let drawn = over_rigs::drawn(scenario, count)?;
    let mut found = OnRigs::new(&drawn, over_rigs::seeds(seed, args.on.seeds)?);
    for (rig, place) in found.places() {
        let scenario = &drawn.rigs[rig];
        let observation = once(scenario.simulated()?, found.seed(place), conditions)?;
        for (name, value, unit) in features(scenario, &observation) {
            let value = Some(value).filter(|_| !observation.failed());
            found.tell((rig, place), (name, unit), value);
        }
    }
    if let Some(folder) = &args.out {
        over_rigs::write(&found, scenario, folder)?;
    }
    over_rigs::tell(&found, scenario, ("feature", args.json))
}

fn once(
    scenario: Simulated<'_>,
    seed: u64,
    conditions: &Conditions,
) -> Result<Observation, CommandError> {
    let limits = scenario.file().guard.clone();
    let mut lab = Guarded::new(scenario.lab(seed), limits);
    let blank = scenario.procedure().prime(&mut lab);
    let blank = blank.map_err(|fault| CommandError::new(Kind::Fault, fault))?;
    Ok(scenario.procedure().run_numbered(&mut lab, &blank, conditions, 1))
}

/// Features with their units, in the order of the scenario.
fn features<'a>(
    scenario: &'a Scenario,
    observation: &'a Observation,
) -> impl Iterator<Item = (&'a str, f64, &'static str)> {
    let units = scenario.analysis().units();
    observation
        .outcome
        .features
        .iter()
        .zip(units)
        .map(|((n, value), unit)| (n.as_str(), *value, unit))
}

fn show(scenario: &Scenario, observation: &Observation) -> String {
    let mut out = format!("{} · SIMULATED\n\n", scenario.file().title);
    let mut line = |name: &str, value: &str, unit: &str| {
        out.push_str(format!("  {name:<22}{value:>12} {unit}").trim_end());
        out.push('\n');
    };
    for (name, word) in observation.conditions.words() {
        line(name, &word.to_string(), "");
    }
    line("residence time", &six(observation.residence_time_s), "s");
    line("reaction time", &six(observation.reaction_time_s), "s");
    line("lab time", &six(observation.lab_time_s()), "s");
    line("", "", "");
    for (name, value, unit) in features(scenario, observation) {
        line(name, &six(value), unit);
    }
    let flags = observation.outcome.quality.flags();
    if !flags.is_empty() {
        line("flags", &flags.join(", "), "");
    }
    for spectrum in &observation.outcome.spectra {
        out.push('\n');
        out.push_str(&sketch::spectrum(spectrum));
    }
    out
}

fn json(scenario: &Scenario, observation: &Observation, spectra: bool) -> Value {
    let number = |value: f64| if value.is_finite() { json!(value) } else { Value::Null };
    let named = |(name, value, unit): (&str, f64, &str)| {
        (name.to_owned(), json!({ "value": number(value), "unit": unit }))
    };
    let mut object = json!({
        "scenario": scenario.name(),
        "simulated": true,
        "conditions": observation.conditions,
        "features": features(scenario, observation).map(named).collect::<Map<_, _>>(),
        "residence_time_s": number(observation.residence_time_s),
        "reaction_time_s": number(observation.reaction_time_s),
        "lab_time_s": observation.lab_time_s(),
        "consumed_ml": observation.consumed_ml.iter().cloned().map(|(stock, ml)| (stock, json!(ml))).collect::<Map<_, _>>(),
        "flags": observation.outcome.quality.flags(),
        "fault": observation.fault,
    });
    if let Some(vial) = &observation.vial {
        object["vial"] = json!(vial);
    }
    if spectra {
        let spectrum = |s: &Spectrum| json!({ "name": s.name, "unit": s.unit, "wavelengths_nm": s.wavelengths_nm.to_vec(), "values": s.values });
        object["spectra"] = observation.outcome.spectra.iter().map(spectrum).collect();
    }
    object
}

fn spectra_csv(observation: &Observation) -> String {
    let mut out = "spectrum,unit,wavelength_nm,value\n".to_owned();
    for Spectrum { name, unit, wavelengths_nm, values } in &observation.outcome.spectra {
        for (nm, value) in wavelengths_nm.iter().zip(values) {
            out.push_str(&format!("{name},{unit},{nm:.4},{value}\n"));
        }
    }
    out
}

fn features_csv(scenario: &Scenario, observation: &Observation) -> String {
    let inputs = observation.conditions.words().map(|(name, word)| format!("{name},{word},\n"));
    let features = features(scenario, observation);
    let features = features.map(|(name, value, unit)| format!("{name},{value},{unit}\n"));
    "name,value,unit\n".to_owned() + &inputs.chain(features).collect::<String>()
}

/// A figure of one spectrum.
fn plot(spectrum: &Spectrum, series: usize) -> String {
    let Spectrum { name, unit, wavelengths_nm, values } = spectrum;
    let points = wavelengths_nm.iter().copied().zip(values.iter().copied());
    let x = Axis::covering("wavelength [nm]", wavelengths_nm.iter().copied());
    let y = Axis::covering(format!("{name} [{unit}]"), values.iter().copied());
    let line = Line::new(points, Style::series(series).colour).wide(1.3);
    Chart::new(x, y, format!("{name} spectrum"), true).sized(720.0, 360.0).with(line).svg()
}

fn write(
    folder: &Path,
    scenario: &Scenario,
    observation: &Observation,
) -> Result<(), CommandError> {
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| CommandError::unwritable(&path, &error))
    };
    fs::create_dir_all(folder).map_err(|error| CommandError::unwritable(folder, &error))?;
    write("features.csv", features_csv(scenario, observation))?;
    write("spectra.csv", spectra_csv(observation))?;
    for (series, spectrum) in observation.outcome.spectra.iter().enumerate() {
        write(&format!("{}.svg", spectrum.name), plot(spectrum, series + 1))?;
    }
    Ok(())
}
