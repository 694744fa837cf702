//! How long a policy takes to answer.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use flowtwin_lab::Space;
use flowtwin_twin::{Ask, Context, History, Policy, PolicyError, Proposals, Work};

/// A policy with a stopwatch beside it.
#[derive(Debug)]
pub(super) struct Timed {
    policy: Box<dyn Policy>,
    seconds: Arc<Mutex<Vec<f64>>>,
}

impl Timed {
    /// Notes in `seconds` how long each answer of `policy` takes.
    pub(super) fn new(policy: Box<dyn Policy>, seconds: Arc<Mutex<Vec<f64>>>) -> Self {
        Self { policy, seconds }
    }

    fn note(&self, asked: Instant) {
        let seconds = asked.elapsed().as_secs_f64();
        self.seconds.lock().expect("nobody panics while noting").push(seconds);
    }
}

impl Policy for Timed {
    fn name(&self) -> &str {
        self.policy.name()
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let asked = Instant::now();
        let answer = self.policy.propose(ask, context);
        self.note(asked);
        answer
    }

    fn pick(
        &self,
        space: &Space,
        history: &History,
        candidates: &[Vec<f64>],
        context: &Context,
    ) -> Result<Option<(usize, Work)>, PolicyError> {
        let asked = Instant::now();
        let answer = self.policy.pick(space, history, candidates, context);
        if !matches!(answer, Ok(None)) {
            self.note(asked);
        }
        answer
    }
}
