//! The ramps that tell most of the free keys of a scenario, for the time that they take.
//!
//! Ramps between conditions of the space are tried in simulation. Each reading of a ramp is differentiated by the keys and freed
//! of the noise that readings have in common, as in a calibration; what a ramp tells is by how much it makes the volume of what
//! the keys may be smaller (D-optimal; Atkinson, Donev and Tobias 2007, "Optimum experimental designs, with SAS", ch. 11).

use flowtwin_campaign::scenario::{Free, Scenario};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::study::{RampSpec, RampTask};
use flowtwin_lab::{Conditions, Stream, Streams, math};
use nalgebra::{DMatrix, DVector};

use super::ends;
use crate::calibration::calibrate;
use crate::data::{Measured, drawn};
use crate::model::Model;
use crate::noise::Noise;
use crate::ramp::Ramp;
use crate::series::Series;

/// Ramps that are tried first, and then near the best.
const TRIED: usize = 40;
const NEAR: u64 = 16;
/// Draws after which no more are looked for.
const DRAWS: u64 = 4000;
/// Lengths of a ramp, in the longer residence time of its ends.
const LENGTHS: [f64; 3] = [1.0, 3.0, 8.0];
/// What the length of the best is tried to be changed by.
const FACTORS: [f64; 4] = [1.0, 0.6, 1.0, 1.6];
/// A ramp takes at least so many readings' time: what a reading sees hardly changes while it is taken.
const LEAST: f64 = 60.0;
/// How far an end moves in the search near the best, in parts of the range.
const STEP: f64 = 0.15;
/// Readings and steps of a ramp that is tried.
const READINGS: f64 = 14.0;
const STEPS: f64 = 60.0;
/// Experiments from which noise is taken.
const PLACES: usize = 6;
/// The range of a key counts as so many standard deviations either way.
const EITHER_WAY: f64 = 2.0;
/// 95 % of a normal distribution lie within so many standard deviations.
const WITHIN: f64 = 1.96;

/// The ramp that is expected to tell most.
#[derive(Clone, Debug, PartialEq)]
pub struct BestRamp {
    /// Where it begins.
    pub from: Conditions,
    /// Where it ends.
    pub to: Conditions,
    /// How long it takes \[min\].
    pub minutes: f64,
    /// By how much the logarithm of the volume of what the keys may be becomes less.
    pub tells: f64,
    /// Lab time from when plates are warm to the last reading \[s\].
    pub lab_time_s: f64,
    /// How far either way each key is expected to be known, 95 %: its name, and that as a part of its value.
    pub within: Vec<(String, f64)>,
}

/// A ramp that is tried.
#[derive(Clone, Debug)]
struct Tried {
    from: Conditions,
    to: Conditions,
    times: RampSpec,
    tells: f64,
    lab_time_s: f64,
    within: Vec<f64>,
    /// Information on the keys with it, in units of what is believed.
    information: DMatrix<f64>,
}

impl BestRamp {
    /// The same as a task of a study.
    pub fn task(&self, scenario: &Scenario) -> RampTask {
        let (from, to) = (self.from.clone(), self.to.clone());
        let times = ends::times(scenario, (&from, &to), Some(self.minutes));
        RampTask { from, to, times }
    }
}

impl Tried {
    fn worth(&self) -> f64 {
        self.tells / self.lab_time_s
    }
}

/// Ramps that tell most of these keys for each hour of lab time, one after another, each after those before it; `minutes` says how
/// long each takes, where somebody does. What ramps of a run share, such as a fill, counts as drawn anew for each.
///
/// # Errors
/// If no flow can be ramped in the space, or no ramp can be simulated.
pub fn best_ramps(
    scenario: &Scenario,
    free: &[Free],
    minutes: Option<f64>,
    count: usize,
) -> Result<Vec<BestRamp>, Diagnostic> {
    let mut search = Search::of(scenario, free, minutes)?;
    (0..count).map(|_| search.next()).collect()
}

