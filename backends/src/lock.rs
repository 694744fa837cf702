//! A lock of the operating system: what one process works on, no other touches meanwhile.
//!
//! The lock lies on a file that stays where it is, empty; a file beside it names the holder of the lock. The operating
//! system takes the lock away when its holder ends, however that ends.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

#[cfg_attr(not(unix), path = "lock/elsewhere.rs")]
#[cfg_attr(unix, path = "lock/on_unix.rs")]
mod system;

use system::{is_at, is_held_alone, remove, share};

/// How often a lock whose holder has not yet said who it is is tried again, and after what time each time.
const TRIES: (u32, Duration) = (50, Duration::from_millis(2));

/// A lock that this process holds until it is dropped.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// The file that names its holder.
    by: PathBuf,
    /// The operating system lets go of the lock when this is closed.
    file: File,
}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// When it took the lock, in UTC: `2026-03-01 09:00:00`.
    pub since: String,
    /// The command, as it was typed.
    pub command: String,
}

/// Why a lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else holds it.
    #[error("in use by {}", in_words(.0.as_ref()))]
    Held(Option<Holder>),
    /// The file cannot be made or locked.
    #[error("cannot be locked: {0}")]
    Unlockable(#[from] io::Error),
}

impl Lock {
    /// Takes the lock on the file `path`, which is made where it is not there. Its folder must be there.
    ///
    /// # Errors
    /// If another process, or another part of this one, holds it; or if the operating system cannot lock that file, as
    /// on some network disks.
    pub fn take(path: &Path) -> Result<Self, LockError> {
        let by = beside(path);
        for _ in 0..TRIES.0 {
            let file = open(path)?;
            match file.try_lock() {
                // One that was removed a moment before keeps nobody out.
                Ok(()) if !is_at(&file, path) => {}
                Ok(()) => return Ok(Self::of_this_process(path, by, file)),
                Err(TryLockError::Error(error)) => return Err(error.into()),
                Err(TryLockError::WouldBlock) => match Holder::read(&by) {
                    Some(holder) => return Err(LockError::Held(Some(holder))),
                    None => sleep(TRIES.1),
                },
            }
        }
        Err(LockError::Held(None))
    }

    fn of_this_process(path: &Path, by: PathBuf, file: File) -> Self {
        let lock = Self { path: path.to_owned(), by, file };
        lock.sign();
        lock
    }

    /// Joins those who share the lock on `path`. What it says of its holder stays as it is.
    ///
    /// # Errors
    /// As [`Lock::take`]; those who [share](Lock::share) it refuse nobody who joins.
    pub fn join(path: &Path) -> Result<Self, LockError> {
        let by = beside(path);
        loop {
            let file = open(path)?;
            share(&file).map_err(|error| held_by(&by, error))?;
            if is_at(&file, path) {
                return Ok(Self { path: path.to_owned(), by, file });
            }
        }
    }

    /// Lets others [join](Lock::join): who wants to take the lock is refused until the last of them has gone.
    ///
    /// # Errors
    /// If another process took it in the moment between holding it alone and sharing it.
    pub fn share(&self) -> Result<(), LockError> {
        share(&self.file).map_err(|error| held_by(&self.by, error))
    }

    /// Lets go of the lock, and removes its file where nobody shares it: for what is locked only now and then.
    pub fn dissolve(mut self) {
        if is_held_alone(&self.file) {
            // Both are removed while it is held alone: who waits for it finds out that it is no longer there, and what the
            // next holder says of itself stays.
            let _there_is_none = fs::remove_file(std::mem::take(&mut self.by));
            remove(&self.path);
        }
    }

    /// Says that this process holds the lock.
    pub fn sign(&self) {
        let text = serde_json::to_string(&Holder::this_process()).expect("plain data");
        // What a disk that is full does not say of the holder takes nothing from the lock.
        let _unsaid = fs::write(&self.by, text);
    }
}

fn held_by(by: &Path, error: TryLockError) -> LockError {
    match error {
        TryLockError::WouldBlock => LockError::Held(Holder::read(by)),
        TryLockError::Error(error) => LockError::Unlockable(error),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while the lock is still held: what the next holder writes stays.
        let _there_is_none = fs::remove_file(&self.by);
    }
}

impl Holder {
    /// This process, from now on.
    fn this_process() -> Self {
        let words: Vec<String> =
            std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { pid: std::process::id(), since: utc(since.as_secs()), command: words.join(" ") }
    }

