//! The journal: everything that was decided, commanded and observed, one record a line.
//!
//! Each line is a JSON object `{"n":…,"prev":…,"record":…}`, where `prev` is the hash of the line before (32
//! hexadecimal digits of SHA-256). A torn last line is recognised and dropped; any changed byte breaks the
//! chain at a line that can be named. A [`Seal`] proves the last line; it is kept beside the
//! journal. Everything else in a run folder can be rebuilt from it.

mod decided;
mod delivered;
mod doubted;
mod flows;
mod line;
mod reader;
mod recalibrated;
mod record;
mod salvage;
mod seal;
mod sink;
mod stopped;
#[cfg(test)]
mod tests;
mod writer;

pub use decided::{Decided, Decision};
pub use delivered::{Book, Volumes, delivered, drawn, held, lost, primed, pumped, unended};
pub use doubted::Doubted;
pub use flows::flows;
pub use reader::{Journal, JournalError, read};
pub use recalibrated::Recalibrated;
pub use record::{
    Answer, Asked, BlankRecord, CommandRecord, End, ExperimentRecord, Filled, Header, Intended,
    PhaseRecord, Proposal, Record, Resumed, SpectrumRecord, SpoiledRecord, TaskRecord,
};
pub use salvage::{Legible, Salvage, salvage};
pub use seal::{Seal, read_sealed};
pub use sink::{Continued, Sink};
pub use stopped::stopped_by;
pub use writer::Writer;
