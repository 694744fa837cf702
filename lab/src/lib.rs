//! The contract between a campaign and a self-driving fluidic lab: the [`Lab`] trait and its vocabulary.
//!
//! ```text
//!   Space ──► Conditions ──Recipe──► Settings ──Procedure──► Command ──► ┌─────┐
//!                                                                        │ Lab │  simulator or rig
//!   Journal ◄── Observation ◄──Analysis── Frames ◄── Reply or Fault ◄─── └─────┘
//! ```
//!
//! 1. [`Space`], [`Conditions`], [`Settings`]: what a campaign may choose, and what the instruments are set to.
//! 2. [`Lab`], [`Command`], [`Reply`], [`Fault`]: what a lab is. A command never waits for physics; time passes only in
//!    [`Lab::wait_until`]. So one procedure runs in virtual time on the simulator and in wall time on the rig.
//! 3. [`procedure`] and [`analysis`]: the experiment, written once, and the numbers that are read from its spectra.
//! 4. [`journal`] and [`layer`]: the record of a run, and labs around a lab (guard, journal, recording).
//! 5. [`formula`], [`math`], [`Streams`]: formulas of users, functions and random numbers with the same bits on every machine.
//!
//! This crate reads no clock, and knows no instrument's protocol. `flowtwin-sim` and `flowtwin-backends` implement [`Lab`].
//!
//! # Example
//!
//! A space of two inputs under a constraint, and the conditions in its middle:
//!
//! ```
//! use flowtwin_lab::formula::Formula;
//! use flowtwin_lab::{Input, Space};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let temperature = Input::number("temperature_c", 120.0, 150.0, 0.5);
//! let flow = Input::number("flow_ul_per_min", 60.0, 120.0, 1.0);
//! let space = Space::new(vec![temperature, flow], vec![])?;
//!
//! let conditions = space.centre();
//! assert_eq!(conditions.get("temperature_c"), Some(135.0));
//! assert!(space.contains(&conditions));
//!
//! let residence_s = Formula::parse("60 * 434 / flow")?.bind_plain(&["flow"])?;
//! assert!((residence_s.at(&conditions.values()[1..]) - 289.3).abs() < 0.1);
//! # Ok(())
//! # }
//! ```

pub mod analysis;
pub mod argv;
pub mod child;
mod command;
mod conditions;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod constraint;
pub mod digest;
mod fault;
mod follows;
pub mod formula;
mod frames;
mod goal;
mod goals;
mod id;
mod input;
pub mod journal;
mod lab;
pub mod layer;
mod linear;
mod manifest;
pub mod math;
mod observation;
pub mod path;
mod plain;
pub mod procedure;
pub mod queue;
mod random;
pub mod range;
mod sensible;
mod settings;
mod steps;
pub mod study;
mod time;
#[cfg(any(test, feature = "conformance"))]
pub mod toy;
pub mod units;
mod wanted;
mod words;

pub use analysis::{Analysis, AnalysisSpec, Blank};
pub use command::{Answered, Command, Exposure, Reply, Report, Setting};
pub use conditions::{Conditions, Space, SpaceError, Word};
pub use constraint::Constraint;
pub use fault::{Fault, FaultKind, Shortage};
pub use follows::{Computed, Follows, Given, Quantities};
pub use frames::Frames;
pub use goal::Goal;
pub use goals::{Goals, Limit, Objective};
pub use id::{AnalyserId, HeaterId, LightId, PumpId, SensorId, SpectrometerId, ValveId};
pub use input::{Choice, Input, InputKind};
pub use lab::Lab;
pub use linear::Linear;
pub use manifest::{
    AnalyserInfo, HeaterInfo, Level, LightInfo, Manifest, Position, Probe, PumpInfo, RefillInfo,
    SensorInfo, SensorKind, SpectrometerInfo, ValveInfo,
};
pub use observation::{Observation, Outcome, Quality, Spectrum};
pub use path::{FlowHistory, FlowPath, Passage, Stretch};
pub use plain::in_plain_words;
pub use procedure::{Procedure, ProcedureSpec};
pub use random::{Stream, Streams};
pub use sensible::{LARGEST, is_sensible};
pub use settings::{Recipe, Settings};
pub use steps::{Steps, travel_ul};
pub use time::{Instant, Span};
pub use units::{FlowRate, Temperature, Volume};
pub use wanted::{LimitSpec, ObjectiveSpec, Wanted};
pub use words::nearest;
