//! What a formula means, as a tree.

use std::ops::Range;

use super::function::Function;
use super::{FormulaError, Unit};
use crate::math;

/// A part of a formula and where it stands [bytes].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expression {
    pub(super) node: Node,
    pub(super) span: Range<usize>,
}

/// What a part of a formula is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A number, in base units, and its unit.
    Number(f64, Unit),
    /// A quantity by name; its place among the names once it is bound.
    Name(String, usize),
    /// The negative.
    Negative(Box<Expression>),
    /// True for false.
    Not(Box<Expression>),
    /// Two parts and what is done with them.
    Pair(Operator, Box<[Expression; 2]>),
    /// A function of its arguments.
    Call(Function, Vec<Expression>),
}

/// What is done with two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Expression {
    /// The value, with the quantities in base units; 1 for true and 0 for false.
    pub(super) fn evaluate(&self, value_of: &impl Fn(usize) -> f64) -> f64 {
        match &self.node {
            Node::Number(value, _) => *value,
            Node::Name(_, place) => value_of(*place),
            Node::Negative(part) => -part.evaluate(value_of),
            Node::Not(part) => truth(part.evaluate(value_of) <= 0.5),
            Node::Pair(operator, parts) => {
                let [a, b] = &**parts;
                operator.of(a.evaluate(value_of), b.evaluate(value_of))
            }
            Node::Call(function, parts) => {
                function.of(parts.len(), |i| parts[i].evaluate(value_of))
            }
        }
    }

    /// The parts directly below.
    pub(super) fn parts(&self) -> &[Self] {
        match &self.node {
            Node::Number(..) | Node::Name(..) => &[],
            Node::Negative(part) | Node::Not(part) => std::slice::from_ref(part),
            Node::Pair(_, parts) => &parts[..],
            Node::Call(_, parts) => parts,
        }
    }

    /// Shows every name and its place, from left to right.
    pub(super) fn visit_names<'a>(&'a self, see: &mut impl FnMut(&'a str, Range<usize>)) {
        if let Node::Name(name, _) = &self.node {
            see(name, self.span.clone());
        }
        for part in self.parts() {
            part.visit_names(see);
        }
    }

    /// Whether the name at this place is part of it.
    pub(super) fn uses(&self, place: usize) -> bool {
        match self.node {
            Node::Name(_, own) => own == place,
            _ => self.parts().iter().any(|part| part.uses(place)),
        }
    }

    /// Where the first number with a unit stands.
    pub(super) fn first_unit(&self) -> Option<Range<usize>> {
        match &self.node {
            Node::Number(_, unit) if *unit != Unit::NONE => Some(self.span.clone()),
            _ => self.parts().iter().find_map(Self::first_unit),
        }
    }

    /// Gives every name its place.
    pub(super) fn resolve(
        &mut self,
        place: &mut impl FnMut(&str, Range<usize>) -> Result<usize, FormulaError>,
    ) -> Result<(), FormulaError> {
        match &mut self.node {
            Node::Number(..) => Ok(()),
            Node::Name(name, index) => {
                *index = place(name, self.span.clone())?;
                Ok(())
            }
            Node::Negative(part) | Node::Not(part) => part.resolve(place),
            Node::Pair(_, parts) => parts.iter_mut().try_for_each(|part| part.resolve(place)),
            Node::Call(_, parts) => parts.iter_mut().try_for_each(|part| part.resolve(place)),
        }
    }
}

fn truth(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

impl Operator {
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => power(a, b),
            Self::Less => truth(a < b),
            Self::LessOrEqual => truth(a <= b),
            Self::Greater => truth(a > b),
            Self::GreaterOrEqual => truth(a >= b),
            Self::Equal => truth(a.total_cmp(&b).is_eq()),
            Self::NotEqual => truth(a.total_cmp(&b).is_ne()),
            Self::And => truth(a > 0.5 && b > 0.5),
            Self::Or => truth(a > 0.5 || b > 0.5),
        }
    }
}

/// `a` to the power `b`; small whole powers by multiplication, as one would write them out.
fn power(a: f64, b: f64) -> f64 {
    match b {
        1.0 => a,
        2.0 => a * a,
        3.0 => a * a * a,
        -1.0 => 1.0 / a,
        _ => math::pow(a, b),
    }
}
