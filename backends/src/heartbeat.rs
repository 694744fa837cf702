//! The dead man's switch: a second process that makes the rig safe when the campaign falls
//! silent.
//!
//! The controller of the heater has no watchdog on its communication: if the host dies, it holds
//! the last set point. So a campaign on a real rig starts a second process first, the *watch*, and
//! writes a beat to its standard input at every command, every tick of a wait and while it waits for
//! an instrument. The watch answers every beat on its standard output: each of the two knows that the
//! other is there.
//!
//! - When no heartbeat comes for a number of seconds, or the pipe closes because the campaign has died, the
//!   watch announces that it acts, turns heaters off, stops pumps and puts lights out, and keeps trying what
//!   did not acknowledge. A campaign that only hangs keeps its serial ports: where the heater is on one,
//!   the watch ends the campaign first.
//! - When the watch has acted, has gone or does not answer, or the campaign itself has stood still for
//!   so long that the watch must have acted, the next beat is a fault: the campaign ends, safe. Frames
//!   are believed only after the watch has answered a beat that was sent later.
//!
//! There is a watch on Unix only: elsewhere [`Heartbeat::start`] refuses, and nothing may be heated.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};
use std::time::Duration;

use flowtwin_lab::child::apart;
use flowtwin_lab::{FaultKind, Manifest};
use serde::{Deserialize, Serialize};

#[cfg_attr(not(unix), path = "heartbeat/elsewhere.rs")]
#[cfg_attr(unix, path = "heartbeat/on_unix.rs")]
mod system;
mod watch;

use system::{came_within, can_be_watched, go_on};
pub use watch::{Alarm, Duty, WatchError, make_safe_at_last, stand_watch, watch};

use crate::bench::Pulse;
use crate::clock::ticking;
use crate::transport::this_process;

/// A beat, and the answer to it.
const BEAT: u8 = b'.';
/// The watch is making the rig safe.
const ACTS: u8 = b'!';

/// Beats in the longest silence.
const BEATS: u32 = 10;

/// Within this share of the longest silence the watch must answer.
const ANSWERS_WITHIN: f64 = 0.4;

/// How long one look for an answer takes, in milliseconds.
const LOOK_MS: u16 = 20;

/// Longest time without a sign of life from a watch that is making the rig safe; it gives one at every attempt.
const HANGS: Duration = Duration::from_secs(6);

/// The first line from a campaign to its watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Introduction {
    /// The process that beats.
    pub process: u32,
    /// What the programs that it starts know it by.
    #[serde(default)]
    pub starter: String,
    /// What is installed.
    pub manifest: Manifest,
}

/// The campaign's end: beats, and the process that listens and answers.
#[derive(Debug)]
pub struct Heartbeat {
    watch: Child,
    beats: Option<ChildStdin>,
    answers: ChildStdout,
    silence: Duration,
    last: Duration,
    /// When beats were sent that have not been answered.
    unanswered: VecDeque<Duration>,
    /// Number of answers that must come before the question whether the watch is alive is answered.
    confirming: Option<usize>,
    lost: Option<String>,
    /// Longest time without a sign of life at the end.
    hangs: Duration,
}

impl Heartbeat {
    /// Starts the watch: `command` is this program with the arguments that make it one, and must
    /// stay silent on standard output until it writes one line to say that it is watching. It is
    /// which learns what is installed from the first line of its standard input.
    ///
    /// # Errors
    /// If it cannot be started, or ends without saying that it watches, or this is no Unix system, on which there is no
    /// watch: then nothing may be heated.
    pub fn start(
        mut command: std::process::Command,
        manifest: &Manifest,
        silence: Duration,
    ) -> std::io::Result<Self> {
        can_be_watched()?;
        // In a group of its own: what ends or stops the campaign's group, such as a terminal that is closed, must not end
        // the watch with it.
        let mut watch = apart(&mut command).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut beats = watch.stdin.take();
        let (process, starter) = (std::process::id(), this_process());
        let introduction = Introduction { process, starter, manifest: manifest.clone() };
        let mut line = serde_json::to_string(&introduction)?;
        line.push('\n');
        // A watch that has died already is noticed below, by what it does not say.
        let _told = beats.as_mut().map(|pipe| pipe.write_all(line.as_bytes()));
        let mut answers = watch.stdout.take().expect("a pipe was asked for");
        if !says_a_line(&mut answers)? {
            let status = watch.wait()?;
            return Err(std::io::Error::other(format!("the watch did not start: {status}")));
        }
        let (last, unanswered) = (ticking(), VecDeque::new());
        let (confirming, lost) = (None, None);
        let hangs = HANGS;
        Ok(Self { watch, beats, answers, silence, last, unanswered, confirming, lost, hangs })
    }

    /// Number of the watch's process.
    pub fn process(&self) -> u32 {
        self.watch.id()
    }

