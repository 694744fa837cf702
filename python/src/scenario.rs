//! A scenario that has been checked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum as _;
use flowtwin::cli::Starter;
use flowtwin_campaign::scenario::{Scenario, Tree};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::errors;
use crate::exit::detached;
use crate::observation::Observation;
use crate::space::Space;

/// A scenario that has been checked and does not change any more.
#[pyclass(frozen, module = "flowtwin._flowtwin")]
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) scenario: Arc<Scenario>,
}

#[pymethods]
impl Checked {
    /// Reads and checks a file.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<(Self, String)> {
        detached(py, || read(Tree::read(&path), &path))
    }

    /// Reads and checks a text that stands for the file at `path`; also returns its values, as JSON.
    #[staticmethod]
    fn read(py: Python<'_>, text: &str, path: PathBuf) -> PyResult<(Self, String)> {
        detached(py, || read(Tree::read_text(text, &path), &path))
    }

    /// The scenario with everything filled in, as journals record it, as JSON.
    fn definition(&self) -> String {
        self.scenario.definition().to_string()
    }

    /// What an observation is worth by the objective, more being better; none where it failed, or several things are wanted.
    fn score(&self, observation: &Bound<'_, Observation>) -> Option<f64> {
        self.scenario.trial(&observation.get().observation).outcome
    }

    /// The page of the scenario.
    fn page(&self) -> String {
        crate::page::scenario(&self.scenario)
    }

    #[getter]
    fn sha256(&self) -> String {
        self.scenario.sha256()
    }

    #[getter]
    fn notes(&self) -> Vec<String> {
        let notes = self.scenario.notes().into_iter().map(str::to_owned);
        notes.chain(self.scenario.cannot_everywhere()).collect()
    }

    #[getter]
    fn space(&self) -> Space {
        Space { space: Arc::new(self.scenario.space().clone()) }
    }

    /// Names of what an experiment yields, and their units.
    #[getter]
    fn features(&self) -> Vec<(String, String)> {
        self.scenario.features()
    }

    /// Number of experiments of all phases.
    #[getter]
    fn experiments(&self) -> usize {
        self.scenario.experiments()
    }

    /// Names of phases, their policies and numbers of experiments.
    #[getter]
    fn phases(&self) -> Vec<(String, String, usize)> {
        let phases = self.scenario.phases().iter();
        phases.map(|p| (p.name.clone(), p.policy.name().to_owned(), p.experiments)).collect()
    }
}

fn read(
    tree: Result<Tree, flowtwin_data::diagnostic::Diagnostic>,
    path: &Path,
) -> PyResult<(Checked, String)> {
    let tree = tree.map_err(errors::scenario)?;
    let below = path.parent().unwrap_or(Path::new(""));
    let scenario = Scenario::of(&tree, below).map_err(errors::scenario)?;
    let values = serde_json::to_string(tree.values()).map_err(errors::failed)?;
    Ok((Checked { scenario: Arc::new(scenario) }, values))
}

/// The text of TOML with these values, which are given as JSON.
#[pyfunction]
pub(crate) fn toml_of(values: &str) -> PyResult<String> {
    let values: toml::Table = serde_json::from_str(values).map_err(errors::failed)?;
    toml::to_string(&values).map_err(errors::failed)
}

/// The JSON schema of scenario files.
#[pyfunction]
pub(crate) fn schema() -> String {
    flowtwin_campaign::scenario::schema().to_string()
}

/// What a function takes as a scenario: one that is checked, one of the package, or the path of a file.
pub(crate) struct AnyScenario(pub(crate) Arc<Scenario>);

impl<'py> FromPyObject<'_, 'py> for AnyScenario {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(checked) = object.cast::<Checked>() {
            return Ok(Self(checked.get().scenario.clone()));
        }
        if object.hasattr("_core")? {
            let checked = object.getattr("_core")?;
            return Ok(Self(checked.cast::<Checked>()?.get().scenario.clone()));
        }
        let kind = object.get_type().name()?;
        match object.extract::<PathBuf>() {
            Ok(path) => Ok(Self(Arc::new(Scenario::load(&path).map_err(errors::scenario)?))),
            Err(_) => {
                let message = format!("a scenario, or the path of its file, is needed, not {kind}");
                Err(PyTypeError::new_err(message))
            }
        }
    }
}

/// The text of a scenario that comes with the package, by the name that `flowtwin init --rig` gives it.
#[pyfunction]
pub(crate) fn example(name: &str) -> PyResult<&'static str> {
    let known = Starter::from_str(name, false).ok().and_then(Starter::scenario);
    known.ok_or_else(|| {
        let all = Starter::value_variants().iter().filter(|starter| starter.scenario().is_some());
        let names =
            all.filter_map(|starter| Some(starter.to_possible_value()?.get_name().to_owned()));
        let known = names.collect::<Vec<_>>().join(", ");
        PyValueError::new_err(format!("there is no example {name}, only {known}"))
    })
}
