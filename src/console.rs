//! What the program says: data on standard output, narration on standard error.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

use flowtwin_report::{Table, wrapped};

use crate::error::CommandError;

/// Prints data. A reader that has had enough of it (`| head`) is no failure.
///
/// # Errors
/// If standard output cannot be written, because the disk behind it is full for example.
pub fn print(data: impl Display) -> Result<(), CommandError> {
    let mut out = stdout().lock();
    match write!(out, "{data}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::failed(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints data and ends the line.
///
/// # Errors
/// As [`print()`].
pub fn print_line(data: impl Display) -> Result<(), CommandError> {
    print(format_args!("{data}\n"))
}

/// Narrates. It is a courtesy: a standard error that nobody reads stops nothing.
pub fn say(text: impl Display) {
    let _closed = write!(stderr(), "{text}").and_then(|()| stderr().flush());
}

/// Narrates and ends the line, in lines that fit the terminal.
pub fn say_line(text: impl Display) {
    say(in_lines(&text.to_string()) + "\n");
}

/// Prints text for people, in lines that fit the terminal that reads standard output; see [`in_lines`].
///
/// # Errors
/// As [`print()`].
pub fn print_text(text: &str) -> Result<(), CommandError> {
    match columns(&stdout()) {
        Some(columns) => print(broken(text, columns)),
        None => print(text),
    }
}

/// A table as wide as the terminal that reads standard output.
pub fn fitted(table: &Table) -> String {
    table.fitted(columns(&stdout()))
}

/// A message in lines that fit the terminal that reads standard error, broken between words. Lines that begin with room, or
/// point at a place in a file, stay as they are.
pub fn in_lines(text: &str) -> String {
    match columns(&stderr()) {
        Some(columns) => broken(text, columns),
        None => text.to_owned(),
    }
}

fn broken(text: &str, columns: usize) -> String {
    let line = |line: &str| {
        let is_drawn = line.starts_with(' ') || line.contains('|') || line.contains("-->");
        match is_drawn || line.chars().count() <= columns {
            true => line.to_owned(),
            false => wrapped(line, columns.saturating_sub(2)).join("\n  "),
        }
    };
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Columns of the terminal that reads `stream`; none where no terminal does.
#[cfg(unix)]
pub fn columns(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

/// Columns of a terminal; none, for this system is not asked for them.
#[cfg(not(unix))]
pub fn columns(_stream: &impl IsTerminal) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::broken;

    #[test]
    fn a_long_message_is_broken_between_words_and_a_drawing_is_not() {
        let text = "error: a message that is long\n  12 | key = 1 and more than fits\nhint: short";
        assert_eq!(
            broken(text, 20),
            "error: a message\n  that is long\n  12 | key = 1 and more than fits\nhint: short"
        );
    }
}
