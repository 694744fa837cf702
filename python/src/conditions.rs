//! Conditions to and from dictionaries.

use flowtwin_campaign::outside::{Setting, as_set, proposal};
use flowtwin_lab::{Conditions, Space, Word};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyMapping, PyString};

use crate::errors;

/// The conditions that a mapping names, rounded to what the inputs may have.
///
/// # Errors
/// If an input is missing, unknown or out of range, a value is none, or a constraint does not hold.
pub(crate) fn read(space: &Space, values: &Bound<'_, PyAny>) -> PyResult<Conditions> {
    let named = settings(values)?.into_iter().collect();
    proposal(space, &named).map_err(errors::conditions)
}

/// As [`read`], whether or not they can be set: numbers are as they are.
pub(crate) fn read_loosely(space: &Space, values: &Bound<'_, PyAny>) -> PyResult<Conditions> {
    let named = settings(values)?.into_iter().collect();
    as_set(space, &named).map_err(errors::conditions)
}

/// As [`read`], of a mapping and of names; inputs that neither names are in the middle of their range.
pub(crate) fn read_partly(
    space: &Space,
    values: Option<&Bound<'_, PyMapping>>,
    more: Option<&Bound<'_, PyDict>>,
) -> PyResult<Conditions> {
    let mut named = values.map_or_else(|| Ok(Vec::new()), |values| settings(values.as_any()))?;
    if let Some(more) = more {
        named.extend(settings(more.as_any())?);
    }
    let centre = space.centre();
    for (name, word) in centre.words() {
        if !named.iter().any(|(known, _)| known == name) {
            named.push((name.to_owned(), word.into()));
        }
    }
    proposal(space, &named.into_iter().collect()).map_err(errors::conditions)
}

fn settings(values: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Setting)>> {
    let Ok(mapping) = values.cast::<PyMapping>() else {
        let kind = values.get_type().name()?;
        let message = format!("conditions are a mapping of names to values, not {kind}");
        return Err(errors::conditions(message));
    };
    let mut named = Vec::new();
    for item in mapping.items()?.iter() {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let Ok(name) = name.extract::<String>() else {
            return Err(errors::conditions(format!("{} is no name of an input", name.repr()?)));
        };
        let value = value_of(&name, &value)?;
        named.push((name, value));
    }
    Ok(named)
}

fn value_of(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Setting> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Setting::Name(text.to_string()));
    }
    let number = if value.is_instance_of::<PyBool>() { None } else { value.extract().ok() };
    number.map(Setting::Number).ok_or_else(|| match value.repr() {
        Ok(shown) => errors::conditions(format!("{name} = {shown} is not a number")),
        Err(error) => error,
    })
}

/// A dictionary of names and values, in the order of the space.
pub(crate) fn dict<'py>(py: Python<'py>, conditions: &Conditions) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (name, word) in conditions.words() {
        match word {
            Word::Number(value) => dict.set_item(name, value)?,
            Word::Name(value) => dict.set_item(name, value)?,
        }
    }
    Ok(dict)
}
