//! Where the lines of a journal go.

use std::fs::File;
use std::io::{self, Write as _};

use super::seal::Seal;

/// Takes the bytes of a journal.
///
/// ```
/// use flowtwin_lab::journal::Sink;
///
/// let mut sink: Vec<u8> = Vec::new(); // a journal in memory; a `File` writes to the disk
/// Sink::append(&mut sink, b"{}\n")?;
/// sink.sync()?;
/// assert_eq!(sink, b"{}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Sink {
    /// Appends bytes.
    ///
    /// # Errors
    /// Whatever keeps them from being written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns once everything appended would survive a power cut.
    ///
    /// # Errors
    /// Whatever keeps it from being so.
    fn sync(&mut self) -> io::Result<()>;

    /// Keeps the seal on the line that was synced last, where that is done.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        let _ = seal;
        Ok(())
    }
}

impl Sink for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }

    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        (**self).seal(seal)
    }
}

/// A journal that is being continued: what is there already is compared, not written; then it is appended to.
///
/// A simulated run is resumed by running it again into such a sink: the world comes to the same state, every
/// byte of the old journal is verified, no experiment is recorded twice.
#[derive(Debug)]
pub struct Continued<S> {
    there: Vec<u8>,
    position: usize,
    sink: S,
}

impl<S: Sink> Continued<S> {
    /// Continues `there`, the bytes that `sink` holds already.
    pub fn new(there: Vec<u8>, sink: S) -> Self {
        Self { there, position: 0, sink }
    }

    /// Whether everything that was there has been verified.
    pub(crate) fn caught_up(&self) -> bool {
        self.position == self.there.len()
    }

    /// Hands the sink back.
    pub fn into_inner(self) -> S {
        self.sink
    }
}

impl<S: Sink> Sink for Continued<S> {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let known = (self.there.len() - self.position).min(bytes.len());
        let expected = &self.there[self.position..self.position + known];
        if bytes[..known] != *expected {
            let line = self.there[..self.position].iter().filter(|&&b| b == b'\n').count() + 1;
            let message = format!(
                "the run departs from the journal at line {line}: it was recorded by another version, seed or scenario"
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        self.position += known;
        if known < bytes.len() { self.sink.append(&bytes[known..]) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.caught_up() { self.sink.sync() } else { Ok(()) }
    }

    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        if self.caught_up() { self.sink.seal(seal) } else { Ok(()) }
    }
}
