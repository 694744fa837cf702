//! Particles that form out of what is dissolved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::factors::Factor;
use super::reactions::{RateFactor, is_room, is_zero, room};

/// Particles that form out of a dissolved species, followed by number, mean size and dispersity: the moments of the distribution of their
/// sizes (Hulburt and Katz 1964, DOI 10.1016/0009-2509(64)85047-8; Randolph and Larson 1988).
///
/// Nuclei appear at the rate J, and all particles grow by G, whatever their size: with the moments mₖ = ∫ dᵏ n(d) dd that is
/// dm₀/dt = J, dmₖ/dt = k G mₖ₋₁ + J d₀ᵏ. What deposits leaves the solution. Particles neither dissolve nor ripen nor merge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Particles {
    /// What deposits, and which species it then is in the particles: `"unit -> lattice + 3 br_x"`. One unit on the left, which
    /// reactions make or a stock holds. What it becomes are species like others: reactions such as `"br_x + i <-> i_x + br"` exchange them.
    pub deposit: String,
    /// Volume of one unit in a particle \[nm³\].
    pub unit_nm3: f64,
    /// What the size of a particle is.
    #[serde(default)]
    pub body: Body,
    /// Size of a nucleus \[nm\].
    pub nucleus_nm: f64,
    /// Temperature at which the rates hold [°C].
    #[serde(default = "room", skip_serializing_if = "is_room")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 25.0)))]
    pub at_c: f64,
    /// How fast nuclei appear.
    pub nucleation: Nucleation,
    /// How fast particles grow.
    pub growth: Deposition,
    /// What particles would be if one species took all places that are exchanged, by species: colour and quantum yield lie between these by
    /// share. One entry where nothing is exchanged; none where nobody asks for colour.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pure: BTreeMap<String, Pure>,
    /// How far energies between pure particles sag.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bowing: Vec<Bowing>,
    /// Spread of the composition from particle to particle: the standard deviation of a share x is this times √(x (1 − x)). N places
    /// that fill at random spread by 1/√N.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub share_spread: f64,
    /// Quantum yield: the product of these factors, times that of the pure particles by share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<Factor>,
}

/// What the size of a particle is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Body {
    /// The diameter of a sphere.
    #[default]
    Sphere,
    /// The edge of a cube.
    Cube,
}

/// Nuclei that appear at the rate J = J₀ (c/c₀)ⁿ, c the concentration of the unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Nucleation {
    /// J₀: nuclei that appear at `at_mm` [nmol/(L·s)].
    pub nmol_per_l_s: f64,
    /// c₀ \[mM\].
    pub at_mm: f64,
    /// Order n.
    pub order: f64,
    /// Activation energy [kJ/mol].
    #[serde(default)]
    pub activation_kj_per_mol: f64,
    /// Factors on the rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<RateFactor>,
}

/// Growth of the size by G = G₀ (c/c₀)ᵍ, limited by the surface, c the concentration of the unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Deposition {
    /// G₀: growth of the size at `at_mm` [nm/s].
    pub nm_per_s: f64,
    /// c₀ \[mM\].
    pub at_mm: f64,
    /// Order g.
    #[serde(default = "first")]
    pub order: f64,
    /// Activation energy [kJ/mol].
    #[serde(default)]
    pub activation_kj_per_mol: f64,
    /// Factors on the rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<RateFactor>,
}

/// Particles of one composition: E(d) = E∞ + A/d² − B/d (Brus 1984, DOI 10.1063/1.447218).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pure {
    /// E∞: energy at which large particles emit \[eV\].
    pub bulk_ev: f64,
    /// A: confinement [eV·nm²].
    #[serde(default)]
    pub confinement_ev_nm2: f64,
    /// B: attraction of electron and hole [eV·nm].
    #[serde(default, skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "schema", schemars(extend("default" = 0.0)))]
    pub attraction_ev_nm: f64,
    /// Quantum yield, 0 to 1.
    #[serde(default = "first")]
    pub quantum_yield: f64,
}

/// Energies between two pure particles sag by b x₁ x₂ below the straight line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Bowing {
    /// The two species.
    pub between: [String; 2],
    /// b \[eV\].
    pub ev: f64,
}

fn first() -> f64 {
    1.0
}
