//! The faults of a run, and their consequences.

use flowtwin_lab::journal::{Answer, Record};
use flowtwin_lab::{Fault, FaultKind};

use super::format::{NONE, duration};
use super::run::Run;
use super::table::Table;

/// Most faults that a report lists.
const MOST: usize = 40;

/// A fault, and the experiment that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble<'a> {
    /// What went wrong.
    pub fault: &'a Fault,
    /// The experiment under way; none before the first.
    pub experiment: Option<u64>,
    /// Whether that experiment failed because of it.
    pub failed: bool,
    /// Whether the experiment was spoiled and is repeated.
    pub repeated: bool,
}

/// All faults of a run in order, each once. An instrument that was not ready yet is not a fault.
pub(crate) fn faults<'a>(run: &Run<'a>) -> Vec<Trouble<'a>> {
    let mut out: Vec<Trouble<'a>> = Vec::new();
    let mut under_way = None;
    for record in run.journal().records() {
        let (fault, failed) = match record {
            Record::Proposal(proposal) => {
                under_way = Some(proposal.experiment);
                continue;
            }
            Record::Command(command) => match &command.answer {
                Answer::Fault(fault) if fault.kind != FaultKind::NotReady => (fault, false),
                _ => continue,
            },
            Record::Fault(fault) => (fault, false),
            Record::Experiment(experiment) => match &experiment.fault {
                Some(fault) => (fault, true),
                None => continue,
            },
            Record::Spoiled(spoiled) => (&spoiled.fault, false),
            _ => continue,
        };
        let repeated = matches!(record, Record::Spoiled(_));
        match out.iter_mut().find(|t| t.experiment == under_way && t.fault == fault) {
            Some(known) => {
                known.failed |= failed;
                known.repeated |= repeated;
            }
            None => out.push(Trouble { fault, experiment: under_way, failed, repeated }),
        }
    }
    out
}

/// The faults as a table; empty where there were none.
pub(crate) fn table(run: &Run<'_>) -> Table {
    let mut table = Table::new()
        .numbers("lab time")
        .numbers("experiment")
        .words("where")
        .words("what")
        .words("then");
    let faults = faults(run);
    for trouble in faults.iter().take(MOST) {
        let then = match (trouble.failed, trouble.fault.kind.stops_campaign()) {
            (true, true) => "the run stopped, safe",
            (true, false) => "the experiment failed",
            (false, _) if trouble.repeated => "the experiment is repeated",
            (false, _) => "the experiment went on",
        };
        table.row(vec![
            duration(trouble.fault.at.as_secs()),
            trouble.experiment.map_or(NONE.into(), |n| n.to_string()),
            trouble.fault.origin.clone(),
            trouble.fault.kind.to_string(),
            then.into(),
        ]);
    }
    if faults.len() > MOST {
        let more = format!("and {} more, all in the journal", faults.len() - MOST);
        table.row(vec![String::new(), String::new(), String::new(), more, String::new()]);
    }
    table
}
