//! What a twin learns from: conditions and one outcome of each.

use std::path::Path;

use flowtwin_lab::{Input, Space};
use flowtwin_twin::{History, Trial};

use super::source::{Selection, Source, Target};
use super::{run_folder, table};
use crate::error::DataError;

/// Experiments as a twin sees them.
#[derive(Clone, Debug)]
pub struct Data {
    /// Where they come from: file or run folder.
    pub source: String,
    /// SHA-256 of the file they were read from \[hexadecimal\].
    pub sha256: String,
    /// What was measured.
    pub target: Target,
    /// What was set, and in which ranges.
    pub space: Space,
    /// The experiments.
    pub rows: Vec<Row>,
    /// Whether they were simulated; none if the source does not say.
    pub simulated: Option<bool>,
    /// Lab time of one of them, the mean \[s\]; none if the source does not say.
    pub lab_time_s: Option<f64>,
    /// What was left out and what was assumed, for people.
    pub notes: Vec<String>,
}

/// One experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The line of a table or the number of an experiment, from 1.
    pub number: usize,
    /// What was set, in the order and the units of the space.
    pub inputs: Vec<f64>,
    /// What was measured; none where it failed.
    pub outcome: Option<f64>,
}

impl Data {
    /// Reads a CSV file, or the journal of a run folder.
    ///
    /// # Errors
    /// If it cannot be read, has no such target or input, or leaves fewer than two experiments with
    /// an outcome.
    pub fn read(path: &Path, selection: &Selection) -> Result<Self, DataError> {
        let source = if path.is_dir() {
            run_folder::read(path, selection)?
        } else {
            table::read(path, selection)?
        };
        Self::new(source, selection)
    }

    fn new(mut source: Source, selection: &Selection) -> Result<Self, DataError> {
        let rows = complete(&mut source);
        let space = space(&source, selection, &rows)?;
        let Source { name, sha256, target, simulated, lab_time_s, notes, .. } = source;
        let data = Self { source: name, sha256, target, space, rows, simulated, lab_time_s, notes };
        data.check()
    }

    fn check(mut self) -> Result<Self, DataError> {
        let outcomes = self.outcomes();
        let (count, name) = (outcomes.len(), &self.target.name);
        if count < 2 {
            let message = format!(
                "{}: {count} experiments with a value of `{name}` are too few to learn from",
                self.source
            );
            return Err(DataError::bad_input(message));
        }
        if outcomes.iter().all(|y| y.total_cmp(&outcomes[0]).is_eq()) {
            let message = format!(
                "{}: every value of `{name}` is {}: there is nothing to learn",
                self.source, outcomes[0]
            );
            return Err(DataError::bad_input(message));
        }
        let failed = self.rows.len() - count;
        if failed > 0 {
            self.notes.push(format!("{failed} experiments have no value of `{name}`"));
        }
        let outside = self.rows.iter().filter(|row| !self.within(row)).count();
        if outside > 0 {
            self.notes.push(format!("{outside} experiments lie outside the ranges of the space"));
        }
        Ok(self)
    }

    fn within(&self, row: &Row) -> bool {
        let inside = |(x, input): (&f64, &Input)| (input.low..=input.high).contains(x);
        row.inputs.iter().zip(self.space.inputs()).all(inside)
    }

    /// The names of the inputs.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.space.inputs().iter().map(|input| input.name.as_str())
    }

    /// The experiments that have an outcome.
    pub fn measured(&self) -> impl Iterator<Item = (&Row, f64)> {
        self.rows.iter().filter_map(|row| row.outcome.map(|outcome| (row, outcome)))
    }

    /// The outcomes \[n\] of the experiments that have one.
    pub fn outcomes(&self) -> Vec<f64> {
        self.measured().map(|(_, outcome)| outcome).collect()
    }

    /// Whether anything in it is known to be simulated.
    pub fn is_simulated(&self) -> bool {
        self.simulated == Some(true)
    }

    fn to_unit(&self, row: &Row) -> Vec<f64> {
        self.space.to_unit(&self.space.conditions(row.inputs.clone()))
    }

    /// The experiments as the history of a policy; `score` makes of an outcome what is maximised.
    pub fn history(&self, score: impl Fn(f64) -> f64) -> History {
        let trial = |row: &Row| Trial::at(self.to_unit(row), row.outcome.map(&score));
        History { trials: self.rows.iter().map(trial).collect(), pending: Vec::new() }
    }
}

/// The experiments of which every input is known; says which are not.
fn complete(source: &mut Source) -> Vec<Row> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for (number, inputs, outcome) in std::mem::take(&mut source.rows) {
        match inputs.into_iter().collect::<Option<Vec<f64>>>() {
            Some(inputs) => rows.push(Row { number, inputs, outcome }),
            None => missing.push(number),
        }
    }
    if !missing.is_empty() {
        let first: Vec<String> = missing.iter().take(5).map(ToString::to_string).collect();
        let more = if missing.len() > 5 { ", …" } else { "" };
        source.notes.push(format!(
            "{} rows lack an input and were left out: {}{more}",
            missing.len(),
            first.join(", ")
        ));
    }
    rows
}

/// The inputs with the ranges that were asked for, else those of the source, else those of the
/// data.
fn space(source: &Source, selection: &Selection, rows: &[Row]) -> Result<Space, DataError> {
    let stated = |name: &String| match (&selection.ranges, &source.ranges) {
        (Some(_), _) => {
            let message = format!("the scenario has no input `{name}`");
            selection.range(name).ok_or_else(|| DataError::bad_input(message)).map(Some)
        }
        (None, Some(ranges)) => Ok(ranges.iter().find(|input| input.name == *name)),
        (None, None) => Ok(None),
    };
    let input = |(i, name): (usize, &String)| {
        Ok(stated(name)?.cloned().unwrap_or_else(|| extent(name, rows.iter().map(|r| r.inputs[i]))))
    };
    let inputs = source.inputs.iter().enumerate().map(input);
    let inputs = inputs.collect::<Result<Vec<_>, DataError>>()?;
    Space::new(inputs, Vec::new())
        .map_err(|error| DataError::bad_input(format_args!("{}: {error}", source.name)))
}

/// The range that holds all values.
fn extent(name: &str, values: impl Iterator<Item = f64>) -> Input {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    Input::number(name.to_owned(), low, high, 0.0)
}
