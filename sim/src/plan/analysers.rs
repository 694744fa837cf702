//! Instruments that take samples, ready to be used.

use flowtwin_lab::AnalyserId;

use super::{PlanError, Quantities, Stages};
use crate::model::chromatogram::{self, Peak};
use crate::spec::{Analyser, World};

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
