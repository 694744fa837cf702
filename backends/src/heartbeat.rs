//! The dead man's switch: a process of its own that makes the rig safe when the campaign falls silent.
//!
//! The controller of the heater has no watchdog on its communication: if the host dies, it holds the last set
//! point. So a campaign on a real rig starts a second process first, the *watch*, and writes a beat to its
//! standard input at every command and every tick of a wait. When no beat comes for so many seconds, or the
//! pipe closes because the campaign has died, the watch turns heaters off, stops pumps and puts lights out,
//! and keeps trying what did not acknowledge.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use flowtwin_lab::{Fault, Lab};

use crate::bench::Pulse;

/// The campaign's end: beats, and the process that listens.
#[derive(Debug)]
pub struct Heartbeat {
    watch: Child,
    beats: Option<ChildStdin>,
    every: Duration,
    last: Instant,
}

impl Heartbeat {
    /// Starts the watch: `command` is this program with the arguments that make it one, and must stay silent
    /// on standard output until it writes one line to say that it is watching.
    ///
    /// # Errors
    /// If it cannot be started, or ends without saying that it watches: then nothing may be heated.
    pub fn start(mut command: Command, silence: Duration) -> std::io::Result<Self> {
        let mut watch = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let beats = watch.stdin.take();
        let mut first = [0];
        let ready = watch.stdout.as_mut().map_or(Ok(0), |out| out.read(&mut first))?;
        if ready == 0 {
            let status = watch.wait()?;
            return Err(std::io::Error::other(format!("the watch did not start: {status}")));
        }
        Ok(Self { watch, beats, every: silence / 4, last: Instant::now() })
    }

    /// Whether the watch is still there: if not, nothing guards the heater.
    pub fn is_watched(&mut self) -> bool {
        matches!(self.watch.try_wait(), Ok(None))
    }

    /// Closes the pipe and waits until the watch has made the rig safe.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn finish(mut self) -> std::io::Result<std::process::ExitStatus> {
        drop(self.beats.take());
        self.watch.wait()
    }
}

impl Pulse for Heartbeat {
    fn beat(&mut self) {
        if self.last.elapsed() < self.every {
            return;
        }
        self.last = Instant::now();
        // A watch that has gone is noticed by `is_watched`; a beat itself never fails a campaign.
        let _ = self.beats.as_mut().map(|pipe| pipe.write_all(b"."));
    }
}

/// How a watch has ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Alarm {
    /// The campaign closed the pipe: it has ended, or died.
    Closed,
    /// No beat came for so long [s].
    Silent(f64),
}

/// The watch itself: waits while bytes keep coming from `beats`, no longer than `silence` apart.
pub fn watch(beats: impl Read + Send + 'static, silence: Duration) -> Alarm {
    let incoming = listen(beats);
    loop {
        match incoming.recv_timeout(silence) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return Alarm::Silent(silence.as_secs_f64()),
            Err(RecvTimeoutError::Disconnected) => return Alarm::Closed,
        }
    }
}

/// A thread that turns bytes into messages, and ends with the pipe.
fn listen(mut beats: impl Read + Send + 'static) -> Receiver<()> {
    let (heard, incoming) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while matches!(beats.read(&mut bytes), Ok(n) if n > 0) {
            if heard.send(()).is_err() {
                break;
            }
        }
    });
    incoming
}

/// Tries to make a rig safe and to turn its heaters off, up to `tries` times, `pause` apart, until everything
/// has acknowledged.
///
/// A port that the dying campaign still holds is free once it is gone, so the first try may fail.
///
/// # Errors
/// What did not acknowledge in the last try.
pub fn make_safe_at_last(lab: &mut dyn Lab, tries: u32, pause: Duration) -> Result<(), Fault> {
    for _ in 1..tries {
        if make_safe(lab).is_ok() {
            return Ok(());
        }
        std::thread::sleep(pause);
    }
    make_safe(lab)
}

/// Safe set points first, then control off: both are tried whatever happens to the other.
fn make_safe(lab: &mut dyn Lab) -> Result<(), Fault> {
    let mut done = lab.send(&flowtwin_lab::Command::MakeSafe).map(|_| ());
    let heaters: Vec<_> = lab.manifest().heaters.iter().map(|h| h.name.clone()).collect();
    for heater in heaters {
        let off = lab.send(&flowtwin_lab::Command::HeaterOff { heater }).map(|_| ());
        done = done.and(off);
    }
    done
}
