//! Policies on plausible rigs: how they compare over rigs that were drawn from one calibration.

use flowtwin_campaign::scenario::drawn_from;
use flowtwin_lab::Streams;
use flowtwin_report::format::{counted, significant, with_unit};
use flowtwin_report::{OverRigs, Table};
use flowtwin_statistics::{differences, mean, mean_interval};
use serde::Serialize;

use super::comparison::ALPHA;
use super::results::Results;

/// How policies stand over the rigs that were drawn from a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AcrossRigs {
    /// The scenario.
    pub scenario: String,
    /// Which of the best two has less regret, over rigs.
    pub sentence: String,
    /// Whether that difference is more than chance.
    pub resolved: bool,
    /// Regret at the end of each policy: how far it spreads over rigs, and over seeds on one rig.
    pub policies: Vec<OverRigs>,
}

/// How policies stand over rigs, for each scenario of which more than one was drawn.
pub fn across_rigs(results: &Results) -> Vec<AcrossRigs> {
    let mut all: Vec<(&str, Vec<usize>)> = Vec::new();
    for (place, arena) in results.card.scenarios.iter().enumerate() {
        let Some(of) = drawn_from(&arena.name) else { continue };
        match all.iter_mut().find(|(name, _)| *name == of) {
            Some((_, rigs)) => rigs.push(place),
            None => all.push((of, vec![place])),
        }
    }
    let several = all.into_iter().filter(|(_, rigs)| rigs.len() > 1);
    several.map(|(name, rigs)| across(results, name, &rigs)).collect()
}

fn across(results: &Results, scenario: &str, rigs: &[usize]) -> AcrossRigs {
    let arena = &results.card.scenarios[rigs[0]];
    let regrets = |policy: usize| -> Vec<Vec<f64>> {
        let of = |rig: &usize| results.regrets(*rig, policy, arena.course.experiments);
        rigs.iter().map(of).collect()
    };
    let names = &results.card.policies;
    let all: Vec<Vec<Vec<f64>>> = (0..names.len()).map(regrets).collect();
    let over = |(name, values): (&String, &Vec<Vec<f64>>)| {
        let known: Vec<Vec<Option<f64>>> =
            values.iter().map(|of_rig| of_rig.iter().copied().map(Some).collect()).collect();
        OverRigs::new(name, &arena.unit, &known, true)
    };
    let policies: Vec<OverRigs> = names.iter().zip(&all).map(over).collect();
    let (sentence, resolved) = compared(names, &all, &arena.unit);
    AcrossRigs { scenario: scenario.to_owned(), sentence, resolved, policies }
}

/// The best two policies by their mean regret, compared over rigs: each rig counts once, with its mean over seeds.
fn compared(names: &[String], all: &[Vec<Vec<f64>>], unit: &str) -> (String, bool) {
    let means = |values: &Vec<Vec<f64>>| -> Vec<f64> { values.iter().map(|v| mean(v)).collect() };
    let by_rig: Vec<Vec<f64>> = all.iter().map(means).collect();
    let (rigs, seeds) = (by_rig[0].len(), all[0][0].len());
    let n = format!("{}, {} on each", counted(rigs, "rig"), counted(seeds, "seed"));
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by(|&a, &b| mean(&by_rig[a]).total_cmp(&mean(&by_rig[b])));
    let [best, second, ..] = order[..] else {
        let left = with_unit(&significant(mean(&by_rig[0]), 3), unit);
        return (format!("{} is left with a regret of {left} (mean; {n}).", names[0]), false);
    };
    let less = differences(&by_rig[second], &by_rig[best]);
    // The pair was chosen after all pairs had been seen.
    let pairs = names.len() * (names.len() - 1) / 2;
    let streams = Streams::new(0).child("across rigs", 0);
    let interval = mean_interval(&less, 1.0 - ALPHA / pairs as f64, &streams);
    let wins = less.iter().filter(|less| **less > 0.0).count();
    let numbers = format!(
        "{} of regret at the end (95 % interval {} to {}; {n}), and is ahead on {wins} of the rigs",
        with_unit(&significant(interval.estimate, 3), unit),
        significant(interval.low, 3),
        with_unit(&significant(interval.high, 3), unit),
    );
    let (best, second) = (&names[best], &names[second]);
    match interval.low > 0.0 {
        true => (format!("{best} beats {second} by {numbers}."), true),
        false => (
            format!("{best} and {second} are not resolved over rigs: {best} leads by {numbers}."),
            false,
        ),
    }
}

impl AcrossRigs {
    /// Each policy with its spreads.
    pub fn table(&self) -> Table {
        OverRigs::table(&self.policies, "regret at the end")
    }

    /// Sentence and table in a terminal of this many columns.
    pub fn within(&self, columns: Option<usize>) -> String {
        let sentence = format!("{}, over its rigs: {}", self.scenario, self.sentence);
        let lines = columns
            .map_or(vec![sentence.clone()], |columns| flowtwin_report::wrapped(&sentence, columns));
        let remarks: String =
            OverRigs::remarks(&self.policies).iter().map(|said| format!("\n- {said}")).collect();
        format!("{}\n\n{}{remarks}", lines.join("\n"), self.table().fitted(columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regrets(of: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
        (0..8).map(|rig| (0..4).map(|seed| of(rig, seed)).collect()).collect()
    }

    #[test]
    fn a_lead_that_only_some_rigs_show_is_not_resolved() {
        let names = ["a".to_owned(), "b".to_owned()];
        let wobble = |rig: usize, seed: usize| 0.01 * ((rig * 5 + seed * 3) % 7) as f64;
        let a = regrets(|rig, seed| 0.5 + wobble(rig, seed));
        // Better everywhere by more than it scatters.
        let b = regrets(|rig, seed| 0.3 + wobble(seed, rig));
        let (sentence, resolved) = compared(&names, &[a.clone(), b], "AU");
        assert!(resolved && sentence.starts_with("b beats a by 0."), "{sentence}");
        assert!(sentence.contains("8 rigs, 4 seeds on each"), "{sentence}");
        assert!(sentence.contains("ahead on 8 of the rigs"), "{sentence}");
        // Much better on one rig, a little worse on all others: whatever the number of seeds, rigs decide.
        let b = regrets(|rig, _| if rig == 0 { 0.0 } else { 0.54 });
        let (sentence, resolved) = compared(&names, &[a, b], "AU");
        assert!(!resolved && sentence.contains("not resolved over rigs"), "{sentence}");
    }
}
