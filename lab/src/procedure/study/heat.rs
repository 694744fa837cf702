//! Heating curves.

use super::Noting;
use crate::command::{Command, Reply};
use crate::fault::{Fault, FaultKind};
use crate::id::SensorId;
use crate::lab::Lab;
use crate::layer::is_open;
use crate::manifest::SensorKind;
use crate::procedure::heat::thermometer;
use crate::procedure::spec::ProcedureSpec;
use crate::study::{HeatTask, Reading};
use crate::time::{Instant, Span};
use crate::units::Temperature;

/// Readings at rest, before anything heats.
const AT_REST: u32 = 40;

/// Reads a heater at rest, on the way to each set point, while it is held, and while it cools, switched off.
///
/// A set point that is not reached within the time in which experiments wait for it ends without being held: what a heater
/// cannot do is a result.
pub(super) fn curve<L: Lab>(
    lab: &mut L,
    spec: &ProcedureSpec,
    task: &HeatTask,
    note: Noting<'_, L>,
) -> Result<(), Fault> {
    let mut curve = Curve { task, sensor: thermometer(lab, &task.heater)?, note };
    for _ in 0..AT_REST {
        curve.read(lab, None)?;
        lab.wait(Span::from_secs(task.every_s))?;
    }
    for set_point_c in &task.set_points_c {
        curve.to(lab, spec, *set_point_c)?;
    }
    let heater = task.heater.clone();
    lab.send(&Command::HeaterOff { heater })?;
    let until = lab.now() + Span::from_secs(task.cool_s);
    while lab.now() < until {
        lab.wait(Span::from_secs(task.every_s))?;
        curve.read(lab, None)?;
    }
    Ok(())
}

struct Curve<'a, 'n, L> {
    task: &'a HeatTask,
    sensor: SensorId,
    note: Noting<'n, L>,
}

impl<L: Lab> Curve<'_, '_, L> {
    /// Heats to a set point, and holds it once it is reached.
    fn to(&mut self, lab: &mut L, spec: &ProcedureSpec, set_point_c: f64) -> Result<(), Fault> {
        let heater = self.task.heater.clone();
        lab.send(&Command::Heat { heater, set_point_c: Temperature::from_c(set_point_c) })?;
        let began = lab.now();
        let mut within_since: Option<Instant> = None;
        loop {
            lab.wait(Span::from_secs(self.task.every_s))?;
            let value = self.read(lab, Some(set_point_c))?;
            let now = lab.now();
            within_since = match within_since {
                _ if (value - set_point_c).abs() > spec.settle_band_k => None,
                None => Some(now),
                since => since,
            };
            let for_s = within_since.map_or(0.0, |since| now.since(since).as_secs());
            let too_long = now.since(began).as_secs() >= spec.settle_timeout_s + self.task.hold_s;
            if for_s >= spec.settle_for_s + self.task.hold_s || too_long {
                return Ok(());
            }
        }
    }

    fn read(&mut self, lab: &mut L, set_point_c: Option<f64>) -> Result<f64, Fault> {
        let at = lab.now();
        let value = match lab.send(&Command::Read { sensor: self.sensor.clone() })? {
            Reply::Reading(value) if !is_open(value) => value,
            _ => return Err(Fault::new(at, &self.sensor, FaultKind::SensorOpen)),
        };
        let power = SensorKind::Power(self.task.heater.clone());
        let mut reading = Reading::of(at, &[("temperature_c", value)]);
        if let Some(sensor) = lab.manifest().sensor(&power).cloned()
            && let Reply::Reading(percent) = lab.send(&Command::Read { sensor })?
        {
            reading.values.push(("power_percent".into(), Some(percent).filter(|p| p.is_finite())));
        }
        reading.values.extend(set_point_c.map(|c| ("set_point_c".into(), Some(c))));
        (self.note)(lab, reading)?;
        Ok(value)
    }
}
