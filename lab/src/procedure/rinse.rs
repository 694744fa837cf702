//! Washing reagents out of the tube after a fault.

use super::spec::RinseSpec;
use super::{flow, valves};
use crate::command::Command;
use crate::fault::{Fault, FaultKind};
use crate::id::HeaterId;
use crate::lab::Lab;
use crate::manifest::{Manifest, Probe, SensorKind};
use crate::time::Span;
use crate::units::Volume;

/// Rinses with a finite volume, heaters off, in a lab that has been made safe; whatever comes of it, the lab is made safe
/// once more.
pub(super) fn rinse(lab: &mut dyn Lab, spec: &RinseSpec) -> Result<(), Fault> {
    let done = flow_once(lab, spec);
    let safe = lab.send(&Command::MakeSafe).map(drop);
    done.and(safe)
}

/// Whether every heater acknowledges that it is off and every pump that it stands still: a light that does not answer, often
/// with the spectrometer that it hangs on, keeps nobody from rinsing.
pub(super) fn is_cold_and_still(lab: &mut dyn Lab) -> bool {
    heaters_off(lab).and_then(|()| flow::stop_all(lab)).is_ok()
}

fn heaters_off(lab: &mut dyn Lab) -> Result<(), Fault> {
    let heaters: Vec<HeaterId> = lab.manifest().heaters.iter().map(|h| h.name.clone()).collect();
    for heater in heaters {
        lab.send(&Command::HeaterOff { heater })?;
    }
    Ok(())
}

fn flow_once(lab: &mut dyn Lab, spec: &RinseSpec) -> Result<(), Fault> {
    heaters_off(lab)?;
    valves::open_ways(lab, std::slice::from_ref(&spec.pump))?;
    let rate = flow::nearest(lab.manifest(), &spec.pump, spec.ul_per_min);
    lab.send(&Command::Dispense {
        pump: spec.pump.clone(),
        rate_ul_per_min: rate,
        at_most_ul: Volume::from_ul(spec.volume_ul),
    })?;
    // A pump that counts steps runs at the nearest rate that it has.
    lab.wait(Span::from_secs(60.0 * spec.volume_ul / rate.ul_per_min()))?;
    flow::stop_all(lab)
}

/// Whether liquid may be pumped after a fault: not where it is one of pressure, flow, a full bottle, a leak, an open door or
/// the pump itself, nor where nobody knows what it is of, or somebody wants the run to stop.
pub(super) fn is_allowed(fault: &Fault, spec: &RinseSpec, manifest: &Manifest) -> bool {
    // What could not be made safe, a light perhaps, is for [`is_cold_and_still`] to judge: here it counts what went wrong before.
    let kind = match &fault.kind {
        FaultKind::NotSafe { because: Some(kind), .. } => kind,
        kind => kind,
    };
    let of_pressure =
        matches!(kind, FaultKind::Stalled | FaultKind::Interrupted | FaultKind::NotSafe { .. });
    !of_pressure && instrument(fault, manifest).is_some_and(|part| part.bears(spec))
}

/// What a fault is of.
enum Part<'a> {
    /// A pump, by its name.
    Pump(&'a str),
    /// A heater, a light or a spectrometer.
    Other,
}

impl Part<'_> {
    fn bears(&self, spec: &RinseSpec) -> bool {
        match self {
            Self::Pump(name) => *name != spec.pump.as_str(),
            Self::Other => true,
        }
    }
}

