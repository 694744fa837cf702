//! What the program says: data on standard output, narration on standard error.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdout};

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

/// Narrates and ends the line.
pub fn say_line(text: impl Display) {
    say(format_args!("{text}\n"));
}

/// Columns of the terminal that reads `stream`; none where no terminal does.
pub fn columns(stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}
