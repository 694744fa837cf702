//! A network of reactions in a slug: everything that is used up and made, at once.

mod equation;
mod law;
mod rodas;
#[cfg(test)]
mod tests;
mod unmixed;

use std::collections::BTreeMap;

use flowtwin_lab::formula::Formula;

pub(crate) use equation::Equation;
use law::{Form, Hyperbola, Law};
use rodas::{Equations, Pace, advance};
pub(crate) use unmixed::Unmixed;

use crate::model::liquid::ZERO_C_K;
use crate::model::reaction::{Arrhenius, Stay};
use crate::spec::{self, RateFactor};

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

/// What is wrong with a reaction: the key below it and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) reaction: usize,
    pub(crate) key: &'static str,
    pub(crate) message: String,
}

/// The reactions run away: the solver found no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunsAway;

impl Network {
    /// A network of these reactions; `place` finds a species among all quantities.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn new(
        reactions: &[spec::Reaction],
        place: &dyn Fn(&str) -> Option<usize>,
    ) -> Result<Self, Wrong> {
        let mut compiler = Compiler { names: Vec::new(), places: Vec::new(), place };
        for (reaction, spec) in reactions.iter().enumerate() {
            compiler.gather(reaction, spec)?;
        }
        let mut ways = Vec::new();
        for (reaction, spec) in reactions.iter().enumerate() {
            compiler.ways(reaction, spec, &mut ways)?;
        }
        let has_heat = ways.iter().any(|way| way.heat_kj_per_mol.abs() > 0.0);
        Ok(Self { places: compiler.places, ways, has_heat })
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
}

impl<'a> Running<'a> {
    fn prepared(self) -> Prepared<'a> {
        let constants = self.network.ways.iter().map(|way| self.constant(way, 0.0)).collect();
        Prepared { running: self, constants }
    }

    /// The rate constant, mixing included, at this many kelvin above the temperature of the stay.
    fn constant(&self, way: &Way, above_k: f64) -> f64 {
        let kelvin = self.stay.celsius + ZERO_C_K + above_k;
        self.effectiveness * way.law.constant.at(1.0 / kelvin - 1.0 / way.reference_k)
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

/// Turns names into places.
struct Compiler<'a> {
    names: Vec<String>,
    places: Vec<usize>,
    place: &'a dyn Fn(&str) -> Option<usize>,
}

