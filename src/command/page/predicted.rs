//! The spectra that the simulator of a run's scenario expects, for its live page.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use flowtwin_campaign::folder::JOURNAL;
use flowtwin_campaign::scenario::{Moment, Scenario};
use flowtwin_lab::journal::{ExperimentRecord, Record};
use flowtwin_serve::Measured;
use serde::Deserialize;
use serde_json::{Value, json};

/// Computes expected spectra. It keeps the scenario of the run that was asked for last.
#[derive(Debug, Default)]
pub(super) struct Predictor {
    known: Mutex<Option<(String, Scenario)>>,
}

/// A line of a journal.
#[derive(Debug, Deserialize)]
struct Line {
    record: Record,
}

impl Predictor {
    /// The spectra expected of an experiment, as its record has them: name, unit and a value for each pixel.
    ///
    /// # Errors
    /// If the run has no simulator, or no experiment begins there; in words.
    pub(super) fn spectra(&self, folder: &Path, asked: &Measured) -> Result<Value, String> {
        let path = folder.join(JOURNAL);
        let experiment = experiment(&path, asked.at)?;
        let before = asked.before.map(|at| self::experiment(&path, at)).transpose()?;
        let before = before.map(|record| record.conditions);
        let header = line(&path, 0)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(&*known, Some((of, _)) if *of == header) {
            *known = Some((header.clone(), scenario(&header)?));
        }
        let Some((_, scenario)) = &*known else { return Err(NO_HEADER.to_owned()) };
        let rig = scenario.simulated().map_err(|error| error.to_string())?;
        let hours = experiment.started_ns.as_secs() / 3600.0;
        let moment = Moment { before: before.as_ref(), hours };
        let outcome = rig.expected().with_spectra(&experiment.conditions, &moment);
        let told = outcome.spectra.into_iter();
        let told = told.map(|s| json!({ "name": s.name, "unit": s.unit, "values": s.values }));
        Ok(told.collect())
    }
}

const NO_HEADER: &str = "the journal has no header";

fn scenario(header: &str) -> Result<Scenario, String> {
    let line: Line = serde_json::from_str(header).map_err(|error| error.to_string())?;
    let Record::Header(header) = line.record else { return Err(NO_HEADER.to_owned()) };
    Scenario::recorded(&header.definition).map_err(|error| error.to_string())
}

/// The experiment whose record begins here.
fn experiment(path: &Path, at: u64) -> Result<ExperimentRecord, String> {
    let none = || format!("no experiment begins at byte {at} of the journal");
    let line: Line = serde_json::from_str(&line(path, at)?).map_err(|_| none())?;
    match line.record {
        Record::Experiment(experiment) => Ok(*experiment),
        _ => Err(none()),
    }
}

/// What is written from here to the end of the line.
fn line(path: &Path, at: u64) -> Result<String, String> {
    let read = || {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(at))?;
        let mut line = String::new();
        BufReader::new(file).read_line(&mut line)?;
        Ok(line)
    };
    read().map_err(|error: std::io::Error| error.to_string())
}
