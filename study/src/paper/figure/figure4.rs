//! Fig. 4: total flow at constant reaction time, and reaction time in one tube.

use super::panel::{Panel, beside};
use crate::paper::reading::Reading;
use crate::paper::seed::Seed;
use crate::paper::study::flow::relative;

pub(super) fn body(seeds: &[Seed]) -> String {
    let mut flow = Panel::new(
        "A–B: total flow",
        "slugs and carrier [µL/min]",
        "over the value at 1000 µL/min",
    )
    .note("The tube is cut so that the reaction takes 31 s at every flow.")
    .starting_at_zero();
    let mut time = Panel::new("C–D: reaction time", "reaction time [s]", "over the value at 28 s")
        .note("One tube, all flows by one factor.");
    for (name, feature) in [("PLI", Reading::pli as fn(&Reading) -> f64), ("Abs300", Reading::abs)]
    {
        let curves: Vec<_> = seeds.iter().map(|s| relative(&s.flow, feature)).collect();
        flow.many(name, &curves);
        let curves: Vec<_> =
            seeds.iter().flat_map(|s| &s.time).map(|c| over_28(c, feature)).collect();
        time.many(name, &curves);
    }
    beside(&[flow, time])
}

fn over_28(curve: &[(f64, Reading)], feature: fn(&Reading) -> f64) -> Vec<(f64, f64)> {
    let at = curve.iter().find(|(t, _)| (t - 28.0).abs() < 1e-9);
    let reference = at.map_or(f64::NAN, |(_, reading)| feature(reading));
    curve.iter().map(|(t, reading)| (*t, feature(reading) / reference)).collect()
}
