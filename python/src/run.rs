//! Campaigns: what runs them, and what they leave.

mod ending;
mod journal;
mod review;
mod work;

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use flowtwin::command::embedded;
use flowtwin_campaign::conclusion::Conclusion;
use flowtwin_campaign::scenario::{Entrant, Scenario};
use flowtwin_lab::Instant;
use flowtwin_lab::journal::{Journal, read, stopped_by};
use flowtwin_report::{Extras, Front, Run as Read, column, front_html};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors::{self, FlowtwinError};
use crate::exit::detached;
use crate::observation::{Grids, Observation};
use crate::outside::{Object, PythonPolicy, Raised};
use crate::policy::threads;
use crate::scenario::{AnyScenario, Checked};
use crate::shadow::{Calibrated, found};
use crate::studies::Found;
use crate::table::{Column, Frame};
use crate::waiting::{Waited, wait};
pub(crate) use work::patience_of;
use work::{Done, OfExperiment, Order, Told, Trace, Where, work};

/// What a campaign has left.
#[pyclass(frozen, module = "flowtwin._flowtwin")]
pub(crate) struct Left {
    journal: Journal,
    scenario: Arc<Scenario>,
    extras: Extras,
    concluded: OnceLock<Result<Conclusion, String>>,
    fault: Option<flowtwin_lab::Fault>,
    #[pyo3(get)]
    path: Option<PathBuf>,
    /// What the shadow beside it saw, if there was one.
    #[pyo3(get)]
    shadow: Option<Py<Found>>,
}

/// Has a policy in Python take the place of the policies of the last phases.
pub(crate) fn with_policy(
    scenario: &Scenario,
    command: &str,
    factory: Py<PyAny>,
    raised: &Raised,
) -> PyResult<Scenario> {
    let name = Entrant::program(command).name;
    let policy = PythonPolicy::new(name, factory, scenario.wanted().clone(), raised.clone());
    Ok(scenario.clone().with_policy(command, Box::new(policy)))
}

/// Runs a campaign; `progress` is called with what was told of it.
///
/// Returns what it left, and the exception that ended it, if one did: a policy or lab in Python that raised, or Ctrl-C.
#[pyfunction]
#[pyo3(signature = (
    scenario, seed, backend, jobs, policy, lab, as_it_is, patience_s, shadow, out, resume, review, progress
))]
#[expect(clippy::too_many_arguments, reason = "a function of Python names them for people")]
pub(crate) fn run(
    py: Python<'_>,
    scenario: AnyScenario,
    seed: Option<u64>,
    backend: &str,
    jobs: Option<usize>,
    policy: Option<(String, Py<PyAny>)>,
    lab: Option<Bound<'_, PyAny>>,
    as_it_is: Option<AnyScenario>,
    patience_s: f64,
    shadow: Option<(AnyScenario, String)>,
    out: Option<PathBuf>,
    resume: bool,
    review: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Option<Left>, Option<PyErr>)> {
    let raised = Raised::default();
    let scenario = match policy {
        Some((command, factory)) => Arc::new(with_policy(&scenario.0, &command, factory, &raised)?),
        None => scenario.0,
    };
    let seed = seed.unwrap_or(scenario.file().seed);
    let calibrated = shadow.map(|(shadow, drift)| Calibrated::of(shadow, &drift, &scenario));
    let calibrated = calibrated.transpose()?;
    let (place, threads) = (Where::named(backend, lab, patience_s)?, threads(jobs)?);
    let object = if let Where::Object(object) = &place { Some(object.clone()) } else { None };
    let (stop, trace) = (Arc::new(AtomicBool::new(false)), Trace::default());
    let order = Order {
        scenario: scenario.clone(),
        seed,
        place,
        as_it_is: as_it_is.map(|rig| rig.0),
        threads,
        raised: raised.clone(),
        out,
        resume,
        stop: stop.clone(),
        trace: trace.clone(),
        calibrated,
        reviewed: review.is_some(),
    };
    let units = scenario.features().into();
    let watch = Watch { grids: Grids::default(), units, review, progress };
    let hear = |told| watch.hear(py, told);
    let (done, interrupted) = match wait(py, Some(&stop), move |tell| work(&order, tell), hear)? {
        Waited::Done(done, interrupted) => (done, interrupted),
        Waited::Forked(error) => return Err(error),
        Waited::Abandoned(error) => {
            return Ok(abandoned(py, scenario, &trace, object.as_ref(), error));
        }
    };
    let Done { ended, journal, path, extras, amiss, account } = match done {
        Ok(done) => done,
        Err(error) => {
            return Err(interrupted.unwrap_or_else(|| with_cause(py, error, raised.take())));
        }
    };
    let at = journal.as_ref().map_or(Instant::START, Journal::last_at);
    let error = ending::exception(py, &ended, interrupted, &raised, (amiss, at));
    let fault = ended.ok().and_then(|ended| ended.fault);
    let shadow = account.map(|account| Py::new(py, found(py, &account)?)).transpose()?;
    let left = journal.map(|journal| {
        let concluded = OnceLock::new();
        Left { journal, scenario, extras, concluded, fault, path, shadow }
    });
    Ok((left, error))
}

/// What is there of a campaign that is not waited for. Its lab is made safe beside whatever it does, if it is one in Python.
fn abandoned(
    py: Python<'_>,
    scenario: Arc<Scenario>,
    trace: &Trace,
    object: Option<&Arc<Object>>,
    error: PyErr,
) -> (Option<Left>, Option<PyErr>) {
    let unsafe_because = object.and_then(|object| ending::made_safe(py, object).err());
    let (journal, path) = detached(py, || trace.so_far());
    let at = journal.as_ref().map_or(Instant::START, Journal::last_at);
    let error = match unsafe_because {
        Some(left) => with_cause(py, errors::fault(&ending::unheard(&left, at)), Some(error)),
        None => error,
    };
    let left = journal.map(|journal| {
        let (concluded, fault) = (OnceLock::new(), stopped_by(&journal));
        let extras = Extras::default();
        Left { journal, scenario, extras, concluded, fault, path, shadow: None }
    });
    (left, Some(error))
}

