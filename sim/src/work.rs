//! What a simulation has done, counted: a performance test without a stopwatch.

use serde::{Deserialize, Serialize};

/// Counts of work done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Events handled.
    pub events: u64,
    /// Slugs formed.
    pub slugs: u64,
    /// Slugs whose reaction was evaluated, because a spectrometer saw them.
    pub reactions: u64,
    /// Frames rendered.
    pub frames: u64,
    /// Pixels rendered.
    pub pixels: u64,
    /// Samples analysed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub samples: u64,
}

/// Whether nothing was done: counts of instruments that a rig does not have are not written.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}
