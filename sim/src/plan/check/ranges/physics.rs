//! Ranges of stocks, chemistry, optics, noise and faults.

use super::super::{Checked, inconsistent, within};
use super::table;
use crate::spec::{
    Chemistry, Factor, Faults, Jitter, Mishap, Noise, Optics, Product, PumpNoise, RateFactor,
    Reaction, Shape, SpectrometerNoise, Stocks,
};

const PER_S: &str = "1/s";
const KJ: &str = "kJ/mol";

pub(super) fn stocks(stocks: &Stocks) -> Checked {
    for (name, stock) in stocks {
        for (species, mm) in &stock.concentrations_mm {
            let key = format!("stocks.{name}.concentrations_mm.{species}");
            within(key, *mm, "mM", 0.0, 20_000.0)?;
        }
        if let Some(h) = stock.keeps_h {
            within(format!("stocks.{name}.keeps_h"), h, "h", 1.0, 100_000.0)?;
        }
    }
    Ok(())
}

pub(super) fn chemistry(chemistry: &Chemistry) -> Checked {
    for (name, p) in &chemistry.populations {
        table(
            &format!("chemistry.populations.{name}"),
            &[
                ("midpoint_c", p.midpoint_c, "°C", -50.0, 500.0),
                ("width_k", p.width_k, "K", 0.1, 200.0),
            ],
        )?;
    }
    reactions(chemistry)?;
    chemistry.product.as_ref().map_or(Ok(()), product)
}

fn reactions(chemistry: &Chemistry) -> Checked {
    if chemistry.product.is_some() && !chemistry.reactions.is_empty() {
        let detail = "a scenario has reactions or a product by nucleation and growth, not both";
        return inconsistent("chemistry.reactions", detail);
    }
    for (name, species) in &chemistry.species {
        for (element, count) in &species.atoms {
            within(format!("chemistry.species.{name}.atoms.{element}"), *count, "", 0.0, 1e4)?;
        }
    }
    for (i, reaction) in chemistry.reactions.iter().enumerate() {
        self::reaction(&format!("chemistry.reactions.{i}"), reaction)?;
    }
    Ok(())
}

fn reaction(key: &str, r: &Reaction) -> Checked {
    const CONSTANT: &str = "in mol, L and s";
    table(
        key,
        &[
            ("k_in_mol_l_s", r.k_in_mol_l_s, CONSTANT, 0.0, 1e12),
            ("activation_kj_per_mol", r.activation_kj_per_mol, KJ, -100.0, 400.0),
            ("at_c", r.at_c, "°C", -50.0, 500.0),
            ("heat_kj_per_mol", r.heat_kj_per_mol, KJ, -1000.0, 1000.0),
        ],
    )?;
    if let Some(reverse) = &r.reverse {
        table(
            &format!("{key}.reverse"),
            &[
                ("k_in_mol_l_s", reverse.k_in_mol_l_s, CONSTANT, 0.0, 1e12),
                ("activation_kj_per_mol", reverse.activation_kj_per_mol, KJ, -100.0, 400.0),
            ],
        )?;
    }
    for (species, order) in &r.orders {
        within(format!("{key}.orders.{species}"), *order, "", -3.0, 5.0)?;
    }
    for (i, factor) in r.factors.iter().enumerate() {
        let (kind, half_mm) = match factor {
            RateFactor::Saturation { half_mm, .. } => ("saturation", half_mm),
            RateFactor::Inhibition { half_mm, .. } => ("inhibition", half_mm),
        };
        within(format!("{key}.factors.{i}.{kind}.half_mm"), *half_mm, "mM", 1e-6, 1e5)?;
    }
    Ok(())
}

