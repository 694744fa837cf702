//! Policies that weigh several outcomes: objectives, targets and limits.

mod front;
mod worth;

use flowtwin_lab::{Goal, Goals, Input, Objective, Space, Stream};
use flowtwin_statistics::front::{hypervolume, pareto_front};
use ndarray::Array2;

use crate::boxes::Boxes;
use crate::design::squared_distance;
use crate::feasibility::Feasibility;
use crate::model::Relation;
use crate::objective::Price;
use crate::policy::evidence::most_plausible;
use crate::policy::guided::{believed, stay};
use crate::policy::trust_region::half_width;
use crate::policy::{Aim, Ask, Policy, PolicyError, Proposals, not_pending};
use crate::region::Region;
use crate::search::{self, Objective as _, Search};
use crate::{Context, Encoding, History, Model, SurrogateSpec, Trial, Work};
use front::Tried;
use worth::{Purpose, Worth};

/// Fits a surrogate to each outcome and maximises what an experiment is expected to add to the hypervolume that the best
/// compromises cover, times the probability that all limits hold.
///
/// Up to three objectives are weighed exactly; of more, a random weighing of all is improved on each time (Knowles 2006,
/// DOI 10.1109/TEVC.2005.851274). The best compromises are those of the predicted means, which noise
/// does not inflate; those whose
/// means break a limit are none. A target is modelled by its outcome, never by the distance, which has a kink that no model
/// follows. Pending experiments are taken to yield what the surrogates predict of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Several {
    /// Its name.
    pub name: &'static str,
    /// What it maximises, for several outcomes: see [`Aim`].
    pub aim: Aim,
    /// What it learns each outcome with.
    pub surrogate: SurrogateSpec,
    /// Whether each outcome is learnt with the model that predicts it best, in place of that.
    pub evidence: bool,
    /// What is wanted.
    pub goals: Goals,
}

impl Policy for Several {
    fn name(&self) -> &str {
        self.name
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        if self.aim.price().is_some() && ask.cost.is_none() {
            return Err(PolicyError::NoCost { policy: self.name.into() });
        }
        let region = Region::new(ask.space)?;
        let mut proposals = Proposals::default();
        let mut history = ask.history.clone();
        for _ in 0..ask.count {
            let ask = Ask { history: &history, ..*ask };
            let point = self.one(&region, &ask, context, &mut proposals.work)?;
            let conditions = region.snap(&point);
            let conditions =
                not_pending(&region, conditions, &history.pending, history.next(), context);
            history.pending.push(region.space().to_unit(&conditions));
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
        let mut work = Work::default();
        let mut stream = context.streams.open("policy/first", history.next());
        let Some(learnt) = self.learn(space, history, context, &mut work)? else {
            return Ok(Some((stream.below(candidates.len()), work)));
        };
        let mut stream = context.streams.open("policy/search", history.next());
        let mut worth = learnt.worth(self.purpose());
        work.acquisitions += candidates.len() as u64;
        if self.aim == Aim::Thompson {
            return Ok(Some((highest(&worth.drawn(candidates, &mut stream)), work)));
        }
        let mut values = worth.values(candidates);
        if values[highest(&values)] <= worth::NOTHING {
            worth.purpose = Purpose::EXPECTED;
            values = worth.values(candidates);
        }
        Ok(Some((highest(&values), work)))
    }
}

/// Fewest experiments of an earlier campaign that say something of an outcome.
const FEWEST: usize = 3;

/// Most compromises of an earlier campaign near which a search begins.
const EARLIER: usize = 8;

/// What earlier campaigns have measured of an outcome; none of those that have measured too little.
fn earlier(history: &History, outcome: usize) -> Vec<Vec<Trial>> {
    let of =
        |trial: &Trial| Trial::at(trial.x.clone(), trial.values.get(outcome).copied().flatten());
    let campaigns = history.earlier.iter().map(|trials| trials.iter().map(of).collect());
    let measured = |trials: &Vec<Trial>| trials.iter().filter(|t| t.outcome.is_some()).count();
    campaigns.filter(|trials| measured(trials) >= FEWEST).collect()
}

/// The place of the highest value, the first of several.
fn highest(values: &[f64]) -> usize {
    let mut best = 0;
    for (i, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = i;
        }
    }
    best
}

