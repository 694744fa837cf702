//! `--rigs N`: the same on rigs that are drawn from what a calibration knows.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use flowtwin_calibration::{Drawn, OnRigs};
use flowtwin_campaign::campaign::Fillings;
use flowtwin_campaign::folder::default_folder;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::format::counted;
use serde_json::Value;

use super::campaign::{By, Order, at};
use super::output::into_file;
use super::place::Place;
use crate::cli::{Backend, Folder, OnDrift, RunArgs};
use crate::console;
use crate::error::{CommandError, Kind};

/// Rigs as they may be; says how often one was drawn again.
pub(super) fn drawn(scenario: &Scenario, count: u64) -> Result<Drawn, CommandError> {
    scenario.simulated()?;
    let drawn = flowtwin_calibration::rigs(scenario, count)?;
    if let Some(remark) = drawn.remark() {
        console::say_line(format_args!("note: {}: {remark}", scenario.name()));
    }
    Ok(drawn)
}

/// So many seeds from the first on.
pub(super) fn seeds(first: u64, count: u64) -> Result<Vec<u64>, CommandError> {
    let last = first.checked_add(count - 1).ok_or_else(|| {
        CommandError::bad_input(format_args!(
            "{count} seeds from {first} on: there are not so many"
        ))
    })?;
    Ok((first..=last).collect())
}

/// `flowtwin run --rigs`: the whole campaign with each seed on each rig, every one in a run folder of its own.
pub(super) fn run(
    args: &RunArgs,
    scenario: &Scenario,
    seed: u64,
    count: u64,
) -> Result<(), CommandError> {
    refuse(args)?;
    let drawn = drawn(scenario, count)?;
    let usual = || default_folder(&format!("{}-rigs", scenario.name()), seed);
    let base = args.folder.out.clone().unwrap_or_else(usual);
    let mut found = OnRigs::new(&drawn, seeds(seed, args.on.seeds)?);
    let all = found.places().count();
    for (done, (rig, place)) in found.places().enumerate() {
        let (rig_scenario, seed) = (&drawn.rigs[rig], found.seed(place));
        let folder = base.join(format!("rig-{}-seed-{seed}", rig + 1));
        console::say_line(format_args!("rig {}, seed {seed}: {} of {all}", rig + 1, done + 1));
        let summary = campaign(args, rig_scenario, seed, &folder)?;
        for (name, unit, value) in summary.as_ref().map(outcomes).unwrap_or_default() {
            found.tell((rig, place), (&name, unit.as_str()), value);
        }
    }
    write(&found, scenario, &base)?;
    tell(&found, scenario, ("campaign", args.folder.json))
}

/// Refuses what is for one rig alone.
fn refuse(args: &RunArgs) -> Result<(), CommandError> {
    let simulated = matches!(args.backend, Backend::Sim | Backend::Emulated);
    #[cfg(feature = "serve")]
    let served = args.folder.page.serve.is_some();
    #[cfg(not(feature = "serve"))]
    let served = false;
    let alone = match () {
        () if !simulated => "--backend twin or hardware",
        () if args.outside.lab_command.is_some() => "--lab-command",
        () if args.review => "--review",
        () if args.folder.on_drift == OnDrift::Pause => "--on-drift pause",
        () if served => "--serve",
        () => return Ok(()),
    };
    Err(CommandError::bad_input(format_args!(
        "--rigs draws simulated rigs, {alone} is for one alone"
    ))
    .hint("leave one of them out"))
}

/// One campaign; what its summary says, or none where a fault of the rig has stopped it.
fn campaign(
    args: &RunArgs,
    scenario: &Scenario,
    seed: u64,
    folder: &Path,
) -> Result<Option<Value>, CommandError> {
    let to = Folder {
        out: Some(folder.to_owned()),
        resume: args.folder.resume && folder.exists(),
        quiet: true,
        json: false,
        ..args.folder.clone()
    };
    let summary = RefCell::new(None);
    let keep = |path: &Path| {
        let path = path.join("summary.json");
        let text = fs::read_to_string(&path).map_err(CommandError::failed)?;
        let read: Value = serde_json::from_str(&text).map_err(CommandError::failed)?;
        *summary.borrow_mut() = Some(read);
        Ok(())
    };
    let usual = Order::new(scenario, seed, &to, By::Hand(Fillings::new()));
    let order = Order { then: Some(&keep), ..usual };
    let wiring = args.rig.wiring.as_deref();
    match at(&order, || Place::simulated(args.backend, wiring, scenario, seed)) {
        Ok(()) => Ok(summary.into_inner()),
        Err(error) if error.kind() == Kind::Fault => {
            console::say_line(format_args!("{}: {error}", folder.display()));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The numbers of a campaign: name, unit, value.
fn outcomes(summary: &Value) -> Vec<(String, String, Option<f64>)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (feature, unit) =
        (word(&summary["objective"]["feature"]), word(&summary["objective"]["unit"]));
    let mut all = Vec::new();
    let best = |of: &Value| of["best"]["value"].as_f64();
    if !feature.is_empty() {
        for phase in summary["phases"].as_array().into_iter().flatten() {
            let name = format!("best {feature}, phase {}", word(&phase["name"]));
            all.push((name, unit.clone(), best(phase)));
        }
        all.push((format!("best {feature}"), unit, best(summary)));
    }
    if let Some(hypervolume) = summary.get("hypervolume") {
        all.push(("hypervolume".into(), String::new(), hypervolume.as_f64()));
    }
    let count = |key: &str| summary[key].as_f64();
    let volumes = summary["reagent_ml"].as_object().into_iter().flatten();
    let ml: f64 = volumes.filter_map(|(_, ml)| ml.as_f64()).sum();
    all.push(("lab time".into(), "h".into(), count("lab_time_s").map(|s| s / 3600.0)));
    all.push(("liquids".into(), "mL".into(), Some(ml)));
    all.push(("failed experiments".into(), String::new(), count("failed")));
    all
}

/// Writes a row for each rig and seed, and everything for programs.
pub(super) fn write(
    found: &OnRigs<'_>,
    scenario: &Scenario,
    folder: &Path,
) -> Result<(), CommandError> {
    fs::create_dir_all(folder).map_err(|error| CommandError::unwritable(folder, &error))?;
    let json = serde_json::to_string_pretty(&found.json(scenario.name())).unwrap_or_default();
    for (name, text) in [("rigs.csv", found.csv()), ("rigs.json", json + "\n")] {
        let put = |path: &Path| {
            fs::write(path, &text).map_err(|error| CommandError::unwritable(path, &error))
        };
        let path = into_file(&folder.join(name), put)?;
        console::say_line(format_args!("rigs: {}", path.display()));
    }
    Ok(())
}

/// Prints how far each number spreads over rigs, and over seeds on one rig.
pub(super) fn tell(
    found: &OnRigs<'_>,
    scenario: &Scenario,
    (what, json): (&str, bool),
) -> Result<(), CommandError> {
    if json {
        return console::print_line(found.json(scenario.name()));
    }
    let (table, remarks) = found.summary(what);
    let runs = counted(found.places().count(), "run");
    console::print_line(format_args!("{} · SIMULATED · {runs}\n", scenario.file().title))?;
    console::print(table.fitted(console::columns(&std::io::stdout())))?;
    for remark in remarks {
        console::print_line(format_args!("- {remark}"))?;
    }
    Ok(())
}
