//! Reading a journal: a torn end is dropped, a changed byte is named.

use std::collections::BTreeMap;

use super::decided::Decided;
use super::line::{self, Line};
use super::recalibrated::Recalibrated;
use super::record::{
    Answer, BlankRecord, ExperimentRecord, Header, Record, SpoiledRecord, TaskRecord,
};
use crate::command::Command;
use crate::digest::sha256;
use crate::manifest::Level;
use crate::plain::in_plain_words;
use crate::study::{RampTask, Task};
use crate::time::Instant;

/// A journal that has been read and whose chain holds.
#[derive(Clone, Debug)]
pub struct Journal {
    records: Vec<Record>,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    last_hash: String,
    torn: usize,
}

/// Why a journal cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no complete record.
    #[error("the journal holds no complete record")]
    Empty,
    /// A line is not what was written.
    #[error("line {line} of the journal is damaged: {detail}")]
    Damaged {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        detail: String,
    },
    /// The first record is no header of a format this version reads.
    #[error("line 1 of the journal is no header of format 1 (found {found})")]
    Format {
        /// What is there.
        found: String,
    },
}

/// Reads a journal from its bytes.
///
/// A last line without its newline was torn by a crash and is left out ([`Journal::torn`]).
///
/// # Errors
/// If a line before that is not the one that was written, or the first is not a header.
pub fn read(bytes: &[u8]) -> Result<Journal, JournalError> {
    let mut journal = Journal {
        records: Vec::new(),
        bytes: Vec::new(),
        ends: Vec::new(),
        last_hash: line::GENESIS.into(),
        torn: 0,
    };
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|&b| b == b'\n') {
        journal.push(&rest[..=end])?;
        rest = &rest[end + 1..];
    }
    journal.torn = rest.len();
    journal.bytes = bytes[..bytes.len() - rest.len()].to_vec();
    match journal.records.first() {
        None => Err(JournalError::Empty),
        Some(Record::Header(header)) if header.schema == 1 => Ok(journal),
        Some(Record::Header(header)) => {
            Err(JournalError::Format { found: format!("format {}", header.schema) })
        }
        Some(_) => Err(JournalError::Format { found: "another record".into() }),
    }
}

impl Journal {
    fn push(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let number = self.records.len() as u64;
        let damaged = |detail: String| JournalError::Damaged { line: number + 1, detail };
        let line: Line<Record> =
            serde_json::from_slice(bytes).map_err(|error| damaged(in_plain_words(&error)))?;
        if line.n != number {
            return Err(damaged(format!("it is numbered {}, not {number}", line.n)));
        }
        if line.prev != self.last_hash {
            let one = "the line before it, or its own reference to it, was changed";
            return Err(damaged(one.into()));
        }
        // What is read must be what was written, to the byte, or the hash would vouch for another text.
        if line::render(line.n, &line.prev, &line.record).as_bytes() != bytes {
            return Err(damaged("it is not in the form in which it was written".into()));
        }
        self.last_hash = line::hash(bytes);
        self.ends.push(self.ends.last().copied().unwrap_or(0) + bytes.len());
        if let Record::Doubted(doubted) = &line.record {
            self.withdraw(&doubted.experiments);
        }
        self.records.push(line.record);
        Ok(())
    }

    /// Withdraws experiments that a later record doubts. Their lines stay as they were written.
    fn withdraw(&mut self, experiments: &[u64]) {
        for record in &mut self.records {
            if let Record::Experiment(experiment) = record
                && experiments.contains(&experiment.experiment)
            {
                experiment.withdraw();
            }
        }
    }

    /// All records in order.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The header.
    pub fn header(&self) -> &Header {
        match &self.records[0] {
            Record::Header(header) => header,
            _ => unreachable!("read() accepts no journal that begins otherwise"),
        }
    }

    /// The reference of the run, if it has been taken.
    pub fn blank(&self) -> Option<&BlankRecord> {
        self.records.iter().find_map(|r| if let Record::Blank(b) = r { Some(b) } else { None })
    }

    /// The finished experiments in order. Those that a later record doubts are flagged, and have no features.
    pub fn experiments(&self) -> impl Iterator<Item = &ExperimentRecord> {
        self.records.iter().filter_map(|r| match r {
            Record::Experiment(experiment) => Some(&**experiment),
            _ => None,
        })
    }

