//! The end of the interpreter while campaigns are under way.
//!
//! CPython ends a thread that comes back to a finished interpreter in the middle of whatever it does, which code of Rust does not survive.
//! So everybody is told to come to an end before, and whoever is late does not come back. The thread that ends the interpreter
//! is never held up: what it calls afterwards goes on as usual.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::errors;
use crate::outside::{forget_labs, safe_beside};

/// How long the end waits for campaigns, then for labs to be made safe beside them, then for code of Python in them.
const GRACE: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(2);

static OVER: AtomicBool = AtomicBool::new(false);
/// The thread that ends the interpreter.
static LEAVER: OnceLock<ThreadId> = OnceLock::new();
/// Campaigns that heed a request to stop, and whoever waits for them.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
/// Calls into Python by threads of ours.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// Labs that are being made safe beside whatever they do.
static BESIDE: AtomicUsize = AtomicUsize::new(0);
static STOPS: Mutex<Vec<Weak<AtomicBool>>> = Mutex::new(Vec::new());
static ENDS: Mutex<Vec<Weak<dyn End>>> = Mutex::new(Vec::new());

/// Counts one more until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(&'static AtomicUsize);

impl Counted {
    fn of(counter: &'static AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // One that was counted before a fork counts no more in the child.
        let _of_the_parent =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
    }
}

/// Something that is to end before the interpreter does.
pub(crate) trait End: Send + Sync {
    /// Begins to end. The interpreter waits until `counted` is dropped, or has waited long enough.
    fn end(&self, counted: Counted);
}

/// Has something end before the interpreter does.
///
/// This and what keeps other lists of this process is called by a thread that is attached to the interpreter. A fork of Python is made
/// by such a thread too, so no list is locked in it, and the child waits for nobody.
pub(crate) fn at_end(_attached: Python<'_>, end: &Arc<impl End + 'static>) {
    let end: Arc<dyn End> = end.clone();
    let mut ends = ENDS.lock().unwrap_or_else(PoisonError::into_inner);
    ends.retain(|end| end.strong_count() > 0);
    ends.push(Arc::downgrade(&end));
}

/// Work that `stop` ends, until what is returned is dropped.
pub(crate) fn under_way(_attached: Python<'_>, stop: &Arc<AtomicBool>) -> Counted {
    let mut stops = STOPS.lock().unwrap_or_else(PoisonError::into_inner);
    stops.retain(|stop| stop.strong_count() > 0);
    stops.push(Arc::downgrade(stop));
    Counted::of(&UNDER_WAY)
}

/// Refuses to begin what nobody could end.
///
/// # Errors
/// If the interpreter is ending.
pub(crate) fn may_begin() -> PyResult<()> {
    match OVER.load(Ordering::SeqCst) {
        true => Err(errors::failed("the interpreter is ending: nothing begins any more")),
        false => Ok(()),
    }
}

/// Calls Python from a thread of ours.
pub(crate) fn attached<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    let inside = Counted::of(&INSIDE);
    if is_late() {
        drop(inside);
        stay();
    }
    Python::attach(work)
}

/// Lets the interpreter go on while `work` is done.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(|| {
        let done = work();
        if is_late() {
            stay();
        }
        done
    })
}

/// Whether the interpreter may be gone for this thread: not for the one that ends it.
fn is_late() -> bool {
    OVER.load(Ordering::SeqCst) && LEAVER.get() != Some(&std::thread::current().id())
}

/// The process is about to end, and this thread with it.
fn stay() -> ! {
    loop {
        std::thread::park();
    }
}

/// Ends what is under way before the interpreter does: campaigns are stopped and their labs made safe.
#[pyfunction]
pub(crate) fn leave(py: Python<'_>) {
    let _first = LEAVER.set(std::thread::current().id());
    let stops = std::mem::take(&mut *STOPS.lock().unwrap_or_else(PoisonError::into_inner));
    for stop in stops.iter().filter_map(Weak::upgrade) {
        stop.store(true, Ordering::SeqCst);
    }
    let ends = std::mem::take(&mut *ENDS.lock().unwrap_or_else(PoisonError::into_inner));
    for end in ends.iter().filter_map(Weak::upgrade) {
        end.end(Counted::of(&UNDER_WAY));
    }
    py.detach(|| settle(&UNDER_WAY));
    // Whoever is in the middle of an experiment for longer: the lab is made safe beside it.
    safe_beside(py, &|| Counted::of(&BESIDE));
    py.detach(|| {
        settle(&BESIDE);
        OVER.store(true, Ordering::SeqCst);
        settle(&INSIDE);
    });
}

/// What a process does first that was forked: campaigns and labs of the process it was copied from are not its own. It neither waits for
/// threads that it does not have, nor makes a lab safe that goes on in the other process.
#[pyfunction]
pub(crate) fn forget(py: Python<'_>) {
    STOPS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    ENDS.lock().unwrap_or_else(PoisonError::into_inner).clear();
    forget_labs(py);
    for counter in [&UNDER_WAY, &INSIDE, &BESIDE] {
        counter.store(0, Ordering::SeqCst);
    }
}

fn settle(counter: &AtomicUsize) {
    let began = Instant::now();
    while counter.load(Ordering::SeqCst) > 0 && began.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
}
