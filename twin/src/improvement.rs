//! What an experiment is expected to add to the hypervolume, exactly, for one to three objectives.

use flowtwin_lab::{Goal, Goals};

use crate::Belief;
use crate::acquisition::{cdf, density};
use crate::boxes::Boxes;

/// A value and its derivatives by mean and standard deviation of the belief it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Partial {
    pub(crate) value: f64,
    pub(crate) by_mean: f64,
    pub(crate) by_sd: f64,
}

/// Which part of a belief counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lens {
    /// All of it, each part by how likely it is.
    Expected,
    /// The score that is this many standard deviations better than the mean, as if it were certain.
    Optimistic(f64),
}

/// Least standard deviation that is divided by.
const TINY: f64 = 1e-12;

/// `E[max(0, Y - level)]` of a normal Y (Jones et al. 1998, DOI 10.1023/A:1008306431147, eq. 15).
fn above(Belief { mean, sd }: Belief, level: f64) -> Partial {
    if sd <= TINY {
        let over = mean > level;
        let by_mean = if over { 1.0 } else { 0.0 };
        return Partial { value: if over { mean - level } else { 0.0 }, by_mean, by_sd: 0.0 };
    }
    let z = (mean - level) / sd;
    let (by_mean, by_sd) = (cdf(z), density(z));
    Partial { value: (sd * by_sd + (mean - level) * by_mean).max(0.0), by_mean, by_sd }
}

/// `E[max(0, outer - max(|Y - target|, inner))]` of a normal Y: a trapezoid is the sum of four ramps.
fn within(belief: Belief, target: f64, outer: f64, inner: f64) -> Partial {
    if outer <= inner {
        return Partial::default();
    }
    // The sum is symmetric; below the target its parts do not cancel.
    let sign = if belief.mean > target { -1.0 } else { 1.0 };
    let folded = Belief { mean: target - (belief.mean - target).abs(), sd: belief.sd };
    let corners = [(-outer, 1.0), (-inner, -1.0), (inner, -1.0), (outer, 1.0)];
    let mut sum = Partial::default();
    for (corner, factor) in corners {
        let ramp = above(folded, target + corner);
        sum.value += factor * ramp.value;
        sum.by_mean += factor * ramp.by_mean;
        sum.by_sd += factor * ramp.by_sd;
    }
    Partial { value: sum.value.max(0.0), by_mean: sign * sum.by_mean, ..sum }
}

/// Where `Y` is as good as `lambda` standard deviations make it.
fn moved(goal: Goal, Belief { mean, sd }: Belief, lambda: f64) -> (Belief, f64) {
    let step = match goal {
        Goal::Maximize => lambda,
        Goal::Minimize => -lambda,
        Goal::Target { target, .. } if (mean - target).abs() <= lambda * sd => {
            return (Belief { mean: target, sd: 0.0 }, 0.0);
        }
        Goal::Target { target, .. } => {
            if mean > target {
                -lambda
            } else {
                lambda
            }
        }
    };
    (Belief { mean: mean + step * sd, sd: 0.0 }, step)
}

/// By how much the score of an outcome is expected to exceed `level`; `slack` is that of [`Goals::slack`].
pub(crate) fn exceeds(goal: Goal, slack: f64, lens: Lens, belief: Belief, level: f64) -> Partial {
    if let Lens::Optimistic(lambda) = lens {
        let (certain, step) = moved(goal, belief, lambda);
        let at = exceeds(goal, slack, Lens::Expected, certain, level);
        return Partial { by_sd: at.by_mean * step, ..at };
    }
    match goal {
        Goal::Maximize => above(belief, level),
        Goal::Minimize => {
            let at = above(Belief { mean: -belief.mean, sd: belief.sd }, level);
            Partial { by_mean: -at.by_mean, ..at }
        }
        Goal::Target { target, .. } => within(belief, target, slack - level, slack),
    }
}

/// The expected hypervolume improvement for independent normal beliefs about the objectives' outcomes
/// \[k\], and its derivatives by
/// their means and standard deviations \[k\].
///
/// Over a box the improvement is a product of what each score is expected to exceed its lower side by, less the same for its
/// upper side (Emmerich, Deutz and Klinkenberg 2011, DOI 10.1109/CEC.2011.5949880; Yang et al. 2019).
pub(crate) fn expected(
    goals: &Goals,
    boxes: &Boxes,
    lens: Lens,
    beliefs: &[Belief],
) -> (f64, Vec<Partial>) {
    let k = beliefs.len();
    let at = |(j, levels): (usize, &Vec<f64>)| -> Vec<Partial> {
        let goal = goals.objectives[j].goal;
        let slack = goals.slack(goal);
        levels.iter().map(|level| exceeds(goal, slack, lens, beliefs[j], *level)).collect()
    };
    let over: Vec<Vec<Partial>> = boxes.levels.iter().enumerate().map(at).collect();
    let (mut sum, mut partials) = (0.0, vec![Partial::default(); k]);
    let (mut widths, mut products) = (vec![Partial::default(); k], vec![0.0; k]);
    for sides in &boxes.sides {
        for (j, (low, high)) in sides.iter().enumerate() {
            let (low, high) = (over[j][*low], over[j].get(*high).copied().unwrap_or_default());
            widths[j] = Partial {
                value: low.value - high.value,
                by_mean: low.by_mean - high.by_mean,
                by_sd: low.by_sd - high.by_sd,
            };
        }
        others(&widths, &mut products);
        sum += products[0] * widths[0].value;
        for ((partial, width), product) in partials.iter_mut().zip(&widths).zip(&products) {
            partial.by_mean += product * width.by_mean;
            partial.by_sd += product * width.by_sd;
        }
    }
    (sum, partials)
}

