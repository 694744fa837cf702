//! What takes minutes: the promises of the rig, tried as often as they are made. Not part of `cargo test`;
//! docs/emulators.md says how to run it and what was measured.
// They need pseudo-terminals and signals, and some of them `/proc`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a trial fails by unwrapping")]

#[expect(dead_code, reason = "the suite needs more of it")]
#[path = "../rig/killing.rs"]
mod killing;
#[path = "../rig/served.rs"]
mod served;
#[expect(dead_code, reason = "the suite needs more of it")]
#[path = "../suite/support.rs"]
mod support;

mod campaign;
mod kills;
mod parity;
mod people;
mod reaction;
mod table;
