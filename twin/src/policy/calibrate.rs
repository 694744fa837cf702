//! The experiment that is expected to tell most of the free keys of a simulator.

use std::sync::Arc;

use flowtwin_lab::{Conditions, Space, Stream, math};

use crate::linalg::{
    cholesky, dot, gram_of_columns, invert_factor, lower_times, lower_transposed_times,
    transposed_times,
};
use crate::mechanism::{Lesson, Question, Teaching};
use crate::policy::{Ask, Policy, PolicyError, Proposals};
use crate::region::Region;
use crate::search::candidates;
use crate::{Context, Cost, History, Trial, Work};

/// Points of a scrambled Sobol' sequence that are looked at for each proposal.
const CANDIDATES: usize = 128;
/// How far from the best point others are looked at, one round after another, in standard deviations of each input …
const CLOSER: [f64; 3] = [0.25, 0.1, 0.04];
/// … and how many in each round.
const NEAR: usize = 16;
/// Most steps of Gauss and Newton.
const ROUNDS: usize = 8;
/// Most times that a step is halved.
const HALVINGS: usize = 5;
/// A step that moves nothing by so much of its standard deviation is the last.
const SETTLED: f64 = 0.02;
/// Farthest that a parameter may go from what was believed, in standard deviations.
const FARTHEST: f64 = 4.0;
/// Seconds of an hour.
const HOUR_S: f64 = 3600.0;

/// Proposes what is expected to tell most of the free keys of the lab's simulator: what makes the determinant of the covariance
/// of the keys smallest (D-optimal; Atkinson, Donev and Tobias 2007, "Optimum experimental designs, with SAS", ch. 11 and 17).
///
/// Before each proposal the keys are estimated from all that the experiments so far have measured, with what was believed of
/// them before. About the estimate the simulator is linear: an experiment whose derivatives, freed of noise, are J adds JᵀJ to
/// the information, whatever it will measure. So pending experiments count as done, and so do those proposed before it in the
/// same answer. Errors that all experiments of a run have in common are estimated too, and no information about them counts
/// (D_s-optimal, ch. 10.3 there).
///
/// Where time or reagents have a price, the gain of an experiment is divided by what it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibrate {
    /// What an hour of lab time costs.
    pub per_hour: f64,
    /// What a millilitre of all reagents together costs.
    pub per_ml: f64,
}

impl Policy for Calibrate {
    fn name(&self) -> &'static str {
        "calibrate"
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        let region = Region::new(ask.space)?;
        let cost = self.cost(ask)?;
        let mut known = Known::of(ask.history, context)?;
        let mut pending = ask.history.pending.clone();
        let mut proposals = Proposals::default();
        for _ in 0..ask.count {
            let number = (ask.history.trials.len() + pending.len()) as u64;
            let mut stream = context.streams.open("policy/search", number);
            let search = Search { policy: *self, region: &region, pending: &pending, cost };
            let best = search.run(&mut known, &mut stream);
            let conditions = best.unwrap_or_else(|| region.snap(&region.sample(&mut stream)));
            let x = ask.space.to_unit(&conditions);
            known.count(&x);
            pending.push(x);
            proposals.conditions.push(conditions);
        }
        proposals.work = known.work;
        Ok(proposals)
    }

    /// Prices do not count here: a table of outcomes has none.
    fn pick(
        &self,
        _space: &Space,
        history: &History,
        candidates: &[Vec<f64>],
        context: &Context,
    ) -> Result<Option<(usize, Work)>, PolicyError> {
        let mut known = Known::of(history, context)?;
        let gains = known.gains(candidates);
        let mut best = 0;
        for (i, gain) in gains.iter().enumerate() {
            if *gain > gains[best] {
                best = i;
            }
        }
        Ok(Some((best, known.work)))
    }
}

/// What an experiment costs.
type Costs<'a> = &'a dyn Fn(&Conditions) -> Cost;

