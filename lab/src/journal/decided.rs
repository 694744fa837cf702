//! What people decide on the proposals of policies.

use serde::{Deserialize, Serialize};

use crate::conditions::Conditions;
use crate::time::Instant;

/// Somebody has decided on a proposal. What follows from it is the experiment behind it, or the next proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// When, in lab time.
    pub at_ns: Instant,
    /// Number in the run, from 1, of the experiment that was proposed.
    pub experiment: u64,
    /// Name of the phase.
    pub phase: String,
    /// What the policy had proposed.
    pub proposed: Conditions,
    /// What was decided.
    pub decision: Decision,
}

/// What becomes of a proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Decision {
    /// It is done as it was proposed.
    Accept,
    /// These conditions are set in its place.
    Change(Conditions),
    /// It is not done, and another is asked for.
    Skip,
    /// An experiment of the person's own is done first; then the policy is asked again.
    Add(Conditions),
}

impl Decided {
    /// What is set in the experiment that follows; none where none does.
    pub fn conditions(&self) -> Option<&Conditions> {
        match &self.decision {
            Decision::Accept => Some(&self.proposed),
            Decision::Change(conditions) | Decision::Add(conditions) => Some(conditions),
            Decision::Skip => None,
        }
    }
}

impl Decision {
    /// What was done, in a word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::Change(_) => "changed",
            Self::Skip => "skipped",
            Self::Add(_) => "added",
        }
    }
}
