//! The object of Python that a lab is, and how it is made safe: `make_safe()` ends its work, whoever calls it and whatever it does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::prelude::*;

use crate::exit::{Counted, attached};

static ALL: Mutex<Vec<Weak<Object>>> = Mutex::new(Vec::new());

/// A lab that is an object of Python.
#[derive(Debug)]
pub(crate) struct Object {
    pub(super) object: Py<PyAny>,
    /// Whether it was to be made safe: nothing begins after that.
    over: AtomicBool,
    /// Whether it is safe. Held while it is made so: another one waits, and calls nothing again.
    safe: Mutex<bool>,
}

impl Object {
    pub(crate) fn new(_attached: Python<'_>, object: Py<PyAny>) -> Arc<Self> {
        let one = Arc::new(Self { object, over: AtomicBool::new(false), safe: Mutex::new(false) });
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|other| other.strong_count() > 0);
        all.push(Arc::downgrade(&one));
        one
    }

    /// Whether it says that it is a simulation; without a word it is a rig.
    pub(super) fn simulated(&self, py: Python<'_>) -> PyResult<bool> {
        let said = self.object.bind(py).getattr_opt("simulated")?;
        said.map_or(Ok(false), |said| said.extract())
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Makes it safe, unless it is.
    ///
    /// # Errors
    /// Its exception: then it is not safe.
    pub(super) fn make_safe(&self) -> PyResult<()> {
        self.over.store(true, Ordering::SeqCst);
        let mut safe = self.safe.lock().unwrap_or_else(PoisonError::into_inner);
        if !*safe {
            attached(|py| {
                let object = self.object.bind(py);
                match object.hasattr("make_safe")? {
                    true => object.call_method0("make_safe").map(drop),
                    false => Ok(()),
                }
            })?;
            *safe = true;
        }
        Ok(())
    }

    /// Makes it safe in a thread of its own, whatever it is in the middle of. What is returned tells how that ended.
    pub(crate) fn make_safe_beside(self: &Arc<Self>) -> Receiver<PyResult<()>> {
        let (tell, heard) = channel();
        let object = self.clone();
        // Without a thread nobody tells, which is heard too.
        let thread = std::thread::Builder::new().name("flowtwin safe".into());
        let _thread = thread.spawn(move || drop(tell.send(object.make_safe())));
        heard
    }
}

/// In a process that was forked: the labs are those of another.
pub(crate) fn forget_labs(_attached: Python<'_>) {
    ALL.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Makes every lab safe that is in the middle of something, each counted until it is. What goes wrong is shown as Python shows what
/// nobody can handle.
pub(crate) fn safe_beside(_attached: Python<'_>, counted: &dyn Fn() -> Counted) {
    let all = std::mem::take(&mut *ALL.lock().unwrap_or_else(PoisonError::into_inner));
    for object in all.iter().filter_map(Weak::upgrade) {
        let counted = counted();
        let work = move || {
            if let Err(error) = object.make_safe() {
                attached(|py| error.write_unraisable(py, Some(object.object.bind(py))));
            }
            drop(counted);
        };
        let _thread = std::thread::Builder::new().name("flowtwin safe".into()).spawn(work);
    }
}
