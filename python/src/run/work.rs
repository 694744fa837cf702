//! A campaign in a thread of its own.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowtwin::command::embedded::{self, Embedded, Place, run_embedded, write_account};
use flowtwin_calibration::Account;
use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Observer, Reviewer};
use flowtwin_campaign::folder::{JOURNAL, read_begun};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Observation;
use flowtwin_lab::journal::{Journal, JournalError, Recalibrated, Sink, Writer, read};
use flowtwin_lab::study::Task;
use flowtwin_report::Extras;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::review::{Asked, PythonReviewer};
use crate::errors;
use crate::outside::{Object, PythonLab, Raised};
use crate::shadow::{Beside, Calibrated};
use crate::waiting::Tell;

/// Where experiments are done.
pub(crate) enum Where {
    /// On a simulated rig, with emulated instruments or without; a table in its place.
    Here(embedded::Backend),
    /// On a lab that is an object of Python.
    Object(Arc<Object>),
    /// On a lab that a command runs, which may be silent for so long.
    Program(String, Duration),
}

impl Where {
    /// What was meant by the name of a backend and a lab.
    pub(crate) fn named(
        name: &str,
        lab: Option<Bound<'_, PyAny>>,
        patience: f64,
    ) -> PyResult<Self> {
        match (name, lab) {
            ("sim", Some(lab)) => match lab.extract::<String>() {
                Ok(command) => Ok(Self::Program(command, patience_of(patience)?)),
                Err(_) => Ok(Self::Object(Object::new(lab.py(), lab.unbind()))),
            },
            ("sim", None) => Ok(Self::Here(embedded::Backend::Sim)),
            ("emulated", None) => Ok(Self::Here(embedded::Backend::Emulated)),
            (_, Some(_)) => Err(errors::failed("a lab of its own has no other backend")),
            _ => Err(super::unknown("backend", name, "sim and emulated")),
        }
    }
}

/// How long a program may be silent.
pub(crate) fn patience_of(seconds: f64) -> PyResult<Duration> {
    let patience = Duration::try_from_secs_f64(seconds).ok().filter(|patience| !patience.is_zero());
    patience.ok_or_else(|| {
        PyValueError::new_err(format!(
            "patience_s = {seconds} is not a time: more than 0 s is needed"
        ))
    })
}

/// What is to be run.
pub(crate) struct Order {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) seed: u64,
    pub(crate) place: Where,
    /// The simulated rig that stands in for that of the scenario, if it is another one.
    pub(crate) as_it_is: Option<Arc<Scenario>>,
    pub(crate) threads: NonZeroUsize,
    pub(crate) raised: Raised,
    pub(crate) out: Option<PathBuf>,
    pub(crate) resume: bool,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) trace: Trace,
    pub(crate) calibrated: Option<Calibrated>,
    /// Whether somebody decides on each proposal.
    pub(crate) reviewed: bool,
}

/// What a campaign leaves while it runs, for whoever does not wait for its end.
#[derive(Clone, Default)]
pub(crate) struct Trace {
    kept: Kept,
    folder: Arc<Mutex<Option<PathBuf>>>,
}

impl Trace {
    /// Its journal so far, and its folder.
    pub(crate) fn so_far(&self) -> (Option<Journal>, Option<PathBuf>) {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let journal = match &folder {
            // Its seal may be newer than these bytes.
            Some(folder) => {
                std::fs::read(folder.join(JOURNAL)).ok().and_then(|bytes| begun(&bytes).ok()?)
            }
            None => self.kept.journal().ok().flatten(),
        };
        (journal, folder)
    }
}

/// What is told of a campaign.
pub(crate) enum Told {
    /// An experiment has ended.
    Experiment(OfExperiment),
    /// A proposal waits for a decision.
    Proposal(Asked),
}

