//! The promises of flowtwin as a whole, by module.
#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

// What needs pseudo-terminals, signals or `sh` is for Unix.
#[cfg(unix)]
#[path = "../rig/killing.rs"]
mod killing;
#[cfg(unix)]
#[path = "../rig/served.rs"]
mod served;

mod arrows;
mod bad_input;
mod benchmark;
#[cfg(unix)]
mod cables;
mod cli;
mod determinism;
mod docs;
mod faults;
mod fractions;
mod geometry;
mod goals;
mod golden;
mod handoff;
#[cfg(unix)]
mod hardware;
mod instruments;
mod kept;
mod keys;
#[cfg(unix)]
mod killed;
mod kills;
mod modules;
mod newcomer;
#[cfg(unix)]
mod notify;
mod off;
mod outside;
mod paper;
mod parity;
mod printed;
#[cfg(unix)]
mod programs;
mod quantities;
mod refilling;
mod regression;
mod replay;
mod resume;
mod review;
mod rigs;
mod scenarios;
mod schema;
mod sensors;
#[cfg(unix)]
mod serve;
mod shadow;
mod sheets;
#[cfg(unix)]
mod silence;
mod spoiled;
mod start;
mod studies;
mod suggest;
mod support;
#[cfg(unix)]
mod syringes;
mod tables;
mod teaching;
mod tidy;
mod trouble;
mod twin;
mod watched;
mod writers;
