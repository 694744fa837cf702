//! Studies of a rig: drawn up, and read off what they have left.

use std::sync::Arc;

use flowtwin_calibration::free;
use flowtwin_calibration::study::{Design, Findings, Study, Wishes, page};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::read;
use pyo3::prelude::*;
use pyo3::types::PyMapping;

use crate::conditions::read_partly;
use crate::errors;
use crate::exit::detached;
use crate::run::unknown;
use crate::scenario::{AnyScenario, Checked};
use crate::studies::{Found, spec};
use crate::waiting::{Tell, wait};

fn named(name: &str) -> PyResult<Study> {
    let known = Study::ALL.into_iter().find(|study| study.name() == name);
    known.ok_or_else(|| {
        let all = Study::ALL.map(Study::name).join(", ");
        unknown("study", name, &all)
    })
}

/// A study of the rig of a scenario: the scenario with the study in place of its campaign, and what the rig cannot do of it. Ramps
/// that are `designed`: how many, whether one by one, and the free keys, each as JSON.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "a function of Python names them for people")]
pub(crate) fn drawn_up(
    py: Python<'_>,
    scenario: AnyScenario,
    study: &str,
    at: Option<Bound<'_, PyMapping>>,
    count: Option<u32>,
    from: Option<Bound<'_, PyMapping>>,
    to: Option<Bound<'_, PyMapping>>,
    minutes: Option<f64>,
    designed: Option<(usize, bool, Vec<String>)>,
) -> PyResult<(Checked, Vec<String>)> {
    let (study, scenario) = (named(study)?, scenario.0);
    let conditions = |of: Option<Bound<'_, PyMapping>>| -> PyResult<Option<Conditions>> {
        of.map(|of| read_partly(scenario.space(), Some(&of), None)).transpose()
    };
    let (at, from, to) = (conditions(at)?, conditions(from)?, conditions(to)?);
    let wishes = Wishes { at, count, from, to, minutes, ..Wishes::default() };
    let designed = designed.map(|(count, adaptive, keys)| {
        let keys = keys.iter().map(|text| spec(text)).collect::<PyResult<Vec<_>>>()?;
        Ok::<_, PyErr>((count, adaptive, keys))
    });
    let (designed, of) = (designed.transpose()?, scenario.clone());
    let work = move |_: &Tell<()>| -> Result<Design, Diagnostic> {
        of.simulated().map_err(Diagnostic::from)?;
        let wishes = match designed {
            None => wishes,
            Some((count, adaptive, keys)) => {
                wishes.designed(&of, study, free(&of, &keys)?, (count, adaptive))?
            }
        };
        Design::of(&of, study, &wishes)
    };
    // Ramps are sought for minutes: nobody who gives up waits for that.
    let design = wait(py, None, work, |()| Ok(()))?.or_raise()?.map_err(errors::scenario)?;
    Ok((Checked { scenario: Arc::new(design.scenario) }, design.left_out))
}

/// What the journal of a study says of the rig of a scenario, which is the file `base`; and its tables, by the names of their files.
#[pyfunction]
pub(crate) fn read_off(
    py: Python<'_>,
    scenario: AnyScenario,
    study: &str,
    journal: &[u8],
    base: &str,
) -> PyResult<(Found, Vec<(String, String)>)> {
    let (study, scenario) = (named(study)?, scenario.0);
    detached(py, || {
        let journal = read(journal).map_err(errors::failed)?;
        let found = Findings::of(&journal).map_err(errors::scenario)?;
        let notes = found.notes.iter().map(|note| format!("\n- {note}"));
        let read_off = Found {
            json: serde_json::to_string(&found).map_err(errors::failed)?,
            page: page(&scenario, study.name(), &found),
            text: found.shown().text().trim_end().to_owned() + &notes.collect::<String>(),
            table: None,
            toml: found.toml(&scenario, base),
        };
        Ok((read_off, found.tables()))
    })
}
