//! Promises of the simulator as a whole, by subject.

#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod faults;
mod paper;
mod promises;
mod reference_world;
mod support;
mod whole_lab;
mod worlds;
