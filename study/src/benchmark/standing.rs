//! How a policy stands on its own and against random choice.

use flowtwin_statistics::{Band, acceleration, differences, evaluations_to, median, superiority};

use super::approach::approach;
use super::comparison::Standing;
use super::merit::HYPERVOLUME;
use super::results::Results;

/// Name of the policy that others are measured against.
const REFERENCE: &str = "random";

/// How the policies of a benchmark stand on a scenario, in the order of the card.
pub fn standings(results: &Results, scenario: usize) -> Vec<Standing> {
    let policies = &results.card.policies;
    let reference = policies.iter().position(|name| name == REFERENCE);
    let experiments = results.card.scenarios[scenario].course.experiments;
    let several = results.card.scenarios[scenario].feature == HYPERVOLUME;
    let standing = |(policy, name): (usize, &String)| {
        let regrets = results.regrets(scenario, policy, experiments);
        let against = reference.filter(|&reference| reference != policy).map(|reference| {
            let random = results.regrets(scenario, reference, experiments);
            let (ours, theirs) =
                (curve(results, scenario, policy), curve(results, scenario, reference));
            let level = ours.last().copied().unwrap_or(f64::NEG_INFINITY);
            let needs = |curve: &[f64]| evaluations_to(&curve[1..], level);
            Against {
                wins: superiority(&differences(&random, &regrets)),
                acceleration: acceleration(needs(&ours), needs(&theirs)),
                over: experiments as f64 / needs(&ours),
                enhancement: gain(&ours).zip(gain(&theirs)).map(|(ours, theirs)| ours / theirs),
            }
        });
        Standing {
            policy: name.clone(),
            hypervolume_share: several.then(|| 1.0 - median(&regrets) / results.optima[scenario]),
            regret: Band::of(&regrets),
            beats_random: against.as_ref().map(|a| a.wins),
            acceleration: against.as_ref().and_then(|a| a.acceleration).filter(|a| a.is_finite()),
            acceleration_over: against
                .as_ref()
                .filter(|a| a.acceleration == Some(f64::INFINITY))
                .map(|a| a.over),
            enhancement: against.as_ref().and_then(|a| a.enhancement).filter(|e| e.is_finite()),
            approach: approach(results, scenario, policy),
        }
    };
    policies.iter().enumerate().map(standing).collect()
}

struct Against {
    wins: flowtwin_statistics::Superiority,
    acceleration: Option<f64>,
    over: f64,
    enhancement: Option<f64>,
}

/// The negative median regret after each experiment of a policy's own, the last of the opening first: it never falls
/// much, and never below what it was.
fn curve(results: &Results, scenario: usize, policy: usize) -> Vec<f64> {
    let experiments = results.card.scenarios[scenario].course.experiments;
    let mut best = f64::NEG_INFINITY;
    (0..=experiments)
        .map(|n| {
            best = best.max(-median(&results.regrets(scenario, policy, n)));
            best
        })
        .collect()
}

/// What has been gained since the opening.
fn gain(curve: &[f64]) -> Option<f64> {
    curve.first().zip(curve.last()).map(|(first, last)| last - first)
}
