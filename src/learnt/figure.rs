//! The figures that twins need beyond those of runs.

mod heat_map;
mod ramp;
mod swarm;

pub(super) use heat_map::HeatMap;
pub(super) use ramp::{bar, words_bar};
pub(super) use swarm::{Bee, Swarm};
