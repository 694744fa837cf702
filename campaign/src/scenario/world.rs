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

/// What rigs may have moved by, and no definition says where they have not: a table of the rig, a key, and its value then.
const UNSAID: [(&str, &str, f64); 3] = [
    ("pumps", "delivers_percent", 100.0),
    ("lights", "brightness_percent", 100.0),
    ("heaters", "above_sensor_k", 0.0),
];

/// The same world with the numbers that it leaves unsaid because nothing has moved: they can be estimated too.
pub(super) fn with_unsaid(mut world: Value) -> Value {
    for (table, key, value) in UNSAID {
        let parts = world.pointer_mut(&format!("/rig/{table}")).and_then(Value::as_object_mut);
        let parts = parts.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut);
        parts.for_each(|part| {
            part.entry(key).or_insert_with(|| value.into());
        });
    }
    world
}

/// The plan of a world that stands in a definition.
///
/// # Errors
/// If it is not valid, in words.
pub fn plan(world: &Value) -> Result<Plan, String> {
    plan_beside(world, &[])
}

/// The same, sooner where one of other plans is of the same light: see [`Plan::beside`].
///
/// # Errors
/// As [`plan`].
pub fn plan_beside(world: &Value, others: &[&Plan]) -> Result<Plan, String> {
    let world = World::deserialize(world).map_err(|error| error.to_string())?;
    Plan::beside(&world, others).map_err(|error| error.to_string())
}
