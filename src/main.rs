//! The `flowtwin` command.

use std::process::ExitCode;

use clap::Parser as _;
use flowtwin::{cli::Cli, command, console};

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::say_line(console::in_lines(&format!("error: {error}")));
            ExitCode::from(error.kind().exit_code())
        }
    }
}
