//! A space as its line tells it, and back.

use std::sync::Arc;

use flowtwin_lab::formula::{Formula, FormulaError, Unit};
use flowtwin_lab::{
    Choice, Constraint, Follows, Given, Input, InputKind, Linear, Quantities, Space, SpaceError,
};

use super::message::{ConstraintLine, InputLine, QuantityLine, SpaceLine};

/// Why a line tells no space.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceLineError {
    /// The inputs and constraints make none.
    #[error(transparent)]
    Space(#[from] SpaceError),
    /// A formula cannot be computed.
    #[error("{name} cannot be computed: {error}")]
    Formula {
        /// What the formula gives.
        name: String,
        /// Why not.
        error: FormulaError,
    },
    /// A quantity is neither an input, nor an option, a number or a formula.
    #[error("it is not said what {name} is")]
    Quantity {
        /// Its name.
        name: String,
    },
}

/// The lines of everything in a space: inputs, constraints, and the quantities that formulas use.
pub(crate) fn lines(space: &Space) -> (Vec<InputLine>, Vec<ConstraintLine>, Vec<QuantityLine>) {
    let inputs = space.inputs().iter().map(InputLine::new).collect();
    let constraints = space.constraints().iter().map(|c| ConstraintLine::new(c, space)).collect();
    let formula = space.constraints().iter().find_map(|constraint| constraint.of.computed());
    let quantities = formula.map(|formula| quantities(formula.quantities(), space));
    (inputs, constraints, quantities.unwrap_or_default())
}

fn quantities(all: &Quantities, space: &Space) -> Vec<QuantityLine> {
    let line = |(name, given): (&str, Given<'_>)| {
        let line = QuantityLine { name: name.to_owned(), ..QuantityLine::default() };
        let input = |place: usize| Some(space.inputs()[place].name.clone());
        match given {
            Given::Input(place) => QuantityLine { input: input(place), ..line },
            Given::Chosen { input: place, option } => {
                let options = space.inputs()[place].options().unwrap_or_default();
                let option = options.get(option).map(|option| option.name.clone());
                QuantityLine { input: input(place), option, ..line }
            }
            Given::Constant(value) => QuantityLine { constant: Some(value), ..line },
            Given::Formula(text) => QuantityLine { formula: Some(text.to_owned()), ..line },
        }
    };
    all.iter().map(line).collect()
}

impl SpaceLine {
    /// The space that it tells: bounds on formulas hold there as they do where it comes from.
    ///
    /// # Errors
    /// If it tells none.
    pub fn space(&self) -> Result<Space, SpaceLineError> {
        let inputs: Vec<Input> = self.inputs.iter().map(InputLine::input).collect();
        let quantities = Arc::new(self.known(&inputs)?);
        let constraint = |line: &ConstraintLine| line.constraint(&inputs, &quantities);
        let constraints = self.constraints.iter().map(constraint).collect::<Result<_, _>>()?;
        Ok(Space::new(inputs, constraints)?)
    }

    fn known(&self, inputs: &[Input]) -> Result<Quantities, SpaceLineError> {
        let mut known = Quantities::default();
        for QuantityLine { name, input, option, constant, formula } in &self.quantities {
            let unknown = || SpaceLineError::Quantity { name: name.clone() };
            if let Some(formula) = formula {
                let failed = |error| SpaceLineError::Formula { name: name.clone(), error };
                known.declare(name, Unit::of_name(name));
                let formula = Formula::parse(formula).map_err(failed)?;
                known.define(name, &formula).map_err(failed)?;
            } else if let Some(value) = constant {
                known.constant(name, *value);
            } else {
                let place = inputs.iter().position(|other| Some(&other.name) == input.as_ref());
                let place = place.ok_or_else(unknown)?;
                match option {
                    None => known.input(name, place),
                    Some(option) => {
                        let option = inputs[place].option(option).ok_or_else(unknown)?;
                        known.chosen(name, place, option);
                    }
                }
            }
        }
        Ok(known)
    }
}

impl InputLine {
    /// The line for an input.
    pub fn new(input: &Input) -> Self {
        let Input { name, low, high, resolution, kind } = input.clone();
        let options = input.options().unwrap_or_default();
        let descriptors = options.iter().map(|option| option.descriptors.clone());
        let described = options.iter().any(|option| !option.descriptors.is_empty());
        Self {
            logarithmic: kind == InputKind::Logarithmic,
            options: options.iter().map(|option| option.name.clone()).collect(),
            descriptors: if described { descriptors.collect() } else { Vec::new() },
            levels: match kind {
                InputKind::Levels(levels) => levels,
                _ => Vec::new(),
            },
            name,
            low,
            high,
            resolution,
        }
    }

    fn input(&self) -> Input {
        let Self { name, low, high, resolution, .. } = self.clone();
        if !self.options.is_empty() {
            let option = |(place, name): (usize, &String)| {
                let descriptors = self.descriptors.get(place).cloned().unwrap_or_default();
                Choice { name: name.clone(), descriptors }
            };
            return Input::choice(name, self.options.iter().enumerate().map(option).collect());
        }
        match (self.levels.is_empty(), self.logarithmic) {
            (false, _) => Input::levels(name, self.levels.clone()),
            (true, true) => Input::logarithmic(name, low, high, resolution),
            (true, false) => Input::number(name, low, high, resolution),
        }
    }
}

