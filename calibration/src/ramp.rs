//! Ramps: each reading is of liquid that entered earlier, and has seen the flows change since.
//!
//! The flows are those that the rig was told, from the journal; of a table they follow from its rows. Transport is the
//! simulator's: when liquid entered is not read off the data.

use flowtwin_campaign::scenario::{Expected, Followed, Scenario, commanded};
use flowtwin_lab::path::FlowHistory;
use flowtwin_lab::study::{RampSpec, RampTask};
use flowtwin_lab::{Conditions, Instant, Settings, Span, math};
use nalgebra::DMatrix;

use crate::experiment::Experiment;
use crate::inputs::in_order;
use crate::parts::Part;

/// Steps in which the flows of a table change.
const STEPS: u32 = 200;
/// How long flows have stood before a ramp that is planned \[s\].
const STEADY_S: f64 = 1e5;
/// Most readings of one.
const MOST: u32 = 1000;
/// Fewest readings that are learnt from.
const FEWEST: usize = 2;
/// What goes on for less than this counts as that long \[s\].
const SHORTEST_S: f64 = 1.0;

/// A ramp, and what was read on it.
#[derive(Clone, Debug)]
pub(crate) struct Ramp {
    /// What was set, each from so many seconds after the beginning on.
    settings: Vec<(f64, Settings)>,
    /// What was set before.
    before: Option<Conditions>,
    /// Time from the reference spectra to the beginning \[h\].
    hours: f64,
    /// The readings, in order of time.
    readings: Vec<Reading>,
}

/// A reading of a ramp.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// When its liquid entered, by the volumes of the rig's paths \[s\].
    pub(crate) entered_s: f64,
    /// When it was read \[s\].
    pub(crate) read_s: f64,
    /// The conditions when it entered.
    pub(crate) conditions: Conditions,
    /// Features, in the order of the scenario; no number where there is none.
    pub(crate) features: Vec<f64>,
}

/// Conditions at a moment after the beginning of a ramp \[s\].
pub(crate) type Knot = (f64, Conditions);

impl Ramp {
    /// The ramp of a study; in words, why nothing is learnt from it.
    pub(crate) fn of_task(
        scenario: &Scenario,
        task: &RampTask,
        part: &Part<'_>,
    ) -> Result<Self, String> {
        let since_s = |at: flowtwin_lab::Instant| at.since(part.began).as_secs();
        let names = scenario.features();
        let reading = |it: &&flowtwin_lab::study::Reading| {
            let conditions = in_order(scenario, it.conditions.as_ref()?)?;
            let good = it.quality.flags().is_empty();
            let values = names.iter().map(|(name, _)| it.value(name).unwrap_or(f64::NAN));
            // The journal has moments of the lab.
            let entered_s = it.value("formed_s")? - part.began.as_secs();
            good.then(|| Reading {
                entered_s,
                read_s: since_s(it.at_ns),
                conditions,
                features: values.collect(),
            })
        };
        let readings = part.readings.iter().filter_map(reading).collect();
        let from = in_order(scenario, &task.from).ok_or("it has other inputs than the scenario")?;
        let heaters = scenario.procedure().recipe().settings(&from).heaters;
        let commands = part.commands.iter().map(|(at, command)| (since_s(*at), *command));
        let ramp = Self {
            settings: commanded(&heaters, commands),
            before: part.before.and_then(|before| in_order(scenario, before)),
            hours: part.blank.map_or(0.0, |at| part.began.since(at).as_secs() / 3600.0),
            readings,
        };
        ramp.checked(scenario)
    }

    /// A ramp of a table: conditions pass through its knots at their times, in order; before and after it they stand.
    pub(crate) fn of_table(
        scenario: &Scenario,
        knots: &[Knot],
        mut readings: Vec<Reading>,
    ) -> Result<Self, String> {
        let [(first_s, first), .., (last_s, _)] = knots else {
            return Err("a ramp has two rows or more".into());
        };
        let recipe = scenario.procedure().recipe();
        let step_s = (last_s - first_s) / f64::from(STEPS);
        let at = |step: u32| {
            let begins_s = first_s + f64::from(step) * step_s;
            // A step holds until the next: its middle is on the ramp.
            let on_ramp_s = begins_s + if step < STEPS { 0.5 * step_s } else { 0.0 };
            (begins_s, recipe.settings(&between(scenario, knots, on_ramp_s)))
        };
        let settings: Vec<(f64, Settings)> = (0..=STEPS).map(at).collect();
        if settings.iter().any(|(_, it)| it.heaters != settings[0].1.heaters) {
            return Err("it changes a temperature; without the columns formed_s and read_s its rows count as steady experiments".into());
        }
        readings.sort_by(|a, b| a.read_s.total_cmp(&b.read_s));
        Self { settings, before: Some(first.clone()), hours: 0.0, readings }.checked(scenario)
    }

