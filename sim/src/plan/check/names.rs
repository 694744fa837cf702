//! Every name names something, and every pump feeds one stream.

use std::collections::BTreeMap;

use super::{Checked, inconsistent, within};
use crate::plan::PlanError;
use crate::spec::{LARGEST_SYRINGE_ML, Mishap, Pump, Rig, World};

pub(super) fn world(world: &World) -> Checked {
    pumps(world)?;
    heaters(world)?;
    spectrometers(world)?;
    chemistry(world)?;
    mishaps(world)?;
    for name in world.noise.pumps.each.keys() {
        known(format!("noise.pumps.each.{name}"), "pump", name, &delivering(&world.rig))?;
    }
    for name in world.noise.heaters.each.keys() {
        known(format!("noise.heaters.each.{name}"), "heater", name, &world.rig.heaters)?;
    }
    for name in world.noise.spectrometers.keys() {
        let key = format!("noise.spectrometers.{name}");
        known(key, "spectrometer", name, &world.rig.spectrometers)?;
    }
    for name in world.noise.sensors.keys() {
        known(format!("noise.sensors.{name}"), "sensor", name, &world.rig.sensors)?;
    }
    for name in world.noise.analysers.keys() {
        known(format!("noise.analysers.{name}"), "analyser", name, &world.rig.analysers)?;
    }
    let lights = &world.rig.lights;
    for (name, noise) in &world.noise.lights {
        known(format!("noise.lights.{name}"), "light", name, lights)?;
        let (given, sources) = (noise.each_drift_percent_per_h.len(), lights[name].sources.len());
        if given > sources {
            let key = format!("noise.lights.{name}.each_drift_percent_per_h");
            return inconsistent(key, format!("{given} numbers for a light of {sources} sources"));
        }
    }
    Ok(())
}

/// Refuses a name that is not a key of `all`.
pub(super) fn known<T>(
    key: String,
    kind: &'static str,
    name: &str,
    all: &BTreeMap<String, T>,
) -> Checked {
    if all.contains_key(name) {
        return Ok(());
    }
    let known = all.keys().cloned().collect::<Vec<_>>().join(", ");
    Err(PlanError::Unknown { key, kind, name: name.to_owned(), known })
}

/// Pumps and mass-flow controllers.
fn delivering(rig: &Rig) -> BTreeMap<String, ()> {
    rig.pumps.keys().chain(rig.gases.keys()).map(|name| (name.clone(), ())).collect()
}

/// Every pump has a stock and feeds exactly one stream, or is the carrier's.
fn pumps(world: &World) -> Checked {
    let rig = &world.rig;
    known("rig.timed_stream".into(), "stream", &rig.timed_stream, &rig.streams)?;
    for (name, pump) in &rig.pumps {
        if pump.steps.is_some() && pump.digits.is_some() {
            let detail = "a pump that counts steps has no digits: give one of `steps` and `digits`";
            return inconsistent(format!("rig.pumps.{name}.digits"), detail);
        }
        known(format!("rig.pumps.{name}.stock"), "stock", &pump.stock, &world.stocks)?;
        syringe(&format!("rig.pumps.{name}"), pump)?;
    }
    for (name, gas) in &rig.gases {
        known(format!("rig.gases.{name}.stock"), "stock", &gas.stock, &world.stocks)?;
        if rig.pumps.contains_key(name) {
            return inconsistent(format!("rig.gases.{name}"), "a pump has this name already");
        }
    }
    let mut fed: Vec<&str> = Vec::new();
    let streams = rig.streams.iter().flat_map(|(name, stream)| {
        let key = move |i: usize| format!("rig.streams.{name}.pumps.{i}");
        stream.pumps.iter().enumerate().map(move |(i, pump)| (key(i), pump))
    });
    let carrier = rig.carrier.iter().map(|carrier| ("rig.carrier.pump".to_owned(), &carrier.pump));
    for (key, pump) in streams.chain(carrier) {
        known(key.clone(), "pump", pump, &delivering(rig))?;
        if fed.contains(&pump.as_str()) {
            return inconsistent(key, format!("the pump \"{pump}\" already feeds another stream"));
        }
        fed.push(pump);
    }
    if let Some(idle) = rig.gases.keys().find(|gas| !fed.contains(&gas.as_str())) {
        let detail = "no carrier is this gas: name it in `rig.carrier.pump`";
        return inconsistent(format!("rig.gases.{idle}"), detail);
    }
    match rig.pumps.keys().find(|pump| !fed.contains(&pump.as_str())) {
        Some(idle) => {
            inconsistent(format!("rig.pumps.{idle}"), "no stream takes what this pump delivers")
        }
        None => Ok(()),
    }
}

