//! One frame for each request, as spectrometers without a buffer give it.

use flowtwin_lab::{Command, Exposure, FaultKind, Instant, Lab, Reply, SpectrometerId};

/// What has become of a frame.
pub(super) enum Frame {
    /// It is not there yet.
    Later,
    /// Its counts.
    Counts(Vec<u16>),
    /// The lab behind does not give it.
    Failed,
}

/// The spectrometer of the lab behind, and the frame that it takes.
#[derive(Debug)]
pub(super) struct Single {
    pub(super) spectrometer: SpectrometerId,
    /// When the frame under way is complete.
    ready: Option<Instant>,
    /// Whether the detector is saturated.
    pub(super) saturated: bool,
}

impl Single {
    pub(super) fn new(spectrometer: SpectrometerId) -> Self {
        Self { spectrometer, ready: None, saturated: false }
    }

    /// Forgets the frame under way.
    pub(super) fn give_up(&mut self) {
        self.ready = None;
    }

    /// Begins a frame, for the line that is `measuring` from then on, or takes it where it is complete. Another line waits
    /// until this one has its frame. Counts are at most `full_scale`.
    pub(super) fn take(
        &mut self,
        integration_us: u32,
        full_scale: u16,
        measuring: &mut bool,
        world: &mut dyn Lab,
    ) -> Frame {
        let spectrometer = self.spectrometer.clone();
        let ready = match self.ready {
            Some(_) if !*measuring => return Frame::Later,
            Some(ready) => ready,
            None => {
                let exposure = Exposure { integration_us, frames: 1 };
                let arm = Command::Arm { spectrometer: spectrometer.clone(), exposure };
                match world.send(&arm) {
                    Ok(Reply::Ready(at)) => at,
                    Ok(_) => world.now(),
                    Err(_) => return self.end(measuring, Frame::Failed),
                }
            }
        };
        (self.ready, *measuring) = (Some(ready), true);
        if world.now() < ready {
            return Frame::Later;
        }
        match world.send(&Command::Fetch { spectrometer }) {
            Ok(Reply::Frames(frames)) => {
                let seen = |count: &u16| if self.saturated { full_scale } else { *count };
                let counts = frames.counts().iter().map(seen).map(|n| n.min(full_scale)).collect();
                self.end(measuring, Frame::Counts(counts))
            }
            Err(fault) if fault.kind == FaultKind::NotReady => Frame::Later,
            _ => self.end(measuring, Frame::Failed),
        }
    }

    fn end(&mut self, measuring: &mut bool, frame: Frame) -> Frame {
        (self.ready, *measuring) = (None, false);
        frame
    }
}
