//! Proposals that a function of Python decides on.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin_campaign::campaign::{Answer, Proposed, Reviewer};
use flowtwin_lab::journal::Decision;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping};

use super::work::Told;
use crate::conditions;
use crate::errors::FlowtwinError;
use crate::waiting::Tell;

/// Where the answer is put by whoever decides.
type Slot = Arc<Mutex<Option<Answer>>>;

/// A proposal on which is to be decided.
pub(crate) struct Asked {
    proposed: Box<Proposed>,
    slot: Slot,
    /// Why what was decided before cannot be done.
    refused: Option<String>,
}

/// Tells every proposal to the thread that runs Python code, and looks for its answer.
pub(crate) struct PythonReviewer<'a> {
    tell: &'a Tell<Told>,
    slot: Slot,
    shown: Mutex<Option<Box<Proposed>>>,
}

impl<'a> PythonReviewer<'a> {
    pub(crate) fn new(tell: &'a Tell<Told>) -> Self {
        Self { tell, slot: Slot::default(), shown: Mutex::default() }
    }

    fn ask(&self, proposed: Box<Proposed>, refused: Option<String>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(proposed.clone());
        let asked = Asked { proposed, slot: self.slot.clone(), refused };
        self.tell.tell(Told::Proposal(asked));
    }
}

impl fmt::Debug for PythonReviewer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PythonReviewer").finish_non_exhaustive()
    }
}

impl Reviewer for PythonReviewer<'_> {
    fn show(&self, proposed: &Proposed) {
        self.ask(Box::new(proposed.clone()), None);
    }

    fn decision(&self) -> Option<Answer> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn refused(&self, why: &str) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(shown) = shown {
            self.ask(shown, Some(why.to_owned()));
        }
    }
}

impl Asked {
    /// Has `review` decide. Its exception, and what makes no sense, ends the run.
    pub(crate) fn decide(self, py: Python<'_>, review: &Py<PyAny>) -> PyResult<()> {
        if let Some(why) = self.refused {
            return Err(FlowtwinError::new_err(why));
        }
        let answer = review.bind(py).call1((shown(py, &self.proposed)?,))?;
        let answer = self::answer(&self.proposed, &answer)?;
        *self.slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        Ok(())
    }
}

/// What Python code sees of a proposal.
fn shown<'py>(py: Python<'py>, proposed: &Proposed) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("experiment", proposed.experiment)?;
    dict.set_item("phase", &proposed.phase)?;
    dict.set_item("policy", &proposed.policy)?;
    dict.set_item("place", proposed.place)?;
    dict.set_item("of", proposed.of)?;
    dict.set_item("may_skip", proposed.may_skip)?;
    dict.set_item("conditions", conditions::dict(py, &proposed.conditions)?)?;
    let (expected, latest) = (PyDict::new(py), PyDict::new(py));
    for outcome in &proposed.expected {
        let interval = outcome.prediction.map(|p| (p.mean, p.low, p.high));
        expected.set_item(&outcome.outcome, interval)?;
        latest.set_item(&outcome.outcome, outcome.latest)?;
    }
    dict.set_item("expected", expected)?;
    dict.set_item("latest", latest)?;
    dict.set_item("lab_time_s", proposed.cost.lab_time_s)?;
    dict.set_item("reagent_ml", proposed.cost.reagent_ml)?;
    Ok(dict)
}

/// What Python code has answered: a word, or a word and the values that differ from the proposal.
fn answer(proposed: &Proposed, answer: &Bound<'_, PyAny>) -> PyResult<Answer> {
    let decided = |decision| Ok(Answer::Decided(decision));
    if let Ok(word) = answer.extract::<String>() {
        match word.as_str() {
            "accept" => return decided(Decision::Accept),
            "skip" => return decided(Decision::Skip),
            "stop" => return Ok(Answer::Stop),
            _ => {}
        }
    }
    if let Ok((word, values)) = answer.extract::<(String, Bound<'_, PyAny>)>()
        && let Ok(values) = values.cast::<PyMapping>()
    {
        let whole = conditions::dict(answer.py(), &proposed.conditions)?;
        whole.update(values)?;
        match word.as_str() {
            "change" => {
                return decided(Decision::Change(conditions::read(&proposed.space, &whole)?));
            }
            "add" => return decided(Decision::Add(conditions::read(&proposed.space, &whole)?)),
            _ => {}
        }
    }
    let message = format!(
        "review answered {}: it must be \"accept\", \"skip\", \"stop\", (\"change\", {{…}}) or (\"add\", {{…}})",
        answer.repr()?
    );
    Err(FlowtwinError::new_err(message))
}
