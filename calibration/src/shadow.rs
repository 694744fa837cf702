//! The calibrated simulator beside a lab: is the rig still as it was, and if not, what has moved?
//!
//! ```text
//!   Experiment ──► what is expected, what is common to the run ──► innovation ──► Chart ──► Alarm: what, by how much, since when
//! ```
//!
//! Every observation is held against its predictive distribution: noise of the experiment, fills of the pumps, calibrations of
//! instruments, and the uncertainty of the fitted keys. The noise is the scenario's, made larger or smaller by what the run itself shows.

mod alarm;
mod chart;
mod filter;
mod look;
mod part;
mod recalibration;

use std::collections::VecDeque;

use flowtwin_campaign::scenario::{Expected, Posterior, Scenario, plan, world};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::math::ln;
use flowtwin_lab::{Conditions, Instant, Observation, PumpId};
use nalgebra::{DMatrix, DVector};
use serde_json::Value;

use crate::block::Block;
use crate::data::drawn;
use crate::experiment::Experiment;
use crate::explained::{chance, exceeded};
use crate::noise::Noise;
use alarm::Told;
use chart::{Chart, OLDEST, sum};
use filter::{Filter, Step};
pub use flowtwin_report::shadow::{
    Account, Alarm, FALSE_ALARM_H, Feature, Look, OverRun, Recalibration, Revalued, Suspect,
};
use look::{minus, slope, values};
use part::Watched;

/// Conditions at which the noise is simulated.
const PLACES: usize = 6;
/// By how much a pump gives more, in parts, and plates are warmer [K], where slopes are computed.
const MORE: f64 = 0.01;
const WARMER_K: f64 = 0.5;
/// Chance below which an experiment counts less: it may be an outlier.
const OUTLIER: f64 = 1e-3;
/// What the model may be off by in each feature all the time, in standard deviations of one experiment: the blank of a run is
/// noisy, and no model is exact.
const MISFIT: f64 = 0.3;
/// The scenario's noise counts as so many numbers of the run.
const BELIEVED: f64 = 100.0;
/// Probability from which a suspect is expected from then on.
const EXPECTED: f64 = 0.05;

