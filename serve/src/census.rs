//! How far a run is.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use flowtwin_lab::journal::{Answer, CommandRecord, ExperimentRecord, Header, Record};
use flowtwin_lab::{Command, LimitSpec, ObjectiveSpec, Wanted};
use serde::Deserialize;

use crate::tail::Tail;

/// What can be counted of a run, from the lines of its journal so far.
#[derive(Clone, Debug)]
pub struct Census {
    tail: Tail,
    /// The header of the journal, once it is there.
    pub header: Option<Box<Header>>,
    /// What the campaign is after.
    pub wanted: Wanted,
    /// How many experiments are planned, where every phase says so.
    pub planned: Option<u64>,
    /// The phase that began last.
    pub phase: Option<String>,
    /// Number of finished experiments.
    pub experiments: u64,
    /// Number of those that failed.
    pub failed: u64,
    /// The best value of the only objective so far, among experiments that keep all limits.
    pub best: Option<f64>,
    /// Lab time at the end of the latest experiment \[s\].
    pub lab_time_s: f64,
    /// Number of faults of the rig.
    pub faults: u64,
    /// What each sensor read last, in its unit.
    pub readings: BTreeMap<String, f64>,
    /// What experiments took of each stock \[mL\].
    pub used_ml: BTreeMap<String, f64>,
    /// Whether the run came to its end.
    pub ended: bool,
}

#[derive(Deserialize)]
struct Line {
    record: Record,
}

/// The parts of a scenario that are counted by.
#[derive(Default, Deserialize)]
struct Definition {
    #[serde(default)]
    objective: Option<ObjectiveSpec>,
    #[serde(default)]
    objectives: Vec<ObjectiveSpec>,
    #[serde(default)]
    limits: Vec<LimitSpec>,
    #[serde(default)]
    phases: Vec<Planned>,
}

#[derive(Deserialize)]
struct Planned {
    #[serde(default)]
    experiments: Option<u64>,
}

impl Census {
    /// Nothing counted yet of this journal.
    pub fn new(journal: &Path) -> Self {
        Self {
            tail: Tail::new(journal),
            header: None,
            wanted: Wanted::new([], &[]),
            planned: None,
            phase: None,
            experiments: 0,
            failed: 0,
            best: None,
            lab_time_s: 0.0,
            faults: 0,
            readings: BTreeMap::new(),
            used_ml: BTreeMap::new(),
            ended: false,
        }
    }

    /// Counts what has been written since the last time. A line that is no record counts for nothing.
    ///
    /// # Errors
    /// If the journal cannot be read.
    pub fn go_on(&mut self) -> io::Result<()> {
        loop {
            let before = self.tail.at();
            let lines = self.tail.read()?;
            if lines.is_empty() {
                return Ok(());
            }
            if lines.each().next().is_some_and(|(start, _, _)| start < before) {
                // The file begins again.
                let tail = self.tail.clone();
                *self = Self { tail, ..Self::new(Path::new("")) };
            }
            for (_, _, line) in lines.each() {
                if let Ok(Line { record }) = serde_json::from_slice(line) {
                    self.count(record);
                }
            }
        }
    }

    /// Bytes of the journal that were read.
    pub fn bytes(&self) -> u64 {
        self.tail.at()
    }

    fn count(&mut self, record: Record) {
        self.ended = false;
        match record {
            Record::Header(header) => self.begin(header),
            Record::Phase(phase) => self.phase = Some(phase.name),
            Record::Command(command) => self.hear(command),
            Record::Fault(_) => self.faults += 1,
            Record::Spoiled(spoiled) => self.take(&spoiled.consumed_ml),
            Record::Experiment(experiment) => self.finish(&experiment),
            Record::End(_) => self.ended = true,
            _ => {}
        }
    }

    fn begin(&mut self, header: Box<Header>) {
        let definition = Definition::deserialize(&header.definition).unwrap_or_default();
        let Definition { objective, objectives, limits, phases } = definition;
        self.wanted = Wanted::new(objective.iter().chain(&objectives), &limits);
        self.planned = phases.iter().map(|phase| phase.experiments).sum();
        self.header = Some(header);
    }

    fn hear(&mut self, command: CommandRecord) {
        self.faults += u64::from(matches!(command.answer, Answer::Fault(_)));
        if let (Command::Read { sensor }, Answer::Reading(value)) = (command.send, command.answer) {
            self.readings.insert(sensor.as_str().to_owned(), value);
        }
    }

    fn take(&mut self, consumed_ml: &[(String, f64)]) {
        for (stock, ml) in consumed_ml {
            *self.used_ml.entry(stock.clone()).or_default() += ml;
        }
    }

    fn finish(&mut self, experiment: &ExperimentRecord) {
        self.experiments += 1;
        self.lab_time_s = experiment.ended_ns.as_secs();
        self.take(&experiment.consumed_ml);
        if experiment.fault.is_some() {
            self.failed += 1;
            return;
        }
        let Wanted { goals, .. } = &self.wanted;
        let [objective] = &goals.objectives[..] else { return };
        let known = |name: &str| experiment.features.iter().find(|(known, _)| known == name)?.1;
        let values = self.wanted.values(known);
        let Some(value) = values[objective.outcome].filter(|_| goals.allow(&values)) else {
            return;
        };
        let score = |value| objective.goal.score(value);
        if self.best.is_none_or(|best| score(value) > score(best)) {
            self.best = Some(value);
        }
    }
}
