//! Golden runs: a few conditions of a recorded run measured again, and what has moved since.
//!
//! 1. [`Plan::of`] chooses the conditions that say most about lights, pumps, stocks and heaters.
//! 2. The campaign of [`Plan::scenario`] measures them, on any lab.
//! 3. [`Plan::verdict`] compares it with the run.

mod cause;
mod choice;
mod effects;
mod evidence;
mod matrix;
mod noise;
mod plan;
mod readings;
mod shared;
mod simulated;
mod text;
mod verdict;

pub use cause::Cause;
pub use evidence::FALSE_ALARM;
pub use plan::{GoldenError, Plan};
pub use verdict::{HasMoved, Verdict};