/// The ramp that tells most of these keys for each hour of lab time, after what a rig has measured: about the values that fit
/// this, where it tells them, and with what it tells of them counted as known.
///
/// # Errors
/// As [`best_ramps`].
pub(super) fn next_ramp(
    scenario: &Scenario,
    free: &[Free],
    minutes: Option<f64>,
    measured: &Measured,
) -> Result<BestRamp, Diagnostic> {
    // Too little to fit anything tells nothing: the values of the scenario stay.
    let fitted = calibrate(scenario, free, measured).ok();
    let value = |key: &str| {
        let parameters = fitted.iter().flat_map(|fitted| &fitted.parameters);
        parameters.into_iter().find(|it| it.key == key)?.value
    };
    let mut free = free.to_vec();
    for key in &mut free {
        key.start = value(&key.key).unwrap_or(key.start);
    }
    let mut search = Search::of(scenario, &free, minutes)?;
    let model = Model::new(scenario, &free, &measured.experiments).with_series(&measured.series);
    if let Some(told) = search.information(&model) {
        search.known += told;
    }
    search.next()
}

/// Where ramps are looked for.
struct Search<'a> {
    scenario: &'a Scenario,
    free: &'a [Free],
    start: Vec<f64>,
    noise: Noise,
    minutes: Option<f64>,
    /// Inputs that change flows.
    ramped: Vec<usize>,
    /// Information on the keys before, in units of what is believed.
    known: DMatrix<f64>,
}

impl<'a> Search<'a> {
    fn of(
        scenario: &'a Scenario,
        free: &'a [Free],
        minutes: Option<f64>,
    ) -> Result<Self, Diagnostic> {
        let ramped = ends::ramped(scenario);
        if ramped.is_empty() {
            return Err(Diagnostic::new("ramp: no flow can be ramped in this space"));
        }
        let start: Vec<f64> = free.iter().map(|free| free.scaled(free.start)).collect();
        let near = ends::spread(scenario, "best ramp", PLACES, false);
        let noise = Noise::near(scenario, free, &start, near.into_iter()).ok_or_else(|| {
            Diagnostic::new("the simulator cannot be run at the values of the scenario".to_owned())
        })?;
        let known = DMatrix::identity(free.len(), free.len());
        Ok(Self { scenario, free, start, noise, minutes, ramped, known })
    }

    /// The best ramp, which counts as measured afterwards.
    fn next(&mut self) -> Result<BestRamp, Diagnostic> {
        let best = self.best().ok_or_else(|| {
            Diagnostic::new("ramp: none of the ramps that were tried can be simulated")
        })?;
        self.known = best.information;
        let names = self.free.iter().map(|free| free.key.clone());
        Ok(BestRamp {
            minutes: best.times.duration_s / 60.0,
            within: names.zip(best.within).collect(),
            from: best.from,
            to: best.to,
            tells: best.tells,
            lab_time_s: best.lab_time_s,
        })
    }

    fn best(&self) -> Option<Tried> {
        let mut best: Option<Tried> = None;
        let keep = |best: &mut Option<Tried>, tried: Option<Tried>| {
            let better = |it: &Tried| best.as_ref().is_none_or(|best| it.worth() > best.worth());
            if let Some(tried) = tried.filter(better) {
                *best = Some(tried);
            }
        };
        let all = (0..DRAWS).filter_map(|number| Some((number, self.draw(number)?)));
        for (number, ends) in all.take(TRIED) {
            keep(&mut best, self.tried(ends, LENGTHS[number as usize % LENGTHS.len()]));
        }
        for number in 0..NEAR {
            let known = best.clone()?;
            let length = known.times.duration_s / self.longest_s((&known.from, &known.to));
            let factor = FACTORS[number as usize % FACTORS.len()];
            if let Some(ends) = self.near(&known, number) {
                keep(&mut best, self.tried(ends, factor * length));
            }
        }
        best
    }

    /// Ends of a ramp: anywhere, or at ends of the ranges of inputs; what heats is the same at both.
    fn draw(&self, number: u64) -> Option<(Conditions, Conditions)> {
        let mut draws = Streams::new(0).open("best ramp", number);
        let extreme = draws.uniform() < 0.7;
        let middle = drawn(self.scenario, "ramp through", number)?;
        let mut ends = [(); 2].map(|()| self.scenario.space().to_unit(&middle));
        for &input in &self.ramped {
            for end in &mut ends {
                let anywhere = draws.uniform();
                end[input] = if extreme { anywhere.round_ties_even() } else { anywhere };
            }
        }
        self.settable(ends)
    }

