//! How fast policies find the best conditions of a table, by the measures of Liang et al. 2021
//! (DOI 10.1038/s41524-021-00656-9).

use flowtwin_report::Table;
use flowtwin_report::format::{counted, significant};
use flowtwin_statistics::{Band, acceleration, enhancement, median, quantile};
use serde::Serialize;

use super::card::PoolCard;
use super::results::Results;
use super::steps::Steps;

/// Share of the best conditions at which policies are compared.
pub const LEVEL: f64 = 0.8;

/// How a policy does on a table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Search {
    /// The policy.
    pub policy: String,
    /// Evaluations, the opening included, until 80 % of the best twentieth have been found; infinite where a campaign
    /// ended before.
    pub evaluations: Band,
    /// Evaluations that random choice needs, over the median of the policy's; none where it never gets there.
    pub acceleration: Option<f64>,
    /// The largest ratio, after the opening, of what has been found (the median) to what random choice finds.
    pub enhancement: Option<f64>,
    /// Share of the best that had been found at the end, the median.
    pub found: f64,
}

/// Evaluations after which random choice without repeats has found 80 % of the best, on average: the mean of a
/// negative hypergeometric distribution, `k (N + 1) / (K + 1)` for k of K among N.
pub fn by_chance(pool: PoolCard) -> f64 {
    let wanted = (LEVEL * pool.best as f64 - 1e-9).ceil();
    wanted * (pool.conditions as f64 + 1.0) / (pool.best as f64 + 1.0)
}

/// How the policies of a benchmark do on a scenario, in the order of the card; nothing where it is of no table.
pub fn searches(results: &Results, scenario: usize) -> Vec<Search> {
    let arena = &results.card.scenarios[scenario];
    let Some(pool) = arena.pool else { return Vec::new() };
    let search = |(policy, name): (usize, &String)| {
        let campaigns: Vec<&Steps> = results.of(scenario, policy).collect();
        let needs: Vec<f64> = campaigns.iter().map(|steps| evaluations(steps)).collect();
        let evaluations = Band::of(&needs);
        let last = arena.course.opened() + arena.course.experiments;
        let curve: Vec<f64> = (1..=last).map(|n| found(&campaigns, n)).collect();
        let beyond = (arena.course.opened().max(1)..=last).filter_map(|n| {
            let by_chance = (n as f64 / pool.conditions as f64).min(1.0);
            enhancement(curve[n - 1], by_chance)
        });
        Search {
            policy: name.clone(),
            acceleration: acceleration(evaluations.median, by_chance(pool)).filter(|a| *a > 0.0),
            enhancement: beyond.reduce(f64::max),
            found: curve.last().copied().unwrap_or(0.0),
            evaluations,
        }
    };
    results.card.policies.iter().enumerate().map(search).collect()
}

/// Evaluations of one campaign until 80 % of the best have been found.
fn evaluations(steps: &Steps) -> f64 {
    let there = |share: Option<f64>| share.is_some_and(|share| share >= LEVEL - 1e-9);
    let place = steps.steps.iter().position(|step| there(step.top));
    place.map_or(f64::INFINITY, |place| (place + 1) as f64)
}

/// Share of the best that has been found after `n` evaluations, in each campaign.
pub(super) fn shares(campaigns: &[&Steps], n: usize) -> Vec<f64> {
    let share = |steps: &&Steps| {
        let step = n.min(steps.steps.len()).checked_sub(1).map(|i| &steps.steps[i]);
        step.and_then(|step| step.top).unwrap_or(0.0)
    };
    campaigns.iter().map(share).collect()
}

fn found(campaigns: &[&Steps], n: usize) -> f64 {
    median(&shares(campaigns, n))
}

/// The result on a table in one sentence; none where no policy took part.
pub(super) fn sentence(results: &Results, scenario: usize, searches: &[Search]) -> Option<String> {
    let pool = results.card.scenarios[scenario].pool?;
    let rank = |s: &Search| (s.evaluations.median, s.evaluations.low, s.evaluations.high);
    let best = searches.iter().min_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
    })?;
    let Search { policy, evaluations, acceleration, .. } = best;
    let of = format!("the best 5 % ({} of {} conditions)", pool.best, pool.conditions);
    let seeds = counted(results.card.seeds.len(), "seed");
    let chance = significant(by_chance(pool), 3);
    Some(match acceleration {
        Some(factor) => format!(
            "{policy} finds 80 % of {of} within {} evaluations (median of {seeds}, quartiles {} to {}); random choice \
             needs {chance} on average, {} times as many.",
            number(evaluations.median),
            number(evaluations.low),
            number(evaluations.high),
            significant(*factor, 2)
        ),
        None => format!(
            "no policy finds 80 % of {of} in the median of {seeds}; {policy} comes nearest with {:.0} %. Random choice \
             needs {chance} evaluations on average.",
            100.0 * best.found
        ),
    })
}

fn number(evaluations: f64) -> String {
    if evaluations.is_finite() { significant(evaluations, 3) } else { "never".into() }
}

/// The searches as a table.
pub(super) fn table(searches: &[Search]) -> Table {
    let mut table = Table::new()
        .words("policy")
        .numbers("evaluations to 80 % of the best")
        .numbers("quartiles")
        .numbers("acceleration")
        .numbers("largest enhancement")
        .numbers("found at the end");
    for search in searches {
        let none = || "–".to_owned();
        let Search { evaluations, .. } = search;
        table.row(vec![
            search.policy.clone(),
            number(evaluations.median),
            format!("{} to {}", number(evaluations.low), number(evaluations.high)),
            search.acceleration.map_or_else(none, |a| significant(a, 2)),
            search.enhancement.map_or_else(none, |e| significant(e, 2)),
            format!("{:.0} %", 100.0 * search.found),
        ]);
    }
    table
}

/// Quartiles of what has been found after each number of evaluations.
pub(super) fn curve(results: &Results, scenario: usize, policy: usize) -> Vec<(f64, Band)> {
    let campaigns: Vec<&Steps> = results.of(scenario, policy).collect();
    let course = &results.card.scenarios[scenario].course;
    let at = |n: usize| {
        let shares = shares(&campaigns, n);
        let [low, median, high] = [0.25, 0.5, 0.75].map(|p| 100.0 * quantile(&shares, p));
        (n as f64, Band { low, median, high })
    };
    (0..=course.opened() + course.experiments).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_needs_what_the_negative_hypergeometric_distribution_says() {
        // k (N + 1) / (K + 1): 4 · 101 / 6, 24 · 601 / 31, 9 · 217 / 12.
        for (conditions, best, expected) in [(100, 5, 67.3), (600, 30, 465.3), (216, 11, 162.8)] {
            let found = by_chance(PoolCard { conditions, best });
            assert!((found - expected).abs() < 0.1, "{found} for {best} of {conditions}");
        }
    }

    #[test]
    fn eighty_percent_of_eleven_are_nine() {
        let step = |top| super::super::BenchmarkStep {
            conditions: vec![],
            outcome: None,
            best: None,
            true_best: None,
            lab_time_h: 0.0,
            consumed_ml: vec![],
            top: Some(top),
        };
        let steps = [0.0, 8.0 / 11.0, 9.0 / 11.0, 1.0].map(step).to_vec();
        let campaign = Steps { steps, stopped: None };
        assert!((evaluations(&campaign) - 3.0).abs() < 1e-12);
        let cut = Steps { steps: campaign.steps[..2].to_vec(), stopped: None };
        assert!(evaluations(&cut).is_infinite());
        assert!((found(&[&campaign, &campaign, &cut], 4) - 1.0).abs() < 1e-12);
    }
}
