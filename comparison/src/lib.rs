//! Regression tests of campaigns: what moved between two runs, by how much, and why.
//!
//! A [`Side`] is what is compared: a run folder, a snapshot, or a scenario that is run now. A [`Comparison`] of two sides
//! says which keys of their definitions differ, where their records part, and how features, decisions and costs moved.

mod comparison;
mod decisions;
pub mod definition;
mod outcome;
mod pairs;
mod parting;
mod replicates;
mod shift;
mod side;
pub mod snapshot;
mod text;

pub use comparison::{Comparison, Effort};
pub use decisions::{Decisions, Turn};
pub use outcome::{Cost, Outcome};
pub use parting::{Parting, Sort};
pub use replicates::Replicates;
pub use shift::{Largest, Shift};
pub use side::{Kind, Measured, Side, SideError};
