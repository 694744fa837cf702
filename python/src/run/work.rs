//! A campaign in a thread of its own.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin::command::embedded::{self, Embedded, Place, run_embedded};
use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Observer};
use flowtwin_campaign::folder::{JOURNAL, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Observation;
use flowtwin_lab::journal::{Journal, Sink, Writer, read};
use flowtwin_report::Extras;
use pyo3::prelude::*;

use crate::errors;
use crate::exit::attached;
use crate::outside::{PythonLab, Raised};
use crate::waiting::Tell;

/// Where experiments are done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Simulated,
    Emulated,
    Python,
}

impl Backend {
    pub(crate) fn named(name: &str, python: bool) -> PyResult<Self> {
        match (name, python) {
            ("sim", true) => Ok(Self::Python),
            ("sim", false) => Ok(Self::Simulated),
            ("emulated", false) => Ok(Self::Emulated),
            (_, true) => Err(errors::failed("a lab of its own has no other backend")),
            _ => Err(super::unknown("backend", name, "sim and emulated")),
        }
    }
}

/// What is to be run.
pub(crate) struct Order {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) seed: u64,
    pub(crate) backend: Backend,
    pub(crate) threads: NonZeroUsize,
    pub(crate) lab: Option<Py<PyAny>>,
    pub(crate) raised: Raised,
    pub(crate) out: Option<PathBuf>,
    pub(crate) resume: bool,
    pub(crate) stop: Arc<AtomicBool>,
}

/// An experiment that has ended.
pub(crate) struct Told {
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
}

/// Runs the campaign, and tells each experiment to somebody who may have gone.
pub(crate) fn work(order: &Order, tell: &Tell<Told>) -> PyResult<Done> {
    match &order.out {
        Some(out) => in_folder(order, out, tell),
        None => in_memory(order, tell),
    }
}

/// Where an order is carried out.
fn place(order: &Order) -> Result<Place, Refused> {
    let scenario = &*order.scenario;
    let backend = match (&order.lab, order.backend) {
        (Some(object), _) => {
            let (manifest, raised) = (scenario.manifest(), order.raised.clone());
            let lab = attached(|py| PythonLab::begin(object.bind(py), manifest, raised));
            return Ok(Place::new(Box::new(lab.map_err(Refused::Python)?), "python", None));
        }
        (None, Backend::Emulated) => embedded::Backend::Emulated,
        (None, _) => embedded::Backend::Sim,
    };
    let place = Place::simulated(backend, None, scenario, order.seed);
    // What is wrong with a scenario has an exception of its own.
    place.map_err(|error| match scenario.simulated() {
        Err(wrong) if scenario.table_lab(order.seed).is_none() => {
            Refused::Python(errors::scenario(wrong))
        }
        _ => Refused::Command(error),
    })
}

fn in_memory(order: &Order, tell: &Tell<Told>) -> PyResult<Done> {
    let Place { lab, backend, world } = place(order)?;
    let campaign = Campaign::new(&order.scenario, order.seed, order.threads, &order.stop);
    let kept = Kept::default();
    let mut observer = Telling::new(order, tell, lab.manifest().simulated);
    let ended = campaign.run(lab, Writer::new(kept.clone()), None, &mut observer);
    let bytes = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let simulated_events = world.map(|world| world.work().events);
    let (journal, amiss) = whole(begun(&bytes).then(|| read(&bytes)));
    Ok(Done {
        ended: ended.map(|(ended, _)| ended),
        journal,
        path: None,
        extras: Extras { backend: backend.into(), simulated_events },
        amiss,
    })
}

fn in_folder(order: &Order, out: &Path, tell: &Tell<Told>) -> PyResult<Done> {
    let embedded = Embedded {
        scenario: &order.scenario,
        seed: order.seed,
        out,
        resume: order.resume,
        threads: order.threads,
        stop: &order.stop,
    };
    let observer = |simulated| Box::new(Telling::new(order, tell, simulated)) as Box<dyn Observer>;
    let done = run_embedded(&embedded, &|| place(order), &observer)?;
    let there = std::fs::read(done.path.join(JOURNAL)).is_ok_and(|bytes| begun(&bytes));
    let (journal, damaged) = whole(there.then(|| read_journal(&done.path)));
    let amiss = damaged.or(done.unwritten.map(errors::failed));
    Ok(Done { ended: done.ended, journal, path: Some(done.path), extras: done.extras, amiss })
}

/// Whether a journal has its first record.
fn begun(bytes: &[u8]) -> bool {
    bytes.contains(&b'\n')
}

/// A journal that was read, or what is wrong with it.
fn whole<E: std::fmt::Display>(
    read: Option<Result<Journal, E>>,
) -> (Option<Journal>, Option<PyErr>) {
    match read.transpose() {
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

impl Sink for Kept {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
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
        let told = Told {
            number,
            total: self.total,
            phase: self.phase.clone(),
            observation: Box::new(observation.clone()),
            simulated: self.simulated,
        };
        self.tell.tell(told);
    }
}
