//! Reactions of liquids that have met and are still mixing.
//!
//! Each feed is an environment of its own, in which reactions go on while it exchanges what it holds with the mean of all:
//! dcᵢ/dt = (c̄ − cᵢ)/τ + r(cᵢ), interaction by exchange with the mean (Harada et al. 1962; Villermaux and Devillon 1972; Costa and
//! Trevissoi 1972, DOI 10.1016/0009-2509(72)85060-3). Mixing so competes with the kinetics: what a feed does alone goes on at its
//! own pace, what needs two feeds waits for the other, and fast reactions that follow suffer in selectivity. Without reactions
//! the differences between feeds decay as exp(−t/τ), their variance as exp(−2t/τ).
//! Range: one time constant for all species and scales; feeds of comparable flows.

use flowtwin_lab::math;

use super::rodas::{Equations, Pace, advance};
use super::{Network, Prepared, Running, RunsAway};
use crate::model::reaction::Stay;

/// After so many time constants what is left of the differences is below the tolerance of the solver.
const MIXED: f64 = 25.0;

/// Liquids that meet.
#[derive(Clone, Debug)]
pub(crate) struct Unmixed {
    /// Share of the volume of each liquid, and all quantities in it \[mM\].
    pub(crate) feeds: Vec<(f64, Vec<f64>)>,
    /// Time constant τ of their mixing [s].
    pub(crate) tau_s: f64,
    /// How long they have mixed before anything reacts [s].
    pub(crate) before_s: f64,
}

impl Network {
    /// Lets what has met react while it mixes. `values` are all quantities of the mixture \[mM\], of which those that react are
    /// changed; other arguments as in [`Network::react`].
    ///
    /// # Errors
    /// If the reactions run away; the concentrations are then those of the last stay.
    pub(crate) fn react_unmixed(
        &self,
        values: &mut [f64],
        unmixed: &Unmixed,
        stays: &[Stay],
        heat_capacity_kj_per_l_k: f64,
    ) -> Result<(), RunsAway> {
        let shares: Vec<f64> = unmixed.feeds.iter().map(|(share, _)| *share).collect();
        let mut y = self.environments(unmixed);
        let (mut elapsed_s, mut result) = (unmixed.before_s, Ok(()));
        let mut pace = Pace::default();
        for stay in stays.iter().filter(|stay| stay.seconds > 0.0) {
            let at_rest = y.clone();
            let running = Running {
                network: self,
                stay,
                effectiveness: 1.0,
                heat_capacity_kj_per_l_k,
                inflow: None,
            };
            let prepared = running.prepared();
            let is_mixed = elapsed_s >= MIXED * unmixed.tau_s;
            if is_mixed && y.len() > prepared.len() {
                y = mean(&y, &shares, prepared.len());
            }
            let advanced = if is_mixed {
                advance(&prepared, &mut y, stay.seconds, &mut pace)
            } else {
                let mixing = Mixing { prepared: &prepared, shares: &shares, tau_s: unmixed.tau_s };
                advance(&mixing, &mut y, stay.seconds, &mut pace)
            };
            elapsed_s += stay.seconds;
            if advanced.is_err() {
                y = at_rest;
                result = Err(RunsAway);
                break;
            }
        }
        let size = self.places.len() + usize::from(self.has_heat);
        let y = if y.len() > size { mean(&y, &shares, size) } else { y };
        for (&place, concentration) in self.places.iter().zip(&y) {
            values[place] = 1e3 * concentration;
        }
        result
    }

    /// What is in each environment as the first reaction begins [mol/L], with its temperature above that of the stay [K].
    fn environments(&self, unmixed: &Unmixed) -> Vec<f64> {
        let left = math::exp(-unmixed.before_s / unmixed.tau_s);
        let mean = |place: usize| {
            unmixed.feeds.iter().fold(0.0, |sum, (share, values)| sum + share * values[place])
        };
        let means: Vec<f64> = self.places.iter().map(|&place| mean(place)).collect();
        let mut y = Vec::new();
        for (_, values) in &unmixed.feeds {
            let own = self.places.iter().zip(&means);
            y.extend(own.map(|(&place, mean)| 1e-3 * (mean + left * (values[place] - mean))));
            if self.has_heat {
                y.push(0.0);
            }
        }
        y
    }
}

/// The mean of environments of `size` unknowns each.
fn mean(y: &[f64], shares: &[f64], size: usize) -> Vec<f64> {
    let mut mean = vec![0.0; size];
    for (own, share) in y.chunks(size).zip(shares) {
        for (mean, value) in mean.iter_mut().zip(own) {
            *mean += share * value;
        }
    }
    mean
}

/// Environments that react and exchange with their mean.
struct Mixing<'a> {
    prepared: &'a Prepared<'a>,
    shares: &'a [f64],
    tau_s: f64,
}

impl Equations for Mixing<'_> {
    fn len(&self) -> usize {
        self.prepared.len() * self.shares.len()
    }

    fn slopes(&self, y: &[f64], slopes: &mut [f64]) {
        let size = self.prepared.len();
        let mean = mean(y, self.shares, size);
        for (own, slopes) in y.chunks(size).zip(slopes.chunks_mut(size)) {
            self.prepared.slopes(own, slopes);
            for ((slope, mean), value) in slopes.iter_mut().zip(&mean).zip(own) {
                *slope += (mean - value) / self.tau_s;
            }
        }
    }

    fn jacobian(&self, y: &[f64], jacobian: &mut [f64]) {
        let (size, all) = (self.prepared.len(), self.len());
        jacobian.fill(0.0);
        let mut own = vec![0.0; size * size];
        for (feed, values) in y.chunks(size).enumerate() {
            self.prepared.jacobian(values, &mut own);
            for row in 0..size {
                let line = (feed * size + row) * all;
                jacobian[line + feed * size..line + (feed + 1) * size]
                    .copy_from_slice(&own[row * size..(row + 1) * size]);
                for (other, share) in self.shares.iter().enumerate() {
                    jacobian[line + other * size + row] += share / self.tau_s;
                }
                jacobian[line + feed * size + row] -= 1.0 / self.tau_s;
            }
        }
    }

    fn tolerance(&self, index: usize, value: f64) -> f64 {
        self.prepared.tolerance(index % self.prepared.len(), value)
    }
}
