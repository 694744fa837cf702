//! One experiment of a rig.

use flowtwin_campaign::scenario::{Moment, Scenario};
use flowtwin_lab::{Conditions, Observation};

use crate::inputs::in_order;

/// One experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Where it comes from: a run and a number, or a file and a line.
    pub source: String,
    /// The run it belongs to, from 0: experiments of one run share their fills and reference spectra.
    pub run: usize,
    /// The ramp of its run on which it was read, where it is the reading of one.
    pub ramp: Option<String>,
    /// What was set.
    pub conditions: Conditions,
    /// What was set in the experiment before it, where that is known.
    pub before: Option<Conditions>,
    /// Time since the reference spectra were taken \[h\]; 0 where nobody says.
    pub hours: f64,
    /// Features, in the order of the scenario; none for one that was not read.
    pub features: Vec<Option<f64>>,
}

impl Experiment {
    /// An experiment at these conditions of which nothing has been read.
    pub(crate) fn unread(scenario: &Scenario, conditions: Conditions) -> Self {
        Self {
            source: String::new(),
            run: 0,
            ramp: None,
            conditions,
            before: None,
            hours: 0.0,
            features: vec![None; scenario.features().len()],
        }
    }

    /// When it took place.
    pub(crate) fn moment(&self) -> Moment<'_> {
        Moment { before: self.before.as_ref(), hours: self.hours }
    }

    /// An experiment that has just been observed; none if it failed or is flagged.
    pub fn observed(
        scenario: &Scenario,
        seen: &Observation,
        before: Option<&Conditions>,
        hours: f64,
    ) -> Option<Self> {
        if seen.failed() || !seen.outcome.quality.flags().is_empty() {
            return None;
        }
        Some(Self {
            before: before.and_then(|before| in_order(scenario, before)),
            hours,
            features: scenario.features().iter().map(|(name, _)| seen.feature(name)).collect(),
            ..Self::unread(scenario, in_order(scenario, &seen.conditions)?)
        })
    }
}
