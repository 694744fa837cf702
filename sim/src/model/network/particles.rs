//! Particles in a network: nuclei appear, all particles grow, and what deposits leaves the solution.
//!
//! With the moments mₖ = ∫ dᵏ n(d) dd of the sizes, nucleation J and growth G that no size changes, dm₀/dt = J and
//! dmₖ/dt = k G mₖ₋₁ + J d₀ᵏ: the moments are closed (Hulburt and Katz 1964, DOI 10.1016/0009-2509(64)85047-8). Units deposit at
//! dm₃/dt times the volume of a body of size one over that of a unit, so units in solution and in particles keep their sum.

use super::law::Law;
use crate::spec::{self, Body};

/// Volume of a sphere of diameter one.
const SPHERE: f64 = std::f64::consts::PI / 6.0;

/// Names of the moments among all quantities; the k-th in nmᵏ mM.
pub(crate) const MOMENTS: [&str; 4] =
    ["particles.number", "particles.length", "particles.area", "particles.volume"];

/// Units in a body of size one [1/nm³].
pub(crate) fn units_per_nm3(spec: &spec::Particles) -> f64 {
    let volume = match spec.body {
        Body::Sphere => SPHERE,
        Body::Cube => 1.0,
    };
    volume / spec.unit_nm3
}

/// Particles, ready to be integrated.
#[derive(Clone, Debug)]
pub(super) struct Growing {
    /// The species that deposits.
    pub(super) unit: usize,
    /// What a unit becomes, and how many.
    pub(super) becomes: Vec<(usize, f64)>,
    /// The moments, among the species.
    pub(super) moments: [usize; 4],
    /// Nuclei [mol/(L·s)] and growth [nm/s].
    pub(super) laws: [Law; 2],
    pub(super) reference_k: f64,
    pub(super) nucleus_nm: f64,
    /// Units in a body of size one [1/nm³].
    pub(super) units_per_nm3: f64,
}

impl Growing {
    /// Nucleation [mol/(L·s)] and growth [nm/s] with these constants.
    pub(super) fn rates(&self, constants: [f64; 2], y: &[f64], celsius: f64) -> [f64; 2] {
        let [nucleation, growth] = &self.laws;
        [nucleation.rate(constants[0], y, celsius), growth.rate(constants[1], y, celsius)]
    }

    /// Shows how fast each species changes at these rates, or at their slopes by one of the unknowns.
    pub(super) fn each(&self, [born, grown]: [f64; 2], y: &[f64], see: &mut dyn FnMut(usize, f64)) {
        let mut nucleus = 1.0;
        see(self.moments[0], born);
        for k in 1..4 {
            nucleus *= self.nucleus_nm;
            let change = k as f64 * grown * y[self.moments[k - 1]] + born * nucleus;
            see(self.moments[k], change);
            if k == 3 {
                self.deposit(change, see);
            }
        }
    }

    /// Shows what deposits as the third moment changes.
    fn deposit(&self, change: f64, see: &mut dyn FnMut(usize, f64)) {
        let units = self.units_per_nm3 * change;
        see(self.unit, -units);
        self.becomes.iter().for_each(|&(species, count)| see(species, count * units));
    }

    /// Shows the slopes of all changes: what changes, by what, how much.
    pub(super) fn each_slope(
        &self,
        constants: [f64; 2],
        y: &[f64],
        celsius: f64,
        see: &mut dyn FnMut(usize, usize, f64),
    ) {
        for (which, law) in self.laws.iter().enumerate() {
            law.add_slopes(constants[which], y, celsius, &mut |by, slope| {
                let slopes = if which == 0 { [slope, 0.0] } else { [0.0, slope] };
                self.each(slopes, y, &mut |species, change| see(species, by, change));
            });
        }
        let [_, grown] = self.rates(constants, y, celsius);
        for k in 1..4 {
            see(self.moments[k], self.moments[k - 1], k as f64 * grown);
        }
        let by = self.moments[2];
        self.deposit(3.0 * grown, &mut |species, change| see(species, by, change));
    }
}

#[cfg(test)]
mod tests;
