//! Packed beds: what they leave for the liquid, how it disperses in them, and what pressure they take.

use serde::{Deserialize, Serialize};

use crate::math;

/// A bed of particles in a tube.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bed {
    /// Diameter of the particles \[µm\].
    pub particle_um: f64,
    /// Share of the tube that is left to the liquid.
    pub void: f64,
}

/// A liquid on its way through a bed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Through {
    /// Density [kg/m³].
    pub density_kg_per_m3: f64,
    /// Dynamic viscosity [Pa·s].
    pub viscosity_pa_s: f64,
    /// Flow over the cross-section of the empty tube [m/s].
    pub superficial_m_per_s: f64,
}

impl Bed {
    fn particle_m(self) -> f64 {
        1e-6 * self.particle_um
    }

    /// Pressure for each metre of bed [Pa/m]: 150 µ (1 − ε)² u/(ε³ d²) + 1.75 ρ (1 − ε) u²/(ε³ d).
    ///
    /// Ergun 1952, Chem. Eng. Prog. 48, 89; for spheres and ρ u d/µ(1 − ε) up to about 2500.
    pub fn pa_per_m(self, through: Through) -> f64 {
        let (d, void, u) = (self.particle_m(), self.void, through.superficial_m_per_s);
        let solid = 1.0 - void;
        let cubed = void * void * void;
        150.0 * through.viscosity_pa_s * solid * solid * u / (cubed * d * d)
            + 1.75 * through.density_kg_per_m3 * solid * u * u / (cubed * d)
    }

    /// Péclet number of a bed of this length \[m\], v L/D with v the speed between the particles:
    /// (0.2 + 0.011 Re^0.48)/ε · L/d, Re = ρ u d/µ.
    ///
    /// Chung and Wen 1968, AIChE J. 14, 857; liquids, Re from 0.001 to 1000.
    pub fn peclet(self, through: Through, length_m: f64) -> f64 {
        let d = self.particle_m();
        let reynolds =
            through.density_kg_per_m3 * through.superficial_m_per_s * d / through.viscosity_pa_s;
        (0.2 + 0.011 * math::pow(reynolds, 0.48)) / self.void * length_m / d
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BED: Bed = Bed { particle_um: 200.0, void: 0.4 };
    const WATER: Through =
        Through { density_kg_per_m3: 1000.0, viscosity_pa_s: 1e-3, superficial_m_per_s: 1e-3 };

    /// By hand: 150 · 1e-3 · 0.36 · 1e-3/(0.064 · 4e-8) = 21 094 Pa/m, and 1.75 · 1000 · 0.6 · 1e-6/(0.064 · 2e-4) = 82 Pa/m.
    #[test]
    fn a_bed_takes_the_pressure_of_ergun() {
        let pa = BED.pa_per_m(WATER);
        assert!((pa - (21_093.75 + 82.03)).abs() < 0.01, "{pa} Pa/m");
        // A hundred times as fast the second term, of inertia, is 27 % of the whole.
        let fast = Through { superficial_m_per_s: 0.1, ..WATER };
        assert!((BED.pa_per_m(fast) - (2_109_375.0 + 820_312.5)).abs() < 1.0);
    }

    /// By hand: Re = 0.2, 0.2 + 0.011 · 0.4618 = 0.20508; over 0.4 it is 0.5127 for each particle, 256 for 0.1 m of 500.
    #[test]
    fn a_bed_disperses_as_chung_and_wen_found() {
        let peclet = BED.peclet(WATER, 0.1);
        assert!((peclet - 256.35).abs() < 0.05, "{peclet}");
    }
}
