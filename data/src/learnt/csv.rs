//! A table of text, read from a CSV file with every cell's place kept for complaints.

use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Place};
use crate::unreadable;

/// A CSV file: names of columns and rows of cells, all of one length (RFC 4180).
///
/// Commas, semicolons or tabs separate; the header decides. Blank lines and lines that begin with
/// `#` are no rows.
#[derive(Clone, Debug)]
pub struct Csv {
    name: String,
    text: String,
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
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
    /// As [`Csv::parse`], and if the file cannot be read or is not UTF-8.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let name = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            Diagnostic::new(format!("{name}:{line}: byte {at} is not UTF-8 text"))
                .hint("save the table as CSV in UTF-8")
        })?;
        Self::parse(&name, text)
    }

    /// Reads text; `name` is what complaints call it.
    ///
    /// # Errors
    /// If there is no header or no row, a name is used twice, a row has more or fewer cells than
    /// the header, or a quote is never closed.
    pub fn parse(name: &str, text: String) -> Result<Self, Diagnostic> {
        let mut records = Records::new(name, &text).collect::<Result<Vec<_>, _>>()?.into_iter();
        let header = records.next().ok_or_else(|| {
            Diagnostic::new(format!("{name} is empty"))
                .hint("give a table whose first line names the columns")
        })?;
        let csv = Self { name: name.to_owned(), header, rows: records.collect(), text };
        csv.check()?;
        Ok(csv)
    }

    fn check(&self) -> Result<(), Diagnostic> {
        if self.header.iter().all(|cell| cell.text.parse::<f64>().is_ok()) {
            let complaint =
                Diagnostic::new("the first line holds numbers, not the names of columns");
            return Err(complaint
                .at(self.place(&self.header[0]))
                .hint("put a line of names on top"));
        }
        for (i, cell) in self.header.iter().enumerate() {
            if !cell.text.is_empty() && self.header[..i].iter().any(|c| c.text == cell.text) {
                let complaint = Diagnostic::new(format!("two columns are named `{}`", cell.text));
                return Err(complaint.at(self.place(cell)));
            }
        }
        let columns = self.header.len();
        if let Some(row) = self.rows.iter().find(|row| row.len() != columns) {
            let complaint = format!("{} cells where the header names {columns} columns", row.len());
            let last = row.last().expect("a row has cells");
            return Err(Diagnostic::new(complaint).at(self.place(last)));
        }
        if self.rows.is_empty() {
            return Err(Diagnostic::new(format!("{} has a header and no row", self.name)));
        }
        Ok(())
    }

    /// What complaints call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of the columns.
    pub fn header(&self) -> &[Cell] {
        &self.header
    }

    /// The rows, each with one cell for each column.
    pub fn rows(&self) -> &[Vec<Cell>] {
        &self.rows
    }

    /// The cells of a column, from top to bottom.
    pub fn column(&self, index: usize) -> impl Iterator<Item = &Cell> + Clone {
        self.rows.iter().map(move |row| &row[index])
    }

    /// The place of a cell, for a complaint.
    pub fn place(&self, cell: &Cell) -> Option<Place> {
        Some(Place::new(&self.name, &self.text, cell.span.clone()))
    }

    /// The line of a row, counted from one.
    pub fn line(&self, row: usize) -> usize {
        let start = self.rows[row].first().map_or(0, |cell| cell.span.start);
        self.text[..start].matches('\n').count() + 1
    }
}

/// Cuts text into records of cells.
struct Records<'a> {
    name: &'a str,
    text: &'a str,
    at: usize,
    separator: char,
}

impl<'a> Records<'a> {
    fn new(name: &'a str, text: &'a str) -> Self {
        let at = text.len() - text.trim_start_matches('\u{feff}').len();
        let mut records = Self { name, text, at, separator: ',' };
        records.skip_what_is_no_record();
        let header = records.text[records.at..].lines().next().unwrap_or_default();
        let count = |c: char| header.matches(c).count();
        records.separator =
            [',', ';', '\t'].into_iter().rev().max_by_key(|&c| count(c)).unwrap_or(',');
        records
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_what_is_no_record(&mut self) {
        while let Some(line) = self.rest().split_inclusive('\n').next() {
            if !(line.trim().is_empty() || line.starts_with('#')) {
                return;
            }
            self.at += line.len();
        }
    }

    /// The next cell, and whether it is the last of its record.
    fn cell(&mut self) -> Result<(Cell, bool), Diagnostic> {
        let blanks = |c: char| c == ' ' || c == '\t';
        let separator = self.separator;
        self.at += self.rest().len()
            - self.rest().trim_start_matches(|c| blanks(c) && c != separator).len();
        let start = self.at;
        let text = match self.rest().strip_prefix('"') {
            Some(_) => self.quoted()?,
            None => {
                let end = self.rest().find([self.separator, '\n']).unwrap_or(self.rest().len());
                let text = &self.rest()[..end];
                self.at += end;
                text.trim().to_owned()
            }
        };
        let width = self.text[start..self.at].trim_end().len();
        let cell = Cell { text, span: start..start + width };
        let rest = self.rest();
        match rest.chars().next() {
            Some(c) if c == self.separator => {
                self.at += 1;
                Ok((cell, false))
            }
            Some('\n') | None => {
                self.at += rest.len().min(1);
                Ok((cell, true))
            }
            Some(_) => Err(self.complain("text behind a closing quote", self.at)),
        }
    }

    /// A cell in quotes, in which a quote is written twice.
    fn quoted(&mut self) -> Result<String, Diagnostic> {
        let start = self.at;
        let mut text = String::new();
        self.at += 1;
        loop {
            let Some(end) = self.rest().find('"') else {
                return Err(self.complain("this quote is never closed", start));
            };
            text.push_str(&self.rest()[..end]);
            self.at += end + 1;
            if !self.rest().starts_with('"') {
                break;
            }
            text.push('"');
            self.at += 1;
        }
        let behind = self.rest().trim_start_matches([' ', '\r']);
        self.at += self.rest().len() - behind.len();
        Ok(text.trim().to_owned())
    }

    fn complain(&self, what: &str, at: usize) -> Diagnostic {
        Diagnostic::new(what).at(Some(Place::new(self.name, self.text, at..at + 1)))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Vec<Cell>, Diagnostic>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_what_is_no_record();
        if self.rest().is_empty() {
            return None;
        }
        let mut record = Vec::new();
        loop {
            match self.cell() {
                Ok((cell, last)) => {
                    record.push(cell);
                    if last {
                        return Some(Ok(record));
                    }
                }
                Err(complaint) => return Some(Err(complaint)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Csv, Diagnostic> {
        Csv::parse("x.csv", text.to_owned())
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
        for text in ["a;b\n1;2\n", "a\tb\n1\t2\n", "a,b\n1,2"] {
            let csv = parse(text).unwrap();
            assert_eq!(words(&csv.rows()[0]), ["1", "2"], "{text:?}");
        }
        assert_eq!(words(&parse("a\tb\n\t2\n").unwrap().rows()[0]), ["", "2"]);
        assert_eq!(parse("only\n1\n").unwrap().header().len(), 1);
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
    }
}
