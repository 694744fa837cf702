//! An experiment in a figure: its tooltip, and the axis of its objective.

use crate::format::{NONE, said, significant, with_unit};
use crate::plot::Axis;
use crate::quantity::Quantity;
use crate::run::{Experiment, Run};

/// The tooltip of a point.
pub(super) fn tip(run: &Run<'_>, e: &Experiment<'_>) -> String {
    let objective = run.objective();
    let value = e.value.map_or(NONE.into(), |v| with_unit(&significant(v, 4), &objective.unit));
    let phase = &run.phases()[e.phase].record.name;
    let mut lines = vec![
        format!("experiment {} · {phase} {}", e.record.experiment, e.iteration),
        format!("{} {value}", objective.name),
    ];
    lines.extend(others(run, e));
    lines.extend(e.record.conditions.words().map(|(name, word)| {
        let input = Quantity::of_key(name);
        format!("{} {}", input.name, with_unit(&said(word), &input.unit))
    }));
    lines.join("\n")
}

/// The other outcomes that are wanted or limited.
fn others(run: &Run<'_>, e: &Experiment<'_>) -> Vec<String> {
    let first = run.wanted().goals.objectives[0].outcome;
    let line = |(place, value): (usize, &Option<f64>)| {
        let quantity = run.outcome(place);
        let value = value.map_or(NONE.into(), |v| with_unit(&significant(v, 4), &quantity.unit));
        (place != first).then(|| format!("{} {value}", quantity.name))
    };
    e.values.iter().enumerate().filter_map(line).collect()
}

/// The axis of the objective over some experiments.
pub(super) fn objective_axis(run: &Run<'_>) -> Axis {
    let values = run.experiments().iter().filter_map(|e| e.value);
    Axis::covering(run.objective().label(), values)
}
