//! The folder of a run: what is there, and what may be written.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_data::unreadable;
use flowtwin_lab::PumpId;
use flowtwin_lab::journal::{
    Continued, Journal, JournalError, Record, Resumed, Sink, Writer, read, unended,
};

use crate::hardware::CERTIFICATE;
use crate::scenario::Scenario;

/// Name of the journal in a run folder.
pub const JOURNAL: &str = "journal.jsonl";

/// Name of the journal of the run that a run repeats, in its run folder.
pub const REPLAYED: &str = "replayed.jsonl";

/// Name of the file in a run folder on which the lock lies of whoever writes there; a file beside it, [`LOCK_BY`], says who.
pub const LOCK: &str = ".lock";

/// Name of the file in a run folder that says who holds its [`LOCK`].
pub const LOCK_BY: &str = ".lock.by";

/// The folder of a run, fit to be written to. Who makes one keeps other processes from the folder meanwhile.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// The journal of the run that is resumed: of a simulation, without what was not finished.
    recorded: Option<Journal>,
    /// Bytes of the journal's file that stay.
    kept: usize,
    goes_on: bool,
}

/// Why a run folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// What is there cannot be used.
    #[error(transparent)]
    Unusable(#[from] Diagnostic),
    /// A file cannot be written.
    #[error("cannot write {}: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl FolderError {
    fn bad_input(message: impl fmt::Display) -> Self {
        Self::Unusable(Diagnostic::new(message.to_string()))
    }

    fn hint(self, hint: &str) -> Self {
        match self {
            Self::Unusable(diagnostic) => Self::Unusable(diagnostic.hint(hint)),
            other => other,
        }
    }
}

/// Which run a folder must belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of the scenario.
    pub sha256: String,
    /// Seed.
    pub seed: u64,
    /// Whether the results are simulated.
    pub simulated: bool,
    /// Whether what has happened cannot be done again: a rig with drivers in wall time, or a lab outside.
    pub in_wall_time: bool,
}

impl Identity {
    /// The run of a scenario with a seed.
    pub fn new(scenario: &Scenario, seed: u64, simulated: bool) -> Self {
        let scenario_name = scenario.name().to_owned();
        let sha256 = scenario.sha256();
        Self { scenario: scenario_name, sha256, seed, simulated, in_wall_time: !simulated }
    }

    /// The same run, on a rig in wall time.
    #[must_use]
    pub fn in_wall_time(self) -> Self {
        Self { in_wall_time: true, ..self }
    }

    /// `runs/<scenario>-<seed>`.
    pub fn default_folder(&self) -> PathBuf {
        default_folder(&self.scenario, self.seed)
    }

    /// How the run of `journal` differs from this one; none if they are the same.
    fn differs(&self, journal: &Journal) -> Option<String> {
        let header = journal.header();
        if header.scenario != self.scenario {
            return Some(format!("scenario {}", header.scenario));
        }
        if header.seed != self.seed {
            return Some(format!("seed {} of scenario {}", header.seed, header.scenario));
        }
        if header.scenario_sha256 != self.sha256 {
            return Some(format!("another version of the scenario {}", header.scenario));
        }
        (header.simulated != self.simulated).then(|| {
            let kind = if header.simulated { "a simulation" } else { "a real rig" };
            format!("{kind} of scenario {}", header.scenario)
        })
    }
}

impl RunFolder {
    fn empty(path: &Path, identity: &Identity) -> Self {
        let (path, goes_on) = (path.to_owned(), identity.in_wall_time);
        Self { path, recorded: None, kept: 0, goes_on }
    }

    /// The same folder with its journal: in a simulation the part that a resumed run repeats to the byte; on a rig all of
    /// it, because what a rig did has happened.
    fn with(self, journal: &Journal) -> Self {
        if !self.goes_on {
            let whole = whole(journal);
            return Self { kept: whole.bytes().len(), recorded: Some(whole), ..self };
        }
        let kept = journal.bytes().len();
        Self { kept, recorded: Some(journal.clone()), ..self }.going_on(Vec::new())
    }

    /// The same folder, to go on with a rig on which somebody has filled the syringes of these pumps. Where an experiment
    /// was under way, the journal says that the run goes on behind it.
    #[must_use]
    pub fn going_on(mut self, filled: Vec<PumpId>) -> Self {
        if let Some(journal) = &mut self.recorded
            && !journal.ended()
            && (journal.is_amid_an_experiment() || !filled.is_empty())
        {
            let lost_ul = unended(journal).into_iter().collect();
            let resumed = Resumed { at_ns: journal.last_at(), lost_ul, filled };
            *journal = journal.with(&Record::Resumed(resumed));
        }
        self
    }

    /// The folder at `path` for a new run. A folder of the very same simulated run is used again.
    ///
    /// # Errors
    /// If it holds anything else.
    pub fn begin(path: &Path, identity: &Identity) -> Result<Self, FolderError> {
        let folder = Self::empty(path, identity);
        match folder.look()? {
            Content::Nothing => Ok(folder),
            Content::Journal(journal) => match identity.differs(&journal) {
                None if !identity.in_wall_time => Ok(folder),
                None => Err(folder
                    .refuse("this run, and it cannot be done again")
                    .hint("give --resume to go on with it")),
                Some(other) => Err(folder.refuse(&other).hint("give another folder with --out")),
            },
            Content::Broken(JournalError::Empty) => Ok(folder),
            Content::Broken(error) => Err(folder.damaged(&error)),
            Content::Other => {
                let other = "files of another kind";
                Err(folder.refuse(other).hint("give another folder with --out"))
            }
        }
    }

