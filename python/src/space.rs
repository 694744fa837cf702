//! What may be chosen.

use std::sync::Arc;

use flowtwin_campaign::outside::FromLab;
use flowtwin_lab::{Choice, Input, InputKind, Space as LabSpace};
use flowtwin_twin::region::Region;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::conditions;
use crate::errors;

/// The inputs that may be chosen, with their ranges and constraints: that of a scenario, or one of your own.
///
/// Args:
///     resolution: Values of an input are multiples of this, by its name.
///     logarithmic: Names of inputs whose steps are seen as factors.
///     **inputs: A name and its range each: a pair ``(low, high)``, a list of numbers (the only values), or a list of words.
///
/// Raises:
///     ValueError: If a range is none, or a name is not that of an input.
///
/// >>> space = flowtwin.Space(temperature_c=(20.0, 90.0), ligand=["A", "B"])
#[pyclass(frozen, module = "flowtwin")]
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) space: Arc<LabSpace>,
}

impl Space {
    fn place(&self, unit: &PyReadonlyArray1<'_, f64>) -> PyResult<Vec<f64>> {
        let unit = unit.as_array().to_vec();
        if unit.len() != self.space.dim() || unit.iter().any(|u| !u.is_finite()) {
            let message = format!("{} finite numbers are needed, not {unit:?}", self.space.dim());
            return Err(errors::conditions(message));
        }
        Ok(unit)
    }

    /// The conditions near a place of the unit cube \[d\] that can be set and meet the constraints.
    fn snapped<'py>(&self, py: Python<'py>, unit: &[f64]) -> PyResult<Bound<'py, PyDict>> {
        let region = Region::new(&self.space).map_err(errors::conditions)?;
        conditions::dict(py, &region.snap(unit))
    }
}

#[pymethods]
impl Space {
    /// A space of these inputs: a name and a pair, a list of numbers, or a list of names each.
    #[new]
    #[pyo3(signature = (*, resolution = None, logarithmic = None, **inputs))]
    fn new(
        resolution: Option<std::collections::BTreeMap<String, f64>>,
        logarithmic: Option<Vec<String>>,
        inputs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let (resolution, logarithmic) =
            (resolution.unwrap_or_default(), logarithmic.unwrap_or_default());
        let mut made = Vec::new();
        for (name, range) in inputs.into_iter().flatten() {
            let name: String = name.extract()?;
            let step = resolution.get(&name).copied().unwrap_or(0.0);
            made.push(input(&name, &range, step, logarithmic.contains(&name))?);
        }
        let known = |name: &&String| made.iter().any(|input| input.name == **name);
        if let Some(name) = resolution.keys().chain(&logarithmic).find(|name| !known(name)) {
            return Err(PyValueError::new_err(format!("there is no input {name}")));
        }
        let space =
            LabSpace::new(made, Vec::new()).map_err(|e| PyValueError::new_err(e.to_string()))?;
        Ok(Self { space: Arc::new(space) })
    }

    /// The space of the first line that a lab says.
    #[staticmethod]
    fn of_line(line: &str) -> PyResult<Self> {
        match serde_json::from_str(line).map_err(errors::failed)? {
            FromLab::Space(line) => {
                Ok(Self { space: Arc::new(line.space().map_err(errors::failed)?) })
            }
            _ => Err(errors::failed("the lab does not begin with its space")),
        }
    }

