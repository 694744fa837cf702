//! What an experiment yields.

use std::sync::{Arc, Mutex};

use flowtwin_lab::{Observation as LabObservation, Outcome, Spectrum as LabSpectrum};
use numpy::{PyArray1, PyArrayMethods as _};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::{conditions, errors};

/// The grids of wavelengths of a lab as arrays: one for all spectra of a spectrometer.
#[derive(Debug, Default)]
pub(crate) struct Grids(Mutex<Vec<Grid>>);

type Grid = (Arc<[f64]>, Py<PyArray1<f64>>);

impl Grids {
    fn array(&self, py: Python<'_>, grid: &Arc<[f64]>) -> Py<PyArray1<f64>> {
        let mut known = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, array)) = known.iter().find(|(other, _)| Arc::ptr_eq(other, grid)) {
            return array.clone_ref(py);
        }
        let array = fixed(PyArray1::from_slice(py, grid));
        known.push((grid.clone(), array.clone_ref(py)));
        array
    }
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

/// What an experiment yielded.
#[pyclass(frozen, module = "flowtwin")]
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) observation: LabObservation,
    /// Names and units of features.
    units: Arc<[(String, String)]>,
    spectra: Py<PyDict>,
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

/// A page inside a cell of a notebook, this many pixels high: with its own colours, dark or light as the reader has it.
pub(crate) fn framed(page: &str, high: u32) -> String {
    let page = page.replace('&', "&amp;").replace('"', "&quot;");
    format!(
        "<iframe srcdoc=\"{page}\" sandbox=\"allow-scripts\" style=\"width:100%;height:{high}px;border:0\"></iframe>"
    )
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[pymethods]
impl Observation {
    #[getter]
    fn conditions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        conditions::dict(py, &self.observation.conditions)
    }

    #[getter]
    fn features<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let features = PyDict::new(py);
        for (name, value) in &self.observation.outcome.features {
            features.set_item(name, value)?;
        }
        Ok(features)
    }

    #[getter]
    fn units<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let units = PyDict::new(py);
        for (name, unit) in self.units.iter() {
            units.set_item(name, unit)?;
        }
        Ok(units)
    }

    #[getter]
    fn spectra(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        Ok(self.spectra.bind(py).copy()?.unbind())
    }

    #[getter]
    fn flags(&self) -> Vec<&'static str> {
        self.observation.outcome.quality.flags()
    }

    #[getter]
    fn fault<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let fault = self.observation.fault.as_ref();
        fault.map(|fault| errors::fault_object(py, fault)).transpose()
    }

    #[getter]
    fn failed(&self) -> bool {
        self.observation.failed()
    }

    #[getter]
    fn residence_time_s(&self) -> Option<f64> {
        finite(self.observation.residence_time_s)
    }

    #[getter]
    fn reaction_time_s(&self) -> Option<f64> {
        finite(self.observation.reaction_time_s)
    }

    #[getter]
    fn started_s(&self) -> f64 {
        self.observation.started.as_secs()
    }

    #[getter]
    fn ended_s(&self) -> f64 {
        self.observation.ended.as_secs()
    }

    #[getter]
    fn lab_time_s(&self) -> f64 {
        self.observation.lab_time_s()
    }

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
