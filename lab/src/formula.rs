//! Formulas that users write. The rates of reactions use them.
//!
//! A formula is arithmetic over names: `434[ul] / total_flow_ul_per_min`. It has numbers, names,
//! `+ - * / ^`, comparisons, `and`, `or`, `not`, and the functions of [`functions`]. It has no loops
//! and no memory, so it always ends and always gives the same bits.
//!
//! Formulas calculate with quantities. A name's ending is its unit, as everywhere in flowtwin, and a
//! number may have one in brackets. Units are checked when the formula is bound to its names, and the
//! result is converted to the unit that is wanted: a volume in µL over a flow in µL/min is a time, and
//! 42 where seconds are wanted.
//!
//! ```
//! use flowtwin_lab::formula::{Formula, Unit};
//!
//! let formula = Formula::parse("434[ul] / total_flow_ul_per_min")?;
//! let names = ["total_flow_ul_per_min"];
//! let seconds = formula.bind(&names)?.into_unit(Unit::parse("s").expect("a known unit"))?;
//! assert!((seconds.at(&[620.0]) - 42.0).abs() < 1e-12);
//! # Ok::<(), flowtwin_lab::formula::FormulaError>(())
//! ```

mod check;
mod error;
mod expression;
mod function;
mod parse;
mod token;
mod unit;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use error::FormulaError;
pub use function::functions;
pub use unit::{Dimension, Unit};

use expression::Expression;

/// A formula that has been read: its text and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    text: String,
    expression: Expression,
}

impl Formula {
    /// Reads a formula.
    ///
    /// # Errors
    /// If the text is not a formula, with the characters that are wrong.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        Ok(Self { text: text.to_owned(), expression: parse::parse(text)? })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names it uses, each once, in the order of their first use.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.expression.visit_names(&mut |name, _| {
            if !names.contains(&name) {
                names.push(name);
            }
        });
        names
    }

    /// Binds the formula to `names`, in the order in which [`Bound::at`] takes their values. The unit
    /// of a name is its ending ([`Unit::of_name`]).
    ///
    /// # Errors
    /// If the formula uses another name, or its units do not fit together.
    pub fn bind<N: AsRef<str>>(&self, names: &[N]) -> Result<Bound, FormulaError> {
        let known = names.iter().map(|name| (name.as_ref(), Unit::of_name(name.as_ref())));
        self.bind_units(&known.collect::<Vec<_>>())
    }

    /// Binds the formula to names whose units are given.
    ///
    /// # Errors
    /// As [`Formula::bind`].
    pub fn bind_units(&self, names: &[(&str, Unit)]) -> Result<Bound, FormulaError> {
        let expression = self.resolve(names)?;
        let units: Vec<Unit> = names.iter().map(|(_, unit)| *unit).collect();
        let kind = check::check(&expression, &units)
            .map_err(|fault| FormulaError::new(&self.text, fault.span, fault.message))?;
        Ok(Bound { text: self.text.clone(), expression, units, kind, result: Unit::NONE })
    }

    /// Binds the formula to names whose values are plain numbers; units are neither checked nor
    /// converted, and units in the formula's own numbers are refused.
    ///
    /// # Errors
    /// If the formula uses another name, or a number of it has a unit.
    pub fn bind_plain<N: AsRef<str>>(&self, names: &[N]) -> Result<Bound, FormulaError> {
        let known: Vec<_> = names.iter().map(|name| (name.as_ref(), Unit::NONE)).collect();
        if let Some(span) = self.expression.first_unit() {
            let message = "a number has no unit here: this formula calculates with plain numbers";
            return Err(FormulaError::new(&self.text, span, message));
        }
        self.bind_units(&known)
    }

    /// The expression with the place of each name in `names`.
    fn resolve(&self, names: &[(&str, Unit)]) -> Result<Expression, FormulaError> {
        let mut expression = self.expression.clone();
        expression.resolve(&mut |name, span| {
            names.iter().position(|(known, _)| *known == name).ok_or_else(|| {
                let known: Vec<&str> = names.iter().map(|(known, _)| *known).collect();
                FormulaError::unknown_name(&self.text, span, name, &known)
            })
        })?;
        Ok(expression)
    }
}

impl FromStr for Formula {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, FormulaError> {
        Self::parse(text)
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A formula that knows where its values come from and what unit its result has.
#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    text: String,
    expression: Expression,
    units: Vec<Unit>,
    kind: check::Kind,
    result: Unit,
}

impl Bound {
    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The dimension of the result.
    pub fn dimension(&self) -> Dimension {
        self.kind.dimension()
    }

    /// Whether the result is true or false (1 or 0), and no quantity.
    pub fn is_condition(&self) -> bool {
        self.kind == check::Kind::Truth
    }

    /// The same formula with its result in `unit`.
    ///
    /// # Errors
    /// If the result has another dimension than `unit`, or is true or false.
    pub fn into_unit(self, unit: Unit) -> Result<Self, FormulaError> {
        let wrong = if self.is_condition() {
            Some("this is true or false, and a quantity is wanted".to_owned())
        } else if self.dimension() != unit.dimension() {
            Some(format!("this is {}, and {} is wanted", self.dimension(), unit.dimension()))
        } else {
            None
        };
        match wrong {
            Some(message) => Err(FormulaError::new(&self.text, 0..self.text.len(), message)),
            None => Ok(Self { result: unit, ..self }),
        }
    }

    /// The value at `values`, in the order of the names it was bound to and in their units. It is not
    /// finite where the mathematics has no answer, such as at a division by zero.
    ///
    /// # Panics
    /// If there are fewer values than names.
    pub fn at(&self, values: &[f64]) -> f64 {
        assert!(values.len() >= self.units.len(), "one value for each name");
        let value = self.expression.evaluate(&|i| self.units[i].to_base(values[i]));
        self.result.from_base(value)
    }

    /// Whether the formula uses the name at this place among those that it was bound to.
    pub fn uses(&self, place: usize) -> bool {
        self.expression.uses(place)
    }

    /// Whether the condition holds at `values`.
    ///
    /// # Panics
    /// As [`Bound::at`].
    pub fn holds(&self, values: &[f64]) -> bool {
        self.at(values) > 0.5
    }
}