    /// Who holds the lock on `path`, where that is said.
    pub fn of(path: &Path) -> Option<Self> {
        Self::read(&beside(path))
    }

    fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, since, command } = self;
        write!(f, "process {pid} since {since} UTC: {command}")
    }
}

fn in_words(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".into(), Holder::to_string)
}

/// Opens what is locked; a file of somebody else, that may be read only, can be locked as well.
fn open(path: &Path) -> io::Result<File> {
    let writable = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    match writable {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            File::open(path).map_err(|_| error)
        }
        opened => opened,
    }
}

/// The file that names the holder of the lock on `path`.
fn beside(path: &Path) -> PathBuf {
    let mut name: OsString = path.into();
    name.push(".by");
    name.into()
}

/// A moment in UTC, from seconds since 1970. Days become dates as in Hinnant, "chrono-compatible low-level date
/// algorithms" (2013): years begin in March, eras have 400 of them.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let march = (5 * day_of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = 400 * era + year + u64::from(month <= 2);
    let day = day_of_year - (153 * march + 2) / 5 + 1;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("flowtwin-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder can be made");
        path
    }

    #[test]
    fn a_lock_that_is_held_is_refused_with_the_name_of_its_holder_and_free_again_afterwards() {
        let folder = folder("lock");
        let path = folder.join(".lock");
        let first = Lock::take(&path).expect("nobody holds it");
        let refused = Lock::take(&path).expect_err("it is held").to_string();
        assert!(refused.contains(&format!("process {} since 20", std::process::id())), "{refused}");
        drop(first);
        drop(Lock::take(&path).expect("nobody holds it any more"));
        assert_eq!(fs::read(&path).expect("it stays").len(), 0);
        assert_eq!(fs::read_dir(&folder).expect("the folder is there").count(), 1);
        fs::remove_dir_all(folder).expect("it can be removed");
    }

    #[test]
    fn a_shared_lock_is_joined_and_refuses_whoever_wants_it_until_the_last_has_gone() {
        let folder = folder("shared");
        let path = folder.join(".lock");
        let first = Lock::take(&path).expect("nobody holds it");
        assert!(matches!(Lock::join(&path), Err(LockError::Held(Some(_)))), "it is not shared");
        first.share().expect("nobody else wants it");
        let second = Lock::join(&path).expect("it is shared");
        drop(first);
        assert!(matches!(Lock::take(&path), Err(LockError::Held(None))));
        second.sign();
        let refused = Lock::take(&path).expect_err("it is held").to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");
        let third = Lock::join(&path).expect("it is shared");
        second.dissolve();
        assert!(path.exists() && Lock::take(&path).is_err(), "the third shares it still");
        third.dissolve();
        assert!(!path.exists(), "nobody shares it");
        drop(Lock::take(&path).expect("nobody holds it any more"));
        fs::remove_dir_all(folder).expect("it can be removed");
    }

    /// Who has the file open when it is removed must not hold it beside whoever makes a new one.
    #[cfg(unix)]
    #[test]
    fn a_file_that_was_removed_meanwhile_is_no_lock() {
        let folder = folder("removed");
        let path = folder.join(".lock");
        let old = open(&path).expect("it is made");
        assert!(is_at(&old, &path));
        fs::remove_file(&path).expect("it is there");
        assert!(!is_at(&old, &path));
        let _new = Lock::take(&path).expect("nobody holds it");
        assert!(!is_at(&old, &path));
        fs::remove_dir_all(folder).expect("it can be removed");
    }

    #[test]
    fn what_a_killed_holder_has_left_keeps_nobody_out() {
        let folder = folder("left");
        let path = folder.join(".lock");
        fs::write(&path, "").expect("it can be written");
        fs::write(beside(&path), "{\"pid\":1,\"since\":\"2026").expect("it can be written");
        drop(Lock::take(&path).expect("nobody holds it"));
        fs::remove_dir_all(folder).expect("it can be removed");
    }

    #[test]
    fn moments_are_told_as_dates() {
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(utc(951_827_696), "2000-02-29 12:34:56");
        assert_eq!(utc(1_798_761_600), "2027-01-01 00:00:00");
        assert_eq!(utc(4_107_542_400), "2100-03-01 00:00:00");
    }
}