/// For each of `widths`, the product of the values of all others.
fn others(widths: &[Partial], products: &mut [f64]) {
    for (j, product) in products.iter_mut().enumerate() {
        let rest = widths.iter().enumerate().filter(|(i, _)| *i != j);
        *product = rest.fold(1.0, |product, (_, width)| product * width.value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flowtwin_lab::Objective;
    use flowtwin_lab::Streams;
    use flowtwin_statistics::front::hypervolume;

    const PEAK: Goal = Goal::Target { target: 0.4, within: 0.1 };

    fn goals(kinds: &[Goal]) -> Goals {
        let objective =
            |(outcome, goal): (usize, &Goal)| Objective { outcome, goal: *goal, worst: None };
        Goals { objectives: kinds.iter().enumerate().map(objective).collect(), limits: Vec::new() }
    }

    /// A front of measured outcomes, the goals, and the boxes it leaves.
    fn problem(kinds: &[Goal]) -> (Goals, Vec<Vec<f64>>, Vec<f64>) {
        let goals = goals(kinds);
        let mut stream = Streams::new(5).open("test", 0);
        let score = |stream: &mut flowtwin_lab::Stream| {
            let values: Vec<Option<f64>> = kinds.iter().map(|_| Some(stream.uniform())).collect();
            goals.scores(&values).unwrap()
        };
        let scores = (0..6).map(|_| score(&mut stream)).collect();
        let worst = kinds.iter().map(|goal| if *goal == Goal::Maximize { 0.0 } else { -1.0 });
        (goals.clone(), scores, worst.collect())
    }

    const KINDS: [&[Goal]; 6] = [
        &[Goal::Maximize],
        &[PEAK],
        &[Goal::Maximize, Goal::Minimize],
        &[Goal::Minimize, PEAK],
        &[Goal::Maximize, Goal::Minimize, Goal::Maximize],
        &[PEAK, Goal::Maximize, Goal::Minimize],
    ];

    fn beliefs(k: usize) -> Vec<Belief> {
        let all = [(0.7, 0.3), (0.3, 0.2), (0.6, 0.25)];
        all[..k].iter().map(|(mean, sd)| Belief { mean: *mean, sd: *sd }).collect()
    }

    #[test]
    fn it_is_the_mean_of_what_draws_add_to_the_hypervolume() {
        for kinds in KINDS {
            let (goals, scores, reference) = problem(kinds);
            let (exact, _) = expected(
                &goals,
                &Boxes::new(&scores, &reference),
                Lens::Expected,
                &beliefs(kinds.len()),
            );
            let before = hypervolume(&scores, &reference);
            let mut stream = Streams::new(6).open("test", 0);
            let (draws, mut sum, mut squares) = (20_000, 0.0, 0.0);
            for _ in 0..draws {
                let one = |b: &Belief| Some(b.mean + b.sd * stream.normal());
                let values: Vec<Option<f64>> = beliefs(kinds.len()).iter().map(one).collect();
                let mut with = scores.clone();
                with.push(goals.scores(&values).unwrap());
                let added = hypervolume(&with, &reference) - before;
                sum += added;
                squares += added * added;
            }
            let mean = sum / f64::from(draws);
            let error = ((squares / f64::from(draws) - mean * mean) / f64::from(draws)).sqrt();
            assert!((exact - mean).abs() < 4.0 * error, "{kinds:?}: {exact} {mean} ± {error}");
        }
    }

    #[test]
    fn its_slopes_are_those_of_finite_differences() {
        for kinds in KINDS {
            for lens in [Lens::Expected, Lens::Optimistic(0.3)] {
                let (goals, scores, reference) = problem(kinds);
                let boxes = Boxes::new(&scores, &reference);
                let at = |beliefs: &[Belief]| expected(&goals, &boxes, lens, beliefs).0;
                let here = beliefs(kinds.len());
                let (_, partials) = expected(&goals, &boxes, lens, &here);
                for j in 0..kinds.len() {
                    let moved = |mean: f64, sd: f64| {
                        let mut beliefs = here.clone();
                        beliefs[j].mean += mean;
                        beliefs[j].sd += sd;
                        at(&beliefs)
                    };
                    let by_mean = (moved(1e-6, 0.0) - moved(-1e-6, 0.0)) / 2e-6;
                    let by_sd = (moved(0.0, 1e-6) - moved(0.0, -1e-6)) / 2e-6;
                    let slope = partials[j];
                    assert!(
                        (slope.by_mean - by_mean).abs() < 1e-7,
                        "{kinds:?} {j}: {slope:?} {by_mean}"
                    );
                    assert!((slope.by_sd - by_sd).abs() < 1e-7, "{kinds:?} {j}: {slope:?} {by_sd}");
                }
            }
        }
    }

    #[test]
    fn of_one_objective_it_is_the_expected_improvement() {
        let boxes = Boxes::new(&[vec![0.8], vec![0.2]], &[0.0]);
        let belief = Belief { mean: 0.7, sd: 0.3 };
        let (value, _) = expected(&goals(&[Goal::Maximize]), &boxes, Lens::Expected, &[belief]);
        let known = crate::acquisition::expected_improvement(0.7, 0.3, 0.8);
        assert!((value - known).abs() < 1e-15);
    }

    #[test]
    fn a_belief_that_is_certain_adds_what_it_adds() {
        for lens in [Lens::Expected, Lens::Optimistic(2.0)] {
            let at = |value| exceeds(PEAK, 0.1, lens, Belief { mean: value, sd: 0.0 }, -0.3).value;
            assert!((at(0.45) - 0.3).abs() < 1e-15 && (at(0.6) - 0.2).abs() < 1e-15);
            assert!(at(0.9).abs() < 1e-15);
        }
    }
}
