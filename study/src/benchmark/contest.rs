//! Running the campaigns of a benchmark on all cores.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flowtwin_campaign::scenario::{Course, Entrant, Scenario};
use flowtwin_lab::queue::in_order;
use flowtwin_lab::{Conditions, Wanted};
use flowtwin_twin::Policy;
use flowtwin_twin::region::EmptyRegion;

use super::card::{Arena, CARD, Card, Entry};
use super::steps::{Opened, StepsError};
use super::store::Store;
use super::truth::{Optimum, Truth};

/// A benchmark: every policy on every scenario with every seed.
#[derive(Debug)]
pub struct Contest {
    scenarios: Vec<Scenario>,
    entrants: Vec<Entrant>,
    card: Card,
    patience: Duration,
    makers: Makers,
}

/// Makes the policy of an entrant, for the goals.
pub type Maker = Box<dyn Fn(&Wanted) -> Box<dyn Policy> + Send + Sync>;

/// Makers of policies in this program, by the place of their entrants.
#[derive(Default)]
struct Makers(BTreeMap<usize, Maker>);

impl fmt::Debug for Makers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Which part of a benchmark to run: part `index`, from 0, of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 0.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

impl Shard {
    /// Everything.
    pub const ALL: Self = Self { index: 0, of: 1 };
}

/// A campaign without a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which.
    pub campaign: String,
    /// Why.
    pub error: StepsError,
}

/// Why a benchmark cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContestError {
    /// A scenario has no feasible conditions.
    #[error("{scenario}: {source}")]
    Empty {
        /// The scenario.
        scenario: String,
        /// Why.
        source: EmptyRegion,
    },
    /// The folder holds another benchmark.
    #[error("{0} holds another benchmark, which stays")]
    Other(String),
    /// The folder holds the results of other code.
    #[error("{0} holds results of another build of flowtwin, which stay: its numbers may differ")]
    Build(String),
    /// A result cannot be written.
    #[error("a result cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// All policies on one scenario with one seed; they share their opening.
#[derive(Debug)]
struct Heat {
    scenario: usize,
    seed: u64,
}

impl Contest {
    /// The benchmark of `entrants` on `scenarios` with `seeds`. `opening` and `experiments` as in [`Course::new`];
    /// each answer of a program may take `patience`.
    pub fn new(
        scenarios: Vec<Scenario>,
        entrants: Vec<Entrant>,
        seeds: &[u64],
        opening: Option<usize>,
        experiments: Option<usize>,
        patience: Duration,
    ) -> Self {
        let arena = |s: &Scenario| {
            Arena::new(s, Course::new(s.file(), s.space().dim(), opening, experiments))
        };
        let card = Card::new(scenarios.iter().map(arena).collect(), &entrants, seeds);
        Self { scenarios, entrants, card, patience, makers: Makers::default() }
    }

    /// The same benchmark, in which `maker` makes the policy of this name: nothing is started for it. Results that are kept go by the
    /// command of the entrant, which must differ between two such policies.
    #[must_use]
    pub fn with_policy(mut self, name: &str, maker: Maker) -> Self {
        if let Some(place) = self.entrants.iter().position(|entrant| entrant.name == name) {
            self.makers.0.insert(place, maker);
        }
        self
    }

