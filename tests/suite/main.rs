//! The promises of flowtwin as a whole, by module.
#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

#[path = "../rig/killing.rs"]
mod killing;
#[path = "../rig/served.rs"]
mod served;

mod arrows;
mod bad_input;
mod benchmark;
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
mod hardware;
mod instruments;
mod kept;
mod keys;
mod killed;
mod kills;
mod modules;
mod newcomer;
mod notify;
mod off;
mod outside;
mod paper;
mod parity;
mod printed;
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
mod serve;
mod shadow;
mod sheets;
mod silence;
mod spoiled;
mod start;
mod studies;
mod suggest;
mod support;
mod syringes;
mod tables;
mod teaching;
mod tidy;
mod trouble;
mod twin;
mod watched;
mod writers;
