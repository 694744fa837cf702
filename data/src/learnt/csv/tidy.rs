//! What surrounds the experiments of a sheet: empty rows and columns, and a row of units.

use super::{Cell, Csv};
use crate::learnt::number::Value;

/// Longest text that can be a unit [characters].
const LONGEST_UNIT: usize = 16;

impl Csv {
    /// Leaves out what holds nothing and puts units to their columns; notes both.
    pub(super) fn tidy(&mut self) {
        let before = self.rows.len();
        self.drop_empty();
        self.same_lengths();
        self.drop_unnamed();
        self.drop_empty();
        if self.rows.len() < before {
            self.notes.push(format!("{} empty rows were left out", before - self.rows.len()));
        }
        if self.has_units() {
            let row = self.rows.remove(0);
            let line = self.line_of(&row);
            let unit = |cell: &Cell| match Value::of(&cell.text) {
                Value::Words => unbracketed(&cell.text).to_owned(),
                _ => String::new(),
            };
            self.units = row.iter().map(unit).collect();
            let units: Vec<&str> =
                self.units.iter().map(String::as_str).filter(|unit| !unit.is_empty()).collect();
            self.notes.push(format!("line {line} holds units: {}", units.join(", ")));
        }
    }

    fn drop_empty(&mut self) {
        self.rows.retain(|row| row.iter().any(|cell| !cell.text.is_empty()));
    }

    /// Brings rows to the length of the header where that takes or gives nothing but empty cells at the end.
    fn same_lengths(&mut self) {
        let columns = self.header.len();
        let named = self.header.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |i| i + 1);
        for row in &mut self.rows {
            while row.len() > columns && row.last().is_some_and(|cell| cell.text.is_empty()) {
                row.pop();
            }
            if (named..columns).contains(&row.len()) {
                let end = row.last().map_or(0, |cell| cell.span.end);
                row.resize(columns, Cell { text: String::new(), span: end..end });
            }
        }
    }

    /// Takes away columns that have no name; says so where they hold something.
    fn drop_unnamed(&mut self) {
        let columns = self.header.len();
        if self.rows.iter().any(|row| row.len() != columns) {
            return;
        }
        for index in (0..columns).rev().filter(|&i| columns > 1 && self.header[i].text.is_empty()) {
            let filled = self.rows.iter().filter(|row| !row[index].text.is_empty()).count();
            if filled > 0 {
                let what = format!("column {} has no name and was left out", index + 1);
                self.notes.push(format!("{what}: {filled} cells"));
            }
        }
        let named: Vec<bool> = self.header.iter().map(|cell| !cell.text.is_empty()).collect();
        if named.iter().any(|named| *named) {
            let keep = |row: &mut Vec<Cell>| {
                let mut named = named.iter();
                row.retain(|_| *named.next().unwrap_or(&true));
            };
            self.rows.iter_mut().for_each(keep);
            keep(&mut self.header);
        }
    }

    /// Whether the first row holds units: nothing in it is a number, and it has words in two columns, or in brackets in
    /// one, which below hold numbers alone.
    fn has_units(&self) -> bool {
        let Some((first, below)) = self.rows.split_first() else { return false };
        if below.is_empty() || below.iter().any(|row| row.len() != first.len()) {
            return false;
        }
        let values: Vec<Value> = first.iter().map(|cell| Value::of(&cell.text)).collect();
        if values.iter().any(|value| matches!(value, Value::Number(_) | Value::Slip(_))) {
            return false;
        }
        let numeric = |i: &usize| {
            let mut cells = below.iter().map(|row| Value::of(&row[*i].text));
            let is_number = |value: &Value| matches!(value, Value::Number(_) | Value::Slip(_));
            cells.clone().any(|value| is_number(&value))
                && cells.all(|value| is_number(&value) || matches!(value, Value::Missing))
        };
        let is_word = |i: &usize| matches!(values[*i], Value::Words);
        let units: Vec<&str> = (0..first.len())
            .filter(|i| is_word(i) && numeric(i))
            .map(|i| first[i].text.as_str())
            .collect();
        let bracketed = units.iter().any(|unit| unbracketed(unit) != *unit);
        units.iter().all(|unit| may_be_unit(unit)) && (units.len() > 1 || bracketed)
    }
}

/// Whether text is short enough for a unit, and no word.
fn may_be_unit(text: &str) -> bool {
    let length = text.chars().count();
    let known = ["counts", "equiv", "hours", "minutes", "percent", "seconds"];
    let is_word = length > 4 && text.chars().all(|c| c.is_alphabetic() || c == ' ');
    let lower = text.to_lowercase();
    let says_failed = ["fail", "failed", "err", "error"].contains(&lower.as_str());
    length <= LONGEST_UNIT && !says_failed && (!is_word || known.contains(&lower.as_str()))
}

/// A unit without its brackets.
fn unbracketed(unit: &str) -> &str {
    let pairs = [('[', ']'), ('(', ')')];
    let inner = |(open, close)| unit.strip_prefix(open).and_then(|u: &str| u.strip_suffix(close));
    pairs.into_iter().find_map(inner).unwrap_or(unit).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Csv {
        Csv::parse("x.csv", text).unwrap()
    }

    #[test]
    fn empty_rows_and_columns_at_the_end_are_left_out() {
        let csv = parse("a,b,,\n1,2,,\n3,4\n5,6,,,,\n,,,\n,,,\n");
        assert_eq!((csv.header().len(), csv.rows().len()), (2, 3));
        assert_eq!(csv.notes(), ["2 empty rows were left out"]);
        let only = parse("a,\n1,\n,2\n");
        assert_eq!((only.header().len(), only.rows().len()), (1, 1));
        let index = parse(",a,b\n0,1,2\n1,3,4\n");
        assert_eq!(index.header().len(), 2);
        assert_eq!(index.notes(), ["column 1 has no name and was left out: 2 cells"]);
    }

    #[test]
    fn a_row_of_units_belongs_to_the_header() {
        let csv = parse("T,flow,solvent,yield\n°C,µL/min,,[%]\n1,2,DMF,3\n2,3,DMF,4\n");
        assert_eq!((csv.unit(0), csv.unit(2), csv.unit(3)), ("°C", "", "%"));
        assert_eq!((csv.rows().len(), csv.line(0)), (2, 3));
        assert_eq!(csv.notes(), ["line 2 holds units: °C, µL/min, %"]);
        for text in [
            "a,b\nred,1\n1,2\n",
            "a,b\n2O,\n1,2\n",
            "a,b\n-,n.a.\n1,2\n",
            "a,b\nx,y\nx,y\n",
            "a,b\nfailed,failed\n1,2\n",
            "a,b\nfail,fail\n1,2\n",
        ] {
            assert_eq!(parse(text).unit(0), "", "{text:?}");
        }
    }
}
