//! Slugs: how long they form, how fast they travel, how well they mix.

use flowtwin_lab::math;

use crate::spec::{Mixing, Segmentation};

/// Longest slug, in widths of the channel: beyond, there is no train.
pub(crate) const LONGEST: f64 = 40.0;

/// Volume of a slug as it forms, from L/w = ε + α Qd/Qc [µL] (Garstecki et al. 2006, DOI
/// 10.1039/b510841a).
///
/// Squeezing regime, Ca below about 0.01; flows in any one unit.
pub(crate) fn slug_volume_ul(shape: &Segmentation, disperse: f64, carrier: f64) -> f64 {
    let ratio = if carrier > 0.0 { disperse / carrier } else { LONGEST };
    let length_mm = shape.width_mm * (shape.epsilon + shape.alpha * ratio).min(LONGEST);
    length_mm * area_mm2(shape.width_mm)
}

/// Cross-section of a round tube [mm²].
pub(crate) fn area_mm2(bore_mm: f64) -> f64 {
    0.25 * std::f64::consts::PI * bore_mm * bore_mm
}

/// Capillary number µ U/γ of the carrier.
pub(crate) fn capillary_number(
    viscosity_pa_s: f64,
    speed_m_per_s: f64,
    tension_mn_per_m: f64,
) -> f64 {
    viscosity_pa_s * speed_m_per_s / (1e-3 * tension_mn_per_m)
}

/// Film between slug and wall, δ/R = 1.34 Ca^⅔/(1 + 3.35 Ca^⅔) (Bretherton 1961; Aussillous and
/// Quéré 2000, DOI 10.1063/1.1289396). Valid for Ca < 2 and negligible inertia.
pub(crate) fn relative_film(capillary: f64) -> f64 {
    let power = math::cbrt(capillary * capillary);
    1.34 * power / (1.0 + 3.35 * power)
}

/// Speed of a slug over the mean speed, 1/(1 − δ/R)² for a film at rest (Jovanović et al. 2011,
/// DOI 10.1016/j.ces.2010.09.040).
pub(crate) fn slip(relative_film: f64) -> f64 {
    let core = 1.0 - relative_film;
    1.0 / (core * core)
}

/// How irregular a train is, 0 to 1, where `value` exceeds its `limit`: 1 − exp(−ln(value/limit)/w).
///
/// A choice, continuous at the limit; `within` w [1], the logarithm of the excess.
pub(crate) fn irregularity(value: f64, limit: f64, within: f64) -> f64 {
    if value <= limit {
        return 0.0;
    }
    if !value.is_finite() {
        return 1.0;
    }
    -math::exp_m1(-math::ln(value / limit) / within)
}

/// Standard deviation of how far one stream is ahead of the others in a slug of irregular composition [µL].
///
/// A slug is put together of portions as large as a slug of equal flows is, each with more of one stream or the other:
/// uneven streams pinch off alternately (Zheng, Tice and Ismagilov 2004, DOI 10.1021/ac0495743; Hung et al. 2006, Lab Chip
/// 6, 174). What one slug has too much of the next has too little, so that the variance of a slug's share is
/// a²r(1−r)·V0/V, at most that of one stream or the other.
///
/// `alternation` a 0 to 1, `share` r of the stream, `volume_ul` V and `portion_ul` V0 [µL].
pub(crate) fn lead_ul(alternation: f64, share: f64, volume_ul: f64, portion_ul: f64) -> f64 {
    let portions = (portion_ul / volume_ul).min(1.0);
    volume_ul * alternation * (0.5 * share * (1.0 - share) * portions).max(0.0).sqrt()
}

