//! What proves the last line of a journal, as each line proves the one before.

use super::line;
use super::reader::{Journal, JournalError, read};

/// Number and hash of the last line that was synced to the disk.
///
/// It is kept beside the journal, not in it. One that was torn or damaged itself is recognised and says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    n: u64,
    hash: String,
}

impl Seal {
    /// The seal on line `n`, counted from 0, with this hash.
    pub(super) fn new(n: u64, hash: &str) -> Self {
        Self { n, hash: hash.to_owned() }
    }

    /// The seal on the last complete line of a journal.
    pub fn of(journal: &Journal) -> Self {
        Self::new(journal.records().len() as u64 - 1, journal.last_hash())
    }

    /// Number of the line, from 0.
    pub fn line(&self) -> u64 {
        self.n
    }

    /// Whether it is on line `n` and says that this is the line.
    pub(super) fn vouches_for(&self, n: usize, bytes: &[u8]) -> bool {
        self.n == n as u64 && self.hash == line::hash(bytes)
    }

    /// Whether it is on the last line of `journal` and says that this is not the line that was written.
    pub(super) fn denies(&self, journal: &Journal) -> bool {
        self.n + 1 == journal.records().len() as u64 && self.hash != journal.last_hash()
    }

    /// What is kept of it: one line, always of the same length.
    pub fn text(&self) -> String {
        let body = format!("{:012} {}", self.n, self.hash);
        let check = line::hash(body.as_bytes());
        format!("{body} {check}\n")
    }

    /// Reads what was kept; none if it is not what was written.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (n, rest) = text.split_once(' ')?;
        let seal = Self::new(n.parse().ok()?, rest.split_once(' ')?.0);
        (seal.text() == text).then_some(seal)
    }
}

/// Reads a journal as [`read`] does, and holds its last line against the seal on it.
///
/// # Errors
/// As [`read`]; and if the last line is not the one that was sealed.
pub fn read_sealed(bytes: &[u8], seal: Option<&Seal>) -> Result<Journal, JournalError> {
    let journal = read(bytes)?;
    match seal {
        Some(seal) if seal.denies(&journal) => Err(JournalError::Damaged {
            line: seal.line() + 1,
            detail: "it is not the last line that was written".into(),
        }),
        _ => Ok(journal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_read_as_it_was_written_and_not_at_all_where_any_byte_has_changed() {
        let seal = Seal::new(41, line::GENESIS);
        let text = seal.text().into_bytes();
        assert_eq!(Seal::read(&text), Some(seal.clone()));
        assert_eq!(Seal::new(7, line::GENESIS).text().len(), text.len());
        for i in 0..text.len() {
            let mut changed = text.clone();
            changed[i] ^= 1;
            assert_eq!(Seal::read(&changed), None, "byte {i}");
            assert_eq!(Seal::read(&text[..i]), None, "torn at byte {i}");
        }
        assert_eq!(Seal::read(&[&text[..], b"\n"].concat()), None);
    }

    #[test]
    fn a_seal_vouches_for_one_line_only() {
        let seal = Seal::new(3, &line::hash(b"line\n"));
        assert!(seal.vouches_for(3, b"line\n"));
        assert!(!seal.vouches_for(3, b"lime\n") && !seal.vouches_for(2, b"line\n"));
        assert_eq!(seal.line(), 3);
    }
}
