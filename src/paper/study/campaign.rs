//! Fig. 6A and Fig. 8: the campaign of the scenario, run as `flowtwin run` runs it.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_lab::journal::{Sink, Writer};
use flowtwin_lab::{Conditions, Observation, Spectrum};

use crate::campaign::{Campaign, Stop, Watch};
use crate::paper::StudyError;
use crate::paper::reading::Reading;
use crate::scenario::Scenario;

/// All phases of the campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Phases {
    /// The phases in order.
    pub phases: Vec<Phase>,
}

/// One phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Its experiments.
    pub experiments: Vec<Experiment>,
    /// Spectra of its best experiment.
    pub best_spectra: Vec<Spectrum>,
}

/// What is kept of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// What was set.
    pub conditions: Conditions,
    /// What was read.
    pub reading: Reading,
    /// When it began and ended [s].
    pub times_s: (f64, f64),
    /// Nominal reaction time [s].
    pub reaction_time_s: f64,
    /// Volume taken from each stock [mL].
    pub consumed_ml: Vec<(String, f64)>,
}

/// Runs the campaign.
///
/// # Errors
/// If a policy has no proposal or a fault stops the rig.
pub fn run(scenario: &Scenario, seed: u64) -> Result<Phases, StudyError> {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, &never);
    let mut watched = Watched { phases: Vec::new() };
    let writer = Writer::new(Nowhere);
    let (ended, _) = campaign.run(scenario.sim_lab(seed), writer, None, &mut watched)?;
    match ended.fault {
        Some(fault) => Err(fault.into()),
        None => Ok(Phases { phases: watched.phases }),
    }
}

/// A sink that keeps nothing: here the journal is of no use after the run.
struct Nowhere;

impl Sink for Nowhere {
    fn append(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Watched {
    phases: Vec<Phase>,
}

impl Watch for Watched {
    fn phase(&mut self, name: &str, _policy: &str, _experiments: usize) {
        let (experiments, best_spectra) = (Vec::new(), Vec::new());
        self.phases.push(Phase { name: name.into(), experiments, best_spectra });
    }

    fn experiment(&mut self, _number: u64, observation: &Observation, _known: bool) {
        if let Some(phase) = self.phases.last_mut() {
            phase.add(observation);
        }
    }

    fn ended(&mut self, _name: &str, _stop: &Stop) {}
}

impl Phase {
    fn add(&mut self, observation: &Observation) {
        let reading = Reading::of(&observation.outcome);
        if self.experiments.is_empty() || reading.pli > self.best() {
            self.best_spectra = observation.outcome.spectra.clone();
        }
        self.experiments.push(Experiment {
            conditions: observation.conditions.clone(),
            reading,
            times_s: (observation.started.as_secs(), observation.ended.as_secs()),
            reaction_time_s: observation.reaction_time_s,
            consumed_ml: observation.consumed_ml.clone(),
        });
    }

    /// The highest PLI [counts].
    pub fn best(&self) -> f64 {
        self.experiments.iter().map(|e| e.reading.pli).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The first experiment that reached the highest PLI, from 1.
    pub fn iteration_of_best(&self) -> usize {
        let best = self.best();
        1 + self.experiments.iter().position(|e| e.reading.pli >= best).unwrap_or(0)
    }
}

impl Phases {
    /// The phase of this name; an empty one where there is none.
    pub fn named(&self, name: &str) -> &Phase {
        static NONE: Phase =
            Phase { name: String::new(), experiments: Vec::new(), best_spectra: Vec::new() };
        self.phases.iter().find(|p| p.name == name).unwrap_or(&NONE)
    }

    /// The experiments that the twin learns from: those of the first two phases.
    pub fn training(&self) -> Vec<&Experiment> {
        self.phases.iter().take(2).flat_map(|p| &p.experiments).collect()
    }

    /// All experiments in order.
    pub fn all(&self) -> impl Iterator<Item = &Experiment> {
        self.phases.iter().flat_map(|p| &p.experiments)
    }

    /// The highest PLI that the twin has learnt from [counts].
    pub fn best_of_training(&self) -> f64 {
        self.training().iter().map(|e| e.reading.pli).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Volume taken from a stock over all experiments [mL]; from all stocks with `None`.
    pub fn consumed_ml(&self, stock: Option<&str>) -> f64 {
        let parts = self.all().flat_map(|e| &e.consumed_ml);
        let counted = parts.filter(|(name, _)| stock.is_none_or(|s| s == name));
        counted.fold(0.0, |sum, (_, ml)| sum + ml)
    }
}
