//! Vials taken at the outlet, for instruments that are not part of the rig: a thermocouple, an integrating sphere, an
//! electron microscope.

use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_lab::layer::Guarded;
use flowtwin_lab::{Conditions, Fault, Space, Stream};
use flowtwin_sim::Sample;
use flowtwin_sim::spec::Signal;
use flowtwin_statistics::estimate::{correlation, quantile};

use super::campaign::Phases;
use crate::paper::reading::Reading;
use crate::paper::studies::Studies;

/// Slugs in a vial.
const SLUGS: usize = 20;

/// An empty vial.
pub(crate) const NOTHING: Sample = Sample {
    celsius: f64::NAN,
    quantum_yield: f64::NAN,
    diameter_nm: f64::NAN,
    spread_percent: f64::NAN,
};

/// One experiment, and what was found in its vial.
#[derive(Clone, Debug, PartialEq)]
pub struct Vial {
    /// What the rig read.
    pub reading: Reading,
    /// What other instruments found.
    pub sample: Sample,
}

/// The vials of one rig.
#[derive(Clone, Debug, PartialEq)]
pub struct Vials {
    /// Fig. 8C: the best conditions of the campaign.
    pub best: Vial,
    /// Fig. S3: conditions that absorb much the same.
    pub random: Vec<Vial>,
}

/// Runs experiments on a fresh rig and takes a vial of each.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn take(
    scenario: Simulated<'_>,
    seed: u64,
    experiments: &[Conditions],
) -> Result<Vec<Vial>, Fault> {
    let procedure = scenario.procedure();
    let mut lab = Guarded::new(scenario.lab(seed), scenario.file().guard.clone());
    let blank = procedure.prime(&mut lab)?;
    let cell = outlet(&scenario);
    let vial = |conditions: &Conditions| {
        let observation = procedure.run(&mut lab, &blank, conditions);
        if let Some(fault) = observation.fault {
            return Err(fault);
        }
        Ok(Vial {
            reading: Reading::of(&observation.outcome),
            sample: lab.lab().sample(cell, SLUGS).unwrap_or(NOTHING),
        })
    };
    experiments.iter().map(vial).collect()
}

/// The flow cell in which emission is seen.
fn outlet(scenario: &Scenario) -> &str {
    let mut spectrometers = scenario.file().rig.spectrometers.values();
    spectrometers.find(|s| s.signal == Signal::Emission).map_or("", |s| s.cell.as_str())
}

/// The vials of one rig after its campaign; `stream` draws the random conditions.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(
    scenario: Simulated<'_>,
    studies: &Studies,
    seed: u64,
    campaign: &Phases,
    stream: &mut Stream,
) -> Result<Vials, Fault> {
    let space = scenario.space();
    let best = campaign.all().max_by(|a, b| a.reading.pli.total_cmp(&b.reading.pli));
    let best = best.map_or_else(|| space.centre(), |e| e.conditions.clone());
    let random = (0..studies.vials.experiments).map(|_| absorbing_alike(space, studies, stream));
    let all: Vec<Conditions> = std::iter::once(best).chain(random).collect();
    let mut vials = take(scenario, seed, &all)?;
    let random = vials.split_off(1);
    Ok(Vials { best: vials.remove(0), random })
}

/// The baseline with a few inputs at random, of which the solvent makes up for the flow.
fn absorbing_alike(space: &Space, studies: &Studies, stream: &mut Stream) -> Conditions {
    let unit: Vec<f64> = (0..space.dim()).map(|_| stream.uniform()).collect();
    let random = space.from_unit(&unit);
    studies.vials.varied.iter().fold(studies.baseline(space), |conditions, input| {
        let level = random.get(input).unwrap_or(f64::NAN);
        studies.grid.at(&conditions, space, input, level)
    })
}

impl Vial {
    /// Squared correlation of PLI with the quantum yield over vials whose Abs300 is within `window` of the median,
    /// relatively.
    pub(crate) fn linearity(vials: &[&Self], window: f64) -> f64 {
        let absorbances: Vec<f64> = vials.iter().map(|v| v.reading.abs).collect();
        let median = quantile(&absorbances, 0.5);
        let alike = vials.iter().filter(|v| (v.reading.abs / median - 1.0).abs() <= window);
        let pairs: Vec<(f64, f64)> =
            alike.map(|v| (v.sample.quantum_yield, v.reading.pli)).collect();
        let r = correlation(&pairs);
        r * r
    }
}
