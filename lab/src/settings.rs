//! From conditions to what the instruments are set to.

use serde::{Deserialize, Serialize};

use crate::conditions::{Conditions, nearer_of_zero_and};
use crate::id::{HeaterId, PumpId};
use crate::linear::Linear;
use crate::math;
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

    /// Sum of all rates [µL/min].
    pub fn total_ul_per_min(&self) -> f64 {
        self.pumps.iter().map(|(_, rate)| rate.ul_per_min()).sum()
    }
}

/// How conditions become settings: each heater and pump is a linear function of the inputs.
///
/// Linear is enough for "this input is that pump", "the two streams are one to one" and "the carrier equals
/// the precursors", and it keeps every limit of a pump a linear constraint of the space.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Set points of the heaters [°C].
    pub heaters: Vec<(HeaterId, Linear)>,
    /// Rates of the pumps [µL/min].
    pub pumps: Vec<(PumpId, Linear)>,
    /// Slowest rates of pumps [µL/min]: what would be slower, and is not off, is the nearer of off and this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slowest: Vec<(PumpId, f64)>,
}

impl Recipe {
    /// The settings for these conditions: rates to 1e-6 µL/min, set points to the nearest `f32`, as on the wire. A pump
    /// is off, or runs no slower than it can.
    pub fn settings(&self, conditions: &Conditions) -> Settings {
        let x = conditions.values();
        let rate = |(pump, linear): &(PumpId, Linear)| {
            let slowest = self.slowest.iter().find(|(p, _)| p == pump).map_or(0.0, |(_, s)| *s);
            let rate = nearer_of_zero_and(slowest, math::round_decimals(linear.at(x), 6));
            // Not the negative zero that rounding can leave.
            (pump.clone(), FlowRate::from_ul_per_min(rate + 0.0))
        };
        let set_point = |linear: &Linear| Temperature::from_c(f64::from(linear.at(x) as f32));
        Settings {
            heaters: self.heaters.iter().map(|(h, l)| (h.clone(), set_point(l))).collect(),
            pumps: self.pumps.iter().map(rate).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The make-up pump gives what is left of 10: it can run at 0.5 or faster.
    #[test]
    fn a_pump_whose_rate_follows_is_off_or_no_slower_than_it_can_be() {
        let rest = Linear { constant: 10.0, factors: vec![-1.0] };
        let recipe = Recipe {
            heaters: vec![],
            pumps: vec![("rest".into(), rest)],
            slowest: vec![("rest".into(), 0.5)],
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
