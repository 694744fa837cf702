//! A run as its journal tells it: what tables, summaries and reports are made from.

use std::fs;
use std::path::Path;

use flowtwin_lab::Observation;
use flowtwin_lab::journal::{self, Header, Journal, Record};

use crate::error::CommandError;
use crate::scenario::{Goal, Scenario};

/// Name of the journal in a run folder.
pub const JOURNAL: &str = "journal.jsonl";

/// A run, finished or not.
#[derive(Debug)]
pub struct Run {
    /// The scenario, as it was when the run began.
    pub scenario: Scenario,
    /// Everything that was decided, commanded and observed.
    pub journal: Journal,
    /// Where the experiments were done: `sim`, `emulated` or `hardware`. The journal does not tell the first two apart.
    pub backend: String,
    /// Events the simulator handled; none where nothing was simulated or nobody counted.
    pub simulated_events: Option<u64>,
}

/// What a phase did.
#[derive(Clone, Debug)]
pub struct PhaseRun {
    /// Its name.
    pub name: String,
    /// Its policy.
    pub policy: String,
    /// The phase it started from.
    pub from: Option<String>,
    /// Most experiments it might have run.
    pub planned: u64,
    /// Its experiments in order.
    pub experiments: Vec<Numbered>,
}

/// An experiment and its number in the run, from 1.
#[derive(Clone, Debug)]
pub struct Numbered {
    /// The number.
    pub number: u64,
    /// What came of it.
    pub observation: Observation,
}

/// The best experiment of a phase.
#[derive(Clone, Copy, Debug)]
pub struct Best<'a> {
    /// Value of the objective.
    pub value: f64,
    /// Place in the phase, from 1.
    pub place: usize,
    /// The experiment.
    pub experiment: &'a Numbered,
}

impl Run {
    /// Reads the journal of a run folder.
    ///
    /// # Errors
    /// If there is none, if it is damaged, or if its scenario is understood no more.
    pub fn read(folder: &Path, backend: &str) -> Result<Self, CommandError> {
        let journal = read_journal(&folder.join(JOURNAL))?;
        let scenario = Scenario::recorded(&journal.header().definition)?;
        Ok(Self {
            scenario,
            journal,
            backend: backend.to_owned(),
            simulated_events: None,
        })
    }

    /// What run it is.
    pub fn header(&self) -> &Header {
        self.journal.header()
    }

    /// Whether more is better or less.
    pub fn goal(&self) -> Goal {
        self.scenario.objective().goal
    }

    /// Value of the objective in an observation; none in a failed one.
    pub fn objective(&self, observation: &Observation) -> Option<f64> {
        observation
            .feature(&self.scenario.objective().feature)
            .filter(|value| value.is_finite())
    }

    /// The phases that were begun, with their experiments.
    pub fn phases(&self) -> Vec<PhaseRun> {
        let mut phases: Vec<PhaseRun> = Vec::new();
        for record in self.journal.records() {
            match record {
                Record::Phase(phase) => phases.push(PhaseRun {
                    name: phase.name.clone(),
                    policy: phase.policy.clone(),
                    from: phase.from.clone(),
                    planned: phase.experiments,
                    experiments: Vec::new(),
                }),
                Record::Experiment(experiment) => {
                    let observation = experiment.observation(self.scenario.analysis());
                    let number = experiment.experiment;
                    if let Some(phase) = phases.last_mut() {
                        phase.experiments.push(Numbered { number, observation });
                    }
                }
                _ => {}
            }
        }
        phases
    }

    /// The best experiment of a phase; none where all failed.
    pub fn best<'a>(&self, phase: &'a PhaseRun) -> Option<Best<'a>> {
        let mut best: Option<Best<'a>> = None;
        for (i, experiment) in phase.experiments.iter().enumerate() {
            let Some(value) = self.objective(&experiment.observation) else { continue };
            let goal = self.goal();
            if best.is_none_or(|best| goal.score(value) > goal.score(best.value)) {
                best = Some(Best { value, place: i + 1, experiment });
            }
        }
        best
    }
}

impl PhaseRun {
    /// Number of experiments that failed.
    pub fn failed(&self) -> usize {
        self.experiments.iter().filter(|e| e.observation.failed()).count()
    }

    /// Lab time from the beginning of the first experiment to the end of the last [s].
    pub fn lab_time_s(&self) -> f64 {
        match (self.experiments.first(), self.experiments.last()) {
            (Some(first), Some(last)) => {
                last.observation.ended.since(first.observation.started).as_secs()
            }
            _ => 0.0,
        }
    }

    /// What was taken from each stock [mL], in the order of the rig.
    pub fn reagent_ml(&self) -> Vec<(String, f64)> {
        let mut sums: Vec<(String, f64)> = Vec::new();
        for (stock, ml) in self.experiments.iter().flat_map(|e| &e.observation.consumed_ml) {
            match sums.iter_mut().find(|(known, _)| known == stock) {
                Some((_, sum)) => *sum += ml,
                None => sums.push((stock.clone(), *ml)),
            }
        }
        sums
    }
}

/// Reads a journal.
///
/// # Errors
/// If it cannot be read or cannot be trusted; the message names file and line.
pub fn read_journal(path: &Path) -> Result<Journal, CommandError> {
    let bytes = fs::read(path).map_err(|error| {
        CommandError::bad_input(format_args!("cannot read {}: {error}", path.display()))
    })?;
    journal::read(&bytes)
        .map_err(|error| CommandError::bad_input(format_args!("{}: {error}", path.display())))
}
