//! Names and ranges of all keys.

mod gases;
mod names;
mod path;
mod ranges;
mod valves;

use super::PlanError;
use crate::spec::World;

type Checked = Result<(), PlanError>;

/// Checks names, valves, the way of the liquid, then ranges.
pub(super) fn world(world: &World) -> Checked {
    names::world(world)?;
    valves::rig(&world.rig)?;
    path::world(world)?;
    ranges::world(world)?;
    gases::world(world)
}

/// Refuses a value outside its range; NaN is outside every range.
fn within(key: String, value: f64, unit: &'static str, low: f64, high: f64) -> Checked {
    if (low..=high).contains(&value) {
        Ok(())
    } else {
        Err(PlanError::OutOfRange { key, value, unit, low, high })
    }
}

fn inconsistent(key: impl Into<String>, detail: impl Into<String>) -> Checked {
    Err(PlanError::Inconsistent { key: key.into(), detail: detail.into() })
}
