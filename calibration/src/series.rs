//! What tasks of a study read one after another: heating curves, weighed deliveries, ramps.
//!
//! Each is predicted by the simulator, step by step and without noise, under the commands that the study gave.

use std::sync::Arc;

use flowtwin_campaign::scenario::{Expected, Scenario};
use flowtwin_lab::analysis::Blank;
use flowtwin_lab::study::{DeliverTask, HeatTask, Reading, Task};
use flowtwin_lab::{
    Command, HeaterId, Instant, Lab as _, PumpId, Reply, SensorId, SensorKind, Span, Streams,
    Temperature, math,
};
use flowtwin_report::format::counted;
use flowtwin_sim::{Plan, SimLab, spec};
use flowtwin_statistics::mean;
use nalgebra::DMatrix;

use crate::block::Block;
use crate::parts::Part;
use crate::ramp::Ramp;

/// Readings of one task that are learnt from, at most: neighbours resemble each other.
const MOST: usize = 160;
/// Fewest.
const FEWEST: usize = 2;
/// How far from the room of the scenario a heater may begin that has not been heated \[K\].
const COLD_WITHIN_K: f64 = 5.0;
/// What a thermometer may be off by itself, standard deviation \[K\].
const THERMOMETER_K: f64 = 0.03;
/// Noise of a heater in a scenario that has none \[K\], and of deliveries, in parts.
const ASSUMED_K: f64 = 0.1;
const ASSUMED: f64 = 0.01;
/// Least scatter of a delivery, in parts.
const LEAST: f64 = 1e-4;
/// Why a task of another kind is left out.
const NOT_LEARNT: &str = "calibrations learn from heating curves, weighed deliveries and ramps of studies, and from experiments";

/// What one task of a study has read.
#[derive(Clone, Debug)]
pub struct Series {
    /// Where it comes from: a run, a task, and what it is about.
    pub source: String,
    /// The run it belongs to, from 0, as in [`crate::Experiment::run`].
    pub run: usize,
    /// What was read, in the unit of its name; of a ramp the features of one reading after another, no number where there is none.
    pub values: Vec<f64>,
    of: Of,
}

/// What was done.
#[derive(Clone, Debug)]
enum Of {
    Heat {
        heater: HeaterId,
        /// When each value was read, since the first reading \[s\].
        times_s: Vec<f64>,
        /// What the heater was told, and when; none where it was switched off.
        told: Vec<(f64, Option<f64>)>,
        /// Its mean temperature before it was told anything \[°C\].
        rest_c: f64,
    },
    Deliver {
        task: DeliverTask,
        /// Which of its deliveries each value is.
        places: Vec<usize>,
    },
    Ramp(Box<Ramp>),
}

impl Series {
    /// What is learnt from a task; in words, why nothing is.
    pub(crate) fn of(
        scenario: &Scenario,
        name: &str,
        run: usize,
        part: &Part<'_>,
    ) -> Option<Result<Self, String>> {
        let of = match part.task {
            Task::Experiments { .. } | Task::ChosenRamp(_) => return None,
            Task::Heat(task) => heat(scenario, task, &part.readings),
            Task::Deliver(task) => deliver(scenario, task, &part.readings),
            Task::Ramp(task) => Ramp::of_task(scenario, task, part).map(|ramp| {
                let (readings, values) = (ramp.readings().len(), ramp.values());
                (counted(readings, "reading"), Of::Ramp(Box::new(ramp)), values)
            }),
            _ => Err(NOT_LEARNT.into()),
        };
        let source = format!("{name}, task {} ({})", part.number, part.task.name());
        Some(match of {
            Ok((what, of, values)) => {
                Ok(Self { source: format!("{source}: {what}"), run, values, of })
            }
            Err(why) => Err(format!("{source}: left out: {why}")),
        })
    }

    /// A ramp of a table.
    pub(crate) fn of_ramp(source: String, run: usize, ramp: Ramp) -> Self {
        Self { source, run, values: ramp.values(), of: Of::Ramp(Box::new(ramp)) }
    }

    /// The ramp that it is, if it is one.
    pub(crate) fn ramp(&self) -> Option<&Ramp> {
        match &self.of {
            Of::Ramp(ramp) => Some(ramp),
            _ => None,
        }
    }

