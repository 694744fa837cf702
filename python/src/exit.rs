//! The end of the interpreter while campaigns are under way.
//!
//! CPython ends a thread that comes back to a finished interpreter in the middle of whatever it does, which code of Rust does not survive.
//! So everybody is told to come to an end before, and whoever is late does not come back.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How long the end waits for campaigns, and then for code of Python in them.
const GRACE: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(2);

static OVER: AtomicBool = AtomicBool::new(false);
/// Campaigns that heed a request to stop, and whoever waits for them.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
/// Calls into Python by threads of ours.
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static STOPS: Mutex<Vec<Weak<AtomicBool>>> = Mutex::new(Vec::new());

/// Counts one more until it is dropped.
pub(crate) struct Counted(&'static AtomicUsize);

impl Counted {
    fn of(counter: &'static AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Work that `stop` ends, until what is returned is dropped.
pub(crate) fn under_way(stop: &Arc<AtomicBool>) -> Counted {
    let mut stops = STOPS.lock().unwrap_or_else(PoisonError::into_inner);
    stops.retain(|stop| stop.strong_count() > 0);
    stops.push(Arc::downgrade(stop));
    Counted::of(&UNDER_WAY)
}

/// Calls Python from a thread of ours.
pub(crate) fn attached<T>(work: impl FnOnce(Python<'_>) -> T) -> T {
    let inside = Counted::of(&INSIDE);
    if OVER.load(Ordering::SeqCst) {
        drop(inside);
        stay();
    }
    Python::attach(work)
}

/// Lets the interpreter go on while `work` is done.
pub(crate) fn detached<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> T {
    py.detach(|| {
        let done = work();
        if OVER.load(Ordering::SeqCst) {
            stay();
        }
        done
    })
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
    let stops = std::mem::take(&mut *STOPS.lock().unwrap_or_else(PoisonError::into_inner));
    for stop in stops.iter().filter_map(Weak::upgrade) {
        stop.store(true, Ordering::SeqCst);
    }
    py.detach(|| {
        settle(&UNDER_WAY);
        OVER.store(true, Ordering::SeqCst);
        settle(&INSIDE);
    });
}

fn settle(counter: &AtomicUsize) {
    let began = Instant::now();
    while counter.load(Ordering::SeqCst) > 0 && began.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
}