    /// A ramp that nobody has run yet, from steady state, with readings of nothing.
    pub(crate) fn planned(
        scenario: &Scenario,
        (from, to): (&Conditions, &Conditions),
        times: &RampSpec,
    ) -> Option<Self> {
        let recipe = scenario.procedure().recipe();
        let knots = [(0.0, from.clone()), (times.duration_s, to.clone())];
        let mut settings = vec![(0.0, recipe.settings(from))];
        // A step holds until the next: its middle is on the ramp.
        let step = |at_s: f64| {
            (at_s, recipe.settings(&between(scenario, &knots, at_s + 0.5 * times.step_s)))
        };
        let steps = (times.duration_s / times.step_s).floor() as u32;
        settings.extend((0..=steps).map(|i| step(f64::from(i) * times.step_s)));
        let began = Instant::from_secs(STEADY_S);
        let mut history = FlowHistory::default();
        history.push(Instant::START, settings[0].1.clone());
        for (at_s, set) in &settings {
            history.push(began + Span::from_secs(*at_s), set.clone());
        }
        let (way, features) = (scenario.manifest().path.merged(), scenario.features().len());
        let reading = |i: u32| {
            let read_s = (f64::from(i) + 0.5) * times.every_s;
            let entered = history.passage(&way, began + Span::from_secs(read_s))?.entered;
            let entered_s = entered.as_secs() - STEADY_S;
            let conditions = between(scenario, &knots, entered_s);
            Some(Reading { entered_s, read_s, conditions, features: vec![0.0; features] })
        };
        let all = (0..MOST).map_while(reading).take_while(|it| it.entered_s <= times.duration_s);
        let readings = all.filter(|it| it.entered_s >= 0.0).collect();
        Self { settings, before: Some(from.clone()), hours: 0.0, readings }.checked(scenario).ok()
    }

    fn checked(self, scenario: &Scenario) -> Result<Self, String> {
        if scenario.file().rig.tube.iter().any(|stretch| stretch.tank) {
            return Err("a stirred tank mixes what enters over the whole ramp".into());
        }
        if self.readings.len() < FEWEST {
            return Err("it has too few readings".into());
        }
        Ok(self)
    }

    /// The readings, in order.
    pub(crate) fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The readings, each as a steady experiment at the conditions when its liquid entered.
    pub(crate) fn as_steady(&self, scenario: &Scenario) -> impl Iterator<Item = Experiment> {
        self.readings.iter().map(|reading| Experiment {
            hours: self.hours,
            features: reading.features.iter().map(|v| Some(*v).filter(|v| v.is_finite())).collect(),
            ..Experiment::unread(scenario, reading.conditions.clone())
        })
    }

    /// What was read [readings × features].
    pub(crate) fn values(&self) -> Vec<f64> {
        self.readings.iter().flat_map(|reading| reading.features.iter().copied()).collect()
    }

    /// What was set, each from so many seconds after the beginning on.
    pub(crate) fn settings(&self) -> &[(f64, Settings)] {
        &self.settings
    }

    /// What should have been read on a rig [readings × features]; none where it cannot be followed.
    pub(crate) fn predict(&self, rig: &mut Expected<'_>) -> Option<Vec<f64>> {
        let all: Vec<&Reading> = self.readings.iter().collect();
        self.under(rig, &self.settings, &all).map(|said| said.concat())
    }