/// Effectiveness of mixing, η = 1 − exp(−(Q/Q*)ⁿ), of the total flow [µL/min].
///
/// At one reaction time the number of circulations in a slug, U t/(2L) (Thulasidas et al. 1997, DOI
/// 10.1016/S0009-2509(97)00114-0), grows with the flow and falls with the length; below Q* a reaction waits for reagents to
/// meet. `length` in lengths of a slug whose flow equals its carrier's, for which Q* holds.
pub(crate) fn effectiveness(mixing: &Mixing, flow_ul_per_min: f64, length: f64) -> f64 {
    if mixing.flow_ul_per_min <= 0.0 {
        return 1.0;
    }
    let flow_ul_per_min = flow_ul_per_min / length;
    -math::exp_m1(-math::pow(flow_ul_per_min / mixing.flow_ul_per_min, mixing.power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Segmentation {
        Segmentation {
            width_mm: 0.762,
            epsilon: 2.0,
            alpha: 1.0,
            off_ratio_percent: 20.0,
            any_ratio: false,
            irregular_capillary: 0.1,
            irregular_spread_percent: 80.0,
            irregular_within_percent: 5.0,
            alternation: 0.5,
        }
    }

    /// L = 3 d at equal flows: 1.04 µL, and 5.0, 6.7, 8.3 pairs a second at 620, 840, 1042 µL/min.
    #[test]
    fn slugs_form_at_the_length_and_frequency_of_the_squeezing_law() {
        let volume = slug_volume_ul(&reference(), 420.0, 420.0);
        assert!((volume - 1.0425).abs() < 1e-3, "{volume} µL");
        for (flow, hertz) in [(620.0, 5.0), (840.0, 6.7), (1042.0, 8.3)] {
            let frequency: f64 = flow / 60.0 / (2.0 * volume);
            assert!((frequency - hertz).abs() < 0.05, "{frequency} Hz at {flow}");
        }
        let longer = slug_volume_ul(&reference(), 2.0, 1.0) / volume;
        assert!((longer - 4.0 / 3.0).abs() < 1e-12);
    }

    /// Film in a bore of 0.762 mm: 14 to 19 µm where it is hot, 41 to 52 µm where it is cold.
    #[test]
    fn the_film_is_that_of_aussillous_and_quere() {
        for (capillary, film_um) in [(0.005, 13.9), (0.009, 19.1), (0.036, 40.9), (0.061, 51.9)] {
            let film = relative_film(capillary) * 381.0;
            assert!((film - film_um).abs() < 0.5, "{film} µm at {capillary}");
        }
        // Bretherton's limit
        let thin = relative_film(1e-6) / (1.34 * 1e-4);
        assert!((thin - 1.0).abs() < 4e-4, "{thin}");
    }

    /// Slugs run ahead of the mean by 1.08 to 1.11 hot and 1.26 to 1.34 cold.
    #[test]
    fn slugs_outrun_the_mean_flow() {
        for (capillary, expected) in
            [(0.005, 1.077), (0.009, 1.108), (0.036, 1.255), (0.061, 1.340)]
        {
            let ahead = slip(relative_film(capillary));
            assert!((ahead - expected).abs() < 0.003, "{ahead} at {capillary}");
        }
    }

    #[test]
    fn mixing_limits_below_six_hundred() {
        let mixing = Mixing::default();
        for (flow, eta) in [
            (100.0, 0.21),
            (200.0, 0.49),
            (300.0, 0.71),
            (400.0, 0.85),
            (500.0, 0.93),
            (600.0, 0.970),
            (700.0, 0.988),
            (1000.0, 0.999),
        ] {
            let effectiveness = effectiveness(&mixing, flow, 1.0);
            assert!((effectiveness - eta).abs() < 0.006, "{effectiveness} at {flow}");
        }
    }

    /// Twice the length is half the circulations, as half the flow is.
    #[test]
    fn a_long_slug_mixes_as_a_slow_one() {
        let mixing = Mixing::default();
        for flow in [200.0, 400.0, 800.0] {
            let (long, slow) =
                (effectiveness(&mixing, flow, 2.0), effectiveness(&mixing, 0.5 * flow, 1.0));
            assert!((long - slow).abs() < 1e-12, "{long} against {slow}");
        }
    }

    /// 1 − 1/e where the logarithm of the excess is w; nothing at the limit, everything far above.
    #[test]
    fn irregularity_begins_at_the_limit_and_grows() {
        assert!(irregularity(1.2, 1.2, 0.05) <= 0.0);
        let one = irregularity(1.2 * math::exp(0.05), 1.2, 0.05);
        assert!((one - (1.0 - 1.0 / std::f64::consts::E)).abs() < 1e-9, "{one}");
        assert!((irregularity(f64::INFINITY, 1.2, 0.05) - 1.0).abs() < 1e-12);
        assert!((0..100).all(|i| {
            let at = |i: i32| irregularity(1.0 + 0.01 * f64::from(i), 1.2, 0.05);
            at(i + 1) >= at(i)
        }));
    }
}
