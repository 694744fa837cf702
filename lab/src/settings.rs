//! From conditions to what the instruments are set to.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::conditions::{Conditions, Word, nearer_of_zero_and};
use crate::follows::Follows;
use crate::id::{HeaterId, PumpId};
use crate::math;
use crate::steps::Steps;
use crate::units::{FlowRate, Temperature};

/// What every heater and pump is set to for one experiment, quantized as the instruments are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Set points of the heaters.
    pub heaters: Vec<(HeaterId, Temperature)>,
    /// Rates of the pumps.
    pub pumps: Vec<(PumpId, FlowRate)>,
}

impl Settings {
    /// The rate of a pump; zero for one that is not named.
    pub fn flow(&self, pump: &PumpId) -> FlowRate {
        self.pumps.iter().find(|(p, _)| p == pump).map_or(FlowRate::ZERO, |(_, rate)| *rate)
    }

    /// Temperature to which a heater is set [°C]; that of the room where there is none, or it is not set.
    pub fn around_c(&self, heater: Option<&HeaterId>, room_c: f64) -> f64 {
        let set = heater.and_then(|heater| self.heaters.iter().find(|(id, _)| id == heater));
        set.map_or(room_c, |(_, temperature)| temperature.c())
    }

    /// Sum of all rates [µL/min].
    pub fn total_ul_per_min(&self) -> f64 {
        self.pumps.iter().map(|(_, rate)| rate.ul_per_min()).sum()
    }
}

/// How conditions become settings: each heater and pump follows from the inputs.
///
/// Linear functions are enough for "this input is that pump", "the two streams are one to one" and "the carrier equals
/// the precursors". Formulas are for inputs that are residence times, equivalents or options.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recipe {
    /// Set points of the heaters [°C].
    pub heaters: Vec<(HeaterId, Follows)>,
    /// Rates of the pumps [µL/min].
    pub pumps: Vec<(PumpId, Follows)>,
    /// Slowest rates of pumps [µL/min]: what would be slower, and is not off, is the nearer of off and this.
    pub slowest: Vec<(PumpId, f64)>,
    /// Pumps that count steps: what in, and their slowest and fastest rates [µL/min].
    pub steps: Vec<(PumpId, Steps, (f64, f64))>,
    /// The options of each input that is chosen by name, and nothing for the others; empty where all are numbers. Conditions
    /// from files name options, and know no numbers of them.
    pub options: Vec<Vec<String>>,
}

impl Recipe {
    /// The values of conditions, options by their number.
    fn numbers<'a>(&self, conditions: &'a Conditions) -> Cow<'a, [f64]> {
        if self.options.is_empty() {
            return Cow::Borrowed(conditions.values());
        }
        let number = |(place, value): (usize, &f64)| match conditions.word(place) {
            Word::Number(value) => value,
            Word::Name(name) => {
                let options = self.options.get(place).into_iter().flatten();
                options.enumerate().find(|(_, o)| *o == name).map_or(*value, |(at, _)| at as f64)
            }
        };
        Cow::Owned(conditions.values().iter().enumerate().map(number).collect())
    }

    /// The settings for these conditions: rates to 1e-6 µL/min, set points to the nearest `f32`, as on the wire. A pump
    /// is off, or runs no slower than it can; one that counts steps runs at a whole number of them.
    pub fn settings(&self, conditions: &Conditions) -> Settings {
        let x = &self.numbers(conditions)[..];
        let rate = |(pump, of): &(PumpId, Follows)| {
            let slowest = self.slowest.iter().find(|(p, _)| p == pump).map_or(0.0, |(_, s)| *s);
            let rate = nearer_of_zero_and(slowest, math::round_decimals(of.at(x), 6));
            let steps = self.steps.iter().find(|(p, ..)| p == pump);
            let rate =
                steps.map_or(rate, |(_, steps, limits)| steps.nearest_ul_per_min(rate, *limits));
            // Not the negative zero that rounding can leave.
            (pump.clone(), FlowRate::from_ul_per_min(rate + 0.0))
        };
        let set_point = |of: &Follows| Temperature::from_c(f64::from(of.at(x) as f32));
        Settings {
            heaters: self.heaters.iter().map(|(h, l)| (h.clone(), set_point(l))).collect(),
            pumps: self.pumps.iter().map(rate).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::Linear;

    /// A Cavro XLP 6000 with a syringe of 7.29 mm: one microstep a second is 3.13 µL/min, and 40 of them are the slowest.
    #[test]
    fn a_pump_that_counts_steps_runs_at_a_whole_number_of_them() {
        let steps = Steps::of(7.29, 1.25, 1.25);
        let one = 60.0 * 1.25e-3 * std::f64::consts::PI / 4.0 * 7.29 * 7.29;
        assert!((steps.ul_per_min - one).abs() < 1e-12 && (60.0 * steps.ul - one).abs() < 1e-12);
        let recipe = Recipe {
            pumps: vec![("acid".into(), Linear { constant: 0.0, factors: vec![1.0] }.into())],
            slowest: vec![("acid".into(), 40.0 * one)],
            steps: vec![("acid".into(), steps, (40.0 * one, 1000.0 * one))],
            ..Recipe::default()
        };
        let at = |x: f64| {
            let conditions = Conditions::new(vec!["x".to_owned()].into(), vec![x]);
            recipe.settings(&conditions).pumps[0].1.ul_per_min() / one
        };
        for (asked, units) in
            [(0.0, 0.0), (19.0, 0.0), (21.0, 40.0), (55.4, 55.0), (55.6, 56.0), (1000.4, 1000.0)]
        {
            assert!((at(asked * one) - units).abs() < 1e-6, "{asked}: {}", at(asked * one));
        }
        assert!((steps.whole_ul(10.4 * steps.ul) / steps.ul - 10.0).abs() < 1e-12);
    }

    /// The make-up pump gives what is left of 10: it can run at 0.5 or faster.
    #[test]
    fn a_pump_whose_rate_follows_is_off_or_no_slower_than_it_can_be() {
        let rest = Linear { constant: 10.0, factors: vec![-1.0] };
        let recipe = Recipe {
            heaters: vec![],
            pumps: vec![("rest".into(), rest.into())],
            slowest: vec![("rest".into(), 0.5)],
            steps: vec![],
            options: vec![],
        };
        let at = |x: f64| {
            let conditions = Conditions::new(vec!["x".to_owned()].into(), vec![x]);
            recipe.settings(&conditions).pumps[0].1.ul_per_min()
        };
        for (x, rate) in [(9.8, 0.0_f64), (9.7, 0.5), (9.0, 1.0), (10.0 + 1e-13, 0.0)] {
            assert_eq!(at(x).to_bits(), rate.to_bits(), "at {x}");
        }
    }
}
