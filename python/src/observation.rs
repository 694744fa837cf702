//! What an experiment yields.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flowtwin_lab::{Observation as LabObservation, Outcome, Spectrum as LabSpectrum};
use numpy::{PyArray1, PyArrayMethods as _};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt as _;
use pyo3::types::PyDict;

use crate::page::framed;
use crate::{conditions, errors};

/// The grids of wavelengths of a lab as arrays: one for all spectra of a spectrometer.
#[derive(Debug, Default)]
pub(crate) struct Grids(Mutex<Vec<Grid>>);

type Grid = (Arc<[f64]>, Py<PyArray1<f64>>);

impl Grids {
    fn array(&self, py: Python<'_>, grid: &Arc<[f64]>) -> Py<PyArray1<f64>> {
        if let Some(array) = among(py, &self.locked(py), grid) {
            return array;
        }
        // Without the lock: numpy may be imported here, and other threads go on meanwhile.
        let array = fixed(PyArray1::from_slice(py, grid));
        let mut known = self.locked(py);
        if let Some(array) = among(py, &known, grid) {
            return array;
        }
        known.push((grid.clone(), array.clone_ref(py)));
        array
    }

    /// The arrays; whoever waits for them lets the interpreter go on.
    fn locked(&self, py: Python<'_>) -> MutexGuard<'_, Vec<Grid>> {
        self.0.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}

/// The array of a grid among those known.
fn among(py: Python<'_>, known: &[Grid], grid: &Arc<[f64]>) -> Option<Py<PyArray1<f64>>> {
    let (_, array) = known.iter().find(|(other, _)| Arc::ptr_eq(other, grid))?;
    Some(array.clone_ref(py))
}

/// An array that nobody can write to: others look at the same.
fn fixed(array: Bound<'_, PyArray1<f64>>) -> Py<PyArray1<f64>> {
    array.readwrite().make_nonwriteable();
    array.unbind()
}

/// A spectrum: a value at each wavelength.
#[pyclass(frozen, get_all, module = "flowtwin")]
#[derive(Debug)]
pub(crate) struct Spectrum {
    /// Its name, such as `absorbance`.
    name: String,
    /// Unit of the values.
    unit: String,
    /// Wavelengths [nm], ascending; read-only.
    wavelengths_nm: Py<PyArray1<f64>>,
    /// A value for each wavelength; read-only.
    values: Py<PyArray1<f64>>,
}

#[pymethods]
impl Spectrum {
    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let n = self.values.bind(py).len()?;
        Ok(format!("Spectrum({:?}, {n} wavelengths, [{}])", self.name, self.unit))
    }
}

/// What an experiment yielded. ``seen["pli"]`` is the feature ``pli``; KeyError where there is none.
#[pyclass(frozen, module = "flowtwin")]
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) observation: LabObservation,
    /// Names and units of features.
    units: Arc<[(String, String)]>,
    spectra: Py<PyDict>,
    /// Whether it was simulated, and not measured on a rig.
    #[pyo3(get)]
    simulated: bool,
    /// Whether it is an expectation, which takes no time.
    #[pyo3(get)]
    expected: bool,
}

impl Observation {
    /// An observation whose spectra become arrays, without a copy of their values.
    pub(crate) fn new(
        py: Python<'_>,
        mut observation: LabObservation,
        units: Arc<[(String, String)]>,
        grids: &Grids,
        simulated: bool,
    ) -> PyResult<Self> {
        let spectra = PyDict::new(py);
        for LabSpectrum { name, unit, wavelengths_nm, values } in
            std::mem::take(&mut observation.outcome.spectra)
        {
            let spectrum = Spectrum {
                name: name.clone(),
                unit,
                wavelengths_nm: grids.array(py, &wavelengths_nm),
                values: fixed(PyArray1::from_vec(py, values)),
            };
            spectra.set_item(name, Bound::new(py, spectrum)?)?;
        }
        let spectra = spectra.unbind();
        Ok(Self { observation, units, spectra, simulated, expected: false })
    }

