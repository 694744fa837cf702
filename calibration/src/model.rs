//! From values of the free keys to what every experiment should have yielded.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_campaign::scenario::{Expected, Free, Misreading, Scenario, plan_beside, world};
use flowtwin_lab::PumpId;
use flowtwin_sim::Plan;
use serde_json::Value;

use crate::experiment::Experiment;
use crate::series::Series;

/// Features of every experiment, in the order of the scenario [experiments][features], then the readings of every series
/// [series][readings]; not a number where there is none.
pub(crate) type Table = Vec<Vec<f64>>;

/// Plans and predictions that are kept: those of one gradient by many keys.
const KEPT: usize = 24;
/// Plans are larger: with the step of one key, and without.
const PLANS: usize = 3;

/// The simulator as a function of the free keys.
#[derive(Debug)]
pub(crate) struct Model<'a> {
    scenario: &'a Scenario,
    world: Value,
    pub(crate) free: &'a [Free],
    pub(crate) experiments: &'a [Experiment],
    pub(crate) series: &'a [Series],
    evaluations: Cell<u64>,
    /// Plans of the last values, as spectra of many are the same.
    plans: Rc<RefCell<VecDeque<Plan>>>,
    /// What was predicted last, and at which values.
    tables: RefCell<VecDeque<(Vec<u64>, Table)>>,
    /// The series as they were expected last, and where.
    expected: RefCell<Option<(Vec<f64>, Table)>>,
    stop: Option<&'a AtomicBool>,
}

impl<'a> Model<'a> {
    pub(crate) fn new(
        scenario: &'a Scenario,
        free: &'a [Free],
        experiments: &'a [Experiment],
    ) -> Self {
        let world = world(&scenario.definition());
        Self {
            scenario,
            world,
            free,
            experiments,
            series: &[],
            evaluations: Cell::new(0),
            plans: Rc::default(),
            tables: RefCell::default(),
            expected: RefCell::default(),
            stop: None,
        }
    }

    /// The same of these series, too.
    #[must_use]
    pub(crate) fn with_series(self, series: &'a [Series]) -> Self {
        Self { series, ..self }
    }

    /// The same, which predicts nothing any more once `stop` is set.
    #[must_use]
    pub(crate) fn unless(self, stop: &'a AtomicBool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// The same simulator for these experiments, and no series; it is stopped as this one is.
    pub(crate) fn of<'b>(&self, experiments: &'b [Experiment]) -> Model<'b>
    where
        'a: 'b,
    {
        let plans = self.plans.clone();
        Model { stop: self.stop, plans, ..Model::new(self.scenario, self.free, experiments) }
    }

    fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Which of these series a free key moves at all: of the others nothing is learnt, and what the scenario has wrong of them
    /// is no fault of the keys.
    pub(crate) fn moved(&self, scaled: &[f64], series: &[Series]) -> Vec<bool> {
        const STEP: f64 = 1e-2;
        let room = self.heats_the_room();
        let said = |plan: Option<Plan>| -> Table {
            let Some(plan) = plan else { return vec![Vec::new(); series.len()] };
            series.iter().map(|series| series.predict(self.scenario, &plan, room)).collect()
        };
        let here = said(self.plan(scaled));
        let mut moved = vec![false; series.len()];
        for (k, free) in self.free.iter().enumerate() {
            let mut at = scaled.to_vec();
            let middle = 0.5 * (free.scaled(free.low) + free.scaled(free.high));
            at[k] += if at[k] > middle { -STEP } else { STEP };
            let there = said(self.plan(&at));
            for ((moved, here), there) in moved.iter_mut().zip(&here).zip(&there) {
                *moved |= here.iter().zip(there).any(|(a, b)| a.to_bits() != b.to_bits());
            }
        }
        moved
    }

    /// Whether how warm the room is is to be found out.
    fn heats_the_room(&self) -> bool {
        self.free.iter().any(|free| free.key == "rig.ambient_c")
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
        let mut kept = self.plans.borrow_mut();
        let others: Vec<&Plan> = kept.iter().collect();
        let plan = plan_beside(&world, &others).ok()?;
        let again = kept.iter().any(|other| other.world() == plan.world());
        if !again {
            kept.push_front(plan.clone());
            kept.truncate(PLANS);
        }
        Some(plan)
    }

    /// What all experiments should yield; none where the simulator refuses the values.
    pub(crate) fn predict(&self, scaled: &[f64]) -> Option<Table> {
        let bits: Vec<u64> = scaled.iter().map(|value| value.to_bits()).collect();
        let known = self.tables.borrow().iter().find(|(at, _)| *at == bits).map(|it| it.1.clone());
        if let Some(table) = known.filter(|_| !self.is_stopped()) {
            self.evaluations.set(self.evaluations.get() + 1);
            return Some(table);
        }
        let table = self.with(scaled, |_| {})?;
        let mut kept = self.tables.borrow_mut();
        kept.push_front((bits, table.clone()));
        kept.truncate(KEPT);
        Some(table)
    }