    /// Ends near those of another ramp.
    fn near(&self, known: &Tried, number: u64) -> Option<(Conditions, Conditions)> {
        let mut draws = Streams::new(0).open("ramps near", number);
        let space = self.scenario.space();
        let mut ends = [&known.from, &known.to].map(|end| space.to_unit(end));
        let moved = |at: f64, draws: &mut Stream| (at + STEP * draws.normal()).clamp(0.0, 1.0);
        for input in 0..space.dim() {
            if self.ramped.contains(&input) {
                ends.iter_mut().for_each(|end| end[input] = moved(end[input], &mut draws));
            } else {
                let both = moved(ends[0][input], &mut draws);
                ends.iter_mut().for_each(|end| end[input] = both);
            }
        }
        self.settable(ends)
    }

    fn settable(&self, ends: [Vec<f64>; 2]) -> Option<(Conditions, Conditions)> {
        let space = self.scenario.space();
        let middle = ends[0].iter().zip(&ends[1]).map(|(a, b)| 0.5 * (a + b)).collect::<Vec<_>>();
        let [from, to] = ends.map(|end| space.from_unit(&end));
        let way = [&from, &space.from_unit(&middle), &to];
        let (begin, end) = (self.settings(&from), self.settings(&to));
        let ramps = begin.pumps != end.pumps && begin.heaters == end.heaters;
        (ramps && way.iter().all(|at| space.contains(at))).then_some((from, to))
    }

    fn settings(&self, at: &Conditions) -> flowtwin_lab::Settings {
        self.scenario.procedure().recipe().settings(at)
    }

    fn longest_s(&self, (from, to): (&Conditions, &Conditions)) -> f64 {
        let residence_s = |at| self.scenario.manifest().path.residence_time_s(&self.settings(at));
        residence_s(from).max(residence_s(to))
    }

    /// What is believed of keys that may be anywhere in their ranges: standard deviations on their scales.
    fn deviations(&self) -> Vec<f64> {
        let believed =
            |free: &Free| (free.scaled(free.high) - free.scaled(free.low)) / (2.0 * EITHER_WAY);
        self.free.iter().map(believed).collect()
    }

    /// What is told by whatever a model predicts, in units of what is believed; none where it cannot be simulated.
    fn information(&self, model: &Model<'_>) -> Option<DMatrix<f64>> {
        let whitener = self.noise.whitener(model, &self.start)?;
        let slopes = model.slopes(&self.start)?;
        let columns = slopes
            .iter()
            .zip(self.deviations())
            .map(|(slope, deviation)| whitener.apply(slope) * deviation);
        let jacobian = DMatrix::from_columns(&columns.collect::<Vec<DVector<f64>>>());
        Some(jacobian.transpose() * &jacobian)
    }

    /// What a ramp tells; none where it cannot be simulated.
    fn tried(&self, (from, to): (Conditions, Conditions), length: f64) -> Option<Tried> {
        let longest_s = self.longest_s((&from, &to));
        let reading_s = ends::reading_s(self.scenario);
        let usual_s = (length * longest_s).max(LEAST * reading_s);
        let minutes = self.minutes.unwrap_or(usual_s / 60.0).max(1.0);
        let duration_s = math::round_decimals(60.0 * minutes, 0);
        let every_s = (duration_s / READINGS).max(reading_s);
        let times = RampSpec { duration_s, step_s: duration_s / STEPS, every_s };
        let ramp = Ramp::planned(self.scenario, (&from, &to), &times)?;
        let last_s = ramp.readings().last()?.read_s;
        let series = [Series::of_ramp(String::new(), 0, ramp)];
        let model = Model::new(self.scenario, self.free, &[]).with_series(&series);
        let (n, deviations) = (self.free.len(), self.deviations());
        let information = self.information(&model)? + &self.known;
        let root = information.clone().cholesky()?;
        let volume = |root: DMatrix<f64>| -> f64 { (0..n).map(|i| math::ln(root[(i, i)])).sum() };
        let tells = volume(root.l()) - volume(self.known.clone().cholesky()?.l());
        let covariance = root.inverse();
        let within = (0..n).map(|i| {
            let free = &self.free[i];
            let off = WITHIN * deviations[i] * covariance[(i, i)].sqrt();
            (free.value(free.scaled(free.start) + off) / free.start - 1.0).abs()
        });
        let settled_s = self.scenario.procedure().spec().settle_for_s + ends::SETTLED * longest_s;
        let (within, lab_time_s) = (within.collect(), settled_s + last_s);
        Some(Tried { from, to, times, tells, lab_time_s, within, information })
            .filter(|it| it.tells.is_finite() && it.tells > 0.0)
    }
}
