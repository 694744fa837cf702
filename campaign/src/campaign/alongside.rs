//! The simulated expectation beside a campaign on a real rig.

use flowtwin_lab::{Blank, Command, Lab, Observation, Volume};
use flowtwin_sim::SimLab;

use super::Observer;
use crate::scenario::Scenario;

/// Runs every experiment of the rig on the simulator too and shows measured against expected.
#[derive(Debug)]
pub struct Alongside<'a, S> {
    scenario: &'a Scenario,
    lab: SimLab,
    blank: Option<Blank>,
    say: S,
}

impl<'a, S: FnMut(&str)> Alongside<'a, S> {
    /// Expects what `lab` would measure and says so with `say`.
    pub fn new(scenario: &'a Scenario, lab: SimLab, say: S) -> Self {
        Self { scenario, lab, blank: None, say }
    }

    /// What the simulator measures at the conditions of `observation`; none where it fails.
    fn expect(&mut self, observation: &Observation) -> Option<Observation> {
        // What it expects does not depend on when somebody has filled the syringes of the rig.
        for info in self.lab.manifest().pumps.clone() {
            let holds_ul = Volume::from_ml(info.fill_ml);
            self.lab.send(&Command::Fill { pump: info.name, holds_ul }).ok()?;
        }
        let procedure = self.scenario.procedure();
        if self.blank.is_none() {
            self.blank = procedure.prime(&mut self.lab).ok();
        }
        let blank = self.blank.as_ref()?;
        let expected = procedure.run(&mut self.lab, blank, &observation.conditions);
        (!expected.failed()).then_some(expected)
    }
}

impl<S: FnMut(&str)> Observer for Alongside<'_, S> {
    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        if known {
            // A hundred of them take seconds in which the watch would hear nothing, and nobody reads them again.
            return;
        }
        let Some(expected) = self.expect(observation) else { return };
        let pairs = observation.outcome.features.iter().map(|(name, measured)| {
            let expected = expected.feature(name).unwrap_or(f64::NAN);
            format!("{name} {measured:.4} ({expected:.4} expected)")
        });
        (self.say)(&format!("experiment {number}: {}", pairs.collect::<Vec<_>>().join(", ")));
    }
}
