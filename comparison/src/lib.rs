//! Regression tests of campaigns: what moved between two runs, by how much, and why.
//!
//! A [`Side`] is what is compared: a run folder, a snapshot, or a scenario that is run now. A [`Comparison`] of two sides
//! says which keys of their definitions differ, where their records part, and how features, decisions and costs moved. An
//! [`Explanation`] changes the keys one at a time and says which of them did it. [`Checked`] is a scenario against its
//! snapshots, at one of three strengths; [`Sensitivity`] tells what snapshots would not notice.

mod comparison;
mod decisions;
pub mod definition;
mod explain;
mod origin;
mod outcome;
mod page;
mod pairs;
mod parting;
mod replicates;
pub mod reported;
mod sensitivity;
mod shift;
mod side;
pub mod snapshot;
mod strength;
mod text;

pub use comparison::{Compared, Comparison, Effort};
pub use decisions::{Decisions, Turn};
pub use explain::{ExplainError, Explanation, KeyEffect, Together};
pub use origin::Origin;
pub use outcome::{Cost, Outcome};
pub use parting::{Parting, Sort};
pub use replicates::Replicates;
pub use sensitivity::{Found, Moved, Sensitivity, Unexercised};
pub use shift::{Largest, Shift};
pub use side::{Kind, Measured, Side, SideError};
pub use strength::{
    ALPHA, CheckError, Checked, Distribution, POWER, Quantity, Row, Trials, beyond_tolerance,
};
