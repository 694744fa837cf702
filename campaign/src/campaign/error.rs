//! Why a campaign cannot go on.

use flowtwin_twin::PolicyError;

use crate::scenario::NoRig;

/// Why a campaign cannot go on, besides faults of the lab.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// A policy has no proposal.
    #[error("phase {phase}: no proposal for experiment {experiment}: {source}")]
    Policy {
        /// The phase.
        phase: String,
        /// The experiment.
        experiment: u64,
        /// Why.
        source: PolicyError,
    },
    /// No ramp was chosen.
    #[error("task {task}: no ramp was chosen: {why}")]
    NoRamp {
        /// Its number in the study, from 1.
        task: usize,
        /// Why.
        why: String,
    },
    /// There is no rig to simulate.
    #[error(transparent)]
    NoRig(#[from] NoRig),
}
