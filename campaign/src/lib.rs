//! Scenarios and their campaigns: on a simulator, a rig, a table or another program, with a journal that can be resumed.
//!
//! ```text
//!   scenario file ──► Scenario ──┬── simulated().lab(), table_lab() ──► a Lab ──┐
//!                                └── phases (policies), procedure ──────────────┴──► Campaign ──► Journal
//!                                                                                       │
//!                                   folder::RunFolder ◄── conclusion::Conclusion ◄──────┘
//! ```
//!
//! 1. [`scenario`]: from a TOML file to a checked [`Scenario`](scenario::Scenario), with errors that point at the key.
//! 2. [`mod@campaign`]: ask, experiment, tell, phase by phase, on any lab. A policy never sees which.
//! 3. [`folder`], [`conclusion`]: the run folder, resuming, and the files that are made from the journal.
//! 4. [`hardware`]: rehearsal before a run on a rig, and what the syringes must hold.
//! 5. [`outside`], [`serve`]: policies and labs that are other programs, over lines of JSON.
//! 6. [`parity`]: how well the twin predicts.
//!
//! # Example
//!
//! A simulated experiment from a scenario file:
//!
//! ```
//! use flowtwin_campaign::{choice, scenario::Scenario};
//! use flowtwin_lab::layer::Guarded;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
//! let scenario = Scenario::load(path.as_ref())?;
//! let mut lab = Guarded::new(scenario.simulated()?.lab(1), scenario.file().guard.clone());
//!
//! let settings = ["red_ul_per_min=150".to_owned()]; // the other inputs stay in the middle
//! let conditions = choice::conditions(scenario.space(), &settings)?;
//! let blank = scenario.procedure().prime(&mut lab)?;
//! let observation = scenario.procedure().run(&mut lab, &blank, &conditions);
//!
//! assert!(observation.fault.is_none());
//! for (name, value) in &observation.outcome.features {
//!     println!("{name} = {value}");
//! }
//! # Ok(())
//! # }
//! ```

pub mod campaign;
pub mod choice;
pub mod conclusion;
pub mod definition;
pub mod dependence;
pub mod folder;
pub mod hardware;
pub mod observations;
pub mod ordered;
pub mod outside;
pub mod parity;
mod reach;
pub mod scenario;
pub mod serve;
pub mod suggest;
