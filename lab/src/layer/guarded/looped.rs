//! Whether a heated zone answers its power.
//!
//! What the power has brought less what the zone has lost is what its temperature has risen by:
//! ΔT = ∫ (a u − b (T − Ta)) dt, with a the rise at full power and b the loss, both over the heat capacity. A sensor that
//! stands still, has slipped out of the zone or belongs to another one breaks this balance, and so does a relay that has
//! welded, whatever the reading and whatever the controller makes of it. Nothing that is said to the heater resets it.

use std::collections::VecDeque;

use crate::id::{HeaterId, SensorId};
use crate::layer::rules::Limits;
use crate::time::Instant;

#[cfg(test)]
mod tests;

/// Times over which the balance is drawn [s]: short ones find what is gross, long ones what is slow.
const WINDOWS_S: [f64; 4] = [120.0, 300.0, 600.0, 1_200.0];
/// The window that teaches what this rig does [s].
const LEARNING_S: f64 = 300.0;
/// Heat that a window must bring to teach anything [K].
const LEARNING_K: f64 = 20.0;
/// What was learnt holds this far from the temperature at which it was [K]: loss is not quite linear.
const LIKE_K: f64 = 20.0;
/// What is never a breach [K]: noise of the reading, and what moves within the time between two looks.
const NOISE_K: f64 = 3.0;
/// Longest time between two looks that belong together [s].
const GAP_S: f64 = 60.0;
/// For how long a heater may drive a zone away from its set point [s].
const AWAY_S: f64 = 60.0;
/// Heat that liquid takes at most, that of water [J/(mL K)].
const LIQUID_J_PER_ML_K: f64 = 4.2;

/// What a rehearsal knows of a heated zone.
#[derive(Clone, Debug, PartialEq)]
pub struct LoopModel {
    /// Its heater.
    pub heater: HeaterId,
    /// Full power \[W\].
    pub power_w: f64,
    /// Heat capacity [J/K].
    pub heat_capacity_j_per_k: f64,
    /// Loss to the room [W/K].
    pub loss_w_per_k: f64,
    /// Temperature of the room [°C].
    pub ambient_c: f64,
    /// Time from a change of power to the reading: dead time and lag of the sensor \[s\].
    pub lag_s: f64,
}

/// One look at a zone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) at: Instant,
    /// Temperature [°C].
    pub(super) value: f64,
    /// Power [%].
    pub(super) power: f64,
    pub(super) flow_ul_per_min: f64,
    /// Set point [°C], where there is one.
    pub(super) set_point: Option<f64>,
}

/// Heat since the first look, as the zone would be warmer by it [K].
#[derive(Clone, Copy, Debug)]
struct Sums {
    at: Instant,
    value: f64,
    /// Part of full power.
    power: f64,
    brought: f64,
    lost: f64,
    /// What the liquid may have taken.
    taken: f64,
    /// How much the power has moved within the lag.
    swing: f64,
}

/// A balance over a window [K].
#[derive(Clone, Copy, Debug)]
struct Balance {
    span_s: f64,
    rise: f64,
    brought: f64,
    lost: f64,
    slack: f64,
}

/// How a zone has answered its power.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    model: LoopModel,
    power: SensorId,
    looks: VecDeque<Sums>,
    /// Heat that a part of power brings, over that of the model, by temperature.
    learnt: Vec<(f64, f64)>,
    away_since: Option<Instant>,
}

impl Answer {
    pub(super) fn new(model: LoopModel, power: SensorId) -> Self {
        Self { model, power, looks: VecDeque::new(), learnt: Vec::new(), away_since: None }
    }

    /// The sensor of the power.
    pub(super) fn power(&self) -> &SensorId {
        &self.power
    }

    /// Since when a breach that is found now may have been there: the longest balance begins there.
    pub(super) fn watched_since(&self) -> Option<Instant> {
        self.looks.front().map(|sums| sums.at)
    }

    /// Somebody has put right what was read: no balance begins before now.
    pub(super) fn begin_anew(&mut self) {
        self.looks.clear();
        self.away_since = None;
    }

    /// Adds a reading; returns what is wrong, in words.
    pub(super) fn take(&mut self, look: Look, spec: &Limits) -> Option<String> {
        if !look.power.is_finite() {
            return Some(format!("an output power of {} %: check the controller", look.power));
        }
        if spec.loop_tolerance >= 1.0 {
            return None;
        }
        self.push(&look);
        let away = self.drives_away(&look, spec);
        let windows = WINDOWS_S.into_iter().filter_map(|window_s| self.balance(window_s));
        let breached = windows.filter_map(|balance| self.breach(&balance, spec)).next();
        self.learn();
        away.or(breached)
    }

    fn push(&mut self, look: &Look) {
        let (power, value) = (0.01 * look.power, look.value);
        let mut sums =
            Sums { at: look.at, value, power, brought: 0.0, lost: 0.0, taken: 0.0, swing: 0.0 };
        match self.looks.back().copied() {
            Some(last) if look.at.since(last.at).as_secs() <= GAP_S => {
                let span_s = look.at.since(last.at).as_secs();
                let above_k = 0.5 * (last.value + value) - self.model.ambient_c;
                let capacity = self.model.heat_capacity_j_per_k;
                let full = self.model.power_w / capacity;
                let flow_ml_per_s = look.flow_ul_per_min / 60_000.0;
                sums.brought = last.brought + span_s * full * 0.5 * (last.power + power);
                sums.lost = last.lost + span_s * self.model.loss_w_per_k / capacity * above_k;
                let takes = LIQUID_J_PER_ML_K * flow_ml_per_s / capacity;
                sums.taken = last.taken + span_s * takes * above_k.abs();
                sums.swing = self.swing(look.at, power);
            }
            Some(_) => self.looks.clear(),
            None => {}
        }
        self.looks.push_back(sums);
        let longest = WINDOWS_S[WINDOWS_S.len() - 1] + 2.0 * GAP_S + self.model.lag_s;
        while self.looks.front().is_some_and(|s| look.at.since(s.at).as_secs() > longest) {
            self.looks.pop_front();
        }
    }

