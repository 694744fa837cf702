//! Whether a liquid stays one: where it would boil, and where something would fall out.
//!
//! Estimates from what is set, as those of the train: temperatures are set points, and nothing has reacted yet.

use serde::{Deserialize, Serialize};

use crate::id::{HeaterId, PumpId};
use crate::math;
use crate::units::{GAS_KJ_PER_MOL_K as GAS, ZERO_C_K};

/// The atmosphere at which boiling points are told [kPa].
const ATMOSPHERE_KPA: f64 = 101.325;
/// Entropy of evaporation at the boiling point [kJ/(mol·K)] (Trouton 1884; ten times and a half the gas constant).
const TROUTON: f64 = 0.088;

/// What could come out of the liquid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Phases {
    /// Temperature of the room [°C].
    pub room_c: f64,
    /// Pressure behind the outlet \[kPa\].
    pub outlet_kpa: f64,
    /// The heater of each stretch of the tube.
    pub heaters: Vec<Option<HeaterId>>,
    /// The liquids, which do not mix: their vapours push together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub volatile: Vec<Volatile>,
    /// What dissolves only so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub solids: Vec<Solid>,
}

/// A liquid that boils.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Volatile {
    /// Its boiling point at 101.325 kPa [°C].
    pub boils_at_c: f64,
    /// Its enthalpy of evaporation [kJ/mol].
    pub evaporation_kj_per_mol: f64,
}

/// A species that dissolves only so far, and what brings it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Solid {
    /// The species.
    pub name: String,
    /// What dissolves at the reference temperature \[mM\].
    pub solubility_mm: f64,
    /// The reference temperature [°C].
    pub at_c: f64,
    /// Enthalpy of solution [kJ/mol]; above 0 more dissolves where it is hotter.
    pub solution_kj_per_mol: f64,
    /// The pumps that bring it, with its concentration in their syringes \[mM\].
    pub brought: Vec<(PumpId, f64)>,
}

impl Volatile {
    /// A liquid by its boiling point; by Trouton's rule where its enthalpy of evaporation is not known.
    pub fn new(boils_at_c: f64, evaporation_kj_per_mol: Option<f64>) -> Self {
        let by_trouton = TROUTON * (boils_at_c + ZERO_C_K);
        let evaporation_kj_per_mol = evaporation_kj_per_mol.unwrap_or(by_trouton);
        Self { boils_at_c, evaporation_kj_per_mol }
    }

    /// Vapour pressure \[kPa\] by Clausius and Clapeyron: 101.325 exp(−ΔH/R (1/T − 1/Tb)).
    pub(crate) fn vapour_kpa(self, celsius: f64) -> f64 {
        let inverse = 1.0 / (celsius + ZERO_C_K) - 1.0 / (self.boils_at_c + ZERO_C_K);
        ATMOSPHERE_KPA * math::exp(-self.evaporation_kj_per_mol / GAS * inverse)
    }
}

impl Solid {
    /// What dissolves at a temperature \[mM\] by van 't Hoff: S exp(−ΔH/R (1/T − 1/T0)).
    pub(crate) fn dissolves_mm(&self, celsius: f64) -> f64 {
        let inverse = 1.0 / (celsius + ZERO_C_K) - 1.0 / (self.at_c + ZERO_C_K);
        self.solubility_mm * math::exp(-self.solution_kj_per_mol / GAS * inverse)
    }
}

/// Salicylic acid in water, of which 40 mM are in the syringe of pump `a`.
#[cfg(test)]
pub(super) fn salicylic_acid() -> Solid {
    Solid {
        name: "acid".into(),
        solubility_mm: 16.0,
        at_c: 25.0,
        solution_kj_per_mol: 27.0,
        brought: vec![("a".into(), 40.0)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Water, published: 70.1 kPa at 90 °C, 143.4 kPa at 110 °C, 198.7 kPa at 120 °C (CRC Handbook).
    #[test]
    fn vapour_pressures_are_those_of_tables() {
        let water = Volatile::new(100.0, Some(40.66));
        for (celsius, kpa) in [(90.0, 70.1), (100.0, 101.325), (110.0, 143.4), (120.0, 198.7)] {
            let found = water.vapour_kpa(celsius);
            assert!((found / kpa - 1.0).abs() < 0.01, "{celsius} °C: {found} kPa");
        }
        // Toluene by Trouton's rule: 33.7 kJ/mol instead of 33.2, and 54.2 kPa at 90 °C.
        let toluene = Volatile::new(110.6, None);
        assert!((toluene.evaporation_kj_per_mol - 33.8).abs() < 0.1);
        assert!((toluene.vapour_kpa(90.0) / 54.2 - 1.0).abs() < 0.03);
    }

    /// Twice the heat of solution of 8.314 J/(mol·K) · T² for each K: salicylic acid in water, 27 kJ/mol, 16 mM at 25 °C.
    #[test]
    fn more_dissolves_where_it_is_hotter() {
        let solid = salicylic_acid();
        assert!((solid.dissolves_mm(25.0) - 16.0).abs() < 1e-12);
        assert!((solid.dissolves_mm(50.0) / 16.0 - 2.322).abs() < 0.005);
    }
}