fn product(p: &Product) -> Checked {
    let key = "chemistry.product";
    if p.stoichiometry.is_empty() {
        return inconsistent(format!("{key}.stoichiometry"), "a product is made of something");
    }
    for (species, count) in &p.stoichiometry {
        within(format!("{key}.stoichiometry.{species}"), *count, "", 1e-3, 100.0)?;
    }
    let (n, g) = (&p.nucleation, &p.growth);
    table(
        key,
        &[
            ("reference_c", p.reference_c, "°C", -50.0, 500.0),
            ("nucleation.rate_per_s", n.rate_per_s, PER_S, 0.0, 1000.0),
            ("nucleation.activation_kj_per_mol", n.activation_kj_per_mol, KJ, 0.0, 400.0),
            ("growth.rate_per_s", g.rate_per_s, PER_S, 0.0, 1000.0),
            ("growth.at_mm", g.at_mm, "mM", 1e-4, 10_000.0),
            ("growth.activation_kj_per_mol", g.activation_kj_per_mol, KJ, 0.0, 400.0),
            ("size.at_reference_nm", p.size.at_reference_nm, "nm", 0.5, 1000.0),
            ("size.per_k", p.size.per_k, "1/K", -0.2, 0.2),
        ],
    )?;
    for (list, factors) in [("yield", &p.yield_factors), ("quality", &p.quality)] {
        for (i, f) in factors.iter().enumerate() {
            factor(&format!("{key}.{list}.{i}"), f)?;
        }
        at_most_one(&format!("{key}.{list}"), factors)?;
    }
    let is_clock = |f: &&Factor| matches!(f, Factor::Maturation(_) | Factor::Decay { .. });
    let clocks = p.yield_factors.iter().chain(&p.quality).filter(is_clock).count();
    within(format!("{key}.quality"), clocks as f64, "maturation and decay factors", 0.0, 8.0)
}

/// Refuses constants that multiply to more than one. No other factor exceeds one, so that product and light never come of
/// nothing: a yield is a share of what the scarcest reagent allows, a quantum yield one of the photons absorbed.
fn at_most_one(key: &str, factors: &[Factor]) -> Checked {
    let constants = factors.iter().enumerate().filter_map(|(i, factor)| match factor {
        Factor::Constant(value) => Some((i, *value)),
        _ => None,
    });
    let product = constants.clone().fold(1.0, |product, (_, value)| product * value);
    match constants.max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((i, _)) if product > 1.0 + 1e-9 => {
            let detail = format!(
                "the constants multiply to {product}: more than 1 makes product, or photons, of nothing"
            );
            inconsistent(format!("{key}.{i}.constant"), detail)
        }
        _ => Ok(()),
    }
}

fn factor(key: &str, factor: &Factor) -> Checked {
    let within = |name: &str, value: f64, unit: &'static str, low: f64, high: f64| {
        within(format!("{key}.{name}"), value, unit, low, high)
    };
    match factor {
        Factor::Constant(value) => within("constant", *value, "", 0.0, 100.0),
        Factor::Saturation { half_mm, power, .. } => {
            within("saturation.half_mm", *half_mm, "mM", 1e-4, 1e5)?;
            within("saturation.power", *power, "", 0.0, 10.0)
        }
        Factor::Inhibition { half_mm, power, .. } => {
            within("inhibition.half_mm", *half_mm, "mM", 1e-4, 1e5)?;
            within("inhibition.power", *power, "", 0.0, 10.0)
        }
        Factor::Optimum { at_mm, width, .. } => {
            within("optimum.at_mm", *at_mm, "mM", 1e-4, 1e5)?;
            within("optimum.width", *width, "", 0.01, 100.0)
        }
        Factor::RatioOptimum { at, width, .. } => {
            within("ratio_optimum.at", *at, "", 1e-4, 1e5)?;
            within("ratio_optimum.width", *width, "", 0.01, 100.0)
        }
        Factor::Mixing { floor } => within("mixing.floor", *floor, "", 0.0, 1.0),
        Factor::Surface { loss, power } => {
            within("surface.loss", *loss, "nmⁿ", 0.0, 1e5)?;
            within("surface.power", *power, "", 0.0, 6.0)
        }
        Factor::Maturation(rate) => {
            within("maturation.rate_per_s", rate.rate_per_s, PER_S, 0.0, 1000.0)?;
            let activation = rate.activation_kj_per_mol;
            within("maturation.activation_kj_per_mol", activation, KJ, 0.0, 400.0)
        }
        Factor::Decay { rate_per_s, activation_kj_per_mol, sensitivity } => {
            within("decay.rate_per_s", *rate_per_s, PER_S, 0.0, 1000.0)?;
            within("decay.activation_kj_per_mol", *activation_kj_per_mol, KJ, 0.0, 400.0)?;
            sensitivity.as_ref().map_or(Ok(()), |s| {
                within("decay.sensitivity.at_mm", s.at_mm, "mM", 1e-4, 1e5)?;
                within("decay.sensitivity.slope", s.slope, "", 0.0, 1.0)
            })
        }
        Factor::Population { penalty, .. } => within("population.penalty", *penalty, "", 0.0, 1.0),
    }
}

