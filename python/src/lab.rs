//! A lab that measures.

use std::sync::{Arc, Mutex, PoisonError};

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::layer::Guarded;
use flowtwin_lab::{
    Blank, Conditions, Instant, Lab as LabTrait, Observation as LabObservation, Outcome,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::exit::detached;
use crate::observation::{Grids, Observation};
use crate::scenario::AnyScenario;
use crate::space::Space;
use crate::{conditions, errors};

type Inside = Guarded<Box<dyn LabTrait + Send>>;

/// A simulated lab, or a table in its place. Time passes in it only while it measures.
#[pyclass(frozen, module = "flowtwin")]
pub(crate) struct Lab {
    scenario: Arc<Scenario>,
    units: Arc<[(String, String)]>,
    grids: Grids,
    /// Seed of its noise and its drifts.
    #[pyo3(get)]
    seed: u64,
    state: Mutex<State>,
}

struct State {
    lab: Inside,
    blank: Option<Blank>,
    measured: u64,
}

impl Lab {
    fn locked<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut State) -> T + Send) -> T {
        detached(py, || work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn observation(&self, py: Python<'_>, observation: LabObservation) -> PyResult<Observation> {
        let simulated = self.scenario.manifest().simulated;
        Observation::new(py, observation, self.units.clone(), &self.grids, simulated)
    }
}

impl State {
    fn measure(
        &mut self,
        scenario: &Scenario,
        conditions: &Conditions,
    ) -> Result<LabObservation, flowtwin_lab::Fault> {
        let procedure = scenario.procedure();
        if self.blank.is_none() {
            self.blank = Some(procedure.prime(&mut self.lab)?);
        }
        let blank = self.blank.get_or_insert_default();
        let observation = procedure.run(&mut self.lab, blank, conditions);
        self.measured += 1;
        Ok(observation)
    }
}

#[pymethods]
impl Lab {
    #[new]
    #[pyo3(signature = (scenario, *, seed = None))]
    fn new(py: Python<'_>, scenario: AnyScenario, seed: Option<u64>) -> PyResult<Self> {
        let scenario = scenario.0;
        let seed = seed.unwrap_or(scenario.file().seed);
        let lab: Box<dyn LabTrait + Send> = match scenario.table_lab(seed) {
            Some(lab) => Box::new(lab),
            None => Box::new(scenario.simulated().map_err(errors::scenario)?.lab(seed)),
        };
        let lab = detached(py, || scenario.guarded(lab));
        let units = scenario.features().into();
        let state = Mutex::new(State { lab, blank: None, measured: 0 });
        Ok(Self { scenario, units, grids: Grids::default(), seed, state })
    }

    /// Measures at these conditions.
    #[pyo3(signature = (**conditions))]
    fn measure(
        &self,
        py: Python<'_>,
        conditions: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Observation> {
        py.check_signals()?;
        let conditions = conditions::read_partly(self.scenario.space(), conditions)?;
        let offered = self.scenario.offered(conditions);
        let measured = self.locked(py, |state| state.measure(&self.scenario, &offered));
        self.observation(py, measured.map_err(|fault| errors::fault(&fault))?)
    }

    /// What an experiment yields on average, without noise; nothing is measured, and no time passes.
    #[pyo3(signature = (**conditions))]
    fn expected(
        &self,
        py: Python<'_>,
        conditions: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Observation> {
        let conditions = conditions::read_partly(self.scenario.space(), conditions)?;
        let rig = self.scenario.simulated().map_err(errors::scenario)?;
        let outcome = detached(py, || rig.expected().outcome(&conditions));
        let observation = expectation(conditions, outcome);
        Ok(self.observation(py, observation)?.expectation())
    }

    /// Lab time [s]. It passes only while the lab measures.
    #[getter]
    fn now_s(&self, py: Python<'_>) -> f64 {
        self.locked(py, |state| state.lab.now().as_secs())
    }

    /// Number of experiments so far.
    #[getter]
    fn measured(&self, py: Python<'_>) -> u64 {
        self.locked(py, |state| state.measured)
    }

    /// What may be chosen.
    #[getter]
    fn space(&self) -> Space {
        Space { space: Arc::new(self.scenario.space().clone()) }
    }

    fn __repr__(&self) -> String {
        format!("Lab({:?}, seed={})", self.scenario.name(), self.seed)
    }
}

fn expectation(conditions: Conditions, outcome: Outcome) -> LabObservation {
    LabObservation {
        conditions,
        started: Instant::START,
        ended: Instant::START,
        residence_time_s: f64::NAN,
        reaction_time_s: f64::NAN,
        consumed_ml: Vec::new(),
        outcome,
        fault: None,
    }
}
