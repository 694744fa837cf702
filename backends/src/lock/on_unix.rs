//! Locks of a Unix system.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

/// Whether an open file is still the one at this path.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let number = |file: fs::Metadata| (file.dev(), file.ino());
    let (here, there) = (file.metadata().map(number), fs::metadata(path).map(number));
    matches!((here, there), (Ok(here), Ok(there)) if here == there)
}

/// Holds a lock together with others; one that this process holds alone is turned into that.
pub(super) fn share(file: &File) -> Result<(), TryLockError> {
    flock(file, FlockOperation::NonBlockingLockShared).map_err(|error| match error {
        Errno::WOULDBLOCK => TryLockError::WouldBlock,
        error => TryLockError::Error(error.into()),
    })
}

/// Whether nobody else shares a lock that this process holds; it holds it alone then.
pub(super) fn is_held_alone(file: &File) -> bool {
    file.try_lock().is_ok()
}

/// Removes the file of a lock that is held alone.
pub(super) fn remove(path: &Path) {
    let _there_is_none = fs::remove_file(path);
}
