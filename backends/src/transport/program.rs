//! The standard input and output of a program that drives an instrument.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use flowtwin_lab::FaultKind;
use flowtwin_lab::child::Complaints;

mod earlier;
mod process;

pub use earlier::this_process;
use process::Process;

use super::{Hurry, Transport, lost};
use crate::codec::program::{Greeting, PROTOCOL};

/// Longest time after which a wire notices a hurry, or serves what the program itself is connected to.
const NOTICED: Duration = Duration::from_millis(50);
const SERVED: Duration = Duration::from_micros(200);

/// How long the last words of a program that has ended are waited for.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// How a program is started.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The folder in which it runs; that of this program, where it is empty.
    pub folder: PathBuf,
    /// How long it may take until it says that it is there.
    pub within: Duration,
    /// Whose programs of the same command are ended first: those that a campaign has left behind.
    pub instead_of: Option<String>,
}

impl Start {
    /// The command in words for people.
    pub fn command(&self) -> String {
        self.words.join(" ")
    }
}

/// What is done between two looks at a program: serving what it is connected to.
pub type Meanwhile = Box<dyn FnMut()>;

/// A wire to a program that is started when it is first used, and again after it has ended or was ended.
///
/// It is ended when it has had all the time that an answer may take and has not answered: not by who waits a shorter time,
/// such as a look at the heaters or an order to make the rig safe. A program whose standard input ends must make its
/// instrument safe and end.
pub struct ProgramWire {
    start: Start,
    hurry: Hurry,
    process: Option<Process>,
    /// How often it was started.
    starts: u64,
    meanwhile: Option<Meanwhile>,
    /// What the last one wrote to its standard error.
    complaints: Complaints,
    /// How long an answer may take; not known before one was waited for in vain.
    patience: Option<Duration>,
}

impl std::fmt::Debug for ProgramWire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ProgramWire").field(&self.start).finish()
    }
}

impl ProgramWire {
    /// A wire to a program that has not been started yet.
    pub fn new(start: Start) -> Self {
        let (hurry, complaints) = (Hurry::default(), Complaints::default());
        Self { start, hurry, process: None, starts: 0, meanwhile: None, complaints, patience: None }
    }

    /// The same wire, which waits no longer than `hurry` grants.
    #[must_use]
    pub fn heeding(self, hurry: Hurry) -> Self {
        Self { hurry, ..self }
    }

    /// The same wire, which does something while it waits.
    #[must_use]
    pub fn serving(self, meanwhile: Meanwhile) -> Self {
        Self { meanwhile: Some(meanwhile), ..self }
    }

    /// A process that has said that it is there. One that is slow to start is waited for again at the next call.
    fn started(&mut self) -> Result<&mut Process, FaultKind> {
        if self.process.is_none() {
            if let Some(who) = &self.start.instead_of {
                earlier::end(who, &self.start.words);
            }
            self.complaints = Complaints::default();
            let started = Process::start(&self.start, &self.complaints);
            self.process = Some(started.map_err(|error| self.cannot_start(&error))?);
            self.starts += 1;
        }
        if self.process.as_ref().is_some_and(|process| !process.has_greeted) {
            self.greeted()?;
        }
        self.process.as_mut().ok_or_else(|| lost(&"it was started a moment ago"))
    }

    fn cannot_start(&self, error: &std::io::Error) -> FaultKind {
        lost(&format!("`{}` cannot be started: {error}", self.start.command()))
    }

