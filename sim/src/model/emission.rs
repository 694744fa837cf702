//! Shapes of bands on a wavelength grid.

use flowtwin_lab::math;

use crate::spec::Shape;

/// h·c [eV·nm] (CODATA 2018, exact constants).
pub(crate) const HC_EV_NM: f64 = 1_239.841_984_332_003;
/// Full width at half maximum over standard deviation of a Gaussian, 2√(2 ln 2).
pub(crate) const FWHM: f64 = 2.354_820_045_030_949_3;

impl Shape {
    /// Height at a wavelength [nm].
    pub(crate) fn height(&self, nm: f64) -> f64 {
        match self {
            Self::Gaussian { centre_nm, fwhm_nm, height } => {
                height * gaussian((nm - centre_nm) / (fwhm_nm / FWHM))
            }
            Self::Edge { onset_nm, width_nm, height } => {
                height / (1.0 + math::exp((nm - onset_nm) / width_nm))
            }
            Self::Flat(height) => *height,
            Self::Power { at_nm, exponent, height } => height * math::pow(at_nm / nm, *exponent),
            Self::Points(points) => interpolated(points, nm),
        }
    }
}

fn gaussian(z: f64) -> f64 {
    math::exp(-0.5 * z * z)
}

fn interpolated(points: &[[f64; 2]], nm: f64) -> f64 {
    let after = points.partition_point(|p| p[0] <= nm);
    match (points.get(after.wrapping_sub(1)), points.get(after)) {
        (Some(a), Some(b)) => a[1] + (b[1] - a[1]) * (nm - a[0]) / (b[0] - a[0]),
        (Some(end), None) | (None, Some(end)) => end[1],
        (None, None) => 0.0,
    }
}

/// A Gaussian in photon energy as a spectrometer shows it: I(λ) = I(E) hc/λ² (Mooney and
/// Kambhampati 2013, DOI 10.1021/jz401508t), one at its maximum over wavelength.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnergyBand {
    centre_ev: f64,
    sigma_ev: f64,
    peak_nm: f64,
    at_peak: f64,
}

impl EnergyBand {
    /// The band whose maximum over wavelength lies at `peak_nm` [nm], of width `fwhm_ev` in energy
    /// [eV].
    ///
    /// d/dE (E² exp(−(E − E0)²/2σ²)) = 0 at the peak's energy Ep gives E0 = Ep − 2 σ²/Ep.
    pub(crate) fn new(peak_nm: f64, fwhm_ev: f64) -> Self {
        let (peak_ev, sigma_ev) = (HC_EV_NM / peak_nm, fwhm_ev / FWHM);
        let centre_ev = peak_ev - 2.0 * sigma_ev * sigma_ev / peak_ev;
        let at_peak = gaussian((peak_ev - centre_ev) / sigma_ev);
        Self { centre_ev, sigma_ev, peak_nm, at_peak }
    }

    /// Height at a wavelength [nm], relative to the maximum.
    pub(crate) fn height(&self, nm: f64) -> f64 {
        let jacobian = (self.peak_nm / nm) * (self.peak_nm / nm);
        jacobian * gaussian((HC_EV_NM / nm - self.centre_ev) / self.sigma_ev) / self.at_peak
    }
}

/// A slit of a Gaussian slit function: eleven points over ±2.5 σ.
pub(crate) struct Slit {
    /// Distance of each point \[nm\], and its weight; none where there is no slit.
    points: Vec<(f64, f64)>,
    weights: f64,
}

impl Slit {
    pub(crate) fn new(slit_nm: f64) -> Self {
        let point = |i: i32| {
            let z = 0.5 * f64::from(i);
            (z * slit_nm / FWHM, gaussian(z))
        };
        let points: Vec<(f64, f64)> = match slit_nm > 0.0 {
            true => (-5..=5).map(point).collect(),
            false => Vec::new(),
        };
        let weights = points.iter().fold(0.0, |sum, (_, weight)| sum + weight);
        Self { points, weights }
    }

