//! Instruments that take samples and sensors in the line, ready to be used.

use flowtwin_lab::AnalyserId;

use super::{PlanError, Quantities, Stages};
use crate::model::chromatogram::{self, Peak};
use crate::spec::{Analyser, Measures, Sensor, World};

/// An instrument that takes samples.
#[derive(Clone, Debug)]
pub(crate) struct AnalyserPlan {
    pub(crate) name: AnalyserId,
    pub(crate) spec: Analyser,
    /// The stretch it takes samples from.
    pub(crate) stretch: usize,
    /// The stage after which it gets the liquid.
    pub(crate) stage: usize,
    /// The quantity of each peak.
    pub(crate) places: Vec<usize>,
    /// What it finds for a concentration of one of each species \[peaks\]\[species\].
    pub(crate) found: Vec<Vec<f64>>,
}

pub(super) fn analysers(
    world: &World,
    quantities: &Quantities,
    stages: &Stages,
) -> Result<Vec<AnalyserPlan>, PlanError> {
    let plan = |(name, spec): (&String, &Analyser)| {
        let stretch = world.rig.tube.iter().position(|s| s.name == spec.stretch);
        let stretch = stretch.expect("names have been checked");
        let places = spec.peaks.iter().enumerate().map(|(i, peak)| {
            quantities.find(format!("rig.analysers.{name}.peaks.{i}.of"), &peak.of)
        });
        let peaks = spec.peaks.iter().map(|p| Peak { at_s: p.at_s, response: p.response });
        Ok(AnalyserPlan {
            name: AnalyserId::new(name),
            stretch,
            stage: stages.seen_after(stretch),
            places: places.collect::<Result<_, _>>()?,
            found: chromatogram::found(&peaks.collect::<Vec<_>>(), spec.plates),
            spec: spec.clone(),
        })
    };
    world.rig.analysers.iter().map(plan).collect()
}

/// A sensor in the line.
#[derive(Clone, Debug)]
pub(crate) struct SensorPlan {
    pub(crate) name: String,
    pub(crate) spec: Sensor,
    /// The stretch it sits in.
    pub(crate) stretch: usize,
    /// The stage after which it sees the liquid.
    pub(crate) stage: usize,
    /// What of each quantity makes up its reading; nothing where it measures no quantity.
    pub(crate) weights: Vec<(usize, f64)>,
}

pub(super) fn sensors(
    world: &World,
    quantities: &Quantities,
    stages: &Stages,
) -> Result<Vec<SensorPlan>, PlanError> {
    let plan = |(name, spec): (&String, &Sensor)| {
        let stretch = world.rig.tube.iter().position(|s| s.name == spec.stretch);
        let stretch = stretch.expect("names have been checked");
        let key = format!("rig.sensors.{name}.measures");
        let weights = match &spec.measures {
            Measures::Concentration { of } => {
                vec![(quantities.find(format!("{key}.concentration.of"), of)?, 1.0)]
            }
            Measures::Conductivity { s_cm2_per_mol } => s_cm2_per_mol
                .iter()
                .map(|(of, molar)| {
                    let key = format!("{key}.conductivity.s_cm2_per_mol.{of}");
                    // 1 S·cm²/mol × 1 mM is 1 µS/cm.
                    Ok((quantities.find(key, of)?, 1e-3 * molar))
                })
                .collect::<Result<_, _>>()?,
            Measures::Temperature
            | Measures::Pressure
            | Measures::Flow
            | Measures::Level { .. }
            | Measures::Mass { .. } => Vec::new(),
        };
        let stage = stages.seen_after(stretch);
        Ok(SensorPlan { name: name.clone(), spec: spec.clone(), stretch, stage, weights })
    };
    world.rig.sensors.iter().map(plan).collect()
}
