//! A heated plate with its controller.

use std::collections::VecDeque;

use flowtwin_lab::{Instant, Streams};

use crate::random::Wander;
use crate::spec;

/// Time grid on which the plate is integrated [s].
pub(crate) const TICK_S: f64 = 0.25;

/// Nanoseconds in a tick.
const TICK_NS: u64 = (TICK_S * 1e9) as u64;

/// A plate, its sensor and its controller.
#[derive(Clone, Debug)]
pub(crate) struct Heater {
    spec: spec::Heater,
    ambient_c: f64,
    plate_c: f64,
    wander: Wander,
    sensor_c: f64,
    before_c: f64,
    set_point_c: Option<f64>,
    kept_c: f64,
    integral: f64,
    output: f64,
    /// Power on its way through the dead time, in parts of full power.
    delayed: VecDeque<f64>,
    runaway: bool,
    sensor_open: bool,
    limit_tripped: bool,
    /// Temperature of the heated zone at each tick, from tick `first` on.
    log: VecDeque<f64>,
    first: u64,
}

impl Heater {
    pub(crate) fn new(
        name: &str,
        spec: &spec::Heater,
        ambient_c: f64,
        noise: &spec::Jitter,
        streams: &Streams,
    ) -> Self {
        let stream = streams.open(&format!("heater/{name}/zone"), 0);
        let ticks = (spec.dead_s / TICK_S).round() as usize;
        Self {
            ambient_c,
            plate_c: ambient_c,
            wander: Wander::new(stream, noise.deviation_k, noise.correlation_s, TICK_S),
            sensor_c: ambient_c - spec.above_sensor_k,
            before_c: ambient_c - spec.above_sensor_k,
            set_point_c: None,
            kept_c: ambient_c,
            integral: 0.0,
            output: 0.0,
            delayed: vec![0.0; ticks].into(),
            runaway: false,
            sensor_open: false,
            limit_tripped: false,
            log: vec![ambient_c].into(),
            first: 0,
            spec: spec.clone(),
        }
    }

    /// Controls to a set point, or switches the control off.
    ///
    /// A new set point starts the integral at the power that will hold it, as a tuned controller
    /// knows it.
    pub(crate) fn set(&mut self, set_point_c: Option<f64>) {
        let same = |a: Option<f64>, b: Option<f64>| a.map(f64::to_bits) == b.map(f64::to_bits);
        if same(set_point_c, self.set_point_c) {
            return;
        }
        self.set_point_c = set_point_c;
        self.kept_c = set_point_c.unwrap_or(self.kept_c);
        let holding_w = |c: f64| self.spec.loss_w_per_k * (c - self.ambient_c);
        self.integral =
            set_point_c.map_or(0.0, |c| (holding_w(c) / self.spec.power_w).clamp(0.0, 1.0));
        if set_point_c.is_none() {
            self.output = 0.0;
        }
    }

    /// Brings the plate to rest at once, at its set point or, where it is not controlled, at room temperature; forgets how
    /// it came there.
    pub(crate) fn rest_at(&mut self, set_point_c: Option<f64>, ambient_c: f64) {
        let celsius = set_point_c.unwrap_or(ambient_c);
        self.set(None);
        self.set(set_point_c);
        self.output = self.integral;
        self.delayed.iter_mut().for_each(|power| *power = self.output);
        self.plate_c = celsius;
        self.sensor_c = celsius;
        self.before_c = celsius;
        self.log = vec![celsius].into();
        self.first = 0;
    }

    /// Takes what is noted so far for the temperature up to a moment.
    pub(crate) fn begin_log(&mut self, at: Instant) {
        self.first = at.as_nanos() / TICK_NS;
    }

    /// Steps on until a moment.
    pub(crate) fn tick_until(&mut self, until: Instant, taken_w: f64) {
        while self.first + self.log.len() as u64 <= until.as_nanos() / TICK_NS {
            self.tick(taken_w);
        }
    }

    /// Lets the output stick at full power, or frees it.
    pub(crate) fn run_away(&mut self, stuck: bool) {
        self.runaway = stuck;
    }

    /// Opens the sensor's wire, or mends it.
    pub(crate) fn open_sensor(&mut self, open: bool) {
        self.sensor_open = open;
    }

    /// One step of the plate: C dT/dt = P u − UA (T − Ta) − q, `taken_w` what the liquid takes [W].
    pub(crate) fn tick(&mut self, taken_w: f64) {
        self.control();
        self.delayed.push_back(if self.runaway { 1.0 } else { self.output });
        let power = self.delayed.pop_front().expect("one was just pushed");
        self.limit_tripped |= self.plate_c > self.spec.limit_c;
        let power_w = if self.limit_tripped { 0.0 } else { power * self.spec.power_w };
        let lost_w = self.spec.loss_w_per_k * (self.plate_c - self.ambient_c);
        self.plate_c += TICK_S * (power_w - lost_w - taken_w) / self.spec.heat_capacity_j_per_k;
        self.wander.step();
        self.before_c = self.sensor_c;
        let share = TICK_S / (self.spec.sensor_s + TICK_S);
        let at_sensor_c = self.zone_c() - self.spec.above_sensor_k;
        self.sensor_c += share * (at_sensor_c - self.sensor_c);
        self.log.push_back(self.zone_c());
    }

