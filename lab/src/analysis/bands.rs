//! Overlapping emission bands, separated by linear least squares.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Window;
use crate::math;

/// h·c [eV·nm] (CODATA 2018, exact constants).
pub(crate) const HC_EV_NM: f64 = 1_239.841_984_332_003;

/// A Gaussian band in photon energy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// Wavelength of its centre energy \[nm\].
    pub centre_nm: f64,
    /// Full width at half maximum \[eV\].
    pub fwhm_ev: f64,
}

impl Band {
    /// The band at a wavelength, per wavelength, relative to its value at the centre.
    ///
    /// g(E) = exp(−4 ln 2 ((E − E₀)/FWHM)²) with the Jacobian |dE/dλ| = hc/λ², so the factor λ₀²/λ²
    /// (Mooney and Kambhampati 2013, DOI 10.1021/jz401508t).
    pub fn relative(&self, nm: f64) -> f64 {
        let offset = (HC_EV_NM / nm - HC_EV_NM / self.centre_nm) / self.fwhm_ev;
        let jacobian = (self.centre_nm / nm) * (self.centre_nm / nm);
        jacobian * math::exp(-4.0 * std::f64::consts::LN_2 * offset * offset)
    }
}

/// Bands on the pixels of a window: nothing of them depends on what is measured.
#[derive(Clone, Debug)]
pub(super) struct Laid {
    pixels: Range<usize>,
    /// Height of each band at each pixel \[pixels × bands\].
    shapes: Vec<f64>,
    /// Sums of their products \[bands × bands\], and a place for what is measured.
    normal: Vec<Vec<f64>>,
}

impl Laid {
    pub(super) fn new(bands: &[Band], window: Window, grid: &[f64]) -> Self {
        let pixels = window.pixels(grid);
        let n = bands.len();
        let at = |nm: &f64| bands.iter().map(|band| band.relative(*nm)).collect::<Vec<f64>>();
        let shapes: Vec<f64> = grid[pixels.clone()].iter().flat_map(at).collect();
        let mut normal = vec![vec![0.0; n + 1]; n];
        for shape in shapes.chunks_exact(n.max(1)) {
            for i in 0..n {
                for j in 0..n {
                    normal[i][j] += shape[i] * shape[j];
                }
            }
        }
        Self { pixels, shapes, normal }
    }

    /// Heights of the bands that fit `values` best over the window (least squares); NaN where they cannot be separated apart.
    pub(super) fn heights(&self, values: &[f64]) -> Vec<f64> {
        let n = self.normal.len();
        let mut normal = self.normal.clone();
        for (shape, value) in self.shapes.chunks_exact(n.max(1)).zip(&values[self.pixels.clone()]) {
            for (row, height) in normal.iter_mut().zip(shape) {
                row[n] += height * value;
            }
        }
        solve(normal)
    }
}

/// Gauss elimination of an augmented symmetric positive definite system [n, n + 1].
fn solve(mut a: Vec<Vec<f64>>) -> Vec<f64> {
    let n = a.len();
    for i in 0..n {
        let pivot = a[i].clone();
        for row in a.iter_mut().skip(i + 1) {
            let factor = row[i] / pivot[i];
            for (cell, p) in row.iter_mut().zip(&pivot) {
                *cell -= factor * p;
            }
        }
    }
    let mut x = vec![0.0; n];
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * x[j]).sum();
        x[i] = (a[i][n] - known) / a[i][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_bands_are_recovered_exactly() {
        let bands = [
            Band { centre_nm: 450.0, fwhm_ev: 0.5 },
            Band { centre_nm: 380.0, fwhm_ev: 0.25 },
            Band { centre_nm: 600.0, fwhm_ev: 0.4 },
        ];
        let truth = [1_900.0, 180.0, 40.0];
        let grid: Vec<f64> = (0..400).map(|i| 340.0 + f64::from(i)).collect();
        let value = |nm: &f64| bands.iter().zip(truth).map(|(b, h)| h * b.relative(*nm)).sum();
        let values: Vec<f64> = grid.iter().map(value).collect();
        let window = Window { low_nm: 350.0, high_nm: 700.0 };
        for (found, truth) in Laid::new(&bands, window, &grid).heights(&values).iter().zip(truth) {
            assert!((found - truth).abs() < 1e-6, "{found} against {truth}");
        }
    }

    #[test]
    fn the_main_band_leaks_into_the_secondary_as_computed() {
        // By hand: exp(-4 ln 2 (0.5077/0.5)^2) = 0.05745, times the Jacobian (450/380)^2 = 1.4024.
        let leak = Band { centre_nm: 450.0, fwhm_ev: 0.5 }.relative(380.0);
        assert!((leak - 0.0806).abs() < 0.0005, "{leak}");
    }
}
