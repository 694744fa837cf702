//! The four optimisation campaigns: Fig. 8.

use super::{Claim, calibrated, predicted};
use crate::paper::seed::Seed;

const GUIDED: [&str; 3] = ["ei", "eplt", "ucb"];

pub(super) fn claims() -> Vec<Claim> {
    vec![
        predicted("B01", "experiments of each policy", "10")
            .fact("", |f| f.experiments("ei"))
            .is(10.0),
        predicted(
            "B02",
            "lab time of the 40 experiments, one batch of stocks, nobody there",
            "≈ 1 day",
        )
        .largest("h", optimisation_h)
        .below(24.0),
        predicted("B03", "EI, UCB and EPLT all exceed the best of the 60 experiments", "yes")
            .share(|s| GUIDED.iter().all(|p| best(s, p) > s.campaign.best_of_training()))
            .at_least(0.9),
        predicted("B03.grid", "… and the best of the partial grid within their ranges", "yes")
            .share(|s| GUIDED.iter().all(|p| best(s, p) > best_of_grid(s)))
            .at_least(0.5),
        predicted(
            "B04.ei",
            "experiment in which EI found its best: the paper's is one of those seen",
            "6",
        )
        .spread("", |s| found(s, "ei"))
        .covers(6.0),
        predicted("B04.ucb", "experiment in which UCB found its best", "8")
            .spread("", |s| found(s, "ucb"))
            .covers(8.0),
        predicted("B04.eplt", "experiment in which EPLT found its best", "10")
            .spread("", |s| found(s, "eplt"))
            .covers(10.0),
        predicted(
            "B04.order",
            "strict order EI before UCB before EPLT: a single run's order says little",
            "seen once",
        )
        .share(|s| found(s, "ei") < found(s, "ucb") && found(s, "ucb") < found(s, "eplt"))
        .between(0.02, 1.0),
        predicted("B04.median", "EI finds its best no later than EPLT", "earlier")
            .share(|s| found(s, "ei") <= found(s, "eplt"))
            .at_least(0.5),
        predicted("B05", "best of random over best of EI", "≈ 0.80")
            .median("", |s| best(s, "random") / best(s, "ei"))
            .within(0.72, 0.88),
        calibrated("P01", "absolute quantum yield of the best particles", "≈ 17 %")
            .mean("%", |s| 100.0 * s.vials.best.sample.quantum_yield)
            .within(15.0, 19.0),
    ]
}

fn best(seed: &Seed, phase: &str) -> f64 {
    seed.campaign.named(phase).best()
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
