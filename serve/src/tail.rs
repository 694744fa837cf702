//! The lines of a journal as they are written.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::place::Place;

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// Longest line that is read \[bytes\]: far above that of an experiment with several spectra.
const LONGEST: usize = 32 * 1024 * 1024;

/// Reads the complete lines of a journal behind a place in it.
///
/// It keeps nothing of what it has read: a slow reader costs no memory.
#[derive(Clone, Debug)]
pub struct Tail {
    path: PathBuf,
    last: Place,
}

/// Complete lines, and where in the file they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    bytes: Vec<u8>,
    start: u64,
}

impl Lines {
    /// Each line without its end, with the places in the file at which it begins and at which the next one does.
    pub fn each(&self) -> impl Iterator<Item = (u64, u64, &[u8])> {
        let mut start = self.start;
        self.bytes.split_inclusive(|&byte| byte == b'\n').map(move |line| {
            let begin = start;
            start += line.len() as u64;
            (begin, start, &line[..line.len() - 1])
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Tail {
    /// From the beginning of a file.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), last: Place::default() }
    }

    /// From behind a line; from the beginning if this is not the file of the remembered position.
    pub(crate) fn from(path: &Path, last: Place) -> Self {
        let is_in = |mut file| last.is_in(&mut file, LONGEST + CHUNK);
        let last = match File::open(path).and_then(is_in) {
            Ok(true) => last,
            _ => Place::default(),
        };
        Self { path: path.to_owned(), last }
    }

    /// The place in the file up to which it has read \[bytes\].
    pub fn at(&self) -> u64 {
        self.last.end
    }

    /// The next complete lines: some 64 KiB of them, or one that is longer; none where no more are written yet. Begins
    /// again where the file is another.
    ///
    /// # Errors
    /// If the file cannot be read, or holds a line that no journal has.
    pub fn read(&mut self) -> io::Result<Lines> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Lines::default()),
            file => file?,
        };
        if file.metadata()?.len() == self.at() {
            return Ok(Lines::default());
        }
        if !self.last.is_in(&mut file, LONGEST + CHUNK)? {
            self.last = Place::default();
        }
        let start = self.at();
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        loop {
            let before = bytes.len();
            file.by_ref().take(CHUNK as u64).read_to_end(&mut bytes)?;
            let end = bytes[before..].iter().rposition(|&byte| byte == b'\n');
            if let Some(end) = end {
                bytes.truncate(before + end + 1);
                break;
            }
            if bytes.len() == before {
                bytes.clear();
                break;
            }
            if bytes.len() > LONGEST {
                return Err(io::Error::new(ErrorKind::InvalidData, "a line without an end"));
            }
        }
        let lines = Lines { bytes, start };
        self.last = lines.each().last().map_or(self.last, |(at, _, line)| Place::of(at, line));
        Ok(lines)
    }
}

/// The line that begins at this place, without its end; none where none does.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn line_at(path: &Path, at: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    if at > 0 {
        file.seek(SeekFrom::Start(at - 1))?;
        let mut before = Vec::new();
        file.by_ref().take(1).read_to_end(&mut before)?;
        if before != b"\n" {
            return Ok(None);
        }
    }
    let mut line = Vec::new();
    BufReader::new(file).take(LONGEST as u64).read_until(b'\n', &mut line)?;
    Ok((line.pop() == Some(b'\n')).then_some(line))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::io::Write as _;

    use super::*;

    fn file(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("flowtwin-tail-{name}-{}", std::process::id()))
    }

    fn append(path: &Path, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn texts(lines: &Lines) -> Vec<(u64, u64, String)> {
        let text = |line: &[u8]| String::from_utf8(line.to_vec()).unwrap();
        lines.each().map(|(from, to, line)| (from, to, text(line))).collect()
    }

    #[test]
    fn a_line_is_read_once_it_is_complete() {
        let path = file("complete");
        let mut tail = Tail::new(&path);
        assert!(tail.read().unwrap().is_empty(), "there is no file yet");
        append(&path, "one\ntw");
        assert_eq!(texts(&tail.read().unwrap()), [(0, 4, "one".into())]);
        assert!(tail.read().unwrap().is_empty());
        append(&path, "o\n");
        assert_eq!(texts(&tail.read().unwrap()), [(4, 8, "two".into())]);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn lines_longer_than_a_chunk_are_read_whole_and_short_ones_a_chunk_at_a_time() {
        let path = file("long");
        let long = "x".repeat(3 * CHUNK);
        append(&path, &format!("{long}\nshort\n"));
        append(&path, &"y\n".repeat(2 * CHUNK));
        let mut tail = Tail::new(&path);
        let first = tail.read().unwrap();
        assert!(first.each().next().unwrap().2 == long.as_bytes());
        let mut bytes = first.bytes.len();
        loop {
            let lines = tail.read().unwrap();
            if lines.is_empty() {
                break;
            }
            assert!(lines.bytes.len() <= CHUNK);
            bytes += lines.bytes.len();
        }
        assert_eq!(bytes as u64, fs::metadata(&path).unwrap().len());
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn whoever_comes_back_goes_on_behind_the_line_they_know_and_else_begins_again() {
        let path = file("back");
        append(&path, "one\ntwo\n");
        let from = |place| texts(&Tail::from(&path, place).read().unwrap());
        assert_eq!(from(Place::of(0, b"one")), [(4, 8, "two".into())]);
        assert_eq!(from(Place::of(4, b"two")), []);
        assert_eq!(from(Place::of(0, b"own")).len(), 2, "another line is there");
        assert_eq!(from(Place::of(1, b"ne")).len(), 1, "the end of that line is known");
        assert_eq!(from(Place::of(99, b"one")).len(), 2, "behind the end");
        let line = |at| line_at(&path, at).unwrap();
        assert_eq!((line(0), line(4)), (Some(b"one".into()), Some(b"two".into())));
        assert_eq!((line(1), line(8), line(99)), (None, None, None));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_that_was_replaced_is_read_from_its_beginning_however_long_it_is() {
        let path = file("replaced");
        append(&path, "one\ntwo\n");
        let mut tail = Tail::new(&path);
        let place = Place::of(4, b"two");
        for (text, lines) in [("new\n", 1), ("new\nrun\nis\nlonger\n", 4), ("old\nrun\nnow\n", 3)] {
            assert!(!tail.read().unwrap().is_empty());
            fs::write(&path, text).unwrap();
            let read = texts(&tail.read().unwrap());
            assert_eq!((read[0].0, read.len()), (0, lines), "{text}");
            assert_eq!(texts(&Tail::from(&path, place).read().unwrap()).len(), lines, "{text}");
            append(&path, "more\n");
        }
        fs::remove_file(path).unwrap();
    }
}
