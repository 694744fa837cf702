//! Conditions as a scenario has them, and what a task leaves in the lines.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;
use flowtwin_lab::study::Task;

/// Conditions in the order of the scenario's inputs; none where one is missing, or an option that the scenario does not have.
pub(crate) fn in_order(scenario: &Scenario, conditions: &Conditions) -> Option<Conditions> {
    let space = scenario.space();
    let values = space.inputs().iter().map(|input| space.value(input, conditions));
    Some(space.conditions(values.collect::<Option<_>>()?))
}

/// What a task of a study leaves in the lines, where that is known.
pub(crate) fn left_by(task: &Task) -> Option<&Conditions> {
    match task {
        Task::Tracer(task) => Some(&task.to),
        Task::Ramp(task) => Some(&task.to),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A journal knows an option by its name, and may have the inputs in another order.
    #[test]
    fn options_of_a_journal_are_what_was_chosen() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let scenario = Scenario::load(&root.join("scenarios/ester-equivalents.toml")).unwrap();
        let read = |catalyst: &str| {
            let text = format!(
                r#"{{"catalyst":"{catalyst}","equivalents":2.0,"reaction_time_s":300.0,"oven_c":90.0}}"#
            );
            in_order(&scenario, &serde_json::from_str(&text).unwrap())
        };
        let flow = |catalyst: &str, pump: &str| {
            let conditions = read(catalyst).unwrap();
            scenario.procedure().recipe().settings(&conditions).flow(&pump.into()).ul_per_min()
        };
        assert!(flow("strong", "strong") > 100.0 && flow("strong", "acid").abs() < 1e-9);
        assert!(flow("weak", "acid") > 100.0 && flow("weak", "strong").abs() < 1e-9);
        assert_eq!(read("none"), None);
    }
}
