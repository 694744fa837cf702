//! What people and programs read of a run: tables, spectra, a summary and a report.
//!
//! Everything here is computed from the journal, in a fixed order and with fixed rounding: equal journals give
//! equal bytes. No date, path, machine or thread count is in any of it.

mod closing;
mod combined;
mod definition;
mod efficiency;
mod folder;
pub mod format;
mod front;
mod materials;
mod metrics;
mod observations;
pub mod page;
pub mod plot;
mod quantity;
mod repeat;
mod run;
#[cfg(test)]
mod sample;
mod spectra;
mod spectrum;
mod stages;
mod stock;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod trouble;
mod twin_fit;

use std::io;
use std::path::Path;

pub use closing::words as policy_in_words;
pub use closing::{conditions, headline, phases, terminal};
pub use combined::combined_html;
pub use front::Front;
pub use materials::Material;
pub use materials::{assisted, usage};
pub use observations::observations_csv;
pub use page::report_html;
pub use quantity::{Quantity, column};
pub use repeat::{FeatureRepeat, Repeat};
pub use run::{Experiment, Phase, Run, RunError};
pub use spectra::spectra_parquet;
pub use spectrum::spectrum_chart;
pub use stages::Stages;
pub use summary::{Best, Extras, PhaseSummary, Summary};
pub use table::{Align, Table};
pub use twin_fit::{Prediction, TwinFit, TwinSummary};

/// What was found out about a run beyond its own tables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// How well the campaign's twin describes it.
    pub twin: Option<TwinFit>,
    /// How it compares with the run that it repeats.
    pub repeat: Option<Repeat>,
}

/// Writes everything of a run folder but the journal, each file whole or not at all.
///
/// # Errors
/// Whatever keeps a file from being written.
pub fn write_run_folder(
    run: &Run<'_>,
    findings: &Findings,
    extras: &Extras,
    dir: &Path,
) -> io::Result<()> {
    folder::write(dir, "observations.csv", observations_csv(run).as_bytes())?;
    folder::write(dir, "spectra.parquet", &spectra_parquet(run)?)?;
    folder::write(dir, "summary.json", Summary::new(run, findings, extras).to_json().as_bytes())?;
    folder::write(dir, "report.html", report_html(run, findings, extras).as_bytes())
}
