//! A lab that answers from a journal.

use crate::analysis::Analysis;
use crate::command::{Command, Reply, Report};
use crate::conditions::Conditions;
use crate::fault::{Fault, FaultKind};
use crate::journal::Journal;
use crate::lab::Lab;
use crate::manifest::{Level, Manifest};
use crate::observation::Observation;
use crate::time::Instant;

/// A lab driven by whole experiments that answers with the recorded ones, in their order, and refuses any
/// other conditions.
#[derive(Debug)]
pub struct Recorded {
    manifest: Manifest,
    observations: Vec<Observation>,
    next: usize,
    under_way: Option<Observation>,
    now: Instant,
}

impl Recorded {
    /// The experiments of `journal`, their spectra on the grids of `analysis`.
    pub fn new(journal: &Journal, analysis: &Analysis) -> Self {
        Self {
            manifest: Manifest { level: Level::Experiments, ..journal.header().manifest.clone() },
            observations: journal.experiments().map(|e| e.observation(analysis)).collect(),
            next: 0,
            under_way: None,
            now: Instant::START,
        }
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault::new(self.now, "journal", kind)
    }

    fn begin(&mut self, conditions: &Conditions) -> Result<Reply, Fault> {
        let record = self.next as u64 + 1;
        let Some(observation) = self.observations.get(self.next) else {
            let detail = "the journal has no further experiment".into();
            return Err(self.fault(FaultKind::Diverged { record, detail }));
        };
        if observation.conditions != *conditions {
            let detail = format!(
                "experiment {record} was run at {:?}, not at {:?}",
                observation.conditions.values(),
                conditions.values()
            );
            return Err(self.fault(FaultKind::Diverged { record, detail }));
        }
        self.next += 1;
        self.now = self.now.max(observation.started);
        let ended = observation.ended;
        self.under_way = Some(observation.clone());
        Ok(Reply::Ready(ended))
    }

    fn collect(&mut self) -> Result<Reply, Fault> {
        let Some(observation) = self.under_way.take() else {
            let detail = "no experiment has been begun".into();
            return Err(self.fault(FaultKind::Refused { detail }));
        };
        if self.now < observation.ended {
            self.under_way = Some(observation);
            return Err(self.fault(FaultKind::NotReady));
        }
        let Observation { outcome, consumed_ml, fault, .. } = observation;
        Ok(Reply::Report(Box::new(Report { outcome, consumed_ml, fault, conditions: None })))
    }
}

impl Lab for Recorded {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Begin { conditions } => self.begin(conditions),
            Command::Collect => self.collect(),
            Command::MakeSafe => Ok(Reply::Done),
            _ => {
                let detail = "a recorded lab is driven by whole experiments".into();
                Err(self.fault(FaultKind::Unsupported { detail }))
            }
        }
    }

    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = self.now.max(deadline);
        Ok(())
    }
}
