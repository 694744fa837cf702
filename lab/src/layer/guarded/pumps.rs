//! What a guard knows of the pumps.

use crate::fault::{Fault, FaultKind, Shortage};
use crate::id::{PumpId, SensorId};
use crate::lab::Lab;
use crate::layer::rules::{Limits, RatioRule};
use crate::manifest::{Manifest, PumpInfo, SensorKind};
use crate::time::Instant;

#[cfg(test)]
mod tests;

const RUNNING: f64 = 1.0;
const STALLED: f64 = 4.0;
/// Volumes that are the same [µL].
const SAME_UL: f64 = 1e-3;

/// The pumps as they were commanded.
#[derive(Clone, Debug)]
pub(super) struct Pumps {
    all: Vec<Pump>,
    off_ratio_since: Vec<Option<Instant>>,
    delivery_read: Instant,
}

#[derive(Clone, Debug)]
struct Pump {
    name: PumpId,
    min_ul_per_min: f64,
    max_ul_per_min: f64,
    stall_kpa: Option<f64>,
    full_ul: f64,
    left_ul: f64,
    /// What is left in the bottle from which it refills itself; none where there is none, or nobody keeps count.
    bottle_ul: Option<f64>,
    full_bottle_ul: Option<f64>,
    refills: bool,
    has_syringe: bool,
    status: Option<SensorId>,
    delivered: Option<SensorId>,
    run: Option<Delivery>,
}

/// A run of a pump, from one command to the next.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    /// When the command was sent, and when it was acknowledged.
    sent: Instant,
    since: Instant,
    rate: f64,
    at_most_ul: f64,
    /// Whether it draws, and delivers nothing.
    draws: bool,
}

impl Delivery {
    fn delivered_ul(&self, now: Instant) -> f64 {
        (self.rate * now.since(self.since).as_secs() / 60.0).min(self.at_most_ul)
    }

    /// The most that it can have delivered by `now`, if it started when the command was sent.
    fn most_ul(&self, now: Instant) -> f64 {
        (self.rate * now.since(self.sent).as_secs() / 60.0).min(self.at_most_ul)
    }

    /// One that draws is waited for to its end, to the nanosecond.
    fn over(&self, now: Instant) -> bool {
        let within = if self.draws { SAME_UL } else { 0.0 };
        self.delivered_ul(now) + within >= self.at_most_ul
    }
}

