//! Reading a side from a path.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flowtwin_campaign::campaign::CampaignError;
use flowtwin_campaign::folder::{FolderError, JOURNAL, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::{Journal, Record};
use flowtwin_report::{Run, RunError};
use serde_json::Value;

use super::table::Table;
use super::{Measured, Side, SideKind};
use crate::origin::Origin;
use crate::snapshot::{self, Snapshot};

/// Why a path is not a side of a comparison.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SideError {
    /// There is neither a run, nor a snapshot, nor a scenario.
    #[error(
        "{0} is neither a run folder, nor a folder of snapshots of one scenario, nor a scenario file"
    )]
    Unknown(PathBuf),
    /// The journal cannot be trusted.
    #[error(transparent)]
    Journal(#[from] FolderError),
    /// The journal cannot be summed up.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The scenario is wrong.
    #[error(transparent)]
    Scenario(#[from] Diagnostic),
    /// The snapshot cannot be read.
    #[error("{path} is not a snapshot: {detail}")]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        detail: String,
    },
    /// The campaign could not be run.
    #[error("{path}: {source}")]
    Campaign {
        /// The scenario.
        path: PathBuf,
        /// Why.
        source: CampaignError,
    },
}

impl Side {
    /// Reads what is at `path`; a scenario is run on the simulator, with its own seed, on `threads` threads.
    ///
    /// # Errors
    /// If it is nothing that can be compared, or cannot be read or run.
    pub fn load(path: &Path, threads: NonZeroUsize) -> Result<Self, SideError> {
        let name = path.display().to_string();
        // A file of a folder stands for the folder.
        let of_folder = |file: &str| file == JOURNAL || file.ends_with(".snap");
        let within =
            path.is_file() && path.file_name().and_then(|f| f.to_str()).is_some_and(of_folder);
        let path = if within { path.parent().unwrap_or(path) } else { path };
        if path.join(JOURNAL).is_file() {
            return Self::run(&name, read_journal(path)?);
        }
        if path.join("observations.snap").is_file() {
            return Self::snapshot(&name, path);
        }
        if path.extension().is_some_and(|end| end == "toml") {
            let scenario = Scenario::load(path)?;
            let at = |source| SideError::Campaign { path: path.to_owned(), source };
            let (snapshot, journal) = Snapshot::taken(&scenario, threads).map_err(at)?;
            return Self::scenario(&name, snapshot, journal);
        }
        Err(SideError::Unknown(path.to_owned()))
    }

    /// The side of a journal.
    ///
    /// # Errors
    /// If it cannot be summed up.
    pub fn run(name: &str, journal: Journal) -> Result<Self, SideError> {
        let run = Run::read(&journal)?;
        let header = journal.header();
        let mut definition = header.definition.clone();
        definition["seed"] = header.seed.into();
        let stopped = journal.records().iter().rev().find_map(|record| match record {
            Record::Fault(fault) => Some(fault.to_string()),
            Record::Experiment(experiment) => experiment.fault.as_ref().map(ToString::to_string),
            _ => None,
        });
        Ok(Self {
            name: name.into(),
            kind: SideKind::Run,
            flowtwin: Some(header.flowtwin.clone()),
            definition: Some(definition),
            inputs: header.inputs.clone(),
            features: header.features.clone(),
            experiments: journal.experiments().map(Measured::of).collect(),
            work: Vec::new(),
            digest: None,
            stopped: stopped.filter(|_| !journal.complete()),
            reagent_ml: Some(run.consumed_ml()),
            lab_time_s: Some(run.lab_time_s()),
            journal: Some(journal),
        })
    }

    /// The side of a scenario that has been run.
    ///
    /// # Errors
    /// If its journal cannot be summed up.
    pub fn scenario(name: &str, snapshot: Snapshot, journal: Journal) -> Result<Self, SideError> {
        let work = read_work(&snapshot.work);
        let side = Self::run(name, journal)?;
        Ok(Self { kind: SideKind::Scenario, work, digest: Some(snapshot.digest), ..side })
    }

    /// The side of a snapshot in a folder.
    ///
    /// # Errors
    /// If its table cannot be read.
    pub fn snapshot(name: &str, folder: &Path) -> Result<Self, SideError> {
        let path = folder.join("observations.snap");
        let bad = |detail: String| SideError::Snapshot { path: path.clone(), detail };
        let text = fs::read_to_string(&path).map_err(|error| bad(error.to_string()))?;
        let part = |part: &str| snapshot::part(folder, part);
        let origin = part("origin").and_then(|text| Origin::read(&text));
        let choices = origin.as_ref().map(|origin| choices(&origin.definition));
        let table = Table::read(snapshot::contents(&text), &choices.unwrap_or_default());
        let table = table.map_err(bad)?;
        let digest = part("digest");
        Ok(Self {
            name: name.into(),
            kind: SideKind::Snapshot,
            flowtwin: origin.as_ref().map(|origin| origin.flowtwin.clone()),
            inputs: table.inputs,
            features: table.features,
            experiments: table.experiments,
            work: part("work").map(|text| read_work(&text)).unwrap_or_default(),
            digest,
            stopped: table.stopped,
            reagent_ml: origin.as_ref().map(|origin| origin.reagent_ml.clone()),
            lab_time_s: origin.as_ref().map(|origin| origin.lab_time_s),
            definition: origin.map(|origin| origin.definition),
            journal: None,
        })
    }
}

/// The inputs of a scenario that are chosen by name.
fn choices(definition: &Value) -> Vec<String> {
    let inputs = definition["space"]["inputs"].as_object().into_iter().flatten();
    let by_name = |input: &Value| input["options"].as_array().is_some_and(|all| !all.is_empty());
    inputs.filter(|(_, input)| by_name(input)).map(|(name, _)| name.clone()).collect()
}

/// Names and counts, one per line.
fn read_work(text: &str) -> Vec<(String, u64)> {
    let count = |line: &str| {
        let (name, count) = line.rsplit_once(' ')?;
        Some((name.trim().to_owned(), count.parse().ok()?))
    };
    text.lines().filter_map(count).collect()
}