    /// PID on the sensor; the integral stands still while the output is at its limit (anti-windup).
    fn control(&mut self) {
        let Some(set_point) = self.set_point_c else { return };
        if self.sensor_open {
            self.output = 0.0;
            return;
        }
        let gain = 1.0 / self.spec.proportional_band_k;
        let error = set_point - self.sensor_c;
        let speed = (self.sensor_c - self.before_c) / TICK_S;
        let proportional = gain * (error - self.spec.derivative_s * speed);
        let wanted = proportional + self.integral;
        self.output = wanted.clamp(0.0, 1.0);
        let pushes_further = (wanted > 1.0 && error > 0.0) || (wanted < 0.0 && error < 0.0);
        if !pushes_further {
            self.integral += gain * error * TICK_S / self.spec.integral_s;
            self.integral = self.integral.clamp(0.0, 1.0);
        }
    }

    /// Temperature of the heated zone now [°C].
    pub(crate) fn zone_c(&self) -> f64 {
        self.plate_c + self.wander.value()
    }

    /// Temperature of the heated zone at a moment [°C], that of the last tick.
    pub(crate) fn zone_at_c(&self, at: Instant) -> f64 {
        let tick = at.as_nanos() / TICK_NS;
        let place = tick.saturating_sub(self.first) as usize;
        self.log[place.min(self.log.len() - 1)]
    }

    /// The reading of the sensor [°C]; an open one reads far below any temperature.
    pub(crate) fn reading_c(&self) -> f64 {
        if self.sensor_open { -9999.0 } else { f64::from(self.sensor_c as f32) }
    }

    /// Whether it controls, and the set point it keeps [°C]: the last one, where control is off.
    pub(crate) fn kept_c(&self) -> (bool, f64) {
        (self.set_point_c.is_some(), self.kept_c)
    }

    /// Output power [%].
    pub(crate) fn power_percent(&self) -> f64 {
        let output = if self.runaway { 1.0 } else { self.output };
        f64::from((100.0 * output) as f32)
    }

    /// Forgets temperatures before a moment.
    pub(crate) fn forget(&mut self, before: Instant) {
        let tick = before.as_nanos() / TICK_NS;
        while self.first < tick && self.log.len() > 1 {
            self.log.pop_front();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plate() -> Heater {
        let world: spec::World =
            toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        let spec = &world.rig.heaters["plate"];
        Heater::new("plate", spec, 23.0, &spec::Jitter::default(), &Streams::new(1))
    }

    fn run(plate: &mut Heater, seconds: f64, taken_w: f64) {
        (0..(seconds / TICK_S) as u32).for_each(|_| plate.tick(taken_w));
    }

    /// 450 W on 1800 J/K and 2.5 W/K: T = Ta + 180 K (1 − exp(−t/720 s)), the dead time later.
    #[test]
    fn full_power_heats_as_the_energy_balance_says() {
        let mut plate = plate();
        plate.run_away(true);
        run(&mut plate, 308.0, 0.0);
        let expected = 23.0 + 180.0 * (1.0 - flowtwin_lab::math::exp(-300.0 / 720.0));
        assert!((plate.zone_c() - expected).abs() < 0.05, "{} °C", plate.zone_c());
    }

    /// In the steady state power is loss plus what the liquid takes: 282.5 W at 135 °C with 2.5 W.
    #[test]
    fn the_set_point_is_held_by_the_power_that_is_lost() {
        let mut plate = plate();
        plate.set(Some(135.0));
        run(&mut plate, 4000.0, 2.5);
        assert!((plate.zone_c() - 135.0).abs() < 0.01, "{} °C", plate.zone_c());
        let expected = 100.0 * (2.5 * 112.0 + 2.5) / 450.0;
        assert!((plate.power_percent() - expected).abs() < 0.05, "{} %", plate.power_percent());
    }

    #[test]
    fn a_zone_that_is_hotter_than_its_sensor_reads_is_held_above_the_set_point_by_as_much() {
        let mut plate = plate();
        plate.spec.above_sensor_k = 3.0;
        plate.set(Some(135.0));
        run(&mut plate, 4000.0, 0.0);
        assert!((plate.zone_c() - 138.0).abs() < 0.01, "{} °C", plate.zone_c());
        assert!((plate.reading_c() - 135.0).abs() < 0.01, "{} °C", plate.reading_c());
    }

    #[test]
    fn a_new_set_point_is_reached_without_creeping_or_overshooting() {
        let mut plate = plate();
        plate.set(Some(120.0));
        run(&mut plate, 2000.0, 0.0);
        plate.set(Some(150.0));
        run(&mut plate, 440.0, 0.0);
        assert!((plate.zone_c() - 150.0).abs() < 1.0, "{} °C", plate.zone_c());
        let mut highest = plate.zone_c();
        for _ in 0..2000 {
            plate.tick(0.0);
            highest = plate.zone_c().max(highest);
        }
        assert!(highest < 151.0, "{highest} °C");
    }

    /// Switched off it cools with C/UA = 720 s: from 150 to 120 °C in 194 s.
    #[test]
    fn it_cools_by_its_loss_alone() {
        let mut plate = plate();
        plate.set(Some(150.0));
        run(&mut plate, 4000.0, 0.0);
        plate.set(None);
        run(&mut plate, 8.0 + 193.7, 0.0);
        assert!((plate.zone_c() - 120.0).abs() < 0.1, "{} °C", plate.zone_c());
    }

    #[test]
    fn the_instruments_own_limit_cuts_a_runaway_for_good() {
        let mut plate = plate();
        plate.spec.limit_c = 150.0;
        plate.run_away(true);
        run(&mut plate, 3000.0, 0.0);
        assert!(plate.zone_c() < 100.0, "{} °C", plate.zone_c());
    }
}
