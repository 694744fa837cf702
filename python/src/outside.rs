//! Policies and labs that are written in Python.

use std::sync::{Arc, Mutex, PoisonError};

use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab, Manifest, Outcome, Quality, Reply, Report,
    Space as LabSpace, Span, Wanted,
};
use flowtwin_twin::{Ask, Context, Policy, PolicyError, Proposals, Trial, Work};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping};

use crate::conditions;
use crate::observation::Observation;
use crate::space::Space;

/// The first exception that Python code has raised, whole: what carries it through the libraries is text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Raised(Arc<Mutex<Option<PyErr>>>);

impl Raised {
    fn keep(&self, error: PyErr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The exception, if there was one.
    pub(crate) fn take(&self) -> Option<PyErr> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
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
        let answered = Python::attach(|py| {
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
fn words(error: &PyErr) -> String {
    Python::attach(|py| {
        let kind = error.get_type(py).name().map(|name| name.to_string()).unwrap_or_default();
        format!("{kind}: {}", error.value(py))
    })
}

/// A lab that an object of Python is: `measure(conditions)` runs an experiment, `make_safe()` ends its work.
pub(crate) struct PythonLab {
    object: Py<PyAny>,
    manifest: Manifest,
    space: Arc<LabSpace>,
    raised: Raised,
    now: Instant,
    report: Option<Report>,
    safe: bool,
}

/// Name of such a lab in faults.
const ORIGIN: &str = "lab in Python";

impl PythonLab {
    pub(crate) fn new(
        object: Py<PyAny>,
        manifest: Manifest,
        space: Arc<LabSpace>,
        raised: Raised,
    ) -> Self {
        let (now, report, safe) = (Instant::START, None, false);
        Self { object, manifest, space, raised, now, report, safe }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(self.now, ORIGIN, kind)
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, Fault> {
        if self.safe {
            let detail = "the lab has been made safe".into();
            return Err(self.fault(FaultKind::Refused { detail }));
        }
        let measured = Python::attach(|py| {
            let values = conditions::dict(py, conditions)?;
            let answer = self.object.bind(py).call_method1("measure", (values,))?;
            read(&answer, &self.space)
        });
        match measured {
            Ok((report, seconds)) => {
                self.report = Some(report);
                // Some time passes, so that experiments have an order.
                Ok(Reply::Ready(self.now + Span::from_secs(seconds).max(Span::from_nanos(1))))
            }
            Err(error) => {
                let detail = words(&error);
                self.raised.keep(error);
                Err(self.fault(FaultKind::LinkLost { detail }))
            }
        }
    }

    fn collect(&mut self) -> Result<Reply, Fault> {
        match self.report.take() {
            Some(mut report) => {
                if let Some(fault) = &mut report.fault {
                    fault.at = self.now;
                }
                Ok(Reply::Report(Box::new(report)))
            }
            None => {
                let detail = "no experiment has been begun".into();
                Err(self.fault(FaultKind::Refused { detail }))
            }
        }
    }

    fn make_safe(&mut self) -> Result<Reply, Fault> {
        if std::mem::replace(&mut self.safe, true) {
            return Ok(Reply::Done);
        }
        let ended = Python::attach(|py| {
            let object = self.object.bind(py);
            match object.hasattr("make_safe")? {
                true => object.call_method0("make_safe").map(drop),
                false => Ok(()),
            }
        });
        ended.map(|()| Reply::Done).map_err(|error| {
            let left = words(&error);
            self.raised.keep(error);
            self.fault(FaultKind::NotSafe { because: None, left })
        })
    }
}

/// What `measure` answered: an observation, or a mapping of features; `lab_time_s`, `flags` and `fault` are what they say. Of
/// None it failed.
fn read(answer: &Bound<'_, PyAny>, _space: &LabSpace) -> PyResult<(Report, f64)> {
    if let Ok(seen) = answer.cast::<Observation>() {
        let seen = &seen.get().observation;
        let outcome = Outcome { spectra: Vec::new(), ..seen.outcome.clone() };
        let (consumed_ml, fault) = (seen.consumed_ml.clone(), seen.fault.clone());
        let report = Report { outcome, consumed_ml, fault, conditions: None };
        return Ok((report, seen.lab_time_s()));
    }
    let mut report = Report {
        outcome: Outcome::default(),
        consumed_ml: Vec::new(),
        fault: None,
        conditions: None,
    };
    if answer.is_none() {
        report.fault = Some(failed("the experiment failed".into()));
        return Ok((report, 0.0));
    }
    let Ok(mapping) = answer.cast::<PyMapping>() else {
        let kind = answer.get_type().name()?;
        let message = format!("measure must return a mapping of features, not {kind}");
        return Err(crate::errors::conditions(message));
    };
    let mut seconds = 0.0;
    for item in mapping.items()?.iter() {
        let (name, value): (String, Bound<'_, PyAny>) = item.extract()?;
        match name.as_str() {
            "lab_time_s" => seconds = time(&value)?,
            "fault" if value.is_none() => {}
            "fault" => report.fault = Some(failed(value.str()?.to_string())),
            "flags" => report.outcome.quality = flags(value.cast::<PyList>()?)?,
            _ => {
                let number = value.extract::<Option<f64>>()?.unwrap_or(f64::NAN);
                report.outcome.features.push((name, number));
            }
        }
    }
    Ok((report, seconds))
}

/// Lab time of an experiment [s]: at most a year.
fn time(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let seconds: f64 = value.extract()?;
    match (0.0..=31_557_600.0).contains(&seconds) {
        true => Ok(seconds),
        false => {
            let message = format!("lab_time_s = {seconds} s is outside 0 to 31557600 s");
            Err(crate::errors::conditions(message))
        }
    }
}

fn failed(detail: String) -> Fault {
    Fault::new(Instant::START, ORIGIN, FaultKind::Failed { detail })
}

fn flags(names: &Bound<'_, PyList>) -> PyResult<Quality> {
    let names: Vec<String> = names.extract()?;
    let set = |name: &str| names.iter().any(|flag| flag == name);
    Ok(Quality {
        saturated: set("saturated"),
        not_settled: set("not_settled"),
        irregular: set("irregular"),
        not_steady: set("not_steady"),
        extrapolated: set("extrapolated"),
        unreadable: set("unreadable"),
        unresolved: set("unresolved"),
        stale_blank: set("stale_blank"),
        out_of_regime: set("out_of_regime"),
    })
}

impl Lab for PythonLab {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Begin { conditions } => self.begin(conditions),
            Command::Collect => self.collect(),
            Command::MakeSafe => self.make_safe(),
            _ => {
                let detail = "a lab in Python is driven by whole experiments".into();
                Err(self.fault(FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}
