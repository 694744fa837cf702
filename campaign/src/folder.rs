//! The folder of a run: what is there, and what may be written.

mod disk;
mod identity;
mod salvage;
mod sink;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::PumpId;
use flowtwin_lab::journal::{
    Continued, Journal, JournalError, Record, Resumed, Seal, Sink, Writer, read, read_sealed,
    unended,
};

use crate::hardware::CERTIFICATE;
use disk::unfinished;
pub use disk::{Disk, OnDisk, make_folders, put};
pub use identity::{Identity, default_folder};
pub use salvage::{Salvaged, salvage, salvage_on};
use salvage::{lines_missing, seal, set_aside};
use sink::{Compared, Sealed};

/// Name of the journal in a run folder.
pub const JOURNAL: &str = "journal.jsonl";

/// Name of the file in a run folder that proves the last line of the journal.
pub const SEAL: &str = "journal.seal";

/// Name of the journal of the run that a run repeats, in its run folder.
pub const REPLAYED: &str = "replayed.jsonl";

/// Name of the file in a run folder on which the lock lies of whoever writes there; a file beside it, [`LOCK_BY`], says who.
pub const LOCK: &str = ".lock";

/// Name of the file in a run folder that says who holds its [`LOCK`].
pub const LOCK_BY: &str = ".lock.by";

const ANOTHER: &str = "give another folder with --out";

/// The folder of a run, fit to be written to. Who makes one keeps other processes from the folder meanwhile.
#[derive(Debug)]
pub struct RunFolder {
    disk: Rc<dyn Disk>,
    path: PathBuf,
    /// The journal of the run that is resumed: of a simulation, without what was not finished.
    recorded: Option<Journal>,
    /// The journal of the same simulated run, with which what is written is compared.
    same: Option<Journal>,
    /// Bytes of the journal's file that stay.
    kept: usize,
    /// Bytes behind them that are set aside, not cut.
    torn: Vec<u8>,
    goes_on: bool,
    departed: Rc<Cell<bool>>,
}

