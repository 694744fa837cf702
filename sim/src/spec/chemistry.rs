//! What happens in a slug: an optional product with its kinetics, and factors on yield and quality.
//!
//! A *quantity* is named by a string: a species of the stocks or a part (both in mM), a population
//! (0 to 1), `product` (formula units, mM) or `quality` (the quantum yield of the product). Product and quality are those of the
//! particles where a scenario has such.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::factors::{Factor, Rate};
use super::particles::Particles;
use super::reactions::{Reaction, Species};

/// What happens in a slug.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Chemistry {
    /// Quantities that count a species only as far as one stream brought it, by name.
    pub parts: BTreeMap<String, Part>,
    /// Populations that depend on the reaction temperature, by name.
    pub populations: BTreeMap<String, Population>,
    /// What is made by nucleation and growth, if anything.
    pub product: Option<Product>,
    /// What species are made of, by name; equations of such species are checked for their balance.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub species: BTreeMap<String, Species>,
    /// Reactions; a scenario has these or a `product`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// Particles that form out of a species of the reactions, followed by the moments of their sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub particles: Option<Particles>,
}

impl Chemistry {
    /// Which time the rates count. Reactions count the time that a slug truly spends.
    pub(crate) fn time_base(&self) -> TimeBase {
        match &self.product {
            Some(product) => product.time_base,
            None if self.reactions.is_empty() && self.particles.is_none() => TimeBase::Nominal,
            None => TimeBase::True,
        }
    }
}

/// A species as far as one stream brings it into the slug.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The species.
    pub species: String,
    /// The stream.
    pub stream: String,
}

/// A share of the product: 1/(1 + exp((T − T0)/w)), most at low temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Temperature T0 of one half [°C].
    pub midpoint_c: f64,
    /// Width w \[K\].
    pub width_k: f64,
}

/// The product: two-step nucleation and growth (Watzky and Finke 1997, DOI 10.1021/ja9705102).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// How much of each species one formula unit takes; the scarcest limits.
    pub stoichiometry: BTreeMap<String, f64>,
    /// Temperature at which all rates below hold [°C].
    pub reference_c: f64,
    /// Which time the rates count.
    #[serde(default)]
    pub time_base: TimeBase,
    /// Slow, continuous nucleation.
    pub nucleation: Rate,
    /// Autocatalytic growth.
    pub growth: Growth,
    /// Size of the particles.
    #[serde(default)]
    pub size: Size,
    /// Yield: the product of these factors, on what conversion gives.
    #[serde(default, rename = "yield")]
    pub yield_factors: Vec<Factor>,
    /// Quantum yield: the product of these factors.
    #[serde(default)]
    pub quality: Vec<Factor>,
}

/// Which time the rates of a product count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TimeBase {
    /// Nominal time, volume over flow as an operator computes it: for apparent rates found that
    /// way.
    #[default]
    Nominal,
    /// The time a slug truly spends, shorter by slip and thermal expansion: for rates found in a
    /// batch.
    True,
}

/// Autocatalytic growth, of first order in the limiting formula units.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Rate at the reference temperature and concentration [1/s].
    pub rate_per_s: f64,
    /// Concentration of limiting formula units at which that holds \[mM\].
    pub at_mm: f64,
    /// Activation energy [kJ/mol].
    pub activation_kj_per_mol: f64,
}

/// Size of the particles: d = d0 exp(β (T − Tref)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Size {
    /// Diameter at the reference temperature \[nm\].
    pub at_reference_nm: f64,
    /// Growth with temperature β [1/K].
    pub per_k: f64,
}

impl Default for Size {
    fn default() -> Self {
        Self { at_reference_nm: 10.0, per_k: 0.0 }
    }
}
