//! From the names of a scenario to places in the list of quantities.

use super::factor::{Factor, Factors};
use super::{Arrhenius, Reaction};
use crate::model::liquid::ZERO_C_K;
use crate::spec;

/// A name that is no quantity, and the key where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownQuantity {
    /// Key relative to the product, such as `yield.1.saturation.of`.
    pub(crate) key: String,
    /// The name.
    pub(crate) name: String,
}

type Compiled<T> = Result<T, UnknownQuantity>;

impl Reaction {
    /// A reaction from its description; `place` finds a quantity by name.
    ///
    /// # Errors
    /// If a name is not known.
    pub(crate) fn new(
        product: &spec::Product,
        place: &dyn Fn(&str) -> Option<usize>,
    ) -> Compiled<Self> {
        let mut compiler = Compiler { place, clocks: Vec::new() };
        let stoichiometry = product
            .stoichiometry
            .iter()
            .map(|(name, &count)| {
                Ok((compiler.find(&format!("stoichiometry.{name}"), name)?, count))
            })
            .collect::<Compiled<_>>()?;
        let yield_factors = compiler.factors("yield", &product.yield_factors)?;
        let quality_factors = compiler.factors("quality", &product.quality)?;
        Ok(Self {
            stoichiometry,
            reference_k: product.reference_c + ZERO_C_K,
            reference_c: product.reference_c,
            nucleation: Arrhenius::from(&product.nucleation),
            growth: Arrhenius {
                rate_per_s: product.growth.rate_per_s,
                activation_kj_per_mol: product.growth.activation_kj_per_mol,
            },
            growth_at_mm: product.growth.at_mm,
            size_nm: product.size.at_reference_nm,
            size_per_k: product.size.per_k,
            yield_factors,
            quality_factors,
            clocks: compiler.clocks,
        })
    }
}

impl Factors {
    /// Factors that need no history, below this key; `place` finds a quantity by name.
    ///
    /// # Errors
    /// If a name is not known.
    pub(crate) fn new(
        key: &str,
        factors: &[spec::Factor],
        place: &dyn Fn(&str) -> Option<usize>,
    ) -> Compiled<Self> {
        let mut compiler = Compiler { place, clocks: Vec::new() };
        compiler.factors(key, factors).map(Self)
    }
}

impl From<&spec::Rate> for Arrhenius {
    fn from(rate: &spec::Rate) -> Self {
        Self { rate_per_s: rate.rate_per_s, activation_kj_per_mol: rate.activation_kj_per_mol }
    }
}

struct Compiler<'a> {
    place: &'a dyn Fn(&str) -> Option<usize>,
    clocks: Vec<Arrhenius>,
}

impl Compiler<'_> {
    fn find(&self, key: &str, name: &str) -> Compiled<usize> {
        (self.place)(name)
            .ok_or_else(|| UnknownQuantity { key: key.to_owned(), name: name.to_owned() })
    }

    fn factors(&mut self, list: &str, factors: &[spec::Factor]) -> Compiled<Vec<Factor>> {
        let numbered = factors.iter().enumerate();
        numbered.map(|(i, factor)| self.factor(&format!("{list}.{i}"), factor)).collect()
    }

    fn factor(&mut self, key: &str, factor: &spec::Factor) -> Compiled<Factor> {
        use spec::Factor as Spec;
        let find = |kind: &str, name: &str| self.find(&format!("{key}.{kind}"), name);
        Ok(match factor {
            Spec::Constant(value) => Factor::Constant(*value),
            Spec::Saturation { of, half_mm, power } => {
                Factor::Saturation { of: find("saturation.of", of)?, half: *half_mm, power: *power }
            }
            Spec::Inhibition { of, half_mm, power } => {
                Factor::Inhibition { of: find("inhibition.of", of)?, half: *half_mm, power: *power }
            }
            Spec::Optimum { of, at_mm, width } => {
                Factor::Optimum { of: find("optimum.of", of)?, at: *at_mm, width: *width }
            }
            Spec::RatioOptimum { of, per, at, width } => Factor::RatioOptimum {
                of: find("ratio_optimum.of", of)?,
                per: find("ratio_optimum.per", per)?,
                at: *at,
                width: *width,
            },
            Spec::Mixing { floor } => Factor::Mixing { floor: *floor },
            Spec::Surface { loss, power } => Factor::Surface { loss: *loss, power: *power },
            Spec::Maturation(rate) => Factor::Maturation { clock: self.clock(rate.into()) },
            Spec::Decay { rate_per_s, activation_kj_per_mol, sensitivity } => {
                let sensitivity = sensitivity
                    .as_ref()
                    .map(|s| Ok((find("decay.sensitivity.of", &s.of)?, s.at_mm, s.slope)))
                    .transpose()?;
                let rate = Arrhenius {
                    rate_per_s: *rate_per_s,
                    activation_kj_per_mol: *activation_kj_per_mol,
                };
                Factor::Decay { clock: self.clock(rate), sensitivity }
            }
            Spec::Population { of, penalty } => {
                Factor::Population { of: find("population.of", of)?, penalty: *penalty }
            }
        })
    }

    fn clock(&mut self, rate: Arrhenius) -> usize {
        self.clocks.push(rate);
        self.clocks.len() - 1
    }
}