/// What a history has taught.
struct Learnt {
    /// The goals, with three objectives at most.
    goals: Goals,
    /// A model of each outcome that matters, by its place.
    models: Vec<Option<Model>>,
    /// What has been tried, pending experiments included.
    tried: Tried,
    boxes: Boxes,
    feasibility: Option<Feasibility>,
}

impl Learnt {
    fn worth(&self, purpose: Purpose) -> Worth<'_> {
        Worth {
            goals: &self.goals,
            models: &self.models,
            boxes: &self.boxes,
            feasibility: self.feasibility.as_ref(),
            spreads: &self.tried.spreads,
            purpose,
            price: None,
        }
    }
}

impl Several {
    fn one(
        &self,
        region: &Region<'_>,
        ask: &Ask<'_>,
        context: &Context,
        work: &mut Work,
    ) -> Result<Vec<f64>, PolicyError> {
        let next = ask.history.next();
        let Some(learnt) = self.learn(ask.space, ask.history, context, work)? else {
            return Ok(region.sample(&mut context.streams.open("policy/first", next)));
        };
        let mut stream = context.streams.open("policy/search", next);
        let narrowed = self.narrow(region, ask.history, &learnt);
        let region = narrowed.as_ref().unwrap_or(region);
        let mut seeds = seeds(&learnt.tried, region.space(), &mut stream);
        seeds.extend(self.best_of_earlier(ask.history).into_iter().filter(|u| region.contains(u)));
        let mut worth = learnt.worth(self.purpose());
        if self.aim == Aim::Thompson {
            let mut points = search::candidates(region, CANDIDATES, &mut stream);
            points.extend(seeds.into_iter().filter(|u| region.contains(u)));
            work.acquisitions += points.len() as u64;
            let best = highest(&worth.drawn(&points, &mut stream));
            return Ok(points.swap_remove(best));
        }
        worth.price =
            ask.cost.zip(self.aim.price()).map(|(cost, of)| Price { space: ask.space, cost, of });
        let (mut point, evaluations) = SEARCH.run(region, &worth, seeds.clone(), &mut stream);
        work.acquisitions += evaluations;
        if worth.price.is_none() && worth.value(&point, &mut Vec::new()) <= worth::NOTHING {
            worth.purpose = Purpose::EXPECTED;
            let (found, evaluations) = SEARCH.run(region, &worth, seeds, &mut stream);
            work.acquisitions += evaluations;
            point = found;
        }
        if let (Some(_), Some(last)) = (&worth.price, ask.history.trials.last()) {
            work.acquisitions += stay(region, &worth, &last.x, &mut point);
        } else if worth.purpose != Purpose::Learn {
            work.acquisitions += loosen(region, &worth, &mut point, &mut stream);
        }
        Ok(point)
    }

    /// Models of all outcomes, and what has been reached; none before two experiments have yielded each outcome.
    fn learn(
        &self,
        space: &Space,
        history: &History,
        context: &Context,
        work: &mut Work,
    ) -> Result<Option<Learnt>, PolicyError> {
        let encoding = Encoding::of(space);
        let weighed = self.weighed(history, context);
        let (goals, history) = weighed.as_ref().map_or((&self.goals, history), |(g, h)| (g, h));
        let outcomes = goals.outcomes();
        let mut models: Vec<Option<Model>> = Vec::new();
        for outcome in outcomes {
            let data = history.outcomes(space.dim(), outcome);
            if data.1.len() < 2 {
                return Ok(None);
            }
            models.resize(outcome, None);
            models.push(Some(self.believe(&encoding, data, history, outcome, context, work)?));
        }
        let tried = Tried::new(goals, &models, history);
        let boxes = tried.boxes(goals);
        let feasibility = Feasibility::learn_in(history, &encoding);
        Ok(Some(Learnt { goals: goals.clone(), models, tried, boxes, feasibility }))
    }

