//! What a guard knows of the heaters.

use super::looped::{Answer, Look, LoopModel};
use crate::fault::{Fault, FaultKind};
use crate::id::{HeaterId, SensorId};
use crate::lab::Lab;
use crate::layer::rules::Limits;
use crate::manifest::{Manifest, SensorKind};
use crate::time::Instant;

/// Readings below this are an open sensor [°C].
const OPEN_BELOW_C: f64 = -60.0;

/// Whether a reading is that of an open sensor, not a temperature [°C].
pub fn is_open(celsius: f64) -> bool {
    !celsius.is_finite() || celsius < OPEN_BELOW_C
}

/// A single step of noise is no trend: so much is allowed whatever the time between two readings [K].
const NOISE_K: f64 = 1.0;

/// The heaters as they were commanded and read.
#[derive(Clone, Debug)]
pub(super) struct Thermal {
    heaters: Vec<Heater>,
    still_since: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Heater {
    answer: Option<Answer>,
    name: HeaterId,
    sensor: Option<SensorId>,
    /// Whether its reading may stand still, because it is simulated without noise.
    still: bool,
    set_point: Option<f64>,
    /// Whether its control was turned off.
    off: bool,
    /// The coolest reading since it was turned off [°C].
    coolest: Option<f64>,
    /// When it was given its set point.
    told: Instant,
    last: Option<(Instant, f64)>,
    unchanged_since: Instant,
    /// The same, whatever the heater was told meanwhile.
    same_since: Instant,
    /// Since when its readings may have been wrong, as far as a tripped rule tells.
    doubtful_since: Option<Instant>,
    off_since: Option<Instant>,
}

/// Whether a set point is allowed.
pub(super) fn check(
    spec: &Limits,
    manifest: &Manifest,
    now: Instant,
    heater: &HeaterId,
    set_point: f64,
) -> Result<(), Fault> {
    let Some(info) = manifest.heater(heater) else {
        return Ok(());
    };
    let low = info.low_c;
    let high = info.high_c.min(spec.max_temperature_c - spec.set_point_margin_k);
    if (low..=high).contains(&set_point) {
        return Ok(());
    }
    let (quantity, unit) = ("set point".into(), "°C".into());
    let kind = FaultKind::OutOfRange { quantity, value: set_point, low, high, unit };
    Err(Fault::new(now, heater, kind))
}

impl Thermal {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let heater = |info: &crate::manifest::HeaterInfo| Heater {
            answer: None,
            name: info.name.clone(),
            sensor: manifest.sensor(&SensorKind::Temperature(info.name.clone())).cloned(),
            still: manifest.simulated && info.still,
            set_point: None,
            off: false,
            coolest: None,
            told: Instant::START,
            last: None,
            unchanged_since: Instant::START,
            same_since: Instant::START,
            doubtful_since: None,
            off_since: None,
        };
        Self { heaters: manifest.heaters.iter().map(heater).collect(), still_since: None }
    }

    /// Sets the models of the zones; a heater that does not report its power is not checked against it.
    pub(super) fn know(&mut self, manifest: &Manifest, loops: Vec<LoopModel>) {
        for model in loops {
            let power = manifest.sensor(&SensorKind::Power(model.heater.clone())).cloned();
            let heater = self.heaters.iter_mut().find(|heater| heater.name == model.heater);
            if let (Some(heater), Some(power)) = (heater, power) {
                heater.answer = Some(Answer::new(model, power));
            }
        }
    }

    pub(super) fn heated(&mut self, now: Instant, name: &HeaterId, set_point: Option<f64>) {
        // Every experiment may settle for as long as the first.
        self.still_since = None;
        if let Some(heater) = self.heaters.iter_mut().find(|h| h.name == *name) {
            heater.set_point = set_point;
            heater.off = set_point.is_none();
            heater.coolest = None;
            heater.told = now;
            heater.off_since = None;
            heater.unchanged_since = now;
            if heater.doubtful_since.take().is_some() {
                // What was read while nobody knew is nothing to compare with.
                heater.last = None;
                heater.answer.iter_mut().for_each(Answer::begin_anew);
            }
        }
    }

