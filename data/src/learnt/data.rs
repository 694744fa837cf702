//! What a twin learns from: conditions and one outcome of each.

use std::path::Path;

use flowtwin_lab::{Input, Space};
use flowtwin_twin::{History, Trial};

use super::csv::Csv;
use super::source::{Selection, Source, Target, Told};
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
    /// What was left out, what was assumed and what is hard to believe, for people.
    pub notes: Vec<String>,
    /// Columns that were not taken for inputs.
    pub not_inputs: Vec<String>,
    /// Rows that lack an input and were left out, by their numbers.
    pub incomplete: Vec<usize>,
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
        Self::of(path, selection)?.check()
    }

    /// Reads a table that is there.
    ///
    /// # Errors
    /// As [`Data::read`].
    pub fn of_table(csv: &Csv, selection: &Selection) -> Result<Self, DataError> {
        Self::new(table::source(csv, selection)?, selection)?.check()
    }

    /// Reads experiments to begin with, however few and however alike.
    ///
    /// # Errors
    /// If it cannot be read, has no such target or input, or leaves no experiment.
    pub(super) fn to_begin_with(path: &Path, selection: &Selection) -> Result<Self, DataError> {
        let data = Self::of(path, selection)?;
        if data.rows.is_empty() {
            let message = format!("{}: every row lacks an input", data.source);
            return Err(DataError::bad_input(message));
        }
        Ok(data)
    }

    fn of(path: &Path, selection: &Selection) -> Result<Self, DataError> {
        let source = if path.is_dir() {
            run_folder::read(path, selection)?
        } else {
            table::read(path, selection)?
        };
        Self::new(source, selection)
    }

    fn new(mut source: Source, selection: &Selection) -> Result<Self, DataError> {
        let (rows, incomplete) = complete(std::mem::take(&mut source.rows));
        let space = space(&source, selection, &rows)?;
        let Source { name, sha256, target, simulated, lab_time_s, notes, not_inputs, .. } = source;
        let mut data = Self {
            source: name,
            sha256,
            target,
            space,
            rows,
            simulated,
            lab_time_s,
            notes,
            not_inputs,
            incomplete,
        };
        data.notes.extend(data.hard_to_believe());
        Ok(data)
    }

    fn check(self) -> Result<Self, DataError> {
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
        let (least, most) = extremes(&outcomes);
        if most - least < LEAST_SPREAD {
            let message = format!(
                "{}: values of `{name}` differ by {:e} at most, of which no square can be computed: they must differ by {LEAST_SPREAD:e} at least; choose a smaller unit",
                self.source,
                most - least
            );
            return Err(DataError::bad_input(message));
        }
        Ok(self)
    }

    /// What was known after the first experiments, of which the last `most` are kept.
    ///
    /// # Errors
    /// If fewer than two of them have an outcome, or all have the same.
    pub(super) fn first(mut self, experiments: usize, most: usize) -> Result<Self, DataError> {
        self.rows.retain(|row| row.number <= experiments);
        self.rows.drain(..self.rows.len().saturating_sub(most));
        self.check()
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
    pub(crate) fn is_simulated(&self) -> bool {
        self.simulated == Some(true)
    }

    fn to_unit(&self, row: &Row) -> Vec<f64> {
        self.space.to_unit(&self.space.conditions(row.inputs.clone()))
    }

    /// The experiments as the history of a policy; `score` turns an outcome into the value to maximise.
    pub fn history(&self, score: impl Fn(f64) -> f64) -> History {
        let trial = |row: &Row| Trial::at(self.to_unit(row), row.outcome.map(&score));
        History { trials: self.rows.iter().map(trial).collect(), ..History::default() }
    }
}

/// The experiments with a value for every input, and the numbers of the others.
/// Least difference between outcomes that models can learn from: they square it, and multiply the squares.
const LEAST_SPREAD: f64 = 1.0 / flowtwin_lab::LARGEST;

fn extremes(outcomes: &[f64]) -> (f64, f64) {
    let least = outcomes.iter().copied().fold(f64::INFINITY, f64::min);
    (least, outcomes.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

fn complete(rows: Vec<Told>) -> (Vec<Row>, Vec<usize>) {
    let (mut complete, mut missing) = (Vec::new(), Vec::new());
    for (number, inputs, outcome) in rows {
        match inputs.into_iter().collect::<Option<Vec<f64>>>() {
            Some(inputs) => complete.push(Row { number, inputs, outcome }),
            None => missing.push(number),
        }
    }
    (complete, missing)
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
