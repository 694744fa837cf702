//! One line of a journal, and the chain from line to line.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::record::Record;
use crate::digest::hex;

/// `prev` of the first line.
pub(super) const GENESIS: &str = "00000000000000000000000000000000";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<R> {
    /// Number of the line, from 0.
    pub(super) n: u64,
    /// Hash of the line before.
    pub(super) prev: String,
    /// What is recorded.
    pub(super) record: R,
}

/// The text of a line, newline included.
pub(super) fn render(n: u64, prev: &str, record: &Record) -> String {
    let line = Line { n, prev: prev.to_owned(), record };
    let mut text = serde_json::to_string(&line).expect("a record is plain data");
    text.push('\n');
    text
}

/// The hash by which the next line refers to this one: 32 hexadecimal digits of its SHA-256.
pub(super) fn hash(line: &[u8]) -> String {
    let digest = Sha256::digest(line);
    hex(&digest[..16])
}