/// An experiment that has ended.
pub(crate) struct OfExperiment {
    pub(crate) number: u64,
    pub(crate) total: usize,
    pub(crate) phase: String,
    pub(crate) observation: Box<Observation>,
    pub(crate) simulated: bool,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) ended: Result<Ended, CampaignError>,
    /// The journal as far as it was written; none before its first record.
    pub(crate) journal: Option<Journal>,
    pub(crate) path: Option<PathBuf>,
    pub(crate) extras: Extras,
    /// What is wrong with its journal, or could not be written after its end.
    pub(crate) amiss: Option<PyErr>,
    /// What the shadow saw, if there was one.
    pub(crate) account: Option<Account>,
}

/// Runs the campaign, and tells each experiment to somebody who may have gone.
pub(crate) fn work(order: &Order, tell: &Tell<Told>) -> PyResult<Done> {
    let calibrated = order.calibrated.as_ref();
    let shadow = calibrated.map(|calibrated| calibrated.shadow(&order.stop)).transpose()?;
    let mut done = match &order.out {
        Some(out) => in_folder(order, out, tell, shadow.as_ref())?,
        None => in_memory(order, tell, shadow.as_ref())?,
    };
    done.account = shadow.map(|shadow| shadow.finish(done.ended.as_mut().ok()));
    if let (Some(account), Some(path)) = (&done.account, &done.path) {
        let unwritten = write_account(account, path).err().map(errors::failed);
        done.amiss = done.amiss.take().or(unwritten);
    }
    Ok(done)
}

/// Where an order is carried out.
fn place(order: &Order) -> Result<Place, Refused> {
    let scenario = &*order.scenario;
    let backend = match &order.place {
        Where::Object(object) => {
            let lab = PythonLab::begin(object, scenario.manifest(), order.raised.clone());
            return Ok(Place::new(Box::new(lab.map_err(Refused::Python)?), "python", None));
        }
        Where::Program(command, patience) => {
            return Ok(Place::outside(command, *patience, scenario, &order.stop)?);
        }
        Where::Here(backend) => *backend,
    };
    let place = match &order.as_it_is {
        Some(rig) => {
            rig.simulated().map_err(|wrong| Refused::Python(errors::scenario(wrong)))?;
            Place::as_it_is(backend, None, scenario, rig, order.seed)
        }
        None => Place::simulated(backend, None, scenario, order.seed),
    };
    // What is wrong with a scenario has an exception of its own.
    place.map_err(|error| match scenario.simulated() {
        Err(wrong) if scenario.table_lab(order.seed).is_none() => {
            Refused::Python(errors::scenario(wrong))
        }
        _ => Refused::Command(error),
    })
}

fn in_memory(order: &Order, tell: &Tell<Told>, shadow: Option<&Beside<'_>>) -> PyResult<Done> {
    let Place { lab, backend, world } = place(order)?;
    let campaign = Campaign::new(&order.scenario, order.seed, order.threads, &order.stop);
    let reviewer = order.reviewed.then(|| PythonReviewer::new(tell));
    let campaign = match &reviewer {
        Some(reviewer) => campaign.reviewed(reviewer),
        None => campaign,
    };
    let kept = &order.trace.kept;
    let mut observer = watcher(order, tell, lab.manifest().simulated, shadow);
    let ended = campaign.run(lab, Writer::new(kept.clone()), None, &mut *observer);
    let simulated_events = world.map(|world| world.work().events);
    let (journal, amiss) = whole(kept.journal());
    Ok(Done {
        ended: ended.map(|(ended, _)| ended),
        journal,
        path: None,
        extras: Extras { backend: backend.into(), simulated_events },
        amiss,
        account: None,
    })
}

