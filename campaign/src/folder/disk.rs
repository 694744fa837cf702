//! What a run folder asks of a disk, step by step, so that a test can cut the power between any two steps.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flowtwin_lab::journal::Sink;

/// A disk with folders and files.
///
/// What was written is safe from a power cut once its file was synced, and its name once its folder was.
///
/// ```
/// use flowtwin_campaign::folder::{Disk as _, OnDisk};
///
/// # fn main() -> std::io::Result<()> {
/// let folder = std::env::temp_dir().join("flowtwin-disk-example");
/// if OnDisk.list(&folder)?.is_none() {
///     OnDisk.make_folder(&folder)?;
/// }
/// // In place of a file that is there, or not at all: a reader never sees half of it.
/// OnDisk.write(&folder.join("new"), b"whole")?;
/// OnDisk.rename(&folder.join("new"), &folder.join("table.csv"))?;
/// OnDisk.sync_folder(&folder)?;
/// assert_eq!(OnDisk.read(&folder.join("table.csv"))?.as_deref(), Some(&b"whole"[..]));
/// # std::fs::remove_dir_all(&folder)
/// # }
/// ```
pub trait Disk: fmt::Debug {
    /// The names in a folder; none if there is no such folder.
    ///
    /// # Errors
    /// If it cannot be read.
    fn list(&self, folder: &Path) -> io::Result<Option<Vec<OsString>>>;

    /// What is in a file; none if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Makes a folder in one that is there.
    ///
    /// # Errors
    /// If it cannot be made.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;

    /// Opens a file, which is made where there is none, to write behind its first `keep` bytes; others are cut.
    ///
    /// # Errors
    /// If it cannot be opened or cut.
    fn open(&self, path: &Path, keep: u64) -> io::Result<Box<dyn Sink>>;

    /// Writes a file without syncing it: after a power cut anything may be in it.
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file another name in its folder, in place of one that has that name.
    ///
    /// # Errors
    /// If it cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns once the names in a folder would survive a power cut.
    ///
    /// # Errors
    /// Whatever keeps it from being so.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The disk of this computer.
#[derive(Clone, Copy, Debug)]
pub struct OnDisk;

/// Nothing, where there is no such file or folder.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Disk for OnDisk {
    fn list(&self, folder: &Path) -> io::Result<Option<Vec<OsString>>> {
        let Some(entries) = there(fs::read_dir(folder))? else { return Ok(None) };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        names.collect::<io::Result<_>>().map(Some)
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        there(fs::read(path))
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        match fs::create_dir(folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
            made => made,
        }
    }

    fn open(&self, path: &Path, keep: u64) -> io::Result<Box<dyn Sink>> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(false).open(path)?;
        file.set_len(keep)?;
        file.seek(SeekFrom::Start(keep))?;
        Ok(Box::new(file))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::File::open(folder)?.sync_all()
    }

    /// Windows opens no folder as a file; its file system keeps a journal of names, which a power cut may set back by moments.
    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }
}

/// Makes a folder and those around it, where they are missing. They survive a power cut.
///
/// # Errors
/// If one cannot be made.
pub fn make_folders(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let mut missing: Vec<&Path> = Vec::new();
    for folder in folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty()) {
        if disk.list(folder)?.is_some() {
            break;
        }
        missing.push(folder);
    }
    for folder in missing.into_iter().rev() {
        disk.make_folder(folder)?;
        disk.sync_folder(around(folder))?;
    }
    Ok(())
}

/// The folder in which a file or folder is.
fn around(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// The name under which a file is written before it is renamed.
pub(super) fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.part"))
}

/// Writes a file whole or not at all, in place of one that has its name. It survives a power cut.
///
/// # Errors
/// If it cannot be written.
pub fn put(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = unfinished(path);
    let mut file = disk.open(&unfinished, 0)?;
    file.append(bytes)?;
    file.sync()?;
    drop(file);
    disk.rename(&unfinished, path)?;
    disk.sync_folder(around(path))
}
