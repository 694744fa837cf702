//! Lines that somebody types, without waiting for them.

use std::io::{IsTerminal as _, stdin};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::sync::{Mutex, PoisonError};

/// What there is to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// A line, without its end.
    Typed(String),
    /// Standard input has come to its end.
    End,
    /// Nobody has typed a line yet.
    NotYet,
}

/// The line that is being read, by a thread that may wait for ever: then it ends with the program. There is one at most, so
/// that nobody's line goes to somebody else who asked before.
static READING: Mutex<Option<Receiver<Line>>> = Mutex::new(None);

/// The next line, if there is one.
pub(crate) fn poll() -> Line {
    let mut reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
    let hear = reading.get_or_insert_with(read);
    match hear.try_recv() {
        Ok(line) => {
            *reading = None;
            line
        }
        Err(TryRecvError::Empty) => Line::NotYet,
        Err(TryRecvError::Disconnected) => Line::End,
    }
}

/// Forgets what was typed at a terminal before now: it answers no question that had not been asked.
pub(crate) fn forget() {
    if !stdin().is_terminal() {
        return;
    }
    let mut reading = READING.lock().unwrap_or_else(PoisonError::into_inner);
    if reading.as_ref().is_some_and(|hear| hear.try_recv().is_ok()) {
        *reading = None;
    }
    // Where the terminal does not do it, nothing worse happens than that a line is read.
    #[cfg(unix)]
    let _typed_ahead = rustix::termios::tcflush(stdin(), rustix::termios::QueueSelector::IFlush);
}

fn read() -> Receiver<Line> {
    let (tell, hear) = channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let found = match stdin().read_line(&mut line) {
            Ok(1..) => Line::Typed(line.trim_end_matches(['\n', '\r']).to_owned()),
            _ => Line::End,
        };
        // Nobody may want to know any more.
        let _gone = tell.send(found);
    });
    hear
}
