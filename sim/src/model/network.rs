//! A network of reactions in a slug: everything that is used up and made, at once.

mod compile;
mod equation;
mod gases;
mod law;
mod particles;
mod rodas;
#[cfg(test)]
mod tests;
mod unmixed;

use std::collections::BTreeMap;

use compile::Compiler;
pub(crate) use equation::Equation;
use gases::{Dissolving, Passes};
pub(crate) use gases::{INERT, in_gas};
use law::Law;
use particles::Growing;
pub(crate) use particles::{MOMENTS, units_per_nm3};
use rodas::{Equations, Pace, advance};
pub(crate) use unmixed::Unmixed;

use crate::model::liquid::ZERO_C_K;
use crate::model::reaction::Stay;
use crate::spec;

/// Error of a concentration that is let pass, in parts of it …
const RELATIVE: f64 = 1e-8;
/// … and at least [mol/L].
const LEAST_MOL_PER_L: f64 = 1e-13;
/// Error of a temperature that is let pass [K].
const LEAST_K: f64 = 1e-6;

/// Reactions, ready to be integrated.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// Places of the species among all quantities.
    places: Vec<usize>,
    ways: Vec<Way>,
    has_heat: bool,
    particles: Option<Growing>,
    gases: Option<Dissolving>,
}

/// One direction of a reaction.
#[derive(Clone, Debug)]
struct Way {
    law: Law,
    reference_k: f64,
    /// Change of each species by one turnover.
    changes: Vec<(usize, f64)>,
    /// Heat of reaction [kJ/mol].
    heat_kj_per_mol: f64,
}

/// What is wrong with a reaction, or with the particles: the key below it and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Which reaction; none for the particles.
    pub(crate) reaction: Option<usize>,
    pub(crate) key: &'static str,
    pub(crate) message: String,
}

/// The reactions run away: the solver found no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunsAway;

impl Network {
    /// A network of these reactions and particles; `place` finds a species among all quantities.
    ///
    /// # Errors
    /// The first thing that is wrong.
    #[cfg(test)]
    pub(crate) fn new(
        reactions: &[spec::Reaction],
        particles: Option<&spec::Particles>,
        place: &dyn Fn(&str) -> Option<usize>,
    ) -> Result<Self, Wrong> {
        Self::with_gases(reactions, particles, &BTreeMap::new(), place)
    }

    /// A network of these reactions, particles and gases; `place` finds a species among all quantities. Of `species` those that have
    /// Henry's constant are gases.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn with_gases(
        reactions: &[spec::Reaction],
        particles: Option<&spec::Particles>,
        species: &BTreeMap<String, spec::Species>,
        place: &dyn Fn(&str) -> Option<usize>,
    ) -> Result<Self, Wrong> {
        let mut compiler = Compiler::new(place);
        for (reaction, spec) in reactions.iter().enumerate() {
            compiler.gather(reaction, spec)?;
        }
        let particles = particles.map(|spec| compiler.particles(spec)).transpose()?;
        let gases = compiler.gases(species)?;
        let mut ways = Vec::new();
        for (reaction, spec) in reactions.iter().enumerate() {
            compiler.ways(reaction, spec, &mut ways)?;
        }
        let has_heat = ways.iter().any(|way| way.heat_kj_per_mol.abs() > 0.0);
        Ok(Self { places: compiler.places, ways, has_heat, particles, gases })
    }

    /// Lets what is in a slug react.
    ///
    /// `values` are all quantities [mM], `effectiveness` of mixing multiplies every rate, and
    /// `heat_capacity_kj_per_l_k` is that of the liquid.
    ///
    /// # Errors
    /// If the reactions run away; the concentrations are then those of the last stay.
    pub(crate) fn react(
        &self,
        values: &mut [f64],
        stays: &[Stay],
        effectiveness: f64,
        heat_capacity_kj_per_l_k: f64,
    ) -> Result<(), RunsAway> {
        let mut y: Vec<f64> = self.places.iter().map(|&place| 1e-3 * values[place]).collect();
        if self.has_heat {
            y.push(0.0);
        }
        let (mut result, mut pace) = (Ok(()), Pace::default());
        for stay in stays.iter().filter(|stay| stay.seconds > 0.0) {
            let at_rest = y.clone();
            let running = Running {
                network: self,
                stay,
                effectiveness,
                heat_capacity_kj_per_l_k,
                inflow: None,
            };
            let running = running.prepared();
            if advance(&running, &mut y, stay.seconds, &mut pace).is_err() {
                y = at_rest;
                result = Err(RunsAway);
                break;
            }
        }
        for (&place, concentration) in self.places.iter().zip(&y) {
            values[place] = 1e3 * concentration;
        }
        result
    }

    /// Lets a stirred tank react while liquid flows through it; species that do not react are left alone.
    ///
    /// `values` are all quantities in it at the beginning and then at the end of the stay \[mM\], `above_k` its temperature
    /// above that of the stay by heats of reaction [K].
    ///
    /// # Errors
    /// If the reactions run away; what is in the tank is then as it was.
    pub(crate) fn stir(
        &self,
        values: &mut [f64],
        above_k: &mut f64,
        stay: &Stay,
        inflow: Inflow<'_>,
        heat_capacity_kj_per_l_k: f64,
    ) -> Result<(), RunsAway> {
        let molar = |values: &[f64]| -> Vec<f64> {
            self.places.iter().map(|&place| 1e-3 * values[place]).collect()
        };
        let (mut y, mut coming) = (molar(values), molar(inflow.values));
        if self.has_heat {
            y.push(*above_k);
            coming.push(0.0);
        }
        let running = Running {
            network: self,
            stay,
            effectiveness: 1.0,
            heat_capacity_kj_per_l_k,
            inflow: Some((coming, inflow.per_s)),
        };
        advance(&running.prepared(), &mut y, stay.seconds, &mut Pace::default())
            .map_err(|_| RunsAway)?;
        for (&place, concentration) in self.places.iter().zip(&y) {
            values[place] = 1e3 * concentration;
        }
        *above_k = y.get(self.places.len()).copied().unwrap_or(0.0);
        Ok(())
    }

    /// Whether gases pass between bubbles and slug.
    pub(crate) fn has_gases(&self) -> bool {
        self.gases.is_some()
    }

    /// Whether the network says what becomes of a quantity.
    pub(crate) fn knows(&self, place: usize) -> bool {
        self.places.contains(&place)
    }
}

