//! Named quantities in a slug: what each pump brings, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use flowtwin_lab::math;

use super::{PlanError, reactions};
use crate::model::network::{INERT, Network, in_gas};
use crate::model::particles::Look;
use crate::model::reaction::Reaction;
use crate::spec::{self, World};

/// Places of all quantities: species, parts, populations, then `product` and `quality`.
#[derive(Clone, Debug)]
pub(crate) struct Quantities {
    names: Vec<String>,
    /// Concentration of each species and part in what each pump delivers [mM] [dissolved][pumps].
    brought: Vec<Vec<f64>>,
    populations: Vec<(f64, f64)>,
    /// Gases of the carrier: their places, and how much of each is in a standard volume [mmol/L].
    gases: Vec<(usize, f64)>,
}

impl Quantities {
    /// Whether others have the same names in the same places.
    pub(super) fn are_named_as(&self, others: &Self) -> bool {
        self.names == others.names
    }

    pub(super) fn new(world: &World, pumps: &[String]) -> Result<Self, PlanError> {
        let made = reactions::species(&world.chemistry)?;
        let in_stocks = world.stocks.values().flat_map(|s| s.concentrations_mm.keys());
        let gas = gas(world);
        let dissolve = soluble(world).into_iter().filter(|_| gas.is_some());
        let species: BTreeSet<&String> = in_stocks.chain(&made).chain(dissolve).collect();
        let in_stock = |pump: &String, species: &String| {
            let stock = world.rig.pumps.get(pump).map(|pump| &world.stocks[&pump.stock]);
            let held = stock.and_then(|stock| stock.concentrations_mm.get(species));
            held.copied().unwrap_or(0.0)
        };
        let mut names: Vec<String> = species.iter().map(|s| (*s).clone()).collect();
        let mut brought: Vec<Vec<f64>> = species
            .iter()
            .map(|species| pumps.iter().map(|pump| in_stock(pump, species)).collect())
            .collect();
        let mut gases = Vec::new();
        for (name, mmol_per_l) in gas.map_or_else(Vec::new, |gas| in_bubbles(world, gas)) {
            gases.push((names.len(), mmol_per_l));
            names.push(name);
            brought.push(vec![0.0; pumps.len()]);
        }
        for (name, part) in &world.chemistry.parts {
            let of = &world.rig.streams[&part.stream].pumps;
            let only = |pump: &String| {
                if of.contains(pump) { in_stock(pump, &part.species) } else { 0.0 }
            };
            names.push(name.clone());
            brought.push(pumps.iter().map(only).collect());
        }
        let populations = &world.chemistry.populations;
        names.extend(populations.keys().cloned());
        names.extend(["product".to_owned(), "quality".to_owned()]);
        if let Some(twice) = (1..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return Err(PlanError::Inconsistent {
                key: "chemistry".into(),
                detail: format!("two quantities are named \"{}\"", names[twice]),
            });
        }
        let populations = populations.values().map(|p| (p.midpoint_c, p.width_k)).collect();
        Ok(Self { names, brought, populations, gases })
    }

    /// The place of a quantity.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The place of a quantity that the key names.
    pub(super) fn find(&self, key: String, name: &str) -> Result<usize, PlanError> {
        self.place(name).ok_or_else(|| PlanError::Unknown {
            key,
            kind: "quantity",
            name: name.to_owned(),
            known: self.names.join(", "),
        })
    }

    pub(super) fn reaction(&self, product: &spec::Product) -> Result<Reaction, PlanError> {
        Reaction::new(product, &|name| self.place(name)).map_err(|unknown| PlanError::Unknown {
            key: format!("chemistry.product.{}", unknown.key),
            kind: "quantity",
            name: unknown.name,
            known: self.names.join(", "),
        })
    }

