//! Ranges of all numbers. The check of a world, the schema and the page of keys read them from here.

use flowtwin_lab::ranges;

use super::{
    Analyser, AnalyserNoise, Bed, Bowing, Carrier, Continuous, Deposition, Emission, Factor, Gas,
    Growth, Heater, Jitter, Light, LightNoise, LightSource, Liquid, Measures, Mishap, Mixing,
    Noise, Nucleation, OneJitter, OnePumpNoise, Optics, Particles, Peak, Population, Precipitation,
    Product, Pump, PumpNoise, PumpRefill, PumpSteps, Pure, RandomFault, Rate, RateFactor, Reaction,
    Reverse, Rig, Scatter, ScheduledFault, Segmentation, Sensitivity, Sensor, SensorNoise, Shape,
    Size, SlugNoise, Species, SpectralLine, Spectrometer, SpectrometerNoise, Stock, Stream,
    Stretch, Valve, WindowNoise,
};

const PER_S: &str = "1/s";
const KJ: &str = "kJ/mol";
const CONSTANT: &str = "in mol, L and s";

ranges! {
    /// The ranges of each table, by the name of its type.
    pub const RANGES;

    struct Rig {
        ambient_c: 10.0, 40.0, "°C";
        max_pressure_kpa: 10.0, 100_000.0, "kPa";
        outlet_kpa: 1.0, 100_000.0, "kPa";
    }
    struct Liquid {
        density_kg_per_m3: 500.0, 3000.0, "kg/m³";
        expansion_per_k: 0.0, 0.003, "1/K";
        viscosity_mpa_s: 0.1, 100.0, "mPa·s";
        viscosity_k: 0.0, 6000.0, "K";
        heat_capacity_j_per_kg_k: 500.0, 5000.0, "J/(kg·K)";
        heat_capacity_slope_j_per_kg_k2: 0.0, 10.0, "J/(kg·K²)";
        boils_at_c: -50.0, 500.0, "°C";
        evaporation_kj_per_mol: 5.0, 200.0, KJ;
    }
    struct Pump {
        bore_mm: 0.103, 40.0, "mm";
        fill_ml: 0.0, 20_000.0, "mL";
        lead_mm: 0.1, 5.0, "mm";
        compliance_s: 0.2, 15.0, "s";
        slowest_um_per_min: 0.001, 10_000.0, "µm/min";
        fastest_mm_per_min: 1.0, 1000.0, "mm/min";
        thrust_n: 1.0, 100_000.0, "N";
        digits: 3.0, 15.0, "";
        delivers_percent: 50.0, 150.0, "%";
    }
    struct Continuous {
        slowest_ul_per_min: 0.001, 1_000_000.0, "µL/min";
        fastest_ul_per_min: 0.001, 1_000_000.0, "µL/min";
        stroke_ul: 0.01, 100_000.0, "µL";
        max_kpa: 10.0, 100_000.0, "kPa";
    }
    struct PumpSteps {
        um: 0.001, 1000.0, "µm";
        um_per_s: 0.001, 10_000.0, "µm/s";
    }
    struct PumpRefill {
        ul_per_min: 0.001, 1_000_000.0, "µL/min";
        settle_s: 0.0, 3600.0, "s";
        bottle_ml: 0.001, 100_000.0, "mL";
    }
    struct Valve {
        turns_s: 0.0, 60.0, "s";
    }
    struct Analyser {
        sample_ul: 0.001, 1000.0, "µL";
        run_s: 0.001, 100_000.0, "s";
        plates: 10.0, 10_000_000.0, "";
        carry_over_percent: 0.0, 20.0, "%";
    }
    struct Peak {
        at_s: 0.1, 100_000.0, "s";
        response: 0.0001, 10_000.0, "";
        detects_mm: 0.0, 10_000.0, "mM";
    }
    struct Sensor {
        response_s: 0.0, 600.0, "s";
        every_s: 0.001, 600.0, "s";
    }
    struct SensorNoise {
        offset: 0.0, 1000.0, "";
        gain_percent: 0.0, 50.0, "%";
        deviation: 0.0, 1000.0, "";
        drift_per_h: -1000.0, 1000.0, "";
    }
    struct AnalyserNoise {
        calibration_percent: 0.0, 50.0, "%";
        injection_percent: 0.0, 50.0, "%";
        baseline_mm: 0.0, 1000.0, "mM";
    }
    struct Stream {
        junction_ul: 0.0, 100.0, "µL";
        bore_mm: 0.05, 3.0, "mm";
        cold_ul: 0.0, 5000.0, "µL";
        hot_ul: 0.0, 5000.0, "µL";
        heating_s: 0.05, 60.0, "s";
        radial_enhancement: 1.0, 100.0, "";
        hydrodynamic_radius_nm: 0.05, 50.0, "nm";
    }
    struct Carrier {
        interfacial_tension_mn_per_m: 0.1, 80.0, "mN/m";
        hot_ul: 0.0, 5000.0, "µL";
        heating_s: 0.05, 60.0, "s";
        kla_per_s: 0.0, 1000.0, "1/s";
    }
    struct Gas {
        slowest_ml_per_min: 0.0001, 10_000.0, "mL/min";
        fastest_ml_per_min: 0.001, 10_000.0, "mL/min";
        holds_l: 0.001, 100_000.0, "L";
        standard_c: -20.0, 50.0, "°C";
        standard_kpa: 50.0, 150.0, "kPa";
        response_s: 0.05, 60.0, "s";
        delivers_percent: 50.0, 150.0, "%";
    }
    struct Segmentation {
        width_mm: 0.05, 3.0, "mm";
        epsilon: 0.5, 10.0, "";
        alpha: 0.0, 10.0, "";
        off_ratio_percent: 1.0, 100.0, "%";
        irregular_capillary: 0.001, 10.0, "";
        irregular_spread_percent: 0.0, 200.0, "%";
        irregular_within_percent: 0.1, 100.0, "%";
        alternation: 0.0, 1.0, "";
    }
    struct Mixing {
        flow_ul_per_min: 0.0, 10_000.0, "µL/min";
        power: 0.2, 5.0, "";
        time_s: 0.0, 1000.0, "s";
        at_ul_per_min: 0.1, 100_000.0, "µL/min";
        time_power: 0.0, 3.0, "";
    }
    struct Stretch {
        bore_mm: 0.05, 5.0, "mm";
        volume_ul: 0.1, 20_000.0, "µL";
        heat_s: 0.05, 120.0, "s";
        peclet: 4.0, 100_000.0, "";
        radial_enhancement: 1.0, 1000.0, "";
        hydrodynamic_radius_nm: 0.05, 50.0, "nm";
    }
    struct Bed {
        particle_um: 1.0, 2000.0, "µm";
        void: 0.2, 0.95, "";
    }
    struct Heater {
        heat_capacity_j_per_k: 1.0, 100_000.0, "J/K";
        loss_w_per_k: 0.001, 100.0, "W/K";
        power_w: 1.0, 10_000.0, "W";
        sensor_s: 0.0, 60.0, "s";
        dead_s: 0.0, 60.0, "s";
        proportional_band_k: 0.5, 200.0, "K";
        integral_s: 5.0, 10_000.0, "s";
        derivative_s: 0.0, 100.0, "s";
        low_c: 0.0, 400.0, "°C";
        high_c: 0.0, 400.0, "°C";
        limit_c: 30.0, 500.0, "°C";
        above_sensor_k: -50.0, 50.0, "K";
    }
    struct Light {
        brightness_percent: 0.0, 1000.0, "%";
    }
    struct LightSource {
        counts: 0.0, 1e6, "counts";
    }
    struct SpectralLine {
        at_nm: 100.0, 3000.0, "nm";
        area_nm: 0.0, 1000.0, "nm";
    }
    struct Spectrometer {
        pixels: 16.0, 8192.0, "";
        slit_nm: 0.0, 50.0, "nm";
        offset_counts: 0.0, 60_000.0, "counts";
        electrons_per_count: 0.01, 1000.0, "";
        full_scale: 255.0, 65_535.0, "counts";
        nonlinearity_percent: 0.0, 10.0, "%";
        stray_percent: 0.0, 5.0, "%";
        second_order_percent: 0.0, 20.0, "%";
        fixed_pattern_percent: 0.0, 20.0, "%";
        etalon_percent: 0.0, 20.0, "%";
        etalon_um: 0.5, 1000.0, "µm";
        dark_counts_per_s: 0.0, 100_000.0, "counts/s";
        hot_pixels: 0.0, 1000.0, "";
        hot_factor: 1.0, 100_000.0, "";
        wavelength_offset_nm: -20.0, 20.0, "nm";
        pixel_lag_percent: 0.0, 45.0, "%";
        reference_integration_ms: 0.01, 10_000.0, "ms";
        shortest_integration_ms: 0.01, 10_000.0, "ms";
        longest_integration_ms: 0.01, 100_000.0, "ms";
    }
    struct Stock {
        concentrations_mm: 0.0, 20_000.0, "mM";
        mole_fractions: 0.0, 1.0, "";
        keeps_h: 1.0, 100_000.0, "h";
    }
    struct Population {
        midpoint_c: -50.0, 500.0, "°C";
        width_k: 0.1, 200.0, "K";
    }
    struct Species {
        atoms: 0.0, 1e4, "";
        solubility_mm: 0.0, 20_000.0, "mM";
        henry_mm_per_kpa: 1e-5, 1000.0, "mM/kPa";
        diffusion_m2_per_s: 1e-12, 1e-7, "m²/s";
        solubility_at_c: -50.0, 500.0, "°C";
        solution_kj_per_mol: -200.0, 200.0, KJ;
    }
    struct Reaction {
        k_in_mol_l_s: 0.0, 1e12, CONSTANT;
        activation_kj_per_mol: -100.0, 400.0, KJ;
        at_c: -50.0, 500.0, "°C";
        heat_kj_per_mol: -1000.0, 1000.0, KJ;
        orders: -3.0, 5.0, "";
        constants: -1e12, 1e12, "";
    }
    struct Reverse {
        k_in_mol_l_s: 0.0, 1e12, CONSTANT;
        activation_kj_per_mol: -100.0, 400.0, KJ;
    }
    struct Particles {
        unit_nm3: 1e-4, 1000.0, "nm³";
        nucleus_nm: 0.0, 100.0, "nm";
        at_c: -50.0, 500.0, "°C";
        share_spread: 0.0, 1.0, "";
    }
    struct Nucleation {
        nmol_per_l_s: 0.0, 1e9, "nmol/(L·s)";
        at_mm: 1e-6, 10_000.0, "mM";
        order: 0.0, 20.0, "";
        activation_kj_per_mol: 0.0, 400.0, KJ;
    }
    struct Deposition {
        nm_per_s: 0.0, 1e6, "nm/s";
        at_mm: 1e-6, 10_000.0, "mM";
        order: 0.0, 5.0, "";
        activation_kj_per_mol: 0.0, 400.0, KJ;
    }
    struct Pure {
        bulk_ev: 0.3, 6.0, "eV";
        confinement_ev_nm2: 0.0, 100.0, "eV·nm²";
        attraction_ev_nm: 0.0, 10.0, "eV·nm";
        quantum_yield: 0.0, 1.0, "";
    }
    struct Bowing {
        ev: -2.0, 2.0, "eV";
    }
    struct Product {
        stoichiometry: 1e-3, 100.0, "";
        reference_c: -50.0, 500.0, "°C";
    }
    struct Rate {
        rate_per_s: 0.0, 1000.0, PER_S;
        activation_kj_per_mol: 0.0, 400.0, KJ;
    }
    struct Growth {
        rate_per_s: 0.0, 1000.0, PER_S;
        at_mm: 1e-4, 10_000.0, "mM";
        activation_kj_per_mol: 0.0, 400.0, KJ;
    }
    struct Size {
        at_reference_nm: 0.5, 1000.0, "nm";
        per_k: -0.2, 0.2, "1/K";
    }
    struct Sensitivity {
        at_mm: 1e-4, 1e5, "mM";
        slope: 0.0, 1.0, "";
    }
    struct Optics {
        excitation_nm: 150.0, 2000.0, "nm";
        counts_scale: 0.0, 1e7, "counts";
        excitation_counts: 1.0, 1e7, "counts";
    }
    struct Scatter {
        carrier: 0.0, 1.0, "";
        slug: 0.0, 1.0, "";
        by: 0.0, 1.0, "";
    }
    struct Emission {
        peak_nm: 150.0, 3000.0, "nm";
        fwhm_ev: 0.005, 3.0, "eV";
        scale: 0.0, 1e6, "";
    }
    struct Noise {
        read_counts: 0.0, 1000.0, "counts";
    }
    struct PumpNoise {
        bias_percent: 0.0, 10.0, "%";
        ripple_percent: 0.0, 50.0, "%";
        second_ripple_percent: 0.0, 50.0, "%";
        jitter_percent: 0.0, 20.0, "%";
        jitter_s: 0.0, 10_000.0, "s";
    }
    struct OnePumpNoise {
        bias_percent: 0.0, 10.0, "%";
        ripple_percent: 0.0, 50.0, "%";
        second_ripple_percent: 0.0, 50.0, "%";
        jitter_percent: 0.0, 20.0, "%";
        jitter_s: 0.0, 10_000.0, "s";
    }
    struct Jitter {
        deviation_k: 0.0, 20.0, "K";
        correlation_s: 0.0, 10_000.0, "s";
    }
    struct OneJitter {
        deviation_k: 0.0, 20.0, "K";
        correlation_s: 0.0, 10_000.0, "s";
    }
    struct SpectrometerNoise {
        read_counts: 0.0, 1000.0, "counts";
        window_offset_au: 0.0, 1.0, "AU";
        wavelength_drift_nm_per_h: -10.0, 10.0, "nm/h";
    }
    struct SlugNoise {
        volume_percent: 0.0, 30.0, "%";
        time_percent: 0.0, 30.0, "%";
    }
    struct WindowNoise {
        offset_au: 0.0, 1.0, "AU";
        at_nm: 0.0, 3000.0, "nm";
        decay_nm: 0.0, 10_000.0, "nm";
    }
    struct LightNoise {
        flicker_percent: 0.0, 50.0, "%";
        set_percent: 0.0, 50.0, "%";
        drift_percent_per_h: -50.0, 50.0, "%/h";
        each_drift_percent_per_h: -50.0, 50.0, "%/h";
    }
    struct ScheduledFault {
        at_s: 0.0, 1e9, "s";
        for_s: 1e-3, 1e9, "s";
    }
    struct RandomFault {
        rate_per_h: 0.0, 1000.0, "1/h";
        for_s: 1e-3, 1e9, "s";
    }
    struct Precipitation {
        least_ratio: 0.0, 1000.0, "";
        clogs_after_ml: 0.0, 10_000.0, "mL";
    }
    enum RateFactor {
        "saturation" => Saturation { half_mm: 1e-6, 1e5, "mM"; }
        "inhibition" => Inhibition { half_mm: 1e-6, 1e5, "mM"; }
    }
    enum Factor {
        "saturation" => Saturation { half_mm: 1e-4, 1e5, "mM"; power: 0.0, 10.0, ""; }
        "inhibition" => Inhibition { half_mm: 1e-4, 1e5, "mM"; power: 0.0, 10.0, ""; }
        "optimum" => Optimum { at_mm: 1e-4, 1e5, "mM"; width: 0.01, 100.0, ""; }
        "ratio_optimum" => RatioOptimum { at: 1e-4, 1e5, ""; width: 0.01, 100.0, ""; }
        "mixing" => Mixing { floor: 0.0, 1.0, ""; }
        "surface" => Surface { loss: 0.0, 1e5, "nmⁿ"; power: 0.0, 6.0, ""; }
        "decay" => Decay {
            rate_per_s: 0.0, 1000.0, PER_S;
            activation_kj_per_mol: 0.0, 400.0, KJ;
        }
        "population" => Population { penalty: 0.0, 1.0, ""; }
        Constant("constant"): 0.0, 100.0, "";
    }
    enum Shape {
        "gaussian" => Gaussian {
            centre_nm: 100.0, 3000.0, "nm";
            fwhm_nm: 0.1, 1000.0, "nm";
            height: 0.0, 1000.0, "";
        }
        "edge" => Edge {
            onset_nm: 100.0, 3000.0, "nm";
            width_nm: 0.1, 1000.0, "nm";
            height: 0.0, 1000.0, "";
        }
        "power" => Power {
            at_nm: 100.0, 3000.0, "nm";
            exponent: 0.0, 6.0, "";
            height: 0.0, 1000.0, "";
        }
        Flat("flat"): 0.0, 1000.0, "";
    }
    enum Mishap {
        "bubble" => Bubble { compliance_s: 0.2, 1000.0, "s"; }
        "brightness" => Brightness { factor: 0.0, 1000.0, ""; }
        "silence" => Silence { waited_s: 0.0, 60.0, "s"; }
        "clog" => Clog { factor: 1.0, 1e6, ""; }
    }
    enum Measures {
        "level" => Level { begins_ml: 0.0, 100_000.0, "mL"; }
        "mass" => Mass { begins_g: 0.0, 100_000.0, "g"; }
    }
}
