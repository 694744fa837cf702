//! Wavelengths of the pixels of a spectrometer, and shapes of light laid on them.

use flowtwin_lab::math;

use super::PlanError;
use crate::model::emission::{FWHM, Slit};
use crate::spec::{LightSource, Spectrometer};

/// Wavelengths of the pixels, seen through a slit.
pub(crate) struct Grid {
    pub(super) nm: Vec<f64>,
    slit_nm: f64,
}

impl Grid {
    pub(super) fn new(name: &str, spec: &Spectrometer) -> Result<Self, PlanError> {
        let [c0, c1, c2, c3] = spec.wavelength_coefficients.map(f64::from);
        let at = |i: usize| {
            let p = i as f64;
            c0 + p * (c1 + p * (c2 + p * c3))
        };
        let nm: Vec<f64> = (0..spec.pixels).map(at).collect();
        let (first, last) = (nm[0], nm[nm.len() - 1]);
        if !nm.windows(2).all(|w| w[0] < w[1]) || first < 100.0 || last > 3000.0 {
            return Err(PlanError::Inconsistent {
                key: format!("rig.spectrometers.{name}.wavelength_coefficients"),
                detail: format!(
                    "pixels run from {first:.1} to {last:.1} nm: \
                     they must ascend within 100 to 3000 nm"
                ),
            });
        }
        Ok(Self { nm, slit_nm: spec.slit_nm })
    }

    pub(super) fn lay(&self, shape: impl Fn(f64) -> f64) -> Vec<f32> {
        lay(&self.nm, self.slit_nm, shape)
    }

    /// Counts of a source. Its lines show as wide as the slit, or as a pixel where that is wider.
    pub(super) fn lit(&self, source: &LightSource) -> Vec<f32> {
        let mut lit = self.lay(|nm| source.counts * source.spectrum.height(nm));
        for line in &source.lines {
            for (i, lit) in lit.iter_mut().enumerate() {
                let next = self.nm[(i + 1).min(self.nm.len() - 1)];
                let pixel_nm = (next - self.nm[i.min(self.nm.len() - 2)]).abs();
                let sigma = self.slit_nm.max(pixel_nm) / FWHM;
                let z = (self.nm[i] - line.at_nm) / sigma;
                let high = line.area_nm / (sigma * (2.0 * std::f64::consts::PI).sqrt());
                *lit += (source.counts * high * math::exp(-0.5 * z * z)) as f32;
            }
        }
        lit
    }
}

/// A shape of light as pixels see it through a slit [pixels].
pub(super) fn lay(nm: &[f64], slit_nm: f64, shape: impl Fn(f64) -> f64) -> Vec<f32> {
    let slit = Slit::new(slit_nm);
    nm.iter().map(|&nm| slit.seen(&shape, nm) as f32).collect()
}
