//! Regression tests of campaigns: what changed between two runs, by how much, and why.
//!
//! ```text
//!   run folder ──┐                           ┌── keys       definitions that differ
//!   snapshot ────┼──► Side ──┐               ├── parting    the first record that differs
//!   scenario ────┘           ├─► Comparison ─┼── shifts     features, times, volumes at equal conditions
//!                   Side ────┘               ├── decisions  proposals that differ
//!                                            └── outcome    best value, regret, cost
//! ```
//!
//! 1. [`Side`]: what is compared. A scenario is run now.
//! 2. [`Comparison`]: what differs between two sides, as text and as JSON.
//! 3. [`Explanation`]: which keys explain how much of what changed.
//! 4. [`snapshot`], [`Checked`]: the folders of snapshots, and a scenario compared with them at one of three strengths.
//! 5. [`Sensitivity`]: the keys whose change no snapshot would notice.
//!
//! # Example
//!
//! A scenario compared with itself:
//!
//! ```
//! use std::num::NonZeroUsize;
//!
//! use flowtwin_comparison::{Comparison, Effort, Side};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
//! let before = Side::load(path.as_ref(), NonZeroUsize::MIN)?;
//! let after = before.clone(); // in a test: the same scenario, run by the new code
//! let comparison = Comparison::between(&before, &after, Effort::default());
//! assert!(comparison.equal);
//! println!("{}", comparison.text());
//! # Ok(())
//! # }
//! ```

mod comparison;
mod decisions;
mod explain;
mod golden;
mod listed;
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

pub use flowtwin_campaign::definition;

pub use comparison::{Compared, Comparison, Effort};
pub use decisions::{Decisions, Turn};
pub use explain::{ExplainError, Explanation, KeyEffect, Together};
pub use golden::{Cause, FALSE_ALARM, GoldenError, HasMoved, Plan, Verdict};
pub use origin::Origin;
pub use outcome::{Cost, Outcome};
pub use parting::{Parting, Sort};
pub use replicates::Replicates;
pub use sensitivity::{Found, Moved, Sensitivity, Unexercised};
pub use shift::{Largest, Shift};
pub use side::{Measured, Side, SideError, SideKind};
pub use strength::{
    ALPHA, CheckError, Checked, Distribution, POWER, Quantity, Row, Trials, beyond_tolerance,
};
