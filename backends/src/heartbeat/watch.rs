//! The watch's end: what it hears, and what it does when it hears nothing.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use flowtwin_lab::{Command, Fault, Lab, SensorKind};

use super::{ACTS, BEAT, Introduction};
use crate::bench::{Bench, Herald};
use crate::clock::{WallClock, ticking};
use crate::connect::connect;
use crate::wiring::{Wiring, WiringError};

/// How long a watch pauses between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a silent campaign may keep what the watch needs, once the watch has acted: one that was only held up ends by
/// itself.
const GRACE: Duration = Duration::from_secs(3);

/// What a watch has to do.
pub struct Duty<'a> {
    /// The rig.
    pub wiring: &'a Wiring,
    /// Longest time between two beats.
    pub silence: Duration,
    /// How long it tries to make the rig safe.
    pub tries_for: Duration,
    /// How long one try may take: usually [`SAFE_WITHIN`](crate::bench::SAFE_WITHIN).
    pub safe_within: Duration,
    /// Receives the reason before the watch acts.
    pub on_alarm: &'a mut dyn FnMut(&Alarm),
    /// Announces that the rig is not safe.
    pub herald: Box<dyn Herald>,
    /// Ends a campaign that hangs, by the number of its process: it keeps ports that are needed.
    pub end_campaign: &'a mut dyn FnMut(u32),
}

impl std::fmt::Debug for Duty<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Duty").field("silence", &self.silence).finish_non_exhaustive()
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
    /// The campaign does not say what is installed, or could not be informed that the watch has begun.
    #[error("the campaign cannot be talked to: {0}")]
    Campaign(#[from] std::io::Error),
}

/// How a watch has ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Alarm {
    /// The campaign closed the pipe: it has ended, or died.
    Closed,
    /// No heartbeat came for this time \[s\].
    Silent(f64),
}

/// The whole life of a watch: reads what is installed from the first line of `beats`, reaches every heater that allows a
/// second connection, says so on `output`, answers the beats that come from `beats`, and then makes the rig safe.
///
/// # Errors
/// If it cannot begin, or the rig is not safe at the end and needs a person on site.
pub fn stand_watch(
    duty: Duty<'_>,
    beats: impl Read + Send + 'static,
    mut output: impl Write,
) -> Result<Alarm, WatchError> {
    let Duty { wiring, silence, tries_for, safe_within, on_alarm, herald, end_campaign } = duty;
    let mut beats = BufReader::new(beats);
    let mut line = String::new();
    beats.read_line(&mut line)?;
    let told: Introduction = serde_json::from_str(&line).map_err(std::io::Error::from)?;
    // Programs of the campaign that have not ended with it are ended before others take their place.
    let wiring = &Wiring { instead_of: Some(told.starter), ..wiring.clone() };
    let mut bench = connect(wiring, told.manifest, Box::new(WallClock::real()))?;
    reach_heaters(wiring, &mut bench).map_err(WatchError::Unreachable)?;
    writeln!(output, "watching")?;
    output.flush()?;
    let alarm = watch(beats, silence, &mut output);
    on_alarm(&alarm);
    if has_gone(wiring) {
        return Ok(alarm);
    }
    let mut bench = bench.with_herald(herald).with_safe_within(safe_within);
    let mut release = Release { end: end_campaign, process: told.process, done: false };
    if alarm == Alarm::Closed {
        release.done = true;
    } else if wiring.has_lone_heaters() {
        release.now();
    }
    let made_safe = make_safe_at_last(&mut bench, tries_for, PAUSE, &mut |tried_for| {
        // A campaign that has only been held up must know at once; one that has gone hears nothing.
        let _gone = output.write_all(&[ACTS]).and_then(|()| output.flush());
        if tried_for >= GRACE {
            release.now();
        }
        !has_gone(wiring)
    });
    match made_safe {
        Err(fault) if !has_gone(wiring) => Err(WatchError::NotSafe(fault)),
        _ => Ok(alarm),
    }
}

/// Whether the process has gone that emulated the instruments. There is nothing left to make safe then, and the ports that
/// led to them may lead to somebody else's.
fn has_gone(wiring: &Wiring) -> bool {
    let clock = wiring.clock.as_ref().filter(|_| wiring.simulated);
    let refused = |error: std::io::Error| error.kind() == std::io::ErrorKind::ConnectionRefused;
    clock.is_some_and(|address| TcpStream::connect(address).is_err_and(refused))
}

