//! A scenario whose rig can be simulated, as one of a table cannot.

use std::ops::Deref;
use std::sync::Arc;

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Streams;
use flowtwin_sim::{Plan, SimLab};

use super::Scenario;

/// A scenario that describes a rig: all that it says, and the rig in simulation. See [`Scenario::simulated`].
#[derive(Clone, Copy, Debug)]
pub struct Simulated<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) plan: &'a Arc<Plan>,
}

impl<'a> Simulated<'a> {
    /// A fresh simulated lab.
    pub fn lab(self, seed: u64) -> SimLab {
        SimLab::new(self.plan.clone(), Streams::new(seed).child("world", 0))
    }

    /// A fresh lab without noise, drift or mishaps, for true values.
    pub fn noiseless_lab(self) -> SimLab {
        SimLab::new(Arc::new(self.plan.noiseless()), Streams::new(0))
    }

    /// All that the scenario says.
    pub fn scenario(self) -> &'a Scenario {
        self.scenario
    }
}

impl Deref for Simulated<'_> {
    type Target = Scenario;

    fn deref(&self) -> &Scenario {
        self.scenario
    }
}

/// A rig was asked for of a scenario that has none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{scenario} has {has}")]
pub struct NoRig {
    /// Name of the scenario.
    pub scenario: String,
    /// What it has in place of one.
    pub has: &'static str,
}

impl From<NoRig> for Diagnostic {
    fn from(error: NoRig) -> Self {
        let table = error.has != "no rig";
        Self::new(error.to_string()).hint(match table {
            true => "`flowtwin run`, `benchmark` and `lab` take such a scenario",
            false => super::ELSEWHERE,
        })
    }
}
