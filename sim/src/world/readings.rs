//! What analysers find and sensors read on average, at rest: one slug stands for all, and nothing is rounded.

use flowtwin_lab::Instant;

use super::World;
use super::analysis::{areas, carried_over, detected};
use super::probe::responding;
use crate::plan::SensorPlan;
use crate::spec::Measures;

impl World {
    /// Lets the last sample of an analyser have been taken now.
    pub(crate) fn take_at_rest(&mut self, number: usize) {
        let held = self.held_at_rest(number, &[]);
        self.analyses[number].held_mm = held;
    }

    /// Lets no analyser have had a sample.
    pub(crate) fn rinse_analysers(&mut self) {
        self.analyses.iter_mut().for_each(|analysis| analysis.held_mm.clear());
    }

    /// What an analyser finds in a sample that is taken now \[mM\].
    pub(crate) fn results_at_rest(&mut self, number: usize) -> Vec<f64> {
        let last = self.analyses[number].held_mm.clone();
        let held = self.held_at_rest(number, &last);
        let found = areas(&self.plan.analysers[number], &held);
        found.map(|(peak, mm)| detected(peak, mm)).collect()
    }

    fn held_at_rest(&mut self, number: usize, last: &[f64]) -> Vec<f64> {
        let plan = self.plan.clone();
        let analyser = &plan.analysers[number];
        let index = self.place_slug(analyser.stretch, self.engine.now());
        carried_over(analyser, &self.become_of(analyser.stage, index).values, last)
    }

    /// What the thermometer of a plate reads now \[°C\].
    pub(crate) fn plate_reading_c(&self, heater: usize) -> f64 {
        self.heaters[heater].reading_c()
    }

    /// What a sensor in the line reads now.
    pub(crate) fn reading_at_rest(&mut self, number: usize) -> f64 {
        let plan = self.plan.clone();
        let (sensor, now) = (&plan.sensors[number], self.engine.now());
        let response_s = sensor.spec.response_s;
        match response_s > 0.0 {
            true => responding(now, response_s, |then| self.shown_at_rest(sensor, then)),
            false => self.shown_at_rest(sensor, now),
        }
    }

    fn shown_at_rest(&mut self, sensor: &SensorPlan, at: Instant) -> f64 {
        if !matches!(sensor.spec.measures, Measures::Pressure | Measures::Flow) {
            self.place_slug(sensor.stretch, at);
        }
        self.present(sensor, at)
    }
}
