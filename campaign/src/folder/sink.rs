//! The journal of a run folder, as a run writes it.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use flowtwin_lab::journal::{Continued, Seal, Sink};

use super::disk::Disk;

/// The file of a journal, and beside it the seal on its last line.
pub(super) struct Sealed {
    pub(super) file: Box<dyn Sink>,
    pub(super) disk: Rc<dyn Disk>,
    /// Where the seal is kept.
    pub(super) seal: PathBuf,
}

impl Sink for Sealed {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        // Not synced: one that a power cut has damaged says nothing, and an older one nothing wrong.
        self.disk.write(&self.seal, seal.text().as_bytes())
    }
}

/// A journal that is compared with what is there, and tells where it departs from that.
pub(super) struct Compared {
    pub(super) journal: Continued<Sealed>,
    pub(super) departed: Rc<Cell<bool>>,
}

impl Sink for Compared {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let done = self.journal.append(bytes);
        let departs = |error: &io::Error| error.kind() == io::ErrorKind::InvalidData;
        self.departed.set(self.departed.get() || done.as_ref().is_err_and(departs));
        done
    }

    fn sync(&mut self) -> io::Result<()> {
        self.journal.sync()
    }

    fn seal(&mut self, seal: &Seal) -> io::Result<()> {
        self.journal.seal(seal)
    }
}
