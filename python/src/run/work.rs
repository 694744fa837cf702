//! A campaign in a thread of its own.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin::command::embedded::{Embedded, Place, run_embedded};
use flowtwin_backends::EmulatedRig;
use flowtwin_campaign::campaign::{Campaign, CampaignError, Ended, Observer, Shared};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{Journal, Sink, Writer, read};
use flowtwin_lab::{Lab, Level, Manifest, Observation};
use flowtwin_report::Extras;
use flowtwin_twin::Stop;
use pyo3::prelude::*;

use crate::errors;
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
}

/// Runs the campaign, and tells each experiment to somebody who may have gone.
pub(crate) fn work(order: &Order, tell: &Tell<Told>) -> PyResult<Done> {
    match &order.out {
        Some(_) => in_folder(order, tell),
        None => in_memory(order, tell),
    }
}

/// The lab of an order, what summaries call it, and the world behind it.
fn place(order: &Order) -> PyResult<(Box<dyn Lab>, &'static str, Option<Shared>)> {
    let scenario = &order.scenario;
    if let Some(object) = &order.lab {
        let object = Python::attach(|py| object.clone_ref(py));
        let manifest = Manifest {
            level: Level::Experiments,
            simulated: true,
            ..Manifest::of_experiments(scenario.manifest().rig.clone())
        };
        let space = Arc::new(scenario.space().clone());
        let lab = PythonLab::new(object, manifest, space, order.raised.clone());
        return Ok((Box::new(lab), "python", None));
    }
    if let Some(lab) = scenario.table_lab(order.seed) {
        return match order.backend {
            Backend::Emulated => Err(errors::failed("a table of outcomes has no instruments")),
            _ => Ok((Box::new(lab), "table", None)),
        };
    }
    let world = Shared::new(scenario.simulated().map_err(errors::scenario)?.lab(order.seed));
    if order.backend == Backend::Emulated {
        let rig = EmulatedRig::usual(Box::new(world.clone())).map_err(errors::failed)?;
        return Ok((Box::new(rig), "emulated", Some(world)));
    }
    Ok((Box::new(world.clone()), "sim", Some(world)))
}

fn in_memory(order: &Order, tell: &Tell<Told>) -> PyResult<Done> {
    let (lab, backend, world) = place(order)?;
    let campaign = Campaign::new(&order.scenario, order.seed, order.threads, &order.stop);
    let kept = Kept::default();
    let mut observer = Telling::new(order, tell, lab.manifest().simulated);
    let ended = campaign.run(lab, Writer::new(kept.clone()), None, &mut observer);
    let bytes = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let simulated_events = world.map(|world| world.work().events);
    Ok(Done {
        ended: ended.map(|(ended, _)| ended),
        journal: read(&bytes).ok(),
        path: None,
        extras: Extras { backend: backend.into(), simulated_events },
    })
}

fn in_folder(order: &Order, tell: &Tell<Told>) -> PyResult<Done> {
    let embedded = Embedded {
        scenario: &order.scenario,
        seed: order.seed,
        out: order.out.as_deref(),
        resume: order.resume,
        threads: order.threads,
        stop: &order.stop,
    };
    let place = || {
        let (lab, backend, world) = place(order).map_err(Refused::Python)?;
        Ok(Place::new(lab, backend, world))
    };
    let observer = |simulated| Box::new(Telling::new(order, tell, simulated)) as Box<dyn Observer>;
    let done = run_embedded(&embedded, &place, &observer);
    let done = done.map_err(|refused| match refused {
        Refused::Python(error) => error,
        Refused::Command(error) => errors::failed(error),
    })?;
    let journal = flowtwin_campaign::folder::read_journal(&done.path).ok();
    Ok(Done { ended: done.ended, journal, path: Some(done.path), extras: done.extras })
}

/// Why a run in a folder does not begin.
enum Refused {
    Python(PyErr),
    Command(flowtwin::error::CommandError),
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

    fn ended(&mut self, _name: &str, _stop: Option<&Stop>) {}
}