pub(super) fn optics(optics: &Optics) -> Checked {
    let scatter = &optics.scatter;
    table(
        "optics",
        &[
            ("excitation_nm", optics.excitation_nm, "nm", 150.0, 2000.0),
            ("counts_scale", optics.counts_scale, "counts", 0.0, 1e7),
            ("scatter.carrier", scatter.carrier, "", 0.0, 1.0),
            ("scatter.slug", scatter.slug, "", 0.0, 1.0),
        ],
    )?;
    for (i, a) in optics.absorption.iter().enumerate() {
        let key = format!("optics.absorption.{i}");
        let (most, unit) = if a.of.is_some() { (1e6, "1/(M·cm)") } else { (100.0, "1/cm") };
        within(format!("{key}.epsilon_per_m_cm"), a.epsilon_per_m_cm, unit, 0.0, most)?;
        within(format!("{key}.at_nm"), a.at_nm, "nm", 150.0, 2000.0)?;
        for (j, s) in a.shape.iter().enumerate() {
            shape(&format!("{key}.shape.{j}"), s)?;
        }
        let height = a.shape.iter().fold(0.0, |sum, s| sum + s.height(a.at_nm));
        if height <= 1e-12 {
            let at = a.at_nm;
            let detail = format!("the shape is zero at {at} nm, where the coefficient should hold");
            return inconsistent(format!("{key}.shape"), detail);
        }
    }
    for (i, e) in optics.emission.iter().enumerate() {
        table(
            &format!("optics.emission.{i}"),
            &[
                ("peak_nm", e.peak_nm, "nm", 150.0, 3000.0),
                ("fwhm_ev", e.fwhm_ev, "eV", 0.005, 3.0),
                ("scale", e.scale, "", 0.0, 1e6),
            ],
        )?;
    }
    Ok(())
}

pub(super) fn shape(key: &str, shape: &Shape) -> Checked {
    let within = |name: &str, value: f64, unit: &'static str, low: f64, high: f64| {
        within(format!("{key}.{name}"), value, unit, low, high)
    };
    match shape {
        Shape::Gaussian { centre_nm, fwhm_nm, height } => {
            within("gaussian.centre_nm", *centre_nm, "nm", 100.0, 3000.0)?;
            within("gaussian.fwhm_nm", *fwhm_nm, "nm", 0.1, 1000.0)?;
            within("gaussian.height", *height, "", 0.0, 1000.0)
        }
        Shape::Edge { onset_nm, width_nm, height } => {
            within("edge.onset_nm", *onset_nm, "nm", 100.0, 3000.0)?;
            within("edge.width_nm", *width_nm, "nm", 0.1, 1000.0)?;
            within("edge.height", *height, "", 0.0, 1000.0)
        }
        Shape::Flat(height) => within("flat", *height, "", 0.0, 1000.0),
        Shape::Points(points) => {
            for (i, [nm, height]) in points.iter().enumerate() {
                within(&format!("points.{i}.0"), *nm, "nm", 0.0, 10_000.0)?;
                within(&format!("points.{i}.1"), *height, "", 0.0, 1000.0)?;
            }
            if !points.is_empty() && points.windows(2).all(|p| p[0][0] < p[1][0]) {
                return Ok(());
            }
            inconsistent(
                format!("{key}.points"),
                "wavelengths must ascend, from at least one point",
            )
        }
    }
}

