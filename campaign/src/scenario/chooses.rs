//! What chooses the ramps of a study while it is under way.

use std::fmt;
use std::sync::Arc;

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::Journal;
use flowtwin_lab::study::{ChosenRampTask, RampTask};

use super::Scenario;

/// Chooses each ramp of a study by what the study has measured until then.
///
/// ```
/// use flowtwin_campaign::scenario::ChoosesRamps;
/// use flowtwin_data::diagnostic::Diagnostic;
/// use flowtwin_lab::journal::{Journal, Record};
/// use flowtwin_lab::study::{ChosenRampTask, RampTask, Task};
///
/// /// Goes back to where the last ramp began.
/// #[derive(Debug)]
/// struct Back;
///
/// impl ChoosesRamps for Back {
///     fn choose(&self, _: &ChosenRampTask, number: u64, so_far: &Journal) -> Result<RampTask, Diagnostic> {
///         let ramp = so_far.records().iter().rev().find_map(|record| match record {
///             Record::Task(it) if it.number < number => match &it.task {
///                 Task::Ramp(ramp) => Some(ramp),
///                 _ => None,
///             },
///             _ => None,
///         });
///         let RampTask { from, to, times } = ramp.ok_or_else(|| Diagnostic::new("no ramp before it"))?.clone();
///         Ok(RampTask { from: to, to: from, times })
///     }
/// }
/// ```
pub trait ChoosesRamps: fmt::Debug + Send + Sync {
    /// The ramp that is task `number` of the study, from 1; `so_far` is its journal. What it holds of this task and later ones does
    /// not count: it comes from a run that was stopped, and the task begins anew.
    ///
    /// The same journal gives the same ramp, or a run could not be resumed or repeated.
    ///
    /// # Errors
    /// In words, why no ramp can be chosen.
    fn choose(
        &self,
        task: &ChosenRampTask,
        number: u64,
        so_far: &Journal,
    ) -> Result<RampTask, Diagnostic>;
}

impl Scenario {
    /// The same study, whose ramps that nobody has chosen yet are chosen by this.
    #[must_use]
    pub fn choosing_ramps(self, chooses: Arc<dyn ChoosesRamps>) -> Self {
        Self { chooses: Some(chooses), ..self }
    }

    /// What chooses ramps when their turn comes.
    pub(crate) fn chooses_ramps(&self) -> Option<&Arc<dyn ChoosesRamps>> {
        self.chooses.as_ref()
    }
}
