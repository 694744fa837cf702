//! The part of a scenario that describes the rig: what is estimated, and what is simulated.

use flowtwin_sim::Plan;
use flowtwin_sim::spec::World;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The tables of a scenario that describe the rig and its world: what can be estimated.
const WORLD: [&str; 6] = ["rig", "stocks", "chemistry", "optics", "noise", "faults"];

/// The part of a definition that describes the world.
pub fn world(definition: &Value) -> Value {
    let part = |name: &&str| Some(((*name).to_owned(), definition.get(*name)?.clone()));
    Value::Object(WORLD.iter().filter_map(part).collect::<Map<_, _>>())
}

/// The plan of a world that stands in a definition.
///
/// # Errors
/// If it is not valid, in words.
pub fn plan(world: &Value) -> Result<Plan, String> {
    let world = World::deserialize(world).map_err(|error| error.to_string())?;
    Plan::new(&world).map_err(|error| error.to_string())
}
