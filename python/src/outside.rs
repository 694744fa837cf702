//! Policies that are written in Python, and the exceptions of what is.

mod lab;
mod object;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowtwin_lab::{Conditions, Space as LabSpace, Wanted};
use flowtwin_twin::{Ask, Context, Policy, PolicyError, Proposals, Trial, Work};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::conditions;
use crate::exit::attached;
use crate::space::Space;
pub(crate) use lab::PythonLab;
pub(crate) use object::{Object, forget_labs, safe_beside};

/// The first exception that Python code has raised, whole: what carries it through the libraries is text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Raised(Arc<Mutex<Kept>>);

/// What was raised first, and why a lab is not safe.
#[derive(Debug, Default)]
struct Kept {
    first: Option<PyErr>,
    not_safe: Option<PyErr>,
}

impl Raised {
    fn locked(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, error: PyErr) {
        self.locked().first.get_or_insert(error);
    }

    /// A lab is not safe for this reason, or is again.
    fn keep_not_safe(&self, why: Option<PyErr>) {
        self.locked().not_safe = why;
    }

    /// The exception, if there was one.
    pub(crate) fn take(&self) -> Option<PyErr> {
        self.locked().first.take()
    }

    /// Why the lab could not be made safe.
    pub(crate) fn take_not_safe(&self) -> Option<PyErr> {
        self.locked().not_safe.take()
    }
}

/// A policy that a class of Python decides: `factory(space, seed)` gives an object with `ask` and `tell`.
///
/// An object is kept as long as the history only grows, as a program outside is; so it stays a pure function of history
/// as long as the object is a function of what it was told.
pub(crate) struct PythonPolicy {
    pub(crate) name: String,
    pub(crate) factory: Py<PyAny>,
    pub(crate) wanted: Wanted,
    pub(crate) raised: Raised,
    session: Mutex<Option<Session>>,
}

struct Session {
    object: Py<PyAny>,
    seed: u32,
    told: Vec<Trial>,
}

impl std::fmt::Debug for PythonPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PythonPolicy").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PythonPolicy {
    pub(crate) fn new(name: String, factory: Py<PyAny>, wanted: Wanted, raised: Raised) -> Self {
        Self { name, factory, wanted, raised, session: Mutex::default() }
    }

    fn begin(&self, py: Python<'_>, space: &LabSpace, seed: u32) -> PyResult<Session> {
        let space = Space { space: Arc::new(space.clone()) };
        let object = self.factory.bind(py).call1((space, seed))?.unbind();
        Ok(Session { object, seed, told: Vec::new() })
    }

    fn answer(
        &self,
        py: Python<'_>,
        session: &mut Session,
        ask: &Ask<'_>,
    ) -> PyResult<Vec<Conditions>> {
        let object = session.object.bind(py).clone();
        for trial in &ask.history.trials[session.told.len()..] {
            let conditions = conditions::dict(py, &ask.space.from_unit(&trial.x))?;
            object.call_method1("tell", (conditions, self.result(py, trial)?))?;
            session.told.push(trial.clone());
        }
        let answer = object.call_method1("ask", (ask.count,))?;
        let answer: Vec<Bound<'_, PyAny>> = answer.try_iter()?.collect::<PyResult<_>>()?;
        if answer.len() != ask.count {
            let message = format!("{} proposals for {} asked", answer.len(), ask.count);
            return Err(crate::errors::conditions(message));
        }
        answer.iter().map(|proposal| conditions::read(ask.space, proposal)).collect()
    }

    /// What a policy is told: of one objective a number to be maximised, else each outcome by its name.
    fn result<'py>(&self, py: Python<'py>, trial: &Trial) -> PyResult<Bound<'py, PyAny>> {
        let goals = &self.wanted.goals;
        if goals.objectives.len() == 1 && goals.limits.is_empty() {
            return Ok(trial.outcome.into_pyobject(py)?.into_any());
        }
        let values = PyDict::new(py);
        for (name, value) in self.wanted.outcomes.iter().zip(&trial.values) {
            values.set_item(name, value)?;
        }
        Ok(values.into_any())
    }
}

impl Policy for PythonPolicy {
    fn name(&self) -> &str {
        &self.name
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let seed = (context.streams.open("policy/outside", 0).next_u64() >> 33) as u32;
        let known = self.session.lock().unwrap_or_else(PoisonError::into_inner).take();
        let known = known.filter(|session| {
            session.seed == seed && ask.history.trials.starts_with(&session.told)
        });
        let answered = attached(|py| {
            let mut session = match known {
                Some(session) => session,
                None => self.begin(py, ask.space, seed)?,
            };
            let answer = self.answer(py, &mut session, ask)?;
            Ok((session, answer))
        });
        match answered {
            Ok((session, conditions)) => {
                *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(session);
                Ok(Proposals { conditions, work: Work::default() })
            }
            Err(error) => {
                let (policy, detail) = (self.name.clone(), words(&error));
                self.raised.keep(error);
                Err(PolicyError::Outside { policy, detail })
            }
        }
    }
}

/// An exception in a line.
pub(crate) fn words(error: &PyErr) -> String {
    attached(|py| {
        let kind = error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
        format!("{kind}: {}", error.value(py))
    })
}
