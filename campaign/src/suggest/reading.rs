//! From the rows of a sheet to what policies know.

use flowtwin_data::Diagnostic;
use flowtwin_data::learnt::far_off;
use flowtwin_data::sheet::{Entry, Sheet, SheetRow};
use flowtwin_lab::{Input, InputKind, LARGEST, is_sensible};
use flowtwin_twin::History;

use crate::reach::is_far;
use crate::scenario::{Scenario, nearest};

/// Words for an experiment that yielded nothing.
const FAILED: [&str; 4] = ["failed", "fail", "failure", "error"];

/// What a sheet says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The experiments, in the order of their rows.
    pub history: History,
    /// The line of each experiment that has ended.
    pub lines: Vec<usize>,
    /// Number of experiments that failed.
    pub failed: usize,
    /// What was left out or is out of the ordinary, for people.
    pub notes: Vec<String>,
}

/// What became of the experiment of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// These outcomes, in the order of the sheet; none where a cell is empty.
    Of(Vec<Option<f64>>),
    /// Nothing: it failed.
    Nothing,
    /// Nothing yet: no cell is filled.
    NotYet,
}

/// Reads a sheet. Rows without any outcome are under way; the word `failed` in place of an outcome says that the experiment yielded
/// nothing.
///
/// # Errors
/// At the cell that makes no sense.
pub fn read(scenario: &Scenario, sheet: &Sheet) -> Result<Reading, Diagnostic> {
    let mut reading =
        Reading { history: History::default(), lines: Vec::new(), failed: 0, notes: Vec::new() };
    reading.notes.extend(sheet.notes().iter().cloned());
    let (mut lacking, mut outside, mut measured) = (Vec::new(), Vec::new(), Vec::new());
    for row in sheet.rows() {
        if row.inputs.iter().any(Entry::is_empty) {
            let blank = row.inputs.iter().chain(&row.outcomes).all(Entry::is_empty);
            lacking.extend((!blank).then_some(row.line));
            continue;
        }
        let values = row.inputs.iter().zip(scenario.space().inputs());
        let values = values.map(|(entry, input)| input_value(sheet, entry, input));
        let conditions = scenario.space().conditions(values.collect::<Result<_, _>>()?);
        let inside = |(input, x): (&Input, &f64)| (input.low..=input.high).contains(x);
        if !scenario.space().inputs().iter().zip(conditions.values()).all(inside) {
            outside.push(row.line);
        }
        let x = scenario.space().to_unit(&conditions);
        match came(sheet, &row)? {
            Came::NotYet => reading.history.pending.push(x),
            Came::Of(values) => {
                reading.lines.push(row.line);
                measured.push((row.line, values.clone()));
                reading.history.trials.push(scenario.trial_at(x, values));
            }
            Came::Nothing => {
                reading.failed += 1;
                reading.lines.push(row.line);
                let nothing = vec![None; scenario.wanted().outcomes.len()];
                reading.history.trials.push(scenario.trial_at(x, nothing));
            }
        }
    }
    for (place, name) in scenario.wanted().outcomes.iter().enumerate() {
        let value =
            |(line, values): &(usize, Vec<Option<f64>>)| Some((*line, (*values.get(place)?)?));
        let told: Vec<(usize, f64)> = measured.iter().filter_map(value).collect();
        reading.notes.extend(far_off(name, "line", &told));
    }
    note(&mut reading.notes, "lack an input and were left out", &lacking);
    note(
        &mut reading.notes,
        "lie outside the ranges of the scenario, and teach all the same",
        &outside,
    );
    Ok(reading)
}

fn note(notes: &mut Vec<String>, what: &str, lines: &[usize]) {
    if !lines.is_empty() {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        notes.push(format!("rows that {what}: line {}", lines.join(", ")));
    }
}

/// The value of an input: a number, or the place of the option of that name, capitals or not.
///
/// # Errors
/// If the cell holds no number or no option.
pub fn input_value(sheet: &Sheet, entry: &Entry, input: &Input) -> Result<f64, Diagnostic> {
    let Some(options) = input.options() else {
        let message = format!("`{}` is not a number, and {} needs one", entry.text, input.name);
        let number = entry.number.ok_or_else(|| sheet.complain(entry, message))?;
        if !is_sensible(number) {
            return Err(sheet.complain(entry, beyond(entry)));
        }
        if is_far(number, input) {
            let Input { name, low, high, .. } = input;
            let message =
                format!("`{}` is far outside the range {low} to {high} of {name}", entry.text);
            return Err(sheet
                .complain(entry, message)
                .hint("correct the cell, or leave the row out"));
        }
        if input.kind == InputKind::Logarithmic && number <= 0.0 {
            let message = format!("{} is logarithmic and must be above 0", input.name);
            return Err(sheet.complain(entry, message));
        }
        return Ok(number);
    };
    let same = |name: &str| name.to_lowercase() == entry.text.to_lowercase();
    let exact = input.option(&entry.text);
    let place = exact.or_else(|| options.iter().position(|option| same(&option.name)));
    place.map(|place| place as f64).ok_or_else(|| {
        let known: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
        let message = format!("`{}` is not an option of {}", entry.text, input.name);
        let hint = match nearest(&entry.text, &known) {
            Some((meant, _)) => format!("did you mean `{meant}`? There are {}", known.join(", ")),
            None => format!("there are {}", known.join(", ")),
        };
        sheet.complain(entry, message).hint(hint)
    })
}

/// Why a number cannot be worked with.
fn beyond(entry: &Entry) -> String {
    format!("`{}` is beyond ±{LARGEST:e}", entry.text)
}

/// What a row says of the outcomes.
///
/// # Errors
/// If a cell holds neither a number nor a word for a failure.
pub fn came(sheet: &Sheet, row: &SheetRow) -> Result<Came, Diagnostic> {
    if row.outcomes.iter().all(Entry::is_empty) {
        return Ok(Came::NotYet);
    }
    let has_failed = |entry: &Entry| FAILED.contains(&entry.text.to_lowercase().as_str());
    if row.outcomes.iter().any(has_failed) {
        return Ok(Came::Nothing);
    }
    let read = |entry: &Entry| match (entry.is_empty(), entry.number) {
        (true, _) => Ok(None),
        (false, Some(number)) if !is_sensible(number) => Err(sheet
            .complain(entry, beyond(entry))
            .hint("leave the cell empty where nothing was measured, or write `failed`")),
        (false, Some(number)) => Ok(Some(number)),
        (false, None) => Err(sheet
            .complain(entry, format!("`{}` is not a number", entry.text))
            .hint("leave the cell empty where nothing is known yet, or write `failed`")),
    };
    Ok(Came::Of(row.outcomes.iter().map(read).collect::<Result<_, _>>()?))
}
