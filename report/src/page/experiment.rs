//! An experiment in a figure: its point, and the axis of its objective.

use crate::plot::{Axis, Dot};
use crate::run::{Experiment, Run};

/// The point of an experiment at (x, y).
pub(super) fn dot_of(e: &Experiment<'_>, x: f64, y: f64) -> Dot {
    Dot::of_experiment(e.record.experiment, x, y)
}

/// The axis of the objective over some experiments.
pub(super) fn objective_axis(run: &Run<'_>) -> Axis {
    let values = run.experiments().iter().filter_map(|e| e.value);
    Axis::covering(run.objective().label(), values)
}
