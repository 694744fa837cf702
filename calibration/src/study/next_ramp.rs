//! Ramps that are chosen one by one while a study is under way.

use flowtwin_campaign::scenario::{ChoosesRamps, Free, Scenario};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::Journal;
use flowtwin_lab::study::{ChosenRampTask, RampTask};

use super::best_ramp::next_ramp;
use crate::data::Measured;

/// Calibrates the scenario with all that the study has measured, and chooses the ramp that then tells most of its free keys for each
/// hour of lab time: a sequential D-optimal design (Atkinson, Donev and Tobias 2007, "Optimum experimental designs, with SAS",
/// ch. 17). So it counts no more that the values in the scenario are nearly right.
#[derive(Debug)]
pub(super) struct NextRamp {
    scenario: Scenario,
    free: Vec<Free>,
}

impl NextRamp {
    /// Of the rig of a scenario, by these free keys of it.
    pub(super) fn new(scenario: Scenario, free: Vec<Free>) -> Self {
        Self { scenario, free }
    }
}

impl ChoosesRamps for NextRamp {
    fn choose(&self, task: &ChosenRampTask, so_far: &Journal) -> Result<RampTask, Diagnostic> {
        let measured = Measured::in_study(&self.scenario, so_far)?;
        let best = next_ramp(&self.scenario, &self.free, task.minutes, &measured)?;
        Ok(best.task(&self.scenario))
    }
}
