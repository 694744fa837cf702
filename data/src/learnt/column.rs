//! What a column of a table holds.

use super::csv::{Cell, Csv};
use super::number::Value;
use crate::diagnostic::Diagnostic;

/// A column, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// Numbers that can be worked with, none where the cell is empty.
    Numbers(Vec<Option<f64>>),
    /// Words, for the most part.
    Words,
    /// Not one value.
    Nothing,
}

impl Column {
    /// Reads a column of a table.
    ///
    /// # Errors
    /// Where a cell among numbers holds words, or something that is meant as a number but is not one.
    pub(super) fn read(csv: &Csv, index: usize) -> Result<Self, Diagnostic> {
        let values: Vec<Value> = csv.column(index).map(|cell| Value::of(&cell.text)).collect();
        let count = |is: fn(&Value) -> bool| values.iter().filter(|value| is(value)).count();
        let words = count(|value| matches!(value, Value::Words));
        // Numbers with a comma, say, are not words: the column is one of numbers that must be written otherwise.
        let numbers = count(|value| matches!(value, Value::Number(_) | Value::Slip(_)));
        match (numbers, words) {
            (0, 0) => Ok(Self::Nothing),
            (numbers, words) if words > numbers => Ok(Self::Words),
            _ => Self::numbers(csv, index).map(Self::Numbers),
        }
    }

    /// Reads a column that must hold numbers.
    ///
    /// # Errors
    /// Where a cell holds words or something that is meant as a number but is not one, and if there is no number.
    pub(super) fn numbers(csv: &Csv, index: usize) -> Result<Vec<Option<f64>>, Diagnostic> {
        let name = &csv.header()[index].text;
        let number = |cell: &Cell| match Value::of(&cell.text) {
            Value::Missing => Ok(None),
            Value::Number(number) => Ok(Some(number)),
            Value::Slip(hint) => {
                Err(complaint(csv, name, cell, "cannot be taken for a number").hint(hint))
            }
            Value::Words => Err(complaint(csv, name, cell, "is not a number").hint(
                "leave the cell empty where nothing was measured, or choose columns with --inputs",
            )),
        };
        let numbers = csv.column(index).map(number).collect::<Result<Vec<_>, _>>()?;
        if numbers.iter().all(Option::is_none) {
            let complaint = Diagnostic::new(format!("the column `{name}` holds no number"));
            return Err(complaint.at(csv.place(&csv.header()[index])));
        }
        Ok(numbers)
    }
}

fn complaint(csv: &Csv, column: &str, cell: &Cell, what: &str) -> Diagnostic {
    Diagnostic::new(format!("`{}` in column `{column}` {what}", cell.text)).at(csv.place(cell))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> Csv {
        Csv::parse("x.csv", text).unwrap()
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
        assert!(slip.contains("`2O` in column `t_c` is not a number"), "{slip}");
        assert!(slip.contains(" --> x.csv:3:3"), "{slip}");
    }

    #[test]
    fn a_decimal_comma_is_explained() {
        let error = Column::numbers(&csv("a;b\n1,5;2\n"), 0).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("write decimals with a point: 1.5"));
        assert_eq!(Column::read(&csv("a;b\n1,5;2\n2,5;3\n"), 0), Err(error));
    }

    #[test]
    fn whole_numbers_among_decimal_commas_are_no_proof_of_points() {
        let mixed = csv("a;b\n1;2\n2,5;3\n3;4\n4;5\n");
        let error = Column::read(&mixed, 0).unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("write decimals with a point: 2.5"));
        assert!(error.to_string().contains("x.csv:3:1"), "{error}");
        let mostly = csv("a;b\n1,5;2\n2,5;3\n3;4\n4,5;5\n");
        assert!(Column::read(&mostly, 0).is_err());
    }

    #[test]
    fn numbers_beyond_all_bounds_are_refused() {
        for text in ["inf", "-Infinity", "1e300", "1.8e308"] {
            let error = Column::numbers(&csv(&format!("a\n1\n{text}\n")), 0).unwrap_err();
            assert!(error.to_string().contains("x.csv:3:1"), "{error}");
            assert!(error.hint.unwrap().contains("±1e100"));
        }
    }
}
