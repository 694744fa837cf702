//! Axial dispersion in a line that flows in one phase (Taylor 1953; Aris 1956, DOI
//! 10.1098/rspa.1956.0065).
//!
//! Valid for laminar flow in a straight round tube: Re < 2000, and a length far above the bore.

use flowtwin_lab::math;

/// No tube is shorter than an atom is wide: what is, is none \[m\].
const NO_TUBE_M: f64 = 1e-10;

/// Relative variance of the transit time, σ²/t², through a tube.
///
/// σ² = 2 D̄ t/u² with D(t) = D + (u²R²/48D)(1 − exp(−16 D t/R²)) averaged over the transit: after
/// Gill and Sankarasubramanian (1970), reduced to the first mode. Long tubes: Taylor's R²/(24 D t).
/// Short ones: the radial profile has had no time to mix.
///
/// `radius_m` [m], `length_m` [m], `diffusivity` [m²/s], `seconds` in the tube [s].
pub(crate) fn relative_variance(
    radius_m: f64,
    length_m: f64,
    diffusivity: f64,
    seconds: f64,
) -> f64 {
    if seconds <= 0.0 || length_m <= NO_TUBE_M {
        return 0.0;
    }
    let radial_s = radius_m * radius_m / diffusivity;
    let theta = 16.0 * seconds / radial_s;
    let developed = 1.0 + math::exp_m1(-theta) / theta;
    let molecular = 2.0 * diffusivity * seconds / (length_m * length_m);
    molecular + radial_s / (24.0 * seconds) * developed
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: f64 = 0.254e-3;

    #[test]
    fn a_long_tube_disperses_as_taylor_found() {
        let (d, t, length) = (1e-8, 6000.0, 10.0);
        let u: f64 = length / t;
        let taylor = 2.0 * (d + u * u * R * R / (48.0 * d)) / (u * u * t);
        let variance = relative_variance(R, length, d, t);
        assert!((variance / taylor - 1.0).abs() < 1e-4, "{variance} against {taylor}");
    }

    #[test]
    fn development_is_the_average_of_the_growing_coefficient() {
        let (d, t, length) = (3.95e-10, 28.6, 0.49);
        let u: f64 = length / t;
        let steps = 100_000;
        let mut mean = 0.0;
        for i in 0..steps {
            let s = (f64::from(i) + 0.5) / f64::from(steps) * t;
            mean += d + u * u * R * R / (48.0 * d) * (1.0 - math::exp(-16.0 * d * s / (R * R)));
        }
        mean /= f64::from(steps);
        let expected = 2.0 * mean / (u * u * t);
        let variance = relative_variance(R, length, d, t);
        assert!((variance / expected - 1.0).abs() < 1e-8, "{variance} against {expected}");
    }

    /// A tracer that has no time to diffuse moves with the parabola: transit times R²/(24 D t)
    /// would be without bound, but the transient form stays at θ/2 of it, that is 1/3.
    #[test]
    fn a_short_tube_keeps_a_finite_spread() {
        let variance = relative_variance(R, 0.1, 1e-14, 1.0);
        assert!((variance - 1.0 / 3.0).abs() < 1e-4, "{variance}");
    }

    /// Lines of 100 µL cold and 66 µL hot at 210 µL/min with mixing enhanced fivefold: 0.26 of the
    /// mean.
    #[test]
    fn the_lines_of_the_reference_rig_spread_by_a_quarter() {
        let area = std::f64::consts::PI * R * R;
        let part = |ul: f64, d: f64| relative_variance(R, ul * 1e-9 / area, d, ul / 3.5) * ul * ul;
        let spread = (part(100.0, 3.95e-10) + part(66.0, 2.7e-9)).sqrt() / 166.0;
        assert!((spread - 0.26).abs() < 0.01, "{spread}");
    }
}
