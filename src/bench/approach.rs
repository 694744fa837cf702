//! What it takes to come near the best known value.

use serde::Serialize;

use super::results::Results;
use super::statistics::median;
use super::steps::{Step, Steps};
use crate::report::Table;
use crate::report::format::{duration, significant};

/// Nearness: regret over the best known value.
const NEAR: f64 = 0.05;

/// What a policy takes, from the opening on, until the noise-free value of its best is within 5 % of the best known one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Approach {
    /// Share of the campaigns that came so near.
    pub share: f64,
    /// Experiments of its own, the median; none where half of the campaigns never came so near.
    pub experiments: Option<f64>,
    /// Lab time \[h\], likewise.
    pub lab_time_h: Option<f64>,
    /// Volume of all stocks \[mL\], likewise.
    pub reagent_ml: Option<f64>,
}

/// How a policy of a benchmark came near the best known value on a scenario.
pub(super) fn approach(results: &Results, scenario: usize, policy: usize) -> Approach {
    let opened = results.card.scenarios[scenario].course.opened();
    let level = NEAR * results.optima[scenario].abs();
    let near = |step: &Step| results.regret(scenario, step).is_some_and(|regret| regret <= level);
    let taken = |campaign: &Steps| {
        // What the opening found costs nothing more.
        let start = opened.checked_sub(1).and_then(|i| campaign.steps.get(i));
        let place = campaign.steps.iter().skip(opened.saturating_sub(1)).position(near)?;
        let step = campaign.steps.get(opened.saturating_sub(1) + place)?;
        let own = place + usize::from(opened == 0);
        let since = |of: fn(&Step) -> f64| of(step) - start.map_or(0.0, of);
        Some([own as f64, since(|s| s.lab_time_h), since(volume)])
    };
    let all: Vec<Option<[f64; 3]>> = results.of(scenario, policy).map(taken).collect();
    let middle = |i: usize| {
        let of = |taken: &Option<[f64; 3]>| taken.map_or(f64::INFINITY, |taken| taken[i]);
        let value = median(&all.iter().map(of).collect::<Vec<f64>>());
        value.is_finite().then_some(value)
    };
    Approach {
        share: all.iter().flatten().count() as f64 / all.len() as f64,
        experiments: middle(0),
        lab_time_h: middle(1),
        reagent_ml: middle(2),
    }
}

fn volume(step: &Step) -> f64 {
    step.consumed_ml.iter().fold(0.0, |sum, ml| sum + ml)
}

/// What each policy takes, as a table; `measured` says whether lab time and volumes are known.
pub(super) fn table<'a>(
    approaches: impl Iterator<Item = (&'a str, Approach)>,
    measured: bool,
) -> Table {
    let mut table = Table::new()
        .words("within 5 % of the best known value")
        .numbers("campaigns")
        .numbers("experiments")
        .numbers("lab time")
        .numbers("reagents [mL]");
    for (policy, approach) in approaches {
        let none = || "–".to_owned();
        let known = |value: Option<f64>| value.filter(|_| measured);
        let experiments =
            approach.experiments.map_or_else(|| "not reached".into(), |n| significant(n, 3));
        table.row(vec![
            policy.to_owned(),
            format!("{:.0} %", 100.0 * approach.share),
            experiments,
            known(approach.lab_time_h).map_or_else(none, |h| duration(3600.0 * h)),
            known(approach.reagent_ml).map_or_else(none, |ml| significant(ml, 3)),
        ]);
    }
    table
}