    /// Since when a reading may have been wrong, of those that a tripped rule tells of and nobody has told to heat since.
    pub(super) fn doubtful_since(&self) -> Option<Instant> {
        self.heaters.iter().filter_map(|heater| heater.doubtful_since).min()
    }

    /// Whether a heater has been given a set point.
    pub(super) fn heats(&self) -> bool {
        self.heaters.iter().any(|heater| heater.set_point.is_some())
    }

    pub(super) fn all_safe(&mut self, now: Instant) {
        for heater in &mut self.heaters {
            heater.set_point = None;
            heater.off = false;
            heater.coolest = None;
            heater.off_since = None;
            heater.unchanged_since = now;
        }
    }

    /// Reads every heater and compares.
    pub(super) fn look(
        &mut self,
        lab: &mut impl Lab,
        spec: &Limits,
        flow_ul_per_min: f64,
    ) -> Result<(), Fault> {
        let mut hottest = f64::NEG_INFINITY;
        for heater in &mut self.heaters {
            let Some(sensor) = &heater.sensor else {
                continue;
            };
            let value = match temperature(lab, sensor) {
                // It can do no harm, and the rinse after this very fault must not be cut short.
                Err(fault) if heater.off && fault.kind == FaultKind::SensorOpen => {
                    heater.last = None;
                    continue;
                }
                read => read?,
            };
            let now = lab.now();
            heater.compare(now, value, spec)?;
            heater.compare_with_power(lab, value, spec, flow_ul_per_min)?;
            hottest = hottest.max(value);
        }
        self.look_for_flow(lab.now(), spec, hottest, flow_ul_per_min > 0.0)
    }

    /// Reads every heater that has a set point, and makes sure that it is there: frames tell of nothing else.
    pub(super) fn verify(&self, lab: &mut impl Lab, within_k: f64) -> Result<(), Fault> {
        for heater in &self.heaters {
            let (Some(sensor), Some(set_point)) = (&heater.sensor, heater.set_point) else {
                continue;
            };
            let value = super::read(lab, sensor)?;
            let off = (value - set_point).abs();
            if off.is_nan() || off > within_k {
                let now = lab.now();
                let waited_s = now.since(heater.told).as_secs();
                let kind = FaultKind::NotSettled { value, set_point, off, waited_s };
                return Err(Fault::new(now, &heater.name, kind));
            }
        }
        Ok(())
    }

    fn look_for_flow(
        &mut self,
        now: Instant,
        spec: &Limits,
        hottest: f64,
        flowing: bool,
    ) -> Result<(), Fault> {
        let Some(limit) = spec.needs_flow_above_c() else {
            return Ok(());
        };
        if flowing || hottest <= limit || !self.heats() {
            self.still_since = None;
            return Ok(());
        }
        let since = *self.still_since.get_or_insert(now);
        if now.since(since).as_secs() <= spec.no_flow_grace_s {
            return Ok(());
        }
        let detail = format!(
            "{hottest:.1} °C without flow for {:.0} s, allowed above {limit} °C are {} s: start the carrier",
            now.since(since).as_secs(),
            spec.no_flow_grace_s
        );
        Err(breach(now, "guard", "no heat without flow", detail))
    }
}

/// Reads a temperature; what is none is an open sensor, as some instruments say themselves.
fn temperature(lab: &mut impl Lab, sensor: &SensorId) -> Result<f64, Fault> {
    let value = super::read(lab, sensor)?;
    if is_open(value) {
        return Err(Fault::new(lab.now(), sensor, FaultKind::SensorOpen));
    }
    Ok(value)
}

