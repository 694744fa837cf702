//! A simulated lab: continuous-flow chemistry in slugs, from the plunger to the pixel.
//!
//! [`spec::World`] describes a world as plain data, [`Plan`] is one that has been validated,
//! [`SimLab`] runs it behind [`flowtwin_lab::Lab`]. What is modelled, with equations, sources,
//! ranges and tests, stands in `docs/validation.md`.
//!
//! Liquids are followed by volume: every slug knows between which pumped volumes it formed, the
//! history of all flows is kept in closed form, and so the way of a slug can be traced back to what
//! each pump did, also while set points change. Slugs are evaluated only when a spectrometer sees
//! them; since they are functions of the history alone, it makes no difference when, or how often,
//! anybody looks.

mod engine;
mod fast;
mod flow;
mod instrument;
mod lab;
mod model;
mod plan;
mod random;
pub mod spec;
mod train;
mod work;
mod world;

pub use engine::{Engine, Ticket};
pub use lab::SimLab;
pub use plan::{Plan, PlanError};
pub use work::Work;
pub use world::Sample;
