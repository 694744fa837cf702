//! The studies of the paper, each driven through a `Station` as it would be on the rig.

pub mod campaign;
pub mod continuous;
pub mod flow;
pub mod grid;
pub mod off_ratio;
pub mod ramp;
pub mod replicates;
pub mod steady;
pub mod steps;
pub mod time;
pub mod twin;
pub mod vials;

use super::reading::{Feature, Reading};

/// What was read at the levels of one variable: `(level, reading)`.
pub type Curve = Vec<(f64, Reading)>;

/// One feature along a curve.
pub fn along(curve: &Curve, feature: Feature) -> Vec<(f64, f64)> {
    curve.iter().map(|(level, reading)| (*level, feature(reading))).collect()
}