/// Why a run folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// What is there cannot be used.
    #[error(transparent)]
    Unusable(#[from] Diagnostic),
    /// Something else is there, which must stay: the run needs another folder.
    #[error(transparent)]
    Taken(Box<Diagnostic>),
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
            Self::Taken(diagnostic) => Self::Taken(Box::new(diagnostic.hint(hint))),
            other => other,
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> FolderError {
    FolderError::bad_input(format_args!("cannot read {}: {error}", path.display()))
}

fn unwritable(path: &Path, error: io::Error) -> FolderError {
    FolderError::Write { path: path.to_owned(), error }
}

impl RunFolder {
    fn empty(disk: Rc<dyn Disk>, path: &Path, identity: &Identity) -> Self {
        Self {
            disk,
            path: path.to_owned(),
            recorded: None,
            same: None,
            kept: 0,
            torn: Vec::new(),
            goes_on: identity.in_wall_time,
            departed: Rc::default(),
        }
    }

    /// The same folder with its journal: in a simulation the part that a resumed run repeats to the byte; on a rig all of
    /// it, because what a rig did has happened.
    fn with(self, there: There) -> Self {
        if !self.goes_on {
            let whole = whole(&there.journal);
            return Self { kept: whole.bytes().len(), recorded: Some(whole), ..self };
        }
        let There { journal, torn, .. } = there;
        let kept = journal.bytes().len();
        Self { kept, torn, recorded: Some(journal), ..self }.going_on(Vec::new())
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

    /// The folder at `path` for a new run. Where the very same simulated run is there, what it writes is compared with that,
    /// and goes on behind it.
    ///
    /// # Errors
    /// [`FolderError::Taken`] if it holds anything else; also if it holds a run that can be resumed and not done again.
    pub fn begin(path: &Path, identity: &Identity) -> Result<Self, FolderError> {
        Self::begin_on(Rc::new(OnDisk), path, identity)
    }

    /// As [`RunFolder::begin`], on another disk.
    ///
    /// # Errors
    /// As [`RunFolder::begin`].
    pub fn begin_on(
        disk: Rc<dyn Disk>,
        path: &Path,
        identity: &Identity,
    ) -> Result<Self, FolderError> {
        let folder = Self::empty(disk, path, identity);
        match folder.look()? {
            Content::Nothing => Ok(folder),
            Content::Empty(torn) => Ok(Self { torn, ..folder }),
            Content::Run(there) => match identity.differs(&there.journal) {
                None if identity.reviewed && !folder.goes_on => {
                    Err(folder.taken("this run").hint("give --resume to go on with it"))
                }
                None => folder.again(there),
                Some(other) => Err(folder.taken(&other).hint(ANOTHER)),
            },
            Content::Broken(error) => {
                Err(folder.taken(&format!("a damaged run ({error})")).hint(ANOTHER))
            }
            Content::Other => Err(folder.taken("files of another kind").hint(ANOTHER)),
        }
    }

    /// The same folder for the run that is in it, from its beginning.
    fn again(self, there: There) -> Result<Self, FolderError> {
        match (self.goes_on, there.journal.complete()) {
            (false, _) => {
                let whole = whole(&there.journal);
                Ok(Self { kept: whole.bytes().len(), same: Some(whole), ..self })
            }
            (true, true) => Err(self.taken("this run, complete").hint(ANOTHER)),
            (true, false) => {
                let path = self.path.display();
                let message =
                    format!("{path} holds this run, not finished; it cannot be done again");
                let hint = "give --resume to go on with it, or another folder with --out";
                Err(FolderError::bad_input(message).hint(hint))
            }
        }
    }

    /// The folder at `path`, to go on with the run in it. A run that was stopped before its first record begins.
    ///
    /// # Errors
    /// [`FolderError::Taken`] if it belongs to another run; if there is no such folder or no run in it, or if its journal is
    /// damaged.
    pub fn resume(path: &Path, identity: &Identity) -> Result<Self, FolderError> {
        Self::resume_on(Rc::new(OnDisk), path, identity)
    }

    /// As [`RunFolder::resume`], on another disk.
    ///
    /// # Errors
    /// As [`RunFolder::resume`].
    pub fn resume_on(
        disk: Rc<dyn Disk>,
        path: &Path,
        identity: &Identity,
    ) -> Result<Self, FolderError> {
        let folder = Self::empty(disk, path, identity);
        match folder.look()? {
            Content::Run(there) => match identity.differs(&there.journal) {
                Some(other) => {
                    Err(folder.taken(&other).hint("give the folder of this run with --out"))
                }
                None => match there.missing().filter(|_| folder.goes_on) {
                    Some(error) => Err(damaged(&folder.journal(), &error)),
                    None => Ok(folder.with(there)),
                },
            },
            // The run was stopped before its first record was on the disk.
            Content::Empty(torn) => Ok(Self { torn, ..folder }),
            Content::Nothing if folder.is_there() => Ok(folder),
            Content::Broken(error) => Err(damaged(&folder.journal(), &error)),
            Content::Nothing | Content::Other => Err(no_run(path)),
        }
    }

    /// Keeps the journal of the run that this one repeats beside its own.
    ///
    /// # Errors
    /// [`FolderError::Taken`] if that of another is there; or if it cannot be written.
    pub fn repeats(&self, journal: &Journal) -> Result<(), FolderError> {
        let path = self.path.join(REPLAYED);
        let bytes = journal.durable_bytes();
        match self.disk.read(&path).map_err(|error| unreadable(&path, &error))? {
            Some(there) if there == bytes => return Ok(()),
            Some(_) if self.holds_a_run() => {
                return Err(self.taken("what repeats another run").hint(ANOTHER));
            }
            _ => {}
        }
        make_folders(&*self.disk, &self.path)
            .and_then(|()| put(&*self.disk, &path, bytes))
            .map_err(|error| unwritable(&path, error))
    }

    fn is_there(&self) -> bool {
        self.disk.list(&self.path).is_ok_and(|names| names.is_some())
    }

    fn holds_a_run(&self) -> bool {
        self.recorded.is_some() || self.same.is_some()
    }

    fn look(&self) -> Result<Content, FolderError> {
        let error = |error: io::Error| unreadable(&self.path, &error);
        let Some(names) = self.disk.list(&self.path).map_err(error)? else {
            return Ok(Content::Nothing);
        };
        let Some(bytes) = self.disk.read(&self.journal()).map_err(error)? else {
            return Ok(match names.iter().all(|name| is_of_before(&name.to_string_lossy())) {
                true => Content::Nothing,
                false => Content::Other,
            });
        };
        let seal = seal(&*self.disk, &self.path);
        Ok(match read_sealed(&bytes, seal.as_ref()) {
            Ok(journal) => {
                let torn = bytes[journal.bytes().len()..].to_vec();
                Content::Run(There { journal, torn, seal })
            }
            Err(JournalError::Empty) => Content::Empty(bytes),
            Err(error) => Content::Broken(error),
        })
    }

    fn taken(&self, by: &str) -> FolderError {
        let message = format!("{} holds {by}; nothing was written", self.path.display());
        FolderError::Taken(Box::new(Diagnostic::new(message)))
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

    /// Whether the run that was written has departed from the one that is recorded here. Nothing of that was changed.
    pub fn has_departed(&self) -> bool {
        self.departed.get()
    }

    /// Opens the journal for a run from its beginning: what is recorded already will be compared. Of a simulation that is
    /// done again it is cut behind the last finished experiment; what follows there will be written again.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn open(&self) -> Result<Writer<Box<dyn Sink>>, FolderError> {
        let there = self.recorded.as_ref().or(self.same.as_ref());
        let there = there.map_or(&[][..], |journal| &journal.bytes()[..self.kept]).to_vec();
        let journal = self.file().map_err(|error| unwritable(&self.journal(), error))?;
        let (journal, departed) = (Continued::new(there, journal), self.departed.clone());
        let writer = Writer::<Box<dyn Sink>>::new(Box::new(Compared { journal, departed }));
        Ok(if self.goes_on { writer.promptly() } else { writer })
    }

    /// Opens the journal to go on behind its last record, on a rig where what is recorded has happened.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn append(&self) -> Result<Writer<Box<dyn Sink>>, FolderError> {
        let Some(journal) = &self.recorded else { return self.open() };
        let file = self.file().and_then(|mut file| {
            file.append(&journal.bytes()[self.kept..])?;
            file.sync()?;
            file.seal(&Seal::of(journal))?;
            Ok(file)
        });
        let file = file.map_err(|error| unwritable(&self.journal(), error))?;
        Ok(Writer::<Box<dyn Sink>>::after(journal, Box::new(file)).promptly())
    }

    /// The file of the journal, cut behind what is kept.
    fn file(&self) -> io::Result<Sealed> {
        let disk = &*self.disk;
        make_folders(disk, &self.path)?;
        if self.goes_on && !self.torn.is_empty() {
            set_aside(disk, &self.path, &self.torn)?;
        }
        let path = self.path.join(SEAL);
        let there = self.recorded.as_ref().or(self.same.as_ref());
        let lines = there.map_or(0, |journal| {
            journal.bytes()[..self.kept].iter().filter(|&&byte| byte == b'\n').count()
        });
        if seal(disk, &self.path).is_some_and(|seal| seal.line() >= lines as u64) {
            // It is on a line that will be written again.
            put(disk, &path, b"")?;
        }
        let file = disk.open(&self.journal(), self.kept as u64)?;
        disk.sync_folder(&self.path)?;
        Ok(Sealed { file, disk: self.disk.clone(), seal: path })
    }
}

/// What a folder holds.
enum Content {
    Nothing,
    /// A journal without a record, in so many bytes.
    Empty(Vec<u8>),
    Run(There),
    Broken(JournalError),
    Other,
}

/// A journal that is there, the bytes of a torn line behind it, and the seal.
struct There {
    journal: Journal,
    torn: Vec<u8>,
    seal: Option<Seal>,
}

impl There {
    /// What is wrong where lines are missing at its end.
    fn missing(&self) -> Option<JournalError> {
        self.seal.as_ref().and_then(|seal| lines_missing(&self.journal, seal))
    }
}

/// Whether a campaign that was declined or killed may have written a file before its first record: it makes no run.
fn is_of_before(name: &str) -> bool {
    let names = [CERTIFICATE, REPLAYED, SEAL, LOCK, LOCK_BY];
    let part = |known: &str| unfinished(Path::new(known)).to_string_lossy() == name;
    names.contains(&name) || names.iter().any(|known| part(known))
}

fn damaged(journal: &Path, error: &JournalError) -> FolderError {
    let told = FolderError::bad_input(format_args!("{}: {error}", journal.display()));
    match error {
        JournalError::Damaged { .. } => told.hint(
            "`flowtwin report --salvage RUN` keeps everything before the damage and sets the rest aside",
        ),
        _ => told,
    }
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
    read_file(&folder.join(JOURNAL), seal(&OnDisk, folder).as_ref())
}

/// What is wrong with the journal of a run folder that ends before a line which was on the disk: it has been cut off.
///
/// # Errors
/// As [`read_journal`].
pub fn cut_off(folder: &Path) -> Result<Option<JournalError>, FolderError> {
    let seal = seal(&OnDisk, folder);
    let journal = read_file(&folder.join(JOURNAL), seal.as_ref())?;
    Ok(seal.and_then(|seal| lines_missing(&journal, &seal)))
}

/// As [`read_journal`]; none where there is no journal, or none with a first record yet.
///
/// # Errors
/// As [`read_journal`].
pub fn read_begun(folder: &Path) -> Result<Option<Journal>, FolderError> {
    let path = folder.join(JOURNAL);
    let Ok(bytes) = std::fs::read(&path) else { return Ok(None) };
    let begun = bytes.contains(&b'\n');
    begun.then(|| read_bytes(&path, &bytes, seal(&OnDisk, folder).as_ref())).transpose()
}

/// Reads the journal of the run that the run of a folder repeats, if it repeats one.
///
/// # Errors
/// If it cannot be trusted; the message names file and line.
pub fn replayed(folder: &Path) -> Result<Option<Journal>, FolderError> {
    let path = folder.join(REPLAYED);
    path.exists().then(|| read_file(&path, None)).transpose()
}

fn read_file(path: &Path, seal: Option<&Seal>) -> Result<Journal, FolderError> {
    let bytes = std::fs::read(path).map_err(|error| match path.parent() {
        Some(folder) if path.ends_with(JOURNAL) && !folder.exists() => {
            FolderError::bad_input(format_args!("there is no folder {}", folder.display()))
        }
        Some(folder) if path.ends_with(JOURNAL) && !path.exists() => FolderError::bad_input(
            format_args!("{} is not a run folder: it has no {JOURNAL}", folder.display()),
        ),
        _ => unreadable(path, &error),
    })?;
    read_bytes(path, &bytes, seal)
}

fn read_bytes(path: &Path, bytes: &[u8], seal: Option<&Seal>) -> Result<Journal, FolderError> {
    read_sealed(bytes, seal).map_err(|error| match path.ends_with(JOURNAL) {
        true => damaged(path, &error),
        false => FolderError::bad_input(format_args!("{}: {error}", path.display())),
    })
}
