//! Emission bands, laid out on the pixels of a spectrometer.

use flowtwin_lab::math;

use super::absorbers::strength_at;
use super::grid::Grid;
use super::{PlanError, Quantities};
use crate::model::emission::EnergyBand;
use crate::spec::{Absorber, World};

/// An emission band.
#[derive(Clone, Debug)]
pub(crate) struct BandPlan {
    /// Counts of an amplitude of one.
    pub(crate) counts: f64,
    /// Quantity that absorbs the excitation, and its absorbance there for one mM.
    pub(crate) absorbed_by: Option<(usize, f64)>,
    /// Quantities it is proportional to.
    pub(crate) times: Vec<usize>,
    /// Relative to its maximum [pixels]; empty where particles say where it is.
    pub(crate) shape: Vec<f32>,
    /// Width of a single particle \[eV\], where particles emit it.
    pub(crate) of_particles: Option<f64>,
}

/// Bands on a grid; without one they are not laid out, because nobody sees them.
pub(super) fn bands(
    world: &World,
    quantities: &Quantities,
    grid: Option<&Grid>,
    path_cm: f64,
) -> Result<Vec<BandPlan>, PlanError> {
    let optics = &world.optics;
    let absorbance_per_mm = |of: &String| {
        optics
            .absorption
            .iter()
            .filter(|a| absorbs(a, of))
            .fold(0.0, |sum, a| sum + strength_at(a, path_cm, optics.excitation_nm))
    };
    let band = |(i, emission): (usize, &crate::spec::Emission)| {
        let key = |what: &str| format!("optics.emission.{i}.{what}");
        let absorbed_by = emission.absorbed_by.as_ref();
        let depends = absorbed_by.is_some() || !emission.times.is_empty() || emission.of_particles;
        if emission.of_tube && depends {
            let detail = "the wall of the tube emits without a slug: `absorbed_by`, `times` and `of_particles` do not apply";
            return Err(PlanError::Inconsistent { key: key("of_tube"), detail: detail.into() });
        }
        let absorbed_by = absorbed_by.map(|of| {
            let place = quantities.find(key("absorbed_by"), of)?;
            if !optics.absorption.iter().any(|absorber| absorbs(absorber, of)) {
                let detail =
                    format!("no `optics.absorption` is of \"{of}\": the band would be dark");
                return Err(PlanError::Inconsistent { key: key("absorbed_by"), detail });
            }
            Ok((place, absorbance_per_mm(of)))
        });
        let absorbed_by = absorbed_by.transpose()?;
        let times = emission.times.iter().enumerate();
        let times = times
            .map(|(j, name)| quantities.find(key(&format!("times.{j}")), name))
            .collect::<Result<_, _>>()?;
        let own = own_peak(world, emission).map_err(|(of, detail)| PlanError::Inconsistent {
            key: key(of),
            detail: detail.into(),
        })?;
        let band = own.map(|peak_nm| EnergyBand::new(peak_nm, emission.fwhm_ev));
        let laid = |(band, grid): (EnergyBand, &Grid)| grid.lay(|nm| band.height(nm));
        let shape = band.zip(grid).map_or_else(Vec::new, laid);
        let of_particles = emission.of_particles.then_some(emission.fwhm_ev);
        let counts = optics.counts_scale * emission.scale;
        Ok(BandPlan { counts, absorbed_by, times, shape, of_particles })
    };
    optics.emission.iter().enumerate().map(band).collect()
}

/// Whether this is light that a species absorbs, and does not scatter.
fn absorbs(absorber: &Absorber, species: &String) -> bool {
    absorber.of.as_ref() == Some(species) && !absorber.scatters
}

/// Where a band has its maximum; none where particles say so. What is wrong with it: the key and the words.
fn own_peak(
    world: &World,
    emission: &crate::spec::Emission,
) -> Result<Option<f64>, (&'static str, &'static str)> {
    let particles = world.chemistry.particles.as_ref();
    match (emission.peak_nm, emission.of_particles) {
        (Some(_), true) => {
            Err(("peak_nm", "size and composition of the particles say where their band is"))
        }
        (None, false) => Err(("peak_nm", "a band needs its wavelength, or is `of_particles`")),
        (None, true) if particles.is_none_or(|own| own.pure.is_empty()) => Err((
            "of_particles",
            "`[chemistry.particles]` with an entry in `pure` must say at which energy they emit",
        )),
        (peak, _) => Ok(peak),
    }
}

impl BandPlan {
    /// Counts at the maximum, for these quantities: scale · (1 − 10^(−A)) · Π quantities.
    pub(crate) fn amplitude(&self, values: &[f64]) -> f64 {
        let absorbed = self.absorbed_by.map_or(1.0, |(of, per_mm)| {
            -math::exp_m1(-std::f64::consts::LN_10 * per_mm * values[of])
        });
        self.times.iter().fold(self.counts * absorbed, |product, &q| product * values[q])
    }
}
