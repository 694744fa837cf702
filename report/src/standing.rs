//! Where a run stands: complete, or how far it came and why it ended.

use super::format::counted;
use super::run::Run;
use super::trouble::faults;
use flowtwin_lab::FaultKind;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ended {
    /// It is complete.
    Complete,
    /// Somebody stopped it.
    Interrupted,
    /// A fault of the rig stopped it.
    Stopped(String),
    /// It is still running, or ended without a record.
    CutOff,
}

impl Ended {
    /// How `run` ended.
    pub(crate) fn of(run: &Run<'_>) -> Self {
        if run.journal().complete() {
            return Self::Complete;
        }
        match faults(run).last() {
            Some(last) if last.fault.kind == FaultKind::Interrupted => Self::Interrupted,
            Some(last) if last.fault.kind.stops_campaign() => Self::Stopped(last.fault.to_string()),
            _ => Self::CutOff,
        }
    }

    /// The word of `summary.json`.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Interrupted => "interrupted",
            Self::Stopped(_) => "stopped",
            Self::CutOff => "unfinished",
        }
    }
}

/// What must be said first of a run that is not complete: how far it came, and why it ended.
pub(crate) fn unfinished(run: &Run<'_>) -> Option<String> {
    let done = run.experiments().len();
    let of = match run.planned() {
        Some(planned) => format!("{done} of {}", counted(planned, "planned experiment")),
        None => counted(done, "experiment"),
    };
    match Ended::of(run) {
        Ended::Complete => None,
        Ended::Interrupted => Some(format!("Not complete: interrupted after {of}.")),
        Ended::Stopped(fault) => Some(format!("Not complete: stopped after {of} ({fault}).")),
        Ended::CutOff => Some(format!("Not complete: {of} so far.")),
    }
}
