//! What pumps count in that count steps of their motors.

use serde::{Deserialize, Serialize};

use crate::math;

/// What a pump counts in that counts steps of its motor: it can be told whole numbers of both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Steps {
    /// Volume of one step \[µL\].
    pub ul: f64,
    /// The unit of its rates [µL/min].
    pub ul_per_min: f64,
}

impl Steps {
    /// What a syringe of this bore \[mm\] gives where the plunger travels `um` in one step \[µm\], and `um_per_s` at one unit of
    /// its speed [µm/s].
    pub fn of(bore_mm: f64, um: f64, um_per_s: f64) -> Self {
        Self { ul: travel_ul(bore_mm, um), ul_per_min: 60.0 * travel_ul(bore_mm, um_per_s) }
    }

    /// A volume in whole steps \[µL\].
    pub fn whole_ul(&self, ul: f64) -> f64 {
        (ul / self.ul).round() * self.ul
    }

    /// The whole number of units nearest to a rate, within its limits [µL/min]; off stays off.
    pub fn nearest_ul_per_min(&self, rate: f64, (low, high): (f64, f64)) -> f64 {
        if rate <= 0.0 {
            return rate;
        }
        // A limit that is a whole number but for the last digit is one.
        let least = (low / self.ul_per_min - 1e-6).ceil();
        let most = (high / self.ul_per_min + 1e-6).floor().max(least);
        let units = (rate / self.ul_per_min).round().max(least).min(most);
        math::round_decimals(units * self.ul_per_min, 6)
    }
}

/// What a syringe of this bore \[mm\] gives while its plunger travels so far \[µm\]: the area of the bore times the travel \[µL\].
pub fn travel_ul(bore_mm: f64, um: f64) -> f64 {
    1e-3 * um * (0.25 * std::f64::consts::PI * bore_mm * bore_mm)
}
