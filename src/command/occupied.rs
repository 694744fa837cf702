//! A folder that this process alone writes to, until it has finished or has been killed.
//!
//! The lock lies in the folder itself: whatever path leads there, everybody locks the same file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use flowtwin_backends::lock::{Holder, Lock, LockError};
use flowtwin_campaign::folder::{LOCK, OnDisk, make_folders};

use crate::error::CommandError;

/// How often a folder is made again that somebody else has removed in the moment before it was locked.
const TRIES: usize = 50;

/// A folder that no other process writes to, or a part of one.
#[derive(Debug)]
pub(super) struct Occupied {
    path: PathBuf,
    /// The last of them is let go of first.
    locks: Vec<Lock>,
    /// The folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
}

impl Occupied {
    /// Occupies a folder, which is made where there is none.
    ///
    /// # Errors
    /// If another process occupies it; the message says which one. If it cannot be made or locked.
    pub(super) fn take(path: &Path) -> Result<Self, CommandError> {
        Self::with(path, || match Lock::take(&path.join(LOCK)) {
            Ok(lock) => Ok(vec![lock]),
            Err(LockError::Held(None)) => Err(LockError::Held(holder_of_a_part(path))),
            Err(error) => Err(error),
        })
    }

    /// Occupies a part of a folder, by its name: other parts may be occupied by other processes, the whole of it may not.
    ///
    /// # Errors
    /// As [`Occupied::take`].
    pub(super) fn take_part(path: &Path, part: &str) -> Result<Self, CommandError> {
        Self::with(path, || {
            let part = Lock::take(&path.join(format!("{LOCK}-{part}")))?;
            match Lock::join(&path.join(LOCK)) {
                Ok(whole) => Ok(vec![whole, part]),
                Err(error) => {
                    part.dissolve();
                    Err(error)
                }
            }
        })
    }

    fn with(
        path: &Path,
        lock: impl Fn() -> Result<Vec<Lock>, LockError>,
    ) -> Result<Self, CommandError> {
        if path.exists() && !path.is_dir() {
            return Err(CommandError::bad_input(format_args!(
                "{} is not a folder",
                path.display()
            )));
        }
        let mut made = Vec::new();
        for _ in 0..TRIES {
            let missing = path.ancestors().take_while(|folder| is_missing(folder));
            let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
            missing.reverse();
            made.extend(missing);
            match make_folders(&OnDisk, path) {
                // Somebody else has removed one in the moment before, because nothing was in it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(CommandError::unwritable(path, &error)),
                Ok(()) => {}
            }
            match lock() {
                Ok(locks) => return Ok(Self { path: path.to_owned(), locks, made }),
                // Who occupied it before has just removed it, because nothing was in it.
                Err(LockError::Unlockable(error)) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(refused(path, &error)),
            }
        }
        Err(CommandError::failed(format_args!("{} comes and goes", path.display())))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn is_missing(folder: &Path) -> bool {
    !folder.as_os_str().is_empty() && !folder.exists()
}

/// Who occupies a part of a folder.
fn holder_of_a_part(folder: &Path) -> Option<Holder> {
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let part = |name: &String| name.starts_with(&format!("{LOCK}-")) && !name.ends_with(".by");
    names.iter().filter(|name| part(name)).find_map(|name| Holder::of(&folder.join(name)))
}

fn refused(path: &Path, error: &LockError) -> CommandError {
    let message = format!("{}: {error}", path.display());
    match error {
        LockError::Held(_) => CommandError::bad_input(message).hint(
            "nothing was written; wait until that process has ended, or choose another folder",
        ),
        LockError::Unlockable(_) => CommandError::failed(message)
            .hint("choose a folder that you may write to, on a disk that knows locks"),
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        while let Some(lock) = self.locks.pop() {
            lock.dissolve();
        }
        // What holds anything stays.
        for folder in self.made.iter().rev() {
            let _is_not_empty = fs::remove_dir(folder);
        }
    }
}

// Elsewhere the files of locks stay.
#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn base(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("flowtwin-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_folder_in_which_nothing_was_written_leaves_nothing_behind() {
        let base = base("occupied");
        let folder = base.join("runs/one");
        let occupied = Occupied::take(&folder).expect("nobody occupies it");
        assert!(folder.join(LOCK).exists());
        drop(occupied);
        assert!(!base.exists());
    }

    #[test]
    fn what_was_written_and_what_was_there_stay() {
        let base = base("occupied-stays");
        fs::create_dir_all(base.join("empty")).expect("a folder can be made");
        drop(Occupied::take(&base.join("empty")).expect("nobody occupies it"));
        assert!(base.join("empty").is_dir(), "an empty folder that was there is not ours");
        let occupied = Occupied::take(&base.join("run")).expect("nobody occupies it");
        fs::write(base.join("run/journal.jsonl"), "{}").expect("it can be written");
        drop(occupied);
        let left: Vec<_> = fs::read_dir(base.join("run")).expect("it stays").collect();
        assert_eq!(left.len(), 1, "only what was written: {left:?}");
        fs::remove_dir_all(base).expect("it can be removed");
    }

    #[test]
    fn parts_of_a_folder_are_occupied_side_by_side_and_each_once() {
        let base = base("occupied-parts");
        let one = Occupied::take_part(&base, "1-of-2").expect("nobody occupies it");
        let two = Occupied::take_part(&base, "2-of-2").expect("that is another part");
        for refused in [Occupied::take_part(&base, "1-of-2"), Occupied::take(&base)] {
            let error = refused.expect_err("it is occupied").to_string();
            assert!(
                error.contains(&format!("in use by process {}", std::process::id())),
                "{error}"
            );
        }
        drop(one);
        drop(Occupied::take_part(&base, "1-of-2").expect("nobody occupies it any more"));
        assert!(Occupied::take(&base).is_err(), "the other part is occupied still");
        drop(two);
        let whole = Occupied::take(&base).expect("nobody occupies it any more");
        assert!(Occupied::take_part(&base, "1-of-2").is_err(), "the whole is occupied");
        drop(whole);
        let left = fs::read_dir(&base).expect("the folder is there").count();
        assert_eq!(left, 0, "nothing was written, and no lock is left");
        fs::remove_dir(base).expect("it can be removed");
    }

    #[test]
    fn other_paths_to_a_folder_lead_to_the_same_lock() {
        let base = base("occupied-paths");
        let occupied = Occupied::take(&base.join("run")).expect("nobody occupies it");
        fs::write(base.join("run/journal.jsonl"), "{}").expect("it can be written");
        std::os::unix::fs::symlink(base.join("run"), base.join("link")).expect("a link");
        for path in ["link", "run/.", "run/../run"] {
            let error = Occupied::take(&base.join(path)).expect_err("it is occupied");
            assert_eq!(error.kind(), crate::error::Kind::BadInput);
            assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
        }
        drop(occupied);
        drop(Occupied::take(&base.join("link")).expect("nobody occupies it any more"));
        fs::remove_dir_all(base).expect("it can be removed");
    }
}
