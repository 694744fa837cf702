//! `flowtwin calibrate`: the scenario of a rig, fitted to what the rig has measured.

use std::fs;
use std::path::{Path, PathBuf};

use flowtwin_calibration::{
    Calibration, Free, Measured, calibrate, calibrated_toml, free, page, residuals_csv,
};
use flowtwin_campaign::scenario::{FreeSpec, Scenario};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_report::format::counted;

use super::output::into_folder;
use crate::cli::CalibrateArgs;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &CalibrateArgs) -> Result<(), CommandError> {
    let fitted = Fitted::of(args)?;
    match args.json {
        true => console::print_line(json(&fitted.calibration)),
        false => fitted.tell(),
    }
}

/// A calibration, and the files it was written to.
pub(super) struct Fitted {
    /// The calibration.
    pub(super) calibration: Calibration,
    files: Vec<PathBuf>,
}

impl Fitted {
    /// Calibrates, and writes the files.
    pub(super) fn of(args: &CalibrateArgs) -> Result<Self, CommandError> {
        let scenario = super::load(&args.scenario)?;
        // Only a rig can be simulated.
        scenario.simulated().map_err(Diagnostic::from)?;
        let keys = keys(&scenario, &args.free)?;
        let measured = Measured::read(&scenario, &args.data)?;
        console::say_line(format_args!(
            "{}{}, {} left out; {}",
            counted(measured.experiments.len(), "experiment"),
            match measured.series.len() {
                0 => String::new(),
                tasks => format!(" and {} of studies", counted(tasks, "task")),
            },
            measured.notes.len(),
            counted(keys.len(), "free key")
        ));
        let notes = measured.outside.iter().chain(&measured.notes);
        notes.for_each(|note| console::say_line(format_args!("note: {note}")));
        let calibration = calibrate(&scenario, &keys, &measured)?;
        let more = calibration.notes.iter().skip(measured.notes.len());
        more.for_each(|note| console::say_line(format_args!("note: {note}")));
        let folder = args.out.clone().unwrap_or_else(|| beside(&args.scenario));
        let files = into_folder(&folder, |fresh| {
            write(fresh, &folder, &args.scenario, &scenario, &calibration)
        })?;
        Ok(Self { calibration, files })
    }

    /// Says what was found, and where it is.
    pub(super) fn tell(&self) -> Result<(), CommandError> {
        let Self { calibration, files } = self;
        let table = console::fitted(&calibration.table());
        let mut text = format!("{}\n\n{table}", calibration.headline());
        for remark in calibration.remarks() {
            text.push_str(&format!("\n- {remark}"));
        }
        console::print_text(&(text + "\n"))?;
        for file in files {
            console::say_line(format_args!("wrote {}", file.display()));
        }
        Ok(())
    }
}

/// The keys that are named, or else those that the scenario names.
pub(super) fn keys(scenario: &Scenario, named: &[String]) -> Result<Vec<Free>, Diagnostic> {
    let named = named.iter().map(|text| spec(text)).collect::<Result<Vec<_>, _>>()?;
    free(scenario, &named)
}

/// `KEY` or `KEY=LOW..HIGH`.
fn spec(text: &str) -> Result<FreeSpec, Diagnostic> {
    let Some((key, range)) = text.split_once('=') else { return Ok(FreeSpec::new(text)) };
    let ends = range.split_once("..").and_then(|(low, high)| {
        Some((low.trim().parse::<f64>().ok()?, high.trim().parse::<f64>().ok()?))
    });
    match ends.filter(|(low, high)| low.is_finite() && high.is_finite()) {
        Some((low, high)) => {
            Ok(FreeSpec { low: Some(low), high: Some(high), ..FreeSpec::new(key.trim()) })
        }
        None => Err(Diagnostic::new(format!("--free {text}: \"{range}\" is not a range"))
            .hint("write KEY=LOW..HIGH with two numbers, such as optics.counts_scale=1000..9000")),
    }
}

fn beside(scenario: &Path) -> PathBuf {
    let name = scenario.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    scenario.with_file_name(format!("{name}-calibrated"))
}

fn write(
    fresh: &Path,
    folder: &Path,
    file: &Path,
    scenario: &Scenario,
    calibration: &Calibration,
) -> Result<(), CommandError> {
    let base = way(folder, file);
    let files = [
        ("calibrated.toml", calibrated_toml(scenario, calibration, &base)),
        ("calibration.html", page(scenario, calibration)),
        ("calibration.json", json(calibration) + "\n"),
        ("residuals.csv", residuals_csv(scenario, calibration)),
    ];
    for (name, text) in files {
        let path = fresh.join(name);
        fs::write(&path, text).map_err(|error| CommandError::unwritable(&path, &error))?;
    }
    Ok(())
}

/// The way from a folder to a scenario: relative where the folder lies beside it, else from the root.
pub(super) fn way(folder: &Path, file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match folder.parent() == file.parent() {
        true => format!("../{name}"),
        false => fs::canonicalize(file).unwrap_or_else(|_| file.into()).display().to_string(),
    }
}

fn json(calibration: &Calibration) -> String {
    serde_json::to_string_pretty(calibration).expect("numbers and names can be written")
}
