//! Layers: each a [`Lab`](crate::Lab) around a lab.

mod guarded;
mod journaled;
mod lacking;
mod recorded;
mod rules;
#[cfg(test)]
mod tests;
mod told;

pub use guarded::{Guarded, LoopModel, is_open};
pub use journaled::Journaled;
pub use lacking::Unwatched;
pub use recorded::Recorded;
pub use rules::{Limits, RANGES, RatioRule, SensorRule};
pub use told::Told;
