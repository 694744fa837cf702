//! Reading lines of JSON, with an error that says which line and what was expected.

use std::io::{self, BufRead};

use flowtwin_lab::in_plain_words;
use serde::de::DeserializeOwned;

/// Longest line that is read [bytes]; a program that writes more without an end of line is not speaking lines.
const LONGEST: usize = 16 * 1024 * 1024;

/// Lines of JSON, counted.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    count: u64,
}

/// Why a line is no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}; expected {expected}")]
pub struct LineError {
    /// Number of the line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub problem: String,
    /// What was expected.
    pub expected: String,
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, count: 0 }
    }

    /// Number of the line that was read last, from 1.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next line that is not blank, without its end; none at the end of the input.
    ///
    /// # Errors
    /// If reading fails, or a line is longer than 16 MiB.
    pub fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut line = Vec::new();
            let mut limited = io::Read::take(&mut self.reader, LONGEST as u64 + 1);
            if limited.read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            if line.len() > LONGEST {
                let message = format!("a line is longer than {LONGEST} bytes");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            self.count += 1;
            let end = line.trim_ascii_end().len();
            line.truncate(end);
            if !line.is_empty() {
                return Ok(Some(line));
            }
        }
    }
}

/// What a line says. `expected` names, for people, the messages that make sense here.
///
/// # Errors
/// If it is no such message; the error says what is wrong and where in the line.
pub fn parse<T: DeserializeOwned>(
    line: &[u8],
    number: u64,
    expected: &str,
) -> Result<T, LineError> {
    let fail = |problem| LineError { line: number, problem, expected: expected.to_owned() };
    let text = std::str::from_utf8(line)
        .map_err(|error| fail(format!("byte {} is no UTF-8", error.valid_up_to() + 1)))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let message = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner().to_string());
        let inner = in_plain_words(&inner).replacen(" at line 1 column", " at column", 1);
        let null = no_number(text, error.inner().column());
        let inner = inner + null.map_or("", |()| "; write null for what is not a number");
        fail(if path == "." { inner } else { format!("{path}: {inner}") })
    })?;
    json.end().map_err(|_| fail("something follows the message on its line".into()))?;
    Ok(message)
}

/// Whether another program's word for no number stands at a column of a line, counted from one.
fn no_number(text: &str, column: usize) -> Option<()> {
    let from = text.get(column.checked_sub(1)?..)?;
    let words = ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "None"];
    // The parser stops within a word that begins like one it knows.
    let near = text[..column - 1].rfind([':', ',', '[']).map_or(from, |at| text[at + 1..].trim());
    words.iter().any(|word| from.starts_with(word) || near.starts_with(word)).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_write_for_no_number_gets_the_hint_to_write_null() {
        let problem = |value: &str| {
            let line = format!("{{\"a\":1.0,\"b\": {value}}}");
            let heard = parse::<std::collections::BTreeMap<String, f64>>(line.as_bytes(), 1, "x");
            heard.unwrap_err().problem
        };
        for word in ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "None"] {
            assert!(problem(word).contains("write null"), "{}", problem(word));
        }
        assert!(!problem("\"DMF\"").contains("write null"), "{}", problem("\"DMF\""));
    }
}
