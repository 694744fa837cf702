//! The cost to come near the best known value.

use flowtwin_report::Table;
use flowtwin_report::format::{duration, significant};
use flowtwin_statistics::{holm, median, signed_rank};
use serde::Serialize;

use super::results::Results;
use super::steps::{BenchmarkStep, Steps};

/// Nearness: regret over the best known value.
const NEAR: f64 = 0.05;

/// The cost of a policy, from the opening on, until the noise-free value of its best is within 5 % of the best known one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Approach {
    /// Share of the campaigns that reached it.
    pub share: f64,
    /// Experiments of its own, the median; none where half of the campaigns never reached it.
    pub experiments: Option<f64>,
    /// Lab time \[h\], likewise.
    pub lab_time_h: Option<f64>,
    /// Volume of all stocks \[mL\], likewise.
    pub reagent_ml: Option<f64>,
}

/// Two policies by their cost until then, seed by seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Race {
    /// One policy.
    pub policy: String,
    /// The other.
    pub than: String,
    /// By experiments of their own.
    pub experiments: Lead,
    /// By lab time.
    pub lab_time: Lead,
    /// By volume of all stocks.
    pub reagents: Lead,
}

/// In how many seeds the one policy of a pair takes less than the other. A policy that never reaches it takes more than one that does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lead {
    /// Seeds in which it takes less.
    pub less: usize,
    /// Seeds in which it takes more.
    pub more: usize,
    /// Probability of the signed-rank test on the differences, corrected (Holm) for all pairs of the scenario and the
    /// three ways to count.
    pub p: f64,
}

/// What a campaign took: experiments, lab time \[h\], volume \[mL\]; infinite where it never reached it.
type Taken = [f64; 3];

/// What each campaign of a policy took, seed by seed.
fn taken(results: &Results, scenario: usize, policy: usize) -> Vec<Taken> {
    let opened = results.card.scenarios[scenario].course.opened();
    let level = NEAR * results.optima[scenario].abs();
    let near =
        |step: &BenchmarkStep| results.regret(scenario, step).is_some_and(|regret| regret <= level);
    let taken = |campaign: &Steps| {
        // What the opening found costs nothing more.
        let start = opened.checked_sub(1).and_then(|i| campaign.steps.get(i));
        let place = campaign.steps.iter().skip(opened.saturating_sub(1)).position(near)?;
        let step = campaign.steps.get(opened.saturating_sub(1) + place)?;
        let own = place + usize::from(opened == 0);
        let since = |of: fn(&BenchmarkStep) -> f64| of(step) - start.map_or(0.0, of);
        Some([own as f64, since(|s| s.lab_time_h), since(volume)])
    };
    let campaigns = results.of(scenario, policy);
    campaigns.map(|campaign| taken(campaign).unwrap_or([f64::INFINITY; 3])).collect()
}

/// How a policy of a benchmark came near the best known value on a scenario.
pub(super) fn approach(results: &Results, scenario: usize, policy: usize) -> Approach {
    let all = taken(results, scenario, policy);
    let middle = |i: usize| {
        let value = median(&all.iter().map(|taken| taken[i]).collect::<Vec<f64>>());
        value.is_finite().then_some(value)
    };
    let near = all.iter().filter(|taken| taken[0].is_finite()).count();
    Approach {
        share: near as f64 / all.len() as f64,
        experiments: middle(0),
        lab_time_h: middle(1),
        reagent_ml: middle(2),
    }
}

/// All pairs of policies of a benchmark; none with fewer than two seeds.
pub(super) fn races(results: &Results, scenario: usize) -> Vec<Race> {
    if results.card.seeds.len() < 2 {
        return Vec::new();
    }
    let policies = 0..results.card.policies.len();
    let all: Vec<Vec<Taken>> = policies.map(|policy| taken(results, scenario, policy)).collect();
    race(&results.card.policies, &all)
}

/// The same of what each policy took, seed by seed.
fn race(names: &[String], taken: &[Vec<Taken>]) -> Vec<Race> {
    let all = 0..names.len();
    let pairs: Vec<(usize, usize)> =
        all.clone().flat_map(|a| (a + 1..all.end).map(move |b| (a, b))).collect();
    let gaps: Vec<Vec<f64>> = pairs
        .iter()
        .flat_map(|&(a, b)| (0..3).map(move |i| (a, b, i)))
        .map(|(a, b, i)| taken[a].iter().zip(&taken[b]).map(|(a, b)| gap(a[i], b[i])).collect())
        .collect();
    let p = holm(&gaps.iter().map(|gaps| signed_rank(gaps).p).collect::<Vec<f64>>());
    let lead = |at: usize| Lead {
        less: gaps[at].iter().filter(|gap| **gap < 0.0).count(),
        more: gaps[at].iter().filter(|gap| **gap > 0.0).count(),
        p: p[at],
    };
    let of = |(i, &(a, b)): (usize, &(usize, usize))| Race {
        policy: names[a].clone(),
        than: names[b].clone(),
        experiments: lead(3 * i),
        lab_time: lead(3 * i + 1),
        reagents: lead(3 * i + 2),
    };
    pairs.iter().enumerate().map(of).collect()
}

/// How much more the one took: nothing where neither came near.
fn gap(a: f64, b: f64) -> f64 {
    if a.is_infinite() && b.is_infinite() { 0.0 } else { a - b }
}

/// The races as a table; `measured` says whether lab time and volumes are known.
pub(super) fn race_table(races: &[Race], measured: bool) -> Table {
    let mut table = Table::new()
        .words("policy")
        .words("against")
        .numbers("experiments: less, more")
        .numbers("p (Holm)")
        .numbers("lab time: less, more")
        .numbers("p (Holm)")
        .numbers("reagents: less, more")
        .numbers("p (Holm)");
    for race in races {
        let mut cells = vec![race.policy.clone(), race.than.clone()];
        for (lead, known) in
            [(race.experiments, true), (race.lab_time, measured), (race.reagents, measured)]
        {
            let told = [format!("{}, {}", lead.less, lead.more), significant(lead.p, 2)];
            cells.extend(told.map(|told| if known { told } else { "–".into() }));
        }
        table.row(cells);
    }
    table
}

fn volume(step: &BenchmarkStep) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_less_is_counted_by_seed_and_who_never_comes_near_takes_most() {
        let never = [f64::INFINITY; 3];
        let one = [vec![[1.0, 0.5, 2.0]; 7], vec![never, never]].concat();
        let other = [vec![[1.0, 0.8, 1.5]; 7], vec![never, [9.0, 3.0, 20.0]]].concat();
        let [race] = &race(&["one".into(), "other".into()], &[one, other])[..] else {
            panic!("one pair");
        };
        assert_eq!((race.experiments.less, race.experiments.more), (0, 1));
        assert_eq!((race.lab_time.less, race.lab_time.more), (7, 1));
        assert_eq!((race.reagents.less, race.reagents.more), (0, 8));
        // Eight signs alike: 2/2⁸, times three tests.
        assert!((race.reagents.p - 3.0 * 2.0 / 256.0).abs() < 1e-12, "{race:?}");
        assert!(race.experiments.p > 0.99 && race.lab_time.p > race.reagents.p, "{race:?}");
    }
}