impl Heater {
    fn compare(&mut self, now: Instant, value: f64, spec: &Limits) -> Result<(), Fault> {
        // One that is off and cools is being put right: the rinse after this very fault must not be cut short.
        let coolest = self.coolest.or(self.last.map(|(_, before)| before)).unwrap_or(value);
        let cools = self.off && value <= coolest + NOISE_K;
        self.coolest = self.off.then(|| coolest.min(value));
        if value > spec.max_temperature_c && !cools {
            self.last = Some((now, value));
            let detail = format!(
                "{value:.1} °C, allowed are {} °C: cut the heater's supply and let it cool",
                spec.max_temperature_c
            );
            return Err(breach(now, &self.name, "over-temperature", detail));
        }
        self.compare_with_last(now, value, spec)?;
        self.compare_with_set_point(now, value, spec)
    }

    fn compare_with_last(&mut self, now: Instant, value: f64, spec: &Limits) -> Result<(), Fault> {
        let last = self.last.replace((now, value));
        let Some((then, before)) = last else {
            (self.unchanged_since, self.same_since) = (now, now);
            return Ok(());
        };
        if value.to_bits() != before.to_bits() {
            (self.unchanged_since, self.same_since) = (now, now);
        }
        let still_s = now.since(self.unchanged_since).as_secs();
        if self.set_point.is_some() && !self.still && still_s > spec.frozen_s {
            let detail =
                format!("{value} °C to the last digit for {still_s:.0} s: check the sensor");
            self.doubtful_since = Some(self.same_since);
            return Err(breach(now, &self.name, "frozen reading", detail));
        }
        let minutes = now.since(then).as_secs() / 60.0;
        let rise = value - before;
        // No plate cools so fast either, but a sensor that has slipped out of it does, and its controller then heats with
        // all its power.
        if rise.abs() > NOISE_K + spec.max_rise_k_per_min * minutes {
            let detail = format!(
                "{rise:.1} K in {:.1} s, allowed are {} K/min: check sensor and heater",
                minutes * 60.0,
                spec.max_rise_k_per_min
            );
            return Err(breach(now, &self.name, "temperature rate", detail));
        }
        Ok(())
    }

    /// Reads the power, and compares the temperature with it.
    fn compare_with_power(
        &mut self,
        lab: &mut impl Lab,
        value: f64,
        spec: &Limits,
        flow_ul_per_min: f64,
    ) -> Result<(), Fault> {
        let Some(answer) = &mut self.answer else { return Ok(()) };
        let power = match super::read(lab, answer.power()) {
            Ok(power) => power,
            Err(fault) if matches!(fault.kind, FaultKind::Unsupported { .. }) => {
                self.answer = None;
                return Ok(());
            }
            Err(fault) => return Err(fault),
        };
        let now = lab.now();
        let look = Look { at: now, value, power, flow_ul_per_min, set_point: self.set_point };
        let Some(detail) = answer.take(look, spec) else { return Ok(()) };
        self.doubtful_since = answer.watched_since();
        Err(breach(now, &self.name, "heating", detail))
    }

    fn compare_with_set_point(
        &mut self,
        now: Instant,
        value: f64,
        spec: &Limits,
    ) -> Result<(), Fault> {
        let Some(set_point) = self.set_point else {
            return Ok(());
        };
        if (value - set_point).abs() <= spec.out_of_step_k {
            self.off_since = None;
            return Ok(());
        }
        let since = *self.off_since.get_or_insert(now);
        let off_s = now.since(since).as_secs();
        if off_s <= spec.out_of_step_s {
            return Ok(());
        }
        let detail = format!(
            "{value:.1} °C instead of {set_point:.1} °C for {off_s:.0} s: check heater, fuse and sensor"
        );
        Err(breach(now, &self.name, "out of step", detail))
    }
}

fn breach(now: Instant, origin: impl std::fmt::Display, rule: &str, detail: String) -> Fault {
    Fault::new(now, origin, FaultKind::Interlock { rule: rule.into(), detail })
}
