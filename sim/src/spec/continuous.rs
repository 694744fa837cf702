//! Pumps that are not emptied.

use serde::{Deserialize, Serialize};

use super::Pump;
use super::rig::screw;
use crate::model::segmentation::area_mm2;

/// An HPLC, gear or peristaltic pump: it draws from a bottle while it delivers, and has no syringe. Its flow pulses with its strokes, as
/// that of a syringe pump does with the turns of its screw: `noise.pumps.ripple_percent`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Continuous {
    /// Slowest rate [µL/min].
    pub slowest_ul_per_min: f64,
    /// Fastest rate [µL/min].
    pub fastest_ul_per_min: f64,
    /// Volume after which its flow repeats \[µL\]: of a stroke of its piston, a tooth of its gears, or what is between two rollers.
    pub stroke_ul: f64,
    /// Pressure at which it stops by itself, or its tube slips \[kPa\]; unknown if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_kpa: Option<f64>,
}

impl Pump {
    /// The bore of its syringe \[mm\]; 0 of a pump that has none.
    pub fn syringe_bore_mm(&self) -> f64 {
        self.bore_mm.filter(|_| self.continuous.is_none()).unwrap_or_default()
    }

    /// Volume after which the ripple of its flow repeats \[µL\]: of a turn of the screw, or a stroke.
    pub fn turn_ul(&self) -> f64 {
        match &self.continuous {
            Some(head) => head.stroke_ul,
            None => self.lead_mm * area_mm2(self.syringe_bore_mm()),
        }
    }

    /// Its slowest and fastest rate [µL/min].
    pub(crate) fn rates_ul_per_min(&self) -> [f64; 2] {
        if let Some(head) = &self.continuous {
            return [head.slowest_ul_per_min, head.fastest_ul_per_min];
        }
        let area = area_mm2(self.syringe_bore_mm());
        [1e-3 * self.slowest_um_per_min * area, 1e3 * self.fastest_mm_per_min * 1e-3 * area]
    }

    /// Pressure at which it stalls \[kPa\], where that is known.
    pub(crate) fn stall_kpa(&self) -> Option<f64> {
        match &self.continuous {
            Some(head) => head.max_kpa,
            None => self.thrust_n.map(|newtons| 1e3 * newtons / area_mm2(self.syringe_bore_mm())),
        }
    }

    /// The key of a pump with a syringe that says something else than its default, though this pump has none.
    pub(crate) fn of_a_syringe(&self) -> Option<&'static str> {
        self.continuous.as_ref()?;
        let [lead, slowest, fastest] = screw();
        let is_other = |value: f64, default: f64| value.to_bits() != default.to_bits();
        let given = [
            ("bore_mm", self.bore_mm.is_some()),
            ("lead_mm", is_other(self.lead_mm, lead)),
            ("slowest_um_per_min", is_other(self.slowest_um_per_min, slowest)),
            ("fastest_mm_per_min", is_other(self.fastest_mm_per_min, fastest)),
            ("thrust_n", self.thrust_n.is_some()),
            ("steps", self.steps.is_some()),
            ("refill", self.refill.is_some()),
        ];
        given.into_iter().find_map(|(key, is_given)| is_given.then_some(key))
    }
}
