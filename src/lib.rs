//! The `flowtwin` command: arguments, the console, exit codes.
//!
//! ```text
//!   arguments ──► cli::Cli ──► command::… ──┬──► the libraries: campaign, study, calibration, backends, serve, …
//!                                           ├──► console: what is printed, and to whom
//!                                           └──► error::CommandError ──► exit code 0, 1, 2, 3 or 130
//! ```
//!
//! Nothing here knows chemistry, models or instruments: a program that wants those takes the libraries. What is typed can be read
//! as the command does:
//!
//! ```
//! use clap::Parser as _;
//! use flowtwin::cli::{Cli, Command};
//!
//! let typed = Cli::try_parse_from(["flowtwin", "check", "my-rig.toml", "--json"]).expect("it is right");
//! let Command::Check(check) = typed.command else { panic!("it was check") };
//! assert!(check.json && check.files.len() == 1);
//! ```

// What is printed goes through `console`: a closed pipe or a full disk is no panic.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod command;
pub mod console;
pub mod error;
mod lines;
pub mod program;
pub mod progress;
mod shout;
mod signals;
pub mod sketch;
mod syringes;
