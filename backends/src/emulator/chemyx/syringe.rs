//! What a pump can do with a syringe of a given bore.

/// Fastest linear speed of a Fusion 4000 and 6000 [mm/min].
///
/// Every published pair of bore and limit is reproduced by it: 125.9622 mL/min at 30 mm (Chemyx,
/// "Serial Commands").
const FASTEST_MM_PER_MIN: f64 = 178.2;
/// Slowest linear speed of a Fusion 6000 [mm/min]; a Fusion 4000 goes down to 0.234 µm/min.
///
/// From the limits of 6000s in Chemios' `syringe_db.json`.
const SLOWEST_MM_PER_MIN: f64 = 0.75e-3;
/// Stroke [mm].
const STROKE_MM: f64 = 150.0;
/// Shortest move [mm].
const SHORTEST_MM: f64 = 0.02;

/// A syringe, by its bore.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Syringe {
    /// Inner diameter \[mm\].
    pub bore_mm: f64,
}

impl Syringe {
    /// Cross section of the barrel \[mm²\], which is µL per mm of travel.
    pub fn area_mm2(self) -> f64 {
        std::f64::consts::PI / 4.0 * self.bore_mm * self.bore_mm
    }

    /// Fastest rate [µL/min].
    pub fn max_ul_per_min(self) -> f64 {
        FASTEST_MM_PER_MIN * self.area_mm2()
    }

    /// Slowest rate [µL/min].
    pub fn min_ul_per_min(self) -> f64 {
        SLOWEST_MM_PER_MIN * self.area_mm2()
    }

    /// Largest volume \[µL\].
    pub(crate) fn max_ul(self) -> f64 {
        STROKE_MM * self.area_mm2()
    }

    /// Smallest volume \[µL\].
    pub(crate) fn min_ul(self) -> f64 {
        SHORTEST_MM * self.area_mm2()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_at_30_mm_are_those_of_the_manual() {
        let syringe = Syringe { bore_mm: 30.0 };
        let ml = |ul: f64| format!("{:.4}", ul / 1000.0);
        assert_eq!(ml(syringe.max_ul_per_min()), "125.9622");
        assert_eq!(ml(syringe.max_ul()), "106.0288");
        assert_eq!(ml(syringe.min_ul()), "0.0141");
    }
}