    /// What it consists of.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Runs what is not in `store` yet of a shard, on `jobs` threads, and returns the campaigns that failed, in order.
    /// `done` is called after each campaign with the number of finished campaigns and of all.
    ///
    /// # Errors
    /// If the store holds another benchmark or cannot be written.
    pub fn run(
        &self,
        store: &Store,
        shard: Shard,
        jobs: NonZeroUsize,
        stop: &AtomicBool,
        done: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Vec<Failure>, ContestError> {
        self.claim(store)?;
        let heats = self.heats(shard);
        self.optima(store, &heats, jobs)?;
        let there = AtomicUsize::new(0);
        let total = heats.len() * self.entrants.len();
        let tell = || done(there.fetch_add(1, Ordering::Relaxed) + 1, total);
        let heat = |i: usize| self.heat(&heats[i], store, stop, &tell);
        let failed = in_order(heats.len(), jobs, heat).into_iter();
        let mut failures: Vec<Failure> =
            failed.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        failures.sort_by(|a, b| a.campaign.cmp(&b.campaign));
        Ok(failures)
    }

    /// Makes sure that a folder holds this benchmark and no other.
    fn claim(&self, store: &Store) -> Result<(), ContestError> {
        match store.read::<Card>(CARD) {
            Some(card) if card.code != self.card.code => {
                Err(ContestError::Build(store.folder().display().to_string()))
            }
            Some(card) if card != self.card => {
                Err(ContestError::Other(store.folder().display().to_string()))
            }
            Some(_) => Ok(()),
            None => Ok(store.write(CARD, &self.card)?),
        }
    }

    fn heats(&self, shard: Shard) -> Vec<Heat> {
        let seeds = &self.card.seeds;
        let all = (0..self.scenarios.len())
            .flat_map(|scenario| seeds.iter().map(move |&seed| Heat { scenario, seed }));
        all.skip(shard.index).step_by(shard.of).collect()
    }

    fn optima(
        &self,
        store: &Store,
        heats: &[Heat],
        jobs: NonZeroUsize,
    ) -> Result<(), ContestError> {
        for (place, scenario) in self.scenarios.iter().enumerate() {
            let name = &self.card.scenarios[place].optimum;
            let wanted = heats.iter().any(|heat| heat.scenario == place);
            if wanted && store.read::<Optimum>(name).is_none() {
                let optimum = Truth::optimum(scenario, jobs).map_err(|source| {
                    ContestError::Empty { scenario: scenario.name().into(), source }
                })?;
                store.write(name, &optimum)?;
            }
        }
        Ok(())
    }

    fn heat(
        &self,
        heat: &Heat,
        store: &Store,
        stop: &AtomicBool,
        tell: &dyn Fn(),
    ) -> Result<Vec<Failure>, ContestError> {
        let of_heat = |e: &&Entry| e.scenario == heat.scenario && e.seed == heat.seed;
        let mut failures = Vec::new();
        let mut opened: Option<Result<Opened, StepsError>> = None;
        let mut truth = Truth::new(&self.scenarios[heat.scenario]);
        let optimum = store.read::<Optimum>(&self.card.scenarios[heat.scenario].optimum);
        let reference = optimum.map(|optimum| optimum.reference).unwrap_or_default();
        for entry in self.card.campaigns.iter().filter(of_heat) {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            if store.read::<super::Steps>(&entry.steps()).is_none() {
                if opened.is_none() {
                    opened = Some(self.open(heat, store, stop)?);
                }
                let result = match opened.as_ref().expect("it has been opened") {
                    Ok(opened) => self.campaign(entry, opened, &mut truth, &reference, stop),
                    Err(error) => Err(error.clone()),
                };
                match result {
                    Ok((steps, seconds)) => {
                        store.write(&entry.seconds(), &seconds)?;
                        store.write(&entry.steps(), &steps)?;
                    }
                    Err(error) => failures.push(Failure { campaign: entry.name.clone(), error }),
                }
            }
            tell();
        }
        Ok(failures)
    }

    /// The opening of a heat; its conditions are kept, so that a restart has to ask no policy again.
    fn open(
        &self,
        heat: &Heat,
        store: &Store,
        stop: &AtomicBool,
    ) -> Result<Result<Opened, StepsError>, ContestError> {
        let arena = &self.card.scenarios[heat.scenario];
        let name = arena.opening(heat.seed);
        let known: Option<Vec<Conditions>> = store.read(&name);
        let scenario = &self.scenarios[heat.scenario];
        let opened = Opened::run(scenario, &arena.course, known.as_deref(), heat.seed, stop);
        if let (Ok(opened), None) = (&opened, known) {
            store.write(&name, &opened.conditions())?;
        }
        Ok(opened)
    }

    fn campaign(
        &self,
        entry: &Entry,
        opened: &Opened,
        truth: &mut Truth<'_>,
        reference: &[f64],
        stop: &AtomicBool,
    ) -> Result<(super::Steps, Vec<f64>), StepsError> {
        let scenario = &self.scenarios[entry.scenario];
        let course = &self.card.scenarios[entry.scenario].course;
        let wanted = scenario.wanted();
        let policy = match self.makers.0.get(&entry.policy) {
            Some(maker) => maker(wanted),
            None => self.entrants[entry.policy].build(scenario.surrogate(), wanted, self.patience),
        };
        opened.campaign(scenario, course, policy, truth, reference, stop)
    }
}
