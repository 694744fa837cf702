//! Cuts text into records of cells (RFC 4180).

use super::Cell;
use crate::diagnostic::{Diagnostic, Place};

/// What may separate cells, the likelier last.
const SEPARATORS: [char; 3] = ['\t', ';', ','];
/// Lines below the header that are asked what separates.
const ASKED: usize = 50;

/// The records of a text whose lines end with a line feed, from the header on.
pub(super) struct Records<'a> {
    name: &'a str,
    text: &'a str,
    at: usize,
    separator: char,
    /// Whether the first line says what separates.
    pub(super) told: bool,
}

impl<'a> Records<'a> {
    pub(super) fn new(name: &'a str, text: &'a str) -> Self {
        let mut records = Self { name, text, at: 0, separator: ',', told: false };
        records.skip_blank_lines();
        if let Some((separator, rest)) = told(records.rest()) {
            records.at = text.len() - rest.len();
            records.told = true;
            records.skip_comments();
            records.separator = separator;
        } else {
            records.skip_comments();
            records.separator = separator(records.rest());
        }
        records
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blank_lines(&mut self) {
        self.skip(|line| line.trim().is_empty());
    }

    /// Only above the header are lines that begin with `#` comments: below it they may begin with the number of a
    /// sample, or with what a spreadsheet writes where a formula fails.
    fn skip_comments(&mut self) {
        self.skip(|line| line.trim().is_empty() || is_comment(line));
    }

    fn skip(&mut self, is_none: impl Fn(&str) -> bool) {
        while let Some(line) = self.rest().split_inclusive('\n').next().filter(|l| is_none(l)) {
            self.at += line.len();
        }
    }

    /// The next cell, and whether it is the last of its record.
    fn cell(&mut self) -> Result<(Cell, bool), Diagnostic> {
        let separator = self.separator;
        let blank = |c: char| c != separator && c != '\n' && c.is_whitespace();
        self.at += self.rest().len() - self.rest().trim_start_matches(blank).len();
        let start = self.at;
        let text = match self.rest().strip_prefix('"') {
            Some(_) => self.quoted()?,
            None => {
                let end = self.rest().find([separator, '\n']).unwrap_or(self.rest().len());
                let text = &self.rest()[..end];
                self.at += end;
                text.trim().to_owned()
            }
        };
        let width = self.text[start..self.at].trim_end().len();
        let cell = Cell { text, span: start..start + width };
        let rest = self.rest();
        match rest.chars().next() {
            Some(c) if c == separator => {
                self.at += c.len_utf8();
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
        let separator = self.separator;
        let blank = |c: char| c != separator && c != '\n' && c.is_whitespace();
        self.at += self.rest().len() - self.rest().trim_start_matches(blank).len();
        Ok(text.trim().to_owned())
    }

    fn complain(&self, what: &str, at: usize) -> Diagnostic {
        Diagnostic::new(what).at(Some(Place::new(self.name, self.text, at..at + 1)))
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Vec<Cell>, Diagnostic>;

    fn next(&mut self) -> Option<Self::Item> {
        self.skip_blank_lines();
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
                Err(complaint) => {
                    self.at = self.text.len();
                    return Some(Err(complaint));
                }
            }
        }
    }
}

/// Whether a line above the header is a comment; a column may be called `#`.
fn is_comment(line: &str) -> bool {
    let rest = line.strip_prefix('#');
    rest.is_some_and(|rest| !rest.trim_start_matches(' ').starts_with(SEPARATORS))
}

/// What a first line `sep=;` says, and the text below it.
fn told(text: &str) -> Option<(char, &str)> {
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim_matches([' ', '"']);
    let what = line.get(..4).filter(|key| key.eq_ignore_ascii_case("sep=")).map(|_| &line[4..])?;
    let mut characters = what.chars();
    let separator = characters.next().filter(|c| *c != '"' && !c.is_alphanumeric())?;
    characters.next().is_none().then_some((separator, rest))
}

/// What separates the cells of a text that begins with the header: what gives most lines as many cells as the header,
/// then what the header has most of.
fn separator(text: &str) -> char {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next().unwrap_or_default();
    let below: Vec<&str> = lines.take(ASKED).collect();
    let fit = |&c: &char| {
        let count = outside_quotes(header, c);
        let same = below.iter().filter(|line| outside_quotes(line, c) == count).count();
        (count > 0).then_some((same, count))
    };
    SEPARATORS.into_iter().max_by_key(fit).unwrap_or(',')
}

/// How often a character stands in a line outside of quotes.
fn outside_quotes(line: &str, what: char) -> usize {
    let outside = line.split('"').step_by(2);
    outside.fold(0, |count, part| count + part.matches(what).count())
}
