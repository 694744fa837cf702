//! Properties of liquids against temperature.
//!
//! Valid from 10 to 200 °C, as long as nothing boils.

use flowtwin_lab::math;
pub(crate) use flowtwin_lab::units::ZERO_C_K;

use crate::spec::Liquid;

/// The temperature at which volumes and properties are stated [°C].
pub(crate) const ROOM_C: f64 = 25.0;
/// Boltzmann's constant [J/K] (SI, exact).
const BOLTZMANN: f64 = 1.380_649e-23;

impl Liquid {
    /// Dynamic viscosity at a temperature [°C] by Andrade's law [Pa·s].
    pub(crate) fn viscosity_pa_s(&self, celsius: f64) -> f64 {
        let inverse = 1.0 / (celsius + ZERO_C_K) - 1.0 / (ROOM_C + ZERO_C_K);
        1e-3 * self.viscosity_mpa_s * math::exp(self.viscosity_k * inverse)
    }

    /// Volume at a temperature [°C] in parts of that at 25 °C.
    pub(crate) fn volume_factor(&self, celsius: f64) -> f64 {
        1.0 + self.expansion_per_k * (celsius - ROOM_C)
    }

    /// Heat capacity at a temperature [°C] of the volume at 25 °C [kJ/(L·K)].
    pub(crate) fn heat_capacity_kj_per_l_k(&self, celsius: f64) -> f64 {
        let per_kg = self.heat_capacity_j_per_kg_k
            + self.heat_capacity_slope_j_per_kg_k2 * (celsius - ROOM_C);
        1e-6 * self.density_kg_per_m3 * per_kg
    }

    /// Heat content above 25 °C [J/m³ of liquid at 25 °C].
    pub(crate) fn heat_j_per_m3(&self, celsius: f64) -> f64 {
        let above = celsius - ROOM_C;
        self.density_kg_per_m3
            * above
            * (self.heat_capacity_j_per_kg_k + 0.5 * self.heat_capacity_slope_j_per_kg_k2 * above)
    }
}

/// The temperature of liquids that come together without loss [°C]; parts are (volume, liquid, °C).
///
/// Room temperature where there is nothing.
pub(crate) fn mixed_temperature_c(parts: &[(f64, &Liquid, f64)]) -> f64 {
    let (mut heat, mut linear, mut slope) = (0.0, 0.0, 0.0);
    for &(volume, liquid, celsius) in parts {
        let mass = volume * liquid.density_kg_per_m3;
        heat += volume * liquid.heat_j_per_m3(celsius);
        linear += mass * liquid.heat_capacity_j_per_kg_k;
        slope += mass * liquid.heat_capacity_slope_j_per_kg_k2;
    }
    if linear <= 0.0 {
        return ROOM_C;
    }
    // heat = linear x + slope x² / 2, solved without cancellation where the slope vanishes
    let root = (linear * linear + 2.0 * slope * heat).sqrt();
    ROOM_C + 2.0 * heat / (linear + root)
}

/// Temperature after `seconds` in surroundings of another temperature, with time constant `tau_s`
/// [°C].
pub(crate) fn relaxed_c(start_c: f64, surroundings_c: f64, seconds: f64, tau_s: f64) -> f64 {
    surroundings_c + (start_c - surroundings_c) * math::exp(-seconds / tau_s)
}

/// Steps into which the stay in one stretch is cut for the integrals of rates.
pub(crate) const STAY_STEPS: usize = 32;

/// Times at which a stay of `seconds` is cut, denser at its beginning, where a slug warms up [s].
pub(crate) fn stay_nodes(seconds: f64) -> [f64; STAY_STEPS + 1] {
    std::array::from_fn(|i| {
        let part = i as f64 / STAY_STEPS as f64;
        seconds * part * part
    })
}

/// Diffusion coefficient of a sphere by Stokes and Einstein, D = kT/(6π µ r) [m²/s].
pub(crate) fn diffusivity_m2_per_s(liquid: &Liquid, celsius: f64, radius_nm: f64) -> f64 {
    let friction = 6.0 * std::f64::consts::PI * liquid.viscosity_pa_s(celsius) * radius_nm * 1e-9;
    BOLTZMANN * (celsius + ZERO_C_K) / friction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octadecene() -> Liquid {
        Liquid {
            density_kg_per_m3: 789.0,
            expansion_per_k: 0.00086,
            viscosity_mpa_s: 4.6,
            viscosity_k: 1769.0,
            heat_capacity_j_per_kg_k: 2090.0,
            heat_capacity_slope_j_per_kg_k2: 3.44,
            ..Liquid::default()
        }
    }

    fn perfluoropolyether() -> Liquid {
        Liquid {
            density_kg_per_m3: 1820.0,
            expansion_per_k: 0.0011,
            viscosity_mpa_s: 8.0,
            viscosity_k: 2050.0,
            heat_capacity_j_per_kg_k: 963.0,
            ..Liquid::default()
        }
    }

    /// Viscosity of n-hexadecane times 1.25 (octadecene) times 1.20 (dissolved acid): 0.77 and 0.67
    /// mPa·s at 135 and 150 °C become 0.92 and 0.80.
    #[test]
    fn the_viscosity_of_the_stock_is_that_of_the_correlation() {
        let liquid = octadecene();
        for (celsius, expected) in [(25.0, 4.62e-3), (135.0, 0.924e-3), (150.0, 0.804e-3)] {
            let viscosity = liquid.viscosity_pa_s(celsius);
            assert!((viscosity / expected - 1.0).abs() < 0.02, "{viscosity} Pa·s at {celsius} °C");
        }
    }

    /// Stokes and Einstein with 0.6 nm: 7.9e-11 m²/s at 25 °C, 5.4e-10 at 135 °C.
    #[test]
    fn diffusion_is_that_of_stokes_and_einstein() {
        let d = |celsius| diffusivity_m2_per_s(&octadecene(), celsius, 0.6);
        assert!((d(25.0) / 7.91e-11 - 1.0).abs() < 0.005, "{}", d(25.0));
        assert!((d(135.0) / 5.36e-10 - 1.0).abs() < 0.005, "{}", d(135.0));
    }

    /// One part hot, one part cold, then two parts of hot carrier.
    #[test]
    fn heat_is_kept_when_liquids_meet() {
        let (organic, carrier) = (octadecene(), perfluoropolyether());
        for (plate, droplet, slug) in
            [(120.0, 73.9, 96.8), (135.0, 81.6, 108.1), (150.0, 89.3, 119.4)]
        {
            let mixed = mixed_temperature_c(&[(1.0, &organic, plate), (1.0, &organic, 23.0)]);
            assert!((mixed - droplet).abs() < 1.5, "{mixed} °C, {droplet} expected");
            let all = [(1.0, &organic, plate), (1.0, &organic, 23.0), (2.0, &carrier, plate)];
            let mixed = mixed_temperature_c(&all);
            assert!((mixed - slug).abs() < 1.5, "{mixed} °C, {slug} expected");
            let before: f64 = all.iter().map(|(v, l, t)| v * l.heat_j_per_m3(*t)).sum();
            let after: f64 = all.iter().map(|(v, l, _)| v * l.heat_j_per_m3(mixed)).sum();
            assert!((after / before - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_third_of_the_distance_is_left_after_one_time_constant() {
        let celsius = relaxed_c(100.0, 20.0, 1.6, 1.6);
        assert!((celsius - (20.0 + 80.0 / std::f64::consts::E)).abs() < 1e-12);
    }
}
