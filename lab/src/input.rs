//! One input of a space, and how its values are laid out on 0..1.

use serde::{Deserialize, Serialize};

use crate::math;

/// One input that a campaign may choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name, with the unit as suffix, such as `cui_ul_per_min`.
    pub name: String,
    /// Lowest value; 0 of a choice.
    pub low: f64,
    /// Highest value; the number of options less one of a choice.
    pub high: f64,
    /// Proposals are multiples of this; 0 for no rounding, 1 for whole numbers.
    pub resolution: f64,
    /// Which values it may have.
    #[serde(default, skip_serializing_if = "InputKind::is_linear")]
    pub kind: InputKind,
}

/// Which values an input may have, and how they are laid out on 0..1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InputKind {
    /// All values of the range, evenly.
    #[default]
    Linear,
    /// All values of the range, which is above zero, evenly by their logarithm.
    Logarithmic,
    /// These values and none between, in rising order, each at its place in the range.
    Levels(Vec<f64>),
    /// One of several options; a value is the number of the option, counted from 0.
    Choice(Vec<Choice>),
}

/// An option of an input that is chosen by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Its name.
    pub name: String,
    /// Numbers that describe it \[m\], as many for each option of an input; options with like numbers are expected to do alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub descriptors: Vec<f64>,
}

impl InputKind {
    /// Whether it is the plain case.
    pub(crate) fn is_linear(&self) -> bool {
        *self == Self::Linear
    }
}

impl Input {
    /// An input whose values are numbers, laid out evenly.
    pub fn number(name: impl Into<String>, low: f64, high: f64, resolution: f64) -> Self {
        Self { name: name.into(), low, high, resolution, kind: InputKind::Linear }
    }

    /// An input whose values are laid out by their logarithm; `low` must be above 0.
    pub fn logarithmic(name: impl Into<String>, low: f64, high: f64, resolution: f64) -> Self {
        Self { kind: InputKind::Logarithmic, ..Self::number(name, low, high, resolution) }
    }

    /// An input that has one of these values, which are put in rising order.
    pub fn levels(name: impl Into<String>, mut levels: Vec<f64>) -> Self {
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let end = |level: Option<&f64>| level.copied().unwrap_or(f64::NAN);
        let (low, high) = (end(levels.first()), end(levels.last()));
        Self { kind: InputKind::Levels(levels), ..Self::number(name, low, high, 0.0) }
    }

    /// An input that is one of these options.
    pub fn choice(name: impl Into<String>, options: Vec<Choice>) -> Self {
        let high = options.len() as f64 - 1.0;
        Self { kind: InputKind::Choice(options), ..Self::number(name, 0.0, high, 0.0) }
    }

    /// The options, where it is chosen by name.
    pub fn options(&self) -> Option<&[Choice]> {
        match &self.kind {
            InputKind::Choice(options) => Some(options),
            _ => None,
        }
    }

    /// The number of the option of this name.
    pub fn option(&self, name: &str) -> Option<usize> {
        self.options()?.iter().position(|option| option.name == name)
    }

    /// Whether constraints, which are linear, can be read off its place on 0..1.
    pub(crate) fn is_even(&self) -> bool {
        matches!(self.kind, InputKind::Linear | InputKind::Levels(_))
    }

    /// What is wrong with it, if anything is.
    pub(crate) fn fault(&self) -> Option<String> {
        match &self.kind {
            InputKind::Linear => None,
            InputKind::Logarithmic if self.low <= 0.0 => {
                Some(format!("a logarithmic range must begin above 0, not at {}", self.low))
            }
            InputKind::Logarithmic => None,
            InputKind::Levels(levels) => {
                let rising = levels.windows(2).all(|pair| pair[0] < pair[1]);
                let ends = levels.first() == Some(&self.low) && levels.last() == Some(&self.high);
                (!rising || !ends).then(|| "its levels must rise from low to high".to_owned())
            }
            InputKind::Choice(options) => fault_of(options),
        }
    }

    /// Where a value lies on 0..1; outside where it lies outside the range.
    pub fn to_unit(&self, value: f64) -> f64 {
        match &self.kind {
            InputKind::Logarithmic => math::ln(value / self.low) / math::ln(self.high / self.low),
            InputKind::Choice(options) => (value + 0.5) / options.len() as f64,
            _ => (value - self.low) / (self.high - self.low),
        }
    }

    /// The value at `unit` of 0..1, rounded to what the input may have.
    pub fn from_unit(&self, unit: f64) -> f64 {
        match &self.kind {
            InputKind::Choice(_) => self.at_unit(unit),
            _ => self.round(self.at_unit(unit)),
        }
    }

    /// The value at `unit` of 0..1, not rounded to the resolution; the nearest level or option where only some are allowed.
    pub(crate) fn at_unit(&self, unit: f64) -> f64 {
        let unit = unit.clamp(0.0, 1.0);
        match &self.kind {
            InputKind::Linear => self.low + unit * (self.high - self.low),
            InputKind::Logarithmic => {
                let value = self.low * math::exp(unit * math::ln(self.high / self.low));
                value.clamp(self.low, self.high)
            }
            InputKind::Levels(_) => self.round(self.low + unit * (self.high - self.low)),
            InputKind::Choice(options) => {
                let place = (unit * options.len() as f64).floor();
                place.min(options.len() as f64 - 1.0)
            }
        }
    }

