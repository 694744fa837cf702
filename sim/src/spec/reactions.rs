//! Reactions as data: equations with rate laws.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One reaction: an equation and how fast it goes.
///
/// The rate of turnover of the equation is k Π cⁿ [mol/(L·s)], with the concentrations of what stands
/// on its left in mol/L, each to the power of its coefficient unless `orders` says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// What becomes what: `"a + 2 b -> c"`, or `"a + b <-> c + d"` for a reaction that goes both ways.
    pub equation: String,
    /// Rate constant k at `at_c`, in mol, L and s: 1/s for first order, L/(mol·s) for second order, and so on.
    pub k_in_mol_l_s: f64,
    /// Activation energy [kJ/mol].
    #[serde(default)]
    pub activation_kj_per_mol: f64,
    /// Temperature at which the constants hold [°C].
    #[serde(default = "room")]
    pub at_c: f64,
    /// The way back, for an equation with `<->`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverse: Option<Reverse>,
    /// Orders that differ from the coefficients, by species. A species that is not on the left of the equation is a catalyst, or an
    /// inhibitor where the order is negative; one that is on neither side changes the way back alike.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub orders: BTreeMap<String, f64>,
    /// Factors on the rate, of the way back too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<RateFactor>,
    /// The rate as a formula [mol/(L·s)], in place of k Π cⁿ and the factors. It knows every species
    /// [mol/L], `k` (k at the temperature of the liquid), `temperature_c` and the `constants`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// Numbers that the formula of the rate knows by name, so that they can be estimated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub constants: BTreeMap<String, f64>,
    /// Heat of reaction for one turnover of the equation [kJ/mol], negative where heat is set free.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub heat_kj_per_mol: f64,
}

/// The way back of a reaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reverse {
    /// Rate constant at `at_c`, in mol, L and s.
    pub k_in_mol_l_s: f64,
    /// Activation energy [kJ/mol].
    #[serde(default)]
    pub activation_kj_per_mol: f64,
}

/// A factor on the rate of a reaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RateFactor {
    /// Saturation: K/(K + c) on a rate that is of first order in c (Michaelis and Menten, Langmuir).
    Saturation {
        /// Species c.
        of: String,
        /// K \[mM\].
        half_mm: f64,
    },
    /// Inhibition: 1/(1 + c/K).
    Inhibition {
        /// Species c.
        of: String,
        /// K \[mM\].
        half_mm: f64,
    },
}

/// What a species is made of, so that equations can be checked for their balance, and how far it dissolves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Species {
    /// How many atoms of each element, or of each part that stays whole.
    pub atoms: BTreeMap<String, f64>,
    /// What dissolves of it at `solubility_at_c` \[mM\]. Where pumps bring more, experiments are flagged `out_of_regime`; no limit if it is
    /// not given. What reactions make and use up does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solubility_mm: Option<f64>,
    /// What of a gas dissolves under its own pressure at `solubility_at_c`, Henry's constant [mM/kPa]. Species with one pass between slugs
    /// and bubbles where the carrier is a gas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub henry_mm_per_kpa: Option<f64>,
    /// Diffusion coefficient in the liquid at 25 °C [m²/s], for kLa by van Baten and Krishna. It goes as T/µ.
    #[serde(skip_serializing_if = "is_of_a_gas")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 2e-9)))]
    pub diffusion_m2_per_s: f64,
    /// Temperature at which that dissolves [°C].
    #[serde(skip_serializing_if = "is_room")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 25.0)))]
    pub solubility_at_c: f64,
    /// Enthalpy of solution [kJ/mol]: above 0, more dissolves where it is hotter (van 't Hoff). Also of Henry's constant; of most gases
    /// in water it is below 0.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub solution_kj_per_mol: f64,
}

impl Default for Species {
    fn default() -> Self {
        Self {
            atoms: BTreeMap::new(),
            solubility_mm: None,
            henry_mm_per_kpa: None,
            diffusion_m2_per_s: of_a_gas(),
            solubility_at_c: room(),
            solution_kj_per_mol: 0.0,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_room(celsius: &f64) -> bool {
    celsius.to_bits() == room().to_bits()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_of_a_gas(m2_per_s: &f64) -> bool {
    m2_per_s.to_bits() == of_a_gas().to_bits()
}

fn of_a_gas() -> f64 {
    2e-9
}

pub(super) fn room() -> f64 {
    25.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_zero(value: &f64) -> bool {
    value.to_bits() == 0
}
