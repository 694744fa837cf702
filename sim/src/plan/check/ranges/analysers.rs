//! Instruments that take samples.

use super::super::{Checked, inconsistent, within};
use super::table;
use crate::spec::{Analyser, Measures, World};

pub(super) fn world(world: &World) -> Checked {
    for (name, analyser) in &world.rig.analysers {
        self::analyser(&format!("rig.analysers.{name}"), analyser)?;
    }
    for (name, sensor) in &world.rig.sensors {
        let key = format!("rig.sensors.{name}");
        table(&key, sensor)?;
        table(&format!("{key}.measures"), &sensor.measures)?;
        if let Measures::Conductivity { s_cm2_per_mol } = &sensor.measures {
            for (species, molar) in s_cm2_per_mol {
                let key = format!("{key}.measures.conductivity.s_cm2_per_mol.{species}");
                within(key, *molar, "S·cm²/mol", 0.0, 2000.0)?;
            }
        }
    }
    for (name, noise) in &world.noise.sensors {
        table(&format!("noise.sensors.{name}"), noise)?;
    }
    let mut noise = world.noise.analysers.iter();
    noise.try_for_each(|(name, noise)| table(&format!("noise.analysers.{name}"), noise))
}

fn analyser(key: &str, a: &Analyser) -> Checked {
    table(key, a)?;
    if a.peaks.is_empty() {
        return inconsistent(format!("{key}.peaks"), "an analyser finds at least one species");
    }
    for (i, peak) in a.peaks.iter().enumerate() {
        let key = format!("{key}.peaks.{i}");
        table(&key, peak)?;
        within(format!("{key}.at_s"), peak.at_s, "s", 0.1, a.run_s)?;
        if a.peaks[..i].iter().any(|other| other.of == peak.of) {
            return inconsistent(format!("{key}.of"), format!("{} has a peak already", peak.of));
        }
    }
    Ok(())
}
