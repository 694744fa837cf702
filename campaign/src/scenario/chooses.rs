//! What chooses the ramps of a study while it is under way.

use std::fmt;
use std::sync::Arc;

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::Journal;
use flowtwin_lab::study::{ChosenRampTask, RampTask, Task};

use super::Scenario;

/// Chooses each ramp of a study by what the study has measured until then.
///
/// ```
/// use flowtwin_campaign::scenario::ChoosesRamps;
/// use flowtwin_data::diagnostic::Diagnostic;
/// use flowtwin_lab::journal::Journal;
/// use flowtwin_lab::study::{ChosenRampTask, RampTask};
///
/// /// Goes back from where the last ramp ended to where it began.
/// #[derive(Debug)]
/// struct Back;
///
/// impl ChoosesRamps for Back {
///     fn choose(&self, _: &ChosenRampTask, so_far: &Journal) -> Result<RampTask, Diagnostic> {
///         let last = so_far.ramps().pop_last();
///         let (_, RampTask { from, to, times }) =
///             last.ok_or_else(|| Diagnostic::new("there is no ramp before it"))?;
///         Ok(RampTask { from: to, to: from, times })
///     }
/// }
/// ```
pub trait ChoosesRamps: fmt::Debug + Send + Sync {
    /// The ramp whose turn it is in a study, which has this journal `so_far`.
    ///
    /// The same journal gives the same ramp, or a run could not be repeated.
    ///
    /// # Errors
    /// In words, why no ramp can be chosen.
    fn choose(&self, task: &ChosenRampTask, so_far: &Journal) -> Result<RampTask, Diagnostic>;
}

impl Scenario {
    /// What a study does, as far as it `is_there`, with the ramps that were chosen in a run of it; without those that
    /// nobody had chosen.
    pub(super) fn with_ramps_of(
        &self,
        journal: &Journal,
        is_there: impl Fn(&Task) -> bool,
    ) -> Vec<Task> {
        let ramps = journal.ramps();
        let task = |(place, task): (usize, &Task)| match task {
            Task::ChosenRamp(_) => ramps.get(&(place as u64 + 1)).cloned().map(Task::Ramp),
            task => Some(task.clone()),
        };
        self.study().iter().enumerate().filter_map(task).filter(is_there).collect()
    }

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