/// A shadow of a lab.
#[derive(Clone, Debug)]
pub struct Shadow<'a> {
    scenario: &'a Scenario,
    /// The world as it is expected to be now.
    world: Value,
    noise: Noise,
    rig: Expected<'a>,
    /// Rigs on which one pump gives a little more, and what a fill of it may be off by.
    flows: Vec<(Expected<'a>, f64)>,
    warm: Expected<'a>,
    /// Rigs whose instruments are calibrated a standard deviation off, one at a time.
    misread: Vec<Expected<'a>>,
    /// Rigs a deviation up and down along each direction of the posterior.
    posterior: Vec<[Expected<'a>; 2]>,
    parts: Vec<Watched<'a>>,
    filter: Filter,
    chart: Chart,
    /// Parts that have moved already, and their growth: the last constants of the filter.
    moved: Vec<(usize, f64)>,
    /// Sum of squares of what was measured, and of how many numbers.
    scattered: (f64, f64),
    hours: f64,
    alarms: Vec<Alarm>,
    /// The parts of the last alarm.
    told: Option<Told>,
    recalibrations: Vec<Recalibration>,
    looks: Vec<Look>,
    /// The experiments since the last alarm.
    seen: VecDeque<Seen>,
    /// When the run began, and what was set last.
    began: Option<Instant>,
    before: Option<Conditions>,
}

impl<'a> Shadow<'a> {
    /// A shadow of the lab that `scenario` describes.
    ///
    /// # Errors
    /// If the scenario cannot be simulated, or its posterior is not valid.
    pub fn new(scenario: &'a Scenario) -> Result<Self, Diagnostic> {
        scenario.simulated().map_err(Diagnostic::from)?;
        Self::of(scenario, noise(scenario)?, world(&scenario.definition()))
    }

    /// A shadow of a rig that is now as in `world`.
    fn of(scenario: &'a Scenario, noise: Noise, world: Value) -> Result<Self, Diagnostic> {
        let built = |world: &Value| plan(world).map(|plan| Expected::on(scenario, &plan));
        let rig = built(&world).map_err(Diagnostic::new)?;
        let pump = |(pump, bias): (&PumpId, f64)| {
            let mut more = rig.clone();
            more.deliver(pump, 1.0 + MORE);
            (more, bias)
        };
        let flows: Vec<(Expected<'a>, f64)> = noise.pumps().map(pump).collect();
        let mut warm = rig.clone();
        warm.warm(WARMER_K);
        let misread = noise.misreadings().iter().map(|off| {
            let mut misread = rig.clone();
            misread.misread(off.reading, off.factor, off.offset);
            misread
        });
        let misread: Vec<Expected<'a>> = misread.collect();
        let directions = Posterior::of(scenario)?.map_or_else(Vec::new, |p| p.directions(&world));
        let both = |[up, down]: [Value; 2]| Ok([built(&up)?, built(&down)?]);
        let posterior: Vec<[Expected<'a>; 2]> = directions
            .into_iter()
            .map(both)
            .collect::<Result<_, String>>()
            .map_err(Diagnostic::new)?;
        let shared = flows.iter().filter(|(_, bias)| *bias > 0.0).count() + misread.len();
        Ok(Self {
            filter: Filter::new(scenario.features().len() + shared + posterior.len()),
            parts: Watched::all(scenario, &world, |world| {
                built(world).ok().map(|moved| moved.after_the_blank_of(&rig))
            })?,
            scenario,
            world,
            noise,
            rig,
            flows,
            warm,
            misread,
            posterior,
            chart: Chart::default(),
            moved: Vec::new(),
            scattered: (BELIEVED, BELIEVED),
            hours: 0.0,
            alarms: Vec::new(),
            told: None,
            recalibrations: Vec::new(),
            looks: Vec::new(),
            seen: VecDeque::new(),
            began: None,
            before: None,
        })
    }

    /// What has been told so far.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// What came of the run so far, under this name.
    pub fn account(&self, run: &str) -> Account {
        let account = Account::new(run, self.hours, self.scatter(), &self.alarms, &self.looks);
        Account { recalibrations: self.recalibrations.clone(), ..account }
    }

    /// Looks at the next experiment of a run as it ends; answers with an alarm if it raises one. Experiments that failed or
    /// are flagged tell nothing.
    pub fn observe(&mut self, number: u64, seen: &Observation) -> Option<&Alarm> {
        let began = *self.began.get_or_insert(seen.started);
        let hours = seen.ended.since(began).as_secs() / 3600.0;
        let before = self.before.replace(seen.conditions.clone());
        let experiment = Experiment::observed(self.scenario, seen, before.as_ref(), hours)?;
        self.look(number, &experiment)
    }

    /// Looks at the next experiment of a run, whose number this is; answers with an alarm if it raises one.
    pub fn look(&mut self, number: u64, experiment: &Experiment) -> Option<&Alarm> {
        let before = self.alarms.len();
        if self.told.take().is_some() {
            self.seen.clear();
        }
        if self.seen.len() > OLDEST {
            self.seen.pop_front();
        }
        let (filter, moved) = (self.filter.clone(), self.moved.len());
        self.seen.push_back(Seen { number, experiment: experiment.clone(), filter, moved });
        let look = self.held_against(number, experiment);
        self.looks.push(look);
        self.alarms.get(before)
    }

    fn held_against(&mut self, number: u64, experiment: &Experiment) -> Look {
        let Learnt { said, common, block, effects, step, innovation } = self.learnt(experiment);
        let look = self.told((number, experiment), (&said, &common), &block, (&step, &innovation));
        if !innovation.is_empty() {
            self.judge((number, experiment.hours), &effects, &step, &innovation);
        }
        look
    }

    /// Learns from an experiment what is common to the run.
    fn learnt(&mut self, experiment: &Experiment) -> Learnt {
        let said = values(&mut self.rig, experiment);
        let flows: Vec<Vec<f64>> =
            self.flows.iter_mut().map(|(rig, _)| slope(rig, experiment, &said, MORE)).collect();
        let warmth = slope(&mut self.warm, experiment, &said, WARMER_K);
        let block = self.noise.own(experiment, &said, &flows, &warmth);
        let effect =
            |watched: &mut Watched<'_>| (watched.effect(experiment, &said, &block), watched.chance);
        let effects: Vec<(DVector<f64>, f64)> = self.parts.iter_mut().map(effect).collect();
        let design = self.design((experiment, &said), &block, &flows, &effects);
        self.grow();
        let seen: Vec<f64> = experiment.features.iter().map(|f| f.unwrap_or(f64::NAN)).collect();
        let residual = block.free(&minus(&seen, &said));
        let common = self.filter.expected(&design);
        let step = self.filter.see(design);
        let scatter = self.scatter();
        let innovation = self.filter.learn(&step, &residual, |it| shortened(it, scatter));
        Learnt { said, common, block, effects, step, innovation }
    }

    /// What has moved little by little goes on.
    fn grow(&mut self) {
        let first = self.filter.len() - self.moved.len();
        for (place, (_, growth)) in self.moved.iter().enumerate() {
            self.filter.loosen(first + place, growth * growth);
        }
    }

    /// What constants of the run do to an experiment, free of noise [numbers × constants].
    fn design(
        &mut self,
        (experiment, said): (&Experiment, &[f64]),
        block: &Block,
        flows: &[Vec<f64>],
        effects: &[(DVector<f64>, f64)],
    ) -> DMatrix<f64> {
        let features = 0..self.scenario.features().len();
        let fills = self.flows.iter().zip(flows).filter(|((_, bias), _)| *bias > 0.0);
        let mut columns: Vec<DVector<f64>> =
            features.map(|feature| MISFIT * block.of_one(feature)).collect();
        columns.extend(fills.map(|((_, bias), slope)| *bias * block.free(slope)));
        let misread = self.misread.iter_mut();
        columns.extend(misread.map(|rig| block.free(&minus(&values(rig, experiment), said))));
        for [up, down] in &mut self.posterior {
            let (up, down) = (values(up, experiment), values(down, experiment));
            columns.push(0.5 * block.free(&minus(&up, &down)));
        }
        columns.extend(self.moved.iter().map(|(part, _)| effects[*part].0.clone()));
        match columns.is_empty() {
            true => DMatrix::zeros(block.features.len(), 0),
            false => DMatrix::from_columns(&columns),
        }
    }

    fn told(
        &self,
        (number, experiment): (u64, &Experiment),
        (said, common): (&[f64], &DVector<f64>),
        block: &Block,
        (step, innovation): (&Step, &DVector<f64>),
    ) -> Look {
        let common = &block.root * common;
        let spread = step.spread(&block.root);
        let (names, scatter) = (self.scenario.features(), self.scatter());
        let feature = |(place, &f): (usize, &usize)| {
            let own = block.deviations[place];
            let measured = experiment.features[f].unwrap_or(f64::NAN);
            let expected = said[f] + own * common[place];
            let off = (measured - expected) / (own * spread[place] * scatter);
            Feature { name: names[f].0.clone(), measured, expected, off }
        };
        let squares = innovation.norm_squared() / (scatter * scatter);
        Look {
            experiment: number,
            features: block.features.iter().enumerate().map(feature).collect(),
            chance: chance(squares, innovation.len()).unwrap_or(1.0),
        }
    }

    /// How much more or less than its scenario's noise the rig scatters, as a factor.
    fn scatter(&self) -> f64 {
        let (squares, numbers) = self.scattered;
        (squares / numbers).sqrt()
    }

    fn judge(
        &mut self,
        (number, hours): (u64, f64),
        effects: &[(DVector<f64>, f64)],
        step: &Step,
        innovation: &DVector<f64>,
    ) {
        let scatter = self.scatter();
        let shortened = shortened(innovation, scatter);
        self.scattered.0 += innovation.norm_squared() * shortened * shortened;
        self.scattered.1 += innovation.len() as f64;
        let counts = shortened / scatter;
        self.chart.see(&chart::Seen {
            step,
            innovation: &(innovation * counts),
            effects,
            counts,
            hours: (hours - self.hours).max(0.0),
            constants: self.filter.len(),
            number,
        });
        self.hours = hours;
        let evidence = self.chart.evidence();
        let all = sum(evidence.iter().map(|(_, evidence)| *evidence));
        if all > ln(FALSE_ALARM_H) {
            let told = Told::of(&self.parts, &evidence, all, number);
            self.chart.forget();
            self.expect(&told);
            self.alarms.push(told.alarm.clone());
            self.told = Some(told);
        }
    }

    /// From now on what is expected includes what has moved, so that the next alarm tells of something else.
    fn expect(&mut self, told: &Told) {
        let causes = told.alarm.causes.iter().zip(&told.parts);
        for (suspect, &(part, growth)) in causes.filter(|(cause, _)| cause.probability > EXPECTED) {
            let step = self.parts[part].part.step();
            let (amount, own) = (suspect.amount / step, suspect.deviation / step);
            let p = suspect.probability;
            // A mixture: it has moved by so much, or it has not.
            let variance = p * own * own + p * (1.0 - p) * amount * amount;
            self.filter.add(p * amount, variance);
            self.moved.push((part, growth));
        }
    }
}

/// An experiment that was looked at, and what was known of the run before.
#[derive(Clone, Debug)]
struct Seen {
    number: u64,
    experiment: Experiment,
    filter: Filter,
    /// How many parts had moved.
    moved: usize,
}

/// What an experiment was held against, and what it tells.
struct Learnt {
    said: Vec<f64>,
    common: DVector<f64>,
    block: Block,
    effects: Vec<(DVector<f64>, f64)>,
    step: Step,
    innovation: DVector<f64>,
}

/// The noise of a scenario, simulated at a few of its conditions.
fn noise(scenario: &Scenario) -> Result<Noise, Diagnostic> {
    let refused = || Diagnostic::new("the scenario's own rig cannot be simulated".to_owned());
    let possible = (0..1000).filter_map(|number| drawn(scenario, "shadow", number));
    Noise::near(scenario, &[], &[], possible.take(PLACES)).ok_or_else(refused)
}

/// By how much an innovation is shortened because it lies far off, where rigs scatter so much more than is said.
fn shortened(innovation: &DVector<f64>, scatter: f64) -> f64 {
    if innovation.is_empty() {
        return 1.0;
    }
    let usual = exceeded(OUTLIER, innovation.len()) * scatter * scatter;
    (usual / innovation.norm_squared()).sqrt().min(1.0)
}