    /// The experiments that faults of the rig have spoiled, in order.
    pub fn spoiled(&self) -> impl Iterator<Item = &SpoiledRecord> {
        self.records.iter().filter_map(|r| match r {
            Record::Spoiled(spoiled) => Some(&**spoiled),
            _ => None,
        })
    }

    /// What people have decided on proposals, in order.
    pub fn decided(&self) -> impl Iterator<Item = &Decided> {
        self.records.iter().filter_map(|r| match r {
            Record::Decided(decided) => Some(&**decided),
            _ => None,
        })
    }

    /// How the shadow beside the run was calibrated anew, in order.
    pub fn recalibrated(&self) -> impl Iterator<Item = &Recalibrated> {
        self.records.iter().filter_map(|r| match r {
            Record::Recalibrated(recalibrated) => Some(&**recalibrated),
            _ => None,
        })
    }

    /// Lab time of the latest record: on a rig nothing that follows can have been earlier.
    pub fn last_at(&self) -> Instant {
        let times = self.records.iter().filter_map(Record::at);
        times.max().unwrap_or(Instant::START)
    }

    /// Whether the run came to its end.
    pub fn ended(&self) -> bool {
        matches!(self.records.last(), Some(Record::End(_)))
    }

    /// Whether the run is complete: it came to its end, and not all of its experiments failed.
    pub fn complete(&self) -> bool {
        self.ended() && !self.is_fruitless()
    }

    /// Whether experiments were done, and every one of them failed.
    pub(crate) fn is_fruitless(&self) -> bool {
        let mut experiments = self.experiments().peekable();
        experiments.peek().is_some() && experiments.all(|experiment| experiment.fault.is_some())
    }

    /// Whether commands follow behind the last record that was synced: of an experiment, or a filling, that has not ended.
    pub fn is_amid_an_experiment(&self) -> bool {
        self.records.last().is_some_and(|record| !record.is_durable())
    }

    /// Number of bytes of a torn last line that were left out.
    pub fn torn(&self) -> usize {
        self.torn
    }

    /// The bytes of all complete lines.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Hash of the last complete line.
    pub(crate) fn last_hash(&self) -> &str {
        &self.last_hash
    }

    /// SHA-256 of all complete lines \[hexadecimal\].
    pub fn sha256(&self) -> String {
        sha256(&self.bytes)
    }

    /// The ramps of a study by their numbers, from 1; of one that was begun anew, the last.
    pub fn ramps(&self) -> BTreeMap<u64, RampTask> {
        let ramp = |record: &Record| match record {
            Record::Task(TaskRecord { number, task: Task::Ramp(ramp), .. }) => {
                Some((*number, ramp.clone()))
            }
            _ => None,
        };
        self.records.iter().filter_map(ramp).collect()
    }

    /// This journal with one more record.
    ///
    /// # Panics
    /// If the record is a header.
    #[must_use]
    pub fn with(&self, record: &Record) -> Self {
        let mut more = self.clone();
        let text = line::render(self.records.len() as u64, &self.last_hash, record);
        more.push(text.as_bytes()).expect("what is rendered can be read");
        more.bytes.extend_from_slice(text.as_bytes());
        more
    }

    /// The bytes up to and with the last record that was synced to the disk: what a resumed simulation keeps, and repeats
    /// to the byte.
    ///
    /// Commands behind it belong to an experiment that was not finished. On a rig they have happened: there they stay.
    pub fn durable_bytes(&self) -> &[u8] {
        let durable = self.records.iter().rposition(Record::is_durable);
        let kept = durable.and_then(|last| self.comes_again(last));
        kept.map_or(&[], |i| &self.bytes[..self.ends[i]])
    }

    /// The last record up to `last` that comes again when a simulation is repeated. A lab that runs whole experiments by itself is
    /// a program outside this one: what it could not do behind its last experiment, it may do the next time.
    fn comes_again(&self, last: usize) -> Option<usize> {
        if self.header().manifest.level != Level::Experiments {
            return Some(last);
        }
        let is_done = |record: &Record| matches!(record, Record::Blank(_) | Record::Experiment(_));
        let done = self.records[..=last].iter().rposition(is_done);
        let was_in_vain = |record: &Record| match record {
            Record::Spoiled(_) => true,
            Record::Command(command) => {
                matches!(command.send, Command::Fill { .. }) && command.answer != Answer::Done
            }
            _ => false,
        };
        let behind = &self.records[done.map_or(0, |i| i + 1)..];
        if behind.iter().any(was_in_vain) { done } else { Some(last) }
    }
}
