//! Policies that maximise an acquisition function over a surrogate.

use flowtwin_lab::{Input, Space, Stream};
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::design::squared_distance;
use crate::feasibility::Feasibility;
use crate::model::Relation;
use crate::objective::{Price, Weighed};
use crate::policy::elsewhere::elsewhere;
use crate::policy::trust_region::half_width;
use crate::policy::{Aim, Ask, Policy, PolicyError, Proposals, not_pending};
use crate::region::Region;
use crate::search::{self, Search};
use crate::{Context, Encoding, FitError, History, Model, Posterior, SurrogateSpec, Trial, Work};

/// Best experiments around which to look closer, and points around each at every distance.
const NEAR: usize = 4;

/// Least distance between those that a policy of several optima starts from, in units of √d.
const APART: f64 = 0.1;

/// Fits a surrogate to the history and maximises an acquisition function over the feasible region.
///
/// With fewer than two successful experiments it proposes random points. Pending experiments, and the earlier ones of
/// several asked for at once, are taken to yield what the surrogate predicts of them (Ginsbourger et al. 2010, "kriging
/// believer"). One of them is not proposed again: a random point takes its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Guided {
    /// Its name.
    pub name: &'static str,
    /// What it maximises.
    pub aim: Aim,
    /// What it learns with.
    pub surrogate: SurrogateSpec,
}

impl Policy for Guided {
    fn name(&self) -> &str {
        self.name
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        if self.aim.price().is_some() && ask.cost.is_none() {
            let policy = self.name.into();
            return Err(PolicyError::NoCost { policy });
        }
        let region = Region::new(ask.space)?;
        let mut proposals = Proposals::default();
        let mut pending = ask.history.pending.clone();
        for _ in 0..ask.count {
            let point = self.one(&region, ask, &pending, context, &mut proposals.work)?;
            let number = (ask.history.trials.len() + pending.len()) as u64;
            let conditions = not_pending(&region, region.snap(&point), &pending, number, context);
            pending.push(ask.space.to_unit(&conditions));
            proposals.conditions.push(conditions);
        }
        Ok(proposals)
    }

    fn pick(
        &self,
        space: &Space,
        history: &History,
        candidates: &[Vec<f64>],
        context: &Context,
    ) -> Result<Option<(usize, Work)>, PolicyError> {
        self.choose(space, history, candidates, context).map(Some)
    }
}

impl Guided {
    fn one(
        &self,
        region: &Region<'_>,
        ask: &Ask<'_>,
        pending: &[Vec<f64>],
        context: &Context,
        work: &mut Work,
    ) -> Result<Vec<f64>, PolicyError> {
        let history = ask.history;
        let next = (history.trials.len() + pending.len()) as u64;
        let (x, y) = history.succeeded(region.space().dim());
        if y.len() < 2 && !history.is_related() {
            return Ok(region.sample(&mut context.streams.open("policy/first", next)));
        }
        let lowest = y.iter().copied().reduce(f64::min);
        let encoding = Encoding::of(ask.space);
        let known = Known { x, y, pending, earlier: &history.earlier };
        let model = self.believe(known, &encoding, context, work)?;
        let floor = lowest.unwrap_or_else(|| model.at(region.anchor()).mean);
        let mut stream = context.streams.open("policy/search", next);
        let incumbent = self.incumbent(region, history, &model);
        let narrowed = self.narrow(region, history, &incumbent.1);
        let region = narrowed.as_ref().unwrap_or(region);
        let mut seeds = self.seeds(&history.trials, &mut stream);
        if let Some(earlier) = history.earlier.first() {
            seeds.extend(self.seeds(earlier, &mut stream));
        }
        let feasibility = Feasibility::learn_in(history, &encoding);
        let mut objective = self.weighed(&model, incumbent.0, next, floor, feasibility.as_ref());
        if self.aim == Aim::Thompson {
            return Ok(draw(region, &model, &objective, seeds, &mut stream, work));
        }
        objective.price =
            ask.cost.zip(self.aim.price()).map(|(cost, of)| Price { space: ask.space, cost, of });
        if self.aim == Aim::Balanced {
            return Ok(self.balance(region, &objective, &model, seeds, &mut stream, work));
        }
        let (mut point, evaluations) = self.search().run(region, &objective, seeds, &mut stream);
        work.acquisitions += evaluations;
        if let (Some(_), Some(last)) = (&objective.price, history.trials.last()) {
            work.acquisitions += stay(region, &objective, &last.x, &mut point);
        }
        Ok(point)
    }

