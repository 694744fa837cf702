//! Which exception a run ends with.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin_campaign::campaign::{CampaignError, Ended};
use flowtwin_data::answered::Oracle as _;
use flowtwin_lab::{Fault, FaultKind, Instant};
use pyo3::prelude::*;

use super::with_cause;
use crate::errors::{self, PolicyError};
use crate::exit::detached;
use crate::outside::{Object, PythonLab, Raised, words};
use crate::waiting::LOOK;

/// The exception that ends a run, if one does. That the rig is not safe comes before everything else, which is its cause then; what
/// is `amiss` with the files of the run comes last. `at` is the end of the run.
pub(super) fn exception(
    py: Python<'_>,
    ended: &Result<Ended, CampaignError>,
    interrupted: Option<PyErr>,
    raised: &Raised,
    (amiss, at): (Option<PyErr>, Instant),
) -> Option<PyErr> {
    let left = raised.take_not_safe();
    let other = interrupted.or_else(|| of_campaign(py, ended, raised.take())).or(amiss);
    let told = ended.as_ref().ok().and_then(|ended| ended.fault.clone()).filter(not_safe);
    // A campaign that ends without a fault ends its lab nevertheless.
    match told.or_else(|| left.as_ref().map(|left| unheard(left, at))) {
        Some(fault) => Some(with_cause(py, errors::fault(&fault), other.or(left))),
        None => other,
    }
}

/// The fault that a lab in Python is not safe, for this reason.
pub(super) fn unheard(left: &PyErr, at: Instant) -> Fault {
    Fault::new(at, PythonLab::NAME, FaultKind::NotSafe { because: None, left: words(left) })
}

/// Makes a lab safe whose campaign is not waited for.
///
/// # Errors
/// Its exception, or that of yet another signal, which is not waited for either: then it is not safe, or nobody knows.
pub(super) fn made_safe(py: Python<'_>, object: &Arc<Object>) -> PyResult<()> {
    let heard = Mutex::new(object.make_safe_beside());
    loop {
        let next = detached(py, || {
            heard.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(LOOK)
        });
        match next {
            Ok(ended) => return ended,
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(errors::failed("nobody could make it safe"));
            }
        }
    }
}

fn not_safe(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::NotSafe { .. })
}

/// The exception of the campaign itself: that of a policy or lab in Python, or that all experiments failed.
fn of_campaign(
    py: Python<'_>,
    ended: &Result<Ended, CampaignError>,
    raised: Option<PyErr>,
) -> Option<PyErr> {
    match ended {
        Ok(ended) => raised.or_else(|| ended.fruitless_in_words().map(errors::failed)),
        Err(error) => Some(with_cause(py, PolicyError::new_err(error.to_string()), raised)),
    }
}
