//! What stopped a run, by its journal.

use super::{Answer, CommandRecord, Journal, Record};
use crate::command::Command;
use crate::fault::{Fault, FaultKind};

/// The fault that stopped a run, and that the rig was not safe after it if that is recorded; none for a run that came to its end,
/// and for one that broke off without a word: after a power cut, or because a policy had no proposal.
pub fn stopped_by(journal: &Journal) -> Option<Fault> {
    let mut stop = Stop::default();
    journal.records().iter().for_each(|record| stop.hear(record));
    let fault = stop.fault.filter(|_| !journal.ended())?.clone();
    Some(match stop.not_safe {
        Some(left) => fault.and_not_safe(left.clone()),
        None => fault,
    })
}

/// What is known of the end of a run so far.
#[derive(Debug, Default)]
struct Stop<'a> {
    /// The first fault since the run last went on.
    fault: Option<&'a Fault>,
    /// What did not acknowledge that it is safe.
    not_safe: Option<&'a Fault>,
    safe: bool,
}

impl<'a> Stop<'a> {
    fn hear(&mut self, record: &'a Record) {
        match record {
            Record::Command(command) => self.command(command),
            Record::Fault(fault) if fault.kind == FaultKind::Interrupted => {
                self.fault = Some(fault);
            }
            Record::Fault(fault) => {
                self.fault.get_or_insert(fault);
            }
            Record::Spoiled(spoiled) => self.fault = Some(&spoiled.fault),
            Record::Experiment(experiment) => {
                let stops = |fault: &&Fault| fault.kind.stops_campaign();
                *self = Self { fault: experiment.fault.as_ref().filter(stops), ..Self::default() };
            }
            // It went on.
            Record::Blank(_) | Record::Decided(_) | Record::Proposal(_) => *self = Self::default(),
            Record::Asked(_) | Record::Filled(_) | Record::Resumed(_) => *self = Self::default(),
            Record::Task(_) | Record::Reading(_) => *self = Self::default(),
            Record::Header(_) | Record::Phase(_) | Record::Intended(_) | Record::End(_) => {}
            // Nothing was set on the lab.
            Record::Recalibrated(_) | Record::Doubted(_) => {}
        }
    }

    fn command(&mut self, command: &'a CommandRecord) {
        let makes_safe = command.send == Command::MakeSafe;
        match &command.answer {
            Answer::Fault(fault) if makes_safe || fault.kind != FaultKind::NotReady => {
                self.fault.get_or_insert(fault);
                // What has acknowledged before is safe, although it does not say so again.
                if makes_safe && !self.safe {
                    self.not_safe = Some(fault);
                }
            }
            _ if makes_safe => *self = Self { not_safe: None, safe: true, ..*self },
            _ => {}
        }
        self.safe &= makes_safe;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SpoiledRecord, Writer, read};
    use super::*;
    use crate::conditions::Conditions;
    use crate::time::Instant;

    fn fault(origin: &str, kind: FaultKind) -> Fault {
        Fault::new(Instant::from_secs(5.0), origin, kind)
    }

    fn sent(send: Command, answer: Answer) -> Record {
        Record::Command(CommandRecord { at_ns: Instant::START, send, answer })
    }

    fn spoiled(fault: Fault) -> Record {
        Record::Spoiled(Box::new(SpoiledRecord {
            experiment: 1,
            phase: "all".into(),
            request: None,
            conditions: Conditions::new(Vec::new().into(), Vec::new()),
            started_ns: Instant::START,
            ended_ns: Instant::START,
            consumed_ml: Vec::new(),
            fault,
        }))
    }

    fn told(records: &[Record]) -> Option<Fault> {
        let mut writer = Writer::new(Vec::new());
        writer.write(&crate::journal::tests::header()).unwrap();
        records.iter().for_each(|record| writer.write(record).unwrap());
        stopped_by(&read(&writer.into_sink()).unwrap())
    }

    #[test]
    fn the_fault_that_the_campaign_gave_up_for_is_told_and_not_what_followed_from_it() {
        let lost = || fault("cs", FaultKind::Stalled);
        let after = Answer::Fault(fault("led", FaultKind::Stalled));
        let safe = sent(Command::MakeSafe, Answer::Done);
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[Record::Fault(lost()), safe.clone()]), Some(lost()));
        let cut = fault("stop", FaultKind::Interrupted);
        let interrupted = [Record::Fault(cut.clone()), safe.clone()];
        assert_eq!(told(&interrupted), Some(cut));
        let more = [Record::Fault(lost()), sent(Command::Collect, after), safe, spoiled(lost())];
        assert_eq!(told(&more), Some(lost()));
    }

    #[test]
    fn a_rig_that_is_not_safe_is_said_to_be_so_unless_it_was_before() {
        let lost = || fault("cs", FaultKind::Stalled);
        let left = || Answer::Fault(fault("plate", FaultKind::Stalled));
        let stop = Record::Fault(lost());
        let not_safe = told(&[stop.clone(), sent(Command::MakeSafe, left())]).unwrap();
        assert_eq!(not_safe, lost().and_not_safe(fault("plate", FaultKind::Stalled)));
        // Whatever the reason is.
        let busy = Answer::Fault(fault("plate", FaultKind::NotReady));
        let not_safe = told(&[stop.clone(), sent(Command::MakeSafe, busy)]).unwrap();
        assert_eq!(not_safe, lost().and_not_safe(fault("plate", FaultKind::NotReady)));
        let acknowledged = sent(Command::MakeSafe, Answer::Done);
        let again = [stop, acknowledged, sent(Command::MakeSafe, left())];
        assert_eq!(told(&again), Some(lost()));
    }
}
