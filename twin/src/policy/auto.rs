//! The policy for people who do not want to choose one.

use flowtwin_lab::{Goals, Space, Stream};

use crate::acquisition::Acquisition;
use crate::design::{latin_hypercube_in, squared_distance};
use crate::feasibility::Feasibility;
use crate::objective::Weighed;
use crate::policy::elsewhere::elsewhere;
use crate::policy::evidence::{Learnt, learn, related};
use crate::policy::{Aim, Ask, Policy, PolicyError, Proposals, Several, not_pending};
use crate::region::Region;
use crate::search::Search;
use crate::{Context, Encoding, History, Posterior as _, SurrogateSpec, Work};

/// Opens with points spread evenly, learns with the model that predicts held-out outcomes best, explores, and ends by
/// refining the best that was found.
///
/// - **Opening.** A Latin hypercube of one experiment more than there are inputs, but at most ten and no more than a
///   third of the phase; experiments of earlier phases count. None where there are earlier campaigns.
/// - **Models.** A Gaussian process of the outcome, and of two maps of it that give the best outcomes more room; that is
///   believed which gives each outcome the highest density when it is left out. With its map, a fourth, of which a part may be a
///   sum of functions of one input each, takes its place where it does much better.
///   With a simulator of the lab, the grey box is one more, see [`crate::GreyBox`].
/// - **Turns.** The highest mean, and the highest confidence bound of two standard deviations; where the point is known to
///   within the noise, the boldest look elsewhere, see [`Aim::Balanced`]. In the last quarter of the phase, the
///   highest mean and the largest expected improvement.
///
/// Where several outcomes matter, the opening is the same, and [`Several`] follows, each outcome with the model that
/// predicts it best.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Auto {
    /// The goals, where there is more than one outcome to maximise.
    pub goals: Option<Goals>,
    /// Whether the grey box is among the models that are compared: it learns with a simulator of the lab.
    pub informed: bool,
}

/// Most experiments of the opening.
const MOST_OPENING: usize = 10;
/// Share of a phase, at its end, that refines.
const REFINES: f64 = 0.25;
/// Best experiments around which to look closer, and points around each at every distance.
const NEAR: usize = 4;
/// Least distance between those, in units of √d.
const APART: f64 = 0.1;
/// Weight of the spread where it explores.
const BOLD: f64 = 2.0;

impl Policy for Auto {
    fn name(&self) -> &str {
        "auto"
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let region = Region::new(ask.space)?;
        let mut proposals = Proposals::default();
        let mut history = ask.history.clone();
        let size = opening_size(ask);
        for i in 0..ask.count {
            let ask = Ask { history: &history, count: 1, asked: ask.asked + i, ..*ask };
            let conditions = match opening(&region, &ask, size, context) {
                Some(point) => region.snap(&point),
                None => self.next(&region, &ask, context, &mut proposals.work)?,
            };
            let conditions =
                not_pending(&region, conditions, &history.pending, history.next(), context);
            history.pending.push(ask.space.to_unit(&conditions));
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
        let opens = history.next() < space.dim().min(MOST_OPENING) as u64;
        let opens = opens && !history.is_related();
        if opens {
            return Ok(Some((farthest(history, candidates, context), Work::default())));
        }
        if let Some(goals) = &self.goals {
            return self.several(goals).pick(space, history, candidates, context);
        }
        let mut work = Work::default();
        let encoding = Encoding::of(space);
        let Some(learnt) = self.learn(space, history, context, &mut work)? else {
            return Ok(Some((farthest(history, candidates, context), work)));
        };
        let feasibility = Feasibility::learn_in(history, &encoding);
        let acquisition = Acquisition::LogImprovement { best: learnt.highest() };
        let weighed = learnt.weighed(acquisition, feasibility.as_ref());
        work.acquisitions += candidates.len() as u64;
        let values = crate::search::Objective::values(&weighed, candidates);
        let chosen = (0..values.len()).fold(0, |b, i| if values[i] > values[b] { i } else { b });
        Ok(Some((chosen, work)))
    }
}

/// The candidate that is farthest from all that was tried; a random one first.
fn farthest(history: &History, candidates: &[Vec<f64>], context: &Context) -> usize {
    let tried = || history.trials.iter().map(|t| &t.x).chain(&history.pending);
    if tried().next().is_none() {
        let mut stream = context.streams.open("policy/first", history.next());
        return stream.below(candidates.len());
    }
    let distance =
        |u: &Vec<f64>| tried().map(|x| squared_distance(x, u)).fold(f64::INFINITY, f64::min);
    let mut best = (f64::NEG_INFINITY, 0);
    for (i, u) in candidates.iter().enumerate() {
        let away = distance(u);
        if away > best.0 {
            best = (away, i);
        }
    }
    best.1
}

/// Number of experiments of the opening: all that are asked for, if there are no data to learn from yet.
fn opening_size(ask: &Ask<'_>) -> usize {
    if ask.history.is_related() {
        return 0;
    }
    let size = (ask.space.dim() + 1).min(MOST_OPENING).min(ask.planned.div_ceil(3).max(2));
    let succeeded = ask.history.trials.iter().filter(|trial| trial.succeeded()).count();
    if succeeded < 3 { size.max(ask.history.next() as usize + ask.count) } else { size }
}

/// The point of an opening of `size` experiments that is due, if any.
fn opening(region: &Region<'_>, ask: &Ask<'_>, size: usize, context: &Context) -> Option<Vec<f64>> {
    let number = ask.history.next() as usize;
    if number >= size {
        return None;
    }
    let mut stream = context.streams.open("policy/auto/opening", 0);
    Some(latin_hypercube_in(region, size, &mut stream).swap_remove(number))
}

impl Auto {
    /// The policy of several outcomes, after the opening.
    fn several(&self, goals: &Goals) -> Several {
        let surrogate = if self.informed { SurrogateSpec::Twin } else { SurrogateSpec::Gp };
        Several { name: "auto", aim: Aim::Ei, surrogate, evidence: true, goals: goals.clone() }
    }

