//! Stocks, chemistry, optics, noise and faults.

use super::super::{Checked, inconsistent, within};
use super::table;
use crate::spec::{
    Chemistry, Factor, Faults, Mishap, Noise, Optics, Particles, Product, Reaction, Shape, Stocks,
};

pub(super) fn stocks(stocks: &Stocks) -> Checked {
    stocks.iter().try_for_each(|(name, stock)| table(&format!("stocks.{name}"), stock))
}

pub(super) fn chemistry(chemistry: &Chemistry) -> Checked {
    for (name, population) in &chemistry.populations {
        table(&format!("chemistry.populations.{name}"), population)?;
    }
    reactions(chemistry)?;
    chemistry.particles.as_ref().map_or(Ok(()), particles)?;
    chemistry.product.as_ref().map_or(Ok(()), product)
}

fn reactions(chemistry: &Chemistry) -> Checked {
    if chemistry.product.is_some() && !chemistry.reactions.is_empty() {
        let detail = "a scenario has reactions or a product by nucleation and growth, not both";
        return inconsistent("chemistry.reactions", detail);
    }
    if chemistry.product.is_some() && chemistry.particles.is_some() {
        let detail = "a scenario has particles followed by moments or a product by two-step growth, not both";
        return inconsistent("chemistry.particles", detail);
    }
    for (name, species) in &chemistry.species {
        table(&format!("chemistry.species.{name}"), species)?;
    }
    for (i, reaction) in chemistry.reactions.iter().enumerate() {
        self::reaction(&format!("chemistry.reactions.{i}"), reaction)?;
    }
    Ok(())
}

fn reaction(key: &str, r: &Reaction) -> Checked {
    table(key, r)?;
    if let Some(reverse) = &r.reverse {
        table(&format!("{key}.reverse"), reverse)?;
    }
    let mut factors = r.factors.iter().enumerate();
    factors.try_for_each(|(i, factor)| table(&format!("{key}.factors.{i}"), factor))
}

fn particles(p: &Particles) -> Checked {
    let key = "chemistry.particles";
    table(key, p)?;
    table(&format!("{key}.nucleation"), &p.nucleation)?;
    table(&format!("{key}.growth"), &p.growth)?;
    for (step, factors) in [("nucleation", &p.nucleation.factors), ("growth", &p.growth.factors)] {
        for (i, factor) in factors.iter().enumerate() {
            table(&format!("{key}.{step}.factors.{i}"), factor)?;
        }
    }
    p.pure.iter().try_for_each(|(name, own)| table(&format!("{key}.pure.{name}"), own))?;
    for (i, bowing) in p.bowing.iter().enumerate() {
        table(&format!("{key}.bowing.{i}"), bowing)?;
        if bowing.between[0] == bowing.between[1] {
            let detail = "energies sag between two different species";
            return inconsistent(format!("{key}.bowing.{i}.between"), detail);
        }
    }
    for (i, f) in p.quality.iter().enumerate() {
        let key = format!("{key}.quality.{i}");
        factor(&key, f)?;
        let kind = match f {
            Factor::Maturation(_) => "maturation",
            Factor::Decay { .. } => "decay",
            Factor::Mixing { .. } => "mixing",
            _ => continue,
        };
        let detail = "particles keep no history but their moments: what matures or decays is a reaction of a species";
        return inconsistent(format!("{key}.{kind}"), detail);
    }
    at_most_one(&format!("{key}.quality"), &p.quality)
}

fn product(p: &Product) -> Checked {
    let key = "chemistry.product";
    if p.stoichiometry.is_empty() {
        return inconsistent(format!("{key}.stoichiometry"), "a product is made of something");
    }
    table(key, p)?;
    table(&format!("{key}.nucleation"), &p.nucleation)?;
    table(&format!("{key}.growth"), &p.growth)?;
    table(&format!("{key}.size"), &p.size)?;
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
    table(key, factor)?;
    match factor {
        Factor::Maturation(rate) => table(&format!("{key}.maturation"), rate),
        Factor::Decay { sensitivity: Some(sensitivity), .. } => {
            table(&format!("{key}.decay.sensitivity"), sensitivity)
        }
        _ => Ok(()),
    }
}

pub(super) fn optics(optics: &Optics) -> Checked {
    table("optics", optics)?;
    table("optics.scatter", &optics.scatter)?;
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
    let mut emission = optics.emission.iter().enumerate();
    emission.try_for_each(|(i, e)| table(&format!("optics.emission.{i}"), e))
}

pub(super) fn shape(key: &str, shape: &Shape) -> Checked {
    table(key, shape)?;
    let Shape::Points(points) = shape else { return Ok(()) };
    for (i, [nm, height]) in points.iter().enumerate() {
        within(format!("{key}.points.{i}.0"), *nm, "nm", 0.0, 10_000.0)?;
        within(format!("{key}.points.{i}.1"), *height, "", 0.0, 1000.0)?;
    }
    if !points.is_empty() && points.windows(2).all(|p| p[0][0] < p[1][0]) {
        return Ok(());
    }
    inconsistent(format!("{key}.points"), "wavelengths must ascend, from at least one point")
}

pub(super) fn noise(noise: &Noise) -> Checked {
    table("noise", noise)?;
    table("noise.pumps", &noise.pumps)?;
    let mut each = noise.pumps.each.iter();
    each.try_for_each(|(name, own)| table(&format!("noise.pumps.each.{name}"), own))?;
    let mut each = noise.spectrometers.iter();
    each.try_for_each(|(name, own)| table(&format!("noise.spectrometers.{name}"), own))?;
    table("noise.heaters", &noise.heaters)?;
    let mut each = noise.heaters.each.iter();
    each.try_for_each(|(name, own)| table(&format!("noise.heaters.each.{name}"), own))?;
    table("noise.slugs", &noise.slugs)?;
    table("noise.window", &noise.window)?;
    let mut lights = noise.lights.iter();
    lights.try_for_each(|(name, light)| table(&format!("noise.lights.{name}"), light))
}

pub(super) fn faults(faults: &Faults) -> Checked {
    for (i, fault) in faults.scheduled.iter().enumerate() {
        let key = format!("faults.scheduled.{i}");
        table(&key, fault)?;
        mishap(&key, &fault.mishap)?;
    }
    for (i, fault) in faults.random.iter().enumerate() {
        let key = format!("faults.random.{i}");
        table(&key, fault)?;
        mishap(&key, &fault.mishap)?;
    }
    let mut rules = faults.precipitation.iter().enumerate();
    rules.try_for_each(|(i, rule)| table(&format!("faults.precipitation.{i}"), rule))
}

fn mishap(key: &str, mishap: &Mishap) -> Checked {
    table(&format!("{key}.mishap"), mishap)
}