    /// The highest point of a confidence bound, or a point elsewhere where the experiment there would
    /// teach nothing: where the belief
    /// is more certain than one measurement. So an optimum that is known to within the noise is left for others.
    fn balance(
        &self,
        region: &Region<'_>,
        objective: &Weighed<'_>,
        model: &Model,
        seeds: Vec<Vec<f64>>,
        stream: &mut Stream,
        work: &mut Work,
    ) -> Vec<f64> {
        let (point, evaluations) = self.search().run(region, objective, seeds.clone(), stream);
        work.acquisitions += evaluations;
        if model.at(&point).sd >= model.noise_sd() {
            return point;
        }
        let (other, evaluations) = elsewhere(region, objective, model, seeds, stream);
        work.acquisitions += evaluations;
        other.unwrap_or(point)
    }

    /// What is maximised, costs apart.
    pub(super) fn weighed<'a>(
        &self,
        model: &'a Model,
        best: f64,
        next: u64,
        floor: f64,
        feasibility: Option<&'a Feasibility>,
    ) -> Weighed<'a> {
        Weighed {
            posterior: model,
            acquisition: self.aim.acquisition(self.surrogate.is_legacy(), best, next),
            feasibility,
            floor,
            price: None,
        }
    }

    /// The part of the region that is looked at, where that is not all of it.
    fn narrow<'a>(
        &self,
        region: &Region<'a>,
        history: &History,
        best: &[f64],
    ) -> Option<Region<'a>> {
        let local = self.aim == Aim::TrustRegion && region.contains(best);
        let half = half_width(history, best.len());
        let reach = |input: &Input| if input.options().is_some() { 1.0 } else { half };
        local.then(|| {
            let reach: Vec<f64> = region.space().inputs().iter().map(reach).collect();
            region.around(best, &reach)
        })
    }

    fn search(&self) -> Search {
        match self.surrogate {
            SurrogateSpec::LegacyFastcat => Search::FAST_CAT,
            SurrogateSpec::LegacySmartdope => Search::SMART_DOPE,
            _ => Search::MANY_STARTS,
        }
    }

    /// Points near the best experiments so far, where the sequence may be too coarse to see an improvement.
    fn seeds(&self, trials: &[Trial], stream: &mut Stream) -> Vec<Vec<f64>> {
        if self.surrogate.is_legacy() {
            return Vec::new();
        }
        let mut ranked: Vec<(f64, &[f64])> =
            trials.iter().filter_map(|t| Some((t.outcome?, &t.x[..]))).collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let apart = if self.aim == Aim::Balanced { APART } else { 0.0 };
        let mut best: Vec<&[f64]> = Vec::new();
        for (_, x) in ranked {
            let far = |b: &&[f64]| squared_distance(b, x) >= apart * apart * x.len() as f64;
            if best.len() < NEAR && best.iter().all(far) {
                best.push(x);
            }
        }
        let mut seeds = Vec::new();
        for x in best {
            for width in [0.02, 0.05, 0.1, 0.2] {
                for _ in 0..NEAR {
                    let near = |x: &f64| (x + width * stream.normal()).clamp(0.0, 1.0);
                    seeds.push(x.iter().map(near).collect());
                }
            }
        }
        seeds
    }

    /// The surrogate of what is known and pending. Its streams depend on the number of experiments alone, so that all policies
    /// that start from one history start from one model.
    pub(super) fn believe(
        &self,
        known: Known<'_>,
        encoding: &Encoding,
        context: &Context,
        work: &mut Work,
    ) -> Result<Model, PolicyError> {
        let Known { x, y, pending, earlier } = known;
        let context = context.child("surrogate", y.len() as u64);
        if earlier.is_empty() {
            return believed(self.surrogate, encoding, (x, y), pending, &context, work);
        }
        let relation = Relation { surrogate: self.surrogate, encoding, earlier };
        Ok(relation.believed((x, y), pending, &context, work)?)
    }

    /// The value to improve on and where it is, among the experiments inside the region where there are any.
    fn incumbent(&self, region: &Region<'_>, history: &History, model: &Model) -> (f64, Vec<f64>) {
        let mut best: Option<((bool, f64), &[f64])> = None;
        for (x, value) in self.tried(history, model) {
            let rank = (region.contains(x), value);
            if best.is_none_or(|(b, _)| rank > b) {
                best = Some((rank, x));
            }
        }
        // Before any experiment of its own, a campaign improves on the middle of what earlier ones say.
        let middle = || (model.at(region.anchor()).mean, region.anchor().to_vec());
        best.map_or_else(middle, |((_, value), x)| (value, x.to_vec()))
    }

    /// The experiments that succeeded and what each is taken to be worth: its outcome for the published ensembles, as they
    /// do it; for the others its predicted mean, which noise does not inflate.
    pub(super) fn tried<'a>(&self, history: &'a History, model: &Model) -> Vec<(&'a [f64], f64)> {
        let succeeded = history.trials.iter().filter_map(|t| Some((&t.x[..], t.outcome?)));
        let (points, mut values): (Vec<&[f64]>, Vec<f64>) = succeeded.unzip();
        if !self.surrogate.is_legacy() {
            values = model.beliefs(&points).into_iter().map(|belief| belief.mean).collect();
        }
        points.into_iter().zip(values).collect()
    }
}

