//! Reading lines of JSON, with an error that says which line and what was expected.

use std::io::{self, BufRead};

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
pub(crate) fn parse<T: DeserializeOwned>(
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
        let inner = inner.replacen(" at line 1 column", " at column", 1);
        fail(if path == "." { inner } else { format!("{path}: {inner}") })
    })?;
    json.end().map_err(|_| fail("something follows the message on its line".into()))?;
    Ok(message)
}
