//! Ranges of the instruments that take samples.

use super::super::{Checked, inconsistent};
use super::table;
use crate::spec::{Analyser, World};

pub(super) fn world(world: &World) -> Checked {
    for (name, analyser) in &world.rig.analysers {
        self::analyser(&format!("rig.analysers.{name}"), analyser)?;
    }
    for (name, noise) in &world.noise.analysers {
        table(
            &format!("noise.analysers.{name}"),
            &[
                ("calibration_percent", noise.calibration_percent, "%", 0.0, 50.0),
                ("injection_percent", noise.injection_percent, "%", 0.0, 50.0),
                ("baseline_mm", noise.baseline_mm, "mM", 0.0, 1000.0),
            ],
        )?;
    }
    Ok(())
}

fn analyser(key: &str, a: &Analyser) -> Checked {
    table(
        key,
        &[
            ("sample_ul", a.sample_ul, "µL", 0.001, 1000.0),
            ("run_s", a.run_s, "s", 0.001, 100_000.0),
            ("plates", a.plates, "", 10.0, 10_000_000.0),
            ("carry_over_percent", a.carry_over_percent, "%", 0.0, 20.0),
        ],
    )?;
    if a.peaks.is_empty() {
        return inconsistent(format!("{key}.peaks"), "an analyser finds at least one species");
    }
    for (i, peak) in a.peaks.iter().enumerate() {
        table(
            &format!("{key}.peaks.{i}"),
            &[
                ("at_s", peak.at_s, "s", 0.1, a.run_s),
                ("response", peak.response, "", 0.0001, 10_000.0),
                ("detects_mm", peak.detects_mm, "mM", 0.0, 10_000.0),
            ],
        )?;
        if a.peaks[..i].iter().any(|other| other.of == peak.of) {
            let detail = format!("{} has a peak already", peak.of);
            return inconsistent(format!("{key}.peaks.{i}.of"), detail);
        }
    }
    Ok(())
}
