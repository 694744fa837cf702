//! A table of text, read from a CSV file with every cell's place kept for error messages.

mod decode;
mod records;
mod tidy;

use std::fs;
use std::ops::Range;
use std::path::Path;

use flowtwin_lab::digest::sha256;

use self::decode::Decoded;
use self::records::Records;
use crate::diagnostic::{Diagnostic, Place};
use crate::unreadable;

/// A CSV file: names of columns and rows of cells, all of one length (RFC 4180), as spreadsheets write them.
///
/// Commas, semicolons or tabs separate: what a first line `sep=;` says, else what fits header and rows. Lines above the
/// header that begin with `#` are comments; empty lines and rows are ignored. A row of units below the header belongs to it.
#[derive(Clone, Debug)]
pub struct Csv {
    name: String,
    text: String,
    sha256: String,
    header: Vec<Cell>,
    units: Vec<String>,
    rows: Vec<Vec<Cell>>,
    notes: Vec<String>,
}

/// A cell and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What it says, without quotes and without blanks at its ends.
    pub text: String,
    span: Range<usize>,
}

impl Csv {
    /// Reads a file.
    ///
    /// # Errors
    /// As [`Csv::parse`], and if the file cannot be read or is not text.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
        Self::of(&name, &bytes)
    }

    /// Reads the bytes of a file; `name` is its name in error messages.
    ///
    /// # Errors
    /// As [`Csv::parse`], and if they are not text.
    pub fn of(name: &str, bytes: &[u8]) -> Result<Self, Diagnostic> {
        Self::decoded(name, decode::decode(name, bytes)?, bytes)
    }

    /// Reads text; `name` is its name in error messages.
    ///
    /// # Errors
    /// If there is no header or no row, a name is used twice, a row has more or fewer cells than the header, or a
    /// quote is never closed.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostic> {
        Self::of(name, text.as_bytes())
    }

    fn decoded(name: &str, decoded: Decoded, bytes: &[u8]) -> Result<Self, Diagnostic> {
        let Decoded { text, mut notes } = decoded;
        let mut records = Records::new(name, &text);
        if records.told {
            notes.push("the first line says what separates the cells".into());
        }
        let header = records.next().transpose()?.ok_or_else(|| {
            Diagnostic::new(format!("{name} is empty"))
                .hint("give a table whose first line names the columns")
        })?;
        let rows = records.collect::<Result<Vec<_>, _>>()?;
        let sha256 = sha256(bytes);
        let (name, units) = (name.to_owned(), Vec::new());
        let mut csv = Self { name, text, sha256, header, units, rows, notes };
        csv.check_header()?;
        csv.tidy();
        csv.check_rows()?;
        Ok(csv)
    }

    fn check_header(&self) -> Result<(), Diagnostic> {
        let is_number = |cell: &Cell| cell.text.parse::<f64>().is_ok();
        if self.header.iter().all(is_number) {
            let complaint =
                Diagnostic::new("the first line holds numbers, not the names of columns");
            return Err(complaint
                .at(self.place(&self.header[0]))
                .hint("put a line of names on top; lines that begin with # do not count"));
        }
        for (i, cell) in self.header.iter().enumerate() {
            if !cell.text.is_empty() && self.header[..i].iter().any(|c| c.text == cell.text) {
                let complaint = Diagnostic::new(format!("two columns are named `{}`", cell.text));
                return Err(complaint.at(self.place(cell)).hint("give each its own name"));
            }
        }
        Ok(())
    }

    fn check_rows(&self) -> Result<(), Diagnostic> {
        let columns = self.header.len();
        if let Some(row) = self.rows.iter().find(|row| row.len() != columns) {
            let complaint = format!("{} cells where the header names {columns} columns", row.len());
            let last = row.last().expect("a row has cells");
            let complaint = Diagnostic::new(complaint).at(self.place(last));
            return Err(match row[0].text.starts_with('#') {
                true => complaint.hint("only lines above the header are comments"),
                false => complaint,
            });
        }
        if self.rows.is_empty() {
            return Err(Diagnostic::new(format!("{} has a header and no row", self.name)));
        }
        Ok(())
    }

    /// Its name in error messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, a line feed at the end of each line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the bytes it was read from \[hexadecimal\].
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// What was unusual about it, for people.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The names of the columns.
    pub fn header(&self) -> &[Cell] {
        &self.header
    }

    /// The unit that a row below the header gives to a column; empty where there is none.
    pub fn unit(&self, index: usize) -> &str {
        self.units.get(index).map_or("", String::as_str)
    }

    /// The rows, each with one cell for each column.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The cells of a column, from top to bottom.
    pub fn column(&self, index: usize) -> impl Iterator<Item = &Cell> + Clone {
        self.rows.iter().map(move |row| &row[index])
    }

    /// The place of a cell, for an error message.
    pub fn place(&self, cell: &Cell) -> Option<Place> {
        Some(Place::new(&self.name, &self.text, cell.span.clone()))
    }

    /// The line of a row, counted from one.
    pub fn line(&self, row: usize) -> usize {
        self.line_of(&self.rows[row])
    }

    fn line_of(&self, row: &[Cell]) -> usize {
        let start = row.first().map_or(0, |cell| cell.span.start);
        self.text[..start].matches('\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Csv, Diagnostic> {
        Csv::parse("x.csv", text)
    }

    fn words(row: &[Cell]) -> Vec<&str> {
        row.iter().map(|cell| cell.text.as_str()).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let csv =
            parse("\u{feff}# by hand\r\n a , \"b, c\",d\r\n\r\n1,\"say \"\"no\"\"\",\r\n").unwrap();
        assert_eq!(words(csv.header()), ["a", "b, c", "d"]);
        assert_eq!(words(&csv.rows()[0]), ["1", "say \"no\"", ""]);
        assert_eq!(csv.line(0), 4);
    }

    #[test]
    fn the_header_decides_what_separates() {
        for text in ["a;b\n1;2\n", "a\tb\n1\t2\n", "a,b\n1,2", "a|b\n1|2"] {
            let csv = parse(&text.replace("a|", "sep=|\na|")).unwrap();
            assert_eq!(words(&csv.rows()[0]), ["1", "2"], "{text:?}");
        }
        assert_eq!(words(&parse("a\tb\n\t2\n").unwrap().rows()[0]), ["", "2"]);
        assert_eq!(parse("only\n1\n").unwrap().header().len(), 1);
    }

    #[test]
    fn separators_in_quotes_and_in_names_are_not_counted() {
        let quoted = parse("\"a; b; c; d\",e\n1,2\n").unwrap();
        assert_eq!(words(quoted.header()), ["a; b; c; d", "e"]);
        let names = parse("T (°C);Conc, mM;yield, %\n1,5;2;3\n2;2;4\n").unwrap();
        assert_eq!(words(names.header()), ["T (°C)", "Conc, mM", "yield, %"]);
    }

    #[test]
    fn a_first_line_that_says_what_separates_is_no_header() {
        for first in ["sep=;", "SEP=;", "\"sep=;\"", "sep=; "] {
            let csv = parse(&format!("\u{feff}{first}\r\na;b,c\r\n1;2\r\n")).unwrap();
            assert_eq!(words(csv.header()), ["a", "b,c"], "{first}");
            assert_eq!(csv.line(0), 3);
            assert!(csv.notes()[0].contains("says what separates"), "{:?}", csv.notes());
        }
        assert_eq!(words(parse("sep=\t\na\tb\n1\t2\n").unwrap().header()), ["a", "b"]);
        assert_eq!(words(parse("sep=x\n1\n").unwrap().header()), ["sep=x"]);
    }

    #[test]
    fn only_lines_above_the_header_are_comments() {
        let csv = parse("# made by hand\n#, b\n#1,2\n#REF!,3\n").unwrap();
        assert_eq!(words(csv.header()), ["#", "b"]);
        assert_eq!(words(&csv.rows()[0]), ["#1", "2"]);
        assert_eq!(words(&csv.rows()[1]), ["#REF!", "3"]);
        let end = parse("a,b\n1,2\n# that is all\n").unwrap_err().to_string();
        assert!(end.contains("x.csv:3:1") && end.contains("only lines above"), "{end}");
    }

    #[test]
    fn complaints_name_line_and_column() {
        let complaint = |text: &str| parse(text).unwrap_err().to_string();
        assert!(
            complaint("a,b\n1,2\n3\n")
                .contains("1 cells where the header names 2 columns\n --> x.csv:3:1")
        );
        assert!(complaint("a,b\n1,\"2\n").contains("never closed\n --> x.csv:2:3"));
        assert!(complaint("a,b\n\"1\"2,3\n").contains("behind a closing quote\n --> x.csv:2:4"));
        assert!(complaint("a,a\n1,2\n").contains("two columns are named `a`\n --> x.csv:1:3"));
        assert!(complaint("1,2\n3,4\n").contains("not the names of columns\n --> x.csv:1:1"));
    }

    #[test]
    fn tables_without_rows_are_refused() {
        assert!(parse("").unwrap_err().message.contains("is empty"));
        assert!(parse("a,b\n").unwrap_err().message.contains("no row"));
        assert!(parse("a,b\n,\n,\n").unwrap_err().message.contains("no row"));
    }
}
