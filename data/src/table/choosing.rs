//! Policies on a table: a choice among conditions that have been measured and not yet been tried.

use std::sync::Arc;

use flowtwin_twin::{Ask, Context, History, Policy, PolicyError, Proposals};

use super::pool::Pool;

/// A policy that chooses among the conditions of a pool, each once; when all have been tried, again.
///
/// Policies that can choose among candidates do; of any other the proposal is asked for and the nearest untried
/// condition taken.
#[derive(Debug)]
pub struct Choosing {
    policy: Arc<dyn Policy>,
    pool: Arc<Pool>,
}

impl Choosing {
    /// `policy` on `pool`.
    pub fn new(policy: Arc<dyn Policy>, pool: Arc<Pool>) -> Self {
        Self { policy, pool }
    }

    /// The places that `history` has not tried, or else all.
    fn untried(&self, history: &History) -> Vec<usize> {
        let mut tried = vec![false; self.pool.places()];
        for x in history.trials.iter().map(|trial| &trial.x).chain(&history.pending) {
            tried[self.pool.nearest(x, |_| true)] = true;
        }
        let untried: Vec<usize> = (0..tried.len()).filter(|&place| !tried[place]).collect();
        if untried.is_empty() { (0..tried.len()).collect() } else { untried }
    }
}

impl Policy for Choosing {
    fn name(&self) -> &str {
        self.policy.name()
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let mut history = ask.history.clone();
        let mut proposals = Proposals::default();
        for ahead in 0..ask.count {
            let untried = self.untried(&history);
            let at = |&place: &usize| self.pool.unit_of(place).to_vec();
            let candidates: Vec<Vec<f64>> = untried.iter().map(at).collect();
            let place = match self.policy.pick(ask.space, &history, &candidates, context)? {
                Some((choice, work)) => {
                    proposals.work += work;
                    untried[choice]
                }
                None => {
                    let asked = ask.asked + ahead;
                    let one = Ask { history: &history, count: 1, asked, ..*ask };
                    let answer = self.policy.propose(&one, context)?;
                    proposals.work += answer.work;
                    let point = ask.space.to_unit(&answer.conditions[0]);
                    self.pool.nearest(&point, |place| untried.binary_search(&place).is_ok())
                }
            };
            history.pending.push(self.pool.unit_of(place).to_vec());
            proposals.conditions.push(self.pool.conditions(place).clone());
        }
        Ok(proposals)
    }
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Streams, math};
    use flowtwin_twin::{PolicySpec, SurrogateSpec, Trial};

    use super::super::pool::tests::pool;
    use super::*;

    /// The places that a policy tries in a row, with the outcomes of a bump at 25.
    fn tries(policy: &str, count: usize) -> Vec<usize> {
        let (pool, context) = (Arc::new(pool()), Context::new(Streams::new(1)));
        let policy = policy.parse::<PolicySpec>().unwrap().build(SurrogateSpec::Gp);
        let choosing = Choosing::new(policy.into(), pool.clone());
        let (mut history, mut places) = (History::default(), Vec::new());
        for asked in 0..count {
            let (space, history_) = (pool.space(), history.clone());
            let ask =
                Ask { space, history: &history_, count: 1, asked, planned: count, cost: None };
            let conditions = choosing.propose(&ask, &context).unwrap().conditions.remove(0);
            let place = pool.place(&conditions);
            let off = (place as f64 - 25.0) / 6.0;
            let outcome = Some(math::exp(-off * off));
            history.trials.push(Trial::at(pool.unit_of(place).to_vec(), outcome));
            places.push(place);
        }
        places
    }

    #[test]
    fn every_condition_is_tried_once_before_any_is_tried_again() {
        for policy in ["random", "lhs", "sobol"] {
            let mut all = tries(policy, 40);
            all.sort_unstable();
            assert_eq!(all, (0..40).collect::<Vec<_>>(), "{policy}");
            assert_eq!(tries(policy, 42).len(), 42);
        }
    }

    #[test]
    fn a_guided_policy_finds_the_best_conditions_long_before_chance_does() {
        for policy in ["ei", "ucb", "top"] {
            let first = tries(policy, 15);
            assert!(first.contains(&25), "{policy}: {first:?}");
        }
    }
}
