//! A syringe pump: what the motor does, and what comes out.

use std::f64::consts::TAU;

use flowtwin_lab::{Instant, Span, Steps, Streams, math};

use crate::random::Wander;
use crate::spec;

/// Time grid on which the random part of all pumps is drawn [s].
pub(crate) const TICK_S: f64 = 1.0;
/// Flow below which a pump that was stopped has come to rest [µL/s].
const REST_UL_PER_S: f64 = 1e-6;

/// A syringe pump.
#[derive(Clone, Debug)]
pub(crate) struct Pump {
    fill_ul: f64,
    compliance_s: f64,
    /// Compliance while there is gas in the syringe [s].
    bubble_s: Option<f64>,
    /// Volume of one turn of the lead screw [µL].
    turn_ul: f64,
    /// Most digits of a volume that it takes and tells.
    digits: Option<u32>,
    /// What it counts in, if it counts steps.
    steps: Option<Steps>,
    /// One of the units in which it tells the volume of its last run \[µL\].
    unit_ul: f64,
    gain: f64,
    /// What it delivers of what it is told, whatever the fill.
    delivers: f64,
    /// Standard deviation of the bias of a fill.
    bias: f64,
    ripples: [(f64, f64); 2],
    jitter: Wander,
    run: Option<Delivery>,
    /// Rate that it was last given [µL/min].
    kept_ul_per_min: f64,
    /// Volume dispensed by the last run, once it has ended [µL].
    dispensed_ul: f64,
    /// Volume the motor had delivered before the present run [µL].
    before_ul: f64,
    /// Volume that it has drawn since the start of the lab [µL].
    drawn_ul: f64,
    /// How often it has drawn.
    draws: u64,
    stalled: bool,
    blocked: bool,
}

#[derive(Clone, Copy, Debug)]
struct Delivery {
    since: Instant,
    rate_ul_per_s: f64,
    at_most_ul: f64,
    /// Whether it draws, from a bottle.
    draws: bool,
}

impl Delivery {
    fn delivered_ul(&self, at: Instant) -> f64 {
        (self.rate_ul_per_s * at.since(self.since).as_secs()).min(self.at_most_ul)
    }
}

impl Pump {
    pub(crate) fn new(
        name: &str,
        spec: &spec::Pump,
        noise: &spec::PumpNoise,
        streams: &Streams,
    ) -> Self {
        let mut fixed = streams.open(&format!("pump/{name}/fixed"), 0);
        let bias = 0.01 * noise.bias_percent * fixed.normal();
        let phases = [fixed.between(0.0, TAU), fixed.between(0.0, TAU)];
        let jitter = streams.open(&format!("pump/{name}/jitter"), 0);
        Self {
            fill_ul: 1e3 * spec.fill_ml,
            compliance_s: spec.compliance_s,
            bubble_s: None,
            turn_ul: spec.turn_ul(),
            digits: spec.digits,
            steps: spec.steps.as_ref().map(|steps| steps.of(spec.syringe_bore_mm())),
            unit_ul: 1.0,
            gain: (1.0 + bias) * (spec.delivers_percent / 100.0),
            delivers: spec.delivers_percent / 100.0,
            bias: 0.01 * noise.bias_percent,
            ripples: [
                (0.01 * noise.ripple_percent, phases[0]),
                (0.01 * noise.second_ripple_percent, phases[1]),
            ],
            jitter: Wander::new(jitter, 0.01 * noise.jitter_percent, noise.jitter_s, TICK_S),
            run: None,
            kept_ul_per_min: 0.0,
            dispensed_ul: 0.0,
            before_ul: 0.0,
            drawn_ul: 0.0,
            draws: 0,
            stalled: false,
            blocked: false,
        }
    }

    /// The phase of the ripple once a turn of the screw, where the run begins \[rad\].
    pub(crate) fn screw_phase(&self) -> f64 {
        self.ripples[0].1
    }

