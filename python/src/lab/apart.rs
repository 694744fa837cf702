//! A lab in a thread of its own, for labs that must stay where they were made. Whoever waits for it hears Ctrl-C.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use flowtwin_lab::Lab;
use pyo3::prelude::*;

use super::Known;
use super::station::{Experiments, Station};
use crate::errors;
use crate::exit::{Counted, End, at_end, detached, may_begin};
use crate::waiting::{LOOK, in_one_process};

/// What is done in the lab.
type Job = Box<dyn FnOnce(&mut dyn Experiments) + Send>;

/// What its thread is told.
enum Said {
    Do(Job),
    /// The interpreter ends, and waits for what is counted.
    End(Counted),
}

/// A lab in a thread of its own. It is made safe and ends when this is dropped.
pub(super) struct Apart {
    jobs: Arc<Jobs>,
    /// The process in which it is: a thread does not come along in a fork.
    process: u32,
}

struct Jobs(Mutex<Sender<Said>>);

impl Jobs {
    /// Whether anybody is there to hear it.
    fn say(&self, said: Said) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).send(said).is_ok()
    }
}

impl End for Jobs {
    fn end(&self, counted: Counted) {
        self.say(Said::End(counted));
    }
}

impl Apart {
    /// Begins a lab in a thread of its own.
    ///
    /// # Errors
    /// If it does not begin.
    pub(super) fn begin<L: Lab + 'static>(
        py: Python<'_>,
        begin: impl FnOnce() -> Result<(Station<L>, Known), String> + Send + 'static,
    ) -> PyResult<(Self, Known)> {
        may_begin()?;
        let (jobs, heard) = channel();
        let (tell, begun) = channel();
        let work = move || match begin() {
            Ok((station, known)) => {
                drop(tell.send(Ok(known)));
                serve(station, &heard);
            }
            Err(error) => drop(tell.send(Err(error))),
        };
        let thread = std::thread::Builder::new().name("flowtwin lab".into()).spawn(work);
        thread.map_err(errors::failed)?;
        let known = heard_of(py, begun)?.map_err(errors::failed)?;
        let jobs = Arc::new(Jobs(Mutex::new(jobs)));
        at_end(py, &jobs);
        Ok((Self { jobs, process: std::process::id() }, known))
    }

    /// Has something done in the lab.
    ///
    /// # Errors
    /// The exception of a signal, after which nobody waits any more; or if the lab has gone.
    pub(super) fn within<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut dyn Experiments) -> T + Send + 'static,
    ) -> PyResult<T> {
        if self.process != std::process::id() {
            return Err(errors::failed("this lab is in the process that made it, not in this one"));
        }
        let (tell, heard) = channel();
        let job: Job = Box::new(move |lab| drop(tell.send(work(lab))));
        match self.jobs.say(Said::Do(job)) {
            true => heard_of(py, heard),
            false => Err(gone()),
        }
    }
}

fn gone() -> PyErr {
    errors::failed("the lab has ended")
}

/// What the thread answers, unless a signal comes before.
fn heard_of<T: Send>(py: Python<'_>, heard: Receiver<T>) -> PyResult<T> {
    let (heard, process) = (Mutex::new(heard), std::process::id());
    loop {
        // A handler of a signal may fork.
        if let Err(forked) = in_one_process(process) {
            std::mem::forget(heard);
            return Err(forked);
        }
        let next = detached(py, || {
            heard.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(LOOK)
        });
        match next {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(gone()),
        }
    }
}

/// Does what is said until nobody is left to say anything; the lab is made safe when it is dropped.
fn serve<L: Lab>(mut station: Station<L>, heard: &Receiver<Said>) {
    let mut counted = None;
    while let Ok(said) = heard.recv() {
        match said {
            Said::Do(job) => job(&mut station),
            Said::End(until_then) => {
                counted = Some(until_then);
                break;
            }
        }
    }
    drop(station);
    drop(counted);
}
