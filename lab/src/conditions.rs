//! Conditions of an experiment and the space they live in.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::constraint::Constraint;
use crate::input::{Input, InputKind};
use crate::sensible::{LARGEST, is_sensible};

/// A point in a [`Space`]: one value for each input, by name, in the order of the space.
///
/// The value of an input that is chosen by name is the number of the option; [`Conditions::word`] is its name, and so it is
/// written to files.
#[derive(Clone, Debug)]
pub struct Conditions {
    names: Arc<[String]>,
    values: Vec<f64>,
    /// The options of each input that is chosen by name; empty where there is none.
    options: Arc<[Vec<String>]>,
}

/// A value as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Word<'a> {
    /// A number.
    Number(f64),
    /// The name of an option.
    Name(&'a str),
}

impl Word<'_> {
    /// The number, where it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(value),
            Self::Name(_) => None,
        }
    }
}

impl std::fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl PartialEq for Conditions {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names && self.words().map(|(_, w)| w).eq(other.words().map(|(_, w)| w))
    }
}

impl Conditions {
    /// A point with these names and values.
    ///
    /// # Panics
    /// If the lengths differ or a value is not finite.
    pub fn new(names: Arc<[String]>, values: Vec<f64>) -> Self {
        assert_eq!(names.len(), values.len(), "one value for each input");
        assert!(values.iter().all(|v| v.is_finite()), "conditions must be finite: {values:?}");
        Self { names, values, options: [].into() }
    }

    /// The names of the inputs, with their units as suffix.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The values, in the order of the names.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value of one input, where it is a number: what a file knows of an option is its name.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.words().find(|(known, _)| *known == name).and_then(|(_, word)| word.number())
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.names.iter().map(String::as_str).zip(self.values.iter().copied())
    }

    /// The value of the input at `place` as people write it.
    ///
    /// # Panics
    /// If there is no such input.
    pub fn word(&self, place: usize) -> Word<'_> {
        let value = self.values[place];
        let named = self.options.get(place).and_then(|options| options.get(value as usize));
        named.map_or(Word::Number(value), |name| Word::Name(name))
    }

    /// Names of inputs and their values as people write them, in order.
    pub fn words(&self) -> impl Iterator<Item = (&str, Word<'_>)> {
        self.names.iter().enumerate().map(|(place, name)| (name.as_str(), self.word(place)))
    }
}

impl Serialize for Conditions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.values.len()))?;
        for (name, word) in self.words() {
            map.serialize_entry(name, &word)?;
        }
        map.end()
    }
}

/// A value as files have it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a finite number or the name of an option")]
enum Entry {
    Number(f64),
    Name(String),
}

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Conditions;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of input names to finite numbers or names of options")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Conditions, A::Error> {
                let (mut names, mut values, mut options) = (Vec::new(), Vec::new(), Vec::new());
                while let Some((name, entry)) = map.next_entry::<String, Entry>()? {
                    let (value, word) = match entry {
                        Entry::Number(value) => (value, Vec::new()),
                        Entry::Name(word) => (0.0, vec![word]),
                    };
                    if !value.is_finite() {
                        return Err(serde::de::Error::custom(format!("{name} is not finite")));
                    }
                    names.push(name);
                    values.push(value);
                    options.push(word);
                }
                if options.iter().all(Vec::is_empty) {
                    options.clear();
                }
                Ok(Conditions { names: names.into(), values, options: options.into() })
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Conditions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Conditions".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A value for each input, by name.",
            "type": "object",
            "additionalProperties": { "anyOf": [{ "type": "number" }, { "type": "string" }] },
        })
    }
}

/// The box of inputs and the constraints within it.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    names: Arc<[String]>,
    inputs: Vec<Input>,
    constraints: Vec<Constraint>,
    options: Arc<[Vec<String>]>,
    /// Smallest value above zero of each input; zero where any will do.
    least: Vec<f64>,
}

/// Why a space cannot be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// There is no input.
    #[error("a space needs at least one input")]
    Empty,
    /// A range is inverted or empty, or its ends are not [sensible](crate::is_sensible).
    #[error(
        "the range of {name} runs from {low} to {high}: low must be below high, and both within ±{LARGEST:e}"
    )]
    Range {
        /// Input.
        name: String,
        /// Given lower end.
        low: f64,
        /// Given upper end.
        high: f64,
    },
    /// Two inputs have one name.
    #[error("two inputs are named {name}")]
    Twice {
        /// Input.
        name: String,
    },
    /// An input cannot be as it is described.
    #[error("the input {name}: {fault}")]
    Input {
        /// Input.
        name: String,
        /// What is wrong.
        fault: String,
    },
    /// A constraint is on an input that is not a number on an even scale.
    #[error(
        "\"{constraint}\" bounds a sum with {input}, which is logarithmic or chosen by name: only numbers on an even scale can be bounded"
    )]
    Uneven {
        /// Constraint.
        constraint: String,
        /// Input.
        input: String,
    },
    /// No point of the box meets a constraint.
    #[error(
        "no point of the box meets \"{name}\": the best it can do is {best}, allowed is {low} to {high}"
    )]
    Infeasible {
        /// Constraint.
        name: String,
        /// Value nearest to the allowed range that the box reaches.
        best: f64,
        /// Lowest value allowed.
        low: f64,
        /// Highest value allowed.
        high: f64,
    },
}

