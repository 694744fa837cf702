//! What was measured before it was known that a reading was wrong.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::time::Instant;

/// A fault that was found tells that readings may have been wrong for a while. What was measured meanwhile is withdrawn: it keeps
/// its place and its spectra, and has no features from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubted {
    /// When that was found, in lab time.
    pub at_ns: Instant,
    /// Since when readings may have been wrong.
    pub since_ns: Instant,
    /// Numbers in the run of the experiments that ended since then.
    pub experiments: Vec<u64>,
    /// What was found.
    pub fault: Fault,
}
