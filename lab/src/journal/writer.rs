//! Writing a journal.

use std::io;

use sha2::{Digest as _, Sha256};

use super::line;
use super::reader::Journal;
use super::record::Record;
use super::sink::Sink;

/// Appends records to a journal, each chained to the one before.
#[derive(Debug)]
pub struct Writer<S> {
    sink: S,
    next: u64,
    prev: String,
    digest: Sha256,
    failed: bool,
}

impl<S: Sink> Writer<S> {
    /// A writer of a new journal.
    pub fn new(sink: S) -> Self {
        Self { sink, next: 0, prev: line::GENESIS.into(), digest: Sha256::new(), failed: false }
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
        }
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
        let durable = matches!(
            record,
            Record::Header(_) | Record::Blank(_) | Record::Experiment(_) | Record::End(_)
        );
        let result = self.sink.append(text.as_bytes());
        let result = result.and_then(|()| if durable { self.sink.sync() } else { Ok(()) });
        self.failed = result.is_err();
        self.digest.update(text.as_bytes());
        self.prev = line::hash(text.as_bytes());
        self.next += 1;
        result
    }

    /// Number of records written.
    pub fn records(&self) -> u64 {
        self.next
    }

    /// SHA-256 of everything written \[hexadecimal\].
    pub fn sha256(&self) -> String {
        self.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