    /// Starts a delivery, or replaces the present one, and returns when it will end by itself.
    pub(crate) fn start(&mut self, now: Instant, rate_ul_per_min: f64, at_most_ul: f64) -> Instant {
        self.halt(now);
        self.dispensed_ul = 0.0;
        self.stalled = self.blocked;
        self.kept_ul_per_min = rate_ul_per_min;
        let has_room = |digits: u32| at_most_ul < math::pow(10.0, f64::from(digits));
        self.unit_ul = if self.digits.is_none_or(has_room) { 1.0 } else { 1000.0 };
        let is_rounded = self.digits.is_some() || self.steps.is_some();
        let at_most_ul = if is_rounded { self.told(at_most_ul) } else { at_most_ul };
        let rate_ul_per_s = rate_ul_per_min / 60.0;
        let run = Delivery { since: now, rate_ul_per_s, at_most_ul, draws: false };
        if !self.stalled {
            self.run = Some(run);
        }
        let volume = at_most_ul.min(self.left_ul(now)).max(0.0);
        let nanos = (volume / rate_ul_per_s * 1e9).ceil();
        now + Span::from_nanos(nanos.min(1e18) as u64)
    }

    /// Draws a volume into its syringe, and returns when it will end by itself. What the new fill delivers of what it is told is
    /// drawn by chance, from the stream of this fill in `streams`.
    pub(crate) fn draw(
        &mut self,
        now: Instant,
        (rate_ul_per_min, ul): (f64, f64),
        (name, streams): (&str, &Streams),
    ) -> Instant {
        let done = self.start(now, rate_ul_per_min, ul);
        let Some(run) = &mut self.run else { return done };
        run.draws = true;
        self.draws += 1;
        let mut fill = streams.open(&format!("pump/{name}/fill"), self.draws);
        self.gain = (1.0 + self.bias * fill.normal()) * self.delivers;
        let nanos = (run.at_most_ul / run.rate_ul_per_s * 1e9).ceil();
        now + Span::from_nanos(nanos.min(1e18) as u64)
    }

    /// Whether it draws.
    pub(crate) fn is_drawing(&self) -> bool {
        self.run.is_some_and(|run| run.draws)
    }

    /// Rate that it was last given [µL/min].
    pub(crate) fn kept_ul_per_min(&self) -> f64 {
        self.kept_ul_per_min
    }

    /// Ends the present run.
    pub(crate) fn stop(&mut self, now: Instant) {
        self.halt(now);
        self.stalled = false;
    }

    /// Fills the syringe of a pump that stands still.
    pub(crate) fn fill(&mut self, now: Instant, holds_ul: f64) {
        self.fill_ul = self.delivered_ul(now) - self.drawn_ul + holds_ul;
    }

    /// Ends a run that has come to its volume, or to the end of the syringe: then the pump stalls.
    pub(crate) fn run_out(&mut self, now: Instant) {
        let short = self.run.is_some_and(|run| run.delivered_ul(now) + 1e-3 < run.at_most_ul);
        self.halt(now);
        self.stalled |= short;
    }

    /// Blocks the way of the liquid, or clears it.
    pub(crate) fn block(&mut self, now: Instant, blocked: bool) {
        self.blocked = blocked;
        if blocked {
            self.stall(now);
        }
    }

    /// Stops because its drive has not the force, if it runs.
    pub(crate) fn stall(&mut self, now: Instant) {
        if self.run.is_some() {
            self.halt(now);
            self.stalled = true;
        }
    }

    /// Lets gas into the syringe, or takes it out.
    pub(crate) fn bubble(&mut self, compliance_s: Option<f64>) {
        self.bubble_s = compliance_s;
    }

    fn halt(&mut self, now: Instant) {
        if let Some(run) = self.run.take() {
            self.dispensed_ul = run.delivered_ul(now);
            let moved = if run.draws { &mut self.drawn_ul } else { &mut self.before_ul };
            *moved += self.dispensed_ul;
        }
    }