impl Space {
    /// A space of these inputs and constraints.
    ///
    /// # Errors
    /// If a range is inverted, a name is used twice, levels or options are not as they must be, or a constraint can be met
    /// nowhere in the box. Whether
    /// all constraints can be met *together* is found by sampling when a policy is first asked.
    pub fn new(inputs: Vec<Input>, constraints: Vec<Constraint>) -> Result<Self, SpaceError> {
        if inputs.is_empty() {
            return Err(SpaceError::Empty);
        }
        for (i, input) in inputs.iter().enumerate() {
            if !(is_sensible(input.low) && is_sensible(input.high) && input.low < input.high) {
                let Input { name, low, high, .. } = input.clone();
                return Err(SpaceError::Range { name, low, high });
            }
            if inputs[..i].iter().any(|other| other.name == input.name) {
                return Err(SpaceError::Twice { name: input.name.clone() });
            }
            if let Some(fault) = input.fault() {
                return Err(SpaceError::Input { name: input.name.clone(), fault });
            }
        }
        let names = inputs.iter().map(|input| input.name.clone()).collect();
        let options = options(&inputs);
        let least = vec![0.0; inputs.len()];
        let space = Self { names, inputs, constraints, options, least };
        space.constraints.iter().try_for_each(|c| space.reachable(c))?;
        Ok(space)
    }

    /// The same space with inputs that are either zero or at least this \[dim\]: a pump is off, or runs no slower than it
    /// can. What is asked for in between becomes the nearer of the two.
    ///
    /// # Panics
    /// If the number of values is not [`Space::dim`].
    #[must_use]
    pub fn zero_or_at_least(self, least: Vec<f64>) -> Self {
        assert_eq!(least.len(), self.dim(), "one value for each input");
        Self { least, ..self }
    }

    /// Smallest value above zero of each input \[dim\]; zero where any will do.
    pub fn least(&self) -> &[f64] {
        &self.least
    }

    /// `x` of an input as it can be set: rounded, within its range, and not between zero and the least.
    ///
    /// # Panics
    /// If there is no such input.
    pub fn settable(&self, input: usize, x: f64) -> f64 {
        let rounded = self.inputs[input].round(x);
        nearer_of_zero_and(self.least[input], rounded)
    }

    /// Whether some point of the box meets a linear constraint. Of formulas that is found by looking, when a region is made.
    fn reachable(&self, constraint: &Constraint) -> Result<(), SpaceError> {
        let Some(of) = constraint.of.linear() else { return Ok(()) };
        let (mut least, mut most) = (of.constant, of.constant);
        for (factor, input) in of.factors.iter().zip(&self.inputs) {
            if factor.abs() > 0.0 && !input.is_even() {
                let (constraint, input) = (constraint.name.clone(), input.name.clone());
                return Err(SpaceError::Uneven { constraint, input });
            }
            let (a, b) = (factor * input.low, factor * input.high);
            least += a.min(b);
            most += a.max(b);
        }
        let Constraint { name, low, high, .. } = constraint.clone();
        if most < low {
            return Err(SpaceError::Infeasible { name, best: most, low, high });
        }
        if least > high {
            return Err(SpaceError::Infeasible { name, best: least, low, high });
        }
        Ok(())
    }

    /// Number of inputs.
    pub fn dim(&self) -> usize {
        self.inputs.len()
    }

    /// The inputs in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The constraints.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// Conditions with these values, in the order of the inputs.
    ///
    /// # Panics
    /// If the number of values is not [`Space::dim`] or one is not finite.
    pub fn conditions(&self, values: Vec<f64>) -> Conditions {
        let options = self.options.clone();
        Conditions { options, ..Conditions::new(self.names.clone(), values) }
    }

    /// The value of an input among conditions that may come from elsewhere, where inputs and options
    /// may stand in another order; none
    /// where they lack it, or name an option that this input does not have.
    pub fn value(&self, input: &Input, conditions: &Conditions) -> Option<f64> {
        let place = conditions.names().iter().position(|name| *name == input.name)?;
        match conditions.word(place) {
            Word::Name(name) => input.option(name).map(|option| option as f64),
            Word::Number(value) => Some(value),
        }
    }

