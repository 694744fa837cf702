//! Campaigns of a self-driving fluidic lab: scenarios, the campaign engine, run folders, the command line.

// What is printed goes through `console`: a closed pipe or a full disk is no panic.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod answered;
pub mod bench;
pub mod campaign;
pub mod choice;
pub mod cli;
pub mod command;
pub mod conclusion;
pub mod console;
pub mod diagnostic;
pub mod error;
pub mod folder;
pub mod hardware;
pub mod learnt;
pub mod observations;
pub mod outside;
pub mod paper;
pub mod parity;
pub mod progress;
pub mod report;
pub mod scenario;
mod signals;
pub mod sketch;
pub mod snapshot;
pub mod table;
