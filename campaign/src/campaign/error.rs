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
    /// There is no rig to simulate.
    #[error(transparent)]
    NoRig(#[from] NoRig),
}
