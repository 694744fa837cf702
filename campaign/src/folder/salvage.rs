//! A journal that is damaged: what is good is kept, the rest is set aside, and the run can go on.

use std::path::{Path, PathBuf};

use flowtwin_lab::PumpId;
use flowtwin_lab::journal::{
    self, Journal, JournalError, Legible, Record, Salvage, Seal, lost, read_sealed,
};

use super::disk::{Disk, OnDisk, put};
use super::{FolderError, JOURNAL, SEAL, unreadable, unwritable};
use crate::hardware::CERTIFICATE;

/// What was done with a damaged journal.
#[derive(Clone, Debug)]
pub struct Salvaged {
    /// What was wrong.
    pub why: JournalError,
    /// Number of lines that were kept.
    pub lines: usize,
    /// Number of experiments in them.
    pub experiments: usize,
    /// Where the rest is; none where lines are missing at the end.
    pub aside: Option<PathBuf>,
    /// What can be read of the rest.
    pub legible: Legible,
    /// On a real rig, what pumps may have delivered by the rest and now counts as pumped \[µL\]; none in a simulation, which
    /// is repeated.
    pub pumped_ul: Option<Vec<(PumpId, f64)>>,
}

/// Keeps of a damaged journal what is good, and sets the rest aside in a file of its own; none if it is not damaged.
///
/// # Errors
/// If there is no journal, if not even its header is good, or if a file cannot be written.
pub fn salvage(folder: &Path) -> Result<Option<Salvaged>, FolderError> {
    salvage_on(&OnDisk, folder)
}

/// As [`salvage`], on another disk.
///
/// # Errors
/// As [`salvage`].
pub fn salvage_on(disk: &dyn Disk, folder: &Path) -> Result<Option<Salvaged>, FolderError> {
    let path = folder.join(JOURNAL);
    let bytes = disk.read(&path).map_err(|error| unreadable(&path, &error))?;
    let bytes = bytes.ok_or_else(|| super::no_run(folder))?;
    let seal = seal(disk, folder);
    let Some(salvage) = taken_apart(disk, folder, &bytes, seal.as_ref())? else { return Ok(None) };
    let Salvage { journal, aside, why } = salvage;
    let legible = Legible::of(&aside);
    let more = match is_of_a_rig(disk, folder, &journal) {
        true => lost(&journal, &legible),
        false => Vec::new(),
    };
    let (lines, experiments) = (journal.records().len(), journal.experiments().count());
    let whole = more.iter().fold(journal, |journal, record| journal.with(record));
    let keep = || {
        // In this order, so that at every moment all that was there is in one file or the other, and no seal is believed
        // that is on another journal.
        let aside = (!aside.is_empty()).then(|| set_aside(disk, folder, &aside)).transpose()?;
        put(disk, &folder.join(SEAL), b"")?;
        put(disk, &path, whole.bytes())?;
        disk.write(&folder.join(SEAL), Seal::of(&whole).text().as_bytes())?;
        Ok(aside)
    };
    let aside = keep().map_err(|error| unwritable(&path, error))?;
    let pumped = |record: &Record| match record {
        Record::Resumed(resumed) => resumed.lost_ul.clone(),
        _ => Vec::new(),
    };
    let pumped_ul = more.last().map(pumped);
    Ok(Some(Salvaged { why, lines, experiments, aside, legible, pumped_ul }))
}

fn taken_apart(
    disk: &dyn Disk,
    folder: &Path,
    bytes: &[u8],
    seal: Option<&Seal>,
) -> Result<Option<Salvage>, FolderError> {
    let found = journal::salvage(bytes, seal).map_err(|error| {
        let message = format!("{}: {error}", folder.join(JOURNAL).display());
        FolderError::bad_input(message).hint("nothing of it can be kept; restore it from a copy")
    })?;
    if found.is_some() {
        return Ok(found);
    }
    let journal = read_sealed(bytes, seal).expect("it is not damaged");
    let missing = seal.filter(|_| is_of_a_rig(disk, folder, &journal));
    let why = missing.and_then(|seal| lines_missing(&journal, seal));
    let aside = bytes[journal.bytes().len()..].to_vec();
    Ok(why.map(|why| Salvage { journal, aside, why }))
}

/// What is wrong with a journal that ends before a line that was on the disk.
pub(super) fn lines_missing(journal: &Journal, seal: &Seal) -> Option<JournalError> {
    let lines = journal.records().len() as u64;
    let missing = (seal.line() + 1).checked_sub(lines).filter(|&missing| missing > 0)?;
    let detail = format!("it is missing; the journal had {missing} lines more");
    Some(JournalError::Damaged { line: lines + 1, detail })
}

/// Whether what a journal records has happened and cannot be done again: a rig, or emulated instruments in its place.
fn is_of_a_rig(disk: &dyn Disk, folder: &Path, journal: &Journal) -> bool {
    let is_rehearsed = || disk.read(&folder.join(CERTIFICATE)).is_ok_and(|found| found.is_some());
    !journal.header().simulated || is_rehearsed()
}

/// The seal on the last line of the journal of a folder, where there is one that can be read.
pub(super) fn seal(disk: &dyn Disk, folder: &Path) -> Option<Seal> {
    disk.read(&folder.join(SEAL)).ok().flatten().and_then(|bytes| Seal::read(&bytes))
}

/// Writes what is cut from a journal into a file of its own, `journal.aside-1.jsonl` or with a higher number. What is set
/// aside already is not set aside again.
pub(super) fn set_aside(disk: &dyn Disk, folder: &Path, bytes: &[u8]) -> std::io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let path = folder.join(format!("journal.aside-{number}.jsonl"));
        match disk.read(&path)? {
            None => return put(disk, &path, bytes).map(|()| path),
            Some(there) if there == bytes => return Ok(path),
            Some(_) => number += 1,
        }
    }
}