    /// The name of a value; with its unit, where it is not a feature of these.
    pub(crate) fn name<'a>(&self, place: usize, features: &'a [(String, String)]) -> &'a str {
        match self.of {
            Of::Heat { .. } => "temperature_c",
            Of::Deliver { .. } => "weighed_g",
            Of::Ramp(_) => &features[place % features.len()].0,
        }
    }

    /// The pump that was weighed.
    pub(crate) fn pump(&self) -> Option<&PumpId> {
        match &self.of {
            Of::Deliver { task, .. } => Some(&task.pump),
            _ => None,
        }
    }

    /// The error of the slope of its balance, standard deviation, in parts: the same for all deliveries of a run.
    pub(crate) fn gain(&self, noise: &spec::Noise) -> f64 {
        let Of::Deliver { task, .. } = &self.of else { return 0.0 };
        let own = noise.sensors.get(task.balance.as_str());
        0.01 * own.map_or(0.0, |own| own.gain_percent)
    }

    /// What should have been read on this rig; not a number where the simulator refuses. `room` says whether the room is as warm
    /// as the plan has it, and not as the heater was at rest.
    pub(crate) fn predict(&self, scenario: &Scenario, plan: &Plan, room: bool) -> Vec<f64> {
        let said = match &self.of {
            Of::Heat { heater, times_s, told, rest_c } => {
                let plan =
                    if room { Some(plan.noiseless()) } else { in_room(plan, heater, *rest_c) };
                plan.and_then(|plan| heated(plan, heater, times_s, told))
            }
            Of::Deliver { task, places } => weighed(scenario, plan.noiseless(), task)
                .map(|all| places.iter().map(|&place| all[place]).collect()),
            Of::Ramp(ramp) => ramp.predict(&mut Expected::on(scenario, plan)),
        };
        said.unwrap_or_else(|| vec![f64::NAN; self.values.len()])
    }

    /// What frees differences of these readings of their noise; none for a ramp, whose noise is that of experiments.
    pub(crate) fn block(&self, noise: &spec::Noise, predicted: &[f64]) -> Option<Block> {
        let n = predicted.len();
        let (deviations, correlation) = match &self.of {
            Of::Heat { heater, times_s, .. } => of_heater(noise, heater, times_s),
            Of::Deliver { task, .. } => {
                (of_deliveries(noise, task, predicted), DMatrix::identity(n, n))
            }
            Of::Ramp(_) => return None,
        };
        Some(Block::of((0..n).collect(), deviations, correlation))
    }
}

/// What comes of a task: what it is about, what was done, and what was read.
type Read = Result<(String, Of, Vec<f64>), String>;

fn heat(scenario: &Scenario, task: &HeatTask, readings: &[&Reading]) -> Read {
    let heater = task.heater.as_str();
    if !scenario.manifest().heaters.iter().any(|known| known.name == task.heater) {
        return Err(format!("the scenario has no heater {heater}"));
    }
    let value = |reading: &&&Reading| reading.value("temperature_c").is_some();
    let all: Vec<&Reading> = readings.iter().filter(value).copied().collect();
    let set = |reading: &Reading| reading.value("set_point_c");
    let rest: Vec<f64> = all
        .iter()
        .take_while(|reading| set(reading).is_none())
        .filter_map(|reading| reading.value("temperature_c"))
        .collect();
    if rest.is_empty() || all.len() < rest.len() + FEWEST {
        return Err("it has too few readings".into());
    }
    let (rest_c, room_c) = (mean(&rest), scenario.file().rig.ambient_c);
    if (rest_c - room_c).abs() > COLD_WITHIN_K {
        return Err(format!("it began at {rest_c:.1} °C and not in the cold, at {room_c} °C"));
    }
    let since = |reading: &Reading| reading.at_ns.since(all[0].at_ns).as_secs();
    let mut told: Vec<(f64, Option<f64>)> = Vec::new();
    for pair in all.windows(2) {
        let (before, now) = (set(pair[0]), set(pair[1]));
        if before.map(f64::to_bits) != now.map(f64::to_bits) {
            // The first reading comes one interval after the command.
            told.push(((since(pair[1]) - task.every_s).max(0.0), now));
        }
    }
    let step = all.len().div_ceil(MOST);
    let kept: Vec<&Reading> = all.iter().step_by(step).copied().collect();
    let of = Of::Heat {
        heater: task.heater.clone(),
        times_s: kept.iter().map(|reading| since(reading)).collect(),
        told,
        rest_c,
    };
    let values = kept.iter().filter_map(|reading| reading.value("temperature_c")).collect();
    Ok((heater.to_owned(), of, values))
}

fn deliver(scenario: &Scenario, task: &DeliverTask, readings: &[&Reading]) -> Read {
    let (pump, balance) = (task.pump.as_str(), task.balance.as_str());
    if scenario.manifest().pump(&task.pump).is_none() {
        return Err(format!("the scenario has no pump {pump}"));
    }
    if !scenario.manifest().sensors.iter().any(|known| known.name == task.balance) {
        return Err(format!("the scenario has no balance {balance}"));
    }
    let weighed = readings.iter().enumerate().filter_map(|(place, reading)| {
        let is_of = place < task.rates_ul_per_min.len();
        reading.value("weighed_g").filter(|_| is_of).map(|grams| (place, grams))
    });
    let (places, values): (Vec<usize>, Vec<f64>) = weighed.unzip();
    if values.len() < FEWEST {
        return Err(format!("{pump} was weighed {} times only", values.len()));
    }
    Ok((pump.to_owned(), Of::Deliver { task: task.clone(), places }, values))
}

