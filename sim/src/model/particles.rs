//! What particles show: their number, mean size and dispersity out of the moments, and colour, width and quantum yield out of these.

use super::emission::{EnergyBand, FWHM, HC_EV_NM};
use super::network::{MOMENTS, units_per_nm3};
use super::reaction::{Factors, UnknownQuantity};
use crate::spec::{self, Pure};

/// Nothing is said of light below this photon energy \[eV\].
const LEAST_EV: f64 = 0.1;

/// What is seen of particles, out of the quantities in a slug.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    moments: [usize; 4],
    units_per_nm3: f64,
    /// Places of the units in all particles, and of their quantum yield.
    tells: [usize; 2],
    pure: Vec<(usize, Pure)>,
    /// Pairs of `pure`, and their bowing \[eV\].
    bowing: Vec<(usize, usize, f64)>,
    share_spread: f64,
    quality: Factors,
}

/// Sizes of particles \[nm\].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sizes {
    /// Mean over their number.
    pub(crate) mean_nm: f64,
    /// Standard deviation.
    pub(crate) deviation_nm: f64,
}

/// Energies of a mixture of pure particles, and their slopes.
struct Mixed {
    ev: f64,
    by_size: f64,
    /// By the share of each pure one, all else constant.
    by_share: Vec<f64>,
}

impl Look {
    /// The look of such particles; `place` finds a quantity by name, and `tells` are the places of what there is of them \[mM\] and of
    /// their quantum yield.
    ///
    /// # Errors
    /// If a name is not known; the key is relative to the particles.
    pub(crate) fn new(
        spec: &spec::Particles,
        tells: [usize; 2],
        place: &dyn Fn(&str) -> Option<usize>,
    ) -> Result<Self, UnknownQuantity> {
        let find = |key: String, name: &str| {
            place(name).ok_or_else(|| UnknownQuantity { key, name: name.to_owned() })
        };
        let mut moments = [0; 4];
        for (moment, name) in moments.iter_mut().zip(MOMENTS) {
            *moment = find("deposit".into(), name)?;
        }
        let mut pure = Vec::new();
        for (name, own) in &spec.pure {
            pure.push((find(format!("pure.{name}"), name)?, own.clone()));
        }
        let mut bowing = Vec::new();
        for (i, bow) in spec.bowing.iter().enumerate() {
            let of = |which: usize| {
                let name = &bow.between[which];
                let unknown = || UnknownQuantity {
                    key: format!("bowing.{i}.between.{which}"),
                    name: name.clone(),
                };
                spec.pure.keys().position(|known| known == name).ok_or_else(unknown)
            };
            bowing.push((of(0)?, of(1)?, bow.ev));
        }
        let quality = Factors::new("quality", &spec.quality, place)?;
        Ok(Self {
            moments,
            units_per_nm3: units_per_nm3(spec),
            tells,
            pure,
            bowing,
            share_spread: spec.share_spread,
            quality,
        })
    }

    /// Mean size and its spread: m₁/m₀ and √(m₂/m₀ − (m₁/m₀)²); none where there are no particles.
    pub(crate) fn sizes(&self, values: &[f64]) -> Option<Sizes> {
        let [number, length, area, _] = self.moments.map(|place| values[place]);
        if number <= 0.0 || length <= 0.0 {
            return None;
        }
        let mean_nm = length / number;
        let variance = (area / number - mean_nm * mean_nm).max(0.0);
        Some(Sizes { mean_nm, deviation_nm: variance.sqrt() })
    }

    /// Fills in what there is of particles and their quantum yield.
    pub(crate) fn tell(&self, values: &mut [f64]) {
        let units = self.units_per_nm3 * values[self.moments[3]];
        let quality = match self.sizes(values) {
            Some(sizes) => self.own_yield(values) * self.quality.value(values, sizes.mean_nm),
            None => 0.0,
        };
        let [product, yield_] = self.tells;
        values[product] = units.max(0.0);
        values[yield_] = quality;
    }

    /// Where particles emit, and how wide: a single one over `fwhm_ev`, all of them wider by the spreads of size and composition, which
    /// the slopes of the energy carry over; none where there are no particles. With it, how high the band is beside that of particles
    /// which are all alike: as many photons in a wider band make a lower one.
    pub(crate) fn band(&self, values: &[f64], fwhm_ev: f64) -> Option<(EnergyBand, f64)> {
        let (peak_nm, all_ev) = self.emits(values, fwhm_ev)?;
        Some((EnergyBand::new(peak_nm, all_ev), fwhm_ev / all_ev))
    }

    fn emits(&self, values: &[f64], fwhm_ev: f64) -> Option<(f64, f64)> {
        let sizes = self.sizes(values)?;
        let shares = self.shares(values)?;
        let Mixed { ev, by_size, by_share } = self.mixed(&shares, sizes.mean_nm);
        if ev < LEAST_EV {
            return None;
        }
        let by_size = by_size * sizes.deviation_nm;
        // Shares spread as draws without memory do: their covariance is s² (xᵢ δᵢⱼ − xᵢ xⱼ).
        let both = shares.iter().zip(&by_share);
        let mean = both.clone().fold(0.0, |sum, (x, slope)| sum + x * slope);
        let square = both.fold(0.0, |sum, (x, slope)| sum + x * slope * slope);
        let by_share = self.share_spread * self.share_spread * (square - mean * mean).max(0.0);
        let spread = by_size * by_size + by_share;
        let all_ev = (fwhm_ev * fwhm_ev + FWHM * FWHM * spread).sqrt();
        // Nuclei without size spread over all colours: that is no band.
        (all_ev < ev).then_some((HC_EV_NM / ev, all_ev))
    }

    /// Shares of the pure ones; none where no place is filled.
    fn shares(&self, values: &[f64]) -> Option<Vec<f64>> {
        let held = self.pure.iter().map(|(place, _)| values[*place].max(0.0));
        let whole = held.clone().fold(0.0, |sum, own| sum + own);
        (whole > 0.0).then(|| held.map(|own| own / whole).collect())
    }

    fn own_yield(&self, values: &[f64]) -> f64 {
        match self.shares(values) {
            Some(shares) => {
                let each = shares.iter().zip(&self.pure);
                each.fold(0.0, |sum, (share, (_, own))| sum + share * own.quantum_yield)
            }
            None if self.pure.is_empty() => 1.0,
            None => 0.0,
        }
    }

    /// E = Σ xᵢ (E∞ᵢ + Aᵢ/d² − Bᵢ/d) − Σ bᵢⱼ xᵢ xⱼ.
    fn mixed(&self, shares: &[f64], size_nm: f64) -> Mixed {
        let (one, two) = (1.0 / size_nm, 1.0 / (size_nm * size_nm));
        let energy =
            |own: &Pure| own.bulk_ev + own.confinement_ev_nm2 * two - own.attraction_ev_nm * one;
        let mut mixed = Mixed { ev: 0.0, by_size: 0.0, by_share: Vec::new() };
        for (share, (_, own)) in shares.iter().zip(&self.pure) {
            let slope = own.attraction_ev_nm * two - 2.0 * own.confinement_ev_nm2 * two * one;
            mixed.ev += share * energy(own);
            mixed.by_size += share * slope;
            mixed.by_share.push(energy(own));
        }
        for &(i, j, ev) in &self.bowing {
            mixed.ev -= ev * shares[i] * shares[j];
            mixed.by_share[i] -= ev * shares[j];
            mixed.by_share[j] -= ev * shares[i];
        }
        mixed
    }
}

#[cfg(test)]
mod tests;
