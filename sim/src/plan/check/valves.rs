//! Checks valves, and the pumps that refill themselves through them.

use std::collections::BTreeMap;

use super::names::known;
use super::{Checked, inconsistent, within};
use crate::spec::{PumpRefill, Rig, Valve};

pub(super) fn rig(rig: &Rig) -> Checked {
    for (name, valve) in &rig.valves {
        let key = format!("rig.valves.{name}");
        if is_taken(rig, name) {
            return inconsistent(key, "another instrument has this name already");
        }
        positions(&key, valve, rig)?;
    }
    for (name, pump) in &rig.pumps {
        if let Some(refill) = &pump.refill {
            let key = format!("rig.pumps.{name}.refill");
            refills(&key, name, refill, rig)?;
            let [slowest, fastest] = pump.rates_ul_per_min();
            within(format!("{key}.ul_per_min"), refill.ul_per_min, "µL/min", slowest, fastest)?;
        }
    }
    Ok(())
}

fn is_taken(rig: &Rig, name: &str) -> bool {
    rig.pumps.contains_key(name)
        || rig.gases.contains_key(name)
        || rig.heaters.contains_key(name)
        || rig.lights.contains_key(name)
        || rig.spectrometers.contains_key(name)
        || rig.analysers.contains_key(name)
        || rig.sensors.contains_key(name)
        || rig.switches.contains_key(name)
}

fn positions(key: &str, valve: &Valve, rig: &Rig) -> Checked {
    let key = format!("{key}.positions");
    if valve.positions.len() < 2 {
        return inconsistent(key, "a valve has two positions at least");
    }
    for (i, position) in valve.positions.iter().enumerate() {
        let name = &position.name;
        if name.is_empty() {
            return inconsistent(format!("{key}.{i}.name"), "a position has a name");
        }
        if valve.positions[..i].iter().any(|before| before.name == *name) {
            let detail = format!("a position before it is called \"{name}\" too");
            return inconsistent(format!("{key}.{i}.name"), detail);
        }
        for (j, pump) in position.opens.iter().enumerate() {
            known(format!("{key}.{i}.opens.{j}"), "pump", pump, &rig.pumps)?;
        }
    }
    Ok(())
}

fn refills(key: &str, pump: &str, refill: &PumpRefill, rig: &Rig) -> Checked {
    known(format!("{key}.valve"), "valve", &refill.valve, &rig.valves)?;
    let valve = &rig.valves[&refill.valve];
    let all = valve.positions.iter().map(|position| (position.name.clone(), position));
    let all: BTreeMap<_, _> = all.collect();
    known(format!("{key}.at"), "position", &refill.at, &all)?;
    let is_open = |name: &str| all[name].opens.iter().any(|opened| opened == pump);
    if is_open(&refill.at) {
        let detail = format!(
            "this position opens the way of \"{pump}\" to the rig: it would draw from there"
        );
        return inconsistent(format!("{key}.at"), detail);
    }
    if !all.keys().any(|name| is_open(name)) {
        let detail = format!("no position of this valve opens the way of \"{pump}\" to the rig");
        return inconsistent(format!("{key}.valve"), detail);
    }
    Ok(())
}
