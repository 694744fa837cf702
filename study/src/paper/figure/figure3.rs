//! Fig. 3: continuous operation, replicates, and steps at three reaction times.

use super::panel::{Panel, WIDE, beside, relative};
use crate::paper::reading::{Feature, Reading};
use crate::paper::seed::Seed;

const FEATURES: [(&str, Feature); 3] =
    [("Abs300", Reading::abs), ("PLI", Reading::pli), ("PLA", Reading::pla)];

pub(super) fn body(seeds: &[Seed], first: &Seed) -> String {
    let mut long = Panel::new("A: 120 min without a stop", "time [min]", "over the mean")
        .note("The first rig; one value every 1.2 residence times. PLI and PLA nearly cover each other.")
        .wide(WIDE);
    let mut replicates = Panel::new("B: replicates", "baseline", "over the mean")
        .note("The first rig; a random condition between each two baselines.");
    for (place, (name, feature)) in FEATURES.into_iter().enumerate() {
        let readings = first.continuous.readings.iter();
        long.one(
            name,
            relative(&readings.map(|(t, r)| (*t, feature(r))).collect::<Vec<_>>()),
            true,
        );
        let baselines = first.replicates.rounds[0].iter().enumerate();
        let beside = 0.1 * (place as f64 - 1.0);
        let points: Vec<_> =
            baselines.map(|(i, r)| (i as f64 + 1.0 + beside, feature(r))).collect();
        replicates.one(name, relative(&points), false);
    }
    long.html() + &beside(&[replicates, steps(seeds, first)])
}

fn steps(seeds: &[Seed], first: &Seed) -> Panel {
    let mut panel = Panel::new(
        "C: steps of the composition",
        "time [residence times]",
        "Abs300 over its final value",
    )
    .note("From no CuI to the baseline. Lines: medians over all rigs; bands: nine of ten rigs.")
    .starting_at_zero();
    for (i, step) in first.steps.iter().enumerate() {
        let curve = |seed: &Seed| -> Vec<(f64, f64)> {
            let step = &seed.steps[i];
            step.readings.iter().map(|m| (m.at, m.reading.abs / step.settled)).collect()
        };
        let curves: Vec<_> = seeds.iter().map(curve).collect();
        panel.many(&format!("{} s", step.reaction_time_s), &curves);
    }
    panel
}
