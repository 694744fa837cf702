//! Writing what was asked for with `--out`.

use std::fs;
use std::path::Path;

use crate::error::CommandError;

/// Writes a file, and the folders that lead to it.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| CommandError::unwritable(path, &error))
}
