//! What was found, in a sentence and a table.

use flowtwin_report::format::{counted, significant, with_unit};
use flowtwin_report::{Table, wrapped};
use serde::Serialize;

use super::approach::{self, Race, races};
use super::comparison::{Comparison, Standing, comparisons};
use super::pool::{self, Search, searches};
use super::results::Results;
use super::standing::standings;
use super::store::Store;

/// What a benchmark found on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The scenario.
    pub scenario: String,
    /// The result in one sentence.
    pub sentence: String,
    /// The policy of the least median regret at the end.
    pub leader: String,
    /// Whether its lead over the second is resolved.
    pub leads: bool,
    /// Whether the best two do not differ at all.
    pub tied: bool,
    /// Unit of regret.
    pub unit: String,
    /// The best known noise-free value.
    pub optimum: f64,
    /// How fast each policy finds the best conditions, where outcomes come from a table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub searches: Vec<Search>,
    /// How each policy stands at the end.
    pub standings: Vec<Standing>,
    /// All pairs of policies.
    pub comparisons: Vec<Comparison>,
    /// All pairs of policies, by their cost to come within 5 % of the best known value.
    pub races: Vec<Race>,
}

impl Finding {
    /// The policy whose median regret is the least but one.
    pub(super) fn second(&self) -> Option<&str> {
        by_regret(&self.standings).get(1).map(|standing| standing.policy.as_str())
    }
}

/// Policies by their median regret, the least first.
fn by_regret(standings: &[Standing]) -> Vec<&Standing> {
    let mut order: Vec<&Standing> = standings.iter().collect();
    order.sort_by(|a, b| a.regret.median.total_cmp(&b.regret.median));
    order
}

/// What a benchmark found, scenario by scenario.
pub fn findings(results: &Results) -> Vec<Finding> {
    (0..results.card.scenarios.len()).map(|scenario| finding(results, scenario)).collect()
}

fn finding(results: &Results, scenario: usize) -> Finding {
    let arena = &results.card.scenarios[scenario];
    let (standings, comparisons) = (standings(results, scenario), comparisons(results, scenario));
    let order = by_regret(&standings);
    let pair = order.first().zip(order.get(1)).and_then(|(a, b)| {
        let names = [&a.policy, &b.policy];
        comparisons.iter().find(|c| names.contains(&&c.better) && names.contains(&&c.worse))
    });
    let (n, seeds) = (arena.course.experiments, results.card.seeds.len());
    let sentence = match pair {
        Some(pair) => sentence(pair, &arena.unit, n, seeds),
        None => format!(
            "{} is left with a regret of {} (median) after {}, {}.",
            order[0].policy,
            quantity(order[0].regret.median, &arena.unit),
            counted(n, "experiment"),
            counted(seeds, "seed")
        ),
    };
    let searches = searches(results, scenario);
    let found = pool::sentence(results, scenario, &searches);
    let sentence = found.map_or(sentence.clone(), |found| format!("{found} {sentence}"));
    let leader = order[0].policy.clone();
    let leads = pair.is_some_and(|pair| pair.resolved_from.is_some() && pair.better == leader);
    let tied = pair.is_some_and(|pair| pair.seeds_needed.is_none());
    let (unit, optimum) = (arena.unit.clone(), results.optima[scenario]);
    let races = races(results, scenario);
    let scenario = arena.name.clone();
    Finding {
        scenario,
        sentence,
        leader,
        leads,
        tied,
        unit,
        optimum,
        searches,
        standings,
        comparisons,
        races,
    }
}

/// The summary of all scenarios together: the sentence of the only one, or who leads on how many.
pub(super) fn lead(findings: &[Finding]) -> String {
    if let [only] = findings {
        return only.sentence.clone();
    }
    let mut leaders: Vec<(&str, usize, usize)> = Vec::new();
    let differ = |finding: &&Finding| !finding.tied;
    for finding in findings.iter().filter(differ) {
        let place = leaders.iter().position(|(name, ..)| *name == finding.leader);
        let place = place.unwrap_or_else(|| {
            leaders.push((&finding.leader, 0, 0));
            leaders.len() - 1
        });
        leaders[place].1 += 1;
        leaders[place].2 += usize::from(finding.leads);
    }
    leaders.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let told = |(name, first, resolved): &(&str, usize, usize)| {
        let resolved = if *resolved == 0 { "none".into() } else { resolved.to_string() };
        format!(
            "{name} has the least median regret on {first} (its lead over the second is resolved on {resolved})"
        )
    };
    let mut told: Vec<String> = leaders.iter().map(told).collect();
    let tied = findings.iter().filter(|finding| finding.tied).count();
    if tied > 0 {
        told.push(format!("on {tied} the best do not differ"));
    }
    format!("Of {}, {}.", counted(findings.len(), "scenario"), told.join(", "))
}

/// Each scenario with its sentence.
pub(super) fn overview(findings: &[Finding]) -> Table {
    let mut table = Table::new().words("scenario").words("finding");
    for finding in findings {
        table.row(vec![finding.scenario.clone(), finding.sentence.clone()]);
    }
    table
}

/// The median regret of each policy on each scenario, in percent of the best known value.
pub fn matrix(findings: &[Finding]) -> Table {
    let policies = findings.first().map_or(&[][..], |finding| &finding.standings);
    let titled = Table::new().words("median regret [% of the best known value]");
    let mut table = policies.iter().fold(titled, |table, s| table.numbers(&s.policy));
    for finding in findings {
        let percent = |s: &Standing| 100.0 * s.regret.median / finding.optimum.abs();
        let cells = finding.standings.iter().map(|s| significant(percent(s), 2));
        table.row([finding.scenario.clone()].into_iter().chain(cells).collect());
    }
    table
}

