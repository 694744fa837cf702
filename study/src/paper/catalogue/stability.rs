//! Stability and reproducibility: Fig. 3.

use super::{Claim, calibrated};
use crate::paper::reading::Reading;
use crate::paper::seed::Seed;

pub(super) fn claims() -> Vec<Claim> {
    [steady_state(), continuous(), replicates()].concat()
}

fn steady_state() -> Vec<Claim> {
    vec![
        calibrated("R02.25", "steady state after a step, tR = 25 s", "1.2 τ")
            .mean("τ", |s| steady_after(s, 25.0))
            .within(1.12, 1.28)
            .unless("lines disperse more or less, or are of another volume"),
        calibrated("R02.31", "steady state after a step, tR = 31 s", "1.2 τ")
            .mean("τ", |s| steady_after(s, 31.0))
            .within(1.12, 1.28)
            .unless("lines disperse more or less, or are of another volume"),
        calibrated("R02.42", "steady state after a step, tR = 42 s", "1.2 τ")
            .mean("τ", |s| steady_after(s, 42.0))
            .within(1.12, 1.28)
            .unless("lines disperse more or less, or are of another volume"),
        calibrated("R03", "spread of tE/τ between the three reaction times", "same")
            .pooled("τ", |seeds| {
                let mean = |t: f64| {
                    seeds.iter().map(|s| steady_after(s, t)).sum::<f64>() / seeds.len() as f64
                };
                let times = [25.0, 31.0, 42.0].map(mean);
                let most = times.into_iter().fold(f64::NEG_INFINITY, f64::max);
                most - times.into_iter().fold(f64::INFINITY, f64::min)
            })
            .below(0.08)
            .unless("dispersion depends on the flow more than it does"),
    ]
}

fn continuous() -> Vec<Claim> {
    vec![
        calibrated(
            "R04",
            "largest standard deviation of the three features after equilibrium",
            "< 5 %",
        )
        .mean("%", |s| {
            let of = |f| s.continuous.deviation_percent(f);
            of(Reading::abs).max(of(Reading::pli)).max(of(Reading::pla))
        })
        .below(5.0)
        .unless("pumps, lights or plate fluctuate four times as much"),
        calibrated("R05.abs", "standard deviation of Abs300 over 120 min", "1.3 %")
            .mean("%", |s| s.continuous.deviation_percent(Reading::abs))
            .within(1.0, 1.6)
            .unless("pumps ripple more or less than half of what they do more"),
        calibrated("R05.pli", "standard deviation of PLI over 120 min", "1.1 %")
            .mean("%", |s| s.continuous.deviation_percent(Reading::pli))
            .within(0.85, 1.35)
            .unless("the excitation drifts, or the pumps ripple, twice as much"),
        calibrated("R05.pla", "standard deviation of PLA over 120 min", "1.0 %")
            .mean("%", |s| s.continuous.deviation_percent(Reading::pla))
            .within(0.75, 1.25)
            .unless("the excitation drifts, or the pumps ripple, twice as much"),
        calibrated("R05.first", "… Abs300 over PLI", "1.3 / 1.1")
            .geometric("", |s| {
                s.continuous.deviation_percent(Reading::abs)
                    / s.continuous.deviation_percent(Reading::pli)
            })
            .above(1.0)
            .unless("emission is the noisier feature: a flickering excitation"),
        calibrated("R05.second", "… PLI over PLA", "1.1 / 1.0")
            .geometric("", |s| {
                s.continuous.deviation_percent(Reading::pli)
                    / s.continuous.deviation_percent(Reading::pla)
            })
            .above(1.0)
            .unless("the area is as noisy as the maximum: no read noise"),
    ]
}

fn replicates() -> Vec<Claim> {
    vec![
        calibrated("R06.abs", "standard deviation of Abs300 between replicates", "2.8 %")
            .mean("%", |s| s.replicates.deviation_percent(Reading::abs))
            .within(2.1, 3.5)
            .unless("the window of the absorbance cell moves more or less"),
        calibrated("R06.pli", "standard deviation of PLI between replicates", "1.2 %")
            .mean("%", |s| s.replicates.deviation_percent(Reading::pli))
            .within(0.9, 1.5)
            .unless("pumps or plate stray more or less from one condition to the next"),
        calibrated("R06.pla", "standard deviation of PLA between replicates", "1.1 %")
            .mean("%", |s| s.replicates.deviation_percent(Reading::pla))
            .within(0.8, 1.4)
            .unless("pumps or plate stray more or less from one condition to the next"),
        calibrated("R06.area", "… PLI over PLA", "1.2 / 1.1")
            .geometric("", |s| {
                s.replicates.deviation_percent(Reading::pli)
                    / s.replicates.deviation_percent(Reading::pla)
            })
            .above(1.0)
            .unless("the area is as noisy as the maximum: no read noise"),
        calibrated("R06.ratio", "… Abs300 over PLI", "2.8 / 1.2")
            .geometric("", |s| {
                s.replicates.deviation_percent(Reading::abs)
                    / s.replicates.deviation_percent(Reading::pli)
            })
            .above(1.7)
            .unless("the window of the absorbance cell does not move"),
    ]
}

fn steady_after(seed: &Seed, reaction_time_s: f64) -> f64 {
    let step = seed.steps.iter().find(|s| (s.reaction_time_s - reaction_time_s).abs() < 1e-9);
    step.map_or(f64::NAN, |s| s.steady_after)
}
