//! Tables that pandas, polars and pyarrow take by the Arrow PyCapsule interface: nothing is copied on this side of it.

use std::ffi::CStr;
use std::sync::Arc;

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{
    Array as _, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchIterator,
    StringViewArray,
};
use arrow_schema::{DataType, Field, Schema};
use flowtwin_campaign::observations::six;
use flowtwin_report::page::escape;
use numpy::PyArray1;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};

use crate::errors;
use crate::page::framed;

/// A column of a table, by its name.
pub(crate) enum Column {
    /// Words.
    Text(Vec<Option<String>>),
    /// Yes or no.
    Truth(Vec<bool>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Numbers; none where there is none.
    Number(Vec<Option<f64>>),
}

/// A table of named columns of one length, for ``polars.DataFrame``, ``pyarrow.table`` and ``pandas.DataFrame.from_arrow``.
///
/// ``table["name"]`` is a column: an array of numbers, NaN where there is none, or of truth values; or a list of words.
#[pyclass(frozen, module = "flowtwin")]
#[derive(Debug)]
pub(crate) struct Frame {
    batch: RecordBatch,
    /// What a notebook shows in place of the first rows.
    page: Option<String>,
}

/// The name that the interface demands.
const STREAM: &CStr = c"arrow_array_stream";

impl Frame {
    /// A table of these columns.
    pub(crate) fn new(columns: Vec<(String, Column)>) -> PyResult<Self> {
        let (mut fields, mut arrays) = (Vec::new(), Vec::<ArrayRef>::new());
        for (name, column) in columns {
            let (kind, array): (DataType, ArrayRef) = match column {
                // As views: polars stores words so, and takes them without a copy.
                Column::Text(values) => {
                    (DataType::Utf8View, Arc::new(StringViewArray::from(values)))
                }
                Column::Truth(values) => (DataType::Boolean, Arc::new(BooleanArray::from(values))),
                Column::Integer(values) => (DataType::Int64, Arc::new(Int64Array::from(values))),
                Column::Number(values) => (DataType::Float64, Arc::new(numbers(values))),
            };
            fields.push(Field::new(name, kind, array.null_count() > 0));
            arrays.push(array);
        }
        let schema = Arc::new(Schema::new(fields));
        Ok(Self {
            batch: RecordBatch::try_new(schema, arrays).map_err(errors::failed)?,
            page: None,
        })
    }

    /// The same, which a notebook shows as this page.
    pub(crate) fn shown_as(self, page: Option<String>) -> Self {
        Self { page, ..self }
    }

    fn array(&self, name: &str) -> PyResult<&ArrayRef> {
        self.batch.column_by_name(name).ok_or_else(|| {
            PyKeyError::new_err(format!("no column {name} among {}", self.columns().join(", ")))
        })
    }
}

/// Rows that a notebook shows.
const SHOWN: usize = 20;

fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return String::new();
    }
    let any = array.as_any();
    let number = any.downcast_ref::<Float64Array>().map(|numbers| six(numbers.value(row)));
    let whole = any.downcast_ref::<Int64Array>().map(|numbers| numbers.value(row).to_string());
    let words = any.downcast_ref::<StringViewArray>().map(|words| words.value(row).to_owned());
    let truth = any.downcast_ref::<BooleanArray>().map(|truth| truth.value(row).to_string());
    number.or(whole).or(words).or(truth).unwrap_or_default()
}

fn numbers(values: Vec<Option<f64>>) -> Float64Array {
    match values.iter().all(Option::is_some) {
        true => Float64Array::from(values.into_iter().flatten().collect::<Vec<f64>>()),
        false => Float64Array::from(values),
    }
}

#[pymethods]
impl Frame {
    /// Names of the columns, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column: an array of numbers, NaN where there is none, or of truth values; or a list of words.
    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let array = self.array(name)?;
        if let Some(numbers) = array.as_any().downcast_ref::<Float64Array>() {
            let values = numbers.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
            return Ok(PyArray1::from_vec(py, values).into_any());
        }
        if let Some(numbers) = array.as_any().downcast_ref::<Int64Array>() {
            return Ok(PyArray1::from_slice(py, numbers.values()).into_any());
        }
        if let Some(truth) = array.as_any().downcast_ref::<BooleanArray>() {
            return Ok(PyArray1::from_iter(py, truth.iter().flatten()).into_any());
        }
        let words = array.as_any().downcast_ref::<StringViewArray>();
        let words: Vec<Option<&str>> = words.into_iter().flat_map(StringViewArray::iter).collect();
        Ok(PyList::new(py, words)?.into_any())
    }

    /// The table as a stream of Arrow's C interface; the numbers are not copied.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // Whoever asks for another schema casts; the interface allows that.
        let _not_heeded = requested_schema;
        let batches = RecordBatchIterator::new([Ok(self.batch.clone())], self.batch.schema());
        let stream = FFI_ArrowArrayStream::new(Box::new(batches));
        PyCapsule::new_with_value(py, stream, STREAM)
    }

    /// The first rows as a table of HTML, in the colours of whatever shows it; of a front its figures and all its rows.
    fn _repr_html_(&self) -> String {
        if let Some(page) = &self.page {
            return framed(page, 720);
        }
        let shown = self.batch.num_rows().min(SHOWN);
        let cells = |tag: &str, cells: Vec<String>| {
            let cells = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let rows = (0..shown).map(|row| {
            let columns = self.batch.columns().iter();
            cells("td", columns.map(|column| cell(column, row)).collect())
        });
        let head = cells("th", self.columns());
        let left = match self.batch.num_rows() - shown {
            0 => String::new(),
            left => format!("<p>and {left} rows more</p>"),
        };
        format!("<table>{head}{}</table>{left}", rows.collect::<String>())
    }

    fn __repr__(&self) -> String {
        format!("Frame({} rows, columns: {})", self.batch.num_rows(), self.columns().join(", "))
    }
}