impl Compiler<'_> {
    /// Notes every species that a reaction knows.
    fn gather(&mut self, reaction: usize, spec: &spec::Reaction) -> Result<(), Wrong> {
        let equation = equation(reaction, spec)?;
        for name in equation.species() {
            self.species(reaction, "equation", name)?;
        }
        for name in spec.orders.keys() {
            self.species(reaction, "orders", name)?;
        }
        for factor in &spec.factors {
            let (RateFactor::Saturation { of, .. } | RateFactor::Inhibition { of, .. }) = factor;
            self.species(reaction, "factors", of)?;
        }
        let formula = spec.rate.as_deref().and_then(|text| Formula::parse(text).ok());
        for name in formula.iter().flat_map(Formula::names) {
            if (self.place)(name).is_some() {
                self.species(reaction, "rate", name)?;
            }
        }
        Ok(())
    }

    /// The place of a species in the network, a new one where it is new.
    fn species(&mut self, reaction: usize, key: &'static str, name: &str) -> Result<usize, Wrong> {
        if let Some(known) = self.names.iter().position(|known| known == name) {
            return Ok(known);
        }
        let place = (self.place)(name).ok_or_else(|| Wrong {
            reaction,
            key,
            message: format!("no stock holds `{name}` and no equation makes it"),
        })?;
        self.names.push(name.to_owned());
        self.places.push(place);
        Ok(self.names.len() - 1)
    }

    fn ways(
        &mut self,
        reaction: usize,
        spec: &spec::Reaction,
        ways: &mut Vec<Way>,
    ) -> Result<(), Wrong> {
        let equation = equation(reaction, spec)?;
        let wrong = |key, message: &str| Wrong { reaction, key, message: message.to_owned() };
        if spec.rate.is_some() && spec.reverse.is_some() {
            return Err(wrong("reverse", "a `rate` is the net rate: the way back is part of it"));
        }
        if spec.rate.is_none() && equation.reversible != spec.reverse.is_some() {
            let message = "an equation with <-> needs `reverse`, and only such a one may have it";
            return Err(wrong("equation", message));
        }
        let mut changes = Vec::new();
        for (name, change) in equation.changes() {
            if change.abs() > 0.0 {
                changes.push((self.species(reaction, "equation", name)?, change));
            }
        }
        let reference_k = spec.at_c + ZERO_C_K;
        let constant = Arrhenius::new(spec.k_in_mol_l_s, spec.activation_kj_per_mol);
        let form = self.forward(reaction, spec, &equation)?;
        let heat = spec.heat_kj_per_mol;
        if let Some(reverse) = &spec.reverse {
            let constant = Arrhenius::new(reverse.k_in_mol_l_s, reverse.activation_kj_per_mol);
            let form = self.backward(reaction, spec, &equation)?;
            let changes = changes.iter().map(|&(species, change)| (species, -change)).collect();
            let law = Law { constant, form };
            ways.push(Way { law, reference_k, changes, heat_kj_per_mol: -heat });
        }
        ways.push(Way { law: Law { constant, form }, reference_k, changes, heat_kj_per_mol: heat });
        Ok(())
    }

    fn forward(
        &mut self,
        reaction: usize,
        spec: &spec::Reaction,
        equation: &Equation,
    ) -> Result<Form, Wrong> {
        if let Some(text) = &spec.rate {
            return self.formula(reaction, text, &spec.constants);
        }
        if let Some(name) = spec.constants.keys().next() {
            let message = format!("`{name}` is for the formula of `rate`, and there is none");
            return Err(Wrong { reaction, key: "constants", message });
        }
        let mut by_name = equation.left.clone();
        by_name.extend(spec.orders.iter().map(|(name, order)| (name.clone(), *order)));
        by_name.retain(|_, order| order.abs() > 0.0);
        let orders = self.orders(reaction, &by_name)?;
        Ok(Form::Powers { orders, factors: self.factors(reaction, spec)? })
    }

    /// The way back, which catalysts and factors change as they change the way there: no equilibrium depends on them.
    fn backward(
        &mut self,
        reaction: usize,
        spec: &spec::Reaction,
        equation: &Equation,
    ) -> Result<Form, Wrong> {
        let mut by_name = equation.right.clone();
        let is_catalyst =
            |name: &String| !equation.left.contains_key(name) && !equation.right.contains_key(name);
        let catalysts = spec.orders.iter().filter(|(name, _)| is_catalyst(name));
        by_name.extend(catalysts.map(|(name, order)| (name.clone(), *order)));
        let orders = self.orders(reaction, &by_name)?;
        Ok(Form::Powers { orders, factors: self.factors(reaction, spec)? })
    }

    fn factors(&mut self, reaction: usize, spec: &spec::Reaction) -> Result<Vec<Hyperbola>, Wrong> {
        let mut factors = Vec::new();
        for factor in &spec.factors {
            let (RateFactor::Saturation { of, half_mm } | RateFactor::Inhibition { of, half_mm }) =
                factor;
            let of = self.species(reaction, "factors", of)?;
            factors.push(Hyperbola { of, half: 1e-3 * half_mm });
        }
        Ok(factors)
    }

    fn orders<'n>(
        &mut self,
        reaction: usize,
        of: impl IntoIterator<Item = (&'n String, &'n f64)>,
    ) -> Result<Vec<(usize, f64)>, Wrong> {
        let place =
            |(name, order): (&String, &f64)| Ok((self.species(reaction, "orders", name)?, *order));
        of.into_iter().map(place).collect()
    }

    fn formula(
        &self,
        reaction: usize,
        text: &str,
        constants: &BTreeMap<String, f64>,
    ) -> Result<Form, Wrong> {
        let mut names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        names.extend(["k", "temperature_c"]);
        if let Some(name) = constants.keys().find(|name| (self.place)(name).is_some()) {
            let message = format!("`{name}` is a species: call the constant by another name");
            return Err(Wrong { reaction, key: "constants", message });
        }
        if let Some(name) = constants.keys().find(|name| names.contains(&name.as_str())) {
            let message =
                format!("`{name}` is known to every rate: call the constant by another name");
            return Err(Wrong { reaction, key: "constants", message });
        }
        let first = names.len();
        names.extend(constants.keys().map(String::as_str));
        let bound = Formula::parse(text).and_then(|formula| formula.bind_plain(&names));
        let wrong = |message: String| Wrong { reaction, key: "rate", message };
        let bound = bound.map_err(|error| wrong(error.to_string()))?;
        if bound.is_condition() {
            return Err(wrong("a rate is a number, and this is true or false".into()));
        }
        if let Some(unused) = (first..names.len()).find(|&place| !bound.uses(place)) {
            let message = format!("`{}` is not part of the formula of `rate`", names[unused]);
            return Err(Wrong { reaction, key: "constants", message });
        }
        Ok(Form::Formula(bound, constants.values().copied().collect()))
    }
}

fn equation(reaction: usize, spec: &spec::Reaction) -> Result<Equation, Wrong> {
    Equation::parse(&spec.equation).map_err(|message| Wrong { reaction, key: "equation", message })
}
