//! Lights and frames.

use super::spec::ProcedureSpec;
use crate::analysis::{Analysis, Blank, Counts, average};
use crate::command::{Command, Exposure, Reply};
use crate::fault::{Fault, FaultKind, PROCEDURE};
use crate::frames::Frames;
use crate::id::{LightId, SpectrometerId};
use crate::lab::Lab;
use crate::time::{Instant, Span};

/// Time between two tries of something that was not ready [s].
const TICK_S: f64 = 0.1;

/// Switches the lights of all channels.
pub(super) fn lights(lab: &mut dyn Lab, analysis: &Analysis, on: bool) -> Result<(), Fault> {
    let mut done: Vec<LightId> = Vec::new();
    for channel in analysis.channels() {
        if !done.contains(&channel.light) {
            lab.send(&Command::Light { light: channel.light.clone(), on })?;
            done.push(channel.light.clone());
        }
    }
    Ok(())
}

/// The dark of every channel: lights off, a few frames averaged.
pub(super) fn dark(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    analysis: &Analysis,
) -> Result<Vec<Counts>, Fault> {
    lights(lab, analysis, false)?;
    let frames = take(lab, analysis, Some(spec.dark_frames))?;
    Ok(frames.iter().map(mean).collect())
}

/// The frames of a sample, all channels at the same time. Lights must be on, and give light.
pub(super) fn frames(
    lab: &mut dyn Lab,
    analysis: &Analysis,
    dark: &[Counts],
) -> Result<Vec<Frames>, Fault> {
    let frames = take(lab, analysis, None)?;
    lit(lab, analysis, &frames, dark)?;
    Ok(frames)
}

/// Refuses frames of a lamp that gives no light: two darks on top of each other look like a clear liquid, and no
/// excitation like a dim product.
pub(super) fn lit(
    lab: &dyn Lab,
    analysis: &Analysis,
    frames: &[Frames],
    dark: &[Counts],
) -> Result<(), Fault> {
    for (i, channel) in analysis.channels().iter().enumerate() {
        let counts = analysis.light_counts(i, &mean(&frames[i]), &dark[i]);
        if counts < channel.least_light_counts {
            return Err(Fault::new(lab.now(), &channel.light, FaultKind::NoLight { counts }));
        }
    }
    Ok(())
}

/// The reference of every channel, carrier in the flow cells.
pub(super) fn blank(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    analysis: &Analysis,
) -> Result<Blank, Fault> {
    let dark = dark(lab, spec, analysis)?;
    lights(lab, analysis, true)?;
    lab.wait(Span::from_secs(spec.light_settle_s))?;
    let frames = frames(lab, analysis, &dark)?;
    lights(lab, analysis, false)?;
    let stale = frames.iter().enumerate().any(|(i, frames)| analysis.shows_slugs(i, frames));
    Ok(Blank { reference: frames.iter().map(mean).collect(), stale })
}

/// The mean of frames.
pub(super) fn mean(frames: &Frames) -> Counts {
    average(frames, &(0..frames.len()).collect::<Vec<_>>()).0
}

/// How long the frames of all channels take, side by side [s]; `count` replaces the channel's own number.
pub(super) fn takes_s(analysis: &Analysis, count: Option<u32>) -> f64 {
    let exposures = analysis.channels().iter().map(|channel| channel.exposure);
    let taken =
        |e: Exposure| 1e-6 * f64::from(count.unwrap_or(e.frames)) * f64::from(e.integration_us);
    exposures.map(taken).fold(0.0, f64::max)
}

/// Arms the spectrometers of all channels, waits, and fetches; `count` replaces the channel's own number.
fn take(lab: &mut dyn Lab, analysis: &Analysis, count: Option<u32>) -> Result<Vec<Frames>, Fault> {
    let ready = arm(lab, analysis, count)?;
    lab.wait_until(ready)?;
    fetch_all(lab, analysis)
}

/// Arms the spectrometers of all channels and returns when the last will be ready.
pub(super) fn arm(
    lab: &mut dyn Lab,
    analysis: &Analysis,
    count: Option<u32>,
) -> Result<Instant, Fault> {
    let mut ready = lab.now();
    for channel in analysis.channels() {
        let frames = count.unwrap_or(channel.exposure.frames);
        let exposure = Exposure { frames, ..channel.exposure };
        let arm = Command::Arm { spectrometer: channel.spectrometer.clone(), exposure };
        if let Reply::Ready(at) = lab.send(&arm)? {
            ready = ready.max(at);
        }
    }
    Ok(ready)
}

/// Fetches the frames of all channels.
pub(super) fn fetch_all(lab: &mut dyn Lab, analysis: &Analysis) -> Result<Vec<Frames>, Fault> {
    analysis.channels().iter().map(|c| fetch(lab, &c.spectrometer)).collect()
}

/// A spectrometer on a wall clock can be late: "not ready" means "ask again after a tick".
fn fetch(lab: &mut dyn Lab, spectrometer: &SpectrometerId) -> Result<Frames, Fault> {
    let command = Command::Fetch { spectrometer: spectrometer.clone() };
    match patiently(lab, &command, 10.0)? {
        Reply::Frames(frames) => Ok(frames),
        _ => Err(unexpected(lab, "no frames")),
    }
}

/// Sends until the answer is not "not ready", at most for `patience_s`.
pub(super) fn patiently(
    lab: &mut dyn Lab,
    command: &Command,
    patience_s: f64,
) -> Result<Reply, Fault> {
    let began = lab.now();
    loop {
        match lab.send(command) {
            Err(fault) if fault.kind == FaultKind::NotReady => {
                let waited_s = lab.now().since(began).as_secs();
                if waited_s >= patience_s {
                    let kind = FaultKind::NoReply { waited_s };
                    return Err(Fault::new(lab.now(), fault.origin, kind));
                }
                lab.wait(Span::from_secs(TICK_S))?;
            }
            answer => return answer,
        }
    }
}

/// The fault of an answer that does not fit its command.
pub(super) fn unexpected(lab: &dyn Lab, what: &str) -> Fault {
    let detail = format!("the lab answered with {what}");
    Fault::new(lab.now(), PROCEDURE, FaultKind::Garbled { detail })
}
