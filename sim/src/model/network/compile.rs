//! From the names of a scenario to places in a network.

use std::collections::BTreeMap;

use flowtwin_lab::formula::Formula;
use flowtwin_lab::math;

use super::gases::{Dissolving, INERT, Soluble, in_gas};
use super::law::{Form, Hyperbola, Law};
use super::particles::{Growing, MOMENTS, units_per_nm3};
use super::{Equation, Way, Wrong};
use crate::model::liquid::ZERO_C_K;
use crate::model::reaction::Arrhenius;
use crate::spec::{self, RateFactor};

/// Turns names into places.
pub(super) struct Compiler<'a> {
    names: Vec<String>,
    pub(super) places: Vec<usize>,
    place: &'a dyn Fn(&str) -> Option<usize>,
}

impl<'a> Compiler<'a> {
    /// One that knows no species yet; `place` finds one among all quantities.
    pub(super) fn new(place: &'a dyn Fn(&str) -> Option<usize>) -> Self {
        Self { names: Vec::new(), places: Vec::new(), place }
    }

    /// Notes every species that a reaction knows.
    pub(super) fn gather(&mut self, reaction: usize, spec: &spec::Reaction) -> Result<(), Wrong> {
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
    fn species(
        &mut self,
        reaction: impl Into<Option<usize>>,
        key: &'static str,
        name: &str,
    ) -> Result<usize, Wrong> {
        if let Some(known) = self.names.iter().position(|known| known == name) {
            return Ok(known);
        }
        let place = (self.place)(name).ok_or_else(|| Wrong {
            reaction: reaction.into(),
            key,
            message: format!("no stock holds `{name}` and no equation makes it"),
        })?;
        self.names.push(name.to_owned());
        self.places.push(place);
        Ok(self.names.len() - 1)
    }

    /// Particles with their species and moments.
    pub(super) fn particles(&mut self, spec: &spec::Particles) -> Result<Growing, Wrong> {
        let wrong =
            |message: &str| Wrong { reaction: None, key: "deposit", message: message.to_owned() };
        let equation = Equation::parse(&spec.deposit).map_err(|message| wrong(&message))?;
        let mut left = equation.left.iter();
        let (Some((unit, 1.0)), None, false) = (left.next(), left.next(), equation.reversible)
        else {
            return Err(wrong(
                "one unit of one species deposits, and does not come back: \"unit -> …\"",
            ));
        };
        if equation.right.contains_key(unit) {
            return Err(wrong("what has deposited is another species than what is dissolved"));
        }
        let unit = self.species(None, "deposit", unit)?;
        let mut becomes = Vec::new();
        for (name, count) in &equation.right {
            becomes.push((self.species(None, "deposit", name)?, *count));
        }
        let mut moments = [0; 4];
        for (moment, name) in moments.iter_mut().zip(MOMENTS) {
            *moment = self.species(None, "deposit", name)?;
        }
        let spec::Nucleation { nmol_per_l_s, at_mm, order, activation_kj_per_mol, factors } =
            &spec.nucleation;
        let factors = self.hyperbolas(None, "nucleation.factors", factors)?;
        let at_one = 1e-9 * nmol_per_l_s / math::pow(1e-3 * at_mm, *order);
        let nucleation = power_law(at_one, *activation_kj_per_mol, (unit, *order), factors);
        let spec::Deposition { nm_per_s, at_mm, order, activation_kj_per_mol, factors } =
            &spec.growth;
        let factors = self.hyperbolas(None, "growth.factors", factors)?;
        let at_one = nm_per_s / math::pow(1e-3 * at_mm, *order);
        let growth = power_law(at_one, *activation_kj_per_mol, (unit, *order), factors);
        Ok(Growing {
            unit,
            becomes,
            moments,
            laws: [nucleation, growth],
            reference_k: spec.at_c + ZERO_C_K,
            nucleus_nm: spec.nucleus_nm,
            units_per_nm3: units_per_nm3(spec),
        })
    }

    /// Gases that pass between bubbles and slug, if there are any.
    pub(super) fn gases(
        &mut self,
        species: &BTreeMap<String, spec::Species>,
    ) -> Result<Option<Dissolving>, Wrong> {
        let mut all = Vec::new();
        for (name, spec) in species.iter().filter(|(_, spec)| spec.henry_mm_per_kpa.is_some()) {
            let dissolved = self.species(None, "species", name)?;
            let gas = self.species(None, "species", &in_gas(name))?;
            all.push(Soluble::new(dissolved, gas, spec));
        }
        if all.is_empty() {
            return Ok(None);
        }
        let inert = self.species(None, "species", INERT)?;
        Ok(Some(Dissolving { all, inert }))
    }

    pub(super) fn ways(
        &mut self,
        reaction: usize,
        spec: &spec::Reaction,
        ways: &mut Vec<Way>,
    ) -> Result<(), Wrong> {
        let equation = equation(reaction, spec)?;
        let wrong = |key, message: &str| wrong(reaction, key, message.to_owned());
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
            return Err(wrong(reaction, "constants", message));
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
        self.hyperbolas(Some(reaction), "factors", &spec.factors)
    }

    fn hyperbolas(
        &mut self,
        reaction: Option<usize>,
        key: &'static str,
        all: &[RateFactor],
    ) -> Result<Vec<Hyperbola>, Wrong> {
        let mut factors = Vec::new();
        for factor in all {
            let (RateFactor::Saturation { of, half_mm } | RateFactor::Inhibition { of, half_mm }) =
                factor;
            let of = self.species(reaction, key, of)?;
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
            return Err(wrong(reaction, "constants", message));
        }
        if let Some(name) = constants.keys().find(|name| names.contains(&name.as_str())) {
            let message =
                format!("`{name}` is known to every rate: call the constant by another name");
            return Err(wrong(reaction, "constants", message));
        }
        let first = names.len();
        names.extend(constants.keys().map(String::as_str));
        let bound = Formula::parse(text).and_then(|formula| formula.bind_plain(&names));
        let bound = bound.map_err(|error| wrong(reaction, "rate", error.to_string()))?;
        if bound.is_condition() {
            let message = "a rate is a number, and this is true or false";
            return Err(wrong(reaction, "rate", message.into()));
        }
        if let Some(unused) = (first..names.len()).find(|&place| !bound.uses(place)) {
            let message = format!("`{}` is not part of the formula of `rate`", names[unused]);
            return Err(wrong(reaction, "constants", message));
        }
        Ok(Form::Formula(bound, constants.values().copied().collect()))
    }
}

fn wrong(reaction: usize, key: &'static str, message: String) -> Wrong {
    Wrong { reaction: Some(reaction), key, message }
}

fn equation(reaction: usize, spec: &spec::Reaction) -> Result<Equation, Wrong> {
    Equation::parse(&spec.equation).map_err(|message| wrong(reaction, "equation", message))
}

/// k cⁿ and factors; the constant is that at 1 mol/L.
fn power_law(
    constant: f64,
    activation_kj_per_mol: f64,
    (of, order): (usize, f64),
    factors: Vec<Hyperbola>,
) -> Law {
    // Of order zero too: it ends where nothing is left.
    let orders = vec![(of, order)];
    let constant = Arrhenius::new(constant, activation_kj_per_mol);
    Law { constant, form: Form::Powers { orders, factors } }
}
