//! Whether gases can be followed where a scenario lets them flow.

use super::{Checked, inconsistent};
use crate::spec::{Measures, Rig, World};

/// Checks what brings gases, where they flow, and what dissolves of them.
pub(super) fn world(world: &World) -> Checked {
    controllers(world)?;
    fractions(world)?;
    let is_gas = carries_gas(&world.rig);
    dissolving(world, is_gas)?;
    if is_gas { sensors(&world.rig) } else { Ok(()) }
}

/// Whether the carrier is a gas.
pub(super) fn carries_gas(rig: &Rig) -> bool {
    rig.carrier.as_ref().is_some_and(|carrier| rig.gases.contains_key(&carrier.pump))
}

fn controllers(world: &World) -> Checked {
    for (name, gas) in &world.rig.gases {
        if gas.slowest_ml_per_min >= gas.fastest_ml_per_min {
            let detail = format!(
                "{} mL/min must be less than the fastest flow, {} mL/min",
                gas.slowest_ml_per_min, gas.fastest_ml_per_min
            );
            return inconsistent(format!("rig.gases.{name}.slowest_ml_per_min"), detail);
        }
    }
    Ok(())
}

/// Mole fractions are of gases, and at most one together.
fn fractions(world: &World) -> Checked {
    for (name, stock) in &world.stocks {
        let key = format!("stocks.{name}.mole_fractions");
        let is_gas = world.rig.gases.values().any(|gas| gas.stock == *name);
        let is_liquid = world.rig.pumps.values().any(|pump| pump.stock == *name);
        if is_gas && is_liquid {
            let detail =
                "a pump and a mass-flow controller deliver this stock: it is a liquid or a gas";
            return inconsistent(format!("stocks.{name}"), detail);
        }
        if !is_gas && !stock.mole_fractions.is_empty() {
            return inconsistent(key, "no mass-flow controller of `rig.gases` delivers this stock");
        }
        if is_gas && !stock.concentrations_mm.is_empty() {
            let detail = "what is in a gas is told by `mole_fractions`";
            return inconsistent(format!("stocks.{name}.concentrations_mm"), detail);
        }
        let sum: f64 = stock.mole_fractions.values().sum();
        if sum > 1.0 + 1e-9 {
            return inconsistent(key, format!("they sum to {sum}, and must not to more than 1"));
        }
        for species in stock.mole_fractions.keys() {
            let known = world.chemistry.species.get(species);
            if known.is_none_or(|known| known.henry_mm_per_kpa.is_none()) {
                let detail = format!(
                    "how much of it dissolves is not known: give `chemistry.species.{species}.henry_mm_per_kpa`, or leave it \
                     out of the gas, which is inert then"
                );
                return inconsistent(format!("{key}.{species}"), detail);
            }
        }
    }
    Ok(())
}

fn dissolving(world: &World, is_gas: bool) -> Checked {
    let mut all = world.chemistry.species.iter();
    let Some((name, species)) = all.find(|(_, species)| species.henry_mm_per_kpa.is_some()) else {
        return Ok(());
    };
    let key = format!("chemistry.species.{name}.henry_mm_per_kpa");
    if !is_gas {
        return inconsistent(key, "there are no bubbles: the carrier is not a gas of `rig.gases`");
    }
    if species.solubility_mm.is_some() {
        return inconsistent(key, "a species is a gas or a solid: give it or `solubility_mm`");
    }
    if world.chemistry.reactions.is_empty() {
        return inconsistent(
            key,
            "a gas that dissolves needs `[[chemistry.reactions]]` that use it",
        );
    }
    if world.chemistry.particles.is_some() {
        return inconsistent(key, "particles and gases that dissolve are not followed together");
    }
    if world.rig.mixing.time_s > 0.0 {
        let detail =
            "liquids that take time to mix and gases that dissolve are not followed together";
        return inconsistent("rig.mixing.time_s", detail);
    }
    Ok(())
}

/// A flow meter in a train of bubbles shows neither the liquid nor the gas.
fn sensors(rig: &Rig) -> Checked {
    match rig.sensors.iter().find(|(_, sensor)| sensor.measures == Measures::Flow) {
        Some((name, _)) => {
            let detail = "a flow meter behind a gas shows neither the liquid nor the gas";
            inconsistent(format!("rig.sensors.{name}.measures"), detail)
        }
        None => Ok(()),
    }
}
