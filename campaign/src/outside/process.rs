//! A program that is spoken to in lines, and never waited for without end.

use std::io::BufReader;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::line::{LineError, Lines, parse};
use flowtwin_lab::argv::{WordsError, words};
use flowtwin_lab::child::{Complaints, ended_within, heard, write_lines};

/// How long a program may take to end after it was asked to [s].
const GRACE: Duration = Duration::from_secs(2);
/// How long nothing else is looked at while an answer is waited for.
pub(super) const MOMENT: Duration = Duration::from_millis(50);
/// How long its last words are waited for once it has ended \[s\].
const LAST_WORDS: Duration = Duration::from_millis(300);

/// A program under way. It is ended, if need be by force, when this is dropped.
#[derive(Debug)]
pub struct Program {
    command: String,
    patience: Duration,
    /// Set once this process is asked to end.
    stop: Option<Arc<AtomicBool>>,
    child: Child,
    outbox: Option<Sender<Vec<u8>>>,
    inbox: Receiver<Heard>,
    complaints: Complaints,
}

/// A line and its number, or why there is none.
type Heard = Result<(u64, Vec<u8>), String>;

/// How a program failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The command makes no sense.
    #[error("`{command}`: {source}")]
    Command {
        /// The command.
        command: String,
        /// Why.
        source: WordsError,
    },
    /// It could not be started.
    #[error("`{command}` cannot be started: {source}")]
    Start {
        /// The command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// It said nothing in time.
    #[error("`{command}` said nothing for {waited_s} s and was ended{complaints}")]
    Silent {
        /// The command.
        command: String,
        /// How long was waited \[s\].
        waited_s: f64,
        /// What it wrote to its standard error last.
        complaints: String,
    },
    /// Somebody asked this process to end before it answered.
    #[error("the run was asked to end before `{command}` answered")]
    Interrupted {
        /// The command.
        command: String,
    },
    /// It ended without an answer.
    #[error("`{command}` ended without an answer ({status}){complaints}")]
    Ended {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// What it wrote to its standard error last.
        complaints: String,
    },
    /// It said something that is no message.
    #[error("`{command}`: {source}{complaints}")]
    Line {
        /// The command.
        command: String,
        /// What is wrong with it.
        source: LineError,
        /// What it wrote to its standard error last.
        complaints: String,
    },
}

impl Program {
    /// Starts `command`, which is split into [`words`]; each answer may take `patience`.
    ///
    /// # Errors
    /// If the command is none, or cannot be started.
    pub fn start(command: &str, patience: Duration) -> Result<Self, ProgramError> {
        let parts = words(command)
            .map_err(|source| ProgramError::Command { command: command.into(), source })?;
        let mut child = Command::new(&parts[0])
            .args(&parts[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|source| ProgramError::Start { command: command.into(), source })?;
        let stdin = child.stdin.take().expect("standard input is a pipe");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let stderr = child.stderr.take().expect("standard error is a pipe");
        let complaints = Complaints::default();
        complaints.keep(stderr);
        Ok(Self {
            command: command.into(),
            patience,
            stop: None,
            child,
            outbox: Some(write_lines(stdin)),
            inbox: read_lines(stdout),
            complaints,
        })
    }

    /// Ends its waits once this process is asked to end.
    pub fn heed(&mut self, stop: Arc<AtomicBool>) {
        self.stop = Some(stop);
    }

    /// Says `message`, without waiting for it to be read. A program that has ended is noticed by [`Program::hear`].
    pub fn say(&mut self, message: &impl Serialize) {
        let mut line = serde_json::to_vec(message).expect("a message is plain data");
        line.push(b'\n');
        if let Some(outbox) = &self.outbox {
            // The other end is gone only when the program is.
            let _gone = outbox.send(line);
        }
    }

    /// Waits for its next message. `expected` names, for people, what makes sense here.
    ///
    /// # Errors
    /// If it says nothing in time, ends, or says something else, or if this process is asked to end. Silence ends it.
    pub fn hear<T: DeserializeOwned>(&mut self, expected: &str) -> Result<T, ProgramError> {
        let began = Instant::now();
        loop {
            if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::SeqCst)) {
                return Err(ProgramError::Interrupted { command: self.command.clone() });
            }
            let left = self.patience.saturating_sub(began.elapsed());
            if let Some(message) = self.hear_within(left.min(MOMENT), expected)? {
                return Ok(message);
            }
            if left.is_zero() {
                break;
            }
        }
        let _already_gone = self.child.kill();
        let (command, complaints) = (self.command.clone(), self.complaints.to_string());
        let waited_s = self.patience.as_secs_f64();
        Err(ProgramError::Silent { command, waited_s, complaints })
    }

    /// Its next message; none if it says nothing `within` that time.
    ///
    /// # Errors
    /// If it ends, or says something that is no message.
    pub(crate) fn hear_within<T: DeserializeOwned>(
        &mut self,
        within: Duration,
        expected: &str,
    ) -> Result<Option<T>, ProgramError> {
        match self.inbox.recv_timeout(within) {
            Ok(Ok((number, line))) => parse(&line, number, expected).map(Some).map_err(|source| {
                let (command, complaints) = (self.command.clone(), self.complaints.to_string());
                ProgramError::Line { command, source, complaints }
            }),
            Ok(Err(problem)) => Err(self.ended(&problem)),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended("")),
            Err(RecvTimeoutError::Timeout) => Ok(None),
        }
    }

    /// The command it was started with.
    pub fn command(&self) -> &str {
        &self.command
    }

    fn ended(&mut self, problem: &str) -> ProgramError {
        self.outbox = None;
        let status = match ended_within(&mut self.child, GRACE) {
            Some(status) => status.to_string(),
            None if problem.is_empty() => "it closed its standard output".into(),
            None => problem.to_owned(),
        };
        self.complaints.heard_out(LAST_WORDS);
        let (command, complaints) = (self.command.clone(), self.complaints.to_string());
        ProgramError::Ended { command, status, complaints }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.outbox = None;
        if ended_within(&mut self.child, GRACE).is_none() {
            let _already_gone = self.child.kill();
            let _status = self.child.wait();
        }
    }
}

fn read_lines(stdout: ChildStdout) -> Receiver<Heard> {
    let mut lines = Lines::new(BufReader::new(stdout));
    heard(move || match lines.next_line() {
        Ok(line) => line.map(|line| Ok((lines.count(), line))),
        Err(error) => Some(Err(error.to_string())),
    })
}
