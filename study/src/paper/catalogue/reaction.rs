//! Flow and reaction time: Fig. 4.

use flowtwin_statistics::estimate::{slope, summit};

use super::{Claim, calibrated};
use crate::paper::curve::{at, between, least_step_percent, mean_curve};
use crate::paper::reading::{Feature, Reading};
use crate::paper::seed::Seed;

pub(super) fn claims() -> Vec<Claim> {
    [flow(), time()].concat()
}

fn flow() -> Vec<Claim> {
    vec![
        calibrated(
            "M01.pli",
            "PLI at 300 µL/min over the plateau, at constant reaction time",
            "lower",
        )
        .pooled("%", |s| 100.0 * plateau_share(s, Reading::pli, 300.0))
        .below(92.0)
        .unless("slugs mix at low flow as well as at high"),
        calibrated("M01.abs", "Abs300 at 300 µL/min over the plateau", "lower")
            .pooled("%", |s| 100.0 * plateau_share(s, Reading::abs, 300.0))
            .below(92.0)
            .unless("slugs mix at low flow as well as at high"),
        calibrated("M01.rise.pli", "PLI rises from 300 to 600 µL/min: smallest step", "rises")
            .pooled("%", |s| {
                least_step_percent(&between(&over_flow(s, Reading::pli), 300.0, 600.0))
            })
            .above(0.0)
            .unless("mixing is complete below 600 µL/min"),
        calibrated("M01.rise.abs", "Abs300 rises from 300 to 600 µL/min: smallest step", "rises")
            .pooled("%", |s| {
                least_step_percent(&between(&over_flow(s, Reading::abs), 300.0, 600.0))
            })
            .above(0.0)
            .unless("mixing is complete below 600 µL/min"),
        calibrated("M02.600", "PLI at 600 over PLI at 1000 µL/min", "plateau")
            .pooled("", |s| plateau_share(s, Reading::pli, 600.0))
            .within(0.96, 1.0)
            .unless("mixing is still incomplete at 600 µL/min"),
        calibrated("M02.step", "change of PLI from 600 to 700 µL/min", "plateau")
            .pooled("%", |s| {
                100.0
                    * (plateau_share(s, Reading::pli, 700.0)
                        / plateau_share(s, Reading::pli, 600.0)
                        - 1.0)
            })
            .below(1.0)
            .unless("mixing is incomplete at 600 µL/min, or comes slowly with the flow"),
        calibrated("M02.flat", "slope of PLI above 600 µL/min, for each 100 µL/min", "flat")
            .pooled("%", |s| {
                let curve = between(&over_flow(s, Reading::pli), 600.0, 1000.0);
                1e4 * slope(&curve) / at(&curve, 1000.0)
            })
            .within(-1.0, 1.0)
            .unless("mixing is still incomplete above 600 µL/min"),
    ]
}

fn time() -> Vec<Claim> {
    vec![
        calibrated("M03", "Abs300 at 42 s over 25 s of reaction", "similar")
            .pooled("", |s| ratio(s, Reading::abs, 42.0, 25.0))
            .within(0.97, 1.03)
            .unless("particles still grow after 25 s: slower nucleation or growth"),
        calibrated("M04.best", "reaction time of the highest PLI", "≈ 28 s")
            .pooled("s", |s| summit(&between(&over_time(s, Reading::pli), 22.0, 35.0)))
            .within(25.0, 32.0)
            .unless("the yield matures more slowly or decays sooner"),
        calibrated("M04.drop", "PLI at 42 s over 28 s of reaction", "drops slightly")
            .pooled("", |s| ratio(s, Reading::pli, 42.0, 28.0))
            .within(0.93, 0.99)
            .unless("the decay is faster or is not there"),
        calibrated("M05", "PLI at 18 s over 25 s of reaction", "lower below 25 s")
            .pooled("", |s| ratio(s, Reading::pli, 18.0, 25.0))
            .below(1.0)
            .unless("the reaction is over before 18 s, with nothing to mature"),
    ]
}

fn over_flow(seeds: &[&Seed], feature: Feature) -> Vec<(f64, f64)> {
    mean_curve(seeds, |seed| &seed.flow, feature)
}

fn plateau_share(seeds: &[&Seed], feature: Feature, flow: f64) -> f64 {
    let curve = over_flow(seeds, feature);
    at(&curve, flow) / at(&curve, 1000.0)
}

/// The mean over seeds and rounds.
fn over_time(seeds: &[&Seed], feature: Feature) -> Vec<(f64, f64)> {
    let rounds = seeds.first().map_or(0, |s| s.time.len());
    let curves: Vec<Vec<(f64, f64)>> =
        (0..rounds).map(|r| mean_curve(seeds, |seed| &seed.time[r], feature)).collect();
    let mean = |i: usize| curves.iter().map(|c| c[i].1).sum::<f64>() / rounds as f64;
    let levels = curves.first().map_or(&[][..], |c| &c[..]);
    levels.iter().enumerate().map(|(i, (x, _))| (*x, mean(i))).collect()
}

/// A feature at one reaction time over that at another.
pub(super) fn ratio(seeds: &[&Seed], feature: Feature, a: f64, b: f64) -> f64 {
    let curve = over_time(seeds, feature);
    at(&curve, a) / at(&curve, b)
}
