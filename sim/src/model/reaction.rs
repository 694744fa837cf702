//! What a slug has made by the time it is seen: conversion, yield, quantum yield.

mod compile;
mod factor;

use flowtwin_lab::math;
use flowtwin_lab::units::GAS_KJ_PER_MOL_K as GAS;

use super::liquid::ZERO_C_K;
use super::transfer::Contact;
pub(crate) use compile::UnknownQuantity;
pub(crate) use factor::Factors;
use factor::{Factor, Surroundings};

/// A reaction, ready to be evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Reaction {
    stoichiometry: Vec<(usize, f64)>,
    reference_k: f64,
    reference_c: f64,
    nucleation: Arrhenius,
    growth: Arrhenius,
    growth_at_mm: f64,
    size_nm: f64,
    size_per_k: f64,
    yield_factors: Vec<Factor>,
    quality_factors: Vec<Factor>,
    /// Rates whose integrals the factors ask for.
    clocks: Vec<Arrhenius>,
}

/// A rate constant by Arrhenius about the reference temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Arrhenius {
    rate_per_s: f64,
    activation_kj_per_mol: f64,
}

impl Arrhenius {
    /// A constant at the reference temperature and its activation energy [kJ/mol].
    pub(crate) fn new(constant: f64, activation_kj_per_mol: f64) -> Self {
        Self { rate_per_s: constant, activation_kj_per_mol }
    }

    /// The rate where `inverse` = 1/T − 1/Tref [1/K], in the unit of the constant.
    pub(crate) fn at(self, inverse: f64) -> f64 {
        self.rate_per_s * math::exp(-self.activation_kj_per_mol / GAS * inverse)
    }

    /// By how much of itself the rate grows with temperature, E/(R T²) [1/K].
    pub(crate) fn relative_slope_per_k(self, kelvin: f64) -> f64 {
        self.activation_kj_per_mol / (GAS * kelvin * kelvin)
    }
}

/// A stay at one temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stay {
    /// For how long [s].
    pub(crate) seconds: f64,
    /// Temperature [°C].
    pub(crate) celsius: f64,
    /// Time constant of heat between liquid and wall [s].
    pub(crate) heat_s: f64,
    /// The bubbles that are met meanwhile.
    pub(crate) contact: Option<Contact>,
}

/// Stays one after another at nearly the same temperature count as one: within 0.05 K of their mean a rate constant of
/// 150 kJ/mol at 200 °C is off by 1e-5 on average at most, and the solver need not begin anew.
pub(crate) fn together(stays: &[Stay]) -> Vec<Stay> {
    const ALIKE_K: f64 = 0.1;
    let mut all: Vec<Stay> = Vec::new();
    let (mut coldest, mut hottest) = (f64::INFINITY, f64::NEG_INFINITY);
    for stay in stays {
        (coldest, hottest) = (coldest.min(stay.celsius), hottest.max(stay.celsius));
        match all.last_mut() {
            Some(last)
                if hottest - coldest < ALIKE_K
                    && last.heat_s.total_cmp(&stay.heat_s).is_eq()
                    && last.contact == stay.contact
                    && stay.seconds > 0.0 =>
            {
                let seconds = last.seconds + stay.seconds;
                let share = stay.seconds / seconds;
                last.celsius += share * (stay.celsius - last.celsius);
                last.seconds = seconds;
            }
            _ => {
                (coldest, hottest) = (stay.celsius, stay.celsius);
                all.push(*stay);
            }
        }
    }
    all
}

/// What a slug is made of and has been through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slug<'a> {
    /// Quantities by index: species and parts [mM], then populations.
    pub(crate) quantities: &'a [f64],
    /// Effectiveness of mixing.
    pub(crate) effectiveness: f64,
    /// Stays in the reacting stretches, in order.
    pub(crate) stays: &'a [Stay],
    /// Temperature at the end of them [°C].
    pub(crate) final_c: f64,
}

/// What a slug has made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Made {
    /// Conversion of the limiting reagent to monomer in particles, 0 to 1.
    pub(crate) conversion: f64,
    /// Yield, conversion included.
    pub(crate) yield_: f64,
    /// Formula units of product [mM].
    pub(crate) product_mm: f64,
    /// Quantum yield.
    pub(crate) quality: f64,
}