/// Ends a silent campaign, once.
struct Release<'a> {
    end: &'a mut dyn FnMut(u32),
    process: u32,
    done: bool,
}

impl Release<'_> {
    fn now(&mut self) {
        if !std::mem::replace(&mut self.done, true) {
            (self.end)(self.process);
        }
    }
}

fn reach_heaters(wiring: &Wiring, bench: &mut Bench) -> Result<(), Fault> {
    for heater in wiring.shared_heaters() {
        let kind = SensorKind::Temperature(heater);
        if let Some(sensor) = bench.manifest().sensor(&kind).cloned() {
            bench.send(&Command::Read { sensor })?;
        }
    }
    Ok(())
}

/// The watch itself: answers the bytes that come from `beats`, as long as they come no longer than `silence` apart.
pub fn watch(
    beats: impl Read + Send + 'static,
    silence: Duration,
    answers: &mut impl Write,
) -> Alarm {
    let incoming = listen(beats);
    let mut rhythm = Rhythm { silence, last: ticking() };
    loop {
        match incoming.recv_timeout(silence) {
            Ok(beats) => {
                if let Err(alarm) = rhythm.beat(ticking()) {
                    return alarm;
                }
                // A campaign that does not hear it has died: that is noticed next.
                let _gone = answers.write_all(&vec![BEAT; beats]).and_then(|()| answers.flush());
            }
            Err(RecvTimeoutError::Timeout) => return Alarm::Silent(silence.as_secs_f64()),
            Err(RecvTimeoutError::Disconnected) => return Alarm::Closed,
        }
    }
}

/// When beats come.
struct Rhythm {
    /// Longest time between two of them.
    silence: Duration,
    last: Duration,
}

impl Rhythm {
    /// Hears a beat. A computer that slept has been silent before it, although no timer ran.
    fn beat(&mut self, now: Duration) -> Result<(), Alarm> {
        let apart = now.saturating_sub(self.last);
        self.last = now;
        if apart > self.silence { Err(Alarm::Silent(apart.as_secs_f64())) } else { Ok(()) }
    }
}

/// A thread that counts bytes, and ends with the pipe.
fn listen(mut beats: impl Read + Send + 'static) -> Receiver<usize> {
    let (heard, incoming) = channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 64];
        while let Ok(count @ 1..) = beats.read(&mut bytes) {
            if heard.send(count).is_err() {
                break;
            }
        }
    });
    incoming
}

/// Tries to make a rig safe and to turn its heaters off, for at most this time, `pause` apart, until everything has
/// acknowledged. `trying` is called before every attempt with the time since the first one, and decides whether to continue.
///
/// A port that the dying campaign still holds is free once it is gone, so the first try may fail.
///
/// # Errors
/// What did not acknowledge in the last try.
pub fn make_safe_at_last(
    lab: &mut dyn Lab,
    tries_for: Duration,
    pause: Duration,
    trying: &mut dyn FnMut(Duration) -> bool,
) -> Result<(), Fault> {
    let begun = Instant::now();
    trying(Duration::ZERO);
    loop {
        let done = make_safe(lab);
        if done.is_ok() || begun.elapsed() >= tries_for {
            return done;
        }
        std::thread::sleep(pause);
        if !trying(begun.elapsed()) {
            return done;
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn beats_may_be_as_far_apart_as_the_longest_silence_however_many_come() {
        let mut rhythm = Rhythm { silence: s(10), last: s(100) };
        for now in [104, 112, 122, 132, 133] {
            assert_eq!(rhythm.beat(s(now)), Ok(()), "{now}");
        }
        assert_eq!(rhythm.beat(s(144)), Err(Alarm::Silent(11.0)));
    }

    #[test]
    fn a_silent_campaign_is_ended_once() {
        let mut ended = Vec::new();
        let mut end = |process| ended.push(process);
        let mut release = Release { end: &mut end, process: 7, done: false };
        release.now();
        release.now();
        assert!(release.done);
        assert_eq!(ended, [7]);
    }
}
