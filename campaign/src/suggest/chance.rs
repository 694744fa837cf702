//! How likely an experiment is to better all that has been measured.

use flowtwin_lab::{Goals, Stream};
use flowtwin_statistics::front::dominates;
use flowtwin_twin::{Belief, History};

/// Draws of the outcomes.
const DRAWS: usize = 2000;

/// The share of draws in which an experiment of which this is believed keeps all limits and is better than the best so far; among
/// several objectives, that no experiment so far betters it. None where an outcome has no belief.
///
/// Outcomes are taken to be independent; the noise of a measurement is no part of it.
pub(super) fn of(
    goals: &Goals,
    history: &History,
    beliefs: &[Option<Belief>],
    stream: &mut Stream,
) -> Option<f64> {
    let beliefs: Vec<Belief> = beliefs.iter().copied().collect::<Option<_>>()?;
    let kept = history.trials.iter().filter(|trial| goals.allow(&trial.values));
    let so_far: Vec<Vec<f64>> = kept.filter_map(|trial| goals.scores(&trial.values)).collect();
    let mut better = 0_usize;
    for _ in 0..DRAWS {
        let drawn: Vec<Option<f64>> =
            beliefs.iter().map(|b| Some(b.mean + b.sd * stream.normal())).collect();
        let scores = goals.scores(&drawn).filter(|_| goals.allow(&drawn));
        better += usize::from(scores.is_some_and(|scores| {
            !so_far.iter().any(|other| *other == scores || dominates(other, &scores))
        }));
    }
    Some(better as f64 / DRAWS as f64)
}

/// The trial that is nearest in the unit cube, by its place.
pub(super) fn nearest(history: &History, x: &[f64]) -> Option<usize> {
    let far = |place: &usize| {
        let pairs = history.trials[*place].x.iter().zip(x);
        pairs.fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
    };
    (0..history.trials.len()).min_by(|a, b| far(a).total_cmp(&far(b)))
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Goal, Limit, Objective, Streams};
    use flowtwin_twin::Trial;

    use super::*;

    #[test]
    fn the_chance_is_that_of_the_belief_and_of_the_limits() {
        let objective = Objective { outcome: 0, goal: Goal::Maximize, worst: None };
        let limit = Limit { outcome: 1, at_least: None, at_most: Some(0.0) };
        let goals = Goals { objectives: vec![objective], limits: vec![limit] };
        let trial = |y, z| Trial::at(vec![0.0], None).with_values(vec![Some(y), Some(z)]);
        let trials = vec![trial(1.0, -1.0), trial(9.0, 1.0)];
        let history = History { trials, ..History::default() };
        let chance = |mean: f64, limited: f64| {
            let belief = |mean| Some(Belief { mean, sd: 1.0 });
            let mut stream = Streams::new(1).open("test", 0);
            of(&goals, &history, &[belief(mean), belief(limited)], &mut stream).unwrap()
        };
        // The second row breaks the limit: 1 is to be bettered, by a mean of 1 in half of the draws.
        assert!((chance(1.0, -9.0) - 0.5).abs() < 0.05);
        assert!((chance(1.0, 0.0) - 0.25).abs() < 0.05);
        assert!(chance(1.0, 9.0) < 0.001);
    }
}
