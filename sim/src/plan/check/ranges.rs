//! Checks the numbers of a world against their ranges, which `spec` declares, and against each other.

mod analysers;
mod physics;

use flowtwin_lab::range::Ranged;

use super::{Checked, inconsistent, within};
use crate::plan::PlanError;
use crate::spec::{Heater, Optics, Rig, Segmentation, Spectrometer, World};

pub(super) fn world(world: &World) -> Checked {
    rig(&world.rig)?;
    physics::stocks(&world.stocks)?;
    physics::chemistry(&world.chemistry)?;
    // Without a spectrometer nothing need be said of light.
    if !world.rig.spectrometers.is_empty() || world.optics != Optics::default() {
        physics::optics(&world.optics)?;
    }
    analysers::world(world)?;
    physics::noise(&world.noise)?;
    physics::faults(&world.faults)
}

/// Checks the numbers of a table whose keys stand below `prefix`.
fn table(prefix: &str, table: &impl Ranged) -> Checked {
    let Some(outside) = table.outside() else { return Ok(()) };
    let (key, range) = (format!("{prefix}.{}", outside.key), outside.range);
    let (value, unit, low, high) = (outside.value, range.unit, range.low, range.high);
    Err(PlanError::OutOfRange { key, value, unit, low, high })
}

fn rig(rig: &Rig) -> Checked {
    table("rig", rig)?;
    table("rig.liquid", &rig.liquid)?;
    rig.pumps.iter().try_for_each(|(name, p)| table(&format!("rig.pumps.{name}"), p))?;
    for (name, pump) in &rig.pumps {
        let key = format!("rig.pumps.{name}.continuous");
        pump.continuous.iter().try_for_each(|continuous| table(&key, continuous))?;
        if let Some(steps) = &pump.steps {
            table(&format!("rig.pumps.{name}.steps"), steps)?;
        }
        let key = format!("rig.pumps.{name}.refill");
        pump.refill.iter().try_for_each(|refill| table(&key, refill))?;
    }
    rig.gases.iter().try_for_each(|(name, gas)| table(&format!("rig.gases.{name}"), gas))?;
    rig.valves.iter().try_for_each(|(name, v)| table(&format!("rig.valves.{name}"), v))?;
    rig.streams.iter().try_for_each(|(name, s)| table(&format!("rig.streams.{name}"), s))?;
    if let Some(carrier) = &rig.carrier {
        carrier.liquid.iter().try_for_each(|liquid| table("rig.carrier.liquid", liquid))?;
        table("rig.carrier", carrier)?;
    }
    rig.segmentation.iter().try_for_each(segmentation)?;
    table("rig.mixing", &rig.mixing)?;
    for (i, stretch) in rig.tube.iter().enumerate() {
        table(&format!("rig.tube.{i}"), stretch)?;
        stretch.bed.iter().try_for_each(|bed| table(&format!("rig.tube.{i}.bed"), bed))?;
    }
    rig.heaters.iter().try_for_each(|(name, h)| heater(&format!("rig.heaters.{name}"), h))?;
    for (name, light) in &rig.lights {
        table(&format!("rig.lights.{name}"), light)?;
        for (i, source) in light.sources.iter().enumerate() {
            let key = format!("rig.lights.{name}.sources.{i}");
            table(&key, source)?;
            physics::shape(&format!("{key}.spectrum"), &source.spectrum)?;
            let mut lines = source.lines.iter().enumerate();
            lines.try_for_each(|(j, line)| table(&format!("{key}.lines.{j}"), line))?;
        }
    }
    let mut all = rig.spectrometers.iter();
    all.try_for_each(|(name, s)| spectrometer(&format!("rig.spectrometers.{name}"), s))
}

fn segmentation(s: &Segmentation) -> Checked {
    if s.off_ratio_percent > 100.0 {
        let detail = format!(
            "{} % is a limit that says nothing: it must be 1 to 100 %; `any_ratio = true` lets flows be of any ratio",
            s.off_ratio_percent
        );
        return inconsistent("rig.segmentation.off_ratio_percent", detail);
    }
    table("rig.segmentation", s)
}

fn heater(key: &str, h: &Heater) -> Checked {
    table(key, h)?;
    within(format!("{key}.high_c"), h.high_c, "°C", h.low_c, 400.0)?;
    within(format!("{key}.safe_c"), h.safe_c, "°C", h.low_c, h.high_c)
}

fn spectrometer(key: &str, s: &Spectrometer) -> Checked {
    table(key, s)?;
    let (shortest, longest) = (s.shortest_integration_ms, s.longest_integration_ms);
    within(format!("{key}.longest_integration_ms"), longest, "ms", shortest, 100_000.0)?;
    if s.wavelength_coefficients.iter().all(|c| c.is_finite()) {
        return Ok(());
    }
    inconsistent(format!("{key}.wavelength_coefficients"), "all four must be finite numbers")
}
