//! What a self-driving fluidic lab is.
//!
//! This crate is the contract between the parts of flowtwin: the vocabulary (time, units, commands, faults,
//! conditions, observations), the [`Lab`] trait that the simulator and the rig share, the experiment
//! procedure, the spectral analysis, the journal, and the layers around a lab. It does no input or output of
//! its own, reads no clock and knows no instrument's protocol.
//!
//! The rule of time: a command never waits for physics; time passes only in [`Lab::wait_until`]. So one
//! procedure runs in virtual time on the simulator and in wall time on the rig.

pub mod analysis;
mod command;
mod conditions;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod fault;
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
pub mod procedure;
mod random;
mod sensible;
mod settings;
mod time;
#[cfg(any(test, feature = "conformance"))]
pub mod toy;
mod units;
mod wanted;
mod words;

pub use analysis::{Analysis, AnalysisSpec, Blank};
pub use command::{Command, Exposure, Reply, Report, Setting};
pub use conditions::{Conditions, Constraint, Space, SpaceError, Word};
pub use fault::{Fault, FaultKind, Shortage};
pub use frames::Frames;
pub use goal::Goal;
pub use goals::{Goals, Limit, Objective};
pub use id::{HeaterId, LightId, PumpId, SensorId, SpectrometerId};
pub use input::{Choice, Input, Kind};
pub use lab::Lab;
pub use linear::Linear;
pub use manifest::{
    HeaterInfo, Level, LightInfo, Manifest, PumpInfo, SensorInfo, SensorKind, SpectrometerInfo,
};
pub use observation::{Observation, Outcome, Quality, Spectrum};
pub use path::{FlowHistory, FlowPath, Passage, Stretch};
pub use procedure::{Procedure, ProcedureSpec};
pub use random::{Stream, Streams};
pub use sensible::{LARGEST, is_sensible};
pub use settings::{Recipe, Settings};
pub use time::{Instant, Span};
pub use units::{FlowRate, Temperature, Volume};
pub use wanted::{LimitSpec, ObjectiveSpec, Wanted};
pub use words::nearest;
