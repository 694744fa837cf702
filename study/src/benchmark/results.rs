//! The results of a benchmark, read back.

use super::capability::Capability;
use super::card::{CARD, Card, Entry};
use super::steps::{BenchmarkStep, Steps};
use super::store::Store;
use super::truth::Optimum;

/// All campaigns of a benchmark.
#[derive(Debug)]
pub struct Results {
    /// What the benchmark consists of.
    pub card: Card,
    /// The steps of each campaign of the card.
    pub campaigns: Vec<Steps>,
    /// The best known noise-free value of each scenario: what its search found, or what a policy found beyond it.
    pub optima: Vec<f64>,
    /// What the lab of each scenario can do; none for a table.
    pub capabilities: Vec<Option<Capability>>,
}

/// Why results cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// There is no benchmark.
    #[error("{0} holds no benchmark")]
    None(String),
    /// Results are missing.
    #[error("{missing} of {of} campaigns have no result yet; the first is {first}")]
    Missing {
        /// How many.
        missing: usize,
        /// Of how many.
        of: usize,
        /// The name of the first.
        first: String,
    },
}

impl Results {
    /// Reads a finished benchmark.
    ///
    /// # Errors
    /// If results are missing.
    pub fn read(store: &Store) -> Result<Self, ResultsError> {
        let none = || ResultsError::None(store.folder().display().to_string());
        let card: Card = store.read(CARD).ok_or_else(none)?;
        let read = |entry: &Entry| store.read::<Steps>(&entry.steps());
        let found: Vec<Option<Steps>> = card.campaigns.iter().map(read).collect();
        let missing: Vec<&Entry> = card
            .campaigns
            .iter()
            .zip(&found)
            .filter(|(_, f)| f.is_none())
            .map(|(e, _)| e)
            .collect();
        if let Some(first) = missing.first() {
            let (of, first) = (found.len(), first.name.clone());
            return Err(ResultsError::Missing { missing: missing.len(), of, first });
        }
        let campaigns: Vec<Steps> = found.into_iter().flatten().collect();
        let (mut optima, mut capabilities) = (Vec::new(), Vec::new());
        for (place, arena) in card.scenarios.iter().enumerate() {
            let searched: Option<Optimum> = store.read(&arena.optimum);
            let value = searched.as_ref().map(|optimum| optimum.value);
            optima.push(best_known(&card, &campaigns, place, value));
            capabilities.push(searched.and_then(|optimum| optimum.capability));
        }
        Ok(Self { card, campaigns, optima, capabilities })
    }

    /// How far the noise-free value of the best so far is from the best known optimum; none before any success.
    pub fn regret(&self, scenario: usize, step: &BenchmarkStep) -> Option<f64> {
        let goal = self.card.scenarios[scenario].goal;
        step.true_best.map(|value| goal.score(self.optima[scenario]) - goal.score(value))
    }

    /// The campaigns of a policy on a scenario, in the order of the seeds.
    pub fn of(&self, scenario: usize, policy: usize) -> impl Iterator<Item = &Steps> {
        let all = self.card.campaigns.iter().zip(&self.campaigns);
        all.filter(move |(e, _)| e.scenario == scenario && e.policy == policy).map(|(_, s)| s)
    }

    /// Regret of a policy after `experiments` of its own, for each seed. A campaign that was stopped keeps what it had;
    /// one without any success has the largest regret of all.
    pub fn regrets(&self, scenario: usize, policy: usize, experiments: usize) -> Vec<f64> {
        let opened = self.card.scenarios[scenario].course.opened();
        let worst = self.worst(scenario);
        let regret = |steps: &Steps| {
            let last = (opened + experiments).min(steps.steps.len());
            let step = last.checked_sub(1).map(|i| &steps.steps[i]);
            step.and_then(|step| self.regret(scenario, step)).unwrap_or(worst)
        };
        self.of(scenario, policy).map(regret).collect()
    }

    fn worst(&self, scenario: usize) -> f64 {
        let of_scenario = self.card.campaigns.iter().zip(&self.campaigns);
        of_scenario
            .filter(|(entry, _)| entry.scenario == scenario)
            .flat_map(|(_, steps)| &steps.steps)
            .filter_map(|step| self.regret(scenario, step))
            .fold(0.0, f64::max)
    }
}

fn best_known(card: &Card, campaigns: &[Steps], scenario: usize, searched: Option<f64>) -> f64 {
    let goal = card.scenarios[scenario].goal;
    let of_scenario = card.campaigns.iter().zip(campaigns).filter(|(e, _)| e.scenario == scenario);
    let seen = of_scenario.flat_map(|(_, steps)| &steps.steps).filter_map(|step| step.true_best);
    let best = |a: f64, b: f64| if goal.score(b) > goal.score(a) { b } else { a };
    let mut all = searched.into_iter().chain(seen);
    let first = all.next().unwrap_or(f64::NAN);
    all.fold(first, best)
}