    /// What it makes of a shape: the weighted mean of it.
    pub(crate) fn seen(&self, shape: impl Fn(f64) -> f64, nm: f64) -> f64 {
        if self.points.is_empty() {
            return shape(nm);
        }
        let weighed = |sum: f64, (off_nm, weight): &(f64, f64)| sum + weight * shape(nm + off_nm);
        self.points.iter().fold(0.0, weighed) / self.weights
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maximum_lies_where_it_is_said_to_lie() {
        for (peak_nm, fwhm_ev) in [(450.0, 0.5), (380.0, 0.25), (600.0, 0.4)] {
            let band = EnergyBand::new(peak_nm, fwhm_ev);
            assert!((band.height(peak_nm) - 1.0).abs() < 1e-12);
            assert!(band.height(peak_nm - 1.0) < 1.0 && band.height(peak_nm + 1.0) < 1.0);
        }
    }

    /// The same photons counted over energy and over wavelength.
    #[test]
    fn the_jacobian_keeps_the_number_of_photons() {
        let band = EnergyBand::new(450.0, 0.5);
        let over_nm: f64 =
            (0..200_000).map(|i| band.height(250.0 + 0.01 * f64::from(i)) * 0.01).sum();
        let scale = 450.0 * 450.0 / HC_EV_NM / band.at_peak;
        let over_ev = (2.0 * std::f64::consts::PI).sqrt() * band.sigma_ev * scale;
        assert!((over_nm / over_ev - 1.0).abs() < 1e-4, "{over_nm} against {over_ev}");
    }

    /// 0.50 eV at 450 nm is 82 nm wide.
    #[test]
    fn the_width_in_wavelength_is_that_of_the_width_in_energy() {
        let band = EnergyBand::new(450.0, 0.5);
        let half = |mut nm: f64, step: f64| {
            while band.height(nm) > 0.5 {
                nm += step;
            }
            nm
        };
        let width = half(450.0, 0.01) - half(450.0, -0.01);
        assert!((width - 82.0).abs() < 3.0, "{width} nm");
    }

    #[test]
    fn a_slit_widens_a_line_and_keeps_its_area() {
        let line = |nm: f64| gaussian((nm - 300.0) / 2.0);
        let slit = Slit::new(4.2);
        let seen = |nm: f64| slit.seen(line, nm);
        let area = |f: &dyn Fn(f64) -> f64| -> f64 {
            (0..4000).map(|i| 0.01 * f(280.0 + 0.01 * f64::from(i))).sum()
        };
        assert!((area(&seen) / area(&line) - 1.0).abs() < 1e-3);
        let widened = 1.0 / (1.0 + (4.2 / FWHM / 2.0) * (4.2 / FWHM / 2.0)).sqrt();
        assert!((seen(300.0) / widened - 1.0).abs() < 0.02, "{}", seen(300.0));
    }

    /// A Gaussian is at half its height half a full width off its centre; an edge at its onset.
    #[test]
    fn shapes_are_half_as_high_where_their_keys_say() {
        let band = Shape::Gaussian { centre_nm: 287.0, fwhm_nm: 18.0, height: 2.0 };
        let edge = Shape::Edge { onset_nm: 275.0, width_nm: 12.0, height: 1.6 };
        for (shape, nm, height) in [
            (&band, 287.0, 2.0),
            (&band, 278.0, 1.0),
            (&band, 296.0, 1.0),
            (&edge, 275.0, 0.8),
            (&edge, 275.0 - 12.0 * math::ln(3.0), 1.2),
            (&edge, 275.0 + 12.0 * math::ln(3.0), 0.4),
        ] {
            assert!((shape.height(nm) - height).abs() < 1e-12, "{} at {nm} nm", shape.height(nm));
        }
    }

    #[test]
    fn points_are_joined_by_straight_lines() {
        let shape = Shape::Points(vec![[200.0, 0.0], [300.0, 1.0], [400.0, 0.5]]);
        for (nm, height) in [(150.0, 0.0), (250.0, 0.5), (300.0, 1.0), (350.0, 0.75), (900.0, 0.5)]
        {
            assert!((shape.height(nm) - height).abs() < 1e-12, "at {nm} nm");
        }
    }
}
