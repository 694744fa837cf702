//! A program under way, with threads that read and write for it, so that nobody is held up by one that does not.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::Start;
use super::earlier::{STARTED_BY, this_process};
use crate::codec::program::LONGEST;

/// Lines of its standard error that are kept for when a program fails, and characters of each.
const KEPT: (usize, usize) = (8, 300);

/// How long a program may take to make its instrument safe and to end after its input has ended.
const GRACE: Duration = Duration::from_millis(1500);

/// A program that is spoken to.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    outbox: Option<Sender<Vec<u8>>>,
    pub(super) lines: Receiver<Result<Vec<u8>, String>>,
    pub(super) since: Instant,
    pub(super) has_greeted: bool,
}

/// The last lines of a program's standard error.
#[derive(Clone, Debug, Default)]
pub(super) struct Complaints(Arc<Mutex<VecDeque<String>>>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

impl Process {
    /// Starts a program in a process group of its own: what stops or ends the terminal's group must not end it before it
    /// has made its instrument safe, and whatever it starts ends with it.
    pub(super) fn start(start: &Start, complaints: &Complaints) -> io::Result<Self> {
        let mut command = Command::new(&start.words[0]);
        command.args(&start.words[1..]).env(STARTED_BY, this_process());
        if !start.folder.as_os_str().is_empty() {
            command.current_dir(&start.folder);
        }
        command.process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let pipe = || io::Error::other("a pipe was asked for");
        let outbox = write_lines(child.stdin.take().ok_or_else(pipe)?);
        let lines = read_lines(child.stdout.take().ok_or_else(pipe)?);
        keep(child.stderr.take().ok_or_else(pipe)?, complaints.clone());
        let since = Instant::now();
        Ok(Self { child, outbox: Some(outbox), lines, since, has_greeted: false })
    }

    /// Says something, without waiting for it to be read.
    pub(super) fn say(&self, bytes: &[u8]) -> io::Result<()> {
        let sent = self.outbox.as_ref().map(|outbox| outbox.send(bytes.to_vec()));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// How it has ended, in words.
    pub(super) fn status(mut self) -> String {
        match self.wait(Duration::from_millis(200)) {
            true => self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string()),
            false => "it closed its standard output".into(),
        }
    }

    /// Ends it and whatever it has started.
    pub(super) fn kill(&mut self) {
        // It has not been waited for, so nobody else has its number.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _gone = kill_process_group(group, Signal::KILL);
        }
        let _status = self.child.wait();
    }

    /// Whether it ends within this time.
    fn wait(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            match self.child.try_wait() {
                Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
                Ok(ended) => return ended.is_some(),
                Err(_) => return true,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input tells it to make its instrument safe.
        self.outbox = None;
        if !self.wait(GRACE) {
            self.kill();
        }
    }
}

fn write_lines(mut stdin: ChildStdin) -> Sender<Vec<u8>> {
    let (outbox, lines) = channel::<Vec<u8>>();
    thread::spawn(move || {
        for line in lines {
            if stdin.write_all(&line).and_then(|()| stdin.flush()).is_err() {
                break;
            }
        }
    });
    outbox
}

/// A thread that reads lines; one that nobody wants is waited with, so that a chatterbox fills no memory.
fn read_lines(stdout: ChildStdout) -> Receiver<Result<Vec<u8>, String>> {
    let (heard, inbox) = sync_channel(64);
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            let read = reader.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
            let told = match read {
                Ok(0) | Err(_) => break,
                Ok(_) if line.len() > LONGEST => {
                    let why = format!("wrote a line of more than {LONGEST} bytes");
                    let _nobody = heard.send(Err(why));
                    break;
                }
                Ok(_) => heard.send(Ok(line)),
            };
            if told.is_err() {
                break;
            }
        }
    });
    inbox
}

fn keep(stderr: ChildStderr, complaints: Complaints) {
    thread::spawn(move || {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let text: String = String::from_utf8_lossy(&line).chars().take(KEPT.1).collect();
            let mut kept = complaints.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT.0 {
                kept.pop_front();
            }
            kept.push_back(text);
        }
    });
}
