//! What a benchmark says about its policies, in pairs.

use flowtwin_lab::Streams;
use flowtwin_statistics::{
    Band, Interval, Power, Superiority, differences, holm, mean_interval, signed_rank,
    standard_deviation, superiority,
};
use serde::Serialize;

use super::approach::Approach;
use super::results::Results;

/// Chance that a difference is called resolved although there is none.
pub const ALPHA: f64 = 0.05;

/// Two policies on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Name of the policy with less regret at the end.
    pub better: String,
    /// Name of the other.
    pub worse: String,
    /// How they compare after this many experiments of their own.
    pub checkpoints: Vec<Checkpoint>,
    /// From this many experiments on the difference is resolved; none if it is not at the end.
    pub resolved_from: Option<usize>,
    /// Seeds that would resolve the difference at the end with 80 % power, corrected as the test is for all pairs and
    /// checkpoints; none where there is no difference.
    pub seeds_needed: Option<u64>,
    /// With fewer seeds no difference can be resolved.
    pub seeds_at_least: u64,
}

/// Two policies after some experiments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checkpoint {
    /// Experiments of their own.
    pub experiments: usize,
    /// Mean difference in regret, worse minus better, with its 95 % interval.
    pub advantage: Interval,
    /// Probability of the signed-rank test, corrected for all pairs and checkpoints of the scenario.
    pub p: f64,
    /// Whether the difference is resolved: `p` is below 5 % and the interval excludes zero.
    pub resolved: bool,
    /// How often the better one beats the other.
    pub wins: Superiority,
}

/// A policy on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The policy.
    pub policy: String,
    /// Regret at the end.
    pub regret: Band,
    /// Share of the largest known hypervolume that it has covered at the end, the median; none where there is one objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hypervolume_share: Option<f64>,
    /// How often it beats `random` with the same seed, where that takes part.
    pub beats_random: Option<Superiority>,
    /// Experiments that `random` needs for the median regret that this policy has at the end, over those that this
    /// policy needs; none where `random` never gets there, or takes no part.
    pub acceleration: Option<f64>,
    /// Where `random` never gets there: all its experiments over those that this policy needs, which the acceleration
    /// exceeds.
    pub acceleration_over: Option<f64>,
    /// Median regret that this policy has removed since the opening, over what `random` has removed.
    pub enhancement: Option<f64>,
    /// The cost to come within 5 % of the best known value.
    pub approach: Approach,
}

/// Numbers of experiments at which policies are compared: 1, 2, 5, 10, … and the last.
pub fn checkpoints(experiments: usize) -> Vec<usize> {
    let decades = (0..9).flat_map(|e| [1, 2, 5].map(|m| m * 10_usize.pow(e)));
    let mut points: Vec<usize> = decades.take_while(|&n| n < experiments).collect();
    points.push(experiments);
    points
}

/// Compares all policies on a scenario pairwise. `regrets[policy][checkpoint][seed]`, paired by seed.
///
/// # Panics
/// If there are fewer than two seeds.
pub fn compare(names: &[String], points: &[usize], regrets: &[Vec<Vec<f64>>]) -> Vec<Comparison> {
    let last = points.len() - 1;
    let sum = |values: &[f64]| values.iter().fold(0.0, |sum, v| sum + v);
    let mut pairs = Vec::new();
    for a in 0..names.len() {
        for b in a + 1..names.len() {
            let a_is_better = sum(&regrets[a][last]) <= sum(&regrets[b][last]);
            pairs.push(if a_is_better { (a, b) } else { (b, a) });
        }
    }
    let gaps: Vec<Vec<f64>> = pairs
        .iter()
        .flat_map(|&(a, b)| (0..points.len()).map(move |k| (a, b, k)))
        .map(|(a, b, k)| differences(&regrets[b][k], &regrets[a][k]))
        .collect();
    let p: Vec<f64> = gaps.iter().map(|gaps| signed_rank(gaps).p).collect();
    let p = holm(&p);
    let power = Power::default().among(pairs.len() * points.len());
    let compared = |(i, &(a, b)): (usize, &(usize, usize))| {
        let range = i * points.len()..(i + 1) * points.len();
        let checkpoints: Vec<Checkpoint> = range
            .clone()
            .zip(points)
            .map(|(at, &experiments)| checkpoint(experiments, &gaps[at], p[at]))
            .collect();
        let end = &gaps[range.end - 1];
        let gap = checkpoints[last].advantage.estimate;
        Comparison {
            better: names[a].clone(),
            worse: names[b].clone(),
            resolved_from: resolved_from(&checkpoints),
            seeds_needed: power.seeds(gap, standard_deviation(end)),
            seeds_at_least: power.fewest(),
            checkpoints,
        }
    };
    pairs.iter().enumerate().map(compared).collect()
}

