//! The `[table]` of a scenario.

use std::path::Path;

use flowtwin_lab::Input;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::DataError;
use crate::learnt::{Data, PriorExperiment, Selection};

/// The outcomes that experiments are looked up in: a CSV file or a run folder.
///
/// Objectives and limits name the columns of outcomes. What was read is part of the scenario that journals record,
/// so a run can be resumed, and understood, without the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableSpec {
    /// The file, relative to the scenario.
    pub data: String,
    /// The columns that are inputs; a column of words is a choice among them. If none is named, every column of numbers but the
    /// outcomes and those that count or name experiments.
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
    /// The other outcomes, in the order of objectives and limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Further>,
}

/// A further outcome of the experiments of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Further {
    /// Its unit; empty if the source does not say.
    pub unit: String,
    /// Its value in each experiment; none where it was not measured.
    pub values: Vec<Option<f64>>,
}

impl TableSpec {
    /// Reads the outcomes of these `features`, unless they are there; `below` is where a relative name begins.
    ///
    /// # Errors
    /// If the file cannot be read, has no such column, or holds nothing to choose between.
    ///
    /// # Panics
    /// If there is no feature.
    pub fn read(&mut self, below: &Path, features: &[String]) -> Result<(), DataError> {
        if self.read.is_some() {
            return Ok(());
        }
        let path = below.join(&self.data);
        let data = |feature: &String, inputs: Option<Vec<String>>| {
            let target = feature.clone();
            Data::read(&path, &Selection { target, inputs, ranges: None, words: true })
        };
        let (first, others) = features.split_first().expect("a campaign is after something");
        let mut read = data(first, self.inputs.clone())?;
        if self.inputs.is_none() && !others.is_empty() {
            let is_other = |name: &&str| !others.iter().any(|other| other == name);
            let inputs = read.inputs().filter(is_other).map(str::to_owned).collect();
            read = data(first, Some(inputs))?;
        }
        let inputs: Vec<String> = read.inputs().map(str::to_owned).collect();
        let mut more = Vec::new();
        for other in others {
            let Data { target, rows, .. } = data(other, Some(inputs.clone()))?;
            let values = rows.into_iter().map(|row| row.outcome).collect();
            more.push(Further { unit: target.unit, values });
        }
        let experiment = |row: crate::learnt::Row| PriorExperiment {
            inputs: row.inputs,
            outcome: row.outcome,
            values: Vec::new(),
        };
        self.notes = read.notes.iter().cloned().chain([read.summary()]).collect();
        self.read = Some(Measured {
            inputs: read.space.inputs().to_vec(),
            unit: read.target.unit,
            experiments: read.rows.into_iter().map(experiment).collect(),
            more,
        });
        Ok(())
    }
}
