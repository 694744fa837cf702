//! An experiment in a figure: what its point says, and the axis of its objective.

use crate::format::{NONE, plain, significant, with_unit};
use crate::plot::Axis;
use crate::quantity::Quantity;
use crate::run::{Experiment, Run};

/// What a point says when it is pointed at.
pub(super) fn tip(run: &Run<'_>, e: &Experiment<'_>) -> String {
    let objective = run.objective();
    let value = e.value.map_or(NONE.into(), |v| with_unit(&significant(v, 4), &objective.unit));
    let phase = &run.phases()[e.phase].record.name;
    let mut lines = vec![
        format!("experiment {} · {phase} {}", e.record.experiment, e.iteration),
        format!("{} {value}", objective.name),
    ];
    lines.extend(e.record.conditions.iter().map(|(name, x)| {
        let input = Quantity::of_key(name);
        format!("{} {}", input.name, with_unit(&plain(x), &input.unit))
    }));
    lines.join("\n")
}

/// The axis of the objective over some experiments.
pub(super) fn objective_axis(run: &Run<'_>) -> Axis {
    let values = run.experiments().iter().filter_map(|e| e.value);
    Axis::covering(run.objective().label(), values)
}
