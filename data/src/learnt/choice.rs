//! A column of words as an input: a choice among them.

use flowtwin_lab::{Choice, Input};

use super::csv::{Cell, Csv};
use super::number::Value;
use crate::diagnostic::Diagnostic;

/// The words of a column, each once, in the order in which they first appear.
pub(super) fn options(csv: &Csv, index: usize) -> Vec<&str> {
    let mut options: Vec<&str> = Vec::new();
    for cell in csv.column(index).filter(|cell| !is_missing(cell)) {
        if !options.contains(&cell.text.as_str()) {
            options.push(&cell.text);
        }
    }
    options
}

/// The place of each cell of a column among `options`, capitals or not; none where it is empty.
///
/// # Errors
/// At a cell that is none of them.
pub(super) fn places(
    csv: &Csv,
    index: usize,
    options: &[&str],
) -> Result<Vec<Option<f64>>, Diagnostic> {
    let column = &csv.header()[index].text;
    let place = |cell: &Cell| {
        if is_missing(cell) {
            return Ok(None);
        }
        let same = |option: &&str| option.to_lowercase() == cell.text.to_lowercase();
        let exact = options.iter().position(|option| *option == cell.text);
        match exact.or_else(|| options.iter().position(same)) {
            Some(place) => Ok(Some(place as f64)),
            None => {
                let complaint = format!("`{}` is not an option of {column}", cell.text);
                let known = format!("there are {}", options.join(", "));
                Err(Diagnostic::new(complaint).at(csv.place(cell)).hint(known))
            }
        }
    };
    csv.column(index).map(place).collect()
}

/// The input that chooses among these words.
pub(super) fn input(name: &str, options: &[&str]) -> Input {
    let option = |name: &&str| Choice { name: (*name).to_owned(), descriptors: Vec::new() };
    Input::choice(name, options.iter().map(option).collect())
}

fn is_missing(cell: &Cell) -> bool {
    matches!(Value::of(&cell.text), Value::Missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv() -> Csv {
        Csv::parse("x.csv", "ligand,y\nXPhos,1\ndppf,2\n,3\nXPhos,4\nxphos,5\n").unwrap()
    }

    #[test]
    fn words_are_options_in_the_order_in_which_they_appear() {
        assert_eq!(options(&csv(), 0), ["XPhos", "dppf", "xphos"]);
        let places = places(&csv(), 0, &["dppf", "XPhos"]).unwrap();
        assert_eq!(places, [Some(1.0), Some(0.0), None, Some(1.0), Some(1.0)]);
    }

    #[test]
    fn a_word_that_is_no_option_is_shown_at_its_cell() {
        let error = places(&csv(), 0, &["XPhos", "BINAP"]).unwrap_err().to_string();
        assert!(error.contains("`dppf` is not an option of ligand"), "{error}");
        assert!(error.contains(" --> x.csv:3:1"), "{error}");
    }
}
