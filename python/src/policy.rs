//! Policies that are asked and told.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin::command::embedded;
use flowtwin_lab::{
    Conditions, LARGEST, LimitSpec, ObjectiveSpec, Space as LabSpace, Streams, Wanted,
    in_plain_words, is_sensible,
};
use flowtwin_twin::{
    Ask, Context, History, Policy as PolicyTrait, PolicySpec, SurrogateSpec, Trial,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use crate::errors::PolicyError;
use crate::exit::detached;
use crate::observation::Observation;
use crate::space::Space;
use crate::{conditions, errors};

/// A policy with its history.
#[pyclass(frozen, module = "flowtwin._flowtwin")]
pub(crate) struct Chooser {
    policy: Box<dyn PolicyTrait>,
    space: Arc<LabSpace>,
    wanted: Wanted,
    context: Context,
    planned: usize,
    told: Mutex<Told>,
}

/// What it has been told, and what it has proposed.
#[derive(Clone, Default)]
struct Told {
    history: History,
    pending: Vec<Conditions>,
    trials: Vec<Conditions>,
    /// Experiments known before the first question.
    before: Option<usize>,
}

/// What a policy is after, as scenarios spell it in JSON.
pub(crate) fn wanted(objectives: &str, limits: &str) -> PyResult<Wanted> {
    let bad = |error: serde_json::Error| PyValueError::new_err(in_plain_words(&error));
    let objectives: Vec<ObjectiveSpec> = serde_json::from_str(objectives).map_err(bad)?;
    let limits: Vec<LimitSpec> = serde_json::from_str(limits).map_err(bad)?;
    if objectives.is_empty() {
        return Err(PyValueError::new_err("at least one objective is needed"));
    }
    Ok(Wanted::new(&objectives, &limits))
}

/// The surrogate of this name.
pub(crate) fn surrogate(name: &str) -> PyResult<SurrogateSpec> {
    name.parse().map_err(|error| PyValueError::new_err(format!("{error}")))
}

/// Threads that may be used: all where none are named.
pub(crate) fn threads(jobs: Option<usize>) -> PyResult<NonZeroUsize> {
    let none = || PyValueError::new_err("jobs must be at least 1");
    let jobs = jobs.map(|jobs| NonZeroUsize::new(jobs).ok_or_else(none)).transpose()?;
    Ok(embedded::threads(jobs))
}

impl Chooser {
    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn proposed(
        &self,
        told: &Told,
        count: usize,
    ) -> Result<Vec<Conditions>, flowtwin_twin::PolicyError> {
        let history = &told.history;
        let before = told.before.unwrap_or(history.trials.len());
        let asked = (history.next() as usize).saturating_sub(before);
        let (space, planned) = (&*self.space, self.planned);
        let ask = Ask { space, history, count, asked, planned, cost: None };
        Ok(self.policy.propose(&ask, &self.context)?.conditions)
    }

    fn values(&self, result: &Bound<'_, PyAny>) -> PyResult<Vec<Option<f64>>> {
        let outcomes = &self.wanted.outcomes;
        if result.is_none() {
            return Ok(vec![None; outcomes.len()]);
        }
        if let Ok(seen) = result.cast::<Observation>() {
            let seen = &seen.get().observation;
            let known = |name: &str| if seen.failed() { None } else { seen.feature(name) };
            return Ok(self.wanted.values(known));
        }
        if let Ok(named) = result.cast::<PyMapping>() {
            let value = |name: &String| match named.get_item(name) {
                Ok(value) => value.extract::<Option<f64>>(),
                Err(_) => {
                    let message =
                        format!("the result has no {name}: say None if it was not measured");
                    Err(errors::conditions(message))
                }
            };
            let values = outcomes.iter().map(value).collect::<PyResult<Vec<_>>>()?;
            return Ok(values.into_iter().map(|v| v.filter(|v| v.is_finite())).collect());
        }
        let value: f64 = result.extract()?;
        match outcomes.len() {
            1 => Ok(vec![Some(value).filter(|v| v.is_finite())]),
            n => Err(errors::conditions(format!(
                "{n} outcomes matter, {}: give each by its name",
                outcomes.join(", ")
            ))),
        }
    }
}

#[pymethods]
impl Chooser {
    #[new]
    #[pyo3(signature = (name, space, objectives, limits, surrogate, seed, phase, planned, jobs))]
    #[expect(clippy::too_many_arguments, reason = "a class of Python names them for people")]
    fn new(
        name: &str,
        space: &Bound<'_, Space>,
        objectives: &str,
        limits: &str,
        surrogate: &str,
        seed: u64,
        phase: &str,
        planned: usize,
        jobs: Option<usize>,
    ) -> PyResult<Self> {
        let spec: PolicySpec = match name.starts_with('{') {
            true => {
                serde_json::from_str(name).map_err(|e| PyValueError::new_err(in_plain_words(&e)))?
            }
            false => name.parse().map_err(|e| PyValueError::new_err(in_plain_words(&e)))?,
        };
        let wanted = wanted(objectives, limits)?;
        let policy = spec.build_for(self::surrogate(surrogate)?, &wanted.goals);
        let streams = Streams::new(seed).child(&format!("phase/{phase}"), 0);
        let context = Context::new(streams).with_threads(threads(jobs)?);
        let space = space.get().space.clone();
        Ok(Self { policy, space, wanted, context, planned, told: Mutex::default() })
    }

    /// Proposes `count` experiments, which are pending until they are told.
    fn ask<'py>(&self, py: Python<'py>, count: usize) -> PyResult<Vec<Bound<'py, PyDict>>> {
        py.check_signals()?;
        if count > 100_000 {
            return Err(PyValueError::new_err(format!("{count} proposals at once are too many")));
        }
        let answer = detached(py, || {
            let mut told = self.told();
            let proposed = self.proposed(&told, count)?;
            let first = told.history.trials.len();
            told.before.get_or_insert(first);
            for conditions in &proposed {
                told.history.pending.push(self.space.to_unit(conditions));
                told.pending.push(conditions.clone());
            }
            Ok::<_, flowtwin_twin::PolicyError>(proposed)
        });
        let answer = answer.map_err(|error| PolicyError::new_err(error.to_string()))?;
        answer.iter().map(|conditions| conditions::dict(py, conditions)).collect()
    }

    /// Tells what came of an experiment.
    fn tell(
        &self,
        py: Python<'_>,
        conditions: &Bound<'_, PyAny>,
        result: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let conditions = conditions::read(&self.space, conditions)?;
        let values = self.values(result)?;
        if let Some(value) = values.iter().flatten().find(|value| !is_sensible(**value)) {
            let message = format!("a result of {value:e}: results must lie within ±{LARGEST:e}");
            return Err(errors::conditions(message));
        }
        let trial = Trial::new(&self.space, &conditions, self.wanted.goals.merit(&values))
            .map_err(errors::conditions)?
            .with_values(values);
        detached(py, || {
            let mut told = self.told();
            if let Some(place) = told.pending.iter().position(|other| *other == conditions) {
                told.pending.remove(place);
                told.history.pending.remove(place);
            }
            told.history.trials.push(trial);
            told.trials.push(conditions);
        });
        Ok(())
    }

    /// Takes conditions for pending, which somebody else has decided on.
    fn expect(&self, py: Python<'_>, conditions: &Bound<'_, PyAny>) -> PyResult<()> {
        let conditions = conditions::read(&self.space, conditions)?;
        detached(py, || {
            let mut told = self.told();
            told.history.pending.push(self.space.to_unit(&conditions));
            told.pending.push(conditions);
        });
        Ok(())
    }

    /// Forgets a proposal that nobody will try.
    fn forget(&self, py: Python<'_>, conditions: &Bound<'_, PyAny>) -> PyResult<bool> {
        let conditions = conditions::read(&self.space, conditions)?;
        Ok(detached(py, || {
            let mut told = self.told();
            let place = told.pending.iter().position(|other| *other == conditions);
            if let Some(place) = place {
                told.pending.remove(place);
                told.history.pending.remove(place);
            }
            place.is_some()
        }))
    }

    /// Knows from now on what another has been told and has proposed.
    fn follow(&self, py: Python<'_>, other: &Bound<'_, Self>) {
        let other = other.get();
        detached(py, || {
            let told = other.told().clone();
            *self.told() = told;
        });
    }

    #[getter]
    fn name(&self) -> String {
        self.policy.name().to_owned()
    }

    #[getter]
    fn outcomes(&self) -> Vec<String> {
        self.wanted.outcomes.clone()
    }

    #[getter]
    fn pending<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let pending = detached(py, || self.told().pending.clone());
        pending.iter().map(|conditions| conditions::dict(py, conditions)).collect()
    }

    /// Conditions and measured values of what was told, in order.
    #[getter]
    fn history<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Vec<(Bound<'py, PyDict>, Bound<'py, PyDict>)>> {
        let (trials, history) = detached(py, || {
            let told = self.told();
            (told.trials.clone(), told.history.trials.clone())
        });
        let pair = |(conditions, trial): (&Conditions, &Trial)| {
            let values = PyDict::new(py);
            for (name, value) in self.wanted.outcomes.iter().zip(&trial.values) {
                values.set_item(name, value)?;
            }
            Ok((conditions::dict(py, conditions)?, values))
        };
        trials.iter().zip(&history).map(pair).collect()
    }

    /// The place in the history of the best experiment by a single objective.
    #[getter]
    fn best(&self, py: Python<'_>) -> Option<usize> {
        detached(py, || self.told().history.best().map(|(place, _)| place))
    }
}
