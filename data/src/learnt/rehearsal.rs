//! A policy at work on a twin, where no scenario describes the lab.

use flowtwin_lab::{Command, Conditions, Fault, Lab, Reply};
use flowtwin_twin::{
    Ask, Context, Cost, History, LatinHypercube, Policy, PolicyError, Proposals, Trial,
};

use super::lab::TwinLab;
use super::twin::Twin;

/// A rehearsal: an opening design, then a policy, on a fitted twin with its noise.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Experiments of the opening Latin hypercube.
    pub opening: usize,
    /// Experiments in all.
    pub experiments: usize,
    /// Whether less is better.
    pub minimize: bool,
}

/// One experiment of a rehearsal.
#[derive(Clone, Debug, PartialEq)]
pub struct Rehearsed {
    /// What was set.
    pub conditions: Conditions,
    /// What the twin answered, noise included.
    pub outcome: f64,
    /// What the twin believes there without noise: the truth of this lab.
    pub truth: f64,
}

/// Why a rehearsal stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RehearsalError {
    /// A policy has no proposal.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The lab failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Rehearsal {
    /// Lets `policy` work on `twin`; the same seed gives the same experiments.
    ///
    /// # Errors
    /// If a policy has no proposal.
    pub fn run(
        &self,
        twin: &Twin,
        policy: &dyn Policy,
        context: &Context,
    ) -> Result<Vec<Rehearsed>, RehearsalError> {
        let mut lab = TwinLab::alone(twin.clone(), context.streams.child("world", 0));
        let (mut steps, mut history) = (Vec::new(), History::default());
        let opening = self.opening.min(self.experiments);
        for asked in 0..self.experiments {
            let conditions = if asked < opening {
                self.propose(&LatinHypercube, twin, &history, (asked, opening), context)?
            } else {
                let place = (asked - opening, self.experiments - opening);
                self.propose(policy, twin, &history, place, context)?
            };
            let step = experiment(&mut lab, twin, conditions)?;
            let score = if self.minimize { -step.outcome } else { step.outcome };
            let x = twin.space().to_unit(&step.conditions);
            history.trials.push(Trial::at(x, Some(score)));
            steps.push(step);
        }
        Ok(steps)
    }

    fn propose(
        &self,
        policy: &dyn Policy,
        twin: &Twin,
        history: &History,
        (asked, planned): (usize, usize),
        context: &Context,
    ) -> Result<Conditions, PolicyError> {
        let space = twin.space();
        let lab_time_s = twin.origin.lab_time_s.unwrap_or(1.0);
        let cost = |_: &Conditions| Cost { lab_time_s, reagent_ml: 1.0 };
        let ask = Ask { space: &space, history, count: 1, asked, planned, cost: Some(&cost) };
        let Proposals { conditions, .. } =
            policy.propose(&ask, &context.child(policy.name(), 0))?;
        Ok(conditions.into_iter().next().expect("a policy answers with what it is asked for"))
    }

    /// The best value so far after each step.
    pub fn best_so_far(&self, steps: &[Rehearsed]) -> Vec<f64> {
        let better =
            |best: f64, value: f64| if self.minimize { best.min(value) } else { best.max(value) };
        let worst = if self.minimize { f64::INFINITY } else { f64::NEG_INFINITY };
        steps
            .iter()
            .scan(worst, |best, step| {
                *best = better(*best, step.outcome);
                Some(*best)
            })
            .collect()
    }
}

fn experiment(lab: &mut TwinLab, twin: &Twin, conditions: Conditions) -> Result<Rehearsed, Fault> {
    let truth = twin.at(&twin.space().to_unit(&conditions)).mean;
    if let Reply::Ready(at) = lab.send(&Command::Begin { conditions: conditions.clone() })? {
        lab.wait_until(at)?;
    }
    let Reply::Outcome(outcome) = lab.send(&Command::Collect)? else {
        unreachable!("a twin answers Collect with an outcome")
    };
    Ok(Rehearsed { conditions, outcome: outcome.features[0].1, truth })
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;
    use flowtwin_twin::{PolicySpec, SurrogateSpec};

    use super::*;
    use crate::learnt::sample;

    fn rehearse(seed: u64) -> Vec<Rehearsed> {
        let rehearsal = Rehearsal { opening: 4, experiments: 9, minimize: false };
        let policy = PolicySpec::Ei {}.build(SurrogateSpec::Gp);
        rehearsal.run(&sample::twin(), &*policy, &Context::new(Streams::new(seed))).unwrap()
    }

    #[test]
    fn a_rehearsal_is_a_function_of_its_seed() {
        assert_eq!(rehearse(3), rehearse(3));
        assert_ne!(rehearse(3), rehearse(4));
    }

    #[test]
    fn a_policy_finds_the_best_corner_of_the_sample() {
        let steps = rehearse(1);
        let best = steps.iter().map(|step| step.truth).fold(f64::NEG_INFINITY, f64::max);
        assert!(best > 85.0, "30 + 40 + 20 is the most that the sample yields, found {best}");
    }
}
