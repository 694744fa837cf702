//! How the lab time of an experiment was spent, from the commands around it.

use flowtwin_lab::journal::{CommandRecord, ExperimentRecord, Journal, Record};
use flowtwin_lab::{Command, Instant};

/// The stages of an experiment, one after the other \[s\].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stages {
    /// Until the first pump starts: the temperature settles.
    pub heating_s: f64,
    /// From there until the first light for the sample: the reactor comes to steady state.
    pub equilibrating_s: f64,
    /// From there to the end: spectra are taken.
    pub measuring_s: f64,
}

/// What has been seen of an experiment so far.
#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    flow: Option<Instant>,
    light: Option<Instant>,
}

impl Marks {
    fn see(&mut self, command: &CommandRecord) {
        match command.send {
            Command::Dispense { .. } => {
                self.flow.get_or_insert(command.at_ns);
            }
            Command::Light { on: true, .. } if self.flow.is_some() => {
                self.light.get_or_insert(command.at_ns);
            }
            _ => {}
        }
    }

    fn stages(self, record: &ExperimentRecord) -> Option<Stages> {
        let (started, ended) = (record.started_ns, record.ended_ns);
        let flow = self.flow?;
        let light = self.light.unwrap_or(ended);
        Some(Stages {
            heating_s: flow.since(started).as_secs(),
            equilibrating_s: light.since(flow).as_secs(),
            measuring_s: ended.since(light).as_secs(),
        })
    }
}

/// The experiments of a journal in order, each with its stages where its commands show them.
pub(crate) fn of_experiments(
    journal: &Journal,
) -> impl Iterator<Item = (&ExperimentRecord, Option<Stages>)> {
    journal
        .records()
        .iter()
        .scan(Marks::default(), |marks, record| {
            Some(match record {
                Record::Proposal(_) => {
                    *marks = Marks::default();
                    None
                }
                Record::Command(command) => {
                    marks.see(command);
                    None
                }
                Record::Experiment(record) => {
                    Some((&**record, std::mem::take(marks).stages(record)))
                }
                _ => None,
            })
        })
        .flatten()
}
