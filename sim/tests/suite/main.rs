//! Promises of the simulator as a whole, by subject.

mod faults;
mod paper;
mod promises;
mod reference_world;
mod support;
mod whole_lab;
mod worlds;