/// The instrument that a fault is of; none where it is of none of them: a guard's rule, a door, a link that several share.
fn instrument<'a>(fault: &Fault, manifest: &'a Manifest) -> Option<Part<'a>> {
    let origin = fault.origin.as_str();
    if let Some(info) = manifest.pumps.iter().find(|info| info.name.as_str() == origin) {
        return Some(Part::Pump(info.name.as_str()));
    }
    if let Some(info) = manifest.sensors.iter().find(|info| info.name.as_str() == origin) {
        return match &info.kind {
            // More liquid is the last thing that is wanted.
            SensorKind::Probe(Probe::Pressure | Probe::Flow(_) | Probe::Level | Probe::Mass) => {
                None
            }
            SensorKind::Temperature(_) | SensorKind::Power(_) | SensorKind::Probe(_) => {
                Some(Part::Other)
            }
            SensorKind::Status(pump) | SensorKind::Dispensed(pump) => {
                Some(Part::Pump(pump.as_str()))
            }
            _ => None,
        };
    }
    let is_other = manifest.heaters.iter().any(|info| info.name.as_str() == origin)
        || manifest.lights.iter().any(|info| info.name.as_str() == origin)
        || manifest.spectrometers.iter().any(|info| info.name.as_str() == origin);
    is_other.then_some(Part::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::SensorInfo;
    use crate::time::Instant;
    use crate::toy::ToyLab;

    fn spec() -> RinseSpec {
        RinseSpec { pump: "water".into(), ul_per_min: 120.0, volume_ul: 50.0 }
    }

    #[test]
    fn liquid_is_pumped_after_no_fault_of_pressure_or_of_its_own_pump() {
        let lab = ToyLab::new();
        let manifest = lab.manifest();
        let [heater, light] =
            [manifest.heaters[0].name.to_string(), manifest.lights[0].name.to_string()];
        let allowed = |origin: &str, kind: FaultKind| {
            is_allowed(&Fault::new(Instant::START, origin, kind), &spec(), manifest)
        };
        let lost = || FaultKind::LinkLost { detail: "unplugged".into() };
        let interlock =
            |rule: &str| FaultKind::Interlock { rule: rule.into(), detail: String::new() };
        assert!(allowed(&heater, interlock("over-temperature")));
        assert!(allowed(&heater, FaultKind::SensorOpen) && allowed(&light, lost()));
        assert!(!allowed("water", lost()) && !allowed("water", FaultKind::Empty));
        assert!(!allowed(&heater, FaultKind::NotSafe { because: None, left: heater.clone() }));
        let not_safe = |because: FaultKind| FaultKind::NotSafe {
            because: Some(Box::new(because)),
            left: light.clone(),
        };
        assert!(allowed(&light, not_safe(lost())), "a light that is silent heats nothing");
        assert!(!allowed("water", not_safe(lost())) && !allowed("operator", not_safe(lost())));
        assert!(!allowed(&light, not_safe(FaultKind::Stalled)));
        assert!(!allowed(&heater, FaultKind::Stalled));
        for origin in ["guard", "door", "journal", "heartbeat", "operator"] {
            assert!(!allowed(origin, interlock("permit")), "{origin}");
        }
        assert!(!allowed("operator", FaultKind::Interrupted));
    }

    #[test]
    fn no_liquid_is_pumped_after_a_fault_of_pressure_flow_or_level_or_a_leak() {
        let mut manifest = ToyLab::new().manifest().clone();
        let mut allowed = |kind: SensorKind, rule: &str| {
            manifest.sensors.push(SensorInfo { name: rule.into(), kind });
            let kind = FaultKind::Interlock { rule: rule.into(), detail: String::new() };
            is_allowed(&Fault::new(Instant::START, rule, kind), &spec(), &manifest)
        };
        assert!(!allowed(SensorKind::Probe(Probe::Pressure), "pressure"));
        assert!(!allowed(SensorKind::Probe(Probe::Flow(Vec::new())), "flow"));
        assert!(!allowed(SensorKind::Probe(Probe::Level), "level"));
        assert!(!allowed(SensorKind::Leak, "leak"));
        assert!(!allowed(SensorKind::Permit, "permit"));
        assert!(allowed(SensorKind::Probe(Probe::Conductivity), "reading"));
    }

    #[test]
    fn a_rinse_delivers_its_volume_with_the_heater_off_and_ends_safe() {
        let mut lab = ToyLab::new();
        assert_eq!(rinse(&mut lab, &spec()), Ok(()));
        assert!((lab.now().as_secs() - 25.0).abs() < 1e-9, "{}", lab.now());
        assert!(lab.is_safe());
    }
}