    /// The same with a pump that delivers this much more than it is set to, in parts.
    pub(crate) fn with_delivery(&self, scaled: &[f64], pump: &PumpId, more: f64) -> Option<Table> {
        let mut table = self.with(scaled, |expected| expected.deliver(pump, 1.0 + more))?;
        let weighed = self.series.iter().zip(&mut table[self.experiments.len()..]);
        for (_, row) in weighed.filter(|(series, _)| series.pump() == Some(pump)) {
            row.iter_mut().for_each(|grams| *grams *= 1.0 + more);
        }
        Some(table)
    }

    /// The same with plates that are warmer than they are set to [K].
    pub(crate) fn with_warmth(&self, scaled: &[f64], warmer_k: f64) -> Option<Table> {
        self.with(scaled, |expected| expected.warm(warmer_k))
    }

    /// The same with an instrument whose calibration is off.
    pub(crate) fn with_misreading(&self, scaled: &[f64], off: &Misreading) -> Option<Table> {
        self.with(scaled, |expected| expected.misread(off.reading, off.factor, off.offset))
    }

    /// What all readings are off by where reference spectra are: [one cause](Expected::blanks) at a time.
    pub(crate) fn by_blanks(&self, scaled: &[f64]) -> Option<Vec<Table>> {
        let mut expected = Expected::on(self.scenario, &self.plan(scaled)?);
        let blanks = expected.blanks();
        let mut tables = vec![Table::new(); blanks.len()];
        if tables.is_empty() {
            return Some(tables);
        }
        self.evaluations.set(self.evaluations.get() + 1);
        for experiment in self.experiments {
            if self.is_stopped() {
                return None;
            }
            let rows = expected.by_blanks(&experiment.conditions, &experiment.moment(), &blanks);
            tables.iter_mut().zip(rows).for_each(|(table, row)| table.push(row));
        }
        for series in self.series {
            // What a reading is off by does not depend on how its liquid came to be what it is.
            let near = series.ramp().into_iter().flat_map(|ramp| ramp.as_steady(self.scenario));
            let near: Vec<Vec<Vec<f64>>> =
                near.map(|e| expected.by_blanks(&e.conditions, &e.moment(), &blanks)).collect();
            for (i, table) in tables.iter_mut().enumerate() {
                let row: Vec<f64> = near.iter().flat_map(|of| of[i].clone()).collect();
                table.push(if near.is_empty() { vec![0.0; series.values.len()] } else { row });
            }
        }
        Some(tables)
    }

    fn with(&self, scaled: &[f64], adjust: impl Fn(&mut Expected<'_>)) -> Option<Table> {
        self.evaluations.set(self.evaluations.get() + 1);
        let plan = self.plan(scaled)?;
        let mut expected = Expected::on(self.scenario, &plan);
        adjust(&mut expected);
        let mut table = Table::with_capacity(self.experiments.len() + self.series.len());
        for experiment in self.experiments {
            if self.is_stopped() {
                return None;
            }
            table.push(self.one(&mut expected, experiment));
        }
        let mut said = self.curves(scaled, &plan);
        for (series, said) in self.series.iter().zip(&mut said) {
            if self.is_stopped() {
                return None;
            }
            if let Some(ramp) = series.ramp() {
                *said = ramp.predict(&mut expected)?;
            }
        }
        table.extend(said);
        Some(table)
    }

    /// What all series but ramps should read; kept, because what is off in an experiment changes none of them.
    fn curves(&self, scaled: &[f64], plan: &Plan) -> Table {
        if let Some((at, known)) = &*self.expected.borrow()
            && at == scaled
        {
            return known.clone();
        }
        let room = self.heats_the_room();
        let said = self.series.iter().map(|series| match series.ramp() {
            Some(_) => Vec::new(),
            None => series.predict(self.scenario, plan, room),
        });
        let said: Table = said.collect();
        *self.expected.borrow_mut() = Some((scaled.to_vec(), said.clone()));
        said
    }

    fn one(&self, expected: &mut Expected<'_>, experiment: &Experiment) -> Vec<f64> {
        let outcome = expected.at(&experiment.conditions, &experiment.moment());
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use flowtwin_campaign::scenario::{FreeSpec, Scenario};

    use super::*;

    #[test]
    fn a_model_that_is_stopped_predicts_nothing_any_more_and_neither_do_those_made_of_it() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/snar.toml");
        let scenario = Scenario::load(&path).unwrap();
        let key = FreeSpec::new("chemistry.reactions[1].k_in_mol_l_s");
        let free = crate::free(&scenario, &[key]).unwrap();
        let experiment = Experiment {
            source: "one".into(),
            run: 0,
            ramp: None,
            conditions: scenario.space().from_unit(&vec![0.5; scenario.space().dim()]),
            before: None,
            hours: 0.0,
            features: vec![None; scenario.features().len()],
        };
        let (stop, experiments) = (AtomicBool::new(false), [experiment]);
        let model = Model::new(&scenario, &free, &experiments).unless(&stop);
        let (scaled, others) = ([free[0].scaled(free[0].start)], model.of(&experiments));
        assert!(model.predict(&scaled).is_some() && others.predict(&scaled).is_some());
        stop.store(true, Ordering::Relaxed);
        assert!(model.predict(&scaled).is_none() && others.predict(&scaled).is_none());
        assert!(
            model.slopes(&scaled).is_none() && model.of(&experiments).slopes(&scaled).is_none()
        );
    }
}