    /// The model of an outcome. Its streams depend on the outcome and the number of experiments alone.
    fn believe(
        &self,
        encoding: &Encoding,
        data: (Array2<f64>, Vec<f64>),
        history: &History,
        outcome: usize,
        context: &Context,
        work: &mut Work,
    ) -> Result<Model, PolicyError> {
        let context = context.of_outcome(outcome).child("surrogate", data.1.len() as u64);
        // A weighed sum of outcomes is not an outcome of the simulator.
        let informed = !self.surrogate.needs_data_only() && context.mechanism().is_some();
        let alone = self.surrogate.needs_data_only() || informed;
        let surrogate = if alone { self.surrogate } else { SurrogateSpec::Gp };
        let earlier = earlier(history, outcome);
        if !earlier.is_empty() {
            let relation = Relation { surrogate, encoding, earlier: &earlier };
            return Ok(relation.believed(data, &history.pending, &context, work)?);
        }
        if self.evidence {
            let pending = &history.pending;
            return Ok(most_plausible(informed, encoding, data, pending, &context, work)?);
        }
        believed(surrogate, encoding, data, &history.pending, &context, work)
    }

    /// One objective in place of more than can be weighed exactly: the augmented Chebyshev distance
    /// from the worst, every objective
    /// divided by its range, with weights drawn for this experiment. The history has it as one outcome more.
    fn weighed(&self, history: &History, context: &Context) -> Option<(Goals, History)> {
        let objectives = self.goals.objectives.len();
        if objectives <= Boxes::MOST {
            return None;
        }
        let mut stream = context.streams.open("policy/weights", history.next());
        let weights: Vec<f64> = (0..objectives).map(|_| stream.exponential()).collect();
        let scores: Vec<Option<Vec<f64>>> =
            history.trials.iter().map(|trial| self.goals.scores(&trial.values)).collect();
        let known: Vec<Vec<f64>> = scores.iter().flatten().cloned().collect();
        let reference = self.goals.reference(&known);
        let scale = |k: usize| {
            let top = known.iter().map(|s| s[k]).fold(f64::NEG_INFINITY, f64::max);
            weights[k] / (top - reference[k]).max(f64::MIN_POSITIVE)
        };
        let scales: Vec<f64> = (0..objectives).map(scale).collect();
        let place = self.goals.outcomes().last().map_or(0, |last| last + 1);
        let mut history = history.clone();
        for trial in history.trials.iter_mut().chain(history.earlier.iter_mut().flatten()) {
            let score = self.goals.scores(&trial.values);
            trial.values.resize(place, None);
            trial.values.push(score.map(|s| chebyshev(&s, &reference, &scales)));
        }
        let all = Objective { outcome: place, goal: Goal::Maximize, worst: None };
        Some((Goals { objectives: vec![all], limits: self.goals.limits.clone() }, history))
    }

    /// Where the best compromises of earlier campaigns are: theirs may have another scale, and lie elsewhere.
    fn best_of_earlier(&self, history: &History) -> Vec<Vec<f64>> {
        let mut best = Vec::new();
        for trials in &history.earlier {
            let scored = trials.iter().filter_map(|t| Some((&t.x, self.goals.scores(&t.values)?)));
            let (points, scores): (Vec<&Vec<f64>>, Vec<Vec<f64>>) = scored.unzip();
            best.extend(pareto_front(&scores).into_iter().take(EARLIER).map(|i| points[i].clone()));
        }
        best
    }

    fn purpose(&self) -> Purpose {
        match self.aim {
            Aim::MaxVariance => Purpose::Learn,
            Aim::Exploit => Purpose::optimistic(0.0),
            Aim::Ucb { lambda } => Purpose::optimistic(lambda),
            _ => Purpose::EXPECTED,
        }
    }

    /// The box around one of the best compromises, in turn, for a policy that uses a part of the region only.
    fn narrow<'a>(
        &self,
        region: &Region<'a>,
        history: &History,
        learnt: &Learnt,
    ) -> Option<Region<'a>> {
        let front = &learnt.tried.front;
        if self.aim != Aim::TrustRegion || front.is_empty() {
            return None;
        }
        let centre = &learnt.tried.points[front[history.next() as usize % front.len()]];
        let half = half_width(&growing(history, &self.goals), centre.len());
        let reach = |input: &Input| if input.options().is_some() { 1.0 } else { half };
        let reach: Vec<f64> = region.space().inputs().iter().map(reach).collect();
        region.contains(centre).then(|| region.around(centre, &reach))
    }
}

