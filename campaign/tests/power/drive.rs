//! A drive that forgets what was not synced when the power is cut.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use flowtwin_campaign::folder::Disk;
use flowtwin_lab::Stream;
use flowtwin_lab::journal::Sink;

/// A drive in memory. Clones are the same drive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drive(Rc<RefCell<State>>);

#[derive(Debug, Default)]
struct State {
    /// Names as they are, and as they would be after a power cut.
    names: Names,
    kept: Names,
    files: Vec<Content>,
    requests: usize,
    cut: Option<usize>,
}

type Names = BTreeMap<PathBuf, Entry>;

#[derive(Clone, Copy, Debug)]
enum Entry {
    Folder,
    File(usize),
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    synced: Vec<u8>,
}

impl Content {
    /// What is in it after a power cut: what was synced, or some of what was written since.
    fn survives(&self, luck: &mut Stream) -> Vec<u8> {
        let same = self.now.iter().zip(&self.synced).take_while(|(now, then)| now == then).count();
        let more = luck.below(self.now.len() - same + 1);
        match same == self.synced.len() || luck.uniform() < 0.5 {
            true => self.now[..same + more].to_vec(),
            false => self.synced.clone(),
        }
    }
}

impl State {
    /// Counts a request, and refuses it where the power is off.
    fn request(&mut self) -> io::Result<()> {
        self.requests += 1;
        match self.cut {
            Some(cut) if self.requests > cut => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    /// The file of that name, made where there is none.
    fn file(&mut self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Entry::File(number)) => Ok(*number),
            Some(Entry::Folder) => Err(io::Error::other("it is a folder")),
            None if !self.is_folder(path.parent().unwrap_or(Path::new(""))) => {
                Err(io::ErrorKind::NotFound.into())
            }
            None => {
                self.files.push(Content::default());
                self.names.insert(path.to_owned(), Entry::File(self.files.len() - 1));
                Ok(self.files.len() - 1)
            }
        }
    }

    fn is_folder(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || matches!(self.names.get(path), Some(Entry::Folder))
    }
}

fn is_in(path: &Path, folder: &Path) -> bool {
    path.parent() == Some(folder)
}

impl Drive {
    /// Cuts the power after so many requests more.
    pub(crate) fn cut_after(&self, requests: usize) {
        let mut state = self.0.borrow_mut();
        state.cut = Some(state.requests + requests);
    }

    pub(crate) fn requests(&self) -> usize {
        self.0.borrow().requests
    }

    /// The drive when the power is back. For each folder its names are as they were synced, or as they were.
    pub(crate) fn after_a_cut(&self, luck: &mut Stream) -> Self {
        let state = self.0.borrow();
        let mut after = State::default();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let names = if luck.uniform() < 0.5 { &state.kept } else { &state.names };
            for (path, entry) in names.iter().filter(|(path, _)| is_in(path, &folder)) {
                let entry = match *entry {
                    Entry::Folder => {
                        folders.push(path.clone());
                        Entry::Folder
                    }
                    Entry::File(number) => {
                        let bytes = state.files[number].survives(luck);
                        after.files.push(Content { now: bytes.clone(), synced: bytes });
                        Entry::File(after.files.len() - 1)
                    }
                };
                after.names.insert(path.clone(), entry);
            }
        }
        after.kept = after.names.clone();
        Self(Rc::new(RefCell::new(after)))
    }

    /// What is in a file, whether or not the power is on.
    pub(crate) fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.0.borrow();
        match state.names.get(path)? {
            Entry::File(number) => Some(state.files[*number].now.clone()),
            Entry::Folder => None,
        }
    }

    /// Changes what is in a file, as a failing drive does.
    pub(crate) fn damage(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.0.borrow_mut();
        let number = state.file(path).expect("it is a file");
        state.files[number] = Content { now: bytes.to_vec(), synced: bytes.to_vec() };
    }
}

impl Disk for Drive {
    fn list(&self, folder: &Path) -> io::Result<Option<Vec<OsString>>> {
        let mut state = self.0.borrow_mut();
        state.request()?;
        if !state.is_folder(folder) {
            return Ok(None);
        }
        let inside = state.names.keys().filter(|path| is_in(path, folder));
        Ok(Some(inside.filter_map(|path| path.file_name().map(Into::into)).collect()))
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        self.0.borrow_mut().request()?;
        Ok(self.bytes(path))
    }

    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.request()?;
        state.names.entry(folder.to_owned()).or_insert(Entry::Folder);
        Ok(())
    }

    fn open(&self, path: &Path, keep: u64) -> io::Result<Box<dyn Sink>> {
        let mut state = self.0.borrow_mut();
        state.request()?;
        let number = state.file(path)?;
        state.files[number].now.truncate(keep as usize);
        Ok(Box::new(Handle { drive: self.clone(), number }))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.request()?;
        let number = state.file(path)?;
        state.files[number].now = bytes.to_vec();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.request()?;
        let entry = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), entry);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.request()?;
        state.kept.retain(|path, _| !is_in(path, folder));
        let inside: Names = state
            .names
            .iter()
            .filter(|(p, _)| is_in(p, folder))
            .map(|(p, e)| (p.clone(), *e))
            .collect();
        state.kept.extend(inside);
        Ok(())
    }
}

/// An open file.
struct Handle {
    drive: Drive,
    number: usize,
}

impl Sink for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.drive.0.borrow_mut();
        state.request()?;
        state.files[self.number].now.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.drive.0.borrow_mut();
        state.request()?;
        let file = &mut state.files[self.number];
        file.synced = file.now.clone();
        Ok(())
    }
}
