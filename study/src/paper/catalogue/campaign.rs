//! The four optimisation campaigns: Fig. 8.

use super::{Claim, calibrated, definition, predicted};
use crate::paper::seed::Seed;

const GUIDED: [&str; 3] = ["ei", "eplt", "ucb"];

pub(super) fn claims() -> Vec<Claim> {
    vec![
        definition("B01", "experiments of each policy", "10")
            .fact("", |f| f.experiments("ei"))
            .is(10.0)
            .unless("another number is written"),
        predicted(
            "B02",
            "lab time of the 40 experiments, one batch of stocks, nobody there",
            "≈ 1 day",
        )
        .largest("h", optimisation_h)
        .within(12.0, 36.0)
        .unless("the paper's day counts pauses that it does not print"),
        predicted("B03", "EI, UCB and EPLT all exceed the best of the 60 experiments", "yes")
            .share(|s| GUIDED.iter().all(|p| best(s, p) > s.campaign.best_of_training()))
            .at_least(0.9)
            .unless("the policies find no better conditions, as chance does not"),
        predicted("B03.grid", "… and the best of the partial grid within their ranges", "yes")
            .share(|s| GUIDED.iter().all(|p| best(s, p) > best_of_grid(s)))
            .at_least(0.9)
            .unless("the policies do not leave the partial grid behind"),
        predicted("B04.eplt", "experiments by which EPLT finds its best later than EI", "4")
            .mean("", |s| found(s, "eplt") - found(s, "ei"))
            .above(0.0)
            .unless("the order of the paper's run is chance, as with random policies"),
        predicted("B04.ucb", "experiments by which UCB finds its best later than EI", "2")
            .mean("", |s| found(s, "ucb") - found(s, "ei"))
            .above(0.0)
            .unless("the order of the paper's run is chance, as with random policies"),
        predicted("B05", "best of random over best of EI", "≈ 0.80")
            .median("", |s| best(s, "random") / best(s, "ei"))
            .within(0.72, 0.88)
            .unless(
                "the box is so flat that chance does as well, or so peaked that it finds nothing",
            ),
        predicted(
            "B07",
            "first PLI of EI over that of random: what the informed start is worth",
            "informed",
        )
        .geometric("", |s| first(s, "ei") / first(s, "random"))
        .above(1.0)
        .unless("the twin has not learnt where the best conditions lie"),
        calibrated("P01", "absolute quantum yield of the best particles", "≈ 17 %")
            .mean("%", |s| 100.0 * s.vials.best.sample.quantum_yield)
            .within(15.0, 19.0)
            .unless("the scale of the quantum yield is another, or another optimum is found"),
    ]
}

fn best(seed: &Seed, phase: &str) -> f64 {
    seed.campaign.named(phase).best()
}

fn first(seed: &Seed, phase: &str) -> f64 {
    seed.campaign.named(phase).experiments.first().map_or(f64::NAN, |e| e.reading.pli)
}

fn found(seed: &Seed, phase: &str) -> f64 {
    seed.campaign.named(phase).iteration_of_best() as f64
}

/// Highest PLI of the partial grid within the range of the campaigns.
fn best_of_grid(seed: &Seed) -> f64 {
    let readings = seed.grid.iter().flat_map(|sweep| sweep.within_campaign());
    readings.map(|r| r.pli).fold(f64::NEG_INFINITY, f64::max)
}

fn optimisation_h(seed: &Seed) -> f64 {
    let times = seed.campaign.phases.iter().skip(2).flat_map(|p| &p.experiments);
    let (first, last) = times.fold((f64::INFINITY, 0.0_f64), |(first, last), e| {
        (first.min(e.times_s.0), last.max(e.times_s.1))
    });
    (last - first) / 3600.0
}
