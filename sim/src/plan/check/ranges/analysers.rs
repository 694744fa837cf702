//! Instruments that take samples.

use super::super::{Checked, inconsistent, within};
use super::table;
use crate::spec::{Analyser, World};

pub(super) fn world(world: &World) -> Checked {
    for (name, analyser) in &world.rig.analysers {
        self::analyser(&format!("rig.analysers.{name}"), analyser)?;
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
