//! Bounds on what follows from the inputs of a space.

use crate::follows::Follows;
use crate::linear::Linear;

/// A bound on what follows from the inputs, such as "the rate of the make-up pump is not negative".
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// What is bounded, in words.
    pub name: String,
    /// What follows from the inputs.
    pub of: Follows,
    /// Lowest value allowed; minus infinity for none.
    pub low: f64,
    /// Highest value allowed; plus infinity for none.
    pub high: f64,
    /// Whether zero is allowed too, as of a pump that is off. Of formulas only.
    pub or_zero: bool,
}

impl Constraint {
    /// A bound on a linear function of the inputs.
    pub fn linear(name: impl Into<String>, of: Linear, low: f64, high: f64) -> Self {
        Self { name: name.into(), of: of.into(), low, high, or_zero: false }
    }

    /// What is allowed, in words and to six digits: `2 to 12`, `at most 30`, `0.5 to 500, or 0`.
    pub fn allowed(&self) -> String {
        let six = |x: f64| format!("{x:.5e}").parse().unwrap_or(x);
        let (low, high) = (six(self.low), six(self.high));
        let range = match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("{low} to {high}"),
            (true, false) => format!("at least {low}"),
            (false, _) => format!("at most {high}"),
        };
        if self.or_zero && low > 0.0 { range + ", or 0" } else { range }
    }

    /// By how much the bound is missed at `values`; zero where it is met, infinite where the value is not a number.
    pub fn violation(&self, values: &[f64]) -> f64 {
        let v = self.of.at(values);
        match v {
            _ if v.is_nan() => f64::INFINITY,
            _ if self.or_zero && v.abs() < ZERO => 0.0,
            _ => (self.low - v).max(v - self.high).max(0.0),
        }
    }
}

/// What counts as zero where zero is allowed: rates are set to 1e-6 µL/min.
const ZERO: f64 = 5e-7;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Linear;

    #[test]
    fn what_is_allowed_is_said_to_six_digits() {
        let of = |low, high| Constraint::linear("total", Linear::default(), low, high);
        assert_eq!(of(1950.0 / 11.0, 390.0).allowed(), "177.273 to 390");
        assert_eq!(of(0.25, f64::INFINITY).allowed(), "at least 0.25");
    }
}
