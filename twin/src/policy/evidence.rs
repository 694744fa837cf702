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

/// By how much more the model of a sum must explain each outcome, in units of the logarithm of its density, to be believed: it has
/// more to choose from, and it takes what is far from all experiments for known.
const MARGIN: f64 = 0.2;

/// Most steps of the search for its lengths. More find no better optimum of the outcome.
const STEPS: u64 = 15;

/// What an outcome is learnt with.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Learner {
    /// A Gaussian process.
    Plain,
    /// One of which a part may be a sum of functions of one input each.
    Summed,
    /// The grey box.
    Twin,
}

impl Learner {
    fn fit(
        self,
        encoding: &Encoding,
        x: ArrayView2<'_, f64>,
        y: &[f64],
        context: &Context,
    ) -> Result<Model, FitError> {
        let usual = GaussianProcess::default();
        let summed = || GaussianProcess { summed: true, steps: STEPS, ..usual.clone() };
        match self {
            Self::Plain => encoding.fit_with(&usual, x, y, context),
            Self::Summed => encoding.fit_with(&summed(), x, y, context),
            Self::Twin => encoding.fit(SurrogateSpec::Twin, x, y, context),
        }
    }
}

/// What an outcome may be learnt with, how well that explains each outcome, and the model of the mapped outcomes.
struct Explained {
    evidence: f64,
    learner: Learner,
    warp: Warp,
    warped: Vec<f64>,
    model: Model,
}

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
    let mut fit = |learner: Learner, warp: Warp| -> Result<Explained, FitError> {
        let warped: Vec<f64> = y.iter().map(|y| warp.apply(*y)).collect();
        let model = learner.fit(encoding, x.view(), &warped, context)?;
        *work += model.work();
        let evidence = evidence(model.held_out(), &warped, &y, warp);
        Ok(Explained { evidence, learner, warp, warped, model })
    };
    let mut best = fit(Learner::Plain, Warp::NONE)?;
    for warp in SHARES.map(|share| Warp::of(&y, share)).into_iter().filter(Warp::is_one) {
        let other = fit(Learner::Plain, warp)?;
        if other.evidence > best.evidence {
            best = other;
        }
    }
    let summed = fit(Learner::Summed, best.warp)?;
    if summed.evidence > best.evidence + MARGIN {
        best = summed;
    }
    if informed {
        let grey = fit(Learner::Twin, Warp::NONE)?;
        if grey.evidence > best.evidence {
            best = grey;
        }
    }
    let Explained { learner, warped, model, .. } = best;
    let floor = warped.iter().copied().fold(f64::INFINITY, f64::min);
    let refit = |x: ArrayView2<'_, f64>, y: &[f64]| learner.fit(encoding, x, y, context);
    let model = with_pending(model, (x.clone(), warped), pending, refit, work)?;
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

#[cfg(test)]
mod tests {
    use flowtwin_lab::Streams;

    use super::*;

    /// What is learnt of sixty outcomes of five inputs, and what plain Gaussian processes of their maps are.
    fn learnt(outcome: impl Fn(&[f64]) -> f64) -> (Model, Vec<Model>) {
        let mut stream = Streams::new(3).open("test", 0);
        let x = Array2::from_shape_simple_fn((60, 5), || stream.uniform());
        let y: Vec<f64> = x.rows().into_iter().map(|row| outcome(&row.to_vec())).collect();
        let context = Context::new(Streams::new(1));
        let encoding = Encoding::default();
        let mut warps = vec![Warp::NONE];
        warps.extend(SHARES.map(|share| Warp::of(&y, share)));
        let plain = |warp: Warp| {
            let warped: Vec<f64> = y.iter().map(|y| warp.apply(*y)).collect();
            Learner::Plain.fit(&encoding, x.view(), &warped, &context).unwrap()
        };
        let plain = warps.into_iter().map(plain).collect();
        let work = &mut Work::default();
        let found = learn(false, &encoding, (x, y), &[], &context, work).unwrap().model;
        assert_eq!(work.fits, 4);
        (found, plain)
    }

    fn bump(x: f64, top: f64, width: f64) -> f64 {
        math::exp(-0.5 * (x - top) * (x - top) / (width * width))
    }

    #[test]
    fn a_sum_of_ridges_is_learnt_as_a_sum_and_a_hill_is_not() {
        let (found, plain) = learnt(|x| x.iter().map(|x| bump(*x, 0.3, 0.1)).sum());
        assert!(!plain.contains(&found));
        let (found, plain) = learnt(|x| x.iter().map(|x| bump(*x, 0.3, 0.4)).product());
        assert!(plain.contains(&found));
    }
}
