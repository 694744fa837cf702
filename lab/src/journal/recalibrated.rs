//! What a shadow of a run expects from then on.

use serde::{Deserialize, Serialize};

use crate::time::Instant;

/// The shadow beside a run goes on with other values of its scenario, because the rig has moved. Nothing is set on the lab by it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recalibrated {
    /// When, in lab time.
    pub at_ns: Instant,
    /// Number in the run, from 1, of the experiment after which this was found.
    pub experiment: u64,
    /// What has moved, in words.
    pub because: String,
    /// Keys of the scenario of the shadow, and their values from now on.
    pub values: Vec<(String, f64)>,
}
