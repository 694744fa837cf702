//! Ranges of all numbers. The spec documents them; this enforces them.

mod analysers;
mod physics;

use super::{Checked, inconsistent, within};
use crate::spec::{
    Carrier, Heater, Liquid, Optics, Pump, Rig, Segmentation, Spectrometer, Stream, World,
};

pub(super) fn world(world: &World) -> Checked {
    rig(&world.rig)?;
    physics::stocks(&world.stocks)?;
    physics::chemistry(&world.chemistry)?;
    // Without a spectrometer nothing need be said of light.
    if !world.rig.spectrometers.is_empty() || world.optics != Optics::default() {
        physics::optics(&world.optics)?;
    }
    analysers::world(world)?;
    physics::noise(&world.noise)?;
    physics::faults(&world.faults)
}

/// One row of a table of ranges: key, value, unit, lowest, highest.
type Row<'a> = (&'a str, f64, &'static str, f64, f64);

/// Checks the rows of a table whose keys stand below `prefix`.
fn table(prefix: &str, rows: &[Row<'_>]) -> Checked {
    rows.iter().try_for_each(|&(key, value, unit, low, high)| {
        within(format!("{prefix}.{key}"), value, unit, low, high)
    })
}

fn rig(rig: &Rig) -> Checked {
    within("rig.ambient_c".into(), rig.ambient_c, "°C", 10.0, 40.0)?;
    within("rig.max_pressure_kpa".into(), rig.max_pressure_kpa, "kPa", 10.0, 100_000.0)?;
    liquid("rig.liquid", &rig.liquid)?;
    rig.pumps.iter().try_for_each(|(name, p)| pump(&format!("rig.pumps.{name}"), p))?;
    rig.streams.iter().try_for_each(|(name, s)| stream(&format!("rig.streams.{name}"), s))?;
    rig.carrier.iter().try_for_each(carrier)?;
    rig.segmentation.iter().try_for_each(segmentation)?;
    let m = &rig.mixing;
    table(
        "rig.mixing",
        &[
            ("flow_ul_per_min", m.flow_ul_per_min, "µL/min", 0.0, 10_000.0),
            ("power", m.power, "", 0.2, 5.0),
        ],
    )?;
    for (i, s) in rig.tube.iter().enumerate() {
        table(
            &format!("rig.tube.{i}"),
            &[
                ("bore_mm", s.bore_mm, "mm", 0.05, 5.0),
                ("volume_ul", s.volume_ul, "µL", 0.1, 20_000.0),
                ("heat_s", s.heat_s, "s", 0.05, 120.0),
                ("peclet", s.peclet.unwrap_or(100.0), "", 4.0, 100_000.0),
                ("radial_enhancement", s.radial_enhancement, "", 1.0, 1000.0),
                ("hydrodynamic_radius_nm", s.hydrodynamic_radius_nm, "nm", 0.05, 50.0),
            ],
        )?;
    }
    rig.heaters.iter().try_for_each(|(name, h)| heater(&format!("rig.heaters.{name}"), h))?;
    for (name, light) in &rig.lights {
        for (i, source) in light.sources.iter().enumerate() {
            let key = format!("rig.lights.{name}.sources.{i}");
            table(&key, &[("counts", source.counts, "counts", 0.0, 1e6)])?;
            physics::shape(&format!("{key}.spectrum"), &source.spectrum)?;
        }
    }
    let mut all = rig.spectrometers.iter();
    all.try_for_each(|(name, s)| spectrometer(&format!("rig.spectrometers.{name}"), s))
}

fn liquid(key: &str, l: &Liquid) -> Checked {
    let slope = l.heat_capacity_slope_j_per_kg_k2;
    table(
        key,
        &[
            ("density_kg_per_m3", l.density_kg_per_m3, "kg/m³", 500.0, 3000.0),
            ("expansion_per_k", l.expansion_per_k, "1/K", 0.0, 0.003),
            ("viscosity_mpa_s", l.viscosity_mpa_s, "mPa·s", 0.1, 100.0),
            ("viscosity_k", l.viscosity_k, "K", 0.0, 6000.0),
            ("heat_capacity_j_per_kg_k", l.heat_capacity_j_per_kg_k, "J/(kg·K)", 500.0, 5000.0),
            ("heat_capacity_slope_j_per_kg_k2", slope, "J/(kg·K²)", 0.0, 10.0),
        ],
    )
}

fn pump(key: &str, p: &Pump) -> Checked {
    table(
        key,
        &[
            ("bore_mm", p.bore_mm, "mm", 0.103, 40.0),
            ("fill_ml", p.fill_ml, "mL", 0.0, 500.0),
            ("lead_mm", p.lead_mm, "mm", 0.1, 5.0),
            ("compliance_s", p.compliance_s, "s", 0.2, 15.0),
            ("slowest_um_per_min", p.slowest_um_per_min, "µm/min", 0.001, 100.0),
            ("fastest_mm_per_min", p.fastest_mm_per_min, "mm/min", 1.0, 1000.0),
            ("thrust_n", p.thrust_n.unwrap_or(1.0), "N", 1.0, 100_000.0),
        ],
    )
}

fn stream(key: &str, s: &Stream) -> Checked {
    table(
        key,
        &[
            ("junction_ul", s.junction_ul, "µL", 0.0, 100.0),
            ("bore_mm", s.bore_mm, "mm", 0.05, 3.0),
            ("cold_ul", s.cold_ul, "µL", 0.0, 5000.0),
            ("hot_ul", s.hot_ul, "µL", 0.0, 5000.0),
            ("heating_s", s.heating_s, "s", 0.05, 60.0),
            ("radial_enhancement", s.radial_enhancement, "", 1.0, 100.0),
            ("hydrodynamic_radius_nm", s.hydrodynamic_radius_nm, "nm", 0.05, 50.0),
        ],
    )
}

fn segmentation(s: &Segmentation) -> Checked {
    if s.off_ratio_percent > 100.0 {
        let detail = format!(
            "{} % is a limit that says nothing: it must be 1 to 100 %; `any_ratio = true` lets flows be of any ratio",
            s.off_ratio_percent
        );
        return inconsistent("rig.segmentation.off_ratio_percent", detail);
    }
    table(
        "rig.segmentation",
        &[
            ("width_mm", s.width_mm, "mm", 0.05, 3.0),
            ("epsilon", s.epsilon, "", 0.5, 10.0),
            ("alpha", s.alpha, "", 0.0, 10.0),
            ("off_ratio_percent", s.off_ratio_percent, "%", 1.0, 100.0),
            ("irregular_capillary", s.irregular_capillary, "", 0.001, 10.0),
            ("irregular_spread_percent", s.irregular_spread_percent, "%", 0.0, 200.0),
            ("irregular_within_percent", s.irregular_within_percent, "%", 0.1, 100.0),
            ("alternation", s.alternation, "", 0.0, 1.0),
        ],
    )
}

fn carrier(c: &Carrier) -> Checked {
    liquid("rig.carrier.liquid", &c.liquid)?;
    let tension = c.interfacial_tension_mn_per_m;
    table(
        "rig.carrier",
        &[
            ("interfacial_tension_mn_per_m", tension, "mN/m", 0.1, 80.0),
            ("hot_ul", c.hot_ul, "µL", 0.0, 5000.0),
            ("heating_s", c.heating_s, "s", 0.05, 60.0),
        ],
    )
}

fn heater(key: &str, h: &Heater) -> Checked {
    table(
        key,
        &[
            ("heat_capacity_j_per_k", h.heat_capacity_j_per_k, "J/K", 1.0, 100_000.0),
            ("loss_w_per_k", h.loss_w_per_k, "W/K", 0.001, 100.0),
            ("power_w", h.power_w, "W", 1.0, 10_000.0),
            ("sensor_s", h.sensor_s, "s", 0.0, 60.0),
            ("dead_s", h.dead_s, "s", 0.0, 60.0),
            ("proportional_band_k", h.proportional_band_k, "K", 0.5, 200.0),
            ("integral_s", h.integral_s, "s", 5.0, 10_000.0),
            ("derivative_s", h.derivative_s, "s", 0.0, 100.0),
            ("low_c", h.low_c, "°C", 0.0, 400.0),
            ("high_c", h.high_c, "°C", h.low_c, 400.0),
            ("safe_c", h.safe_c, "°C", h.low_c, h.high_c),
            ("limit_c", h.limit_c, "°C", 30.0, 500.0),
        ],
    )
}

fn spectrometer(key: &str, s: &Spectrometer) -> Checked {
    let (shortest, longest) = (s.shortest_integration_ms, s.longest_integration_ms);
    table(
        key,
        &[
            ("pixels", s.pixels as f64, "", 16.0, 8192.0),
            ("slit_nm", s.slit_nm, "nm", 0.0, 50.0),
            ("offset_counts", s.offset_counts, "counts", 0.0, 60_000.0),
            ("electrons_per_count", s.electrons_per_count, "", 0.01, 1000.0),
            ("full_scale", f64::from(s.full_scale), "counts", 255.0, 65_535.0),
            ("nonlinearity_percent", s.nonlinearity_percent, "%", 0.0, 10.0),
            ("stray_percent", s.stray_percent, "%", 0.0, 5.0),
            ("second_order_percent", s.second_order_percent, "%", 0.0, 20.0),
            ("fixed_pattern_percent", s.fixed_pattern_percent, "%", 0.0, 20.0),
            ("etalon_percent", s.etalon_percent, "%", 0.0, 20.0),
            ("etalon_um", s.etalon_um, "µm", 0.5, 1000.0),
            ("dark_counts_per_s", s.dark_counts_per_s, "counts/s", 0.0, 100_000.0),
            ("hot_pixels", s.hot_pixels as f64, "", 0.0, 1000.0),
            ("hot_factor", s.hot_factor, "", 1.0, 100_000.0),
            ("reference_integration_ms", s.reference_integration_ms, "ms", 0.01, 10_000.0),
            ("shortest_integration_ms", shortest, "ms", 0.01, 10_000.0),
            ("longest_integration_ms", longest, "ms", shortest, 100_000.0),
        ],
    )?;
    if s.wavelength_coefficients.iter().all(|c| c.is_finite()) {
        return Ok(());
    }
    inconsistent(format!("{key}.wavelength_coefficients"), "all four must be finite numbers")
}