/// Liquid that flows into a stirred tank while as much flows out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inflow<'a> {
    /// What is in it [mM] [quantities].
    pub(crate) values: &'a [f64],
    /// Volumes of the tank in a second [1/s].
    pub(crate) per_s: f64,
}

/// The network in a stay at one temperature.
struct Running<'a> {
    network: &'a Network,
    stay: &'a Stay,
    effectiveness: f64,
    heat_capacity_kj_per_l_k: f64,
    /// What flows in [mol/L], in volumes in a second [1/s].
    inflow: Option<(Vec<f64>, f64)>,
}

/// The network with its rate constants at the temperature of the stay.
struct Prepared<'a> {
    running: Running<'a>,
    constants: Vec<f64>,
    /// Those of nucleation and growth.
    of_particles: [f64; 2],
    /// How each gas passes.
    passes: Vec<Passes>,
}

impl<'a> Running<'a> {
    fn prepared(self) -> Prepared<'a> {
        let constants = self.network.ways.iter().map(|way| self.constant(way, 0.0)).collect();
        let of_particles =
            self.network.particles.as_ref().map_or([0.0; 2], |own| self.constants_of(own, 0.0));
        let gases = self.network.gases.as_ref().zip(self.stay.contact.as_ref());
        let passes = gases.map(|(gases, contact)| gases.passes(contact, self.stay.celsius));
        Prepared { constants, of_particles, passes: passes.unwrap_or_default(), running: self }
    }

    /// The rate constant, mixing included, at this many kelvin above the temperature of the stay.
    fn constant(&self, way: &Way, above_k: f64) -> f64 {
        self.constant_of(&way.law, way.reference_k, above_k)
    }

    fn constant_of(&self, law: &Law, reference_k: f64, above_k: f64) -> f64 {
        let kelvin = self.stay.celsius + ZERO_C_K + above_k;
        self.effectiveness * law.constant.at(1.0 / kelvin - 1.0 / reference_k)
    }

    /// The same for nucleation and growth.
    fn constants_of(&self, particles: &Growing, above_k: f64) -> [f64; 2] {
        particles.laws.each_ref().map(|law| self.constant_of(law, particles.reference_k, above_k))
    }
}