pub(crate) fn with_cause(py: Python<'_>, error: PyErr, cause: Option<PyErr>) -> PyErr {
    if let Some(cause) = cause {
        error.set_cause(py, Some(cause));
    }
    error
}

/// What is told of a campaign, for a function of Python.
struct Watch {
    grids: Grids,
    units: Arc<[(String, String)]>,
    review: Option<Py<PyAny>>,
    progress: Option<Py<PyAny>>,
}

impl Watch {
    fn hear(&self, py: Python<'_>, told: Told) -> PyResult<()> {
        let told = match (told, &self.review) {
            (Told::Proposal(asked), Some(review)) => return asked.decide(py, review),
            (Told::Proposal(_), None) => return Ok(()),
            (Told::Experiment(told), _) => told,
        };
        let Some(progress) = &self.progress else { return Ok(()) };
        let OfExperiment { number, total, phase, observation, simulated } = told;
        let seen = Observation::new(py, *observation, self.units.clone(), &self.grids, simulated)?;
        progress.call1(py, (number, total, phase, seen)).map(drop)
    }
}

impl Left {
    fn concluded(&self, py: Python<'_>) -> PyResult<&Conclusion> {
        let conclude = || {
            let threads = embedded::threads(None);
            let journal = read(self.journal.bytes()).map_err(|error| error.to_string())?;
            let concluded = Conclusion::of_journal(journal, None, self.extras.clone(), threads);
            concluded.map_err(|error| error.to_string())
        };
        let concluded = detached(py, || self.concluded.get_or_init(conclude));
        concluded.as_ref().map_err(|error| FlowtwinError::new_err(error.clone()))
    }

    fn read(&self) -> PyResult<Read<'_>> {
        Read::read(&self.journal).map_err(errors::failed)
    }
}

#[pymethods]
impl Left {
    /// Reads the run of a folder, or of a journal.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        detached(py, || journal::load(&path))
    }

    /// The bytes of the journal.
    #[getter]
    fn journal<'py>(&self, py: Python<'py>) -> Bound<'py, pyo3::types::PyBytes> {
        pyo3::types::PyBytes::new(py, self.journal.bytes())
    }

    #[getter]
    fn journal_sha256(&self) -> String {
        self.journal.sha256()
    }

    #[getter]
    fn complete(&self) -> bool {
        self.journal.complete()
    }

    #[getter]
    fn fault<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.fault.as_ref().map(|fault| errors::fault_object(py, fault)).transpose()
    }

    #[getter]
    fn scenario_name(&self) -> &str {
        &self.journal.header().scenario
    }

    #[getter]
    fn seed(&self) -> u64 {
        self.journal.header().seed
    }

    #[getter]
    fn scenario(&self) -> Checked {
        Checked { scenario: self.scenario.clone() }
    }

    #[getter]
    fn observations(&self, py: Python<'_>) -> PyResult<Vec<Observation>> {
        let (grids, analysis) = (Grids::default(), self.scenario.analysis());
        let units: Arc<[(String, String)]> = self.scenario.features().into();
        let simulated = self.journal.header().simulated;
        let records = self.journal.experiments();
        let seen = |record: &flowtwin_lab::journal::ExperimentRecord| {
            let observation = record.observation(analysis);
            Observation::new(py, observation, units.clone(), &grids, simulated)
        };
        records.map(seen).collect()
    }

    /// A row for each experiment.
    fn table(&self) -> PyResult<Frame> {
        Frame::new(journal::observations(&self.read()?))
    }

    /// A row for each pixel of each spectrum.
    fn spectra(&self) -> PyResult<Frame> {
        Frame::new(journal::spectra(&self.journal, self.scenario.analysis()))
    }

    /// The best compromises: a row each; none where one thing is wanted.
    fn front(&self) -> PyResult<Option<Frame>> {
        let run = self.read()?;
        let Some(front) = Front::of(&run) else { return Ok(None) };
        let frame = Frame::new(journal::front(&run, &front))?;
        Ok(Some(frame.shown_as(front_html(&run))))
    }

    /// The object of `summary.json`, as JSON.
    fn summary(&self, py: Python<'_>) -> PyResult<String> {
        let concluded = self.concluded(py)?;
        Ok(detached(py, || concluded.text(true, None)))
    }

    /// The closing table.
    fn text(&self, py: Python<'_>) -> PyResult<String> {
        let concluded = self.concluded(py)?;
        Ok(detached(py, || concluded.text(false, None)))
    }

    /// The page `report.html`.
    fn page(&self, py: Python<'_>) -> PyResult<String> {
        let concluded = self.concluded(py)?;
        Ok(detached(py, || concluded.page()))
    }

    /// Writes the run folder: the journal and everything that is made of it.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        let concluded = self.concluded(py)?;
        detached(py, || journal::save(&self.journal, concluded, &folder))
    }
}

/// The name of a column with its unit.
pub(crate) fn with_unit(name: &str, unit: &str) -> String {
    column(name, unit)
}

/// Refuses a name that is none of those known.
pub(crate) fn unknown(what: &str, name: &str, known: &str) -> PyErr {
    PyValueError::new_err(format!("there is no {what} {name}, only {known}"))
}

/// A column of numbers.
pub(crate) fn numbers(values: impl Iterator<Item = Option<f64>>) -> Column {
    Column::Number(values.map(|value| value.filter(|value| value.is_finite())).collect())
}
