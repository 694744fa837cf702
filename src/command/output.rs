//! Files that a command writes where it was told to, and beside that where they would replace others.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::occupied::Occupied;
use super::run_folder::numbered;
use crate::console;
use crate::error::{CommandError, Kind};

/// Has `write` write files into a folder. Where any of them would replace another with something else in it, all go into a
/// folder with the next number, and that is said. Returns where they are, in order of name.
///
/// # Errors
/// If another process writes there, or if a file cannot be written.
pub(super) fn into_folder(
    folder: &Path,
    write: impl FnOnce(&Path) -> Result<(), CommandError>,
) -> Result<Vec<PathBuf>, CommandError> {
    let occupied = Occupied::take(folder)?;
    let fresh = occupied.path().join(".unfinished");
    let unwritable = |error| CommandError::unwritable(&fresh, &error);
    // What a killed process has left; no other writes here now.
    if fresh.exists() {
        fs::remove_dir_all(&fresh).map_err(unwritable)?;
    }
    fs::create_dir(&fresh).map_err(unwritable)?;
    let moved = write(&fresh).and_then(|()| moved(&fresh, folder));
    let removed = fs::remove_dir_all(&fresh).map_err(unwritable);
    moved.and_then(|moved| removed.map(|()| moved))
}

/// Moves the files of a folder into `folder`, or one with a number.
fn moved(fresh: &Path, folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let unreadable = |error| CommandError::unwritable(fresh, &error);
    let entries = fs::read_dir(fresh).map_err(unreadable)?;
    let files = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>();
    let mut files = files.map_err(unreadable)?;
    files.sort();
    let into = |folder: &Path| {
        let place = |file: &PathBuf| folder.join(file.file_name().unwrap_or_default());
        let free = files.iter().all(|file| is_free(&place(file), file));
        free.then(|| files.iter().map(|file| (file.clone(), place(file))).collect::<Vec<_>>())
    };
    let (places, _occupied) = match into(folder) {
        Some(places) => (places, None),
        None => {
            let (places, occupied) = next_free(folder, into)?;
            let (there, here) = (folder.display(), occupied.path().display());
            console::say_line(format_args!("{there} holds other files, which stay: see {here}"));
            (places, Some(occupied))
        }
    };
    for (file, place) in &places {
        fs::rename(file, place).map_err(|error| CommandError::unwritable(place, &error))?;
    }
    Ok(places.into_iter().map(|(_, place)| place).collect())
}

/// The first folder with a number that `into` takes.
fn next_free<T>(
    folder: &Path,
    into: impl Fn(&Path) -> Option<T>,
) -> Result<(T, Occupied), CommandError> {
    let mut number = 2;
    loop {
        match Occupied::take(&numbered(folder, number)) {
            Ok(occupied) => {
                if let Some(found) = into(occupied.path()) {
                    return Ok((found, occupied));
                }
            }
            // It is in use, or no folder.
            Err(error) if error.kind() == Kind::BadInput => {}
            Err(error) => return Err(error),
        }
        number += 1;
    }
}

/// Whether nothing is lost where `file` takes this place.
fn is_free(place: &Path, file: &Path) -> bool {
    !place.exists() || fs::read(place).is_ok_and(|there| fs::read(file).is_ok_and(|it| it == there))
}

/// Has `write` write a file. Where it would replace one with something else in it, it gets a name with the next number,
/// `table-2.csv`, and that is said. Returns where it is.
///
/// # Errors
/// If it cannot be written.
pub(super) fn into_file(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), CommandError>,
) -> Result<PathBuf, CommandError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fresh = path.with_file_name(format!(".{}-{name}", std::process::id()));
    let written = write(&fresh).and_then(|()| linked(&fresh, path));
    let _removed = fs::remove_file(&fresh);
    let place = written?;
    if place != path {
        let (there, here) = (path.display(), place.display());
        console::say_line(format_args!("{there} is something else, which stays: see {here}"));
    }
    Ok(place)
}

/// Gives a file the first name that is free. No file that is there is ever replaced, whoever else is at work.
fn linked(fresh: &Path, path: &Path) -> Result<PathBuf, CommandError> {
    let mut number = 1;
    loop {
        let place = if number == 1 { path.to_owned() } else { with_number(path, number) };
        match fs::hard_link(fresh, &place) {
            Ok(()) => return Ok(place),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if is_free(&place, fresh) {
                    return Ok(place);
                }
            }
            // A disk without a second name for a file.
            Err(_) if !place.exists() => {
                let renamed = fs::rename(fresh, &place);
                return renamed
                    .map(|()| place.clone())
                    .map_err(|error| CommandError::unwritable(&place, &error));
            }
            Err(error) => return Err(CommandError::unwritable(&place, &error)),
        }
        number += 1;
    }
}

/// `table-2.csv` for `table.csv`.
fn with_number(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let end = path.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{end}"))
}