impl Calibrate {
    /// What experiments cost, where that matters.
    fn cost<'a>(&self, ask: &Ask<'a>) -> Result<Option<Costs<'a>>, PolicyError> {
        let matters = self.per_hour > 0.0 || self.per_ml > 0.0;
        match ask.cost {
            None if matters => Err(PolicyError::NoCost { policy: self.name().into() }),
            cost => Ok(cost.filter(|_| matters)),
        }
    }

    fn price(&self, cost: Cost) -> f64 {
        self.per_hour * cost.lab_time_s / HOUR_S + self.per_ml * cost.reagent_ml
    }
}

/// Where an experiment would tell most.
struct Search<'a> {
    policy: Calibrate,
    region: &'a Region<'a>,
    pending: &'a [Vec<f64>],
    cost: Option<Costs<'a>>,
}

impl Search<'_> {
    /// The best conditions that were found; none where no experiment is expected to tell anything.
    fn run(&self, known: &mut Known, stream: &mut Stream) -> Option<Conditions> {
        let mut best = None;
        self.look(known, candidates(self.region, CANDIDATES, stream), &mut best);
        for reach in CLOSER {
            let (_, from) = best.clone()?;
            let around = (0..NEAR).map(|_| {
                let to: Vec<f64> =
                    from.iter().map(|u| (u + reach * stream.normal()).clamp(0.0, 1.0)).collect();
                self.region.clip(&from, &to)
            });
            self.look(known, around.collect(), &mut best);
        }
        let (_, u) = best?;
        Some(self.region.snap(&u))
    }

    /// Looks at points, and keeps the best of them if it is better than the one before.
    fn look(&self, known: &mut Known, points: Vec<Vec<f64>>, best: &mut Option<(f64, Vec<f64>)>) {
        let space = self.region.space();
        let settable = points.iter().map(|u| self.region.snap(u));
        let (mut all, mut prices) = (Vec::new(), Vec::new());
        for conditions in settable {
            let u = space.to_unit(&conditions);
            if !self.pending.contains(&u) {
                all.push(u);
                prices.push(self.cost.map_or(1.0, |cost| self.policy.price(cost(&conditions))));
            }
        }
        let gains = known.gains(&all);
        for ((gain, price), u) in gains.into_iter().zip(prices).zip(all) {
            let worth = gain / price.max(f64::MIN_POSITIVE);
            if worth > best.as_ref().map_or(0.0, |(most, _)| *most) {
                *best = Some((worth, u));
            }
        }
    }
}

/// What is known of the parameters and of the errors that are shared, which come first.
#[derive(Debug)]
struct Known {
    teaching: Arc<dyn Teaching>,
    /// Parameters [p].
    z: Vec<f64>,
    shared: usize,
    /// Information [n, n], of which the lower triangle counts.
    information: Vec<f64>,
    /// Logarithm of the determinant of the information on the parameters alone.
    told: f64,
    work: Work,
}

/// An estimate, and what the experiments tell there.
struct Estimate {
    /// Errors that are shared, and parameters [n].
    at: Vec<f64>,
    lessons: Vec<Lesson>,
    /// Squares of residuals and of the estimate itself.
    squares: f64,
}

impl Known {
    /// From the history, its pending experiments included.
    fn of(history: &History, context: &Context) -> Result<Self, PolicyError> {
        let none = || PolicyError::NoSimulator { policy: "calibrate".into() };
        let teaching = context.mechanism().and_then(|m| m.teaching()).ok_or_else(none)?;
        let (shared, parameters) = (teaching.shared(), teaching.parameters());
        let (n, z) = (shared + parameters, vec![0.0; parameters]);
        let mut known = Self {
            teaching,
            z,
            shared,
            information: identity(n),
            told: 0.0,
            work: Work::default(),
        };
        let questions: Vec<Question<'_>> = history.trials.iter().filter_map(question).collect();
        let estimate = known.estimate(&questions).ok_or_else(none)?;
        known.z = estimate.at[shared..].to_vec();
        estimate.lessons.iter().for_each(|lesson| known.add(lesson));
        history.pending.iter().for_each(|x| known.count(x));
        Ok(known)
    }