    fn next(
        &self,
        region: &Region<'_>,
        ask: &Ask<'_>,
        context: &Context,
        work: &mut Work,
    ) -> Result<flowtwin_lab::Conditions, PolicyError> {
        if let Some(goals) = &self.goals {
            let mut proposals = self.several(goals).propose(ask, context)?;
            *work += proposals.work;
            return Ok(proposals.conditions.swap_remove(0));
        }
        let next = ask.history.next();
        let Some(learnt) = self.learn(ask.space, ask.history, context, work)? else {
            let mut stream = context.streams.open("policy/first", next);
            return Ok(region.snap(&region.sample(&mut stream)));
        };
        let encoding = Encoding::of(ask.space);
        let feasibility = Feasibility::learn_in(ask.history, &encoding);
        let mut stream = context.streams.open("policy/search", next);
        let seeds = seeds(ask.history, &mut stream);
        let feasibility = feasibility.as_ref();
        let turn = Turn { region, feasibility, seeds, number: ask.asked };
        let left = ask.planned.saturating_sub(ask.asked) as f64;
        let point = if left <= REFINES * ask.planned as f64 {
            turn.refine(&learnt, &mut stream, work)
        } else {
            turn.look_around(&learnt, &mut stream, work)
        };
        Ok(region.snap(&point))
    }

    /// The model of the history that predicts best, pending experiments included; none before three experiments succeeded.
    fn learn(
        &self,
        space: &Space,
        history: &History,
        context: &Context,
        work: &mut Work,
    ) -> Result<Option<Learnt>, PolicyError> {
        let (x, y) = history.succeeded(space.dim());
        let context = context.child("surrogate", y.len() as u64);
        let encoding = Encoding::of(space);
        if history.is_related() {
            return Ok(Some(related(&encoding, (x, y), history, &context, work)?));
        }
        if y.len() < 3 {
            return Ok(None);
        }
        Ok(Some(learn(self.informed, &encoding, (x, y), &history.pending, &context, work)?))
    }
}

/// One experiment to choose.
struct Turn<'a> {
    region: &'a Region<'a>,
    feasibility: Option<&'a Feasibility>,
    seeds: Vec<Vec<f64>>,
    /// How many the phase asked for before.
    number: usize,
}

impl Turn<'_> {
    /// The highest mean and the largest expected improvement in turn.
    fn refine(&self, learnt: &Learnt, stream: &mut Stream, work: &mut Work) -> Vec<f64> {
        let acquisition = if self.number.is_multiple_of(2) {
            Acquisition::Mean
        } else {
            Acquisition::LogImprovement { best: learnt.highest() }
        };
        self.climb(&learnt.weighed(acquisition, self.feasibility), stream, work)
    }

    /// The highest mean and the highest bound in turn, or a point elsewhere where that is known.
    fn look_around(&self, learnt: &Learnt, stream: &mut Stream, work: &mut Work) -> Vec<f64> {
        let acquisition = if self.number.is_multiple_of(2) {
            Acquisition::Mean
        } else {
            Acquisition::Ucb { lambda: BOLD }
        };
        let weighed = learnt.weighed(acquisition, self.feasibility);
        let point = self.climb(&weighed, stream, work);
        let model = &learnt.model;
        if model.at(&point).sd >= model.noise_sd() {
            return point;
        }
        let (other, spent) = elsewhere(self.region, &weighed, model, self.seeds.clone(), stream);
        work.acquisitions += spent;
        other.unwrap_or(point)
    }

    fn climb(&self, weighed: &Weighed<'_>, stream: &mut Stream, work: &mut Work) -> Vec<f64> {
        let (point, spent) = Search::THOROUGH.run(self.region, weighed, self.seeds.clone(), stream);
        work.acquisitions += spent;
        point
    }
}

/// Points near the best experiments that keep apart.
fn seeds(history: &History, stream: &mut Stream) -> Vec<Vec<f64>> {
    let mut ranked: Vec<(f64, &[f64])> =
        history.trials.iter().filter_map(|t| Some((t.outcome?, &t.x[..]))).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: Vec<&[f64]> = Vec::new();
    for (_, x) in ranked {
        let far = |b: &&[f64]| squared_distance(b, x) >= APART * APART * x.len() as f64;
        if best.len() < NEAR && best.iter().all(far) {
            best.push(x);
        }
    }
    let mut seeds = Vec::new();
    for x in best {
        for width in [0.005, 0.02, 0.05, 0.1, 0.2] {
            for _ in 0..NEAR {
                let near = |x: &f64| (x + width * stream.normal()).clamp(0.0, 1.0);
                seeds.push(x.iter().map(near).collect());
            }
        }
    }
    seeds
}