/// The rig without noise in a room as warm as a heater was at rest.
fn in_room(plan: &Plan, heater: &HeaterId, rest_c: f64) -> Option<Plan> {
    let mut world = plan.noiseless().world().clone();
    let above_k = world.rig.heaters.get(heater.as_str())?.above_sensor_k;
    world.rig.ambient_c = rest_c + above_k;
    Plan::new(&world).ok()
}

fn start(plan: Plan) -> SimLab {
    SimLab::new(Arc::new(plan), Streams::new(0))
}

fn read(lab: &mut SimLab, sensor: &SensorId) -> Option<f64> {
    match lab.send(&Command::Read { sensor: sensor.clone() }).ok()? {
        Reply::Reading(value) => Some(value),
        _ => None,
    }
}

/// The temperatures of a heater that is told this.
fn heated(
    plan: Plan,
    heater: &HeaterId,
    times_s: &[f64],
    told: &[(f64, Option<f64>)],
) -> Option<Vec<f64>> {
    let mut lab = start(plan);
    let sensor = lab.manifest().sensor(&SensorKind::Temperature(heater.clone()))?.clone();
    let at = |seconds: f64| Instant::START + Span::from_secs(seconds);
    let mut told = told.iter().peekable();
    let mut temperature_c = |seconds: &f64| {
        while let Some((when_s, set_point_c)) = told.next_if(|(when_s, _)| when_s < seconds) {
            lab.wait_until(at(*when_s)).ok()?;
            let heater = heater.clone();
            lab.send(&match set_point_c {
                Some(c) => Command::Heat { heater, set_point_c: Temperature::from_c(*c) },
                None => Command::HeaterOff { heater },
            })
            .ok()?;
        }
        lab.wait_until(at(*seconds)).ok()?;
        read(&mut lab, &sensor)
    };
    times_s.iter().map(&mut temperature_c).collect()
}

/// What should be weighed in each delivery of a task [g].
fn weighed(scenario: &Scenario, plan: Plan, task: &DeliverTask) -> Option<Vec<f64>> {
    let (mut lab, mut all) = (start(plan), Vec::new());
    let mut note = |_: &mut SimLab, reading: Reading| {
        all.push(reading.value("weighed_g").unwrap_or(f64::NAN));
        Ok(())
    };
    let (blank, task) = (Blank::default(), Task::Deliver(task.clone()));
    let procedure = scenario.procedure();
    procedure.carry_out(&mut lab, &blank, scenario.space(), &task, &mut note).ok()?;
    Some(all)
}

/// Standard deviations of the readings of a heater, and how they go together: its temperature wanders about what is expected
/// (Ornstein and Uhlenbeck), and its thermometer is off by itself.
fn of_heater(noise: &spec::Noise, heater: &HeaterId, times_s: &[f64]) -> (Vec<f64>, DMatrix<f64>) {
    let own = noise.heaters.of(heater.as_str());
    let is_known = *noise != spec::Noise::default();
    let wanders_k = if is_known { own.deviation_k } else { ASSUMED_K };
    let together = |a: f64, b: f64| match (own.correlation_s > 0.0, (a - b).abs()) {
        (true, apart_s) => math::exp(-apart_s / own.correlation_s),
        (false, apart_s) => f64::from(u8::from(apart_s <= 0.0)),
    };
    let n = times_s.len();
    let variance = wanders_k * wanders_k + THERMOMETER_K * THERMOMETER_K;
    let correlation = DMatrix::from_fn(n, n, |i, j| match i == j {
        true => 1.0,
        false => wanders_k * wanders_k * together(times_s[i], times_s[j]) / variance,
    });
    (vec![variance.sqrt(); n], correlation)
}

/// Standard deviations of deliveries [g]: two readings of the balance, and a flow that wanders, of which a delivery of T sees a
/// part of √(2 τ/T).
fn of_deliveries(noise: &spec::Noise, task: &DeliverTask, predicted: &[f64]) -> Vec<f64> {
    let balance = noise.sensors.get(task.balance.as_str()).map_or(0.0, |own| own.deviation);
    let flow = noise.pumps.of(task.pump.as_str());
    let seen = (2.0 * flow.jitter_s / task.seconds).sqrt().min(1.0);
    let is_known = *noise != spec::Noise::default();
    let part = if is_known { (0.01 * flow.jitter_percent * seen).max(LEAST) } else { ASSUMED };
    let own = |grams: &f64| (2.0 * balance * balance + part * part * grams * grams).sqrt();
    predicted.iter().map(|grams| own(grams).max(f64::MIN_POSITIVE)).collect()
}
