//! The `flowtwin` command.

use std::process::ExitCode;

use clap::Parser as _;
use flowtwin::{cli::Cli, command};

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.kind().exit_code())
        }
    }
}
