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
//! 3. [`snapshot`]: the folders of snapshots that tests compare with.
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
