//! What is made of a journal: the files of a run folder, the closing table.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::Journal;
use flowtwin_report::shadow::Account;
use flowtwin_report::{self as report, Extras, Findings, Repeat, Run, RunError, Summary};
use flowtwin_twin::FitError;

use crate::dependence;
use crate::folder::{FolderError, read_journal, replayed};
use crate::parity;
use crate::scenario::Scenario;

/// Why a journal is not concluded from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConclusionError {
    /// The run folder cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Its scenario is understood no more.
    #[error(transparent)]
    Scenario(#[from] Diagnostic),
    /// Its journal cannot be reported on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The campaign's twin cannot be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
}

/// A journal that has been read, and what goes with it.
#[derive(Debug)]
pub struct Conclusion {
    journal: Journal,
    findings: Findings,
    extras: Extras,
}

impl Conclusion {
    /// Reads the journal of a run folder and fits the campaign's twin to it.
    ///
    /// # Errors
    /// If the journal cannot be trusted, or its scenario is understood no more.
    pub fn of(
        folder: &Path,
        extras: Extras,
        threads: NonZeroUsize,
    ) -> Result<Self, ConclusionError> {
        let repeated = replayed(folder)?;
        let journal = read_journal(folder)?;
        let mut conclusion = Self::of_journal(journal, repeated.as_ref(), extras, threads)?;
        conclusion.findings.shadow = shadow(folder, &conclusion.journal);
        Ok(conclusion)
    }

    /// As [`Conclusion::of`], of a journal that has been read, and of the one of the run that it repeats.
    ///
    /// # Errors
    /// As [`Conclusion::of`].
    pub fn of_journal(
        journal: Journal,
        repeated: Option<&Journal>,
        extras: Extras,
        threads: NonZeroUsize,
    ) -> Result<Self, ConclusionError> {
        let scenario = Scenario::recorded(&journal.header().definition)?;
        let run = Run::read(&journal)?;
        let twin = parity::of_run(&scenario, &run, threads)?;
        let dependence = dependence::of_run(&scenario, &run, threads)?;
        let repeat = repeated.map(|then| Repeat::new(then, &journal));
        let findings = Findings { twin, dependence, repeat, shadow: None };
        Ok(Self { findings, extras, journal })
    }

    /// The page of the run, `report.html`.
    pub fn page(&self) -> String {
        report::report_html(&self.run(), &self.findings, &self.extras)
    }

    fn run(&self) -> Run<'_> {
        Run::read(&self.journal).expect("read once already")
    }

    /// Writes the files of the run folder, all but the journal.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), FolderError> {
        report::write_run_folder(&self.run(), &self.findings, &self.extras, folder)
            .map_err(|error| FolderError::Write { path: folder.to_owned(), error })
    }

    /// What a command prints: `summary.json` with `json`, else the closing table, in so many `columns` if they are limited.
    pub fn text(&self, json: bool, columns: Option<usize>) -> String {
        let run = self.run();
        match json {
            true => Summary::new(&run, &self.findings, &self.extras).to_json(),
            false => report::terminal(&run, columns) + &self.repeated(columns),
        }
    }

    /// What a repeated run adds to the closing table.
    fn repeated(&self, columns: Option<usize>) -> String {
        let spare = ["in experiment", "largest", "SD of differences", "pairs"];
        let table = |repeat: &Repeat| repeat.table().within(columns, &spare).text();
        let said = |repeat: &Repeat| format!("\n{}\n\n{}", repeat.headline(), table(repeat));
        self.findings.repeat.as_ref().map(said).unwrap_or_default()
    }
}

/// What the shadow of a run left in its folder, if there was one.
fn shadow(folder: &Path, journal: &Journal) -> Option<Account> {
    let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
    Account::read(&text("shadow.json")?, &text("shadow.csv")?)?.if_of(journal)
}

/// What the summary of a run folder says that its journal does not.
///
/// The backend and the work of the simulator are no part of the journal; without a summary they are unknown.
pub fn extras(folder: &Path) -> Extras {
    let text = fs::read_to_string(folder.join("summary.json")).ok();
    let known = text.and_then(|text| serde_json::from_str(&text).ok());
    known.unwrap_or_else(|| Extras { backend: "unknown".into(), simulated_events: None })
}
