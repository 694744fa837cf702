//! Which model to believe.

mod warp;

use flowtwin_lab::math;
use ndarray::{Array2, ArrayView2};

use crate::acquisition::Acquisition;
use crate::feasibility::Feasibility;
use crate::model::Relation;
use crate::objective::Weighed;
use crate::policy::guided::with_pending;
use crate::{
    Belief, Context, Encoding, FitError, GaussianProcess, History, Model, Posterior as _, Prior,
    SurrogateSpec, Work,
};
use warp::Warp;

/// A model of the outcome or of a map of it.
#[derive(Clone, Debug)]
pub(super) struct Learnt {
    pub(super) model: Model,
    /// What it believes of the experiments that succeeded: means.
    means: Vec<f64>,
    /// The lowest outcome, warped.
    floor: f64,
}

impl Learnt {
    /// The highest mean at an experiment.
    pub(super) fn highest(&self) -> f64 {
        self.means.iter().copied().reduce(f64::max).unwrap_or(self.floor)
    }

    /// What is maximised.
    pub(super) fn weighed<'a>(
        &'a self,
        acquisition: Acquisition,
        feasibility: Option<&'a Feasibility>,
    ) -> Weighed<'a> {
        Weighed { posterior: &self.model, acquisition, feasibility, floor: self.floor, price: None }
    }
}

/// Shares of the distance from the best outcome to the median over which a map is linear.
const SHARES: [f64; 2] = [1.0, 0.2];

/// The most plausible model of the outcome or a map of it, or the grey box where one is `informed`; it knows of `pending`
/// experiments, that they yield what it expects.
pub(super) fn learn(
    informed: bool,
    encoding: &Encoding,
    (x, y): (Array2<f64>, Vec<f64>),
    pending: &[Vec<f64>],
    context: &Context,
    work: &mut Work,
) -> Result<Learnt, FitError> {
    let mut warps = vec![Warp::NONE];
    warps.extend(SHARES.map(|share| Warp::of(&y, share)).into_iter().filter(Warp::is_one));
    let mut candidates: Vec<(SurrogateSpec, Warp)> =
        warps.into_iter().map(|warp| (SurrogateSpec::Gp, warp)).collect();
    if informed {
        candidates.push((SurrogateSpec::Twin, Warp::NONE));
    }
    let mut best: Option<(f64, SurrogateSpec, Vec<f64>, Model)> = None;
    for (surrogate, warp) in candidates {
        let warped: Vec<f64> = y.iter().map(|y| warp.apply(*y)).collect();
        let model = encoding.fit(surrogate, x.view(), &warped, context)?;
        *work += model.work();
        let evidence = evidence(model.held_out(), &warped, &y, warp);
        if best.as_ref().is_none_or(|(highest, ..)| evidence > *highest) {
            best = Some((evidence, surrogate, warped, model));
        }
    }
    let (_, surrogate, warped, model) = best.expect("the outcome itself is one");
    let floor = warped.iter().copied().fold(f64::INFINITY, f64::min);
    let fit = |x: ArrayView2<'_, f64>, y: &[f64]| encoding.fit(surrogate, x, y, context);
    let model = with_pending(model, (x.clone(), warped), pending, fit, work)?;
    let rows: Vec<Vec<f64>> = x.rows().into_iter().map(|row| row.to_vec()).collect();
    let views: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
    let means = model.beliefs(&views).into_iter().map(|belief| belief.mean).collect();
    Ok(Learnt { model, means, floor })
}

/// The model of inputs [n, d] and outcomes \[n\], related to those of earlier campaigns.
pub(super) fn related(
    encoding: &Encoding,
    (x, y): (Array2<f64>, Vec<f64>),
    history: &History,
    context: &Context,
    work: &mut Work,
) -> Result<Learnt, FitError> {
    let earlier = &history.earlier[..];
    let relation = Relation { surrogate: SurrogateSpec::Gp, encoding, earlier };
    let lowest = y.iter().copied().reduce(f64::min);
    let believed = relation.believed((x.clone(), y), &history.pending, context, work)?;
    let means: Vec<f64> = believed.predict(x.view()).iter().map(|belief| belief.mean).collect();
    let middle = || believed.at(&vec![0.5; x.ncols()]).mean;
    Ok(Learnt { floor: lowest.unwrap_or_else(middle), means, model: believed })
}

/// The model of inputs [n, d] and outcomes \[n\] that predicts them best; it knows of `pending` experiments.
///
/// It is one of two Gaussian processes: one that expects little noise, and one that allows any. Where it is `informed`, it may
/// be the grey box instead.
pub(super) fn most_plausible(
    informed: bool,
    encoding: &Encoding,
    (x, y): (Array2<f64>, Vec<f64>),
    pending: &[Vec<f64>],
    context: &Context,
    work: &mut Work,
) -> Result<Model, FitError> {
    let mut best: Option<(f64, GaussianProcess, Model)> = None;
    let usual = GaussianProcess::default();
    let broad = GaussianProcess { prior: Prior::Broad, starts: 2, ..usual.clone() };
    for process in [usual, broad] {
        let model = encoding.fit_with(&process, x.view(), &y, context)?;
        *work += model.work();
        let evidence = evidence(model.held_out(), &y, &y, Warp::NONE);
        if best.as_ref().is_none_or(|(highest, ..)| evidence > *highest) {
            best = Some((evidence, process, model));
        }
    }
    let (highest, process, model) = best.expect("there are two");
    if informed {
        let twin = SurrogateSpec::Twin;
        let grey = encoding.fit(twin, x.view(), &y, context)?;
        *work += grey.work();
        if self::evidence(grey.held_out(), &y, &y, Warp::NONE) > highest {
            let refit = |x: ArrayView2<'_, f64>, y: &[f64]| encoding.fit(twin, x, y, context);
            return with_pending(grey, (x, y), pending, refit, work);
        }
    }
    let refit = |x: ArrayView2<'_, f64>, y: &[f64]| encoding.fit_with(&process, x, y, context);
    with_pending(model, (x, y), pending, refit, work)
}

/// The mean logarithm of the density of the outcomes `y`, given what is believed of each, warped, by a model without it.
fn evidence(held_out: &[Belief], warped: &[f64], y: &[f64], warp: Warp) -> f64 {
    let mut sum = 0.0;
    for ((belief, w), y) in held_out.iter().zip(warped).zip(y) {
        let sd = belief.sd.max(f64::MIN_POSITIVE);
        let z = (w - belief.mean) / sd;
        sum += warp.log_slope(*y) - math::ln(sd) - 0.5 * z * z;
    }
    sum / y.len() as f64
}
