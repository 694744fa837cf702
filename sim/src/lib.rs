//! A simulated lab: chemistry in slugs, from the plunger of a syringe to the pixel of a spectrometer.
//!
//! ```text
//!   spec::World ──checked──► Plan ──Streams──► SimLab ── implements ──► flowtwin_lab::Lab
//!   (plain data)                                 │
//!                                                ├── Engine: events in order of time
//!                                                └── World: pumps, lines, slugs, heaters, optics, mishaps
//! ```
//!
//! 1. [`spec::World`] describes a world as plain data: the tables of a scenario file.
//! 2. [`Plan`] is a world that has been validated; [`PlanError`] names the key that is wrong.
//! 3. [`SimLab`] runs a plan behind [`flowtwin_lab::Lab`], in virtual time.
//! 4. [`Steady`] is what the spectrometers of a plan would count without noise once everything has settled.
//! 5. [`Work`] counts events and spectra; [`Sample`] is what other instruments would find in a vial.
//!
//! Liquids are followed by volume. Every slug knows between which pumped volumes it formed, and the history of all flows is
//! kept in closed form, so the way of a slug can be traced back to what each pump did. A slug is evaluated only when a
//! spectrometer sees it, and is a function of that history alone: it makes no difference when, or how often, it is measured.
//!
//! `docs/validation.md` has the equation, source, range and test of every model.
//!
//! # Example
//!
//! Ask a simulated pump for 50 µL, and read back what it has delivered after 15 s:
//!
//! ```
//! use flowtwin_lab::{Command, FlowRate, Lab, Reply, SensorKind, Span, Streams, Volume};
//! use flowtwin_sim::{Plan, SimLab, spec::World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference_world.toml");
//! let world: World = toml::from_str(&std::fs::read_to_string(path)?)?;
//! let mut lab = SimLab::new(Plan::new(&world)?.into(), Streams::new(1));
//!
//! let pump = lab.manifest().pumps[0].name.clone();
//! let (rate, volume) = (FlowRate::from_ul_per_min(100.0), Volume::from_ul(50.0));
//! let run = Command::Dispense { pump: pump.clone(), rate_ul_per_min: rate, at_most_ul: volume };
//! lab.send(&run)?;
//! lab.wait(Span::from_secs(15.0))?;
//!
//! let sensor = lab.manifest().sensor(&SensorKind::Dispensed(pump)).ok_or("no sensor")?.clone();
//! let delivered = lab.send(&Command::Read { sensor })?;
//! assert!(matches!(delivered, Reply::Reading(ul) if (ul - 25.0).abs() < 1.0));
//! # Ok(())
//! # }
//! ```

mod engine;
mod fast;
mod flow;
mod instrument;
mod lab;
mod made;
mod model;
mod plan;
mod random;
pub mod spec;
mod steady;
mod train;
mod work;
mod world;

pub use engine::{Engine, Ticket};
pub use lab::SimLab;
pub use plan::{Plan, PlanError};
pub use steady::Steady;
pub use work::Work;
pub use world::{Begun, Counts, Sample, Settle};
