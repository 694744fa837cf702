//! A layer that keeps what passes: every set of frames, analysed.

use flowtwin_lab::analysis::Counts;
use flowtwin_lab::{Analysis, Blank, Command, Fault, Frames, Instant, Lab, Manifest, Reply};

use super::reading::Reading;

/// A lab around a lab that analyses all frames fetched through it.
///
/// The first set of an experiment is its dark; every later one is a sample, dated by the middle of its exposure.
pub(super) struct Tap<'a> {
    lab: &'a mut dyn Lab,
    analysis: &'a Analysis,
    blank: &'a Blank,
    flowing_since: Instant,
    armed: Instant,
    fetched: Vec<Frames>,
    dark: Option<Vec<Counts>>,
    readings: Vec<(Instant, Reading)>,
}

impl<'a> Tap<'a> {
    /// Taps `lab`.
    pub(super) fn new(lab: &'a mut dyn Lab, analysis: &'a Analysis, blank: &'a Blank) -> Self {
        let now = lab.now();
        Self {
            lab,
            analysis,
            blank,
            flowing_since: now,
            armed: now,
            fetched: Vec::new(),
            dark: None,
            readings: Vec::new(),
        }
    }

    /// When the last pump was started, and the readings with their times.
    pub(super) fn into_readings(self) -> (Instant, Vec<(Instant, Reading)>) {
        (self.flowing_since, self.readings)
    }

    fn take(&mut self, frames: Frames) {
        self.fetched.push(frames);
        if self.fetched.len() < self.analysis.channels().len() {
            return;
        }
        let frames = std::mem::take(&mut self.fetched);
        match &self.dark {
            None => self.dark = Some(frames.iter().map(mean).collect()),
            Some(dark) => {
                let exposed_ns = self.lab.now().since(self.armed).as_nanos();
                let middle = Instant::from_nanos(self.armed.as_nanos() + exposed_ns / 2);
                let outcome = self.analysis.outcome(&frames, dark, self.blank);
                self.readings.push((middle, Reading::of(&outcome)));
            }
        }
    }
}

fn mean(frames: &Frames) -> Counts {
    let mut sums = vec![0.0; frames.pixels()];
    for frame in frames.iter() {
        for (sum, &count) in sums.iter_mut().zip(frame) {
            *sum += f64::from(count);
        }
    }
    let n = frames.len() as f64;
    sums.into_iter().map(|sum| sum / n).collect()
}

impl Lab for Tap<'_> {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let reply = self.lab.send(command)?;
        match (command, &reply) {
            (Command::Dispense { .. }, _) => self.flowing_since = self.lab.now(),
            (Command::Arm { .. }, _) => self.armed = self.lab.now(),
            (Command::Fetch { .. }, Reply::Frames(frames)) => self.take(frames.clone()),
            _ => {}
        }
        Ok(reply)
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}
