//! Whether the way of the liquid holds together: streams, carrier, tube and chemistry.

use std::collections::BTreeMap;

use super::gases::carries_gas;
use super::names::known;
use super::{Checked, inconsistent};
use crate::spec::{Mixing, SlugNoise, World};

/// What a stirred tank would need.
const HEADSPACE: &str =
    "a gas cannot pass a stirred tank that has no headspace: take the tank out, or let no gas in";

/// Checks what joins where, and that slugs and single liquids have the keys of their kind.
pub(super) fn world(world: &World) -> Checked {
    joins(world)?;
    carrier(world)?;
    match world.rig.carrier.is_some() {
        true => slugs(world)?,
        false => one_liquid(world)?,
    }
    chemistry(world)
}

/// A stream joins before a stretch that there is, and not where none has come yet.
fn joins(world: &World) -> Checked {
    let rig = &world.rig;
    let stretches: BTreeMap<String, ()> = rig.tube.iter().map(|s| (s.name.clone(), ())).collect();
    let first = rig.tube.first().map(|stretch| stretch.name.as_str());
    let late = |joins: &Option<String>| joins.as_deref().is_some_and(|name| Some(name) != first);
    for (name, stream) in &rig.streams {
        let key = format!("rig.streams.{name}.joins");
        if let Some(stretch) = &stream.joins {
            known(key.clone(), "stretch", stretch, &stretches)?;
        }
        if late(&stream.joins) && *name == rig.timed_stream {
            return inconsistent(key, "the timed stream must enter at the head of the tube");
        }
    }
    Ok(())
}

/// A carrier is a liquid of a pump or a gas of a mass-flow controller, which feeds nothing else.
fn carrier(world: &World) -> Checked {
    let rig = &world.rig;
    for (name, stream) in &rig.streams {
        if let Some(i) = stream.pumps.iter().position(|pump| rig.gases.contains_key(pump)) {
            let key = format!("rig.streams.{name}.pumps.{i}");
            let detail = "a gas flows between slugs only: it can be `rig.carrier.pump`, and no part of a liquid stream";
            return inconsistent(key, detail);
        }
    }
    let Some(carrier) = &rig.carrier else { return Ok(()) };
    let is_gas = carries_gas(rig);
    match &carrier.liquid {
        Some(_) if is_gas => inconsistent(
            "rig.carrier.liquid",
            "a mass-flow controller delivers no liquid: leave it out",
        ),
        None if !is_gas => {
            let detail = "a pump delivers a liquid: tell what it is; a gas comes from a mass-flow controller of `rig.gases`";
            inconsistent("rig.carrier.liquid", detail)
        }
        Some(_) if carrier.kla_per_s.is_some() => inconsistent(
            "rig.carrier.kla_per_s",
            "nothing passes between slugs and a liquid carrier",
        ),
        None if carrier.hot_ul > 0.0 => inconsistent(
            "rig.carrier.hot_ul",
            "a gas takes the temperature of the slugs as they form",
        ),
        _ => Ok(()),
    }
}

fn slugs(world: &World) -> Checked {
    let rig = &world.rig;
    if rig.segmentation.is_none() {
        return inconsistent("rig.segmentation", "a rig with a carrier must say how slugs form");
    }
    for (i, stretch) in rig.tube.iter().enumerate() {
        let key = |what: &str| format!("rig.tube.{i}.{what}");
        let detail = "slugs keep to themselves: take the carrier out for a liquid in one phase";
        if stretch.tank && carries_gas(rig) {
            return inconsistent(key("tank"), HEADSPACE);
        }
        if stretch.tank {
            return inconsistent(key("tank"), detail);
        }
        let usual = |value: f64, default: f64| value.to_bits() == default.to_bits();
        let given = [
            ("bed", stretch.bed.is_some()),
            ("peclet", stretch.peclet.is_some()),
            ("radial_enhancement", !usual(stretch.radial_enhancement, 1.0)),
            ("hydrodynamic_radius_nm", !usual(stretch.hydrodynamic_radius_nm, 0.6)),
        ];
        if let Some((what, _)) = given.into_iter().find(|(_, given)| *given) {
            return inconsistent(key(what), detail);
        }
    }
    Ok(())
}

fn one_liquid(world: &World) -> Checked {
    let rig = &world.rig;
    if rig.segmentation.is_some() {
        return inconsistent("rig.segmentation", "slugs need a carrier: `rig.carrier`");
    }
    let of_slugs = |mixing: &Mixing| [mixing.flow_ul_per_min, mixing.power].map(f64::to_bits);
    if of_slugs(&rig.mixing) != of_slugs(&Mixing::default()) {
        let detail =
            "without a carrier there are no slugs to mix; `time_s` is for liquids that meet";
        return inconsistent("rig.mixing", detail);
    }
    if world.noise.slugs != SlugNoise::default() {
        return inconsistent("noise.slugs", "without a carrier there are no slugs");
    }
    for (i, stretch) in rig.tube.iter().enumerate() {
        if stretch.tank && stretch.peclet.is_some() {
            return inconsistent(format!("rig.tube.{i}.peclet"), "a stirred tank has none");
        }
        if stretch.tank && stretch.bed.is_some() {
            return inconsistent(format!("rig.tube.{i}.bed"), "a stirred tank has none");
        }
    }
    if rig.tube.iter().all(|stretch| stretch.tank) {
        return inconsistent("rig.tube", "a stretch of tube must lead to the tank or away from it");
    }
    Ok(())
}

/// Nucleation and growth to a product goes from the first drop to the end in one piece; reactions can be cut.
fn chemistry(world: &World) -> Checked {
    let rig = &world.rig;
    let first = rig.tube.first().map(|stretch| stretch.name.as_str());
    let late = rig
        .streams
        .iter()
        .find(|(_, stream)| stream.joins.as_deref().is_some_and(|name| Some(name) != first));
    let why = match late {
        Some((name, _)) => format!("the stream \"{name}\" joins on the way"),
        None if rig.carrier.is_none() => "there is no carrier".to_owned(),
        None => return Ok(()),
    };
    let chemistry = &world.chemistry;
    let key = match (&chemistry.product, chemistry.populations.is_empty()) {
        (Some(_), _) => "chemistry.product",
        (None, false) => "chemistry.populations",
        (None, true) => return Ok(()),
    };
    inconsistent(
        key,
        format!("it needs slugs that nothing joins, and {why}: write `[[chemistry.reactions]]`"),
    )
}