    fn size(&self) -> usize {
        self.shared + self.z.len()
    }

    fn lessons(&mut self, z: &[f64], questions: &[Question<'_>]) -> Option<Vec<Lesson>> {
        let lessons = self.teaching.lessons(z, questions)?;
        self.work.simulations += lessons.iter().map(|lesson| lesson.simulations).sum::<u64>();
        Some(lessons)
    }

    /// The most probable parameters and shared errors, by steps of Gauss and Newton that are halved until they help; none where
    /// the simulator cannot be run at what was believed before.
    fn estimate(&mut self, questions: &[Question<'_>]) -> Option<Estimate> {
        let mut here = self.about(vec![0.0; self.size()], questions)?;
        for _ in 0..ROUNDS {
            let step = self.step(&here);
            let Some(next) = self.along(&here, &step, questions) else { break };
            let far = next.at.iter().zip(&here.at).any(|(a, b)| (a - b).abs() > SETTLED);
            here = next;
            if !far {
                break;
            }
        }
        Some(here)
    }

    fn about(&mut self, at: Vec<f64>, questions: &[Question<'_>]) -> Option<Estimate> {
        let lessons = self.lessons(&at[self.shared..], questions)?;
        let off = lessons.iter().flat_map(|lesson| self.left(lesson, &at));
        let squares = off.map(|off| off * off).sum::<f64>() + dot(&at, &at);
        squares.is_finite().then_some(Estimate { at, lessons, squares })
    }

    /// Residuals of an experiment once shared errors are taken out.
    fn left(&self, lesson: &Lesson, at: &[f64]) -> Vec<f64> {
        let rows = lesson.slopes.chunks_exact(self.size());
        let pairs = lesson.residuals.iter().zip(rows);
        pairs.map(|(off, row)| off - dot(&row[..self.shared], &at[..self.shared])).collect()
    }

    /// (I + Σ JᵀJ)⁻¹ (Σ Jᵀ r − θ).
    fn step(&self, here: &Estimate) -> Vec<f64> {
        let n = self.size();
        let mut information = identity(n);
        let mut target: Vec<f64> = here.at.iter().map(|at| -at).collect();
        for lesson in &here.lessons {
            add(&mut information, &gram_of_columns(&lesson.slopes, n));
            let left = self.left(lesson, &here.at);
            add(&mut target, &transposed_times(&lesson.slopes, n, &left));
        }
        solved(information, &target)
    }

    fn along(
        &mut self,
        here: &Estimate,
        step: &[f64],
        questions: &[Question<'_>],
    ) -> Option<Estimate> {
        let mut share = 1.0;
        for _ in 0..=HALVINGS {
            let moved = here.at.iter().zip(step);
            let next = moved.map(|(at, by)| (at + share * by).clamp(-FARTHEST, FARTHEST));
            let next = self.about(next.collect(), questions);
            // A peak that vanishes leaves nothing over, and is no better for that.
            let reads = |it: &Estimate| it.lessons.iter().map(|l| l.residuals.len()).sum::<usize>();
            let is_better =
                |next: &Estimate| next.squares < here.squares && reads(next) >= reads(here);
            if let Some(next) = next.filter(is_better) {
                return Some(next);
            }
            share *= 0.5;
        }
        None
    }

    /// Counts an experiment at `x` [d] as done.
    fn count(&mut self, x: &[f64]) {
        let z = self.z.clone();
        let lessons = self.lessons(&z, &[Question { x, measured: None }]);
        lessons.iter().flatten().for_each(|lesson| self.add(lesson));
    }

    fn add(&mut self, lesson: &Lesson) {
        let n = self.size();
        add(&mut self.information, &gram_of_columns(&lesson.slopes, n));
        self.told = told(self.information.clone(), n, self.shared);
    }

    /// By how much the logarithm of the determinant of the information on the parameters grows with an experiment at each of
    /// these points \[q\]\[d\]; by nothing where the simulator cannot be run about the estimate.
    fn gains(&mut self, points: &[Vec<f64>]) -> Vec<f64> {
        let (z, n) = (self.z.clone(), self.size());
        self.work.acquisitions += points.len() as u64;
        let questions: Vec<Question<'_>> =
            points.iter().map(|x| Question { x, measured: None }).collect();
        let Some(lessons) = self.lessons(&z, &questions) else { return vec![0.0; points.len()] };
        let gain = |lesson: &Lesson| {
            let mut information = self.information.clone();
            add(&mut information, &gram_of_columns(&lesson.slopes, n));
            told(information, n, self.shared) - self.told
        };
        lessons.iter().map(gain).collect()
    }
}

/// An experiment of which something was measured.
fn question(trial: &Trial) -> Option<Question<'_>> {
    let measured = trial.features.iter().any(Option::is_some);
    measured.then_some(Question { x: &trial.x, measured: Some(&trial.features) })
}

fn identity(n: usize) -> Vec<f64> {
    let mut all = vec![0.0; n * n];
    all.iter_mut().step_by(n + 1).for_each(|one| *one = 1.0);
    all
}

fn add(to: &mut [f64], more: &[f64]) {
    to.iter_mut().zip(more).for_each(|(to, more)| *to += more);
}

/// Logarithm of the determinant of what an `information` [n, n] says of all but its first `shared` once these are unknown: of its
/// Schur complement, whose pivots are the last ones of the factorization.
fn told(mut information: Vec<f64>, n: usize, shared: usize) -> f64 {
    match cholesky(&mut information, n) {
        true => 2.0 * (shared..n).map(|i| math::ln(information[i * n + i])).sum::<f64>(),
        false => f64::NEG_INFINITY,
    }
}

/// The solution of a positive definite system, of which the lower triangle counts; zeros where it is none.
fn solved(mut matrix: Vec<f64>, right: &[f64]) -> Vec<f64> {
    let n = right.len();
    if !cholesky(&mut matrix, n) {
        return vec![0.0; n];
    }
    let (mut half, mut all) = (Vec::new(), Vec::new());
    let inverse = invert_factor(&matrix, n);
    lower_times(&inverse, n, right, &mut half);
    lower_transposed_times(&inverse, n, &half, &mut all);
    all
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Input, Streams};

    use super::*;
    use crate::mechanism::{Mechanism, Tuned};

    /// Outcomes as a function of x \[d\] and parameters \[p\], with a noise of `sd`, and an offset of so many `sd` that is shared.
    #[derive(Clone, Debug)]
    struct Toy {
        of: fn(&[f64], &[f64]) -> f64,
        parameters: usize,
        sd: f64,
        offset: Option<f64>,
    }

    impl Mechanism for Toy {
        fn parameters(&self) -> usize {
            self.parameters
        }
        fn tuned(&self, _: &[f64]) -> Option<Arc<dyn Tuned>> {
            None
        }
        fn teaching(&self) -> Option<Arc<dyn Teaching>> {
            Some(Arc::new(self.clone()))
        }
    }

    impl Teaching for Toy {
        fn parameters(&self) -> usize {
            self.parameters
        }
        fn shared(&self) -> usize {
            usize::from(self.offset.is_some())
        }
        fn lessons(&self, z: &[f64], experiments: &[Question<'_>]) -> Option<Vec<Lesson>> {
            let lesson = |question: &Question<'_>| {
                let here = (self.of)(question.x, z);
                let by = |k: usize| {
                    let mut moved = z.to_vec();
                    moved[k] += 1e-5;
                    ((self.of)(question.x, &moved) - here) / (1e-5 * self.sd)
                };
                let seen = question.measured.map_or(here, |seen| seen[0].unwrap_or(here));
                let slopes = self.offset.into_iter().chain((0..z.len()).map(by)).collect();
                Lesson { residuals: vec![(seen - here) / self.sd], slopes, simulations: 1 }
            };
            Some(experiments.iter().map(lesson).collect())
        }
    }

    fn context(toy: &Toy) -> Context {
        Context::new(Streams::new(3)).with_mechanism(Some(Arc::new(toy.clone())))
    }

    fn space(dim: usize) -> Space {
        let input = |i| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
        Space::new((0..dim).map(input).collect(), Vec::new()).unwrap()
    }

    fn proposed(policy: Calibrate, toy: &Toy, history: &History, count: usize) -> Vec<f64> {
        let space = space(1);
        // An experiment takes ten hours for each unit of its input, and one before.
        let cost = |conditions: &Conditions| Cost {
            lab_time_s: HOUR_S * (1.0 + 10.0 * conditions.values()[0]),
            reagent_ml: 0.0,
        };
        let ask =
            Ask { space: &space, history, count, asked: 0, planned: count, cost: Some(&cost) };
        let answer = policy.propose(&ask, &context(toy)).unwrap();
        assert_eq!(answer, policy.propose(&ask, &context(toy)).unwrap(), "a pure function");
        assert!(answer.work.simulations > 100 && answer.work.acquisitions > 100);
        answer.conditions.iter().map(|conditions| conditions.values()[0]).collect()
    }

    /// A decay to 1/e at x = 1/k, where k is believed to be 5 within 20 %.
    fn decay() -> Toy {
        let of = |x: &[f64], z: &[f64]| math::exp(-5.0 * math::exp(0.2 * z[0]) * x[0]);
        Toy { of, parameters: 1, sd: 0.01, offset: None }
    }

    /// Box and Lucas 1959, DOI 10.1093/biomet/46.1-2.77: a rate constant is told best at the time that is its reciprocal.
    #[test]
    fn a_rate_is_told_best_when_a_time_constant_has_passed() {
        let first = proposed(Calibrate::default(), &decay(), &History::default(), 1)[0];
        assert!((first - 0.2).abs() < 0.01, "{first}");
    }

    #[test]
    fn the_estimate_of_what_was_measured_moves_the_next_experiment() {
        // In truth it decays twice as fast: that is farther than the belief says, but the noise is small.
        let measured = |x: f64| {
            let y = math::exp(-10.0 * x);
            Trial::at(vec![x], None).with_features(vec![Some(y)])
        };
        let trials = [0.1, 0.15, 0.2, 0.3].map(measured).to_vec();
        let history = History { trials, ..History::default() };
        let next = proposed(Calibrate::default(), &decay(), &history, 1)[0];
        assert!((next - 0.1).abs() < 0.01, "{next}");
        let known = Known::of(&history, &context(&decay())).unwrap();
        assert!((known.z[0] - 5.0 * std::f64::consts::LN_2).abs() < 0.1, "{:?}", known.z);
    }

    /// A line: D-optimal are its ends, as often one as the other.
    fn line() -> Toy {
        Toy { of: |x, z| z[0] + z[1] * x[0], parameters: 2, sd: 0.01, offset: None }
    }

    #[test]
    fn a_line_is_told_best_from_its_ends_and_what_is_pending_counts() {
        let policy = Calibrate::default();
        let together = proposed(policy, &line(), &History::default(), 4);
        let (low, high) = together.iter().partition::<Vec<f64>, _>(|x| **x < 0.5);
        assert!(low.len() == 2 && high.len() == 2, "{together:?}");
        assert!(low.iter().all(|x| *x < 0.05) && high.iter().all(|x| *x > 0.95), "{together:?}");
        let pending = History { pending: vec![vec![1.0]], ..History::default() };
        assert!(proposed(policy, &line(), &pending, 1)[0] < 0.05);
        let failed = Trial::at(vec![1.0], None);
        let failed = History { trials: vec![failed], ..History::default() };
        assert!(proposed(policy, &line(), &failed, 1)[0] > 0.95, "nothing was told there");
    }

    /// An unknown offset that all experiments share tells nothing of the height of a line, and nobody wants to know the offset.
    #[test]
    fn what_a_run_has_in_common_is_no_information() {
        let told_at = |offset: Option<f64>, points: &[f64]| {
            let toy = Toy { offset, ..line() };
            let pending = points.iter().map(|x| vec![*x]).collect();
            let history = History { pending, ..History::default() };
            Known::of(&history, &context(&toy)).unwrap().told
        };
        // Each of n experiments adds (1, x) (1, x)ᵀ / sd² to the information; a shared offset of s sd takes (Σ (1, x))² / (n + 1/s²) off.
        let by_hand = |s: f64, points: &[f64]| {
            let n = points.len() as f64;
            let (sum, squares) =
                (points.iter().sum::<f64>(), points.iter().map(|x| x * x).sum::<f64>());
            let lost = if s > 0.0 { 1.0 / (n + 1.0 / (s * s)) } else { 0.0 };
            let of = |a: f64, b: f64, product: f64| 1e4 * (product - lost * a * b);
            let (aa, ab, bb) = (1.0 + of(n, n, n), of(n, sum, sum), 1.0 + of(sum, sum, squares));
            math::ln(aa * bb - ab * ab)
        };
        for points in [&[0.0, 1.0][..], &[0.2, 0.5, 0.9]] {
            for offset in [None, Some(0.5), Some(100.0)] {
                let expected = by_hand(offset.unwrap_or(0.0), points);
                let told = told_at(offset, points);
                assert!((told - expected).abs() < 1e-6, "{offset:?} {told} {expected}");
            }
        }
    }

    #[test]
    fn what_costs_much_must_tell_much() {
        let priced = Calibrate { per_hour: 1.0, per_ml: 0.0 };
        let (free, priced) = (
            proposed(Calibrate::default(), &decay(), &History::default(), 1)[0],
            proposed(priced, &decay(), &History::default(), 1)[0],
        );
        assert!(priced < 0.5 * free && (priced - best_per_hour()).abs() < 0.005, "{priced}");
    }

    /// Where the logarithm of the information of one experiment on a decay is largest for each hour, on a fine grid.
    fn best_per_hour() -> f64 {
        let worth = |x: f64| {
            let slope = 0.2 * 5.0 * x * math::exp(-5.0 * x) / 0.01;
            math::ln(1.0 + slope * slope) / (1.0 + 10.0 * x)
        };
        let all = (1..2000).map(|i| 0.0005 * f64::from(i));
        all.max_by(|a, b| worth(*a).total_cmp(&worth(*b))).unwrap()
    }

    #[test]
    fn of_given_points_it_picks_the_one_that_tells_most() {
        let candidates = [0.01, 0.6, 0.19, 0.9].map(|x| vec![x]);
        let picked = Calibrate::default().pick(
            &space(1),
            &History::default(),
            &candidates,
            &context(&decay()),
        );
        assert_eq!(picked.unwrap().unwrap().0, 2);
    }

    #[test]
    fn without_a_simulator_or_a_price_that_it_needs_it_says_so() {
        let (space, history) = (space(1), History::default());
        let ask =
            Ask { space: &space, history: &history, count: 1, asked: 0, planned: 1, cost: None };
        let plain = Context::new(Streams::new(1));
        let error = Calibrate::default().propose(&ask, &plain).unwrap_err();
        assert_eq!(error.to_string(), "calibrate needs a simulator of the lab with free keys");
        let priced = Calibrate { per_hour: 0.0, per_ml: 1.0 };
        let error = priced.propose(&ask, &context(&decay())).unwrap_err();
        assert_eq!(error, PolicyError::NoCost { policy: "calibrate".into() });
    }
}