    /// Draws the random part of the next tick.
    pub(crate) fn tick(&mut self) {
        self.jitter.step();
    }

    /// 0 stopped, 1 running, 4 stalled.
    pub(crate) fn status(&self) -> f64 {
        match (self.stalled, self.run.is_some()) {
            (true, _) => 4.0,
            (false, true) => 1.0,
            (false, false) => 0.0,
        }
    }

    /// Whether its motor turns.
    pub(crate) fn runs(&self) -> bool {
        self.run.is_some()
    }

    /// The rate it has been set to, zero where it does not run [µL/s].
    pub(crate) fn set_ul_per_s(&self) -> f64 {
        self.run.filter(|run| !run.draws).map_or(0.0, |run| run.rate_ul_per_s)
    }

    /// The flow at which it comes to stand, without what fluctuates [µL/s].
    pub(crate) fn stands_ul_per_s(&self) -> f64 {
        self.gain * self.set_ul_per_s()
    }

    /// Volume since the last start, as the pump counts it: by steps of its motor [µL].
    pub(crate) fn dispensed_ul(&self, now: Instant) -> f64 {
        self.told(self.run.map_or(self.dispensed_ul, |run| run.delivered_ul(now)))
    }

    /// A volume as it shows it \[µL\].
    fn told(&self, ul: f64) -> f64 {
        match (self.steps, self.digits) {
            (Some(steps), _) => steps.whole_ul(ul),
            (None, Some(digits)) => math::round_digits(ul / self.unit_ul, digits, 3) * self.unit_ul,
            (None, None) => math::round_decimals(ul, 4),
        }
    }

    /// Volume that the motor has delivered since the start of the lab [µL].
    pub(crate) fn delivered_ul(&self, now: Instant) -> f64 {
        let run = self.run.filter(|run| !run.draws);
        self.before_ul + run.map_or(0.0, |run| run.delivered_ul(now))
    }

    fn left_ul(&self, now: Instant) -> f64 {
        (self.fill_ul + self.drawn_ul - self.delivered_ul(now)).max(0.0)
    }

    /// The flow that the plunger drives now: Q = Qset (1 + b) (1 + Σ a sin(2π k x/p + f) + n)
    /// [µL/s].
    pub(crate) fn drive_ul_per_s(&self, now: Instant) -> f64 {
        let Some(run) = self.run.filter(|run| !run.draws) else { return 0.0 };
        let turns = (self.delivered_ul(now) - self.drawn_ul) / self.turn_ul;
        let [first, second] = self.ripples;
        let ripple = first.0 * math::sin(TAU * turns + first.1)
            + second.0 * math::sin(2.0 * TAU * turns + second.1);
        run.rate_ul_per_s * self.gain * (1.0 + ripple + self.jitter.value()).max(0.0)
    }