/// The history with the hypervolume so far as its outcome: what a trust region takes for success is that it grows.
fn growing(history: &History, goals: &Goals) -> History {
    let scores: Vec<Option<Vec<f64>>> = history
        .trials
        .iter()
        .map(|trial| goals.scores(&trial.values).filter(|_| goals.allow(&trial.values)))
        .collect();
    let known: Vec<Vec<f64>> = scores.iter().flatten().cloned().collect();
    let reference = goals.reference(&known);
    let mut seen: Vec<Vec<f64>> = Vec::new();
    let trials = history.trials.iter().zip(scores).map(|(trial, score)| {
        let outcome = score.map(|score| {
            seen.push(score);
            hypervolume(&seen, &reference)
        });
        Trial::at(trial.x.clone(), outcome)
    });
    History { trials: trials.collect(), ..History::default() }
}

/// Points to evaluate before a local search from any.
const CANDIDATES: usize = 256;

/// How thoroughly to look.
const SEARCH: Search = Search::MANY_STARTS;

/// Best experiments around which to look closer, and points around each at every distance.
const NEAR: usize = 6;

/// Where an input is varied to see whether anything depends on it.
const PROBES: [f64; 5] = [0.1, 0.3, 0.5, 0.7, 0.9];

/// Largest change of the logarithm of a value that counts as none.
const FLAT: f64 = 0.05;

/// How often inputs on which nothing depends are drawn.
const DRAWS: usize = 8;

/// Draws anew the inputs of `point` on which its value does not depend, as far as the models know; returns the evaluations.
///
/// A search leaves such an input where it began or at an end. What was tried at both ends alone of an effect that is the same at
/// both is believed to have no effect, and would be tried there for ever.
fn loosen(
    region: &Region<'_>,
    worth: &Worth<'_>,
    point: &mut Vec<f64>,
    stream: &mut Stream,
) -> u64 {
    let with = |j: usize, x: f64| {
        let mut other = point.clone();
        other[j] = x;
        other
    };
    let inputs = region.space().inputs();
    let numbers: Vec<usize> =
        (0..inputs.len()).filter(|j| inputs[*j].options().is_none()).collect();
    let mut points = vec![point.clone()];
    points.extend(numbers.iter().flat_map(|j| PROBES.map(|x| with(*j, x))));
    let values = worth.values(&points);
    let mut evaluations = values.len() as u64;
    let near = |value: &f64| (value - values[0]).abs() < FLAT;
    let probes = values[1..].chunks_exact(PROBES.len());
    let flat: Vec<usize> = numbers
        .into_iter()
        .zip(probes)
        .filter(|(_, of)| of.iter().all(near))
        .map(|(j, _)| j)
        .collect();
    if flat.is_empty() {
        return evaluations;
    }
    for _ in 0..DRAWS {
        let mut other = point.clone();
        flat.iter().for_each(|j| other[*j] = stream.uniform());
        evaluations += 1;
        if region.contains(&other) && near(&worth.value(&other, &mut Vec::new())) {
            *point = other;
            break;
        }
    }
    evaluations
}

/// `min_k w_k (s_k - r_k) + 0.05 Σ_k w_k (s_k - r_k)`.
fn chebyshev(scores: &[f64], reference: &[f64], scales: &[f64]) -> f64 {
    let parts = scores.iter().zip(reference).zip(scales).map(|((s, r), w)| w * (s - r));
    let (least, sum) = parts.fold((f64::INFINITY, 0.0), |(l, sum), p| (l.min(p), sum + p));
    least + 0.05 * sum
}

/// Points near the best compromises, evenly from one end of the front to the other; where there is no front, near the
/// experiments that come closest to keeping the limits.
fn seeds(tried: &Tried, space: &Space, stream: &mut Stream) -> Vec<Vec<f64>> {
    let from = if tried.front.is_empty() { &tried.nearest } else { &tried.front };
    let count = from.len().min(NEAR);
    let mut seeds = Vec::new();
    let mut centres: Vec<&Vec<f64>> = Vec::new();
    for i in 0..count {
        let place = if count > 1 { i * (from.len() - 1) / (count - 1) } else { 0 };
        let point = &tried.points[from[place]];
        if centres.iter().all(|other| squared_distance(other, point) > 0.0) {
            centres.push(point);
        }
    }
    debug_assert!(centres.iter().all(|centre| centre.len() == space.dim()));
    for x in centres {
        for width in [0.02, 0.05, 0.1, 0.2] {
            for _ in 0..3 {
                let near = |x: &f64| (x + width * stream.normal()).clamp(0.0, 1.0);
                seeds.push(x.iter().map(near).collect());
            }
        }
    }
    seeds
}