/// What is known of an outcome: inputs [n, d] and outcomes \[n\], pending experiments \[q\]\[d\], and earlier campaigns.
pub(super) struct Known<'a> {
    pub(super) x: Array2<f64>,
    pub(super) y: Vec<f64>,
    pub(super) pending: &'a [Vec<f64>],
    pub(super) earlier: &'a [Vec<Trial>],
}

/// The surrogate of inputs [n, d] and outcomes \[n\] that are known, and of what it says itself about `pending` experiments
/// \[q\]\[d\]; a Gaussian process keeps its lengths and noise for them.
pub(super) fn believed(
    surrogate: SurrogateSpec,
    encoding: &Encoding,
    (x, y): (Array2<f64>, Vec<f64>),
    pending: &[Vec<f64>],
    context: &Context,
    work: &mut Work,
) -> Result<Model, PolicyError> {
    let model = encoding.fit(surrogate, x.view(), &y, context)?;
    *work += model.work();
    let refit = |x: ArrayView2<'_, f64>, y: &[f64]| encoding.fit(surrogate, x, y, context);
    Ok(with_pending(model, (x, y), pending, refit, work)?)
}

/// The `model` of inputs [n, d] and outcomes \[n\], and of what it says itself about `pending` experiments \[q\]\[d\]: by another
/// fit where it cannot take them in otherwise.
pub(crate) fn with_pending(
    model: Model,
    (mut x, mut y): (Array2<f64>, Vec<f64>),
    pending: &[Vec<f64>],
    refit: impl Fn(ArrayView2<'_, f64>, &[f64]) -> Result<Model, FitError>,
    work: &mut Work,
) -> Result<Model, FitError> {
    let (mut grown, mut left) = (model.clone(), pending);
    while let [u, rest @ ..] = left
        && let Some(with) = grown.with(u, grown.at(u).mean)
    {
        (grown, left) = (with, rest);
    }
    if left.is_empty() {
        return Ok(grown);
    }
    for point in pending {
        y.push(model.at(point).mean);
        x.push_row(ArrayView1::from(&point[..])).expect("one value for each input");
    }
    let model = refit(x.view(), &y)?;
    *work += model.work();
    Ok(model)
}

/// Leaves inputs where the last experiment has them, one after the other, where that is worth more: a price often has a
/// kink there, which no climb along slopes can reach. Returns the number of evaluations.
pub(super) fn stay(
    region: &Region<'_>,
    objective: &dyn search::Objective,
    last: &[f64],
    point: &mut Vec<f64>,
) -> u64 {
    let mut scratch = Vec::new();
    let mut best = objective.value(point, &mut scratch);
    let mut evaluations = 1;
    for j in 0..point.len() {
        let mut stayed = point.clone();
        stayed[j] = last[j];
        if !region.contains(&stayed) {
            continue;
        }
        evaluations += 1;
        let value = objective.value(&stayed, &mut scratch);
        if value > best {
            (best, *point) = (value, stayed);
        }
    }
    evaluations
}

/// The point at which one draw of the posterior is highest, weighed with the probability of success, among candidates and
/// `seeds`.
fn draw(
    region: &Region<'_>,
    model: &Model,
    objective: &Weighed<'_>,
    seeds: Vec<Vec<f64>>,
    stream: &mut Stream,
    work: &mut Work,
) -> Vec<f64> {
    let mut points = search::candidates(region, Search::MANY_STARTS.candidates, stream);
    points.extend(seeds.into_iter().filter(|u| region.contains(u)));
    let values = objective.weigh_all(&points, model.draw(&points, stream));
    work.acquisitions += points.len() as u64;
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    points.swap_remove(best)
}