    /// The values of conditions in the order of the inputs, options by their number; not a number where there is none.
    fn numbers<'a>(&self, conditions: &'a Conditions) -> Cow<'a, [f64]> {
        if !self.has_choices() {
            return Cow::Borrowed(conditions.values());
        }
        let number = |input| self.value(input, conditions).unwrap_or(f64::NAN);
        Cow::Owned(self.inputs.iter().map(number).collect())
    }

    /// Whether an input is chosen by name.
    pub fn has_choices(&self) -> bool {
        !self.options.is_empty()
    }

    /// The conditions at a point of the unit cube \[dim\], clamped to the cube and rounded to the resolution of
    /// each input.
    pub fn from_unit(&self, unit: &[f64]) -> Conditions {
        let value = |(i, (u, input)): (usize, (&f64, &Input))| match input.kind {
            InputKind::Linear => {
                self.settable(i, input.low + u.clamp(0.0, 1.0) * (input.high - input.low))
            }
            _ => input.from_unit(*u),
        };
        self.conditions(unit.iter().zip(&self.inputs).enumerate().map(value).collect())
    }

    /// The values at a point of the unit cube \[dim\], not rounded to the resolution of the inputs; the nearest level or option
    /// where only some values are allowed.
    pub fn at_unit(&self, unit: &[f64]) -> Vec<f64> {
        unit.iter().zip(&self.inputs).map(|(u, input)| input.at_unit(*u)).collect()
    }

    /// Where conditions lie in the unit cube \[dim\]; outside 0..1 where they lie outside the box, or name an option that
    /// there is not.
    pub fn to_unit(&self, conditions: &Conditions) -> Vec<f64> {
        let unit = |(place, input): (usize, &Input)| match conditions.word(place) {
            Word::Number(value) => input.to_unit(value),
            Word::Name(name) => input.option(name).map_or(2.0, |at| input.to_unit(at as f64)),
        };
        self.inputs.iter().enumerate().map(unit).collect()
    }

    /// The middle of the box.
    pub fn centre(&self) -> Conditions {
        self.from_unit(&vec![0.5; self.dim()])
    }

    /// The constraints that `conditions` miss by more than rounding (1e-9 of the bound's size).
    pub fn broken<'a>(
        &'a self,
        conditions: &'a Conditions,
    ) -> impl Iterator<Item = &'a Constraint> {
        let values = self.numbers(conditions);
        self.constraints.iter().filter(move |c| {
            let bounds = [c.low, c.high].into_iter().filter(|bound| bound.is_finite());
            let scale = bounds.map(f64::abs).fold(1.0, f64::max);
            c.violation(&values) > 1e-9 * scale
        })
    }

    /// The first input that lies between zero and the least it can be set to, with that.
    pub fn too_slow(&self, conditions: &Conditions) -> Option<(&Input, f64)> {
        let between = |(x, least): (&f64, &f64)| *x > 0.0 && *x < least * (1.0 - 1e-12);
        let place = conditions.values().iter().zip(&self.least).position(between)?;
        Some((&self.inputs[place], self.least[place]))
    }

    /// Whether `conditions` lie in the box, at levels and options that there are, and meet every constraint.
    pub fn contains(&self, conditions: &Conditions) -> bool {
        let allowed = |(place, input): (usize, &Input)| match conditions.word(place) {
            Word::Number(value) => input.allows(value),
            Word::Name(name) => input.option(name).is_some(),
        };
        let inside = self.inputs.iter().enumerate().all(allowed);
        inside && self.too_slow(conditions).is_none() && self.broken(conditions).next().is_none()
    }
}

/// `x`, or where it lies between zero and `least`, the nearer of the two.
pub(crate) fn nearer_of_zero_and(least: f64, x: f64) -> f64 {
    match x {
        x if x <= 0.0 || x >= least => x,
        x if x < 0.5 * least => 0.0,
        _ => least,
    }
}

