//! Studies: what a rig does so that its simulator can be calibrated, and what comes of it.
//!
//! ```text
//!   scenario, Wishes ──► Design ──► a campaign of tasks, in a run folder ──► journal ──► Findings
//! ```
//!
//! 1. [`Design`] says what is done; what the rig cannot do is left out, and said.
//! 2. The campaign of [`Design::scenario`] does it, on any lab.
//! 3. [`Findings`] are numbers with 95 % intervals, and tables. Those that are keys of a scenario go into a scenario file that
//!    extends it ([`Findings::toml`]); what experiments and ramps read is data for a calibration. A [`page`] shows all of it.

mod best_ramp;
mod curve;
mod design;
mod ends;
mod findings;
mod flow;
mod heat;
mod kind;
mod light;
mod line;
mod next_ramp;
mod page;
mod ramp;
mod replicates;
mod table;
mod told;
mod tracer;

pub use best_ramp::{BestRamp, best_ramps};
pub use design::{Design, Wishes};
pub use findings::{Finding, Findings};
pub use kind::Study;
pub use page::page;