/// A pump has a syringe, or what makes it continuous; and not both.
fn syringe(key: &str, pump: &Pump) -> Checked {
    let Some(head) = &pump.continuous else {
        if pump.bore_mm.is_none() {
            let detail = "a syringe pump needs the bore of its syringe; a pump that draws from a bottle while it delivers needs `continuous`";
            return inconsistent(format!("{key}.bore_mm"), detail);
        }
        return within(format!("{key}.fill_ml"), pump.fill_ml, "mL", 0.0, LARGEST_SYRINGE_ML);
    };
    if let Some(given) = pump.of_a_syringe() {
        let detail = "this pump is `continuous`: it has no syringe and no screw";
        return inconsistent(format!("{key}.{given}"), detail);
    }
    if head.slowest_ul_per_min >= head.fastest_ul_per_min {
        let detail = format!(
            "{} µL/min must be less than the fastest rate, {} µL/min",
            head.slowest_ul_per_min, head.fastest_ul_per_min
        );
        return inconsistent(format!("{key}.continuous.slowest_ul_per_min"), detail);
    }
    Ok(())
}

fn heaters(world: &World) -> Checked {
    let rig = &world.rig;
    let heater = |key: String, heater: &Option<String>, needed: bool| match heater {
        Some(name) => known(key, "heater", name, &rig.heaters),
        None if needed => inconsistent(key, "a line that lies on a plate must name its heater"),
        None => Ok(()),
    };
    for (name, stream) in &rig.streams {
        let hot = stream.hot_ul > 0.0;
        heater(format!("rig.streams.{name}.heater"), &stream.heater, hot)?;
    }
    if let Some(carrier) = &rig.carrier {
        heater("rig.carrier.heater".into(), &carrier.heater, carrier.hot_ul > 0.0)?;
    }
    for (i, stretch) in rig.tube.iter().enumerate() {
        heater(format!("rig.tube.{i}.heater"), &stretch.heater, false)?;
    }
    Ok(())
}

fn spectrometers(world: &World) -> Checked {
    let rig = &world.rig;
    if rig.tube.is_empty() {
        return inconsistent("rig.tube", "at least one stretch must follow the segmentation");
    }
    let stretches: BTreeMap<String, ()> = rig.tube.iter().map(|s| (s.name.clone(), ())).collect();
    if stretches.len() < rig.tube.len() {
        return inconsistent("rig.tube", "two stretches have one name");
    }
    for (name, spectrometer) in &rig.spectrometers {
        let key = |what: &str| format!("rig.spectrometers.{name}.{what}");
        known(key("cell"), "stretch", &spectrometer.cell, &stretches)?;
        known(key("light"), "light", &spectrometer.light, &rig.lights)?;
    }
    for (name, sensor) in &rig.sensors {
        known(format!("rig.sensors.{name}.stretch"), "stretch", &sensor.stretch, &stretches)?;
        let is_taken = rig.analysers.contains_key(name) || rig.gases.contains_key(name);
        if is_taken || rig.heaters.contains_key(name) {
            let detail = "an analyser or a heater has this name already";
            return inconsistent(format!("rig.sensors.{name}"), detail);
        }
    }
    for (name, analyser) in &rig.analysers {
        known(format!("rig.analysers.{name}.stretch"), "stretch", &analyser.stretch, &stretches)?;
    }
    switches(rig)
}