    /// The reactions of a scenario, if it has any.
    pub(super) fn network(
        &self,
        chemistry: &spec::Chemistry,
    ) -> Result<Option<Network>, PlanError> {
        let particles = chemistry.particles.as_ref();
        if chemistry.reactions.is_empty() && particles.is_none() {
            return Ok(None);
        }
        let none = BTreeMap::new();
        let gases = if self.gases.is_empty() { &none } else { &chemistry.species };
        let place = |name: &str| self.place(name);
        let network = Network::with_gases(&chemistry.reactions, particles, gases, &place);
        network.map(Some).map_err(reactions::error)
    }

    /// What is seen of particles, if a scenario has any.
    pub(super) fn look(&self, chemistry: &spec::Chemistry) -> Result<Option<Look>, PlanError> {
        let Some(particles) = &chemistry.particles else { return Ok(None) };
        let tells = [self.product(), self.quality()];
        let look = Look::new(particles, tells, &|name| self.place(name));
        look.map(Some).map_err(|unknown| PlanError::Unknown {
            key: format!("chemistry.particles.{}", unknown.key),
            kind: "quantity",
            name: unknown.name,
            known: self.names.join(", "),
        })
    }

    /// Number of quantities.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Place of the product's concentration.
    pub(crate) fn product(&self) -> usize {
        self.names.len() - 2
    }

    /// Place of the quantum yield.
    pub(crate) fn quality(&self) -> usize {
        self.names.len() - 1
    }

    /// Fills in what is in the bubbles, of which there are so many standard volumes for each volume of slug.
    pub(crate) fn fill_bubbles(&self, values: &mut [f64], standard: f64) {
        for &(place, mmol_per_l) in &self.gases {
            values[place] = standard * mmol_per_l;
        }
    }

    /// All gas in the bubbles, for each volume of slug [mM].
    pub(crate) fn in_bubbles(&self, values: &[f64]) -> f64 {
        self.gases.iter().fold(0.0, |sum, &(place, _)| sum + values[place])
    }

    /// Adds `more` volumes of other liquid to each volume, of which each pump's is this share.
    pub(crate) fn dilute(&self, values: &mut [f64], more: f64, shares: &[f64]) {
        for (value, brought) in values.iter_mut().zip(&self.brought) {
            let added = brought.iter().zip(shares).fold(0.0, |sum, (c, share)| sum + c * share);
            *value = (*value + added) / (1.0 + more);
        }
    }

    /// Fills in what is dissolved, from the share of each pump in the slug, and the populations at
    /// the reaction temperature [°C].
    pub(crate) fn fill(&self, values: &mut [f64], shares: &[f64], reaction_c: f64) {
        for (value, brought) in values.iter_mut().zip(&self.brought) {
            *value = brought.iter().zip(shares).fold(0.0, |sum, (c, share)| sum + c * share);
        }
        let populations = &mut values[self.brought.len()..];
        for (value, (midpoint, width)) in populations.iter_mut().zip(&self.populations) {
            *value = 1.0 / (1.0 + math::exp((reaction_c - midpoint) / width));
        }
    }
}

/// The gas that is the carrier, if it is one.
fn gas(world: &World) -> Option<&spec::Gas> {
    world.rig.gases.get(&world.rig.carrier.as_ref()?.pump)
}

/// Species that pass between slugs and bubbles.
fn soluble(world: &World) -> Vec<&String> {
    let species = world.chemistry.species.iter();
    species
        .filter(|(_, species)| species.henry_mm_per_kpa.is_some())
        .map(|(name, _)| name)
        .collect()
}

/// What is in bubbles, by its name among the quantities, and how much in a standard volume [mmol/L].
fn in_bubbles(world: &World, gas: &spec::Gas) -> Vec<(String, f64)> {
    let whole = gas.standard().mmol_per_l();
    let fractions = &world.stocks[&gas.stock].mole_fractions;
    let share = |name: &String| fractions.get(name).copied().unwrap_or(0.0);
    let named = soluble(world).into_iter().map(|name| (in_gas(name), whole * share(name)));
    let rest = 1.0 - fractions.values().sum::<f64>();
    named.chain([(INERT.to_owned(), whole * rest.max(0.0))]).collect()
}
