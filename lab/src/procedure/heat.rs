//! Heating, and knowing that it is done.

use super::spec::ProcedureSpec;
use crate::command::{Command, Reply};
use crate::fault::{Fault, FaultKind};
use crate::id::{HeaterId, SensorId};
use crate::lab::Lab;
use crate::layer::is_open;
use crate::manifest::SensorKind;
use crate::settings::Settings;
use crate::time::{Instant, Span};
use crate::units::Temperature;

/// Sets every heater and waits until all have been within the band for long enough.
///
/// # Errors
/// [`FaultKind::NotSettled`] after the time-out, [`FaultKind::SensorOpen`] where a reading is no temperature,
/// and any fault of the lab.
pub(super) fn settle(
    lab: &mut dyn Lab,
    spec: &ProcedureSpec,
    settings: &Settings,
) -> Result<(), Fault> {
    for (heater, set_point_c) in &settings.heaters {
        let (heater, set_point_c) = (heater.clone(), *set_point_c);
        lab.send(&Command::Heat { heater, set_point_c })?;
    }
    let began = lab.now();
    let mut within_since: Option<Instant> = None;
    while !settings.heaters.is_empty() {
        let off = worst(lab, settings)?;
        let now = lab.now();
        within_since = match within_since {
            _ if off.distance > spec.settle_band_k => None,
            None => Some(now),
            since => since,
        };
        if within_since.is_some_and(|since| now.since(since).as_secs() >= spec.settle_for_s) {
            break;
        }
        if now.since(began).as_secs() >= spec.settle_timeout_s {
            return Err(off.fault(lab.now(), now.since(began)));
        }
        lab.wait(Span::from_secs(spec.poll_s))?;
    }
    Ok(())
}

/// The heater farthest from its set point.
struct Off {
    heater: HeaterId,
    value: f64,
    set_point: f64,
    distance: f64,
}

impl Off {
    fn fault(self, at: Instant, waited: Span) -> Fault {
        let Self { heater, value, set_point, distance } = self;
        let kind =
            FaultKind::NotSettled { value, set_point, off: distance, waited_s: waited.as_secs() };
        Fault::new(at, heater, kind)
    }
}

fn worst(lab: &mut dyn Lab, settings: &Settings) -> Result<Off, Fault> {
    let mut worst: Option<Off> = None;
    for (heater, set_point) in &settings.heaters {
        let off = off(lab, heater, *set_point)?;
        if worst.as_ref().is_none_or(|w| off.distance > w.distance) {
            worst = Some(off);
        }
    }
    Ok(worst.expect("called with at least one heater"))
}

fn off(lab: &mut dyn Lab, heater: &HeaterId, set_point: Temperature) -> Result<Off, Fault> {
    let sensor = thermometer(lab, heater)?;
    match lab.send(&Command::Read { sensor: sensor.clone() })? {
        Reply::Reading(value) if !is_open(value) => Ok(Off {
            heater: heater.clone(),
            value,
            set_point: set_point.c(),
            distance: (value - set_point.c()).abs(),
        }),
        _ => Err(Fault::new(lab.now(), sensor, FaultKind::SensorOpen)),
    }
}

pub(super) fn thermometer(lab: &dyn Lab, heater: &HeaterId) -> Result<SensorId, Fault> {
    let kind = SensorKind::Temperature(heater.clone());
    lab.manifest().sensor(&kind).cloned().ok_or_else(|| {
        let detail = format!("no temperature sensor of the heater {heater}");
        Fault::new(lab.now(), heater, FaultKind::Unsupported { detail })
    })
}
