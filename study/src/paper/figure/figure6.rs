//! Fig. 6: what the twin learnt from, how sure it became, and how right it is.

use super::panel::{Panel, WIDE, beside};
use crate::paper::seed::Seed;

pub(super) fn body(seeds: &[Seed], first: &Seed) -> String {
    let mut learnt = Panel::new("A: the 60 experiments", "experiment", "PLI [counts]")
        .note("The first rig: 9 of a Latin hypercube, then 51 of maximum variance.")
        .wide(WIDE)
        .starting_at_zero();
    let training = first.campaign.training();
    let points: Vec<_> =
        training.iter().enumerate().map(|(i, e)| (i as f64 + 1.0, e.reading.pli)).collect();
    let (start, explore) = points.split_at(first.campaign.phases[0].experiments.len());
    learnt.one("Latin hypercube", start.to_vec(), false);
    learnt.one("maximum variance", explore.to_vec(), false);
    let mut parity = Panel::new(
        "C–D: predicted and measured",
        "measured PLI [counts]",
        "predicted PLI [counts]",
    )
    .note("The first rig and its first split, 80 to 20 %.");
    let all = || first.twin.parity.iter().flatten().flat_map(|(a, b)| [*a, *b]);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    parity.one("training", first.twin.parity[0].clone(), false);
    parity.one("test", first.twin.parity[1].clone(), false);
    parity.one("equal", vec![(low, low), (high, high)], true);
    learnt.html() + &beside(&[uncertainty(seeds), parity])
}

fn uncertainty(seeds: &[Seed]) -> Panel {
    let mut panel =
        Panel::new("B: uncertainty", "experiments", "standard deviation of the ensemble [counts]")
            .note("Mean over 1000 random inputs; band: nine of ten rigs.")
            .starting_at_zero();
    let curve =
        |s: &Seed| s.twin.uncertainty.iter().map(|u| (u.experiments as f64, u.mean)).collect();
    panel.many("mean over inputs", &seeds.iter().map(curve).collect::<Vec<_>>());
    panel
}
