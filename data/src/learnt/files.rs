//! Writes the files of `--out`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::DataError;

/// Writes a file, and the folders that lead to it.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, text: &str) -> Result<(), DataError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| DataError::Write { path: path.to_owned(), error })
}

/// Writes several files into a folder and returns where they are.
pub(crate) fn write_all(
    folder: &Path,
    files: &[(&str, String)],
) -> Result<Vec<PathBuf>, DataError> {
    let written = |(name, text): &(&str, String)| {
        let path = folder.join(name);
        write(&path, text).map(|()| path)
    };
    files.iter().map(written).collect()
}
