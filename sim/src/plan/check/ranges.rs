//! Ranges of all numbers. The spec documents them; this enforces them.

use super::{Checked, within};
use crate::spec::World;

pub(super) fn world(world: &World) -> Checked {
    within("rig.ambient_c".into(), world.rig.ambient_c, "°C", 10.0, 40.0)
}
