//! Samples for analysers, which are slow, and readings of sensors in the line.

use super::acquire::{patiently, unexpected};
use super::spec::ProcedureSpec;
use crate::analysis::{Analysis, Readings};
use crate::command::{Command, Reply};
use crate::fault::{Fault, FaultKind};
use crate::id::AnalyserId;
use crate::lab::Lab;
use crate::manifest::AnalyserInfo;
use crate::time::{Instant, Span};

/// Samples that analysers are working on, and what sensors read as they were taken.
#[derive(Debug)]
pub(super) struct Samples {
    ready: Instant,
    sensors: Vec<f64>,
}

/// The longest run of all analysers [s].
pub(super) fn longest_run_s(analysis: &Analysis) -> f64 {
    analysis.analysers().iter().map(|info| info.run_s).fold(0.0, f64::max)
}

/// Reads all sensors and gives every analyser a sample; nothing where features are read off spectra alone.
pub(super) fn inject(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    analysis: &Analysis,
) -> Result<Option<Samples>, Fault> {
    if analysis.analysers().is_empty() && analysis.sensors().is_empty() {
        return Ok(None);
    }
    let mut sensors = Vec::new();
    for info in analysis.sensors() {
        match lab.send(&Command::Read { sensor: info.name.clone() })? {
            Reply::Reading(value) => sensors.push(value),
            _ => return Err(unexpected(lab, "no reading")),
        }
    }
    let mut ready = lab.now();
    for info in analysis.analysers() {
        ready = ready.max(inject_one(lab, spec, info)?);
    }
    Ok(Some(Samples { ready, sensors }))
}

/// Gives an analyser a sample and returns when its results are expected. It may still be at work on one of an experiment
/// that failed.
fn inject_one(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    info: &AnalyserInfo,
) -> Result<Instant, Fault> {
    let inject = Command::Inject { analyser: info.name.clone() };
    let began = lab.now();
    loop {
        match lab.send(&inject) {
            Ok(Reply::Ready(at)) => return Ok(at),
            Ok(_) => return Err(unexpected(lab, "no time of its results")),
            Err(fault) if fault.kind == FaultKind::NotReady => {
                let waited_s = lab.now().since(began).as_secs();
                if waited_s >= info.run_s + spec.patience_s {
                    let kind = FaultKind::NoReply { waited_s };
                    return Err(Fault::new(lab.now(), fault.origin, kind));
                }
                lab.wait(Span::from_secs(spec.poll_s))?;
            }
            Err(fault) => return Err(fault),
        }
    }
}

/// Waits for the results of all analysers.
pub(super) fn readings(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    analysis: &Analysis,
    samples: Option<Samples>,
) -> Result<Readings, Fault> {
    let Some(Samples { ready, sensors }) = samples else { return Ok(Readings::default()) };
    lab.wait_until(ready)?;
    let results = analysis.analysers().iter().map(|info| results(lab, spec, &info.name));
    let results = results.collect::<Result<_, _>>()?;
    Ok(Readings { results, sensors })
}

fn results(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    analyser: &AnalyserId,
) -> Result<Vec<f64>, Fault> {
    let command = Command::Results { analyser: analyser.clone() };
    match patiently(lab, &command, spec.patience_s)? {
        Reply::Results(found) => Ok(found),
        _ => Err(unexpected(lab, "no results")),
    }
}
