//! Choosing among given candidates instead of from a region.

use flowtwin_lab::{Space, math};

use crate::acquisition::cdf;
use crate::feasibility::Feasibility;
use crate::policy::guided::Known;
use crate::policy::{Aim, Guided, PolicyError};
use crate::search::Objective as _;
use crate::surrogate::Posterior as _;
use crate::{Context, Encoding, History, Model, Work};

/// Share of a pool that [`Aim::Top`] looks for.
const TOP: f64 = 0.05;

impl Guided {
    /// The index of the candidate \[q\]\[d\] of `space` to try next, for campaigns on a table of measured outcomes.
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
        space: &Space,
        history: &History,
        candidates: &[Vec<f64>],
        context: &Context,
    ) -> Result<(usize, Work), PolicyError> {
        let next = history.next();
        let (x, y) = history.succeeded(candidates[0].len());
        if y.len() < 2 && !history.is_related() {
            let mut stream = context.streams.open("policy/first", next);
            return Ok((stream.below(candidates.len()), Work::default()));
        }
        let mut work = Work::default();
        let lowest = y.iter().copied().reduce(f64::min);
        let encoding = Encoding::of(space);
        let known = Known { x, y, pending: &history.pending, earlier: &history.earlier };
        let model = self.believe(known, &encoding, context, &mut work)?;
        let floor = lowest.unwrap_or_else(|| model.at(&candidates[0]).mean);
        work.acquisitions += candidates.len() as u64;
        let mut stream = context.streams.open("policy/search", next);
        let feasibility = Feasibility::learn_in(history, &encoding);
        let tried = self.tried(history, &model).into_iter();
        let best = tried.map(|(_, value)| value).reduce(f64::max).unwrap_or(floor);
        let objective = self.weighed(&model, best, next, floor, feasibility.as_ref());
        let values = if self.aim == Aim::Thompson {
            objective.weigh_all(candidates, model.draw(candidates, &mut stream))
        } else if self.aim == Aim::Top {
            among_the_best(history, candidates, &model, feasibility.as_ref())
        } else {
            objective.values(candidates)
        };
        let mut best = 0;
        for (i, value) in values.iter().enumerate() {
            if *value > values[best] {
                best = i;
            }
        }
        Ok((best, work))
    }
}

/// The logarithm of the probability that a candidate succeeds and is among the best twentieth of the pool: that it
/// exceeds the level which the last of the best has, going by the outcomes of what has been tried and the means of what
/// has not.
fn among_the_best(
    history: &History,
    candidates: &[Vec<f64>],
    model: &Model,
    feasibility: Option<&Feasibility>,
) -> Vec<f64> {
    let views: Vec<&[f64]> = candidates.iter().map(Vec::as_slice).collect();
    let beliefs = model.beliefs(&views);
    let tried = history.trials.iter().filter_map(|trial| trial.outcome);
    let mut ranked: Vec<f64> = beliefs.iter().map(|belief| belief.mean).chain(tried).collect();
    ranked.sort_by(|a, b| b.total_cmp(a));
    let level = ranked[(TOP * ranked.len() as f64).ceil() as usize - 1];
    let value = |(u, belief): (&Vec<f64>, &crate::Belief)| {
        let z = (belief.mean - level) / belief.sd.max(1e-12);
        log_probability(z) + feasibility.map_or(0.0, |feasibility| math::ln(feasibility.worth(u)))
    };
    candidates.iter().zip(&beliefs).map(value).collect()
}

/// `ln Φ(z)`, by the leading term of its asymptotic series where Φ would underflow.
pub(super) fn log_probability(z: f64) -> f64 {
    if z > -30.0 {
        math::ln(cdf(z))
    } else {
        -0.5 * z * z - math::ln(-z) - 0.5 * math::ln(2.0 * std::f64::consts::PI)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_of_a_probability_goes_on_where_the_probability_underflows() {
        // scipy.special.log_ndtr; at -50 it is -1254.831361, the leading term alone -1254.830961.
        for (z, expected) in [(0.0, -std::f64::consts::LN_2), (-20.0, -203.917_155_371_097_27)] {
            assert!((log_probability(z) - expected).abs() < 1e-9, "{z}");
        }
        assert!((log_probability(-29.999_9) - log_probability(-30.000_1)).abs() < 0.01);
        assert!((log_probability(-50.0) + 1_254.831_361).abs() < 1e-3);
    }
}