fn in_folder(
    order: &Order,
    out: &Path,
    tell: &Tell<Told>,
    shadow: Option<&Beside<'_>>,
) -> PyResult<Done> {
    let reviewer = order.reviewed.then(|| PythonReviewer::new(tell));
    let reviewer = reviewer.as_ref().map(|reviewer| reviewer as &dyn Reviewer);
    let embedded = Embedded {
        scenario: &order.scenario,
        seed: order.seed,
        out,
        resume: order.resume,
        threads: order.threads,
        stop: &order.stop,
        reviewer,
    };
    let observer = |folder: &Path, simulated| {
        let mut there = order.trace.folder.lock().unwrap_or_else(PoisonError::into_inner);
        *there = Some(folder.to_owned());
        watcher(order, tell, simulated, shadow)
    };
    let done = run_embedded(&embedded, &|| place(order), &observer)?;
    let (journal, damaged) = whole(read_begun(&done.path));
    let amiss = damaged.or(done.unwritten.map(errors::failed));
    let (ended, extras) = (done.ended, done.extras);
    Ok(Done { ended, journal, path: Some(done.path), extras, amiss, account: None })
}

/// A journal that was read, or what is wrong with it.
fn whole<E: std::fmt::Display>(
    read: Result<Option<Journal>, E>,
) -> (Option<Journal>, Option<PyErr>) {
    match read {
        Ok(journal) => (journal, None),
        Err(error) => (None, Some(errors::failed(error))),
    }
}

/// Why a run in a folder does not begin.
enum Refused {
    Python(PyErr),
    Command(flowtwin::error::CommandError),
}

impl From<Refused> for PyErr {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Python(error) => error,
            Refused::Command(error) => errors::failed(error),
        }
    }
}

impl From<flowtwin::error::CommandError> for Refused {
    fn from(error: flowtwin::error::CommandError) -> Self {
        Self::Command(error)
    }
}

/// A journal in memory that can be read however the campaign ends.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    /// What it holds so far; none before the first record.
    fn journal(&self) -> Result<Option<Journal>, JournalError> {
        begun(&self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// A journal; none before its first record.
fn begun(bytes: &[u8]) -> Result<Option<Journal>, JournalError> {
    bytes.contains(&b'\n').then(|| read(bytes)).transpose()
}

impl Sink for Kept {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Who watches a run: whoever tells of it, and a shadow if there is one.
fn watcher<'a>(
    order: &'a Order,
    tell: &'a Tell<Told>,
    simulated: bool,
    shadow: Option<&'a Beside<'_>>,
) -> Box<dyn Observer + 'a> {
    let telling = Telling::new(order, tell, simulated);
    match shadow {
        Some(shadow) => Box::new(Both(telling, shadow.watch())),
        None => Box::new(telling),
    }
}

/// Two who watch, each of whom only hears.
struct Both<A, B>(A, B);

impl<A: Observer, B: Observer> Observer for Both<A, B> {
    fn phase(&mut self, name: &str, policy: &str, experiments: usize) {
        (&mut self.0, &mut self.1).phase(name, policy, experiments);
    }

    fn task(&mut self, number: usize, of: usize, task: &Task) {
        (&mut self.0, &mut self.1).task(number, of, task);
    }

    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        (&mut self.0, &mut self.1).experiment(number, observation, known);
    }

    fn recalibrated(&mut self) -> Option<Recalibrated> {
        (&mut self.0, &mut self.1).recalibrated()
    }
}

/// Tells each experiment.
struct Telling<'a> {
    tell: &'a Tell<Told>,
    total: usize,
    phase: String,
    simulated: bool,
}

impl<'a> Telling<'a> {
    fn new(order: &Order, tell: &'a Tell<Told>, simulated: bool) -> Self {
        Self { tell, total: order.scenario.experiments(), phase: String::new(), simulated }
    }
}

impl Observer for Telling<'_> {
    fn phase(&mut self, name: &str, _policy: &str, _experiments: usize) {
        name.clone_into(&mut self.phase);
    }

    fn experiment(&mut self, number: u64, observation: &Observation, _known: bool) {
        let told = OfExperiment {
            number,
            total: self.total,
            phase: self.phase.clone(),
            observation: Box::new(observation.clone()),
            simulated: self.simulated,
        };
        self.tell.tell(Told::Experiment(told));
    }
}
