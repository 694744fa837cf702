//! Errors of the libraries as exceptions: the same words, file, line and caret.

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Fault as LabFault;
use pyo3::prelude::*;

mod imported {
    use pyo3::import_exception;

    import_exception!(flowtwin.errors, ConditionsError);
    import_exception!(flowtwin.errors, Fault);
    import_exception!(flowtwin.errors, PolicyError);
    import_exception!(flowtwin.errors, ScenarioError);
    import_exception!(flowtwin.errors, FlowtwinError);
}

pub(crate) use imported::{ConditionsError, Fault, FlowtwinError, PolicyError, ScenarioError};

/// A complaint about a file, with its place.
pub(crate) fn scenario(error: impl Into<Diagnostic>) -> PyErr {
    let error: Diagnostic = error.into();
    let text = error.to_string();
    let Diagnostic { place, hint, .. } = error;
    let (file, line, column) = match place {
        Some(place) => (Some(place.file), Some(place.line), Some(place.column)),
        None => (None, None, None),
    };
    ScenarioError::new_err((text, file, line, column, hint))
}

/// A fault of a lab.
pub(crate) fn fault(fault: &LabFault) -> PyErr {
    Fault::new_err(fault_parts(fault))
}

/// A fault as an object that is not raised.
pub(crate) fn fault_object<'py>(py: Python<'py>, fault: &LabFault) -> PyResult<Bound<'py, PyAny>> {
    py.get_type::<Fault>().call1(fault_parts(fault))
}

/// What is wrong, when \[s\], where, and its kind in one word.
fn fault_parts(fault: &LabFault) -> (String, f64, String, String) {
    let kind = serde_json::to_value(&fault.kind).unwrap_or_default();
    let name = kind.as_str().map(str::to_owned);
    let name = name.or_else(|| kind.as_object()?.keys().next().cloned());
    (fault.to_string(), fault.at.as_secs(), fault.origin.clone(), name.unwrap_or_default())
}

/// Anything else that failed, in its own words.
pub(crate) fn failed(error: impl std::fmt::Display) -> PyErr {
    FlowtwinError::new_err(error.to_string())
}

/// Conditions that cannot be set.
pub(crate) fn conditions(error: impl std::fmt::Display) -> PyErr {
    ConditionsError::new_err(error.to_string())
}
