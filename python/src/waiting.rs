//! Long work in a thread of its own, while the interpreter goes on and Ctrl-C is heard.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::errors::{self, FlowtwinError};
use crate::exit::{detached, may_begin, under_way};

/// How often whoever waits looks for Ctrl-C.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// What is told of the work, and how it ended.
enum Heard<M, T> {
    Told(M),
    Done(T),
}

/// Tells somebody who may have gone.
pub(crate) struct Tell<M>(Mutex<Box<dyn Fn(M) + Send>>);

impl<M> Tell<M> {
    pub(crate) fn tell(&self, message: M) {
        (self.0.lock().unwrap_or_else(PoisonError::into_inner))(message);
    }
}

/// How the wait for work ended.
pub(crate) enum Waited<T> {
    /// The work is done; with the exception that stopped it, if one did.
    Done(T, Option<PyErr>),
    /// It was not waited for, because of this exception.
    Abandoned(PyErr),
    /// This is another process, forked from the one in which the work goes on: nothing here is its own.
    Forked(PyErr),
}

impl<T> Waited<T> {
    /// What was done, where nothing is to be said of what was not.
    ///
    /// # Errors
    /// The exception that stopped it.
    pub(crate) fn or_raise(self) -> PyResult<T> {
        match self {
            Self::Done(done, None) => Ok(done),
            Self::Done(_, Some(error)) | Self::Abandoned(error) | Self::Forked(error) => Err(error),
        }
    }
}

/// Has `work` done in a thread; `hear` is called here with what it tells. An exception of `hear` or a signal sets `stop`; the
/// work is waited for where it heeds that, which `stop` being there says, and else left to itself; so it is at another signal.
///
/// # Errors
/// If it cannot begin, or has panicked.
pub(crate) fn wait<M: Send + 'static, T: Send + 'static>(
    py: Python<'_>,
    stop: Option<&Arc<AtomicBool>>,
    work: impl FnOnce(&Tell<M>) -> T + Send + 'static,
    mut hear: impl FnMut(M) -> PyResult<()>,
) -> PyResult<Waited<T>> {
    may_begin()?;
    let process = std::process::id();
    let (tell, heard) = channel();
    let heard = Mutex::new(heard);
    let _waits = stop.map(|stop| under_way(py, stop));
    let works = stop.map(|stop| under_way(py, stop));
    start(tell, move |tell| {
        let done = work(tell);
        drop(works);
        done
    })?;
    let mut interrupted = None;
    loop {
        // Python forks in what it is called back for, below, and there alone: no thread looks at the channel in the other process.
        if let Err(forked) = in_one_process(process) {
            std::mem::forget(heard);
            return Ok(Waited::Forked(forked));
        }
        let next = detached(py, || {
            heard.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(LOOK)
        });
        let looked = match next {
            Ok(Heard::Done(done)) => return Ok(Waited::Done(done, interrupted)),
            Ok(Heard::Told(told)) if interrupted.is_none() => hear(told),
            Ok(Heard::Told(_)) | Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(FlowtwinError::new_err("the work broke off: a fault of flowtwin"));
            }
        };
        if interrupted.is_some() {
            // Whoever presses Ctrl-C again does not want to wait.
            if let Err(again) = py.check_signals() {
                return Ok(Waited::Abandoned(again));
            }
            continue;
        }
        let Err(error) = looked.and_then(|()| py.check_signals()) else { continue };
        let Some(stop) = stop else { return Ok(Waited::Abandoned(error)) };
        stop.store(true, Ordering::SeqCst);
        interrupted = Some(error);
    }
}

/// Whether this is the process in which something began: in one that was forked meanwhile nobody answers.
///
/// # Errors
/// If it is not.
pub(crate) fn in_one_process(began: u32) -> PyResult<()> {
    match began == std::process::id() {
        true => Ok(()),
        false => {
            Err(errors::failed("this goes on in the process that was forked, not in this one"))
        }
    }
}

fn start<M: Send + 'static, T: Send + 'static>(
    tell: Sender<Heard<M, T>>,
    work: impl FnOnce(&Tell<M>) -> T + Send + 'static,
) -> PyResult<()> {
    let told = tell.clone();
    let said = Tell(Mutex::new(Box::new(move |message| drop(told.send(Heard::Told(message))))));
    let work = move || {
        let done = work(&said);
        // Whoever waited may have gone.
        drop(tell.send(Heard::Done(done)));
    };
    let thread = std::thread::Builder::new().name("flowtwin".into()).spawn(work);
    thread.map(drop).map_err(errors::failed)
}
