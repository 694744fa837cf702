//! The `flowtwin` command: arguments, the console, exit codes.

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
