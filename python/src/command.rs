//! The command `flowtwin`, inside an interpreter.

use std::ffi::OsString;

use clap::Parser as _;
use flowtwin::cli::Cli;
use flowtwin::console;
use flowtwin::program::is_started_by;
use pyo3::prelude::*;

/// Carries out the words of a command line, the name of the program first, and returns the exit code.
///
/// `again` are the words that start this command in another process: a watch beside a rig needs one of its own. Signals must
/// have been left to the system before.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, words: Vec<OsString>, again: Vec<OsString>) -> u8 {
    py.detach(|| {
        is_started_by(again);
        match Cli::try_parse_from(words) {
            Ok(cli) => carried_out(cli),
            Err(error) => {
                // Nobody may be reading; the code says the same.
                let _printed = error.print();
                u8::try_from(error.exit_code()).unwrap_or(2)
            }
        }
    })
}

fn carried_out(cli: Cli) -> u8 {
    match flowtwin::command::run(cli) {
        Ok(()) => 0,
        Err(error) => {
            console::say_line(console::in_lines(&format!("error: {error}")));
            error.kind().exit_code()
        }
    }
}
