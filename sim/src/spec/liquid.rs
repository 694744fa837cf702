//! What a liquid is like.

use serde::{Deserialize, Serialize};

/// Physical properties of a liquid.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Liquid {
    /// Density at 25 °C [kg/m³].
    pub density_kg_per_m3: f64,
    /// Thermal expansion of the volume [1/K].
    pub expansion_per_k: f64,
    /// Dynamic viscosity at 25 °C [mPa·s].
    pub viscosity_mpa_s: f64,
    /// Temperature of Andrade's law, µ = µ25 exp(B (1/T − 1/298.15 K)) \[K\].
    pub viscosity_k: f64,
    /// Heat capacity at 25 °C [J/(kg·K)].
    pub heat_capacity_j_per_kg_k: f64,
    /// Its change with temperature [J/(kg·K²)].
    #[serde(default)]
    pub heat_capacity_slope_j_per_kg_k2: f64,
    /// Boiling point at 101.325 kPa [°C]. Where vapour would be above the local pressure, experiments are flagged `out_of_regime`; not
    /// looked at if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boils_at_c: Option<f64>,
    /// Enthalpy of evaporation [kJ/mol]; by Trouton's rule, 88 J/(mol·K), if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaporation_kj_per_mol: Option<f64>,
}
