//! A program under way, with threads that read and write for it, so that nobody is held up by one that does not.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use flowtwin_lab::child::{Complaints, apart, ended_within, heard, write_lines};

use super::Start;
use super::earlier::{marks, this_process};
use crate::codec::program::{Answered, LONGEST};

/// How long a program may take to make its instrument safe and to end after its input has ended.
const GRACE: Duration = Duration::from_millis(1500);

/// How long one that has closed its output may take to end: it will answer nothing any more.
const CLOSED: Duration = Duration::from_millis(200);

/// A program that is spoken to.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    outbox: Option<Sender<Vec<u8>>>,
    pub(super) lines: Receiver<Result<Vec<u8>, String>>,
    pub(super) since: Instant,
    pub(super) has_greeted: bool,
    /// The numbers of requests that have not been answered, and when each was sent.
    asked: VecDeque<(u64, Instant)>,
    /// When it has answered last.
    answered: Option<Instant>,
}

impl Process {
    /// Starts a program in a process group of its own: what stops or ends the terminal's group must not end it before it
    /// has made its instrument safe, and whatever it starts ends with it.
    pub(super) fn start(start: &Start, complaints: &Complaints) -> io::Result<Self> {
        let mut command = Command::new(&start.words[0]);
        command.args(&start.words[1..]).envs(marks(&this_process(), &start.words));
        if !start.folder.as_os_str().is_empty() {
            command.current_dir(&start.folder);
        }
        apart(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let pipe = || io::Error::other("a pipe was asked for");
        let outbox = write_lines(child.stdin.take().ok_or_else(pipe)?);
        let lines = read_lines(child.stdout.take().ok_or_else(pipe)?);
        complaints.keep(child.stderr.take().ok_or_else(pipe)?);
        Ok(Self {
            child,
            outbox: Some(outbox),
            lines,
            since: Instant::now(),
            has_greeted: false,
            asked: VecDeque::new(),
            answered: None,
        })
    }

    /// Says something, without waiting for it to be read.
    pub(super) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = self.outbox.as_ref().map(|outbox| outbox.send(bytes.to_vec()));
        self.asked.push_back((number(bytes).unwrap_or_default(), Instant::now()));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Notes that it has written a line. Who answers a request works, and owes nothing for those before it any more; a line
    /// that answers nothing shows no more than that it can write.
    pub(super) fn note_line(&mut self, line: &[u8]) {
        let owed = self.asked.len();
        let answered = number(line).unwrap_or_default();
        self.asked.retain(|(asked, _)| *asked > answered);
        if self.asked.len() < owed {
            self.answered = Some(Instant::now());
        }
    }

    /// Whether it has answered a request since it was started.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.is_some()
    }

    /// Whether it has had `patience` for an answer, however short the single waits for it were. The first answer after its
    /// start may take as long as the start: it may have to find its instrument.
    pub(super) fn is_overdue(&self, patience: Duration, start: &Start) -> bool {
        let Some(&(_, oldest)) = self.asked.front() else { return false };
        match self.answered {
            Some(answered) => answered.max(oldest).elapsed() >= patience,
            None => oldest.elapsed() >= patience && self.since.elapsed() >= start.within,
        }
    }

    /// How it has ended, in words.
    pub(super) fn status(mut self) -> String {
        self.outbox = None;
        match ended_within(&mut self.child, CLOSED) {
            Some(status) => status.to_string(),
            None => {
                self.kill();
                "it closed its standard output".into()
            }
        }
    }

    /// Ends it and whatever it has started; on Windows, it alone.
    pub(super) fn kill(&mut self) {
        self.kill_group();
        let _status = self.child.wait();
    }

    #[cfg(unix)]
    fn kill_group(&mut self) {
        use rustix::process::{Pid, Signal, kill_process_group};

        // It has not been waited for, so nobody else has its number.
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }

    #[cfg(not(unix))]
    fn kill_group(&mut self) {
        let _gone = self.child.kill();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The end of its input tells it to make its instrument safe.
        self.outbox = None;
        if ended_within(&mut self.child, GRACE).is_none() {
            self.kill();
        }
    }
}

/// The number of a request or an answer.
fn number(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<Answered>(line).ok()?.id
}

fn read_lines(stdout: ChildStdout) -> Receiver<Result<Vec<u8>, String>> {
    let mut reader = BufReader::new(stdout);
    heard(move || {
        let mut line = Vec::new();
        let read = reader.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
        match read {
            Ok(0) | Err(_) => None,
            Ok(_) if line.len() > LONGEST => {
                Some(Err(format!("wrote a line of more than {LONGEST} bytes")))
            }
            Ok(_) => Some(Ok(line)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that was asked these, and says what its test says.
    fn asked(numbers: &[u64]) -> (Process, Start) {
        let words = ["sleep", "3600"].map(String::from).to_vec();
        let start = Start { words, folder: "".into(), within: Duration::ZERO, instead_of: None };
        let mut process = Process::start(&start, &Complaints::default()).unwrap();
        for number in numbers {
            let request = format!("{{\"id\":{number},\"to\":\"it\",\"stop\":{{}}}}\n");
            process.say(request.as_bytes()).unwrap();
        }
        (process, start)
    }

    /// A slow one answers a request that somebody else has stopped waiting for with silence, and the next one.
    #[test]
    fn who_answers_a_request_owes_nothing_for_those_before_it() {
        let (mut process, start) = asked(&[1, 2]);
        assert!(process.is_overdue(Duration::ZERO, &start));
        process.note_line(b"{\"id\":2,\"ok\":{}}\n");
        assert!(!process.is_overdue(Duration::ZERO, &start));
        process.kill();
    }

    #[test]
    fn lines_that_answer_nothing_are_no_answer() {
        let (mut process, start) = asked(&[3]);
        for line in ["progress: 50 %\n", "{\"id\":2,\"ok\":{}}\n", "{}\n"] {
            process.note_line(line.as_bytes());
            assert!(process.is_overdue(Duration::ZERO, &start), "{line}");
            assert!(!process.has_answered(), "{line}");
        }
        process.kill();
    }
}