    /// Waits for the first line of a program.
    fn greeted(&mut self) -> Result<(), FaultKind> {
        let line = loop {
            let since = self.process.as_ref().map_or(Duration::ZERO, |p| p.since.elapsed());
            let left = self.start.within.saturating_sub(since);
            if left.is_zero() {
                let within = self.start.within.as_secs_f64();
                return Err(self.fail(&format!("has not said hello within {within} s")));
            }
            // A program may take longer to start than one reply, but not longer than there is time.
            if self.hurry.leaves(NOTICED).is_zero() {
                return Err(FaultKind::NoReply { waited_s: since.as_secs_f64() });
            }
            if let Some(line) = self.line(left)? {
                break line;
            }
        };
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        match serde_json::from_str::<Greeting>(&text) {
            Ok(Greeting { hello }) if hello.protocol == PROTOCOL => {
                self.process.iter_mut().for_each(|process| process.has_greeted = true);
                Ok(())
            }
            Ok(Greeting { hello }) => {
                let other = hello.protocol;
                Err(self.fail(&format!(
                    "speaks version {other} of the lines of instrument programs, and this program version {PROTOCOL}"
                )))
            }
            Err(_) => {
                let shown: String = text.chars().take(200).collect();
                Err(self.fail(&format!(
                    "is no instrument program: its first line is {shown:?}, expected was \
                     {{\"hello\":{{\"protocol\":{PROTOCOL}}}}}; whatever else it prints belongs on standard error"
                )))
            }
        }
    }

    /// A line with its end, if one comes within a moment of `patience`.
    fn line(&mut self, patience: Duration) -> Result<Option<Vec<u8>>, FaultKind> {
        let piece = self.meanwhile.as_mut().map_or(NOTICED, |serve| {
            serve();
            SERVED
        });
        let Some(process) = &mut self.process else { return Ok(None) };
        match process.lines.recv_timeout(piece.min(patience)) {
            Ok(Ok(line)) => {
                process.note_line(&line);
                // What it told its instrument before it answered arrives before anything else happens.
                self.meanwhile.iter_mut().for_each(|serve| serve());
                Ok(Some(line))
            }
            Ok(Err(error)) => Err(self.fail(&error)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// Ends a program that has had `patience` for an answer and has not answered; none where it has not had it.
    fn overdue(&mut self, patience: Duration) -> Option<FaultKind> {
        let process = self.process.as_ref()?;
        let is_overdue = process.has_greeted && process.is_overdue(patience, &self.start);
        is_overdue.then(|| self.fail("gave no answer in time and was ended"))
    }

    /// The fault of a program that has ended by itself.
    fn ended(&mut self) -> FaultKind {
        let status = self.process.take().map_or_else(String::new, Process::status);
        self.complaints.heard_out(LAST_WORDS);
        lost(&format!("`{}` has ended ({status}){}", self.start.command(), self.complaints))
    }

    /// Ends the program by force; why, and what it has complained of.
    fn fail(&mut self, why: &str) -> FaultKind {
        self.process.take().iter_mut().for_each(Process::kill);
        lost(&format!("`{}` {why}{}", self.start.command(), self.complaints))
    }
}

impl Transport for ProgramWire {
    fn reach(&mut self) -> Result<u64, FaultKind> {
        self.started()?;
        Ok(self.starts)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        // Another one must be asked first who its instrument is: whoever writes must reach it once more.
        if let Some(fault) = self.patience.and_then(|patience| self.overdue(patience)) {
            return Err(fault);
        }
        match self.started()?.say(bytes) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(self.ended()),
            Err(error) => Err(self.fail(&error.to_string())),
        }
    }

    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        let begun = Instant::now();
        let mut until = begun + self.hurry.leaves(patience);
        loop {
            let now = Instant::now();
            let left = self.hurry.leaves(until.saturating_duration_since(now));
            until = until.min(now + left);
            if let Some(line) = self.line(left)? {
                into.extend_from_slice(&line);
                return Ok(line.len());
            }
            if left.is_zero() {
                return Ok(0);
            }
        }
    }

    /// The first answer may take as long as the start: the program may have to find its instrument.
    fn grants(&self, patience: Duration) -> Duration {
        let first = self.process.as_ref().filter(|process| !process.has_answered());
        let left = first.map(|process| self.start.within.saturating_sub(process.since.elapsed()));
        self.hurry.leaves(patience.max(left.unwrap_or_default()))
    }

    fn unheard(&mut self, patience: Duration) -> Option<String> {
        self.patience = Some(patience);
        match self.overdue(patience)? {
            FaultKind::LinkLost { detail } => Some(detail),
            other => Some(other.to_string()),
        }
    }

    fn give_up(&mut self) {
        let _known = self.process.is_some().then(|| self.fail("was ended"));
    }
}
