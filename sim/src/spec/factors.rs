//! Factors on yield and quality, as data.

use serde::{Deserialize, Serialize};

/// A rate by Arrhenius about the reference temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Rate at the reference temperature [1/s].
    pub rate_per_s: f64,
    /// Activation energy [kJ/mol].
    pub activation_kj_per_mol: f64,
}

/// One factor of yield or quality.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Factor {
    /// The same everywhere.
    Constant(f64),
    /// (c/(c + K))ᵖ.
    Saturation {
        /// Quantity c.
        of: String,
        /// K \[mM\].
        half_mm: f64,
        /// p.
        power: f64,
    },
    /// 1/(1 + (c/K)ᵖ).
    Inhibition {
        /// Quantity c.
        of: String,
        /// K \[mM\].
        half_mm: f64,
        /// p.
        power: f64,
    },
    /// exp(−ln²(c/c0)/(2 s²)).
    Optimum {
        /// Quantity c.
        of: String,
        /// c0 \[mM\].
        at_mm: f64,
        /// Width s, of the logarithm.
        width: f64,
    },
    /// exp(−ln²(r/r0)/(2 s²)), r the ratio of two quantities.
    RatioOptimum {
        /// Quantity above the line.
        of: String,
        /// Quantity below the line.
        per: String,
        /// r0.
        at: f64,
        /// Width s, of the logarithm.
        width: f64,
    },
    /// f + (1 − f) η, η the effectiveness of mixing.
    Mixing {
        /// f.
        floor: f64,
    },
    /// Loss at the surface of particles: 1/(1 + k/dⁿ), d the diameter in nm.
    Surface {
        /// k \[nmⁿ\].
        loss: f64,
        /// n.
        power: f64,
    },
    /// What matures in time: 1 − exp(−∫k dt).
    Maturation(Rate),
    /// What decays in time: exp(−∫k dt).
    Decay {
        /// Rate at the reference temperature [1/s].
        rate_per_s: f64,
        /// Activation energy [kJ/mol].
        activation_kj_per_mol: f64,
        /// What makes it faster.
        #[serde(default)]
        sensitivity: Option<Sensitivity>,
    },
    /// 1 − w·p, p a population.
    Population {
        /// The population.
        of: String,
        /// w.
        penalty: f64,
    },
}

/// A rate that grows with a quantity: times 1 + b max(c/c0 − 1, −0.9).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// Quantity c.
    pub of: String,
    /// c0 \[mM\].
    pub at_mm: f64,
    /// b.
    pub slope: f64,
}
