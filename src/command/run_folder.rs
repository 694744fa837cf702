//! Where a run is written: the folder that was named or its own, and the next number where something else is there.

use std::path::{Path, PathBuf};

use flowtwin_campaign::folder::{FolderError, Identity, RunFolder, default_folder, no_run};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::Journal;

use super::occupied::Occupied;
use crate::cli::Folder;
use crate::console;
use crate::error::{CommandError, Kind};

/// The folder of a run under a name, or that name with a number. No other process writes to it meanwhile.
#[derive(Debug)]
pub(super) struct Target {
    base: PathBuf,
    number: usize,
    occupied: Occupied,
}

impl Target {
    /// The folder that was named, or the usual one with `more` at the end of its name.
    ///
    /// # Errors
    /// If another process writes to it, or if there is none to resume.
    pub(super) fn of(
        to: &Folder,
        scenario: &Scenario,
        seed: u64,
        more: &str,
    ) -> Result<Self, CommandError> {
        let usual = || with_end(&default_folder(scenario.name(), seed), more);
        let base = to.out.clone().unwrap_or_else(usual);
        if to.resume && !base.exists() {
            return Err(no_run(&base).into());
        }
        let occupied = Occupied::take(&base)?;
        Ok(Self { base, number: 1, occupied })
    }

    /// The next number to which no other process writes.
    ///
    /// # Errors
    /// If its folder cannot be made.
    pub(super) fn next(self) -> Result<Self, CommandError> {
        self.after(false)
    }

    /// The next number; one that is in use is passed over, unless its run may be the one that is resumed.
    fn after(self, resumed: bool) -> Result<Self, CommandError> {
        let Self { base, mut number, .. } = self;
        loop {
            number += 1;
            match Occupied::take(&numbered(&base, number)) {
                Ok(occupied) => return Ok(Self { base, number, occupied }),
                // It is in use, or no folder.
                Err(error) if error.kind() == Kind::BadInput && !resumed => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The folder of a run in it: to go on with, or for a new one. A run that cannot be written here goes to the next
    /// number, and one that is resumed is looked for there. It is told which run it repeats, if any.
    ///
    /// # Errors
    /// If there is no folder for it.
    pub(super) fn folder(
        self,
        to: &Folder,
        identity: &Identity,
        replayed: Option<&Journal>,
    ) -> Result<(RunFolder, Self), CommandError> {
        let open = |path: &Path| {
            let folder = match to.resume {
                true => RunFolder::resume(path, identity)?,
                false => RunFolder::begin(path, identity)?,
            };
            replayed.map_or(Ok(()), |journal| folder.repeats(journal))?;
            Ok(folder)
        };
        let (mut target, mut first) = (self, None);
        loop {
            match open(target.occupied.path()) {
                Err(FolderError::Taken(taken)) => {
                    let first = first.get_or_insert(taken);
                    if to.resume && !numbered(&target.base, target.number + 1).is_dir() {
                        return Err(CommandError::bad_input(first));
                    }
                    target = target.after(to.resume)?;
                }
                Err(error) => return Err(error.into()),
                Ok(folder) => {
                    if let Some(taken) = first {
                        target.say(&taken.message);
                    }
                    return Ok((folder, target));
                }
            }
        }
    }

    /// Says why the run is in another folder than the one that was named.
    pub(super) fn say(&self, why: &str) {
        let here = self.occupied.path().display();
        console::say_line(format_args!("{why}; this run is in {here}"));
    }
}

/// The same name with a number, `runs/cs3cu2i5-1-2`.
pub(super) fn numbered(base: &Path, number: usize) -> PathBuf {
    with_end(base, &format!("-{number}"))
}

/// The same path with more at the end of its name.
fn with_end(path: &Path, more: &str) -> PathBuf {
    let Some(name) = path.file_name() else { return path.join(more) };
    let mut name = name.to_owned();
    name.push(more);
    path.with_file_name(name)
}