fn checkpoint(experiments: usize, gaps: &[f64], p: f64) -> Checkpoint {
    let advantage = mean_interval(gaps, 0.95, &Streams::new(0));
    let resolved = p < ALPHA && advantage.low > 0.0;
    Checkpoint { experiments, advantage, p, resolved, wins: superiority(gaps) }
}

fn resolved_from(checkpoints: &[Checkpoint]) -> Option<usize> {
    let from_the_end = checkpoints.iter().rev().take_while(|checkpoint| checkpoint.resolved);
    from_the_end.last().map(|checkpoint| checkpoint.experiments)
}

/// Compares the policies of a benchmark on one of its scenarios; nothing to compare with fewer than two seeds.
pub fn comparisons(results: &Results, scenario: usize) -> Vec<Comparison> {
    if results.card.seeds.len() < 2 {
        return Vec::new();
    }
    let points = checkpoints(results.card.scenarios[scenario].course.experiments);
    let regrets: Vec<Vec<Vec<f64>>> = (0..results.card.policies.len())
        .map(|policy| points.iter().map(|&n| results.regrets(scenario, policy, n)).collect())
        .collect();
    compare(&results.card.policies, &points, &regrets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["a".into(), "b".into()]
    }

    /// Regrets of two policies over seeds that share most of their luck; `b` is worse by `margin` on the mean.
    fn regrets(repeat: u64, seeds: usize, margin: f64) -> Vec<Vec<Vec<f64>>> {
        let mut stream = Streams::new(repeat).open("test/regrets", 0);
        let points = 3;
        let mut all = vec![vec![Vec::new(); points]; 2];
        for _ in 0..seeds {
            let shared = 3.0 + stream.exponential();
            for (policy, all) in all.iter_mut().enumerate() {
                let own = stream.exponential();
                for (k, regrets) in all.iter_mut().enumerate() {
                    let later = 0.2 * stream.normal();
                    regrets.push((shared + own + later) / (k + 1) as f64 + margin * policy as f64);
                }
            }
        }
        all
    }

    fn resolved(repeat: u64, seeds: usize, margin: f64) -> bool {
        let compared = compare(&names(), &[1, 5, 10], &regrets(repeat, seeds, margin));
        compared[0].resolved_from.is_some()
    }

    #[test]
    fn identical_policies_are_not_told_apart_in_95_of_100_repeats() {
        let told_apart = (0..100).filter(|&repeat| resolved(repeat, 20, 0.0)).count();
        assert!(told_apart <= 5, "{told_apart} of 100");
    }

    #[test]
    fn a_planted_margin_is_resolved_at_the_promised_power() {
        let deviation = 2.0_f64.sqrt() * (1.0 + 0.04_f64).sqrt() / 3.0;
        let margin = 0.6 * deviation;
        let seeds = Power::default().among(3).seeds(margin, deviation).unwrap() as usize;
        let found = (0..100).filter(|&repeat| resolved(repeat, seeds, margin)).count();
        assert!(found >= 80, "{found} of 100 with {seeds} seeds");
    }

    #[test]
    fn the_seeds_that_are_needed_are_corrected_as_the_test_is() {
        let regrets = regrets(3, 40, 0.1);
        let compared = compare(&names(), &[1, 5, 10], &regrets);
        let gaps = differences(&regrets[1][2], &regrets[0][2]);
        let (gap, deviation) = (flowtwin_statistics::mean(&gaps).abs(), standard_deviation(&gaps));
        let tests = Power::default().among(3);
        assert_eq!(compared[0].seeds_needed, tests.seeds(gap, deviation));
        assert_eq!(compared[0].seeds_at_least, tests.fewest());
        // 2^(1 − n) · 3 must be below 0.05.
        assert_eq!(tests.fewest(), 7);
    }

    #[test]
    fn the_better_one_is_named_first_and_the_sign_is_its_advantage() {
        let compared = compare(&names(), &[1, 5, 10], &regrets(1, 40, -2.0));
        assert_eq!((compared[0].better.as_str(), compared[0].worse.as_str()), ("b", "a"));
        assert!(compared[0].checkpoints.iter().all(|c| c.advantage.estimate > 1.0));
        assert_eq!(compared[0].resolved_from, Some(1));
    }

    #[test]
    fn checkpoints_end_with_the_last_experiment() {
        assert_eq!(checkpoints(10), [1, 2, 5, 10]);
        assert_eq!(checkpoints(25), [1, 2, 5, 10, 20, 25]);
        assert_eq!(checkpoints(1), [1]);
    }
}