    /// The folder at `path`, to go on with the run in it. A run that was stopped before its first record begins.
    ///
    /// # Errors
    /// If there is no such folder or no run in it, if it belongs to another run, or if its journal is damaged.
    pub fn resume(path: &Path, identity: &Identity) -> Result<Self, FolderError> {
        let folder = Self::empty(path, identity);
        match folder.look()? {
            Content::Journal(journal) => match identity.differs(&journal) {
                None => Ok(folder.with(&journal)),
                Some(other) => {
                    Err(folder.refuse(&other).hint("give the folder of this run with --out"))
                }
            },
            // The run was stopped before its first record was on the disk.
            Content::Broken(JournalError::Empty) => Ok(folder),
            Content::Nothing if path.is_dir() => Ok(folder),
            Content::Broken(error) => Err(folder.damaged(&error)),
            Content::Nothing | Content::Other => Err(no_run(path)),
        }
    }

    /// Keeps the journal of the run that this one repeats beside its own.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn repeats(&self, journal: &Journal) -> Result<(), FolderError> {
        let path = self.path.join(REPLAYED);
        fs::create_dir_all(&self.path)
            .and_then(|()| fs::write(&path, journal.durable_bytes()))
            .map_err(|error| FolderError::Write { path: path.clone(), error })
    }

    fn look(&self) -> Result<Content, FolderError> {
        let unreadable = |error: std::io::Error| {
            FolderError::bad_input(format_args!("cannot read {}: {error}", self.path.display()))
        };
        if !self.path.exists() {
            return Ok(Content::Nothing);
        }
        let journal = self.journal();
        if journal.exists() {
            return Ok(match read(&fs::read(&journal).map_err(unreadable)?) {
                Ok(journal) => Content::Journal(Box::new(journal)),
                Err(error) => Content::Broken(error),
            });
        }
        // What a campaign that was declined or killed has written before its first record does not make it a run.
        let before = [CERTIFICATE, REPLAYED, LOCK, LOCK_BY];
        for entry in fs::read_dir(&self.path).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name();
            if !before.iter().any(|known| name == *known) {
                return Ok(Content::Other);
            }
        }
        Ok(Content::Nothing)
    }

    fn refuse(&self, other: &str) -> FolderError {
        let path = self.path.display();
        FolderError::bad_input(format_args!("{path} holds {other}; nothing was written"))
    }

    fn damaged(&self, error: &JournalError) -> FolderError {
        let hint = "restore the file from a copy; nothing behind the damage can be trusted";
        FolderError::bad_input(format_args!("{}: {error}", self.journal().display())).hint(hint)
    }

    fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a resumed run goes on behind what is recorded, instead of doing it again.
    pub fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// The journal of the run that is resumed.
    pub fn recorded(&self) -> Option<&Journal> {
        self.recorded.as_ref()
    }

    /// Opens the journal for a run from its beginning: what is recorded already will be compared, and cut behind the
    /// last finished experiment.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn open(&self) -> Result<Writer<Box<dyn Sink>>, FolderError> {
        let there = self.recorded.as_ref().map_or(&[][..], Journal::bytes).to_vec();
        let path = self.journal();
        let file = self.file(there.len() as u64);
        let file = file.map_err(|error| FolderError::Write { path: path.clone(), error })?;
        let writer = Writer::<Box<dyn Sink>>::new(Box::new(Continued::new(there, file)));
        Ok(if self.goes_on { writer.promptly() } else { writer })
    }

    /// Opens the journal to go on behind its last record, on a rig where what is recorded has happened.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn append(&self) -> Result<Writer<Box<dyn Sink>>, FolderError> {
        let Some(journal) = &self.recorded else { return self.open() };
        let path = self.journal();
        let file = self.file(self.kept as u64).and_then(|mut file| {
            file.append(&journal.bytes()[self.kept..])?;
            file.sync()?;
            Ok(file)
        });
        let file = file.map_err(|error| FolderError::Write { path: path.clone(), error })?;
        Ok(Writer::<Box<dyn Sink>>::after(journal, Box::new(file)).promptly())
    }

    fn file(&self, keep: u64) -> std::io::Result<File> {
        fs::create_dir_all(&self.path)?;
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).open(self.journal())?;
        file.set_len(keep)?;
        file.seek(SeekFrom::Start(keep))?;
        Ok(file)
    }
}

/// `runs/<scenario>-<seed>`.
pub fn default_folder(scenario: &str, seed: u64) -> PathBuf {
    Path::new("runs").join(format!("{scenario}-{seed}"))
}

/// What a folder holds.
enum Content {
    Nothing,
    Journal(Box<Journal>),
    Broken(JournalError),
    Other,
}

/// The error of a folder in which there is no run to resume.
pub fn no_run(folder: &Path) -> FolderError {
    let message = format!("there is no run to resume in {}", folder.display());
    FolderError::bad_input(message).hint("leave --resume out to begin one")
}

/// The part of a journal that a resumed run keeps: up to the last finished experiment.
fn whole(journal: &Journal) -> Journal {
    read(journal.durable_bytes()).expect("the beginning of a journal is a journal")
}

/// Reads the journal of a run folder.
///
/// # Errors
/// If there is none or it cannot be trusted; the message names file and line.
pub fn read_journal(folder: &Path) -> Result<Journal, FolderError> {
    read_file(&folder.join(JOURNAL))
}

/// Reads the journal of the run that the run of a folder repeats, if it repeats one.
///
/// # Errors
/// If it cannot be trusted; the message names file and line.
pub fn replayed(folder: &Path) -> Result<Option<Journal>, FolderError> {
    let path = folder.join(REPLAYED);
    path.exists().then(|| read_file(&path)).transpose()
}

fn read_file(path: &Path) -> Result<Journal, FolderError> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    read(&bytes)
        .map_err(|error| FolderError::bad_input(format_args!("{}: {error}", path.display())))
}