impl Prepared<'_> {
    /// Number of species.
    fn species(&self) -> usize {
        self.running.network.places.len()
    }

    /// Shows every way with its rate constant at `y`.
    fn each(&self, y: &[f64], see: &mut dyn FnMut(&Way, f64)) {
        let network = self.running.network;
        for (way, constant) in network.ways.iter().zip(&self.constants) {
            let k = if network.has_heat {
                self.running.constant(way, y[self.species()])
            } else {
                *constant
            };
            see(way, k);
        }
    }

    /// The particles, if there are any, with their constants at `y`.
    fn particles(&self, y: &[f64]) -> Option<(&Growing, [f64; 2])> {
        let particles = self.running.network.particles.as_ref()?;
        let constants = if self.running.network.has_heat {
            self.running.constants_of(particles, y[self.species()])
        } else {
            self.of_particles
        };
        Some((particles, constants))
    }

    /// Slopes of what particles do by every unknown, the temperature included, into the Jacobian.
    fn add_slopes_of_particles(&self, y: &[f64], celsius: f64, jacobian: &mut [f64]) {
        let Some((particles, constants)) = self.particles(y) else { return };
        let (n, size) = (self.species(), self.len());
        particles.each_slope(constants, &y[..n], celsius, &mut |species, by, slope| {
            jacobian[species * size + by] += slope;
        });
        if size > n {
            let kelvin = celsius + ZERO_C_K;
            let mut slopes = particles.rates(constants, &y[..n], celsius);
            for (slope, law) in slopes.iter_mut().zip(&particles.laws) {
                *slope *= law.constant.relative_slope_per_k(kelvin);
            }
            particles.each(slopes, &y[..n], &mut |species, slope| {
                jacobian[species * size + n] += slope;
            });
        }
    }

    fn celsius(&self, y: &[f64]) -> f64 {
        let above = if self.running.network.has_heat { y[self.species()] } else { 0.0 };
        self.running.stay.celsius + above
    }
}

impl Equations for Prepared<'_> {
    fn len(&self) -> usize {
        self.species() + usize::from(self.running.network.has_heat)
    }

    fn slopes(&self, y: &[f64], slopes: &mut [f64]) {
        let (n, celsius) = (self.species(), self.celsius(y));
        slopes.fill(0.0);
        let mut heat = 0.0;
        self.each(y, &mut |way, k| {
            let rate = way.law.rate(k, &y[..n], celsius);
            heat -= way.heat_kj_per_mol * rate;
            for &(species, change) in &way.changes {
                slopes[species] += change * rate;
            }
        });
        if let Some((particles, constants)) = self.particles(y) {
            let rates = particles.rates(constants, &y[..n], celsius);
            particles.each(rates, &y[..n], &mut |species, change| slopes[species] += change);
        }
        if let Some(gases) = &self.running.network.gases {
            gases.each(&self.passes, y, &mut |species, change| slopes[species] += change);
        }
        if self.running.network.has_heat {
            let exchange = y[n] / self.running.stay.heat_s;
            slopes[n] = heat / self.running.heat_capacity_kj_per_l_k - exchange;
        }
        if let Some((coming, per_s)) = &self.running.inflow {
            for ((slope, coming), y) in slopes.iter_mut().zip(coming).zip(y) {
                *slope += per_s * (coming - y);
            }
        }
    }

    fn jacobian(&self, y: &[f64], jacobian: &mut [f64]) {
        let (n, size, celsius) = (self.species(), self.len(), self.celsius(y));
        jacobian.fill(0.0);
        let capacity = self.running.heat_capacity_kj_per_l_k;
        let has_heat = self.running.network.has_heat;
        self.each(y, &mut |way, k| {
            let mut add = |by: usize, slope: f64| {
                for &(species, change) in &way.changes {
                    jacobian[species * size + by] += change * slope;
                }
                if has_heat {
                    jacobian[n * size + by] -= way.heat_kj_per_mol * slope / capacity;
                }
            };
            way.law.add_slopes(k, &y[..n], celsius, &mut add);
            if has_heat {
                let kelvin = celsius + ZERO_C_K;
                let rate = way.law.rate(k, &y[..n], celsius);
                add(n, rate * way.law.constant.relative_slope_per_k(kelvin));
            }
        });
        self.add_slopes_of_particles(y, celsius, jacobian);
        if let Some(gases) = &self.running.network.gases {
            gases.each_slope(&self.passes, y, &mut |species, by, slope| {
                jacobian[species * size + by] += slope;
            });
        }
        if has_heat {
            jacobian[n * size + n] -= 1.0 / self.running.stay.heat_s;
        }
        if let Some((_, per_s)) = &self.running.inflow {
            for i in 0..size {
                jacobian[i * size + i] -= per_s;
            }
        }
    }

    fn tolerance(&self, index: usize, value: f64) -> f64 {
        if index < self.species() { LEAST_MOL_PER_L + RELATIVE * value.abs() } else { LEAST_K }
    }
}
