//! What sensors of the rig must read: switches that permit to run, leaks, pressure, flow, and whatever else has limits.

use super::pumps::Pumps;
use super::read;
use crate::fault::{Fault, FaultKind};
use crate::id::SensorId;
use crate::lab::Lab;
use crate::layer::rules::{Limits, SensorRule};
use crate::manifest::{Manifest, Probe, SensorInfo, SensorKind};
use crate::time::Instant;

/// Makes sure that every switch permits to run and every leak sensor is dry.
pub(super) fn look_at_switches(lab: &mut impl Lab) -> Result<(), Fault> {
    for SensorInfo { name, kind } in sensors(lab, SensorKind::is_switch) {
        // What is not a number permits nothing.
        if read(lab, &name)? >= 0.5 {
            continue;
        }
        let (rule, detail) = match kind {
            SensorKind::Leak => {
                ("leak", "there is liquid at the leak sensor: find where it comes from")
            }
            _ => ("permit", "the switch is open: close the door or release the emergency stop"),
        };
        return Err(interlock(lab, rule, &name, detail.into()));
    }
    Ok(())
}

/// Since when each sensor has been beyond one of its limits.
#[derive(Clone, Debug, Default)]
pub(super) struct Sensed {
    beyond: Vec<(SensorId, &'static str, Instant)>,
}

/// What a sensor may read, and for how long it may read something else.
#[derive(Clone, Debug, PartialEq)]
struct Bound {
    rule: &'static str,
    low: f64,
    high: f64,
    for_s: f64,
}

impl Sensed {
    /// Reads every sensor in the line that has limits.
    pub(super) fn look(
        &mut self,
        lab: &mut impl Lab,
        limits: &Limits,
        pumps: &Pumps,
    ) -> Result<(), Fault> {
        for info in sensors(lab, |kind| matches!(kind, SensorKind::Probe(_))) {
            let bounds = bounds(&info, limits, lab.manifest(), pumps, lab.now());
            if bounds.is_empty() {
                self.beyond.retain(|(name, ..)| *name != info.name);
                continue;
            }
            let value = read(lab, &info.name)?;
            for bound in bounds {
                self.compare(lab, &info, value, &bound)?;
            }
        }
        Ok(())
    }

    /// Trips where a reading has been beyond a bound for too long; what is not a number is beyond all.
    fn compare(
        &mut self,
        lab: &impl Lab,
        info: &SensorInfo,
        value: f64,
        bound: &Bound,
    ) -> Result<(), Fault> {
        let (now, is_this) =
            (lab.now(), |(name, rule): (&SensorId, &str)| *name == info.name && rule == bound.rule);
        if (bound.low..=bound.high).contains(&value) {
            self.beyond.retain(|(name, rule, _)| !is_this((name, rule)));
            return Ok(());
        }
        let known = self.beyond.iter().find(|(name, rule, _)| is_this((name, rule)));
        let since = known.map_or(now, |(.., since)| *since);
        if known.is_none() {
            self.beyond.push((info.name.clone(), bound.rule, now));
        }
        match now.since(since).as_secs() >= bound.for_s {
            true => Err(interlock(lab, bound.rule, &info.name, in_words(info, value, bound))),
            false => Ok(()),
        }
    }
}

/// The bounds of a sensor now.
fn bounds(
    info: &SensorInfo,
    limits: &Limits,
    manifest: &Manifest,
    pumps: &Pumps,
    now: Instant,
) -> Vec<Bound> {
    let of_kind = match &info.kind {
        SensorKind::Probe(Probe::Pressure) => limits
            .highest_pressure_kpa(manifest)
            .map(|high| Bound { rule: "pressure", low: f64::NEG_INFINITY, high, for_s: 0.0 }),
        SensorKind::Probe(Probe::Flow(of)) => flow(limits, pumps.flow_of(of, now)),
        _ => None,
    };
    let own = limits.sensors.get(&info.name);
    let own = own.filter(|rule| !rule.while_flowing || pumps.flow(now) > 0.0);
    of_kind.into_iter().chain(own.map(Bound::of)).collect()
}

/// What a flow sensor may read where its pumps were told to deliver `told` µL/min; anything where they stand still.
fn flow(limits: &Limits, told: f64) -> Option<Bound> {
    let within = limits.flow_tolerance * told;
    let (low, high, for_s) = (told - within, told + within, limits.flow_grace_s);
    (within > 0.0 && within < told).then_some(Bound { rule: "flow", low, high, for_s })
}

impl Bound {
    fn of(rule: &SensorRule) -> Self {
        Self {
            rule: "reading",
            low: rule.low.unwrap_or(f64::NEG_INFINITY),
            high: rule.high.unwrap_or(f64::INFINITY),
            for_s: rule.for_s,
        }
    }
}

fn in_words(info: &SensorInfo, value: f64, bound: &Bound) -> String {
    let unit = info.kind.unit();
    let allowed = match (bound.low.is_finite(), bound.high.is_finite()) {
        (true, true) => format!("{} to {}", bound.low, bound.high),
        (true, false) => format!("at least {}", bound.low),
        _ => format!("at most {}", bound.high),
    };
    let long = match bound.for_s > 0.0 {
        true => format!(" for {} s", bound.for_s),
        false => String::new(),
    };
    let hint = match bound.rule {
        "pressure" => ": the tube may be clogged",
        "flow" => ": look for a leak, a clogged tube or an empty syringe",
        _ => "",
    };
    format!("it reads {value} {unit}{long}, allowed is {allowed} {unit}{hint}")
}

fn sensors(lab: &impl Lab, is_wanted: impl Fn(&SensorKind) -> bool) -> Vec<SensorInfo> {
    let all = lab.manifest().sensors.iter();
    all.filter(|info| is_wanted(&info.kind)).cloned().collect()
}

fn interlock(lab: &impl Lab, rule: &str, sensor: &SensorId, detail: String) -> Fault {
    let kind = FaultKind::Interlock { rule: rule.into(), detail };
    Fault::new(lab.now(), sensor, kind)
}