impl ConstraintLine {
    /// The line for a constraint of `space`.
    pub fn new(constraint: &Constraint, space: &Space) -> Self {
        let names = space.inputs().iter().map(|input| input.name.clone());
        let linear = constraint.of.linear();
        let factors = linear.into_iter().flat_map(|linear| linear.factors.iter().copied());
        Self {
            name: constraint.name.clone(),
            constant: linear.map_or(0.0, |linear| linear.constant),
            factors: names.zip(factors).collect(),
            formula: constraint.of.formula().map(str::to_owned),
            quantity: constraint.of.computed().map(|computed| computed.name().to_owned()),
            or_zero: constraint.or_zero,
            low: constraint.low.is_finite().then_some(constraint.low),
            high: constraint.high.is_finite().then_some(constraint.high),
        }
    }

    fn constraint(
        &self,
        inputs: &[Input],
        quantities: &Arc<Quantities>,
    ) -> Result<Constraint, SpaceLineError> {
        let low = self.low.unwrap_or(f64::NEG_INFINITY);
        let high = self.high.unwrap_or(f64::INFINITY);
        if self.formula.is_none() {
            let factor = |input: &Input| self.factors.get(&input.name).copied().unwrap_or_default();
            let factors = inputs.iter().map(factor).collect();
            let of = Linear { constant: self.constant, factors };
            return Ok(Constraint::linear(&*self.name, of, low, high));
        }
        let named = self.quantity.as_deref().and_then(|name| quantities.shared(name));
        let of = named.ok_or_else(|| SpaceLineError::Quantity { name: self.name.clone() })?;
        let (name, of) = (self.name.clone(), Follows::Formula(of));
        Ok(Constraint { name, of, low, high, or_zero: self.or_zero })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::FromLab;
    use crate::scenario::Scenario;

    /// A space with bounds on formulas, which use a constant, an option, and each other; options are described by numbers.
    const FORMULAS: &str = r#"
        schema = 1
        name = "bounded"
        title = "Bounds on formulas"
        seed = 1
        [space.inputs.time_s]
        low = 60.0
        high = 600.0
        logarithmic = true
        [space.inputs.ratio]
        low = 0.5
        high = 4.0
        [space.inputs.solvent]
        options = ["thf", "dmf", "water"]
        descriptors = { thf = [7.6, 1.75], dmf = [36.7, 3.86], water = [80.1, 1.85] }
        [space.derived.total_ul_per_min]
        formula = "900[ul] / time_s"
        [space.derived.dear]
        formula = "solvent_dmf * ratio"
        [space.constraints.formulas.acid_ul_per_min]
        formula = "total_ul_per_min / (1 + ratio)"
        at_least = 20.0
        at_most = 400.0
        [space.constraints.formulas.price]
        formula = "ratio + 2 * dear"
        at_most = 6.0
        [objective]
        feature = "yield"
        goal = "maximize"
        [[phases]]
        name = "all"
        policy = "random"
        experiments = 3
    "#;

    fn told_again(space: &Space) -> Space {
        let (inputs, constraints, quantities) = lines(space);
        let objective = super::super::ObjectiveLine {
            feature: "yield".into(),
            goal: flowtwin_lab::Goal::Maximize,
        };
        let line = SpaceLine {
            protocol: 1,
            scenario: String::new(),
            seed: 1,
            inputs,
            constraints,
            quantities,
            objective,
            objectives: Vec::new(),
            limits: Vec::new(),
            budget: super::super::Budget::default(),
            now_s: 0.0,
            simulated: true,
            fills: false,
            at_once: None,
            under_way: Vec::new(),
            longest_s: None,
        };
        let text = serde_json::to_string(&FromLab::Space(Box::new(line))).unwrap();
        match serde_json::from_str(&text).unwrap() {
            FromLab::Space(line) => line.space().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_space_comes_back_from_its_line_with_its_bounds_on_formulas() {
        let tree = crate::scenario::Tree::read_text(FORMULAS, "bounded.toml".as_ref()).unwrap();
        let scenario = Scenario::of(&tree, "".as_ref()).unwrap();
        let (space, again) = (scenario.space(), told_again(scenario.space()));
        assert_eq!(again.inputs(), space.inputs());
        assert_eq!(again.constraints().len(), 2);
        let mut broken = 0;
        for i in 0..500 {
            let share = |factor: f64| (f64::from(i) * factor).fract();
            let u = [share(0.618_034), share(0.754_878), share(0.569_84)];
            let conditions = space.from_unit(&u);
            for (ours, theirs) in space.constraints().iter().zip(again.constraints()) {
                let of = |c: &Constraint| c.violation(conditions.values()).to_bits();
                assert_eq!(of(ours), of(theirs), "{} at {conditions:?}", ours.name);
                assert_eq!(
                    (ours.name.as_str(), ours.allowed()),
                    (theirs.name.as_str(), theirs.allowed())
                );
            }
            broken += usize::from(!space.contains(&conditions));
        }
        assert!((20..480).contains(&broken), "{broken}");
    }
}
