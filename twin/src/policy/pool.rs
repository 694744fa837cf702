//! Choosing among given candidates instead of from a region.

use crate::feasibility::Feasibility;
use crate::policy::{Aim, Guided, PolicyError};
use crate::search::Objective as _;
use crate::surrogate::Posterior as _;
use crate::{Context, History, Model, Work};

impl Guided {
    /// The index of the candidate \[q\]\[d\] to try next, for campaigns on a table of measured outcomes.
    ///
    /// The same surrogate, acquisition function and streams as in a region; only the search is replaced by looking at every
    /// candidate. Aims that need a region or a price, the trust region and the cost-aware ones, act as plain EI.
    ///
    /// # Errors
    /// If the surrogate cannot be fitted.
    ///
    /// # Panics
    /// If there are no candidates.
    pub fn choose(
        &self,
        history: &History,
        candidates: &[Vec<f64>],
        context: &Context,
    ) -> Result<(usize, Work), PolicyError> {
        let next = history.next();
        let (x, y) = history.succeeded(candidates[0].len());
        if y.len() < 2 {
            let mut stream = context.streams.open("policy/first", next);
            return Ok((stream.below(candidates.len()), Work::default()));
        }
        let mut work = Work::default();
        let floor = y.iter().copied().fold(f64::INFINITY, f64::min);
        let model = self.believe(x, y, &history.pending, context, &mut work)?;
        work.acquisitions += candidates.len() as u64;
        let mut stream = context.streams.open("policy/search", next);
        let values = if self.aim == Aim::Thompson {
            model.draw(candidates, &mut stream)
        } else {
            let feasibility = Feasibility::learn(history);
            let best = self.tried_best(history, &model);
            let objective = self.weighed(&model, best, next, floor, feasibility.as_ref());
            let mut scratch = Vec::new();
            candidates.iter().map(|u| objective.value(u, &mut scratch)).collect()
        };
        let mut best = 0;
        for (i, value) in values.iter().enumerate() {
            if *value > values[best] {
                best = i;
            }
        }
        Ok((best, work))
    }

    fn tried_best(&self, history: &History, model: &Model) -> f64 {
        let tried = history.trials.iter().filter_map(|t| {
            let outcome = t.outcome?;
            Some(if self.surrogate.is_legacy() { outcome } else { model.at(&t.x).mean })
        });
        tried.fold(f64::NEG_INFINITY, f64::max)
    }
}
