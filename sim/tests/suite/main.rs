//! Promises of the simulator as a whole, by subject.

mod reference_world;
mod support;
mod whole_lab;