fn switches(rig: &Rig) -> Checked {
    let is_taken = |name: &&String| {
        rig.sensors.contains_key(*name)
            || rig.analysers.contains_key(*name)
            || rig.heaters.contains_key(*name)
            || rig.pumps.contains_key(*name)
            || rig.gases.contains_key(*name)
            || rig.lights.contains_key(*name)
            || rig.spectrometers.contains_key(*name)
    };
    match rig.switches.keys().find(is_taken) {
        Some(name) => {
            inconsistent(format!("rig.switches.{name}"), "another instrument has this name already")
        }
        None => Ok(()),
    }
}

fn chemistry(world: &World) -> Checked {
    let in_stocks = world.stocks.values().flat_map(|s| s.concentrations_mm.keys());
    let species: BTreeMap<String, ()> = in_stocks.map(|name| (name.clone(), ())).collect();
    for (name, part) in &world.chemistry.parts {
        let key = |what: &str| format!("chemistry.parts.{name}.{what}");
        known(key("stream"), "stream", &part.stream, &world.rig.streams)?;
        known(key("species"), "species", &part.species, &species)?;
    }
    Ok(())
}

fn mishaps(world: &World) -> Checked {
    let scheduled = world.faults.scheduled.iter().map(|f| &f.mishap).enumerate();
    let random = world.faults.random.iter().map(|f| &f.mishap).enumerate();
    for (list, all) in [("scheduled", scheduled.collect::<Vec<_>>()), ("random", random.collect())]
    {
        for (i, mishap) in all {
            mishap_names(&format!("faults.{list}.{i}.mishap"), mishap, &world.rig)?;
        }
    }
    Ok(())
}

fn mishap_names(key: &str, mishap: &Mishap, rig: &Rig) -> Checked {
    let key = |name: &str| format!("{key}.{name}");
    match mishap {
        Mishap::Stall { pump } => known(key("stall.pump"), "pump", pump, &delivering(rig)),
        Mishap::Bubble { pump, .. } => known(key("bubble.pump"), "pump", pump, &rig.pumps),
        Mishap::Dark { light } => known(key("dark.light"), "light", light, &rig.lights),
        Mishap::Brightness { light, .. } => {
            known(key("brightness.light"), "light", light, &rig.lights)
        }
        Mishap::Runaway { heater } => known(key("runaway.heater"), "heater", heater, &rig.heaters),
        Mishap::SensorOpen { heater } => {
            known(key("sensor_open.heater"), "heater", heater, &rig.heaters)
        }
        Mishap::Silence { instrument, .. } => {
            let all = rig.pumps.keys().chain(rig.heaters.keys()).chain(rig.lights.keys());
            let all = all.chain(rig.spectrometers.keys()).chain(rig.analysers.keys());
            let all = all.chain(rig.sensors.keys()).chain(rig.switches.keys());
            let all = all.chain(rig.valves.keys()).chain(rig.gases.keys());
            let all: BTreeMap<String, ()> = all.map(|name| (name.clone(), ())).collect();
            known(key("silence.instrument"), "instrument", instrument, &all)
        }
        Mishap::Clog { stretch, .. } => {
            let stretches = rig.tube.iter().map(|s| (s.name.clone(), ()));
            known(key("clog.stretch"), "stretch", stretch, &stretches.collect())
        }
        Mishap::Sticks { valve } => known(key("sticks.valve"), "valve", valve, &rig.valves),
        Mishap::Opens { switch } => known(key("opens.switch"), "switch", switch, &rig.switches),
        Mishap::Coalescence {} | Mishap::LinkLost {} => Ok(()),
    }
}