    /// The same as an expectation.
    pub(crate) fn expectation(self) -> Self {
        Self { expected: true, ..self }
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[pymethods]
impl Observation {
    /// What was set, by the names of the inputs.
    #[getter]
    fn conditions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        conditions::dict(py, &self.observation.conditions)
    }

    /// The features, by name, in their units; NaN for one that could not be read.
    #[getter]
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let features = PyDict::new(py);
        for (name, value) in &self.observation.outcome.features {
            features.set_item(name, value)?;
        }
        Ok(features)
    }

    /// Units of the features, by name.
    #[getter]
    fn units<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let units = PyDict::new(py);
        for (name, unit) in self.units.iter() {
            units.set_item(name, unit)?;
        }
        Ok(units)
    }

    /// The spectra, by name.
    #[getter]
    fn spectra(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        Ok(self.spectra.bind(py).copy()?.unbind())
    }

    /// What is to be kept in mind of the measurement, such as `saturated`; empty where nothing is.
    #[getter]
    fn flags(&self) -> Vec<&'static str> {
        self.observation.outcome.quality.flags()
    }

    /// Why the experiment failed, if it did.
    #[getter]
    fn fault<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let fault = self.observation.fault.as_ref();
        fault.map(|fault| errors::fault_object(py, fault)).transpose()
    }

    /// Whether the experiment failed: its features are not to be used.
    #[getter]
    fn failed(&self) -> bool {
        self.observation.failed()
    }

    /// Residence time [s]; none without flow.
    #[getter]
    fn residence_time_s(&self) -> Option<f64> {
        finite(self.observation.residence_time_s)
    }

    /// Nominal reaction time [s]; none without flow.
    #[getter]
    fn reaction_time_s(&self) -> Option<f64> {
        finite(self.observation.reaction_time_s)
    }

    /// Lab time at which it began [s].
    #[getter]
    fn started_s(&self) -> f64 {
        self.observation.started.as_secs()
    }

    /// Lab time at which it ended [s].
    #[getter]
    fn ended_s(&self) -> f64 {
        self.observation.ended.as_secs()
    }

    /// Lab time that it took [s].
    #[getter]
    fn lab_time_s(&self) -> f64 {
        self.observation.lab_time_s()
    }

    /// Volume taken from each stock [mL], by name.
    #[getter]
    fn consumed_ml<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let consumed = PyDict::new(py);
        for (stock, ml) in &self.observation.consumed_ml {
            consumed.set_item(stock, ml)?;
        }
        Ok(consumed)
    }

    /// The page of the experiment.
    fn _page(&self, py: Python<'_>) -> PyResult<String> {
        let mut spectra = Vec::new();
        for spectrum in self.spectra.bind(py).values() {
            let spectrum = spectrum.cast_into::<Spectrum>()?;
            let Spectrum { name, unit, wavelengths_nm, values } = spectrum.get();
            spectra.push(LabSpectrum {
                name: name.clone(),
                unit: unit.clone(),
                wavelengths_nm: wavelengths_nm.bind(py).to_vec()?.into(),
                values: values.bind(py).to_vec()?,
            });
        }
        Ok(crate::page::observation(&self.observation, &self.units, &spectra, self.simulated))
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        Ok(framed(&self._page(py)?, 560))
    }

    fn __getitem__(&self, feature: &str) -> PyResult<f64> {
        self.observation.feature(feature).ok_or_else(|| {
            let outcome: &Outcome = &self.observation.outcome;
            let known: Vec<&str> = outcome.features.iter().map(|(name, _)| name.as_str()).collect();
            let why = match &self.observation.fault {
                Some(fault) => format!("; the experiment failed: {fault}"),
                None => String::new(),
            };
            PyKeyError::new_err(format!("no feature {feature} among [{}]{why}", known.join(", ")))
        })
    }

    fn __repr__(&self) -> String {
        let features = self.observation.outcome.features.iter();
        let mut parts: Vec<String> =
            features.map(|(name, value)| format!("{name}={value:.6}")).collect();
        if let Some(fault) = &self.observation.fault {
            parts.push(format!("failed: {fault}"));
        }
        let kind = if self.expected { "Expected" } else { "Observation" };
        format!("{kind}({})", parts.join(", "))
    }
}