    /// `x` rounded to the resolution, counted from zero, and kept within the range; the nearest level or option where only some
    /// values are allowed.
    pub fn round(&self, x: f64) -> f64 {
        match &self.kind {
            InputKind::Levels(levels) => {
                let nearer = |a: &&f64, b: &&f64| (*a - x).abs().total_cmp(&(*b - x).abs());
                return levels.iter().min_by(nearer).copied().unwrap_or(x);
            }
            InputKind::Choice(_) => return x.round_ties_even().clamp(self.low, self.high),
            _ => {}
        }
        if self.resolution <= 0.0 {
            return x;
        }
        // A resolution of 0.1 is meant as "one decimal": dividing by the reciprocal gives the number as written.
        let per_unit = 1.0 / self.resolution;
        let rounded = if per_unit >= 1.0 {
            let per_unit = per_unit.round();
            (x * per_unit).round_ties_even() / per_unit
        } else {
            (x / self.resolution).round_ties_even() * self.resolution
        };
        rounded.clamp(self.low, self.high)
    }

    /// Whether the input may have this value: it is in the range, and a level or an option where only those are allowed.
    pub fn allows(&self, value: f64) -> bool {
        let listed = match &self.kind {
            InputKind::Linear | InputKind::Logarithmic => true,
            InputKind::Levels(levels) => levels.contains(&value),
            InputKind::Choice(_) => value.fract().abs() <= 0.0,
        };
        listed && (self.low..=self.high).contains(&value)
    }
}

fn fault_of(options: &[Choice]) -> Option<String> {
    if options.len() < 2 {
        return Some(format!("a choice needs at least 2 options, not {}", options.len()));
    }
    for (i, option) in options.iter().enumerate() {
        if option.name.is_empty() || options[..i].iter().any(|other| other.name == option.name) {
            return Some(format!(
                "an option is named \"{}\", as another or not at all",
                option.name
            ));
        }
        let (described, wanted) = (option.descriptors.len(), options[0].descriptors.len());
        if described != wanted {
            let (name, first) = (&option.name, &options[0].name);
            return Some(format!(
                "{name} has {described} descriptors and {first} has {wanted}: all options need as many"
            ));
        }
        if let Some(value) = option.descriptors.iter().find(|value| !value.is_finite()) {
            return Some(format!(
                "a descriptor of {} is {value}, which is not a number",
                option.name
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ligand() -> Input {
        let option = |name: &str| Choice { name: name.into(), descriptors: Vec::new() };
        Input::choice("ligand", ["XPhos", "SPhos", "dppf"].map(option).to_vec())
    }

    #[test]
    fn an_input_of_every_kind_comes_back_from_its_place() {
        let inputs = [
            Input::number("t_c", 20.0, 90.0, 0.5),
            Input::logarithmic("loading", 0.01, 10.0, 0.0),
            Input::levels("c_m", vec![0.1, 0.153, 0.057]),
            ligand(),
        ];
        let values = [
            vec![20.0, 55.5, 90.0],
            vec![0.01, 0.1, 10.0],
            vec![0.057, 0.1, 0.153],
            vec![0.0, 1.0, 2.0],
        ];
        for (input, values) in inputs.iter().zip(values) {
            assert_eq!(input.fault(), None);
            for value in values {
                let back = input.from_unit(input.to_unit(value));
                assert!((back - value).abs() < 1e-12 * value.max(1.0), "{}: {back}", input.name);
                assert!(input.allows(value));
            }
        }
    }

    #[test]
    fn a_logarithmic_input_is_even_by_its_logarithm() {
        let input = Input::logarithmic("loading", 0.01, 1.0, 0.0);
        assert!((input.from_unit(0.5) - 0.1).abs() < 1e-12);
        assert!((input.to_unit(0.1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn every_option_has_the_same_share() {
        let mut counts = [0; 3];
        (0..3000).for_each(|i| counts[ligand().from_unit(f64::from(i) / 3000.0) as usize] += 1);
        assert_eq!(counts, [1000; 3]);
    }

    #[test]
    fn what_lies_between_levels_or_options_is_not_allowed() {
        let levels = Input::levels("c_m", vec![0.057, 0.1, 0.153]);
        assert!(!levels.allows(0.12));
        assert!((levels.round(0.12) - 0.1).abs() < 1e-15);
        assert!(!ligand().allows(0.5) && !ligand().allows(3.0));
        assert_eq!(ligand().option("dppf"), Some(2));
        assert_eq!(ligand().option("DPPF"), None);
    }

    #[test]
    fn slips_are_explained() {
        let fault = |input: Input| input.fault().unwrap_or_default();
        let option = |name: &str, m: usize| Choice { name: name.into(), descriptors: vec![1.0; m] };
        assert!(fault(Input::logarithmic("x", 0.0, 1.0, 0.0)).contains("above 0, not at 0"));
        assert!(fault(Input::choice("x", vec![option("a", 0)])).contains("at least 2 options"));
        let twice = vec![option("a", 0), option("a", 0)];
        assert!(fault(Input::choice("x", twice)).contains("named \"a\""));
        let odd = vec![option("a", 2), option("b", 1)];
        assert!(fault(Input::choice("x", odd)).contains("b has 1 descriptors and a has 2"));
    }
}
