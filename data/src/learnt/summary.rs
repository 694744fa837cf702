//! What was read of a source, in a line, and what in it is hard to believe.

use flowtwin_report::extrapolated::{Range, outside};
use flowtwin_report::format::{counted, significant};
use flowtwin_statistics::outliers;

use super::data::Data;

/// Most rows and columns that are listed one by one.
const TOLD: usize = 5;

impl Data {
    /// One line: what was read, what was left out and why, and what lies outside the ranges.
    pub fn summary(&self) -> String {
        let count = self.outcomes().len();
        let inputs: Vec<String> = self.inputs().map(str::to_owned).collect();
        let mut parts = vec![format!(
            "{} with `{}` read, inputs {}",
            counted(count, "experiment"),
            self.target.name,
            listed(&inputs, inputs.len())
        )];
        let failed = self.rows.len() - count;
        if failed > 0 {
            parts.push(format!("{failed} without it count as failed"));
        }
        if !self.incomplete.is_empty() {
            let rows: Vec<String> = self.incomplete.iter().map(ToString::to_string).collect();
            let (n, rows) = (rows.len(), listed(&rows, TOLD));
            parts.push(format!("{n} left out that lack an input ({rows})"));
        }
        if !self.not_inputs.is_empty() {
            parts.push(format!("columns left out: {}", listed(&self.not_inputs, TOLD)));
        }
        parts.extend(self.outside());
        format!("{}: {}", self.source, parts.join("; "))
    }

    /// How many experiments lie outside the ranges of the space, and where.
    fn outside(&self) -> Option<String> {
        let range = |input: &flowtwin_lab::Input| Range {
            name: input.name.clone(),
            low: input.low,
            high: input.high,
        };
        let ranges: Vec<Range> = self.space.inputs().iter().map(range).collect();
        let rows: Vec<&[f64]> = self.rows.iter().map(|row| &row.inputs[..]).collect();
        outside(&ranges, &rows)
    }

    /// Values far from all others of their column, by name, row and value.
    pub(super) fn hard_to_believe(&self) -> Vec<String> {
        let measured: Vec<(usize, f64)> =
            self.measured().map(|(row, outcome)| (row.number, outcome)).collect();
        let mut notes: Vec<String> =
            far_off(&self.target.name, "row", &measured).into_iter().collect();
        for (j, name) in self.inputs().enumerate() {
            let set: Vec<(usize, f64)> =
                self.rows.iter().map(|row| (row.number, row.inputs[j])).collect();
            notes.extend(far_off(name, "row", &set));
        }
        notes
    }
}

/// The outliers among numbered values, in a sentence; `place` is what their numbers count, such as `row`.
pub fn far_off(name: &str, place: &str, values: &[(usize, f64)]) -> Option<String> {
    let numbers: Vec<f64> = values.iter().map(|(_, value)| *value).collect();
    let far = outliers(&numbers);
    let rest = || (0..numbers.len()).filter(|i| !far.contains(i)).map(|i| numbers[i]);
    let low = rest().fold(f64::INFINITY, f64::min);
    let high = rest().fold(f64::NEG_INFINITY, f64::max);
    let each = |&i: &usize| format!("{} ({place} {})", plain(numbers[i]), values[i].0);
    let each: Vec<String> = far.iter().map(each).collect();
    (!far.is_empty()).then(|| {
        format!(
            "`{name}` is far from all other values, {} to {}, at {}: leave the cell empty where \
             nothing was measured",
            significant(low, 3),
            significant(high, 3),
            listed(&each, TOLD)
        )
    })
}

/// A number as people write it, however large.
fn plain(value: f64) -> String {
    if value.abs() < 1e9 { value.to_string() } else { format!("{value:e}") }
}

/// Words with commas between them, the first few only.
fn listed(words: &[String], most: usize) -> String {
    let told = words[..words.len().min(most)].join(", ");
    match words.len().checked_sub(most) {
        None | Some(0) => told,
        Some(more) => format!("{told} and {more} more"),
    }
}