pub(super) fn noise(noise: &Noise) -> Checked {
    let (p, h, s, w) = (&noise.pumps, &noise.heaters, &noise.slugs, &noise.window);
    pump_noise("noise.pumps", p)?;
    p.each
        .keys()
        .try_for_each(|name| pump_noise(&format!("noise.pumps.each.{name}"), &p.of(name)))?;
    let mut own = noise.spectrometers.iter();
    own.try_for_each(|(name, n)| spectrometer_noise(&format!("noise.spectrometers.{name}"), n))?;
    heater_noise("noise.heaters", h)?;
    h.each
        .keys()
        .try_for_each(|name| heater_noise(&format!("noise.heaters.each.{name}"), &h.of(name)))?;
    table(
        "noise",
        &[
            ("read_counts", noise.read_counts, "counts", 0.0, 1000.0),
            ("slugs.volume_percent", s.volume_percent, "%", 0.0, 30.0),
            ("slugs.time_percent", s.time_percent, "%", 0.0, 30.0),
            ("window.offset_au", w.offset_au, "AU", 0.0, 1.0),
            ("window.at_nm", w.at_nm, "nm", 0.0, 3000.0),
            ("window.decay_nm", w.decay_nm, "nm", 0.0, 10_000.0),
        ],
    )?;
    for (name, light) in &noise.lights {
        table(
            &format!("noise.lights.{name}"),
            &[
                ("flicker_percent", light.flicker_percent, "%", 0.0, 50.0),
                ("set_percent", light.set_percent, "%", 0.0, 50.0),
                ("drift_percent_per_h", light.drift_percent_per_h, "%/h", -50.0, 50.0),
            ],
        )?;
    }
    Ok(())
}

fn spectrometer_noise(key: &str, own: &SpectrometerNoise) -> Checked {
    table(
        key,
        &[
            ("read_counts", own.read_counts.unwrap_or(0.0), "counts", 0.0, 1000.0),
            ("window_offset_au", own.window_offset_au.unwrap_or(0.0), "AU", 0.0, 1.0),
        ],
    )
}

fn pump_noise(key: &str, p: &PumpNoise) -> Checked {
    table(
        key,
        &[
            ("bias_percent", p.bias_percent, "%", 0.0, 10.0),
            ("ripple_percent", p.ripple_percent, "%", 0.0, 50.0),
            ("second_ripple_percent", p.second_ripple_percent, "%", 0.0, 50.0),
            ("jitter_percent", p.jitter_percent, "%", 0.0, 20.0),
            ("jitter_s", p.jitter_s, "s", 0.0, 10_000.0),
        ],
    )
}

fn heater_noise(key: &str, h: &Jitter) -> Checked {
    table(
        key,
        &[
            ("deviation_k", h.deviation_k, "K", 0.0, 20.0),
            ("correlation_s", h.correlation_s, "s", 0.0, 10_000.0),
        ],
    )
}

pub(super) fn faults(faults: &Faults) -> Checked {
    let lasting = |key: String, for_s: Option<f64>| {
        for_s.map_or(Ok(()), |s| within(format!("{key}.for_s"), s, "s", 1e-3, 1e9))
    };
    for (i, fault) in faults.scheduled.iter().enumerate() {
        let key = format!("faults.scheduled.{i}");
        within(format!("{key}.at_s"), fault.at_s, "s", 0.0, 1e9)?;
        lasting(key.clone(), fault.for_s)?;
        mishap(&key, &fault.mishap)?;
    }
    for (i, fault) in faults.random.iter().enumerate() {
        let key = format!("faults.random.{i}");
        within(format!("{key}.rate_per_h"), fault.rate_per_h, "1/h", 0.0, 1000.0)?;
        lasting(key.clone(), fault.for_s)?;
        mishap(&key, &fault.mishap)?;
    }
    for (i, rule) in faults.precipitation.iter().enumerate() {
        table(
            &format!("faults.precipitation.{i}"),
            &[
                ("least_ratio", rule.least_ratio, "", 0.0, 1000.0),
                ("clogs_after_ml", rule.clogs_after_ml, "mL", 0.0, 10_000.0),
            ],
        )?;
    }
    Ok(())
}

fn mishap(key: &str, mishap: &Mishap) -> Checked {
    let key = |name: &str| format!("{key}.mishap.{name}");
    match mishap {
        Mishap::Bubble { compliance_s, .. } => {
            within(key("bubble.compliance_s"), *compliance_s, "s", 0.2, 1000.0)
        }
        Mishap::Brightness { factor, .. } => {
            within(key("brightness.factor"), *factor, "", 0.0, 1000.0)
        }
        Mishap::Silence { waited_s, .. } => {
            within(key("silence.waited_s"), *waited_s, "s", 0.0, 60.0)
        }
        _ => Ok(()),
    }
}
