//! Places in a journal.

use std::fmt;
use std::hash::Hasher as _;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::str::FromStr;

/// The position after a line of a journal, and how to recognise that line.
///
/// A line of a journal carries the hash of the one before: where one line is the same, all before it are. So a browser that comes
/// back after a run folder was replaced is not taken to be in the middle of the new run, however long that is.
///
/// As text, which a browser keeps as the number of an event: `END-START-CHECKSUM`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where the next line begins \[bytes\].
    pub(crate) end: u64,
    start: u64,
    checksum: u64,
}

impl Place {
    /// The place behind a line, which is given without its end.
    pub(crate) fn of(start: u64, line: &[u8]) -> Self {
        Self { end: start + line.len() as u64 + 1, start, checksum: checksum(line) }
    }

    /// Whether a file has this line at this place; `longest` bounds what is read \[bytes\].
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn is_in(&self, file: &mut std::fs::File, longest: usize) -> io::Result<bool> {
        if *self == Self::default() {
            return Ok(true);
        }
        let length = self.end.saturating_sub(self.start);
        if length == 0 || length > longest as u64 || file.metadata()?.len() < self.end {
            return Ok(false);
        }
        let mut line = Vec::new();
        file.seek(SeekFrom::Start(self.start))?;
        file.by_ref().take(length).read_to_end(&mut line)?;
        Ok(line.pop() == Some(b'\n') && Self::of(self.start, &line) == *self)
    }
}

fn checksum(line: &[u8]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(line);
    hasher.finish()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:016x}", self.end, self.start, self.checksum)
    }
}

/// Any other text is not a position.
impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<&str> = text.split('-').collect();
        let [end, start, checksum] = parts[..] else { return Err(()) };
        Ok(Self {
            end: end.parse().map_err(|_| ())?,
            start: start.parse().map_err(|_| ())?,
            checksum: u64::from_str_radix(checksum, 16).map_err(|_| ())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place::of(7, b"a line");
        assert_eq!(place.to_string().parse(), Ok(place));
        assert_eq!(place.end, 14);
        for wrong in ["", "7", "7-1", "7-1-x", "1-2-3-4", "-1-2-3"] {
            assert_eq!(wrong.parse::<Place>(), Err(()), "{wrong}");
        }
    }
}
