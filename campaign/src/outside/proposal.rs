//! From what an optimiser says to conditions that may be set.

use flowtwin_lab::{Conditions, Input, Space, is_sensible, nearest};

use super::message::Setting;
use crate::ordered::Ordered;

/// Share of an input's range by which a value may lie outside from rounding alone.
const ROUNDING: f64 = 1e-9;

/// Why proposed values are no conditions of a space.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposalError {
    /// An input has no value.
    #[error("{name} has no value: it must be between {low} and {high}")]
    Missing {
        /// The input.
        name: String,
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// A value belongs to no input.
    #[error("there is no input {name}; {advice}")]
    Unknown {
        /// The name.
        name: String,
        /// The input that was probably meant, or all that there are.
        advice: String,
    },
    /// A name has two values.
    #[error("{name} has two values")]
    Twice {
        /// The name.
        name: String,
    },
    /// A value is outside its range.
    #[error("{name} = {value} is outside {low} to {high}")]
    OutOfRange {
        /// The input.
        name: String,
        /// The value.
        value: f64,
        /// Lowest value.
        low: f64,
        /// Highest value.
        high: f64,
    },
    /// A number in place of a name, or a name that no option has.
    #[error("{name} = {value} is none of its options: {known}")]
    Option {
        /// The input.
        name: String,
        /// What was proposed.
        value: String,
        /// The options there are.
        known: String,
    },
    /// A name in place of a number.
    #[error("{name} = {value} is not a number")]
    Word {
        /// The input.
        name: String,
        /// What was proposed.
        value: String,
    },
    /// A constraint does not hold.
    #[error("\"{name}\" would be {value}, allowed is {allowed}")]
    Constraint {
        /// What is bounded.
        name: String,
        /// Its value.
        value: f64,
        /// What is allowed, in words.
        allowed: String,
    },
}

/// The conditions that `values` name, rounded to the resolution of the inputs.
///
/// # Errors
/// If an input is missing, unknown, named twice or out of range, or a constraint of `space` does not hold.
pub fn proposal(space: &Space, values: &Ordered<Setting>) -> Result<Conditions, ProposalError> {
    all_known(space, values)?;
    let rounded: Result<Vec<f64>, _> =
        (0..space.dim()).map(|input| value(space, input, values)).collect();
    let conditions = space.conditions(rounded?);
    if let Some(broken) = space.broken(&conditions).next() {
        let (name, value) = (broken.name.clone(), broken.of.at(conditions.values()));
        return Err(ProposalError::Constraint { name, value, allowed: broken.allowed() });
    }
    Ok(conditions)
}

/// The conditions that a lab says it has set: what was done is done, whether or not it lies on the grid or in the range.
///
/// # Errors
/// If an input is missing, unknown or named twice, or a value is none.
pub fn as_set(space: &Space, values: &Ordered<Setting>) -> Result<Conditions, ProposalError> {
    all_known(space, values)?;
    let told = space.inputs().iter().map(|input| told(input, values));
    Ok(space.conditions(told.collect::<Result<_, _>>()?))
}

/// Makes sure that every name is that of an input, once.
fn all_known(space: &Space, values: &Ordered<Setting>) -> Result<(), ProposalError> {
    for (i, (name, _)) in values.iter().enumerate() {
        let name = name.to_owned();
        if !space.inputs().iter().any(|input| input.name == name) {
            let known: Vec<_> = space.inputs().iter().map(|input| input.name.as_str()).collect();
            let advice = match nearest(&name, &known) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("there are {}", known.join(", ")),
            };
            return Err(ProposalError::Unknown { name, advice });
        }
        if values.iter().take(i).any(|(other, _)| other == name) {
            return Err(ProposalError::Twice { name });
        }
    }
    Ok(())
}

/// The value of an input within its range, as it can be set.
fn value(space: &Space, place: usize, values: &Ordered<Setting>) -> Result<f64, ProposalError> {
    let input = &space.inputs()[place];
    let value = told(input, values)?;
    if input.options().is_some() {
        return Ok(value);
    }
    let Input { name, low, high, .. } = input.clone();
    let slack = ROUNDING * (high - low);
    if !(low - slack..=high + slack).contains(&value) {
        return Err(ProposalError::OutOfRange { name, value, low, high });
    }
    Ok(space.settable(place, value.clamp(low, high)))
}

/// The value of an input as it is told: a number, or the place of an option.
fn told(input: &Input, values: &Ordered<Setting>) -> Result<f64, ProposalError> {
    let Input { name, low, high, .. } = input.clone();
    let Some(setting) = values.get(&input.name) else {
        return Err(ProposalError::Missing { name, low, high });
    };
    if let Some(options) = input.options() {
        let value = setting.to_string();
        let place = setting.number().is_none().then(|| input.option(&value)).flatten();
        let known: Vec<&str> = options.iter().map(|option| option.name.as_str()).collect();
        let unknown = ProposalError::Option { name, value, known: known.join(", ") };
        return place.map(|place| place as f64).ok_or(unknown);
    }
    let number = setting.number().filter(|value| is_sensible(*value));
    number.ok_or_else(|| ProposalError::Word { name, value: setting.to_string() })
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::{Constraint, Linear};

    use super::*;

    fn space() -> Space {
        let input = |name: &str| Input::number(name, 0.0, 10.0, 0.1);
        let of = Linear { constant: 0.0, factors: vec![1.0, 1.0] };
        let total = Constraint::linear("total", of, f64::NEG_INFINITY, 15.0);
        Space::new(vec![input("a"), input("b")], vec![total]).unwrap()
    }

    fn propose(values: &[(&str, f64)]) -> Result<Vec<f64>, String> {
        let values = values.iter().map(|(n, v)| ((*n).to_owned(), Setting::Number(*v))).collect();
        let conditions = proposal(&space(), &values).map_err(|error| error.to_string())?;
        Ok(conditions.values().to_vec())
    }

    #[test]
    fn values_are_put_in_order_and_rounded() {
        assert_eq!(propose(&[("b", 2.04), ("a", 10.000_000_001)]), Ok(vec![10.0, 2.0]));
    }

    #[test]
    fn what_was_set_is_what_is_told() {
        let set = |values: &[(&str, f64)]| {
            let values = values.iter().map(|(n, v)| ((*n).to_owned(), Setting::Number(*v)));
            let conditions =
                as_set(&space(), &values.collect()).map_err(|error| error.to_string())?;
            Ok::<_, String>(conditions.values().to_vec())
        };
        assert_eq!(set(&[("b", 12.345_678), ("a", 9.0)]), Ok(vec![9.0, 12.345_678]));
        assert_eq!(set(&[("a", 1.0)]).unwrap_err(), "b has no value: it must be between 0 and 10");
        let wild = set(&[("a", 1.0), ("b", 1e200)]).unwrap_err();
        assert!(wild.starts_with("b = 1") && wild.ends_with("is not a number"), "{wild}");
    }

    #[test]
    fn every_slip_is_explained_with_its_numbers() {
        let why = |values| propose(values).unwrap_err();
        assert_eq!(why(&[("a", 1.0)]), "b has no value: it must be between 0 and 10");
        assert_eq!(why(&[("c", 1.0)]), "there is no input c; there are a, b");
        assert_eq!(why(&[("a", 1.0), ("a", 2.0)]), "a has two values");
        assert_eq!(why(&[("a", 11.0), ("b", 1.0)]), "a = 11 is outside 0 to 10");
        assert_eq!(why(&[("a", 9.0), ("b", 9.0)]), "\"total\" would be 18, allowed is at most 15");
    }
}
