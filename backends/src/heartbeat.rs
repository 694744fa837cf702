//! The dead man's switch: a process of its own that makes the rig safe when the campaign falls
//! silent.
//!
//! The controller of the heater has no watchdog on its communication: if the host dies, it holds
//! the last set point. So a campaign on a real rig starts a second process first, the *watch*, and
//! writes a beat to its standard input at every command and every tick of a wait. When no beat
//! comes for so many seconds, or the pipe closes because the campaign has died, the watch turns
//! heaters off, stops pumps and puts lights out, and keeps trying what did not acknowledge.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use flowtwin_lab::{Command, Fault, FaultKind, Lab, Manifest, SensorKind};

use crate::bench::Pulse;
use crate::clock::WallClock;
use crate::connect::connect;
use crate::wiring::{Wiring, WiringError};

/// How often a watch tries to make a rig safe, and how long it pauses between: two minutes in all.
const TRIES: u32 = 240;
const PAUSE: Duration = Duration::from_millis(500);

/// The campaign's end: beats, and the process that listens.
#[derive(Debug)]
pub struct Heartbeat {
    watch: Child,
    beats: Option<ChildStdin>,
    every: Duration,
    last: Instant,
}

impl Heartbeat {
    /// Starts the watch: `command` is this program with the arguments that make it one, and must
    /// stay silent on standard output until it writes one line to say that it is watching. It is
    /// told what is installed by a first line on its standard input.
    ///
    /// # Errors
    /// If it cannot be started, or ends without saying that it watches: then nothing may be heated.
    pub fn start(
        mut command: std::process::Command,
        manifest: &Manifest,
        silence: Duration,
    ) -> std::io::Result<Self> {
        // In a group of its own: what ends or stops the campaign's group, such as a terminal that is closed, must not end
        // the watch with it.
        command.process_group(0);
        let mut watch = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut beats = watch.stdin.take();
        let mut line = serde_json::to_string(manifest)?;
        line.push('\n');
        // A watch that has died already is noticed below, by what it does not say.
        let _told = beats.as_mut().map(|pipe| pipe.write_all(line.as_bytes()));
        let mut first = [0];
        let ready = watch.stdout.as_mut().map_or(Ok(0), |out| out.read(&mut first))?;
        if ready == 0 {
            let status = watch.wait()?;
            return Err(std::io::Error::other(format!("the watch did not start: {status}")));
        }
        Ok(Self { watch, beats, every: silence / 4, last: Instant::now() })
    }

    /// Closes the pipe and waits until the watch has made the rig safe.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn finish(&mut self) -> std::io::Result<std::process::ExitStatus> {
        drop(self.beats.take());
        self.watch.wait()
    }
}

impl Pulse for Heartbeat {
    fn beat(&mut self) -> Result<(), FaultKind> {
        if self.last.elapsed() < self.every {
            return Ok(());
        }
        self.last = Instant::now();
        let told = self.beats.as_mut().map(|pipe| pipe.write_all(b"."));
        if matches!(told, Some(Ok(()))) {
            return Ok(());
        }
        let rule = "heartbeat".into();
        let detail =
            "the watch has ended: nothing would turn the heater off if this program died; \
                      find out why, then resume"
                .into();
        Err(FaultKind::Interlock { rule, detail })
    }
}

/// Why a watch cannot watch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// The wiring file does not fit the lab.
    #[error(transparent)]
    Wiring(#[from] WiringError),
    /// A heater cannot be reached from here: nothing may be heated.
    #[error("a heater cannot be reached: {0}")]
    Unreachable(Fault),
    /// The campaign has ended or died, and the rig is not safe.
    #[error("{0}")]
    NotSafe(Fault),
    /// The campaign does not say what is installed, or could not be told that the watch has begun.
    #[error("the campaign cannot be talked to: {0}")]
    Campaign(#[from] std::io::Error),
}

/// The whole life of a watch: reads what is installed from the first line of `beats`, reaches every heater that allows a second connection, says so on
/// `output`, waits while beats come from `beats`, and then makes the rig safe.
///
/// # Errors
/// If it cannot begin, or the rig is not safe at the end: somebody must go there.
pub fn stand_watch(
    wiring: &Wiring,
    silence: Duration,
    beats: impl Read + Send + 'static,
    mut output: impl Write,
) -> Result<Alarm, WatchError> {
    let mut beats = BufReader::new(beats);
    let mut line = String::new();
    beats.read_line(&mut line)?;
    let manifest = serde_json::from_str(&line).map_err(std::io::Error::from)?;
    let mut bench = connect(wiring, manifest, Box::new(WallClock::real()))?;
    for heater in wiring.shared_heaters() {
        let kind = SensorKind::Temperature(heater);
        if let Some(sensor) = bench.manifest().sensor(&kind).cloned() {
            bench.send(&Command::Read { sensor }).map_err(WatchError::Unreachable)?;
        }
    }
    writeln!(output, "watching")?;
    output.flush()?;
    let alarm = watch(beats, silence);
    make_safe_at_last(&mut bench, TRIES, PAUSE).map_err(WatchError::NotSafe)?;
    Ok(alarm)
}

/// How a watch has ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Alarm {
    /// The campaign closed the pipe: it has ended, or died.
    Closed,
    /// No beat came for so long \[s\].
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

/// Tries to make a rig safe and to turn its heaters off, up to `tries` times, `pause` apart, until
/// everything has acknowledged.
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
    let mut done = lab.send(&Command::MakeSafe).map(|_| ());
    let heaters: Vec<_> = lab.manifest().heaters.iter().map(|h| h.name.clone()).collect();
    for heater in heaters {
        let off = lab.send(&Command::HeaterOff { heater }).map(|_| ());
        done = done.and(off);
    }
    done
}
