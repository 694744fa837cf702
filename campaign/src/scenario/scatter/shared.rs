//! What is drawn once for a run: replicates do not show it.

use flowtwin_lab::PumpId;
use flowtwin_lab::analysis::{Feature, Measure};
use flowtwin_sim::spec;

use crate::scenario::{Reading, Scenario};

/// An instrument whose calibration is a standard deviation off.
#[derive(Clone, Copy, Debug)]
pub struct Misreading {
    /// What it tells.
    pub reading: Reading,
    /// It tells so much of what is there …
    pub factor: f64,
    /// … and so much more, in its unit.
    pub offset: f64,
}

/// What a fill of each pump may be off by, standard deviation, in parts.
pub fn fills(noise: &spec::Noise, pumps: &[PumpId]) -> Vec<(PumpId, f64)> {
    let fill = |pump: &PumpId| (pump.clone(), 0.01 * noise.pumps.of(pump.as_str()).bias_percent);
    pumps.iter().map(fill).filter(|(_, bias)| *bias > 0.0).collect()
}

/// How the instruments of a scenario may be calibrated, one error at a time.
pub fn misreadings(scenario: &Scenario, noise: &spec::Noise) -> Vec<Misreading> {
    let gain = |reading, part: f64| Misreading { reading, factor: 1.0 + part, offset: 0.0 };
    let mut all = Vec::new();
    for (analyser, info) in scenario.analysis().analysers().iter().enumerate() {
        let own = noise.analysers.get(info.name.as_str());
        let part = 0.01 * own.map_or(0.0, |own| own.calibration_percent);
        let species = 0..info.species.len();
        all.extend(species.map(|species| gain(Reading::Species { analyser, species }, part)));
    }
    for (sensor, info) in scenario.analysis().sensors().iter().enumerate() {
        let Some(own) = noise.sensors.get(info.name.as_str()) else { continue };
        let reading = Reading::Sensor(sensor);
        all.push(gain(reading, 0.01 * own.gain_percent));
        all.push(Misreading { reading, factor: 1.0, offset: own.offset });
    }
    all.retain(|it| it.factor > 1.0 || it.offset > 0.0);
    all
}

/// Features that are concentrations found by an analyser, by place, and the least that it finds \[mM\].
pub fn detection_limits(scenario: &Scenario) -> Vec<(usize, f64)> {
    let analysers = &scenario.file().rig.analysers;
    let limit = |(place, feature): (usize, &Feature)| {
        let Measure::Concentration { of } = &feature.measure else { return None };
        let peaks = &analysers.get(&feature.channel)?.peaks;
        let peak = peaks.iter().find(|peak| peak.of == *of)?;
        Some((place, peak.detects_mm))
    };
    scenario.analysis().features().iter().enumerate().filter_map(limit).collect()
}
