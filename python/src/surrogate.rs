//! Surrogates: fit, predict, draw, explain.

use flowtwin_lab::Streams;
use flowtwin_twin::explain::shapley;
use flowtwin_twin::{Context, Model, Posterior as _, Surrogate as _};
use numpy::{PyArray1, PyArray2, PyReadonlyArray1, PyReadonlyArray2, ToPyArray as _};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::errors;
use crate::exit::detached;
use crate::policy::{surrogate, threads};

/// A fitted surrogate.
#[pyclass(frozen, module = "flowtwin._flowtwin")]
pub(crate) struct Fitted {
    model: Model,
    dim: usize,
}

/// Means and standard deviations.
type Beliefs<'py> = (Bound<'py, PyArray1<f64>>, Bound<'py, PyArray1<f64>>);

fn rows(x: &PyReadonlyArray2<'_, f64>, dim: usize) -> PyResult<Vec<Vec<f64>>> {
    let x = x.as_array();
    if x.ncols() != dim {
        let message = format!("X has {} columns, {dim} were fitted", x.ncols());
        return Err(PyValueError::new_err(message));
    }
    let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|row| row.to_vec()).collect();
    match rows.iter().flatten().find(|value| !value.is_finite()) {
        Some(value) => Err(PyValueError::new_err(format!("X holds {value}"))),
        None => Ok(rows),
    }
}

#[pymethods]
impl Fitted {
    /// Fits the surrogate `name` to inputs [n, d], roughly on 0 to 1, and outcomes [n].
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        name: &str,
        x: PyReadonlyArray2<'_, f64>,
        y: PyReadonlyArray1<'_, f64>,
        seed: u64,
        jobs: Option<usize>,
    ) -> PyResult<Self> {
        let (spec, threads) = (surrogate(name)?, threads(jobs)?);
        let (x, y) = (x.as_array().to_owned(), y.as_array().to_vec());
        if x.ncols() == 0 {
            return Err(PyValueError::new_err("X has no columns"));
        }
        let context = Context::new(Streams::new(seed)).with_threads(threads);
        let model = detached(py, || spec.fit(x.view(), &y, &context));
        let model = model.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { model, dim: x.ncols() })
    }

    /// Reads what [`Fitted::json`] wrote.
    #[staticmethod]
    fn of_json(text: &str, dim: usize) -> PyResult<Self> {
        Ok(Self { model: serde_json::from_str(text).map_err(errors::failed)?, dim })
    }

    /// The model, bit for bit.
    fn json(&self) -> PyResult<String> {
        serde_json::to_string(&self.model).map_err(errors::failed)
    }

    fn predict<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
    ) -> PyResult<Beliefs<'py>> {
        let rows = rows(&x, self.dim)?;
        let beliefs = detached(py, || {
            let points: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            self.model.beliefs(&points)
        });
        let (mean, sd) = beliefs.into_iter().map(|belief| (belief.mean, belief.sd)).unzip();
        Ok((PyArray1::from_vec(py, mean), PyArray1::from_vec(py, sd)))
    }

    /// `count` draws of the noise-free outcome at the points [q, d]: [count, q].
    fn draw<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        count: usize,
        seed: u64,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let rows = rows(&x, self.dim)?;
        let streams = Streams::new(seed);
        let draws: Vec<Vec<f64>> = detached(py, || {
            let draw = |i: usize| self.model.draw(&rows, &mut streams.open("draw", i as u64));
            (0..count).map(draw).collect()
        });
        PyArray2::from_vec2(py, &draws).map_err(errors::failed)
    }

    /// Standard deviation of the noise of one measurement.
    #[getter]
    fn noise_sd(&self) -> f64 {
        self.model.noise_sd()
    }

    /// What each training point would have been predicted to be without it, with the noise.
    #[getter]
    fn held_out<'py>(&self, py: Python<'py>) -> Beliefs<'py> {
        let (mean, sd) =
            self.model.held_out().iter().map(|belief| (belief.mean, belief.sd)).unzip();
        (PyArray1::from_vec(py, mean), PyArray1::from_vec(py, sd))
    }

    /// How several models were weighed, by name.
    #[getter]
    fn weights(&self) -> Vec<(String, f64)> {
        self.model.weights().into_iter().map(|(name, weight)| (name.to_owned(), weight)).collect()
    }

    /// Shapley values of the mean at the points [q, d]: the mean over `background` [b, d], and the share of each input
    /// [q, d].
    fn shapley<'py>(
        &self,
        py: Python<'py>,
        x: PyReadonlyArray2<'py, f64>,
        background: PyReadonlyArray2<'py, f64>,
        jobs: Option<usize>,
    ) -> PyResult<(f64, Bound<'py, PyArray2<f64>>)> {
        rows(&x, self.dim)?;
        rows(&background, self.dim)?;
        let (x, background) = (x.as_array().to_owned(), background.as_array().to_owned());
        if background.nrows() == 0 {
            return Err(PyValueError::new_err("the background is empty"));
        }
        let context = Context::new(Streams::new(0)).with_threads(threads(jobs)?);
        let found = detached(py, || shapley(&self.model, x.view(), background.view(), &context));
        let found = found.map_err(|error| PyValueError::new_err(error.to_string()))?;
        let mut shares = numpy::ndarray::Array2::zeros((found.len(), self.dim));
        for (mut row, shapley) in shares.rows_mut().into_iter().zip(&found) {
            row.iter_mut().zip(&shapley.values).for_each(|(to, from)| *to = *from);
        }
        Ok((found.first().map_or(f64::NAN, |shapley| shapley.base), shares.to_pyarray(py)))
    }
}
