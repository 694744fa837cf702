//! The calibrated simulator beside a run: has the rig moved?

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin::command::embedded::fits;
use flowtwin_calibration::{Account, Shadow};
use flowtwin_campaign::campaign::{Ended, Observer};
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Recalibrated};
use flowtwin_lab::{FaultKind, Observation};
use pyo3::prelude::*;

use crate::errors;
use crate::exit::detached;
use crate::run::numbers;
use crate::scenario::AnyScenario;
use crate::studies::Found;
use crate::table::{Column, Frame};

/// What an alarm does. In a pause somebody decides on proposals, whom a run in Python does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OnDrift {
    Flag,
    Recalibrate,
    Stop,
}

/// A calibrated scenario for a run, and what an alarm does.
#[derive(Clone)]
pub(crate) struct Calibrated {
    scenario: Arc<Scenario>,
    on_drift: OnDrift,
}

impl Calibrated {
    /// That of a run of `run`.
    ///
    /// # Errors
    /// If it describes another rig, or there is no such word for what an alarm does.
    pub(crate) fn of(scenario: AnyScenario, on_drift: &str, run: &Scenario) -> PyResult<Self> {
        let on_drift = match on_drift {
            "flag" => OnDrift::Flag,
            "recalibrate" => OnDrift::Recalibrate,
            "stop" => OnDrift::Stop,
            _ => {
                let known = "flag, recalibrate and stop";
                return Err(crate::run::unknown("on_drift", on_drift, known));
            }
        };
        if !fits(&scenario.0, run) {
            let message = "the scenario of the shadow has other inputs or features than the run: it must describe the same rig";
            return Err(errors::ScenarioError::new_err(message));
        }
        Ok(Self { scenario: scenario.0, on_drift })
    }

    /// Its shadow, which stops a run by `stop`.
    ///
    /// # Errors
    /// If it cannot be simulated.
    pub(crate) fn shadow<'a>(&'a self, stop: &'a AtomicBool) -> PyResult<Beside<'a>> {
        let clean = Shadow::new(&self.scenario).map_err(errors::scenario)?;
        let now = Mutex::new((clean.clone(), None));
        Ok(Beside { clean, now, on_drift: self.on_drift, stop })
    }
}

/// A shadow beside a run.
pub(crate) struct Beside<'a> {
    clean: Shadow<'a>,
    /// The shadow as it is, and why it has stopped the run, if so.
    now: Mutex<(Shadow<'a>, Option<String>)>,
    on_drift: OnDrift,
    stop: &'a AtomicBool,
}

impl<'s> Beside<'s> {
    /// Looks at a run from its beginning.
    pub(crate) fn watch(&self) -> Watching<'_, 's> {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (self.clean.clone(), None);
        Watching(self, None)
    }

    /// What came of the run; where the shadow has stopped it, that is its fault.
    pub(crate) fn finish(self, ended: Option<&mut Ended>) -> Account {
        let (shadow, stopped) = self.now.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let (Some(detail), Some(fault)) = (stopped, ended.and_then(|ended| ended.fault.as_mut()))
            && fault.kind == FaultKind::Interrupted
        {
            fault.kind = FaultKind::Moved { detail };
        }
        // As in all files of a run, no path stands in it.
        shadow.account("")
    }
}

/// Holds every experiment of a run against its shadow.
///
/// The second is what the journal is to record.
pub(crate) struct Watching<'a, 's>(&'a Beside<'s>, Option<Recalibrated>);

impl Observer for Watching<'_, '_> {
    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        let mut now = self.0.now.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(words) = now.0.observe(number, observation).map(|alarm| alarm.words()) else {
            return;
        };
        // What somebody has resumed a run after stops it no more.
        if self.0.on_drift == OnDrift::Recalibrate {
            // Values that the simulator refuses leave the shadow as it was.
            let anew = now.0.recalibrate().ok().flatten();
            self.1 = anew.map(|anew| anew.record());
        }
        if self.0.on_drift == OnDrift::Stop && !known {
            now.1.get_or_insert(words);
            self.0.stop.store(true, Ordering::Relaxed);
        }
    }

    fn recalibrated(&mut self) -> Option<Recalibrated> {
        self.1.take()
    }
}

/// Holds a run against a calibrated scenario: the journal in a folder, or the bytes of one.
#[pyfunction]
#[pyo3(signature = (scenario, journal, folder))]
pub(crate) fn shadow(
    py: Python<'_>,
    scenario: AnyScenario,
    journal: Option<Vec<u8>>,
    folder: Option<PathBuf>,
) -> PyResult<Found> {
    let account = detached(py, || {
        let journal = match (journal, folder) {
            (Some(bytes), _) => flowtwin_lab::journal::read(&bytes).map_err(errors::failed)?,
            (None, folder) => read_journal(&folder.unwrap_or_default()).map_err(errors::failed)?,
        };
        account(&scenario.0, &journal)
    })?;
    found(py, &account)
}

fn account(scenario: &Scenario, journal: &Journal) -> PyResult<Account> {
    let mut shadow = Shadow::new(scenario).map_err(errors::scenario)?;
    for experiment in journal.experiments() {
        shadow.observe(experiment.experiment, &experiment.observation(scenario.analysis()));
    }
    let account = shadow.account("");
    match account.experiments {
        0 => Err(errors::failed(
            "no experiment to look at: failed and flagged ones tell nothing; features must have the names that they have in the scenario",
        )),
        _ => Ok(account),
    }
}

/// What a shadow found, for Python.
pub(crate) fn found(py: Python<'_>, account: &Account) -> PyResult<Found> {
    let mut text = format!("{}\n\n{}", account.headline(), account.table().text());
    for remark in account.remarks() {
        text.push_str(&format!("\n- {remark}"));
    }
    Ok(Found {
        json: serde_json::to_string(account).map_err(errors::failed)?,
        page: crate::page::account(account),
        text,
        table: Some(Py::new(py, Frame::new(columns(account))?)?),
        toml: None,
    })
}

fn columns(account: &Account) -> Vec<(String, Column)> {
    let rows = || account.looks.iter().flat_map(|l| l.features.iter().map(move |f| (l, f)));
    let experiment = rows().map(|(look, _)| look.experiment as i64).collect();
    let feature = rows().map(|(_, feature)| Some(feature.name.clone())).collect();
    vec![
        ("experiment".into(), Column::Integer(experiment)),
        ("feature".into(), Column::Text(feature)),
        ("measured".into(), numbers(rows().map(|(_, feature)| Some(feature.measured)))),
        ("expected".into(), numbers(rows().map(|(_, feature)| Some(feature.expected)))),
        ("off_in_deviations".into(), numbers(rows().map(|(_, feature)| Some(feature.off)))),
        ("chance".into(), numbers(rows().map(|(look, _)| Some(look.chance)))),
    ]
}
