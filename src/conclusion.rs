//! What is made of a journal: the files of a run folder, the closing table.

use std::fs;
use std::io::stdout;
use std::num::NonZeroUsize;
use std::path::Path;

use flowtwin_lab::journal::Journal;

use crate::console;
use crate::error::CommandError;
use crate::folder::{read_journal, replayed};
use crate::parity;
use crate::report::{self, Extras, Findings, Repeat, Run, Summary};
use crate::scenario::Scenario;

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
    pub fn of(folder: &Path, extras: Extras, threads: NonZeroUsize) -> Result<Self, CommandError> {
        let journal = read_journal(folder)?;
        let scenario = Scenario::recorded(&journal.header().definition)?;
        let run = Run::read(&journal).map_err(CommandError::failed)?;
        let twin = parity::of_run(&scenario, &run, threads).map_err(CommandError::failed)?;
        let repeat = replayed(folder)?.map(|then| Repeat::new(&then, &journal));
        Ok(Self { findings: Findings { twin, repeat }, extras, journal })
    }

    fn run(&self) -> Run<'_> {
        Run::read(&self.journal).expect("read once already")
    }

    /// Writes the files of the run folder, all but the journal.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), CommandError> {
        report::write_run_folder(&self.run(), &self.findings, &self.extras, folder)
            .map_err(|error| CommandError::unwritable(folder, &error))
    }

    /// What a command prints: `summary.json` with `json`, else the closing table.
    pub fn text(&self, json: bool) -> String {
        let run = self.run();
        match json {
            true => Summary::new(&run, &self.findings, &self.extras).to_json(),
            false => {
                let columns = console::columns(&stdout());
                report::terminal(&run, columns) + &self.repeated(columns)
            }
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

/// What the summary of a run folder says that its journal does not.
///
/// The backend and the work of the simulator are no part of the journal; without a summary they are unknown.
pub fn extras(folder: &Path) -> Extras {
    let text = fs::read_to_string(folder.join("summary.json")).ok();
    let known = text.and_then(|text| serde_json::from_str(&text).ok());
    known.unwrap_or_else(|| Extras { backend: "unknown".into(), simulated_events: None })
}
