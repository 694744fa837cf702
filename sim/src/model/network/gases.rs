//! Gases in a network: they pass between the bubbles and the slug, in which they react.
//!
//! dcᵢ/dt = kLa (Hᵢ p yᵢ − cᵢ) + rᵢ and dnᵢ/dt = −kLa (Hᵢ p yᵢ − cᵢ), with nᵢ the amount of gas for each volume of slug, yᵢ = nᵢ/Σn,
//! and Henry's constant H = H₀ exp(−ΔH/R (1/T − 1/T₀)) (van 't Hoff; Sander 2023, DOI 10.5194/acp-23-10901-2023). What leaves the gas
//! is in the liquid: their sum is kept to rounding. Range: ideal gas, dilute solutions, resistance in the liquid alone, no vapour of the
//! solvent.

use crate::model::liquid::ZERO_C_K;
use crate::model::reaction::Arrhenius;
use crate::model::transfer::Contact;
use crate::spec::Species;

/// Gas that counts beside what there is, so that the last of a bubble dissolves smoothly [mol/L].
const TRACE_MOL_PER_L: f64 = 1e-7;
/// What of a gas dissolves nowhere, among all quantities.
pub(crate) const INERT: &str = "inert.gas";

/// The name of a species in the gas, among all quantities.
pub(crate) fn in_gas(species: &str) -> String {
    format!("{species}.gas")
}

/// Gases that pass between bubbles and slug.
#[derive(Clone, Debug)]
pub(super) struct Dissolving {
    pub(super) all: Vec<Soluble>,
    /// What else is in the bubbles.
    pub(super) inert: usize,
}

/// A gas that dissolves.
#[derive(Clone, Debug)]
pub(super) struct Soluble {
    /// Its place among the species, dissolved and in the gas.
    dissolved: usize,
    gas: usize,
    /// Henry's constant [mol/(L·kPa)].
    henry: Arrhenius,
    reference_k: f64,
    diffusion_m2_per_s: f64,
}

/// How a gas passes in a stay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passes {
    kla_per_s: f64,
    /// What would dissolve of the pure gas [mol/L].
    saturated: f64,
}

impl Soluble {
    pub(super) fn new(dissolved: usize, gas: usize, species: &Species) -> Self {
        let henry = 1e-3 * species.henry_mm_per_kpa.unwrap_or(0.0);
        Self {
            dissolved,
            gas,
            henry: Arrhenius::new(henry, species.solution_kj_per_mol),
            reference_k: species.solubility_at_c + ZERO_C_K,
            diffusion_m2_per_s: species.diffusion_m2_per_s,
        }
    }
}

impl Dissolving {
    /// How each gas passes at this contact and temperature.
    pub(super) fn passes(&self, contact: &Contact, celsius: f64) -> Vec<Passes> {
        let inverse = |gas: &Soluble| 1.0 / (celsius + ZERO_C_K) - 1.0 / gas.reference_k;
        let one = |gas: &Soluble| Passes {
            kla_per_s: contact.kla.per_s(gas.diffusion_m2_per_s),
            saturated: contact.kpa * gas.henry.at(inverse(gas)),
        };
        self.all.iter().map(one).collect()
    }

    /// All gas there is [mol/L].
    fn sum(&self, y: &[f64]) -> f64 {
        let gases = self.all.iter().map(|gas| y[gas.gas].max(0.0));
        gases.sum::<f64>() + y[self.inert] + TRACE_MOL_PER_L
    }

    /// Shows how fast each species changes.
    pub(super) fn each(&self, passes: &[Passes], y: &[f64], see: &mut dyn FnMut(usize, f64)) {
        let sum = self.sum(y);
        for (gas, passes) in self.all.iter().zip(passes) {
            let share = y[gas.gas] / sum;
            let flux = passes.kla_per_s * (passes.saturated * share - y[gas.dissolved]);
            see(gas.dissolved, flux);
            see(gas.gas, -flux);
        }
    }

    /// Shows the slopes of all changes: what changes, by what, how much.
    pub(super) fn each_slope(
        &self,
        passes: &[Passes],
        y: &[f64],
        see: &mut dyn FnMut(usize, usize, f64),
    ) {
        let sum = self.sum(y);
        for (gas, passes) in self.all.iter().zip(passes) {
            let mut both = |by: usize, slope: f64| {
                see(gas.dissolved, by, slope);
                see(gas.gas, by, -slope);
            };
            both(gas.dissolved, -passes.kla_per_s);
            let at_one = passes.kla_per_s * passes.saturated / sum;
            both(gas.gas, at_one);
            let by_sum = -at_one * y[gas.gas] / sum;
            for other in self.all.iter().filter(|other| y[other.gas] > 0.0) {
                both(other.gas, by_sum);
            }
            // What is inert stays: its slope is asked for by nobody.
        }
    }
}

#[cfg(test)]
mod tests;