impl Reaction {
    /// Evaluates the reaction for one slug.
    pub(crate) fn make(&self, slug: &Slug<'_>) -> Made {
        let limiting_mm = self.limiting_mm(slug.quantities);
        let mut remaining = 1.0;
        let mut clocks = [0.0; 8];
        let clocks = &mut clocks[..self.clocks.len()];
        for stay in slug.stays {
            let inverse = 1.0 / (stay.celsius + ZERO_C_K) - 1.0 / self.reference_k;
            let (nucleation, growth) = self.rates(slug, stay.celsius, limiting_mm);
            remaining = two_step(remaining, nucleation, growth, stay.seconds);
            for (clock, rate) in clocks.iter_mut().zip(&self.clocks) {
                *clock += rate.at(inverse) * stay.seconds;
            }
        }
        let around = Surroundings {
            quantities: slug.quantities,
            effectiveness: slug.effectiveness,
            diameter_nm: self.diameter_nm(slug.final_c),
            clocks,
        };
        let conversion = 1.0 - remaining;
        let yield_ = self.yield_factors.iter().fold(conversion, |y, f| y * f.value(&around));
        let quality = self.quality_factors.iter().fold(1.0, |q, f| q * f.value(&around));
        Made { conversion, yield_, product_mm: limiting_mm * yield_, quality }
    }

    /// Takes what the product is made of from what was there [mM].
    pub(crate) fn use_up(&self, quantities: &mut [f64], product_mm: f64) {
        for &(species, count) in &self.stoichiometry {
            quantities[species] = (quantities[species] - count * product_mm).max(0.0);
        }
    }

    /// Spread of the diameters of the particles in a slug, the standard deviation of ln d.
    ///
    /// Nuclei appear at the rate k1 A and each grows in volume at the rate k2 A, A being what is left: the growth that is
    /// still to come, G = ∫ k2 A dt, is where in the growth of all others a nucleus appeared, and nuclei are as dense along
    /// G as k1/k2 is large. At one temperature they are even: ln V spreads over ln(1 + k2 X/k1), and ln d by a third of that
    /// over √12.
    pub(crate) fn spread(&self, slug: &Slug<'_>) -> f64 {
        let limiting_mm = self.limiting_mm(slug.quantities);
        let (mut remaining, mut grown) = (1.0, 0.0);
        let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for stay in slug.stays {
            let (nucleation, growth) = self.rates(slug, stay.celsius, limiting_mm);
            let left = two_step(remaining, nucleation, growth, stay.seconds);
            if growth <= 0.0 || nucleation <= 0.0 {
                remaining = left;
                continue;
            }
            let share = |left: f64| nucleation + growth * (1.0 - left);
            let more = math::ln(share(left) / share(remaining));
            let born = nucleation / growth * more;
            let middle = grown + 0.5 * more;
            count += born;
            sum += born * middle;
            squares += born * (middle * middle + more * more / 12.0);
            (remaining, grown) = (left, grown + more);
        }
        if count <= 0.0 {
            return 0.0;
        }
        let mean = sum / count;
        (squares / count - mean * mean).max(0.0).sqrt() / 3.0
    }

    /// Rates of nucleation and of growth on all that is left [1/s].
    fn rates(&self, slug: &Slug<'_>, celsius: f64, limiting_mm: f64) -> (f64, f64) {
        let inverse = 1.0 / (celsius + ZERO_C_K) - 1.0 / self.reference_k;
        let nucleation = self.nucleation.at(inverse) * slug.effectiveness;
        let growth = self.growth.at(inverse) * slug.effectiveness * limiting_mm / self.growth_at_mm;
        (nucleation, growth)
    }

    /// Formula units that the scarcest reagent allows [mM].
    fn limiting_mm(&self, quantities: &[f64]) -> f64 {
        self.stoichiometry
            .iter()
            .map(|&(species, count)| quantities[species] / count)
            .fold(f64::INFINITY, f64::min)
    }

    /// d = d0 exp(β (T − Tref)) [nm].
    pub(crate) fn diameter_nm(&self, celsius: f64) -> f64 {
        self.size_nm * math::exp(self.size_per_k * (celsius - self.reference_c))
    }
}

/// What remains of a reagent after `seconds` of A → B (k1), A + B → 2 B (k2), from a remaining
/// share.
///
/// dx/dt = −x (k1 + k2 (1 − x)) is linear in 1/x, so one step is exact at constant rates and a
/// temperature history is a chain of steps; from x = 1 it is the closed form of Watzky and Finke
/// (1997, DOI 10.1021/ja9705102).
fn two_step(remaining: f64, k1: f64, k2: f64, seconds: f64) -> f64 {
    let rate = k1 + k2;
    // Growth alone has nothing to grow on where there are no particles yet.
    if rate <= 0.0 || (k1 <= 0.0 && remaining >= 1.0) {
        return remaining;
    }
    let left = math::exp(-rate * seconds);
    remaining * rate * left / (rate - k2 * remaining * (1.0 - left))
}

#[cfg(test)]
mod tests;
