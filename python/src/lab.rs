//! A lab that measures.

mod apart;
mod station;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin::command::embedded::{Backend, Place};
use flowtwin_campaign::scenario::{Moment, Scenario};
use flowtwin_lab::procedure::RampSpec;
use flowtwin_lab::{Conditions, Instant, Lab as LabTrait, Observation as LabObservation, Outcome};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::exit::detached;
use crate::observation::{Grids, Observation};
use crate::run::patience_of;
use crate::scenario::AnyScenario;
use crate::space::Space;
use crate::{conditions, errors};
use apart::Apart;
use station::{Experiments, Station};

/// A lab to measure in: a simulated rig, or a table of outcomes where the scenario has one.
///
/// Time passes in it only while it measures. The same seed and the same experiments in the same order give the same numbers.
/// :meth:`Lab.emulated` drives emulated instruments over the same simulation, :meth:`Lab.outside` has a program measure. In a
/// ``with`` statement the lab is made safe at its end. A lab may take part in :func:`flowtwin.run` as ``lab``.
///
/// >>> with flowtwin.Lab("scenarios/dye-mixing.toml", seed=1) as lab:
/// ...     seen = lab.measure(red_ul_per_min=150)
#[pyclass(frozen, module = "flowtwin")]
pub(crate) struct Lab {
    scenario: Arc<Scenario>,
    units: Arc<[(String, String)]>,
    grids: Grids,
    /// Seed of its noise and its drifts.
    #[pyo3(get)]
    seed: u64,
    /// Whether nothing of it is real.
    #[pyo3(get)]
    simulated: bool,
    /// What `summary.json` calls it.
    #[pyo3(get)]
    backend: &'static str,
    inside: Inside,
}

/// Where its experiments are done.
enum Inside {
    /// Here, by whoever asks.
    Here(Box<Mutex<Station<Box<dyn LabTrait + Send>>>>),
    /// In a thread of its own: drivers and programs stay where they were made.
    Apart(Apart),
}

impl Lab {
    fn made(
        scenario: Arc<Scenario>,
        seed: u64,
        (backend, simulated): Known,
        inside: Inside,
    ) -> Self {
        let units = scenario.features().into();
        Self { scenario, units, grids: Grids::default(), seed, simulated, backend, inside }
    }

    fn apart(
        scenario: Arc<Scenario>,
        seed: u64,
        place: impl FnOnce(&Scenario) -> Result<Place, flowtwin::error::CommandError> + Send + 'static,
    ) -> impl FnOnce(Python<'_>) -> PyResult<Self> {
        move |py| {
            let within = scenario.clone();
            let begin = move || {
                let Place { lab, backend, .. } = place(&within).map_err(|e| e.to_string())?;
                let known = (backend, lab.manifest().simulated);
                Ok((Station::new(within.guarded(lab)), known))
            };
            let (inside, known) = Apart::begin(py, begin)?;
            Ok(Self::made(scenario, seed, known, Inside::Apart(inside)))
        }
    }

    /// Has something done in the lab, while the interpreter goes on.
    fn within<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut dyn Experiments) -> T + Send + 'static,
    ) -> PyResult<T> {
        match &self.inside {
            Inside::Here(station) => Ok(detached(py, || {
                work(&mut *station.lock().unwrap_or_else(PoisonError::into_inner))
            })),
            Inside::Apart(apart) => apart.within(py, work),
        }
    }

    fn observation(&self, py: Python<'_>, observation: LabObservation) -> PyResult<Observation> {
        Observation::new(py, observation, self.units.clone(), &self.grids, self.simulated)
    }

    fn conditions(
        &self,
        conditions: Option<&Bound<'_, PyMapping>>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Conditions> {
        conditions::read_partly(self.scenario.space(), conditions, named)
    }
}