impl Pumps {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let pump = |info: &PumpInfo| Pump {
            name: info.name.clone(),
            min_ul_per_min: info.min_ul_per_min,
            max_ul_per_min: info.max_ul_per_min,
            stall_kpa: info.stall_kpa,
            full_ul: info.fill_ml * 1_000.0,
            left_ul: info.fill_ml * 1_000.0,
            bottle_ul: bottle_ul(info),
            full_bottle_ul: bottle_ul(info),
            refills: info.refill.is_some(),
            has_syringe: info.has_syringe(),
            status: manifest.sensor(&SensorKind::Status(info.name.clone())).cloned(),
            delivered: manifest.sensor(&SensorKind::Dispensed(info.name.clone())).cloned(),
            run: None,
        };
        Self {
            all: manifest.pumps.iter().map(pump).collect(),
            off_ratio_since: Vec::new(),
            delivery_read: Instant::START,
        }
    }

    pub(super) fn remaining_ul(&self, now: Instant) -> Vec<f64> {
        self.all.iter().map(|p| p.left_ul(now)).collect()
    }

    pub(super) fn delivered_before(&mut self, pump: usize, ul: f64) {
        self.all[pump].left_ul -= ul;
    }

    /// Takes away what a pump drew from its bottle before.
    pub(super) fn drawn_before(&mut self, pump: usize, ul: f64) {
        let pump = &mut self.all[pump];
        pump.bottle_ul = pump.bottle_ul.map(|left| left - ul);
    }

    /// Somebody has filled a syringe, and with it its bottle.
    pub(super) fn filled(&mut self, name: &PumpId, holds_ul: f64) {
        if let Some(pump) = self.all.iter_mut().find(|p| p.name == *name) {
            pump.left_ul = holds_ul;
            pump.bottle_ul = pump.full_bottle_ul;
        }
    }

    /// What a pump that refills itself can draw now: up to a full syringe, and no more than its bottle has \[µL\].
    pub(super) fn can_draw_ul(&self, now: Instant, name: &PumpId) -> Option<f64> {
        let pump = self.all.iter().find(|p| p.name == *name && p.refills)?;
        let room = pump.full_ul - pump.left_ul(now);
        let ul = pump.bottle_left_ul(now).map_or(room, |bottle| room.min(bottle));
        // Volumes go over the wire with five decimals.
        Some((ul * 1e5).floor() / 1e5).filter(|ul| *ul > 0.0)
    }

    /// Whether a pump may draw this volume at this rate.
    pub(super) fn check_draw(
        &self,
        now: Instant,
        name: &PumpId,
        (rate, volume_ul): (f64, f64),
    ) -> Result<(), Fault> {
        let Some(pump) = self.all.iter().find(|p| p.name == *name) else { return Ok(()) };
        self.stands_still(now, name)?;
        let fault = |quantity: &str, value, low, high, unit: &str| {
            let (quantity, unit) = (quantity.into(), unit.into());
            Fault::new(now, name, FaultKind::OutOfRange { quantity, value, low, high, unit })
        };
        if !(pump.min_ul_per_min..=pump.max_ul_per_min).contains(&rate) {
            let (low, high) = (pump.min_ul_per_min, pump.max_ul_per_min);
            return Err(fault("rate", rate, low, high, "µL/min"));
        }
        match self.can_draw_ul(now, name).unwrap_or_default() {
            most if (0.0..=most).contains(&volume_ul) => Ok(()),
            most => Err(fault("volume to draw", volume_ul, 0.0, most, "µL")),
        }
    }

    /// Whether any of these pumps moves liquid, in or out.
    pub(super) fn moving(&self, now: Instant, names: &[PumpId]) -> Option<&PumpId> {
        let moves = |p: &&Pump| names.contains(&p.name) && p.run.is_some_and(|run| !run.over(now));
        self.all.iter().find(moves).map(|p| &p.name)
    }

    /// Refuses a pump that runs.
    pub(super) fn stands_still(&self, now: Instant, name: &PumpId) -> Result<(), Fault> {
        match self.moving(now, std::slice::from_ref(name)) {
            None => Ok(()),
            Some(_) => {
                let detail = "it runs: stop it before its syringe is filled".into();
                Err(Fault::new(now, name, FaultKind::Refused { detail }))
            }
        }
    }

    /// What a syringe lacks of a volume that is needed above the reserve; none where it holds enough.
    pub(super) fn shortage(
        &self,
        now: Instant,
        name: &PumpId,
        needs_ul: f64,
        reserve_ul: f64,
    ) -> Option<Shortage> {
        let pump = self.all.iter().find(|p| p.name == *name)?;
        let left_ul = pump.left_ul(now) - reserve_ul;
        // What is told is rounded against whoever reads it: less is left, and more is needed.
        let (down, up) =
            (|ul: f64| (ul / 10.0).floor() / 100.0, |ul: f64| (ul / 10.0).ceil() / 100.0);
        (needs_ul > left_ul).then(|| Shortage {
            pump: name.clone(),
            left_ml: down(left_ul.max(0.0)),
            needs_ml: up(needs_ul),
            full_ml: down((pump.full_ul - reserve_ul).max(0.0)),
            bottle_ml: pump.bottle_left_ul(now).map(|ul| down(ul.max(0.0))),
            is_bottle: !pump.has_syringe,
        })
    }

    /// All that flows [µL/min].
    pub(super) fn flow(&self, now: Instant) -> f64 {
        self.all.iter().map(|p| p.rate(now)).sum()
    }

    /// What these pumps deliver together by what they were told [µL/min].
    pub(super) fn flow_of(&self, names: &[PumpId], now: Instant) -> f64 {
        self.all.iter().filter(|p| names.contains(&p.name)).map(|p| p.rate(now)).sum()
    }

    pub(super) fn flowing(&self, now: Instant) -> bool {
        self.flow(now) > 0.0
    }

    /// Whether a pump may be started with this rate and volume.
    pub(super) fn check(
        &self,
        spec: &Limits,
        now: Instant,
        name: &PumpId,
        (rate, at_most_ul): (f64, f64),
    ) -> Result<(), Fault> {
        let Some(pump) = self.all.iter().find(|p| p.name == *name) else {
            return Ok(());
        };
        let fault = |quantity: &str, value, low, high, unit: &str| {
            let (quantity, unit) = (quantity.into(), unit.into());
            Fault::new(now, name, FaultKind::OutOfRange { quantity, value, low, high, unit })
        };
        if rate.total_cmp(&0.0).is_eq() {
            return Ok(());
        }
        if !(pump.min_ul_per_min..=pump.max_ul_per_min).contains(&rate) {
            let (low, high) = (pump.min_ul_per_min, pump.max_ul_per_min);
            return Err(fault("rate", rate, low, high, "µL/min"));
        }
        if let (Some(stall), Some(high)) = (pump.stall_kpa, spec.max_pressure_kpa)
            && stall > high
        {
            return Err(fault("stall pressure", stall, 0.0, high, "kPa"));
        }
        let others: f64 = self.all.iter().filter(|p| p.name != *name).map(|p| p.rate(now)).sum();
        if others + rate > spec.max_total_ul_per_min {
            let high = spec.max_total_ul_per_min;
            return Err(fault("total flow", others + rate, 0.0, high, "µL/min"));
        }
        let left = pump.left_ul(now) - spec.reserve_ul;
        if at_most_ul > left {
            return Err(fault("volume", at_most_ul, 0.0, left.max(0.0), "µL"));
        }
        Ok(())
    }

    /// Records a pump whose start was sent at `sent` and acknowledged at `now`.
    pub(super) fn started(
        &mut self,
        (sent, now): (Instant, Instant),
        name: &PumpId,
        (rate, at_most_ul): (f64, f64),
    ) {
        self.moves(name, Delivery { sent, since: now, rate, at_most_ul, draws: false });
    }

    /// Records a pump that draws, as one that was [started](Self::started).
    pub(super) fn draws(
        &mut self,
        (sent, now): (Instant, Instant),
        name: &PumpId,
        (rate, at_most_ul): (f64, f64),
    ) {
        self.moves(name, Delivery { sent, since: now, rate, at_most_ul, draws: true });
    }

    fn moves(&mut self, name: &PumpId, run: Delivery) {
        self.stopped(run.since, name);
        if run.rate <= 0.0 {
            return;
        }
        if let Some(pump) = self.all.iter_mut().find(|p| p.name == *name) {
            pump.run = Some(run);
        }
    }

    pub(super) fn stopped(&mut self, now: Instant, name: &PumpId) {
        if let Some(pump) = self.all.iter_mut().find(|p| p.name == *name) {
            pump.stop(now);
        }
    }

    pub(super) fn all_stopped(&mut self, now: Instant) {
        self.all.iter_mut().for_each(|pump| pump.stop(now));
    }

    /// Reads the status of every pump, once in a while what it has delivered, and looks at the ratios of the rates.
    pub(super) fn look(&mut self, lab: &mut impl Lab, spec: &Limits) -> Result<(), Fault> {
        self.look_at_states(lab)?;
        let now = lab.now();
        if now.since(self.delivery_read).as_secs() >= spec.delivered_every_s {
            self.look_at_deliveries(lab, spec)?;
        }
        self.look_at_ratios(now, spec)
    }

    /// Reads status and delivered volume of every pump, whenever they were read last.
    pub(super) fn verify(&mut self, lab: &mut impl Lab, spec: &Limits) -> Result<(), Fault> {
        self.look_at_states(lab)?;
        self.look_at_deliveries(lab, spec)
    }

    fn look_at_states(&self, lab: &mut impl Lab) -> Result<(), Fault> {
        for pump in &self.all {
            let Some(sensor) = &pump.status else { continue };
            let status = super::read(lab, sensor)?;
            if let Some(kind) = pump.departs(status, lab.now()) {
                return Err(Fault::new(lab.now(), &pump.name, kind));
            }
        }
        Ok(())
    }

    /// Compares the volume that every running pump reports with its rate.
    fn look_at_deliveries(&mut self, lab: &mut impl Lab, spec: &Limits) -> Result<(), Fault> {
        self.delivery_read = lab.now();
        for pump in &self.all {
            let (Some(run), Some(sensor)) = (&pump.run, &pump.delivered) else { continue };
            let least = run.delivered_ul(lab.now());
            let told = super::read(lab, sensor)?;
            let now = lab.now();
            if let Some(kind) = misdelivers(spec, told, (least, run.most_ul(now))) {
                return Err(Fault::new(now, &pump.name, kind));
            }
        }
        Ok(())
    }

    fn look_at_ratios(&mut self, now: Instant, spec: &Limits) -> Result<(), Fault> {
        self.off_ratio_since.resize(spec.ratios.len(), None);
        for (i, rule) in spec.ratios.iter().enumerate() {
            let Some(ratio) = self.ratio(now, rule) else {
                self.off_ratio_since[i] = None;
                continue;
            };
            if (rule.low..=rule.high).contains(&ratio) {
                self.off_ratio_since[i] = None;
                continue;
            }
            let since = *self.off_ratio_since[i].get_or_insert(now);
            if now.since(since).as_secs() > spec.ratio_grace_s {
                let detail = format!(
                    "the ratio is {ratio:.3}, allowed is {} to {}: slugs become irregular; check the rates",
                    rule.low, rule.high
                );
                let kind = FaultKind::Interlock { rule: rule.name.clone(), detail };
                return Err(Fault::new(now, "guard", kind));
            }
        }
        Ok(())
    }

    fn ratio(&self, now: Instant, rule: &RatioRule) -> Option<f64> {
        let (of, to) = (self.flow_of(&rule.of, now), self.flow_of(&rule.to, now));
        (of > 0.0 && to > 0.0).then(|| of / to)
    }
}