    /// What some readings should be under other settings [readings][features].
    pub(crate) fn under(
        &self,
        rig: &mut Expected<'_>,
        settings: &[(f64, Settings)],
        readings: &[&Reading],
    ) -> Option<Vec<Vec<f64>>> {
        let followed = Followed { before: self.before.as_ref(), settings, hours: self.hours };
        let moments_s: Vec<f64> = readings.iter().map(|reading| reading.read_s).collect();
        let values = |outcome: flowtwin_lab::Outcome| -> Vec<f64> {
            outcome.features.into_iter().map(|(_, value)| value).collect()
        };
        Some(rig.along(&followed, &moments_s)?.into_iter().map(values).collect())
    }

    /// How far readings go together by what wanders with this correlation time \[s\] [readings × readings]: each sees its mean
    /// from when its liquid entered until it was read.
    ///
    pub(crate) fn together(&self, correlation_s: f64) -> DMatrix<f64> {
        let window = |i: usize| {
            let Reading { entered_s, read_s, .. } = self.readings[i];
            (entered_s.min(read_s - SHORTEST_S), read_s)
        };
        let covariance = |i: usize, j: usize| wandering(window(i), window(j), correlation_s);
        let n = self.readings.len();
        DMatrix::from_fn(n, n, |i, j| {
            covariance(i, j) / (covariance(i, i) * covariance(j, j)).sqrt()
        })
    }
}

/// Covariance of the means over two times, from when to when \[s\], of what wanders with a standard deviation of one.
///
/// The wandering is that of Ornstein and Uhlenbeck, whose covariance is exp(−|t|/τ); integrated over both times it is a sum of
/// G(t) = τ² exp(−|t|/τ) + τ |t|.
pub(crate) fn wandering((a, b): (f64, f64), (c, d): (f64, f64), correlation_s: f64) -> f64 {
    let tau = correlation_s.max(SHORTEST_S);
    let g = |t: f64| tau * tau * math::exp(-t.abs() / tau) + tau * t.abs();
    (g(b - c) + g(a - d) - g(a - c) - g(b - d)) / ((b - a) * (d - c))
}

/// The conditions at a moment, on straight lines between knots.
fn between(scenario: &Scenario, knots: &[Knot], at_s: f64) -> Conditions {
    let above = knots.partition_point(|(s, _)| *s < at_s).clamp(1, knots.len() - 1);
    let ((a_s, a), (b_s, b)) = (&knots[above - 1], &knots[above]);
    let share = if b_s > a_s { ((at_s - a_s) / (b_s - a_s)).clamp(0.0, 1.0) } else { 0.0 };
    let values = a.values().iter().zip(b.values());
    scenario.space().conditions(values.map(|(a, b)| a + share * (b - a)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(times: &[(f64, f64)]) -> Ramp {
        let reading = |&(entered_s, read_s): &(f64, f64)| Reading {
            entered_s,
            read_s,
            conditions: Conditions::new(Vec::new().into(), Vec::new()),
            features: Vec::new(),
        };
        let readings = times.iter().map(reading).collect();
        Ramp { settings: Vec::new(), before: None, hours: 0.0, readings }
    }

    /// What hardly lasts is seen together in so far as times overlap; what lasts long is seen by all readings alike; in between
    /// by a double sum of the covariance.
    #[test]
    fn readings_go_together_by_what_wanders_while_their_liquids_are_on_their_way() {
        let it = ramp(&[(0.0, 1000.0), (500.0, 1500.0), (3000.0, 4000.0)]);
        let short = it.together(1.0);
        assert!((short[(0, 1)] - 0.5).abs() < 0.01, "{short}");
        assert!(short[(0, 2)].abs() < 1e-6 && (short[(1, 1)] - 1.0).abs() < 1e-12);
        let long = it.together(1e6);
        assert!(long.iter().all(|together| *together > 0.99), "{long}");
        let sum = |(a, b): (f64, f64), (c, d): (f64, f64)| -> f64 {
            let middles = |from: f64, to: f64| {
                (0..400).map(move |i| from + (to - from) * (f64::from(i) + 0.5) / 400.0)
            };
            middles(a, b)
                .map(|s| middles(c, d).map(|t| math::exp(-(s - t).abs() / 300.0)).sum::<f64>())
                .sum()
        };
        let (first, second) = ((0.0, 1000.0), (500.0, 1500.0));
        let wanted = sum(first, second) / sum(first, first);
        assert!((it.together(300.0)[(0, 1)] - wanted).abs() < 1e-4, "{wanted}");
    }
}