/// The names of the options of each input; empty where no input is chosen by name.
fn options(inputs: &[Input]) -> Arc<[Vec<String>]> {
    if inputs.iter().all(|input| input.options().is_none()) {
        return [].into();
    }
    let names = |input: &Input| {
        input.options().unwrap_or_default().iter().map(|option| option.name.clone()).collect()
    };
    inputs.iter().map(names).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Choice;
    use crate::linear::Linear;

    fn input(name: &str, low: f64, high: f64) -> Input {
        Input::number(name, low, high, 0.1)
    }

    #[test]
    fn unit_cube_and_box_map_onto_each_other() {
        let space =
            Space::new(vec![input("a", 120.0, 150.0), input("b", 5.0, 35.0)], vec![]).unwrap();
        let conditions = space.from_unit(&[0.5, 0.1]);
        assert_eq!(conditions.values(), [135.0, 8.0]);
        let unit = space.to_unit(&conditions);
        assert!((unit[0] - 0.5).abs() < 1e-12 && (unit[1] - 0.1).abs() < 1e-12);
    }

    #[test]
    fn a_constraint_that_no_point_can_meet_is_refused_with_numbers() {
        let sum = Linear { constant: 0.0, factors: vec![1.0, 1.0] };
        let constraint = Constraint::linear("total", sum, 50.0, 60.0);
        let error =
            Space::new(vec![input("a", 0.0, 10.0), input("b", 0.0, 20.0)], vec![constraint]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "no point of the box meets \"total\": the best it can do is 30, allowed is 50 to 60"
        );
    }

    #[test]
    fn a_bound_on_one_side_alone_is_kept_exactly() {
        let of = Linear { constant: 0.0, factors: vec![1.0, 1.0] };
        let total = Constraint::linear("total", of, f64::NEG_INFINITY, 15.0);
        let inputs = vec![input("a", 0.0, 10.0), input("b", 0.0, 10.0)];
        let space = Space::new(inputs, vec![total]).unwrap();
        assert!(space.contains(&space.conditions(vec![5.0, 10.0])));
        assert!(!space.contains(&space.conditions(vec![5.1, 10.0])));
    }

    /// A pump that runs at 0.5 or faster, or not at all.
    #[test]
    fn an_input_can_be_off_but_not_slower_than_it_can_be() {
        let inputs = vec![input("pump", 0.0, 10.0), input("other", 0.0, 10.0)];
        let space = Space::new(inputs, vec![]).unwrap().zero_or_at_least(vec![0.5, 0.0]);
        let at = |u: f64| space.from_unit(&[u, u]).values().to_vec();
        assert_eq!([at(0.0), at(0.02)], [[0.0, 0.0], [0.0, 0.2]]);
        assert_eq!([at(0.03), at(0.05), at(1.0)], [[0.5, 0.3], [0.5, 0.5], [10.0, 10.0]]);
        assert!(space.contains(&space.conditions(vec![0.0, 0.2])));
        assert!(space.contains(&space.conditions(vec![0.5, 0.2])));
        let slow = space.conditions(vec![0.2, 0.2]);
        assert!(!space.contains(&slow));
        let (found, least) = space.too_slow(&slow).unwrap();
        assert_eq!((found.name.as_str(), least), ("pump", 0.5));
    }

    #[test]
    fn an_inverted_range_is_refused() {
        let error = Space::new(vec![input("t_c", 150.0, 120.0)], vec![]).unwrap_err();
        assert!(error.to_string().contains("t_c runs from 150 to 120"));
    }

    #[test]
    fn conditions_survive_json_in_order() {
        let space = Space::new(vec![input("z", 0.0, 1.0), input("a", 0.0, 1.0)], vec![]).unwrap();
        let conditions = space.conditions(vec![0.25, 0.75]);
        let text = serde_json::to_string(&conditions).unwrap();
        assert_eq!(text, r#"{"z":0.25,"a":0.75}"#);
        assert_eq!(serde_json::from_str::<Conditions>(&text).unwrap(), conditions);
    }

    fn mixed() -> Space {
        let option = |name: &str| Choice { name: name.into(), descriptors: Vec::new() };
        let ligand = Input::choice("ligand", ["XPhos", "SPhos"].map(option).to_vec());
        Space::new(vec![ligand, input("t_c", 20.0, 90.0)], vec![]).unwrap()
    }

    #[test]
    fn choices_are_written_by_name_and_understood_in_any_order() {
        let space = mixed();
        let conditions = space.conditions(vec![1.0, 55.0]);
        let text = serde_json::to_string(&conditions).unwrap();
        assert_eq!(text, r#"{"ligand":"SPhos","t_c":55.0}"#);
        let read: Conditions = serde_json::from_str(&text).unwrap();
        assert_eq!(read, conditions);
        assert_eq!(space.to_unit(&read), space.to_unit(&conditions));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let unknown: Conditions = serde_json::from_str(r#"{"ligand":"dppf","t_c":55.0}"#).unwrap();
        assert!(!space.contains(&unknown) && space.contains(&read));
        assert_eq!(space.value(&space.inputs()[0], &read), Some(1.0));
        assert_eq!(space.value(&space.inputs()[0], &unknown), None);
    }

    #[test]
    fn a_sum_with_an_input_that_has_no_even_scale_is_refused() {
        let of = Linear { constant: 0.0, factors: vec![1.0, 1.0] };
        let total = Constraint::linear("total", of, 0.0, 60.0);
        let inputs = mixed().inputs().to_vec();
        let error = Space::new(inputs, vec![total]).unwrap_err();
        assert!(error.to_string().starts_with("\"total\" bounds a sum with ligand"), "{error}");
    }
}