/// The sentence about the two best policies.
fn sentence(pair: &Comparison, unit: &str, experiments: usize, seeds: usize) -> String {
    let Comparison { better, worse, checkpoints, resolved_from, seeds_needed, seeds_at_least } =
        pair;
    let end = checkpoints.last().expect("there is a last checkpoint");
    let numbers = format!(
        "{} of regret after {} (95 % interval {} to {}, {})",
        quantity(end.advantage.estimate, unit),
        counted(experiments, "experiment"),
        significant(end.advantage.low, 3),
        quantity(end.advantage.high, unit),
        counted(seeds, "seed"),
    );
    match (resolved_from, seeds_needed) {
        (Some(from), _) if *from == checkpoints[0].experiments => {
            format!("{better} beats {worse} by {numbers}; resolved from the first experiment on.")
        }
        (Some(from), _) => format!(
            "{better} beats {worse} by {numbers}; not resolved before {}.",
            counted(*from, "experiment")
        ),
        (None, Some(needed)) if (seeds as u64) < *seeds_at_least => format!(
            "{better} and {worse} differ by {numbers}, but {} can resolve no difference whatever among so many \
             comparisons: at least {seeds_at_least} are needed, and about {needed} for a difference of this size.",
            counted(seeds, "seed")
        ),
        (None, Some(needed)) => format!(
            "{better} and {worse} are not resolved: they differ by {numbers}; about {} would \
             resolve a difference of this size with 80 % power.",
            counted(*needed as usize, "seed")
        ),
        (None, None) => {
            format!("{better} and {worse} do not differ after {experiments} experiments.")
        }
    }
}

/// A name with its unit in brackets, where it has one.
pub(super) fn in_unit(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} [{unit}]") }
}

fn quantity(value: f64, unit: &str) -> String {
    with_unit(&significant(value, 3), unit)
}

impl Finding {
    /// The standings as a table.
    pub fn table(&self) -> Table {
        let regret = in_unit("median regret", &self.unit);
        let mut table = Table::new()
            .words("policy")
            .numbers(&regret)
            .numbers("quartiles")
            .numbers("beats random")
            .numbers("acceleration")
            .numbers("enhancement");
        for standing in &self.standings {
            let none = || "–".to_owned();
            let band = &standing.regret;
            table.row(vec![
                standing.policy.clone(),
                significant(band.median, 4),
                format!("{} to {}", significant(band.low, 3), significant(band.high, 3)),
                standing.beats_random.map_or_else(none, |s| format!("{:.0} %", 100.0 * s.share)),
                match (standing.acceleration, standing.acceleration_over) {
                    (Some(a), _) => format!("{a:.1}"),
                    (None, Some(over)) => format!("> {over:.1}"),
                    (None, None) => none(),
                },
                standing.enhancement.map_or_else(none, |e| format!("{e:.2}")),
            ]);
        }
        table
    }

    /// The cost of each policy to come near the best known value.
    pub(super) fn approach(&self) -> Table {
        let each = self.standings.iter().map(|s| (s.policy.as_str(), s.approach));
        // A table has neither times nor volumes.
        approach::table(each, self.searches.is_empty())
    }

    /// Which of two policies takes less for that.
    pub(super) fn races(&self) -> Table {
        approach::race_table(&self.races, self.searches.is_empty())
    }

    /// Sentence and tables as text.
    pub fn text(&self) -> String {
        self.within(None)
    }

    /// The same in a terminal of this many columns.
    pub fn within(&self, columns: Option<usize>) -> String {
        let sentence = format!("{}: {}", self.scenario, self.sentence);
        let lines = columns.map_or(vec![sentence.clone()], |columns| wrapped(&sentence, columns));
        let mut text = format!("{}\n\n", lines.join("\n"));
        if !self.searches.is_empty() {
            text += &format!("{}\n", pool::table(&self.searches).fitted(columns));
        }
        let tables = [self.table(), self.approach()].map(|table| table.fitted(columns));
        text + &tables.join("\n")
    }
}

/// How long each proposal took, as comma-separated values. Different in every run, so not part of the table.
pub fn seconds_csv(store: &Store, results: &Results) -> String {
    let mut csv = String::from("scenario,policy,seed,own_step,proposal_s\n");
    for entry in &results.card.campaigns {
        let seconds: Vec<f64> = store.read(&entry.seconds()).unwrap_or_default();
        let scenario = &results.card.scenarios[entry.scenario].name;
        let policy = &results.card.policies[entry.policy];
        for (i, s) in seconds.iter().enumerate() {
            csv.push_str(&format!("{scenario},{policy},{},{},{s:.6}\n", entry.seed, i + 1));
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::super::comparison::compare;
    use super::*;

    #[test]
    fn too_few_seeds_are_said_to_resolve_nothing() {
        let mut stream = Streams::new(1).open("test", 0);
        let mut regrets = |margin: f64, seeds: usize| -> Vec<Vec<f64>> {
            (0..2).map(|_| (0..seeds).map(|_| margin + stream.uniform()).collect()).collect()
        };
        let names = ["a".to_owned(), "b".to_owned()];
        let mut told = |seeds: usize| {
            let compared = compare(&names, &[1, 2], &[regrets(0.0, seeds), regrets(2.0, seeds)]);
            sentence(&compared[0], "", 2, seeds)
        };
        let few = told(5);
        assert!(few.contains("5 seeds can resolve no difference whatever"), "{few}");
        assert!(few.contains("at least 7 are needed"), "{few}");
        assert!(told(12).contains("a beats b"), "{}", told(12));
    }
}
