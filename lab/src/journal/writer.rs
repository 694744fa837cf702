//! Writing a journal.

use std::io;

use sha2::{Digest as _, Sha256};

use super::line;
use super::reader::{Journal, read};
use super::record::Record;
use super::seal::Seal;
use super::sink::Sink;
use crate::digest::hex;

/// Appends records to a journal, each chained to the one before.
#[derive(Debug)]
pub struct Writer<S> {
    sink: S,
    next: u64,
    prev: String,
    digest: Sha256,
    failed: bool,
    promptly: bool,
    /// What has been written, where somebody reads it meanwhile.
    kept: Option<Vec<u8>>,
}

impl<S: Sink> Writer<S> {
    /// A writer of a new journal.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            next: 0,
            prev: line::GENESIS.into(),
            digest: Sha256::new(),
            failed: false,
            promptly: false,
            kept: None,
        }
    }

    /// A writer that goes on behind the last record of `journal`, whose lines `sink` holds already.
    pub fn after(journal: &Journal, sink: S) -> Self {
        let mut digest = Sha256::new();
        digest.update(journal.bytes());
        Self {
            sink,
            next: journal.records().len() as u64,
            prev: journal.last_hash().into(),
            digest,
            failed: false,
            promptly: false,
            kept: None,
        }
    }

    /// The same writer, which has on the disk what is intended before it goes on: on a real rig what is in a syringe must be
    /// known even after a power cut.
    #[must_use]
    pub fn promptly(self) -> Self {
        Self { promptly: true, ..self }
    }

    /// The same writer, which keeps what it writes in memory as well, behind the lines `there` that its sink holds already.
    #[must_use]
    pub fn keeping(self, there: &[u8]) -> Self {
        Self { kept: Some(there.to_vec()), ..self }
    }

    /// The journal up to now; none where nothing is kept or was written.
    pub fn so_far(&self) -> Option<Journal> {
        read(self.kept.as_deref()?).ok()
    }

    /// Whether what is intended is written before it is done.
    pub(crate) fn is_prompt(&self) -> bool {
        self.promptly
    }

    /// Appends a record. An experiment, the blank and the end are on the disk when this returns.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking it. From then on nothing more is written: a journal with a hole
    /// would be no journal.
    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        if self.failed {
            return Err(io::Error::other("an earlier record of this journal could not be written"));
        }
        let text = line::render(self.next, &self.prev, record);
        let result = self.sink.append(text.as_bytes());
        let durable = record.is_durable() || self.promptly && matches!(record, Record::Intended(_));
        self.digest.update(text.as_bytes());
        self.kept.iter_mut().for_each(|kept| kept.extend_from_slice(text.as_bytes()));
        self.prev = line::hash(text.as_bytes());
        let seal = Seal::new(self.next, &self.prev);
        self.next += 1;
        let synced = |sink: &mut S| sink.sync().and_then(|()| sink.seal(&seal));
        let result = result.and_then(|()| if durable { synced(&mut self.sink) } else { Ok(()) });
        self.failed = result.is_err();
        result
    }

    /// Number of records written.
    pub fn records(&self) -> u64 {
        self.next
    }

    /// SHA-256 of everything written \[hexadecimal\].
    pub fn sha256(&self) -> String {
        hex(&self.digest.clone().finalize())
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Hands the sink back.
    pub fn into_sink(self) -> S {
        self.sink
    }
}
