//! Hand-off by folder: a rig that LabVIEW or a script of the lab's own already drives.
//!
//! For experiment number `n` (from 1, four digits), the folder holds
//!
//! ```text
//! 0001/conditions.csv        name,value                       written by flowtwin, complete when it appears
//! 0001/features.csv          name,value                       written by the rig
//! 0001/spectra/NAME.csv      wavelength_nm,VALUE_UNIT         written by the rig, as many as it likes
//! 0001/done                  empty, or why it failed          written by the rig, last
//! stop                       present while the rig must stand still
//! ```
//!
//! `conditions.csv` appears by renaming, so it is never half there. The rig creates `done` when
//! everything else is complete; nothing is read before. `stop` appears when the lab must be made
//! safe and goes when the next experiment begins: a script should look for it at every step.

use std::io;
use std::path::{Path, PathBuf};

use flowtwin_lab::{
    Command, Conditions, Fault, FaultKind, Instant, Lab, Level, Manifest, Reply, Span,
};

pub mod table;

use crate::clock::Clock;

/// A lab behind a folder.
#[derive(Debug)]
pub struct FolderLab {
    folder: PathBuf,
    manifest: Manifest,
    clock: Box<dyn Clock>,
    expected: Span,
    patience: Span,
    begun: Option<(u32, Instant)>,
    last: u32,
}

impl FolderLab {
    /// The lab that watches `folder`. An experiment is expected to take `expected`, and has failed
    /// after `patience`.
    ///
    /// # Errors
    /// If the folder cannot be made or read.
    pub fn open(
        folder: &Path,
        manifest: Manifest,
        clock: Box<dyn Clock>,
        (expected, patience): (Span, Span),
    ) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let last = last_number(folder)?;
        let manifest = Manifest { level: Level::Experiments, ..manifest };
        let folder = folder.to_owned();
        Ok(Self { folder, manifest, clock, expected, patience, begun: None, last })
    }

    fn at(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{number:04}"))
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, FaultKind> {
        let number = self.last + 1;
        let folder = self.at(number);
        let rows = conditions.iter().map(|(name, value)| (name.to_owned(), value));
        let text = table::write(("name", "value"), rows);
        remove(&self.folder.join("stop"))
            .and_then(|()| std::fs::create_dir_all(&folder))
            .and_then(|()| appear(&folder.join("conditions.csv"), &text))
            .map_err(|error| trouble(&folder, &error))?;
        let now = self.clock.now();
        self.last = number;
        self.begun = Some((number, now));
        Ok(Reply::Ready(now + self.expected))
    }

    fn collect(&mut self) -> Result<Reply, FaultKind> {
        let Some((number, since)) = self.begun else {
            return Err(FaultKind::NotReady);
        };
        let folder = self.at(number);
        match std::fs::read_to_string(folder.join("done")) {
            Ok(why) if why.trim().is_empty() => {
                self.begun = None;
                table::outcome(&folder).map(|outcome| Reply::Outcome(Box::new(outcome)))
            }
            Ok(why) => {
                self.begun = None;
                Err(FaultKind::Failed { detail: why.trim().to_owned() })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.wait_longer(since),
            Err(error) => Err(trouble(&folder, &error)),
        }
    }

    fn wait_longer(&mut self, since: Instant) -> Result<Reply, FaultKind> {
        let waited = self.clock.now().since(since);
        if waited <= self.patience {
            return Err(FaultKind::NotReady);
        }
        self.begun = None;
        Err(FaultKind::NoReply { waited_s: waited.as_secs() })
    }

    fn stop(&self) -> Result<Reply, FaultKind> {
        let path = self.folder.join("stop");
        appear(&path, "").map_err(|error| trouble(&path, &error))?;
        Ok(Reply::Done)
    }
}

/// The number of the last experiment whose folder is there.
fn last_number(folder: &Path) -> io::Result<u32> {
    let mut last = 0;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        last = name.to_str().and_then(|name| name.parse().ok()).unwrap_or(0).max(last);
    }
    Ok(last)
}

/// Makes a file appear all at once, and stay after a power cut.
fn appear(path: &Path, text: &str) -> io::Result<()> {
    let half = path.with_extension("part");
    std::fs::write(&half, text)?;
    // Windows syncs only what may be written.
    let half_file = std::fs::OpenOptions::new().read(true).write(cfg!(windows)).open(&half)?;
    half_file.sync_all()?;
    std::fs::rename(&half, path)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn trouble(path: &Path, error: &io::Error) -> FaultKind {
    FaultKind::LinkLost { detail: format!("{}: {error}", path.display()) }
}

impl Lab for FolderLab {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let done = match command {
            Command::Begin { conditions } => self.begin(conditions),
            Command::Collect => self.collect(),
            Command::MakeSafe => self.stop(),
            _ => Err(FaultKind::Unsupported {
                detail: "a lab behind a folder is driven by whole experiments".into(),
            }),
        };
        done.map_err(|kind| Fault::new(self.clock.now(), "folder", kind))
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        while self.clock.now() < deadline {
            self.clock.tick(deadline)?;
        }
        Ok(())
    }
}
