//! Promises of the simulator as a whole, by subject.

#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod analysers;
mod claisen;
mod consequences;
mod dynamic;
mod faults;
mod geometry;
mod light;
mod paper;
mod particles;
mod promises;
mod reagents;
mod reference_world;
mod sense;
mod support;
mod validation;
mod valves;
mod whole_lab;
mod work;
mod worlds;
