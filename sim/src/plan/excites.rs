//! What excites emission, and what takes light from it: a line or a spectrum, the species itself or all that absorbs.

use flowtwin_lab::math;

use super::absorbers::strength_at;
use super::bands::BandPlan;
use super::{PlanError, Quantities};
use crate::spec::{Excitation, InnerFilter, LightSource, World};

/// The excitation of one emission spectrometer.
#[derive(Clone, Debug)]
pub(crate) struct Excites {
    /// Light of each source at each of the wavelengths that excite, in parts of all of it at `counts_scale` [sources][wavelengths].
    /// Empty where a line of the usual brightness excites, and each band sees the share that its own species absorbs.
    sources: Vec<Vec<f64>>,
    /// What takes light.
    takes: Vec<Takes>,
    /// Whether all of that share the light.
    all: bool,
}

/// What takes light on its way through a slug.
#[derive(Clone, Debug)]
struct Takes {
    /// Its quantity, none for the background.
    of: Option<usize>,
    /// Whether it scatters what it takes.
    scatters: bool,
    /// Absorbance for one mM at each of the wavelengths.
    at: Vec<f64>,
}

/// Intervals into which a spectrum is cut.
const INTERVALS: usize = 48;
/// Where the spectrum of a light is looked for \[nm\], and what of its maximum counts as light.
const LOOKED_FOR_NM: (u32, u32) = (150, 1200);
const COUNTS_AS_LIGHT: f64 = 1e-3;

impl Excites {
    pub(super) fn new(
        world: &World,
        quantities: &Quantities,
        sources: &[LightSource],
        path_cm: f64,
    ) -> Result<Self, PlanError> {
        let optics = &world.optics;
        let all = optics.inner_filter == InnerFilter::All;
        let is_line = optics.excitation == Excitation::Line;
        if is_line && !all && optics.excitation_counts.is_none() {
            return Ok(Self { sources: Vec::new(), takes: Vec::new(), all });
        }
        let light = |source: &LightSource, nm: f64| source.counts * source.spectrum.height(nm);
        let together = |nm: f64| sources.iter().map(|source| light(source, nm)).sum::<f64>();
        let grid = || (LOOKED_FOR_NM.0..=LOOKED_FOR_NM.1).map(f64::from);
        let highest = grid().map(together).fold(0.0, f64::max);
        let is_lit = |nm: &f64| together(*nm) > COUNTS_AS_LIGHT * highest;
        let ends = grid().find(is_lit).zip(grid().rfind(is_lit));
        let wavelengths = match ends.filter(|_| !is_line) {
            Some((first, last)) => {
                let width = (last - first) / INTERVALS as f64;
                (0..INTERVALS).map(|i| first + (i as f64 + 0.5) * width).collect()
            }
            None => vec![optics.excitation_nm],
        };
        let brighter = optics.excitation_counts.map_or(1.0, |usual| highest / usual);
        let sum: f64 = wavelengths.iter().map(|nm| together(*nm)).sum();
        let of_source = |source: &LightSource| -> Vec<f64> {
            // Without a spectrum, sources count alike: each is as good as another at one wavelength.
            let part = |nm: f64| match is_line {
                true => 1.0 / sources.len() as f64,
                false => light(source, nm) / sum.max(f64::MIN_POSITIVE),
            };
            wavelengths.iter().map(|nm| brighter * part(*nm)).collect()
        };
        let takes = optics.absorption.iter().enumerate().map(|(i, absorber)| {
            let key = format!("optics.absorption.{i}.of");
            let of = absorber.of.as_ref().map(|name| quantities.find(key, name)).transpose()?;
            let at = wavelengths.iter().map(|nm| strength_at(absorber, path_cm, *nm)).collect();
            Ok(Takes { of, scatters: absorber.scatters, at })
        });
        let takes = takes.collect::<Result<_, PlanError>>()?;
        Ok(Self { sources: sources.iter().map(of_source).collect(), takes, all })
    }

    fn is_plain(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether what is emitted is absorbed again on its way out.
    pub(crate) fn reabsorbs(&self) -> bool {
        self.all
    }

    /// Counts of a band at its maximum, where sources are this bright.
    pub(crate) fn counts(&self, band: &BandPlan, values: &[f64], gains: &[f64]) -> f32 {
        if self.is_plain() {
            return band.amplitude(values) as f32 * mean(gains) as f32;
        }
        let own = band.absorbed_by.map(|(of, _)| of);
        let light = self.light(gains, |wavelength| self.absorbed(own, wavelength, values));
        band.times.iter().fold(band.counts * light, |product, &q| product * values[q]) as f32
    }

    /// The same where nothing absorbs.
    pub(crate) fn unfiltered(&self, band: &BandPlan, gains: &[f64]) -> f32 {
        let light = if self.is_plain() { mean(gains) } else { self.light(gains, |_| 1.0) };
        (band.counts * light) as f32
    }

    /// Light of all sources, where they are this bright and this share of each wavelength counts.
    fn light(&self, gains: &[f64], share: impl Fn(usize) -> f64) -> f64 {
        let shares: Vec<f64> = (0..self.sources.first().map_or(0, Vec::len)).map(share).collect();
        let of_source = |source: &Vec<f64>| {
            source.iter().zip(&shares).map(|(light, share)| light * share).sum::<f64>()
        };
        self.sources.iter().zip(gains).map(|(source, gain)| gain * of_source(source)).sum()
    }

    /// What a species absorbs of the light of one wavelength, in parts of it: 1 − 10^(−A), or its part of that by its part of the
    /// absorbance A of all (Parker and Rees, *Analyst* 1962, 87, 83). Light that is not absorbed by a species excites by its mean
    /// along the bore: (1 − 10^(−A))/(A ln 10) where all absorb. What scatters light excites nothing.
    fn absorbed(&self, own: Option<usize>, wavelength: usize, values: &[f64]) -> f64 {
        let amount = |takes: &Takes| takes.of.map_or(1.0, |of| values[of]) * takes.at[wavelength];
        let sum = |only_own: bool| {
            let counts = |takes: &&Takes| !only_own || takes.of == own && !takes.scatters;
            self.takes.iter().filter(counts).map(amount).sum::<f64>()
        };
        let share = |absorbance: f64| -math::exp_m1(-std::f64::consts::LN_10 * absorbance);
        let along = |absorbance: f64| match absorbance * std::f64::consts::LN_10 {
            // The second order of the series is below 1e-16 there.
            napier if napier < 1e-8 => 1.0 - 0.5 * napier,
            napier => share(absorbance) / napier,
        };
        match (own, self.all) {
            (None, false) => 1.0,
            (None, true) => along(sum(false)),
            (Some(_), false) => share(sum(true)),
            (Some(_), true) => std::f64::consts::LN_10 * sum(true) * along(sum(false)),
        }
    }
}

fn mean(gains: &[f64]) -> f64 {
    let mut mean = 0.0;
    gains.iter().for_each(|gain| mean += gain / gains.len() as f64);
    mean
}
