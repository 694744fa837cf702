//! Locks of Windows, as far as the standard library knows them.
//!
//! The file of a lock is never removed: the standard library does not tell whether an open file is still the one at a path.
//! A handle that has locked a file keeps itself out as it does others, so the lock is let go of before it becomes another one.

use std::fs::{File, TryLockError};
use std::path::Path;

/// Whether an open file is still the one at this path: nobody removes it.
pub(super) fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

/// Holds a lock together with others; one that this process holds alone is turned into that.
pub(super) fn share(file: &File) -> Result<(), TryLockError> {
    let _was_not_held = file.unlock();
    file.try_lock_shared()
}

/// Whether nobody else shares a lock that this process holds; it holds it alone then.
pub(super) fn is_held_alone(file: &File) -> bool {
    let _was_not_held = file.unlock();
    file.try_lock().is_ok()
}

/// Leaves the file of a lock where it is.
pub(super) fn remove(_path: &Path) {}