/// What is wrong with a delivered volume, given the least and the most that the rate allows [µL].
fn misdelivers(spec: &Limits, told: f64, (least, most): (f64, f64)) -> Option<FaultKind> {
    if !told.is_finite() {
        return Some(FaultKind::Garbled { detail: format!("a delivered volume of {told} µL") });
    }
    if told < spec.least_delivered * least && told < least - spec.lag_ul {
        return Some(FaultKind::Stalled);
    }
    if told > spec.most_delivered * most && told > most + spec.lag_ul {
        let detail = format!(
            "{told:.1} µL delivered, its rate allows {most:.1} µL: somebody else has changed its rate or volume, or it \
             was told another syringe"
        );
        return Some(FaultKind::Interlock { rule: "over-delivery".into(), detail });
    }
    None
}

/// A status in words.
fn state(status: f64) -> &'static str {
    match status {
        s if s < 0.5 => "stopped",
        s if s < 1.5 => "running",
        s if s < 2.5 => "paused",
        s if s < 3.5 => "delayed",
        _ => "stalled",
    }
}

impl Pump {
    /// How its status differs from its last command, if it does.
    fn departs(&self, status: f64, now: Instant) -> Option<FaultKind> {
        let should_run = self.run.is_some_and(|run| !run.over(now));
        let changed = |set: &str| FaultKind::Changed {
            holder: "pump".into(),
            set: set.into(),
            kept: state(status).into(),
        };
        let runs = (status - RUNNING).abs() < 0.5;
        match self.run {
            _ if status.is_nan() => {
                Some(FaultKind::Garbled { detail: "a status that is not a number".into() })
            }
            // A pump that was stopped shows an old stall until its next command.
            None if !(0.5..STALLED - 0.5).contains(&status) => None,
            None => Some(changed("stopped")),
            Some(_) if status >= STALLED - 0.5 => Some(FaultKind::Stalled),
            Some(_) if should_run && status < 0.5 => Some(FaultKind::Empty),
            Some(_) if should_run && !runs => Some(changed("running")),
            Some(_) => None,
        }
    }

    fn rate(&self, now: Instant) -> f64 {
        self.run.filter(|run| !run.draws && !run.over(now)).map_or(0.0, |run| run.rate)
    }

    fn left_ul(&self, now: Instant) -> f64 {
        let moved = |run: Delivery| {
            let ul = run.delivered_ul(now);
            if run.draws { -ul } else { ul }
        };
        self.left_ul - self.run.map_or(0.0, moved)
    }

    fn bottle_left_ul(&self, now: Instant) -> Option<f64> {
        let drawn = self.run.filter(|run| run.draws).map_or(0.0, |run| run.delivered_ul(now));
        self.bottle_ul.map(|left| left - drawn)
    }

    fn stop(&mut self, now: Instant) {
        self.bottle_ul = self.bottle_left_ul(now);
        self.left_ul = self.left_ul(now);
        self.run = None;
    }
}

/// What the bottle of a pump holds at the start of a run [µL].
fn bottle_ul(info: &PumpInfo) -> Option<f64> {
    info.refill.as_ref().and_then(|refill| refill.bottle_ml).map(|ml| 1_000.0 * ml)
}
