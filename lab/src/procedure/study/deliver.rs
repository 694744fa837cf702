//! Deliveries that are weighed.

use super::{Noting, refused};
use crate::command::{Command, Reply};
use crate::fault::Fault;
use crate::lab::Lab;
use crate::math;
use crate::procedure::{flow, valves};
use crate::study::{DeliverTask, Reading};
use crate::time::Span;
use crate::units::FlowRate;

/// Lets a pump deliver a volume at each rate, and weighs what came.
pub(super) fn weigh<L: Lab>(
    lab: &mut L,
    task: &DeliverTask,
    note: Noting<'_, L>,
) -> Result<(), Fault> {
    valves::open_ways(lab, std::slice::from_ref(&task.pump))?;
    for &rate in &task.rates_ul_per_min {
        let rate = flow::nearest(lab.manifest(), &task.pump, rate).ul_per_min();
        let before = weight(lab, task)?;
        let asked_ul = flow::longest_ul(rate, task.seconds);
        let pump = task.pump.clone();
        lab.send(&flow::dispense(&pump, FlowRate::from_ul_per_min(rate), task.seconds))?;
        lab.wait(Span::from_secs(task.seconds))?;
        lab.send(&Command::Stop { pump })?;
        lab.wait(Span::from_secs(task.rest_s))?;
        let after = weight(lab, task)?;
        let values =
            [("rate_ul_per_min", rate), ("asked_ul", asked_ul), ("weighed_g", after - before)];
        let reading = Reading::of(lab.now(), &values);
        note(lab, reading)?;
    }
    Ok(())
}

/// What the pump may deliver in all \[µL\].
pub(super) fn volume_ul(task: &DeliverTask) -> f64 {
    let ul = task.rates_ul_per_min.iter().map(|&rate| flow::longest_ul(rate, task.seconds));
    math::round_decimals(ul.sum(), 5)
}

fn weight(lab: &mut dyn Lab, task: &DeliverTask) -> Result<f64, Fault> {
    match lab.send(&Command::Read { sensor: task.balance.clone() })? {
        Reply::Reading(grams) if grams.is_finite() => Ok(grams),
        _ => Err(refused(lab, "the balance told no mass")),
    }
}
