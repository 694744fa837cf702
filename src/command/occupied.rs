//! A folder that this process alone writes to, until it has finished or has been killed.
//!
//! The lock lies in the folder itself: whatever path leads there, everybody locks the same file.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use flowtwin_backends::lock::{Lock, LockError};
use flowtwin_campaign::folder::LOCK;

use crate::error::CommandError;

/// How often a folder is made again that somebody else has removed in the moment before it was locked.
const TRIES: usize = 50;

/// A folder that no other process writes to.
#[derive(Debug)]
pub(super) struct Occupied {
    path: PathBuf,
    lock: Option<Lock>,
    /// The folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
}

impl Occupied {
    /// Occupies a folder, which is made where there is none.
    ///
    /// # Errors
    /// If another process occupies it; the message says which one. If it cannot be made or locked.
    pub(super) fn take(path: &Path) -> Result<Self, CommandError> {
        if path.exists() && !path.is_dir() {
            return Err(CommandError::bad_input(format_args!("{} is no folder", path.display())));
        }
        let mut made = Vec::new();
        for _ in 0..TRIES {
            let missing = path.ancestors().take_while(|folder| is_missing(folder));
            let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
            missing.reverse();
            made.extend(missing);
            fs::create_dir_all(path).map_err(|error| CommandError::unwritable(path, &error))?;
            match Lock::take(&path.join(LOCK)) {
                Ok(lock) => return Ok(Self { path: path.to_owned(), lock: Some(lock), made }),
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
        if let Some(lock) = self.lock.take() {
            lock.dissolve();
        }
        // What holds anything stays.
        for folder in self.made.iter().rev() {
            let _is_not_empty = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
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
    fn other_paths_to_a_folder_lead_to_the_same_lock() {
        let base = base("occupied-paths");
        let occupied = Occupied::take(&base.join("run")).expect("nobody occupies it");
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
