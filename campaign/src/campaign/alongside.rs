//! The simulated expectation beside a campaign on a real rig.

use flowtwin_lab::{Blank, Command, Conditions, Fault, FaultKind, Lab, Observation, Volume};
use flowtwin_sim::SimLab;
use flowtwin_twin::Stop;

use super::Observer;
use crate::scenario::Scenario;

/// Runs every experiment of the rig on the simulator too and shows measured against expected.
#[derive(Debug)]
pub struct Alongside<'a, W, S> {
    scenario: &'a Scenario,
    lab: SimLab,
    blank: Option<Blank>,
    inner: W,
    say: S,
}

impl<'a, W: Observer, S: FnMut(&str)> Alongside<'a, W, S> {
    /// Expects what `lab` would measure and says so with `say`; tells `inner` everything too.
    pub fn new(scenario: &'a Scenario, lab: SimLab, inner: W, say: S) -> Self {
        Self { scenario, lab, blank: None, inner, say }
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

impl<W: Observer, S: FnMut(&str)> Observer for Alongside<'_, W, S> {
    fn phase(&mut self, name: &str, policy: &str, experiments: usize) {
        self.inner.phase(name, policy, experiments);
    }

    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        self.inner.experiment(number, observation, known);
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

    fn set_otherwise(&mut self, number: u64, asked: &Conditions, set: &Conditions) {
        self.inner.set_otherwise(number, asked, set);
    }

    fn repeats(&mut self, lab: &mut dyn Lab, fault: &Fault, times: usize) -> bool {
        self.inner.repeats(lab, fault, times)
    }

    fn first(&mut self, lab: &mut dyn Lab, observation: &Observation) -> Result<(), FaultKind> {
        self.inner.first(lab, observation)
    }

    fn ended(&mut self, name: &str, stop: Option<&Stop>) {
        self.inner.ended(name, stop);
    }
}
