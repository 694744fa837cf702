//! Experiments that have been done: data to learn from, and labs that answer from data.
//!
//! ```text
//!   CSV file ─────┐                ┌──► learnt::Twin ──► TwinLab    a fitted model as a lab
//!   run folder ───┴──► learnt::Data┤
//!                                  └──► learnt::Prior               a warm start of a campaign
//!   CSV file ────────► table::Pool ───► TableLab                    measured outcomes as a lab
//! ```
//!
//! 1. [`learnt`]: read a table or a run folder, fit a twin, judge it, explain it.
//! 2. [`table`]: a table of outcomes that stands in for a lab.
//! 3. [`answered`]: what both labs have in common.
//! 4. [`Diagnostic`], [`DataError`], [`unreadable`]: errors that name file, line and value.
//!
//! # Example
//!
//! Learn from a CSV file and predict:
//!
//! ```
//! use flowtwin_data::learnt::{Data, Selection, Twin};
//! use flowtwin_lab::Streams;
//! use flowtwin_twin::{Context, SurrogateSpec};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("flowtwin-data-{}.csv", std::process::id()));
//! let table = "temperature_c,yield_percent\n60,12\n75,41\n90,68\n105,71\n120,45\n";
//! std::fs::write(&path, table)?;
//! let selection = Selection { target: "yield_percent".into(), ..Selection::default() };
//! let data = Data::read(&path, &selection)?;
//! # std::fs::remove_file(&path)?;
//! let twin = Twin::fit(&data, SurrogateSpec::Gp, &Context::new(Streams::new(1)))?;
//! let belief = twin.at(&data.space.to_unit(&data.space.centre())); // 90 °C
//! assert!((belief.mean - 68.0).abs() < 10.0);
//! # Ok(())
//! # }
//! ```

pub mod answered;
pub mod diagnostic;
pub mod error;
pub mod learnt;
mod missing;
pub mod sheet;
pub mod table;
mod unreadable;

pub use diagnostic::Diagnostic;
pub use error::DataError;
pub use unreadable::unreadable;
