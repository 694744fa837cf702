//! Fits the simulator of a lab to what that lab has measured, and says what the data can tell.
//!
//! ```text
//!   run folders, CSV ──► Measured ──┐
//!   scenario ──► Free keys ─────────┴─► calibrate ──► Calibration ──► calibrated.toml, residuals.csv, a page
//! ```
//!
//! 1. [`free`]: the keys that may change, each with a range that the simulator accepts.
//! 2. [`Measured`]: experiments of the rig, with what came before each.
//! 3. [`calibrate`]: least squares of what is measured less what is expected, freed of the noise that the scenario has.
//! 4. [`Calibration`]: estimates and 95 % intervals; keys that cannot be told apart, which are named and get no number; lack
//!    of fit; what held-out experiments say.
//!
//! What to measure first on a new rig, and what is read off that directly, is in [`study`].
//!
//! # Example
//!
//! Which rate constant and which absorptivity does a rig have, of which four experiments are known?
//!
//! ```
//! use flowtwin_calibration::{Experiment, Measured, calibrate, free};
//! use flowtwin_campaign::scenario::{FreeSpec, Scenario};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/snar.toml");
//! let scenario = Scenario::load(path.as_ref())?;
//! let keys = free(&scenario, &[FreeSpec::new("rig.tube[coil].volume_ul")])?;
//! let mut rig = scenario.simulated()?.expected(); // in a lab: the rig itself
//! let mut measured = Measured::default();
//! for share in [0.2, 0.4, 0.6, 0.8] {
//!     let conditions = scenario.space().from_unit(&vec![share; scenario.space().dim()]);
//!     let outcome = rig.outcome(&conditions);
//!     measured.experiments.push(Experiment {
//!         source: format!("at {share}"),
//!         run: 0,
//!         ramp: None,
//!         conditions,
//!         before: None,
//!         hours: 0.0,
//!         features: outcome.features.into_iter().map(|(_, value)| Some(value)).collect(),
//!     });
//! }
//! let calibration = calibrate(&scenario, &keys, &measured)?;
//! assert!(calibration.parameters[0].identifiable);
//! println!("{}", calibration.table().text());
//! # Ok(())
//! # }
//! ```

mod block;
mod calibration;
mod data;
mod experiment;
mod explained;
mod extension;
mod files;
mod fit;
mod inputs;
mod knowledge;
mod model;
mod noise;
mod on_rigs;
mod parts;
mod ramp;
mod rigs;
mod series;
mod shadow;
pub mod study;
mod table;
mod text;
mod unsteady;
mod whitening;

pub use calibration::{
    Calibration, Parameter, SPEAKS_AGAINST, Telling, calibrate, calibrate_unless,
};
pub use data::Measured;
pub use experiment::Experiment;
pub use explained::{HeldOut, LeftOut, Trend};
pub use files::{calibrated_toml, calibrated_toml_beside, page, residuals_csv};
pub use flowtwin_campaign::scenario::{Free, free};
pub use on_rigs::OnRigs;
pub use rigs::{Drawn, rigs};
pub use series::Series;
pub use shadow::{
    Account, Alarm, FALSE_ALARM_H, Feature, Look, OverRun, Recalibration, Revalued, Shadow, Suspect,
};
