//! The metrics of a scenario's lab in a benchmark.

use flowtwin_report::format::{counted, duration, share, significant};
use flowtwin_report::{Table, assisted, usage};
use flowtwin_statistics::{mean, median};

use super::results::Results;
use super::steps::Steps;

/// The metrics of a scenario's lab in a benchmark: what, how much, and how it was found.
pub(super) fn table(results: &Results, scenario: usize) -> Option<Table> {
    let (lab, arena) =
        (results.capabilities[scenario].as_ref()?, &results.card.scenarios[scenario]);
    let mut table = Table::new().words("metric").words("value").words("how it is found");
    let mut row = |what: &str, value: String, how: &str| {
        table.row(vec![what.into(), value, how.into()]);
    };
    let per_hour = |s: f64| format!("{} experiments per hour", significant(3600.0 / s, 3));
    let (campaign, hours, each) = demonstrated(results, scenario);
    row("degree of autonomy", "closed loop".into(), "policies choose, the lab runs and analyses");
    row(
        "lifetime, demonstrated",
        format!("{}, {}", duration(3600.0 * hours), counted(campaign, "experiment")),
        "median campaign, nobody having to act",
    );
    if let Some((stock, n)) = &lab.first_empty {
        let lasts = format!("{}, {n:.0} experiments", duration(n * each));
        row(
            "lifetime, theoretical",
            lasts,
            &format!("until {stock} is empty, at the best known conditions"),
        );
    }
    row("throughput, demonstrated", per_hour(each), "all campaigns, heating and failures included");
    row("throughput, theoretical", per_hour(lab.experiment_s), "as if nothing had to be heated");
    if let Some(precision) = lab.precision {
        let value = format!("{} {} %", arena.feature, significant(100.0 * precision, 2));
        row(
            "precision",
            value,
            "relative standard deviation of 10 repeats of the best known conditions",
        );
    }
    let first = lab.first_empty.as_ref().map(|(stock, n)| (stock.as_str(), *n));
    let rows = usage(&lab.materials, "one experiment at the best known conditions");
    for [what, value, how] in rows.into_iter().chain([assisted(&lab.materials, first, each)]) {
        row(&what, value, &how);
    }
    let inputs = counted(arena.inputs.len(), "input");
    let space = lab
        .settings
        .map_or(inputs.clone(), |n| format!("{inputs}, {} settings", significant(n, 2)));
    let space = format!("{space}, {} of the box feasible", share(lab.feasible));
    row("accessible space", space, "inputs, and settings that their resolution tells apart");
    row(
        "optimisation efficiency",
        "the tables above".into(),
        "regret, acceleration and enhancement against random choice",
    );
    Some(table)
}

/// Experiments and hours of the median campaign, and the mean time of an experiment \[s\].
fn demonstrated(results: &Results, scenario: usize) -> (usize, f64, f64) {
    let policies = 0..results.card.policies.len();
    let all: Vec<&Steps> = policies.flat_map(|p| results.of(scenario, p)).collect();
    let counts: Vec<f64> = all.iter().map(|campaign| campaign.steps.len() as f64).collect();
    let hours = |campaign: &&Steps| campaign.steps.last().map_or(0.0, |s| s.lab_time_h);
    let hours: Vec<f64> = all.iter().map(hours).collect();
    (median(&counts) as usize, median(&hours), 3600.0 * mean(&hours) / mean(&counts))
}
