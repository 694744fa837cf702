//! Fig. 6A and Fig. 8: the campaign of the scenario, run as `flowtwin run` runs it.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Observer};
use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_lab::journal::{Sink, Writer};
use flowtwin_lab::{Conditions, Observation, Space, Spectrum};

use crate::paper::StudyError;
use crate::paper::reading::Reading;

/// What the resolution of an input may move a point by, as a share of its range.
const ROUNDING: f64 = 0.004;

/// All phases of the campaign.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Phases {
    /// The stocks of the rig.
    pub stocks: Vec<Stock>,
    /// The phases in order.
    pub phases: Vec<KeptPhase>,
}

/// The data kept of a phase.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptPhase {
    /// Its name.
    pub name: String,
    /// Its experiments.
    pub experiments: Vec<KeptExperiment>,
    /// Spectra of its best experiment.
    pub best_spectra: Vec<Spectrum>,
}

/// A stock and how much of it there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Stock {
    /// Its name.
    pub name: String,
    /// Volume in all its syringes at the start \[mL\].
    pub fill_ml: f64,
    /// Whether it is the carrier.
    pub is_carrier: bool,
}

/// What is kept of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptExperiment {
    /// What was set.
    pub conditions: Conditions,
    /// Where that lies in the unit cube.
    pub unit: Vec<f64>,
    /// What was read.
    pub reading: Reading,
    /// When it began and ended \[s\].
    pub times_s: (f64, f64),
    /// Nominal reaction time \[s\].
    pub reaction_time_s: f64,
    /// Volume taken from each stock \[mL\].
    pub consumed_ml: Vec<(String, f64)>,
}

/// Runs the campaign, until somebody sets `stop`.
///
/// # Errors
/// If a policy has no proposal or a fault stops the rig.
pub fn run(scenario: Simulated<'_>, seed: u64, stop: &AtomicBool) -> Result<Phases, StudyError> {
    let campaign = Campaign::new(&scenario, seed, NonZeroUsize::MIN, stop);
    let mut watched = Watched { space: scenario.space(), phases: Vec::new() };
    let writer = Writer::new(Nowhere);
    let (ended, _) = campaign.run(scenario.lab(seed), writer, None, &mut watched)?;
    match ended.fault {
        Some(fault) => Err(fault.into()),
        None => Ok(Phases { stocks: stocks(&scenario), phases: watched.phases }),
    }
}

fn stocks(scenario: &Scenario) -> Vec<Stock> {
    let manifest = scenario.manifest();
    let carrier = scenario.file().rig.carrier.as_ref().map(|carrier| carrier.pump.as_str());
    let carrier = manifest.pumps.iter().find(|pump| Some(pump.name.as_str()) == carrier);
    let stock = |(name, fill_ml): (&str, f64)| Stock {
        name: name.to_owned(),
        fill_ml,
        is_carrier: carrier.is_some_and(|pump| pump.stock == name),
    };
    manifest.filled_ml().into_iter().map(stock).collect()
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

struct Watched<'a> {
    space: &'a Space,
    phases: Vec<KeptPhase>,
}

impl Observer for Watched<'_> {
    fn phase(&mut self, name: &str, _policy: &str, _experiments: usize) {
        let (experiments, best_spectra) = (Vec::new(), Vec::new());
        self.phases.push(KeptPhase { name: name.into(), experiments, best_spectra });
    }

    fn experiment(&mut self, _number: u64, observation: &Observation, _known: bool) {
        if let Some(phase) = self.phases.last_mut() {
            phase.add(observation, self.space);
        }
    }
}

impl KeptPhase {
    fn add(&mut self, observation: &Observation, space: &Space) {
        let reading = Reading::of(&observation.outcome);
        if self.experiments.is_empty() || reading.pli > self.best() {
            self.best_spectra = observation.outcome.spectra.clone();
        }
        self.experiments.push(KeptExperiment {
            unit: space.to_unit(&observation.conditions),
            conditions: observation.conditions.clone(),
            reading,
            times_s: (observation.started.as_secs(), observation.ended.as_secs()),
            reaction_time_s: observation.reaction_time_s,
            consumed_ml: observation.consumed_ml.clone(),
        });
    }

    /// The highest PLI \[counts\].
    pub fn best(&self) -> f64 {
        self.experiments.iter().map(|e| e.reading.pli).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The first experiment that reached the highest PLI, from 1.
    pub(crate) fn iteration_of_best(&self) -> usize {
        let best = self.best();
        1 + self.experiments.iter().position(|e| e.reading.pli >= best).unwrap_or(0)
    }
}

impl Phases {
    /// The phase of this name; an empty one where there is none.
    pub fn named(&self, name: &str) -> &KeptPhase {
        static NONE: KeptPhase =
            KeptPhase { name: String::new(), experiments: Vec::new(), best_spectra: Vec::new() };
        self.phases.iter().find(|p| p.name == name).unwrap_or(&NONE)
    }

    /// The experiments that the twin learns from: those of the first two phases.
    pub fn training(&self) -> Vec<&KeptExperiment> {
        self.phases.iter().take(2).flat_map(|p| &p.experiments).collect()
    }

    /// All experiments in order.
    pub fn all(&self) -> impl Iterator<Item = &KeptExperiment> {
        self.phases.iter().flat_map(|p| &p.experiments)
    }

    /// The highest PLI that the twin has learnt from \[counts\].
    pub(crate) fn best_of_training(&self) -> f64 {
        self.training().iter().map(|e| e.reading.pli).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The stock of which all experiments together took the largest share, and that share.
    pub(crate) fn largest_share(&self) -> (&str, f64) {
        let share = |stock: &Stock| {
            let parts = self.all().flat_map(|e| &e.consumed_ml);
            let taken =
                parts.filter(|(name, _)| *name == stock.name).fold(0.0, |sum, (_, ml)| sum + ml);
            taken / stock.fill_ml
        };
        let shares = self.stocks.iter().map(|stock| (stock.name.as_str(), share(stock)));
        shares.fold(("", 0.0), |most, this| if this.1 > most.1 { this } else { most })
    }

    /// Mean volume of all precursors that one experiment took \[mL\].
    pub(crate) fn precursors_ml(&self) -> f64 {
        let precursor = |name: &str| self.stocks.iter().any(|s| s.name == name && !s.is_carrier);
        let parts = self.all().flat_map(|e| &e.consumed_ml).filter(|(name, _)| precursor(name));
        parts.fold(0.0, |sum, (_, ml)| sum + ml) / self.all().count() as f64
    }

    /// Whether the first phase is a Latin hypercube: one experiment in every stratum of every input.
    pub(crate) fn is_latin(&self) -> bool {
        let Some(phase) = self.phases.first() else {
            return false;
        };
        let n = phase.experiments.len();
        let dim = phase.experiments.first().map_or(0, |e| e.unit.len());
        (0..dim).all(|axis| {
            let mut places: Vec<f64> = phase.experiments.iter().map(|e| e.unit[axis]).collect();
            places.sort_by(f64::total_cmp);
            let low = |k: usize| k as f64 / n as f64 - ROUNDING;
            let high = |k: usize| (k + 1) as f64 / n as f64 + ROUNDING;
            places.iter().enumerate().all(|(k, u)| (low(k)..=high(k)).contains(u))
        })
    }
}
