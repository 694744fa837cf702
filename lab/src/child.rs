//! Programs that are spoken to in lines: threads that write and listen for them, so that nobody is held up by one that does
//! not. Policies, labs and instruments can be such programs.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "another program has no lab time; how long it took reaches no result"
)]

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Lines of a standard error that are kept for when a program fails, and bytes of each.
const KEPT: (usize, usize) = (12, 400);

/// Lines that wait to be heard; a program that writes more is waited with.
const WAITING: usize = 64;

/// The last lines of a program's standard error.
#[derive(Clone, Debug, Default)]
pub struct Complaints(Arc<Mutex<VecDeque<String>>>, Arc<(Mutex<bool>, Condvar)>);

impl Complaints {
    /// Keeps the last lines of `stderr`, in a thread.
    pub fn keep(&self, stderr: ChildStderr) {
        let kept = self.clone();
        thread::spawn(move || {
            kept.listen(BufReader::new(stderr));
            let (ended, told) = &*kept.1;
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            told.notify_all();
        });
    }

    /// Waits until a program that has ended was heard out: no longer than this, because others may keep its standard error.
    pub fn heard_out(&self, time: Duration) {
        let (ended, told) = &*self.1;
        let ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _waited = told.wait_timeout_while(ended, time, |ended| !*ended);
    }

    fn listen(&self, mut reader: impl BufRead) {
        while let Some(line) = beginning(&mut reader) {
            let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT.0 {
                kept.pop_front();
            }
            kept.push_back(text);
        }
    }
}

/// The beginning of the next line, the rest of which is read and dropped; none at the end.
fn beginning(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    reader.by_ref().take(KEPT.1 as u64).read_until(b'\n', &mut line).ok().filter(|n| *n > 0)?;
    let mut rest = line.len() == KEPT.1 && !line.ends_with(b"\n");
    while rest {
        let mut piece = Vec::new();
        let read = reader.by_ref().take(KEPT.1 as u64).read_until(b'\n', &mut piece);
        rest = read.is_ok_and(|n| n > 0) && !piece.ends_with(b"\n");
    }
    Some(line)
}

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

/// A thread that writes, so that a program which does not read holds up nobody. The program's input ends with the sender.
pub fn write_lines(mut stdin: ChildStdin) -> Sender<Vec<u8>> {
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

/// A thread that hears what `next` returns, up to its end or its first error. A program that writes what nobody wants is
/// waited with, so that it fills no memory.
pub fn heard<T: Send + 'static>(
    mut next: impl FnMut() -> Option<Result<T, String>> + Send + 'static,
) -> Receiver<Result<T, String>> {
    let (ear, inbox) = sync_channel(WAITING);
    thread::spawn(move || {
        while let Some(told) = next() {
            let is_last = told.is_err();
            if ear.send(told).is_err() || is_last {
                break;
            }
        }
    });
    inbox
}

/// Has a program started in a process group of its own: what ends or stops the group of this terminal, such as Ctrl-C, does
/// not reach it.
pub fn apart(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    /// `CREATE_NEW_PROCESS_GROUP` of `CreateProcess`, in the reference of the Windows API.
    #[cfg(windows)]
    const NEW_GROUP: u32 = 0x200;
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, NEW_GROUP);
    command
}

/// How a program has ended, if it does so within this time.
pub fn ended_within(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let until = Instant::now() + time;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Ok(None) | Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_the_beginning_of_a_long_one() {
        let complaints = Complaints::default();
        let many: String = (0..100).map(|i| format!("line {i}\n")).collect();
        complaints.listen(many.as_bytes());
        let told = complaints.to_string();
        assert_eq!(told.lines().filter(|line| !line.is_empty()).count(), KEPT.0);
        assert!(told.ends_with("\n  | line 99"), "{told}");
        let long = [vec![b'x'; 5000], b"\nafter".to_vec()].concat();
        let complaints = Complaints::default();
        complaints.listen(&*long);
        assert_eq!(complaints.to_string(), format!("\n  | {}\n  | after", "x".repeat(KEPT.1)));
    }

    /// Writes without end, and counts how much of it anybody holds.
    struct Endless(u64);

    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            into.fill(b'x');
            Ok(if self.0 > 10_000 { 0 } else { into.len() })
        }
    }

    #[test]
    fn a_line_without_end_fills_no_memory() {
        let line = beginning(&mut BufReader::new(Endless(0))).unwrap();
        assert_eq!((line.len(), line.capacity() < 4096), (KEPT.1, true));
    }
}