    /// How far the power has been from `power` within the lag.
    fn swing(&self, at: Instant, power: f64) -> f64 {
        let recent = |s: &&Sums| at.since(s.at).as_secs() <= self.model.lag_s + 10.0;
        let looks = self.looks.iter().rev().take_while(recent);
        looks.map(|s| (s.power - power).abs()).fold(0.0, f64::max)
    }

    /// What the power had brought, the lag before a look.
    fn brought_by(&self, place: usize) -> f64 {
        let moment_s = self.looks[place].at.as_secs() - self.model.lag_s;
        let behind = self.looks.partition_point(|s| s.at.as_secs() < moment_s).min(place);
        let after = self.looks[behind];
        let Some(before) = behind.checked_sub(1).map(|i| self.looks[i]) else {
            // Nobody knows what was brought before the first look.
            return after.brought;
        };
        let (from_s, to_s) = (before.at.as_secs(), after.at.as_secs());
        let share = (moment_s - from_s) / (to_s - from_s).max(1e-9);
        before.brought + share * (after.brought - before.brought)
    }

    /// The balance over the shortest time that is not below `window_s`, if there is one.
    fn balance(&self, window_s: f64) -> Option<Balance> {
        let now = *self.looks.back()?;
        let inside = |s: &Sums| now.at.since(s.at).as_secs() >= window_s;
        let place = self.looks.partition_point(inside).checked_sub(1)?;
        let then = self.looks[place];
        // What power did before the first look is not known: leave the time out in which it would still act.
        if then.at.since(self.looks.front()?.at).as_secs() < self.model.lag_s {
            return None;
        }
        let full = self.model.power_w / self.model.heat_capacity_j_per_k;
        let shifted = full * (0.5 * self.model.lag_s + 5.0) * (now.swing + then.swing);
        Some(Balance {
            span_s: now.at.since(then.at).as_secs(),
            rise: now.value - then.value,
            brought: self.brought_by(self.looks.len() - 1) - self.brought_by(place),
            lost: now.lost - then.lost,
            slack: NOISE_K + shifted + now.taken - then.taken,
        })
    }

    /// Says whether a balance is beyond what the model allows, or what this rig has shown before.
    fn breach(&self, balance: &Balance, spec: &Limits) -> Option<String> {
        let Balance { span_s, rise, brought, lost, slack } = *balance;
        let tolerance = slack + spec.loop_tolerance * (brought + lost.abs());
        let off = rise - (brought - lost);
        if off.abs() > tolerance {
            return Some(words(balance, brought - lost, "the heater's numbers in the scenario"));
        }
        let scale = self.scale(self.mean_c(balance))?;
        let expected = scale * brought - lost;
        let tolerance = slack + spec.loop_drift * lost.abs().max(scale * brought);
        let drifts = spec.loop_drift < 1.0 && span_s >= LEARNING_S;
        (drifts && (rise - expected).abs() > tolerance)
            .then(|| words(balance, expected, "what this rig did before"))
    }

    /// Mean temperature over a window [°C].
    fn mean_c(&self, balance: &Balance) -> f64 {
        let loss = self.model.loss_w_per_k / self.model.heat_capacity_j_per_k;
        self.model.ambient_c + balance.lost / (loss * balance.span_s)
    }

    /// What was learnt at like temperatures.
    fn scale(&self, mean_c: f64) -> Option<f64> {
        let like = self.learnt.iter().find(|(c, _)| (c - mean_c).abs() <= LIKE_K);
        like.map(|(_, scale)| *scale)
    }

    /// Learns what power does at temperatures at which nothing is known yet.
    fn learn(&mut self) {
        let Some(balance) = self.balance(LEARNING_S) else { return };
        let mean_c = self.mean_c(&balance);
        if balance.brought >= LEARNING_K && self.scale(mean_c).is_none() {
            self.learnt.push((mean_c, (balance.rise + balance.lost) / balance.brought));
        }
    }

    /// Whether the heater goes on heating a zone that is far above its set point.
    fn drives_away(&mut self, look: &Look, spec: &Limits) -> Option<String> {
        let set_point = look.set_point?;
        let above_k = look.value - self.model.ambient_c;
        let holds = self.model.loss_w_per_k * above_k.max(0.0) / self.model.power_w;
        let heats = 0.01 * look.power > (1.0 + spec.loop_tolerance) * holds;
        if !heats || look.value - set_point <= spec.out_of_step_k {
            self.away_since = None;
            return None;
        }
        let since = *self.away_since.get_or_insert(look.at);
        (look.at.since(since).as_secs() > AWAY_S).then(|| {
            format!(
                "{:.1} °C, set {set_point:.1} °C, and still heated with {:.0} % of its power: cut the heater's supply",
                look.value, look.power
            )
        })
    }
}

/// What does not fit, and what a person must look at.
fn words(balance: &Balance, expected: f64, than: &str) -> String {
    let Balance { span_s, rise, brought, .. } = *balance;
    let what = if rise < expected { "too little heat arrives" } else { "too much heat arrives" };
    format!(
        "{what}: {rise:.1} K in {span_s:.0} s, expected are {expected:.1} K by its power ({brought:.1} K) and {than}: \
         look whether the sensor is in its place, then at heater, relay and fuse"
    )
}
