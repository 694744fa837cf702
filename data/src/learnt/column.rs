//! What a column of a table holds.

use super::csv::{Cell, Csv};
use crate::diagnostic::Diagnostic;

/// What is written where nothing was measured.
const MISSING: [&str; 9] = ["", "-", "–", "?", "na", "n/a", "nan", "none", "null"];

/// A column, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// Finite numbers, none where the cell is empty.
    Numbers(Vec<Option<f64>>),
    /// Words, for the most part.
    Words,
    /// Not one value.
    Nothing,
}

/// What one cell says.
enum Value {
    Missing,
    Number(f64),
    Words,
}

impl Value {
    fn of(cell: &Cell) -> Self {
        let text = cell.text.as_str();
        if MISSING.contains(&text.to_lowercase().as_str()) {
            return Self::Missing;
        }
        text.parse().map_or(Self::Words, Self::Number)
    }
}

impl Column {
    /// Reads a column of a table.
    ///
    /// # Errors
    /// Where a cell among numbers holds words, or a number that is not finite.
    pub(super) fn read(csv: &Csv, index: usize) -> Result<Self, Diagnostic> {
        let values: Vec<Value> = csv.column(index).map(Value::of).collect();
        let count = |is: fn(&Value) -> bool| values.iter().filter(|value| is(value)).count();
        let words = count(|value| matches!(value, Value::Words));
        let numbers = count(|value| matches!(value, Value::Number(_)));
        match (numbers, words) {
            (0, 0) => Ok(Self::Nothing),
            (0, _) if csv.column(index).all(has_decimal_comma) => {
                Self::numbers(csv, index).map(Self::Numbers)
            }
            (numbers, words) if words > numbers => Ok(Self::Words),
            _ => Self::numbers(csv, index).map(Self::Numbers),
        }
    }

    /// Reads a column that must hold numbers.
    ///
    /// # Errors
    /// Where a cell holds words or a number that is not finite, and if there is no number.
    pub(super) fn numbers(csv: &Csv, index: usize) -> Result<Vec<Option<f64>>, Diagnostic> {
        let name = &csv.header()[index].text;
        let number = |cell: &Cell| match Value::of(cell) {
            Value::Missing => Ok(None),
            Value::Number(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(complaint(csv, name, cell)),
        };
        let numbers = csv.column(index).map(number).collect::<Result<Vec<_>, _>>()?;
        if numbers.iter().all(Option::is_none) {
            let complaint = Diagnostic::new(format!("the column `{name}` holds no number"));
            return Err(complaint.at(csv.place(&csv.header()[index])));
        }
        Ok(numbers)
    }
}

/// Whether a cell holds a number with a comma in place of the point, or nothing.
fn has_decimal_comma(cell: &Cell) -> bool {
    match Value::of(cell) {
        Value::Words => cell.text.replace(',', ".").parse::<f64>().is_ok(),
        Value::Missing => true,
        Value::Number(_) => false,
    }
}

fn complaint(csv: &Csv, column: &str, cell: &Cell) -> Diagnostic {
    let complaint = Diagnostic::new(format!("`{}` in column `{column}` is no number", cell.text));
    let with_point = cell.text.replace(',', ".");
    let hint = if with_point != cell.text && with_point.parse::<f64>().is_ok() {
        format!("write decimals with a point: {with_point}")
    } else {
        "leave the cell empty where nothing was measured, or choose columns with --inputs".into()
    };
    complaint.at(csv.place(cell)).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Csv {
        Csv::parse("x.csv", text.to_owned()).unwrap()
    }

    #[test]
    fn missing_values_are_no_zeros() {
        let table = csv("a\n1\nNaN\n-\n2e-3\n");
        let numbers = vec![Some(1.0), None, None, Some(0.002)];
        assert_eq!(Column::read(&table, 0), Ok(Column::Numbers(numbers)));
        assert_eq!(Column::read(&csv("a,b\nn/a,1\n"), 0), Ok(Column::Nothing));
    }

    #[test]
    fn a_column_of_words_is_told_from_a_slip_among_numbers() {
        assert_eq!(Column::read(&csv("a\nred\nblue\n3\n"), 0), Ok(Column::Words));
        let slip = Column::read(&csv("a,t_c\n1,20\n2,2O\n3,30\n"), 1).unwrap_err().to_string();
        assert!(slip.contains("`2O` in column `t_c` is no number\n --> x.csv:3:3"), "{slip}");
    }

    #[test]
    fn a_decimal_comma_is_explained() {
        let error = Column::numbers(&csv("a;b\n1,5;2\n"), 0).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("write decimals with a point: 1.5"));
        assert_eq!(Column::read(&csv("a;b\n1,5;2\n2,5;3\n"), 0), Err(error));
    }

    #[test]
    fn infinity_is_refused() {
        let error = Column::numbers(&csv("a\n1\ninf\n"), 0).unwrap_err();
        assert!(error.to_string().contains("x.csv:3:1"));
    }
}