/// What `summary.json` calls a lab, and whether nothing of it is real.
type Known = (&'static str, bool);

#[pymethods]
impl Lab {
    /// A simulated lab, or a table in its place.
    #[new]
    #[pyo3(signature = (scenario, *, seed = None))]
    fn new(py: Python<'_>, scenario: AnyScenario, seed: Option<u64>) -> PyResult<Self> {
        let scenario = scenario.0;
        let seed = seed.unwrap_or(scenario.file().seed);
        let table = scenario.table_lab(seed);
        let backend = if table.is_some() { "table" } else { Backend::Sim.name() };
        let lab: Box<dyn LabTrait + Send> = match table {
            Some(lab) => Box::new(lab),
            None => Box::new(scenario.simulated().map_err(errors::scenario)?.lab(seed)),
        };
        let known = (backend, lab.manifest().simulated);
        let station = detached(py, || Station::new(scenario.guarded(lab)));
        Ok(Self::made(scenario, seed, known, Inside::Here(Box::new(Mutex::new(station)))))
    }

    /// A lab whose drivers send the bytes that real instruments get, to emulated ones over the same simulation: what it measures is
    /// the same, to the bit.
    ///
    /// Args:
    ///     scenario: The scenario, or the path of its file.
    ///     seed: Seed of its noise and its drifts; the scenario's if left out.
    ///     wiring: The file that says which instrument is where; one instrument for each part of the rig if left out.
    ///
    /// Raises:
    ///     ScenarioError: If the scenario is not valid, or has no rig.
    ///     FlowtwinError: If the wiring does not suit it.
    #[staticmethod]
    #[pyo3(signature = (scenario, *, seed = None, wiring = None))]
    fn emulated(
        py: Python<'_>,
        scenario: AnyScenario,
        seed: Option<u64>,
        wiring: Option<PathBuf>,
    ) -> PyResult<Self> {
        let scenario = scenario.0;
        let seed = seed.unwrap_or(scenario.file().seed);
        if scenario.table_lab(seed).is_none() {
            scenario.simulated().map_err(errors::scenario)?;
        }
        let place = move |scenario: &Scenario| {
            Place::simulated(Backend::Emulated, wiring.as_deref(), scenario, seed)
        };
        Self::apart(scenario, seed, place)(py)
    }

    /// A lab that is a program, which speaks the lines of JSON of ``docs/lab-protocol.md``: a rig, or another simulator.
    ///
    /// The program is told that it is over, and makes itself safe, when the lab is made safe or dropped, or the interpreter ends.
    ///
    /// Args:
    ///     scenario: What may be chosen, and what is measured.
    ///     command: The command of the program, such as ``"python my_rig.py"``. No shell is involved.
    ///     patience_s: How long it may be silent [s].
    ///
    /// Raises:
    ///     FlowtwinError: If it does not start, or offers something else than the scenario chooses from.
    #[staticmethod]
    #[pyo3(signature = (scenario, command, *, patience_s = 600.0))]
    fn outside(
        py: Python<'_>,
        scenario: AnyScenario,
        command: String,
        patience_s: f64,
    ) -> PyResult<Self> {
        let (scenario, patience) = (scenario.0, patience_of(patience_s)?);
        let seed = scenario.file().seed;
        // Whoever waits for it hears Ctrl-C beside it.
        let never = Arc::default();
        let place = move |scenario: &Scenario| Place::outside(&command, patience, scenario, &never);
        Self::apart(scenario, seed, place)(py)
    }

    /// Runs an experiment: heat, settle, flow, wait, acquire, analyse.
    ///
    /// Args:
    ///     conditions: Values by the names of the inputs; by keywords likewise. What neither names stays in the middle of its range.
    ///
    /// Returns:
    ///     What was measured. An experiment that failed is an observation with a ``fault``.
    ///
    /// Raises:
    ///     ConditionsError: If an input is unknown or out of range, or a constraint does not hold.
    ///     Fault: If the lab cannot begin: it could not be filled, or a lamp is dark.
    #[pyo3(signature = (conditions = None, /, **named))]
    fn measure(
        &self,
        py: Python<'_>,
        conditions: Option<&Bound<'_, PyMapping>>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Observation> {
        py.check_signals()?;
        let offered = self.scenario.offered(self.conditions(conditions, named)?);
        let scenario = self.scenario.clone();
        let measured = self.within(py, move |lab| lab.measure(scenario.procedure(), &offered))?;
        self.observation(py, measured.map_err(|fault| errors::fault(&fault))?)
    }

    /// Ramps the flows from one set of conditions to another and reads on the way: a dynamic flow experiment.
    ///
    /// It begins at steady state under ``start``, and goes on until the last slugs of the ramp have arrived. Liquids keep their volume,
    /// so every reading is followed back through the tubes to the moment at which the liquids of several pumps first met in its slugs.
    /// Where they meet in lines that meet again, as precursors do, what the second junction does later is not in its conditions.
    ///
    /// Args:
    ///     start: Conditions at the beginning; inputs that are not named are in the middle of their range.
    ///     end: Conditions at the end. Temperatures must be the same: a heater does not follow a ramp.
    ///     duration_s: Length of the ramp [s]; 0.001 to 1e6.
    ///     step_s: Time between two changes of the rates [s]; a hundredth of the ramp if left out.
    ///     every_s: Time from one reading to the next [s]; a twentieth of the ramp if left out. What is shorter than a reading
    ///         takes is as short as that.
    ///
    /// Returns:
    ///     An observation for each reading: ``conditions`` are those under which its liquid began its way, at ``started_s``; it was
    ///     read at ``ended_s``; ``residence_time_s`` is the time between, ``reaction_time_s`` the part of it spent reacting. What was
    ///     consumed is that of the ramp as a whole, and is not told.
    ///
    /// Raises:
    ///     ConditionsError: If an end cannot be set.
    ///     Fault: If the ends differ in a temperature or leave a part of the rig without flow, a time is none, the lab is driven by
    ///         whole experiments (a table, a program), or something goes wrong; the pumps are stopped then.
    #[pyo3(signature = (start, end, *, duration_s, step_s = None, every_s = None))]
    fn ramp(
        &self,
        py: Python<'_>,
        start: &Bound<'_, PyMapping>,
        end: &Bound<'_, PyMapping>,
        duration_s: f64,
        step_s: Option<f64>,
        every_s: Option<f64>,
    ) -> PyResult<Vec<Observation>> {
        py.check_signals()?;
        let ends = (self.conditions(Some(start), None)?, self.conditions(Some(end), None)?);
        let spec = RampSpec {
            duration_s,
            step_s: step_s.unwrap_or(0.01 * duration_s),
            every_s: every_s.unwrap_or(0.05 * duration_s),
        };
        let scenario = self.scenario.clone();
        let read = self.within(py, move |lab| {
            lab.ramp(scenario.procedure(), scenario.space(), (&ends.0, &ends.1), &spec)
        })?;
        let points = read.map_err(|fault| errors::fault(&fault))?;
        points.into_iter().map(|point| self.observation(py, point)).collect()
    }

    /// What an experiment yields on average, without noise, by the simulation of the scenario. Nothing is measured, and no time
    /// passes.
    ///
    /// Args:
    ///     conditions: As for :meth:`Lab.measure`.
    ///
    /// Raises:
    ///     ConditionsError: If an input is unknown or out of range, or a constraint does not hold.
    ///     ScenarioError: If the scenario has no rig.
    #[pyo3(signature = (conditions = None, /, **named))]
    fn expected(
        &self,
        py: Python<'_>,
        conditions: Option<&Bound<'_, PyMapping>>,
        named: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Observation> {
        let conditions = self.conditions(conditions, named)?;
        let rig = self.scenario.simulated().map_err(errors::scenario)?;
        let first = Moment::default();
        let outcome = detached(py, || rig.expected().with_spectra(&conditions, &first));
        let units = self.units.clone();
        let seen = expectation(conditions, outcome);
        Ok(Observation::new(py, seen, units, &self.grids, true)?.expectation())
    }

    /// Makes it safe: pumps stopped, heaters at their safe set point, lights off. A program is told that it is over, and measures
    /// nothing any more.
    ///
    /// Raises:
    ///     Fault: If it is not safe (``kind`` is ``not_safe``), or does not answer.
    fn make_safe(&self, py: Python<'_>) -> PyResult<()> {
        self.within(py, |lab| lab.make_safe())?.map_err(|fault| errors::fault(&fault))
    }

    fn __enter__(lab: Py<Self>) -> Py<Self> {
        lab
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.make_safe(py)
    }

    /// Lab time [s].
    #[getter]
    fn now_s(&self, py: Python<'_>) -> PyResult<f64> {
        self.within(py, |lab| lab.now().as_secs())
    }

    /// Number of experiments so far; a ramp is one.
    #[getter]
    fn measured(&self, py: Python<'_>) -> PyResult<u64> {
        self.within(py, |lab| lab.measured())
    }

    /// What may be chosen.
    #[getter]
    fn space(&self) -> Space {
        Space { space: Arc::new(self.scenario.space().clone()) }
    }

    fn __repr__(&self) -> String {
        let name = self.scenario.name();
        match self.backend {
            "outside" => format!("Lab.outside({name:?})"),
            "emulated" => format!("Lab.emulated({name:?}, seed={})", self.seed),
            _ => format!("Lab({name:?}, seed={})", self.seed),
        }
    }
}

fn expectation(conditions: Conditions, outcome: Outcome) -> LabObservation {
    LabObservation {
        conditions,
        started: Instant::START,
        ended: Instant::START,
        residence_time_s: f64::NAN,
        reaction_time_s: f64::NAN,
        vial: None,
        consumed_ml: Vec::new(),
        outcome,
        fault: None,
    }
}
