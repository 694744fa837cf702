//! From values of the free keys to what every experiment should have yielded.

use std::cell::Cell;

use flowtwin_campaign::scenario::{Expected, Free, Moment, Reading, Scenario, plan, world};
use flowtwin_lab::PumpId;
use flowtwin_sim::Plan;
use serde_json::Value;

use crate::data::Experiment;

/// Features of every experiment, in the order of the scenario [experiments][features]; not a number where there is none.
pub(crate) type Table = Vec<Vec<f64>>;

/// An instrument whose calibration is a standard deviation off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Misreading {
    /// What it tells.
    pub(crate) reading: Reading,
    /// It tells so much of what is there …
    pub(crate) factor: f64,
    /// … and so much more, in its unit.
    pub(crate) offset: f64,
}

/// The simulator as a function of the free keys.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    scenario: &'a Scenario,
    world: Value,
    pub(crate) free: &'a [Free],
    pub(crate) experiments: &'a [Experiment],
    evaluations: Cell<u64>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        free: &'a [Free],
        experiments: &'a [Experiment],
    ) -> Self {
        let world = world(&scenario.definition());
        Self { scenario, world, free, experiments, evaluations: Cell::new(0) }
    }

    /// How often all experiments have been predicted.
    pub(crate) fn evaluations(&self) -> u64 {
        self.evaluations.get()
    }

    /// The scenario that is calibrated.
    pub(crate) fn scenario(&self) -> &'a Scenario {
        self.scenario
    }

    /// The plan of the rig with these values of the free keys, on their scales; none where the simulator refuses them.
    pub(crate) fn plan(&self, scaled: &[f64]) -> Option<Plan> {
        let mut world = self.world.clone();
        for (free, &scaled) in self.free.iter().zip(scaled) {
            free.put(&mut world, free.value(scaled));
        }
        plan(&world).ok()
    }

    /// What all experiments should yield; none where the simulator refuses the values.
    pub(crate) fn predict(&self, scaled: &[f64]) -> Option<Table> {
        self.with(scaled, |_| {})
    }

    /// The same with a pump that delivers this much more than it is set to, in parts.
    pub(crate) fn with_delivery(&self, scaled: &[f64], pump: &PumpId, more: f64) -> Option<Table> {
        self.with(scaled, |expected| expected.deliver(pump, 1.0 + more))
    }

    /// The same with plates that are warmer than they are set to [K].
    pub(crate) fn with_warmth(&self, scaled: &[f64], warmer_k: f64) -> Option<Table> {
        self.with(scaled, |expected| expected.warm(warmer_k))
    }

    /// The same with an instrument whose calibration is off.
    pub(crate) fn with_misreading(&self, scaled: &[f64], off: &Misreading) -> Option<Table> {
        self.with(scaled, |expected| expected.misread(off.reading, off.factor, off.offset))
    }

    fn with(&self, scaled: &[f64], adjust: impl Fn(&mut Expected<'_>)) -> Option<Table> {
        self.evaluations.set(self.evaluations.get() + 1);
        let mut expected = Expected::on(self.scenario, &self.plan(scaled)?);
        adjust(&mut expected);
        Some(
            self.experiments.iter().map(|experiment| self.one(&mut expected, experiment)).collect(),
        )
    }

    fn one(&self, expected: &mut Expected<'_>, experiment: &Experiment) -> Vec<f64> {
        let moment = Moment { before: experiment.before.as_ref(), hours: experiment.hours };
        let outcome = expected.at(&experiment.conditions, &moment);
        outcome.features.into_iter().map(|(_, value)| value).collect()
    }

    /// Derivatives of all features by each free key, on their scales [keys][experiments][features], by central differences.
    ///
    /// The counts behind a prediction have seven digits; with a step of half a per cent the error of rounding and that of
    /// the formula are both some 1e-5 of a derivative.
    pub(crate) fn slopes(&self, scaled: &[f64]) -> Option<Vec<Table>> {
        const STEP: f64 = 5e-3;
        let along = |k: usize| {
            let free = &self.free[k];
            let (low, high) = (free.scaled(free.low), free.scaled(free.high));
            let mut at = scaled.to_vec();
            at[k] = (scaled[k] + STEP).min(high);
            let (above, up) = (self.predict(&at)?, at[k]);
            at[k] = (scaled[k] - STEP).max(low);
            let below = self.predict(&at)?;
            Some(slope(&above, &below, up - at[k]))
        };
        (0..self.free.len()).map(along).collect()
    }
}

/// Difference of two tables over a step.
pub(crate) fn slope(above: &Table, below: &Table, step: f64) -> Table {
    let rows = above.iter().zip(below);
    rows.map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a - b) / step).collect()).collect()
}
