//! How well the twin of a campaign predicts what it has not seen.

use std::num::NonZeroUsize;

use flowtwin_lab::{Goal, Streams};
use flowtwin_report::{Experiment, Prediction, Run, TwinFit};
use flowtwin_twin::{Belief, Context, Encoding, FitError, Posterior as _, Scores};
use ndarray::Array2;

use crate::scenario::Scenario;

/// Fewest experiments with a result that are worth a test.
const FEWEST: usize = 10;

/// Fits the scenario's surrogate to four fifths of the experiments that taught the campaign, drawn at random, and
/// compares it with the rest; none where there are fewer than ten with a result.
///
/// What taught the campaign are the experiments of the phase from which most others start, and of those before it
/// (the 60 points of the paper, so 48 and 12); the longest chain of phases, where none starts from another.
///
/// # Errors
/// If the surrogate cannot be fitted.
pub fn of_run(
    scenario: &Scenario,
    run: &Run<'_>,
    threads: NonZeroUsize,
) -> Result<Option<TwinFit>, FitError> {
    let mut points: Vec<&Experiment<'_>> = teachers(run);
    if points.len() < FEWEST {
        return Ok(None);
    }
    let streams = Streams::new(run.header().seed);
    let order = streams.open("twin/split", 0).permutation(points.len());
    let test: Vec<_> = order[..points.len() / 5].iter().map(|&i| points[i]).collect();
    points
        .retain(|point| !test.iter().any(|held| held.record.experiment == point.record.experiment));
    let context = Context::new(streams.child("twin/parity", 0)).with_threads(threads);
    let context = context.with_mechanism(scenario.mechanism_of(0, direction(scenario)));
    let model = {
        let (x, y) = data(scenario, &points);
        Encoding::of(scenario.space()).fit(scenario.surrogate(), x.view(), &y, &context)?
    };
    let predict = |points: &[&Experiment<'_>]| -> Vec<(Belief, f64)> {
        let (x, y) = data(scenario, points);
        let noise_sd = model.noise_sd();
        model.predict(x.view()).into_iter().map(|b| b.with_noise(noise_sd)).zip(y).collect()
    };
    Ok(Some(fit(scenario, &predict(&points), &predict(&test))))
}

/// The experiments with a result that taught the campaign.
fn teachers<'r, 'a>(run: &'r Run<'a>) -> Vec<&'r Experiment<'a>> {
    let starts = |phase: &usize| run.phases().iter().filter(|p| p.from == Some(*phase)).count();
    let chain = |phase: &usize| run.history_of(*phase).len() + run.of_phase(*phase).len();
    let hub = (0..run.phases().len()).max_by_key(|phase| (starts(phase).max(1), chain(phase)));
    let Some(hub) = hub else { return Vec::new() };
    let mut points = run.history_of(hub);
    points.extend(run.of_phase(hub));
    points.retain(|experiment| experiment.value.is_some());
    points
}

/// Inputs in the unit cube [n, d] and scores [n].
fn data(scenario: &Scenario, points: &[&Experiment<'_>]) -> (Array2<f64>, Vec<f64>) {
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for point in points {
        x.extend(scenario.space().to_unit(&point.record.conditions));
        y.push(direction(scenario).score(point.value.expect("only points with a result")));
    }
    let shape = (y.len(), scenario.space().dim());
    (Array2::from_shape_vec(shape, x).expect("one value for each input"), y)
}

/// Which way the twin looks at the objective; a target is learnt by the values of its feature.
fn direction(scenario: &Scenario) -> Goal {
    match scenario.objective().goal {
        Goal::Target { .. } => Goal::Maximize,
        goal => goal,
    }
}

fn fit(scenario: &Scenario, train: &[(Belief, f64)], test: &[(Belief, f64)]) -> TwinFit {
    let goal = direction(scenario);
    let prediction = |(belief, score): &(Belief, f64)| Prediction {
        observed: goal.score(*score),
        predicted: goal.score(belief.mean),
        sd: belief.sd,
    };
    let scores = |pairs: &[(Belief, f64)]| {
        let (beliefs, y): (Vec<Belief>, Vec<f64>) = pairs.iter().copied().unzip();
        Scores::of(&y, &beliefs)
    };
    let (seen, unseen) = (scores(train), scores(test));
    TwinFit {
        surrogate: scenario.surrogate().name().to_owned(),
        train: train.iter().map(prediction).collect(),
        test: test.iter().map(prediction).collect(),
        train_r2: seen.r2,
        test_r2: unseen.r2,
        test_pearson_r2: unseen.pearson_r2,
    }
}