    /// Closes the pipe and waits until the watch has made the rig safe, or until `leave` is true; none
    /// where it is still at work. A watch that hangs is ended.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn finish(
        &mut self,
        mut leave: impl FnMut() -> bool,
    ) -> std::io::Result<Option<ExitStatus>> {
        drop(self.beats.take());
        // One that somebody has stopped goes on.
        go_on(&self.watch);
        let mut lively = ticking();
        loop {
            if let Some(status) = self.watch.try_wait()? {
                return Ok(Some(status));
            }
            if leave() {
                return Ok(None);
            }
            if self.read(LOOK_MS).is_ok_and(|bytes| !bytes.is_empty()) {
                lively = ticking();
            } else if ticking().saturating_sub(lively) > self.hangs {
                self.watch.kill()?;
            }
            // Where the pipe is closed there is nothing to wait for.
            std::thread::sleep(Duration::from_millis(u64::from(LOOK_MS)));
        }
    }

    /// Everything that must be so before a beat counts.
    fn look(&mut self, patience_ms: u16) -> Result<(), String> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let stood_still = ticking().saturating_sub(self.last);
        let heard = match stood_still > self.silence {
            true => Err(format!(
                "this program stood still for {:.1} s, and the watch has made the rig safe meanwhile; find out what held \
                 it up (a pause, a computer that slept), then resume",
                stood_still.as_secs_f64()
            )),
            false => self.hear(patience_ms),
        };
        heard.inspect_err(|lost| self.lost = Some(lost.clone()))
    }

    /// Takes in what the watch has said.
    fn hear(&mut self, patience_ms: u16) -> Result<(), String> {
        let ended = "the watch has ended; find out why, then resume";
        let bytes = self.read(patience_ms).map_err(|_| ended.to_owned())?;
        for byte in bytes {
            if byte == ACTS {
                return Err("the watch has acted: it had heard nothing of this program for too long; find out what \
                            held it up, then resume"
                    .into());
            }
            self.unanswered.pop_front();
            self.confirming = self.confirming.map(|left| left.saturating_sub(1));
        }
        let waits = self.unanswered.front().map(|sent| ticking().saturating_sub(*sent));
        match waits {
            Some(waits) if waits > self.silence.mul_f64(ANSWERS_WITHIN) => Err(format!(
                "the watch (process {}) has not answered for {:.1} s; find out why, then resume",
                self.watch.id(),
                waits.as_secs_f64()
            )),
            _ => Ok(()),
        }
    }

    /// What has come from the watch within this time; an error if the link is closed.
    fn read(&mut self, patience_ms: u16) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; 256];
        let came = came_within(&self.answers, patience_ms)?;
        let read = if came { self.answers.read(&mut bytes)? } else { 0 };
        if came && read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.truncate(read);
        Ok(bytes)
    }

    fn send(&mut self) -> Result<(), String> {
        self.last = ticking();
        match self.beats.as_mut().map(|pipe| pipe.write_all(&[BEAT])) {
            Some(Ok(())) => {
                self.unanswered.push_back(self.last);
                Ok(())
            }
            _ => {
                let lost = "the watch has ended; find out why, then resume".to_owned();
                self.lost = Some(lost.clone());
                Err(lost)
            }
        }
    }

    fn beat_if_due(&mut self) -> Result<(), String> {
        self.look(0)?;
        if ticking().saturating_sub(self.last) < self.silence / BEATS {
            return Ok(());
        }
        self.send()
    }

    /// Whether a beat that was sent since the question was first asked has been answered.
    fn confirmed(&mut self) -> Result<bool, String> {
        self.look(0)?;
        if self.confirming.is_none() {
            self.send()?;
            self.confirming = Some(self.unanswered.len());
        }
        self.look(LOOK_MS)?;
        let confirmed = self.confirming == Some(0);
        if confirmed {
            self.confirming = None;
        }
        Ok(confirmed)
    }
}

impl Pulse for Heartbeat {
    fn beat(&mut self) -> Result<(), FaultKind> {
        self.beat_if_due().map_err(|detail| FaultKind::Unwatched { detail })
    }

    fn confirm(&mut self) -> Result<bool, FaultKind> {
        self.confirmed().map_err(|detail| FaultKind::Unwatched { detail })
    }
}

/// Whether a whole line comes before the end.
fn says_a_line(from: &mut ChildStdout) -> std::io::Result<bool> {
    let mut byte = [0];
    while from.read(&mut byte)? > 0 {
        if byte[0] == b'\n' {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use flowtwin_lab::Lab as _;
    use flowtwin_lab::toy::ToyLab;

    use super::*;

    /// One that takes its time to make the rig safe is not ended.
    #[test]
    fn a_watch_that_has_not_hung_is_waited_for() {
        let mut command = Command::new("sh");
        let script = "read told; echo watching; cat > /dev/null; sleep 0.2; exit 7";
        command.args(["-c", script]);
        let hour = Duration::from_secs(3600);
        let mut heart = Heartbeat::start(command, ToyLab::new().manifest(), hour).unwrap();
        heart.hangs = hour;
        let status = heart.finish(|| false).unwrap().expect("it has ended");
        assert_eq!(status.code(), Some(7));
    }

    #[test]
    fn an_answer_to_an_earlier_beat_confirms_nothing() {
        let mut command = Command::new("sh");
        let answers_one =
            "read told; echo watching; head -c 2 > /dev/null; printf .; exec sleep 600";
        command.args(["-c", answers_one]);
        let hour = Duration::from_secs(3600);
        let mut heart = Heartbeat::start(command, ToyLab::new().manifest(), hour).unwrap();
        heart.send().unwrap();
        assert_eq!(heart.confirmed(), Ok(false), "the question is a second beat");
        while heart.unanswered.len() > 1 {
            assert_eq!(heart.confirmed(), Ok(false));
        }
        assert_eq!(heart.confirmed(), Ok(false), "the first beat was answered");
        heart.watch.kill().unwrap();
        heart.watch.wait().unwrap();
    }
}
