//! The `[table]` of a scenario.

use std::path::Path;

use flowtwin_lab::Input;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::learnt::{Data, PriorExperiment, Selection};

/// The outcomes that experiments are looked up in: a CSV file or a run folder.
///
/// The objective's feature names the column of the outcome. What was read is part of the scenario that journals record,
/// so a run can be resumed, and understood, without the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The file, relative to the scenario.
    pub data: String,
    /// The columns that are inputs; every column of numbers but the outcome and those that count or name experiments
    /// if none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Vec<String>>,
    /// What was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub read: Option<Measured>,
    /// What was left out of it, for people.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// What was read from a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The inputs with the ranges of the data.
    pub inputs: Vec<Input>,
    /// Unit of the outcome; empty if the source does not say.
    pub unit: String,
    /// The experiments, replicates one by one.
    pub experiments: Vec<PriorExperiment>,
}

impl TableSpec {
    /// Reads the outcomes of `feature`, unless they are there; `below` is where a relative name begins.
    ///
    /// # Errors
    /// If the file cannot be read, has no such column, or holds nothing to choose between.
    pub fn read(&mut self, below: &Path, feature: &str) -> Result<(), DataError> {
        if self.read.is_some() {
            return Ok(());
        }
        let selection =
            Selection { target: feature.to_owned(), inputs: self.inputs.clone(), ranges: None };
        let data = Data::read(&below.join(&self.data), &selection)?;
        let experiment =
            |row: crate::learnt::Row| PriorExperiment { inputs: row.inputs, outcome: row.outcome };
        self.notes = data.notes;
        self.read = Some(Measured {
            inputs: data.space.inputs().to_vec(),
            unit: data.target.unit,
            experiments: data.rows.into_iter().map(experiment).collect(),
        });
        Ok(())
    }
}
