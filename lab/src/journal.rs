//! The journal: everything that was decided, commanded and observed, one record a line.
//!
//! Each line is a JSON object `{"n":…,"prev":…,"record":…}`, where `prev` is the hash of the line before (32
//! hexadecimal digits of SHA-256). A torn last line is recognised and dropped; any changed byte breaks the
//! chain at a line that can be named. Everything else in a run folder can be rebuilt from it.

mod delivered;
mod line;
mod reader;
mod record;
mod sink;
mod writer;

pub use delivered::{Volumes, delivered, primed, pumped, unended};
pub use reader::{Journal, JournalError, read};
pub use record::{
    Answer, BlankRecord, CommandRecord, End, ExperimentRecord, Filled, Header, PhaseRecord,
    Proposal, Record, Resumed, SpectrumRecord, SpoiledRecord,
};
pub use sink::{Continued, Sink};
pub use writer::Writer;
