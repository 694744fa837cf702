//! What is drawn once for a run: replicates do not show it.

use flowtwin_campaign::scenario::{Reading, Scenario};
use flowtwin_lab::PumpId;
use flowtwin_lab::analysis::{Feature, Measure};
use flowtwin_sim::spec;

/// What is drawn once for a run, and how far it may be off: standard deviation, in parts unless it says otherwise.
#[derive(Clone, Debug)]
pub(crate) enum Shared {
    /// What a fill of a pump gives more.
    Fill(PumpId, f64),
    /// What an instrument tells more.
    Gain(Reading, f64),
    /// Where an instrument has its zero, in its unit.
    Zero(Reading, f64),
}

/// What a scenario draws once for a run.
pub(crate) fn shared(scenario: &Scenario, noise: &spec::Noise, pumps: &[PumpId]) -> Vec<Shared> {
    let fill = |pump: &PumpId| {
        Shared::Fill(pump.clone(), 0.01 * noise.pumps.of(pump.as_str()).bias_percent)
    };
    let mut all: Vec<Shared> = pumps.iter().map(fill).collect();
    for (analyser, info) in scenario.analysis().analysers().iter().enumerate() {
        let own = noise.analysers.get(info.name.as_str());
        let part = 0.01 * own.map_or(0.0, |own| own.calibration_percent);
        let species = 0..info.species.len();
        all.extend(species.map(|s| Shared::Gain(Reading::Species { analyser, species: s }, part)));
    }
    for (sensor, info) in scenario.analysis().sensors().iter().enumerate() {
        let Some(own) = noise.sensors.get(info.name.as_str()) else { continue };
        all.push(Shared::Gain(Reading::Sensor(sensor), 0.01 * own.gain_percent));
        all.push(Shared::Zero(Reading::Sensor(sensor), own.offset));
    }
    all.retain(|shared| {
        let (Shared::Fill(_, off) | Shared::Gain(_, off) | Shared::Zero(_, off)) = shared;
        *off > 0.0
    });
    all
}

/// Features that are concentrations found by an analyser, by place, and the least that it finds \[mM\].
pub(crate) fn detection_limits(scenario: &Scenario) -> Vec<(usize, f64)> {
    let analysers = &scenario.file().rig.analysers;
    let limit = |(place, feature): (usize, &Feature)| {
        let Measure::Concentration { of } = &feature.measure else { return None };
        let peaks = &analysers.get(&feature.channel)?.peaks;
        let peak = peaks.iter().find(|peak| peak.of == *of)?;
        Some((place, peak.detects_mm))
    };
    scenario.analysis().features().iter().enumerate().filter_map(limit).collect()
}