    /// Names of the inputs, in order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.space.inputs().iter().map(|input| input.name.clone()).collect()
    }

    /// Each input by its name: `kind`, and `low`, `high` and `resolution`, `levels` or `options`.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let inputs = PyDict::new(py);
        for input in self.space.inputs() {
            inputs.set_item(&input.name, described(py, input)?)?;
        }
        Ok(inputs)
    }

    /// Bounds on sums of inputs (`constant`, `factors`) and on formulas (`formula`), with `name`, `low` and `high`.
    #[getter]
    fn constraints<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let names = self.names();
        let constraint = |c: &flowtwin_lab::Constraint| {
            let described = PyDict::new(py);
            described.set_item("name", &c.name)?;
            if let Some(formula) = c.of.formula() {
                described.set_item("formula", formula)?;
            }
            if let Some(of) = c.of.linear() {
                described.set_item("constant", of.constant)?;
                let factors = PyDict::new(py);
                for (name, factor) in names.iter().zip(&of.factors) {
                    factors.set_item(name, factor)?;
                }
                described.set_item("factors", factors)?;
            }
            described.set_item("low", c.low)?;
            described.set_item("high", c.high)?;
            Ok(described)
        };
        self.space.constraints().iter().map(constraint).collect()
    }

    /// The conditions in the middle of the space.
    fn centre<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        conditions::dict(py, &self.space.centre())
    }

    /// The conditions as they can be set, rounded to what each input may have.
    ///
    /// Raises:
    ///     ConditionsError: If an input is missing, unknown or out of range, or a constraint does not hold.
    fn check<'py>(
        &self,
        py: Python<'py>,
        conditions: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        conditions::dict(py, &conditions::read(&self.space, conditions)?)
    }

    /// The place of conditions in the unit cube [d].
    fn to_unit<'py>(
        &self,
        py: Python<'py>,
        conditions: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let conditions = conditions::read(&self.space, conditions)?;
        Ok(PyArray1::from_vec(py, self.space.to_unit(&conditions)))
    }

    /// The conditions at a place of the unit cube [d], rounded to what the inputs may have.
    #[pyo3(name = "from_unit")]
    fn at_unit<'py>(
        &self,
        py: Python<'py>,
        unit: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let unit = self.place(&unit)?;
        conditions::dict(py, &self.space.from_unit(&unit))
    }

    /// Conditions near a place of the unit cube [d] that can be set: rounded to what each input may have. Where a constraint does not
    /// hold there, the place is moved towards the middle of what is allowed until all hold. These need not be the nearest that are.
    fn feasible<'py>(
        &self,
        py: Python<'py>,
        unit: PyReadonlyArray1<'py, f64>,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.snapped(py, &self.place(&unit)?)
    }

    /// Conditions near these that can be set: each input within its range, then as `feasible`. A name of an option stays, unless
    /// nothing is allowed with it.
    fn nearest<'py>(
        &self,
        py: Python<'py>,
        conditions: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let wanted = conditions::read_loosely(&self.space, conditions)?;
        let within = |(input, value): (&Input, &f64)| match input.options() {
            Some(_) => *value,
            None => value.clamp(input.low, input.high),
        };
        let inputs = self.space.inputs().iter();
        let wanted = self.space.conditions(inputs.zip(wanted.values()).map(within).collect());
        self.snapped(py, &self.space.to_unit(&wanted))
    }

    fn __len__(&self) -> usize {
        self.space.dim()
    }

    fn __repr__(&self) -> String {
        let input = |input: &Input| match input.options() {
            Some(options) => {
                let names: Vec<&str> = options.iter().map(|o| o.name.as_str()).collect();
                format!("{}={names:?}", input.name)
            }
            None => format!("{}=({}, {})", input.name, input.low, input.high),
        };
        let inputs: Vec<String> = self.space.inputs().iter().map(input).collect();
        format!("Space({})", inputs.join(", "))
    }
}

fn input(
    name: &str,
    range: &Bound<'_, PyAny>,
    resolution: f64,
    logarithmic: bool,
) -> PyResult<Input> {
    if let Ok(options) = range.extract::<Vec<String>>() {
        let option = |name: String| Choice { name, descriptors: Vec::new() };
        return Ok(Input::choice(name, options.into_iter().map(option).collect()));
    }
    let numbers: Vec<f64> = range.extract().map_err(|_| {
        let message = format!("{name} needs (low, high), a list of numbers, or a list of names");
        PyValueError::new_err(message)
    })?;
    let pair = range.is_instance_of::<pyo3::types::PyTuple>() && numbers.len() == 2;
    match (pair, logarithmic) {
        (true, false) => Ok(Input::number(name, numbers[0], numbers[1], resolution)),
        (true, true) => Ok(Input::logarithmic(name, numbers[0], numbers[1], resolution)),
        (false, _) => Ok(Input::levels(name, numbers)),
    }
}

fn described<'py>(py: Python<'py>, input: &Input) -> PyResult<Bound<'py, PyDict>> {
    let described = PyDict::new(py);
    let kind = match &input.kind {
        InputKind::Linear => "linear",
        InputKind::Logarithmic => "logarithmic",
        InputKind::Levels(_) => "levels",
        InputKind::Choice(_) => "choice",
        _ => "other",
    };
    described.set_item("kind", kind)?;
    match &input.kind {
        InputKind::Choice(options) => {
            let names: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
            described.set_item("options", names)?;
        }
        kind => {
            described.set_item("low", input.low)?;
            described.set_item("high", input.high)?;
            described.set_item("resolution", input.resolution)?;
            if let InputKind::Levels(levels) = kind {
                described.set_item("levels", levels)?;
            }
        }
    }
    Ok(described)
}
