//! What people and programs read of a run: tables, spectra, a summary and a report.
//!
//! ```text
//!                        ┌──► observations_csv, spectra_parquet    for programs
//!   Journal ──► Run ─────┼──► Summary ──► summary.json
//!             Findings ──┼──► report_html                          one self-contained page
//!                        └──► terminal                             the table at the end of a run
//! ```
//!
//! 1. [`Run`]: a journal as reports see it, by [`Phase`] and [`Experiment`].
//! 2. [`Findings`]: what was computed from it, such as the accuracy of the campaign's twin ([`TwinFit`]).
//! 3. [`write_run_folder`]: all files of a run folder but the journal.
//! 4. [`Table`], [`plot`], [`page`], [`mod@format`]: what tables, charts and pages are made of.
//!
//! Everything is computed from the journal, in a fixed order and with fixed rounding: equal journals give equal bytes. No
//! date, path, machine or thread count is in any of it.
//!
//! # Example
//!
//! A campaign with a report:
//!
//! ```
//! use std::num::NonZeroUsize;
//! use std::sync::atomic::AtomicBool;
//!
//! use flowtwin_campaign::{campaign::{Campaign, Silent}, scenario::Scenario};
//! use flowtwin_lab::journal::{self, Writer};
//! use flowtwin_report::{Extras, Findings, Run, headline, report_html};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
//! let scenario = Scenario::load(path.as_ref())?;
//! let stop = AtomicBool::new(false);
//! let campaign = Campaign::new(&scenario, 1, NonZeroUsize::MIN, &stop);
//! let writer = Writer::new(Vec::new());
//! let (ended, writer) = campaign.run(scenario.simulated()?.lab(1), writer, None, &mut Silent)?;
//! assert!(ended.fault.is_none());
//!
//! let journal = journal::read(writer.sink())?;
//! let run = Run::read(&journal)?;
//! println!("{}", headline(&run));
//! let page = report_html(&run, &Findings::default(), &Extras::default());
//! assert!(page.starts_with("<!DOCTYPE html>"));
//! # Ok(())
//! # }
//! ```

mod asked;
mod closing;
mod combined;
mod decisions;
mod definition;
mod dependence;
mod efficiency;
pub mod extrapolated;
mod fitted;
mod folder;
pub mod format;
mod front;
mod guarded;
mod history;
mod materials;
mod metrics;
mod next;
mod noise;
mod observations;
mod over_rigs;
pub mod page;
pub mod plot;
mod quantity;
mod repeat;
mod run;
#[cfg(test)]
mod sample;
pub mod shadow;
#[cfg(feature = "parquet")]
mod spectra;
mod spectrum;
mod stages;
mod standing;
mod stock;
mod summary;
mod table;
#[cfg(test)]
#[cfg(feature = "parquet")]
mod tests;
mod thin;
mod trouble;
mod twin_fit;

use std::io;
use std::path::Path;

pub use asked::wanted_in_words;
pub use closing::words as policy_in_words;
pub use closing::{conditions, headline, phases, terminal};
pub use combined::combined_html;
pub use decisions::Decisions;
pub use dependence::{Dependence, Effect, Response};
pub use fitted::wrapped;
pub use front::Front;
pub use materials::Material;
pub use materials::{assisted, usage};
pub use observations::{observations_csv, reached};
pub use over_rigs::OverRigs;
pub use page::{front_html, report_html};
pub use quantity::{Quantity, column};
pub use repeat::{FeatureRepeat, Repeat};
pub use run::{Experiment, Phase, Run, RunError};
#[cfg(feature = "parquet")]
pub use spectra::spectra_parquet;
pub use spectrum::spectrum_chart;
pub use stages::Stages;
pub use summary::{Best, Extras, PhaseSummary, Summary};
pub use table::{Align, Table, aligned};
pub use twin_fit::{Prediction, TwinFit, TwinSummary};

/// What was found out about a run beyond its own tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// How well the campaign's twin describes it.
    pub twin: Option<TwinFit>,
    /// What every outcome depends on, where a campaign has several objectives.
    pub dependence: Vec<Dependence>,
    /// How it compares with the run that it repeats.
    pub repeat: Option<Repeat>,
    /// What its shadow saw, if it had one.
    pub shadow: Option<shadow::Account>,
}

/// Writes everything of a run folder but the journal, each file complete or absent; `spectra.parquet` with the feature
/// `parquet` only.
///
/// # Errors
/// If a file cannot be written.
pub fn write_run_folder(
    run: &Run<'_>,
    findings: &Findings,
    extras: &Extras,
    dir: &Path,
) -> io::Result<()> {
    folder::write(dir, "observations.csv", observations_csv(run).as_bytes())?;
    #[cfg(feature = "parquet")]
    folder::write(dir, "spectra.parquet", &spectra_parquet(run)?)?;
    folder::write(dir, "summary.json", Summary::new(run, findings, extras).to_json().as_bytes())?;
    folder::write(dir, "report.html", report_html(run, findings, extras).as_bytes())
}