    /// Change of the outflow until the next tick [µL/s²]: linear towards where the lag
    /// τ dQ/dt = Qdriven − Q leads by then.
    pub(crate) fn slope(&self, now: Instant, rate: f64, seconds_to_tick: f64) -> f64 {
        let driven = self.drive_ul_per_s(now);
        if self.run.is_none() && rate < REST_UL_PER_S {
            return -rate / seconds_to_tick;
        }
        let tau = self.bubble_s.unwrap_or(self.compliance_s);
        (rate - driven) * math::exp_m1(-seconds_to_tick / tau) / seconds_to_tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pump_that_delivers_more_than_it_is_told_counts_what_it_is_told() {
        let world: spec::World =
            toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        let spec = spec::Pump { delivers_percent: 103.0, ..world.rig.pumps["cui"].clone() };
        let mut pump = Pump::new("cui", &spec, &spec::PumpNoise::default(), &Streams::new(1));
        pump.start(Instant::START, 60.0, 1e4);
        let at = Instant::from_secs(10.0);
        assert!((pump.drive_ul_per_s(at) - 1.03).abs() < 1e-12);
        assert!((pump.dispensed_ul(at) - 10.0).abs() < 1e-9);
    }

    /// It delivers whole steps, and tells where it is to the step.
    #[test]
    fn a_pump_that_counts_steps_delivers_a_whole_number_of_them() {
        let world: spec::World =
            toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        let steps = Some(spec::PumpSteps { um: 1.25, um_per_s: 1.25 });
        let spec = spec::Pump { bore_mm: Some(7.29), steps, ..world.rig.pumps["cui"].clone() };
        let mut pump = Pump::new("cui", &spec, &spec::PumpNoise::default(), &Streams::new(1));
        let step_ul = 1.25e-3 * crate::model::segmentation::area_mm2(7.29);
        // 40 steps a second, and 100.3 of them.
        pump.start(Instant::START, 40.0 * 60.0 * step_ul, 100.3 * step_ul);
        for (s, steps) in [(1.01, 40.0), (1.02, 41.0), (2.0, 80.0), (9.0, 100.0)] {
            let told = pump.dispensed_ul(Instant::from_secs(s)) / step_ul;
            assert!((told - steps).abs() < 1e-9, "{told} at {s} s");
        }
    }

    /// A screw of 1 mm in a bore of 28.6 mm moves 642.4 µL with every turn: 6 s at 6424 µL/min.
    #[test]
    fn ripple_repeats_with_every_turn_of_the_lead_screw() {
        let world: spec::World =
            toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        let noise = spec::PumpNoise { ripple_percent: 0.8, ..spec::PumpNoise::default() };
        let mut pump = Pump::new("cui", &world.rig.pumps["cui"], &noise, &Streams::new(1));
        pump.start(Instant::START, 6424.0, 1e5);
        let off =
            |seconds: f64| pump.drive_ul_per_s(Instant::from_secs(seconds)) / (6424.0 / 60.0) - 1.0;
        let largest = (0..600).map(|i| off(0.01 * f64::from(i))).fold(0.0, f64::max);
        assert!((largest / 0.008 - 1.0).abs() < 0.02, "{largest}");
        for i in 0..60 {
            let seconds = 0.1 * f64::from(i);
            assert!((off(seconds + 6.0) - off(seconds)).abs() < 1e-4, "at {seconds} s");
            assert!((off(seconds + 3.0) + off(seconds)).abs() < 1e-4, "at {seconds} s");
        }
    }

    /// A head of 50 µL that delivers 500 µL/min strokes ten times a minute.
    #[test]
    fn the_flow_of_a_continuous_pump_pulses_with_its_strokes() {
        let head = spec::Continuous {
            slowest_ul_per_min: 10.0,
            fastest_ul_per_min: 10_000.0,
            stroke_ul: 50.0,
            max_kpa: None,
        };
        let world: spec::World =
            toml::from_str(include_str!("../../tests/reference_world.toml")).unwrap();
        let (bore_mm, continuous) = (None, Some(head));
        let spec = spec::Pump { bore_mm, continuous, ..world.rig.pumps["cui"].clone() };
        let noise = spec::PumpNoise { ripple_percent: 2.0, ..spec::PumpNoise::default() };
        let mut pump = Pump::new("cui", &spec, &noise, &Streams::new(1));
        pump.start(Instant::START, 500.0, 1e5);
        let flow = |s: f64| pump.drive_ul_per_s(Instant::from_secs(s)) / (500.0 / 60.0) - 1.0;
        let largest = (0..600).map(|i| flow(0.01 * f64::from(i))).fold(0.0, f64::max);
        assert!((largest / 0.02 - 1.0).abs() < 0.02, "{largest}");
        for i in 0..60 {
            let s = 0.1 * f64::from(i);
            assert!((flow(s + 6.0) - flow(s)).abs() < 1e-4, "at {s} s");
            assert!((flow(s + 3.0) + flow(s)).abs() < 1e-4, "at {s} s");
        }
    }
}
