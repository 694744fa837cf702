//! Whether the units of a formula fit together.

use std::ops::Range;

use super::expression::{Expression, Node, Operator};
use super::function::Function;
use super::{Dimension, Unit};

/// What a part of a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A quantity.
    Quantity(Dimension),
    /// A temperature on a scale with a zero of its own: °C.
    Point,
    /// True or false.
    Truth,
}

/// What does not fit, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Kind {
    pub(super) fn dimension(self) -> Dimension {
        match self {
            Self::Quantity(dimension) => dimension,
            Self::Point => Dimension::TEMPERATURE,
            Self::Truth => Dimension::NONE,
        }
    }

    fn of(unit: Unit) -> Self {
        if unit.is_point() { Self::Point } else { Self::Quantity(unit.dimension()) }
    }

    fn words(self) -> String {
        match self {
            Self::Truth => "true or false".to_owned(),
            kind => kind.dimension().to_string(),
        }
    }
}

/// What the formula is, given the units of its names.
pub(super) fn check(expression: &Expression, units: &[Unit]) -> Result<Kind, Misfit> {
    let kinds = expression.parts().iter().map(|part| check(part, units));
    let kinds = kinds.collect::<Result<Vec<_>, _>>()?;
    let whole = |message| Misfit { span: expression.span.clone(), message };
    match &expression.node {
        Node::Number(_, unit) => Ok(Kind::of(*unit)),
        Node::Name(_, place) => Ok(Kind::of(units[*place])),
        Node::Negative(part) => quantity(part, kinds[0]).map(Kind::Quantity),
        Node::Not(part) => condition(part, kinds[0]),
        Node::Pair(operator, parts) => pair(*operator, parts, [kinds[0], kinds[1]], whole),
        Node::Call(function, parts) => call(*function, parts, &kinds),
    }
}

fn pair(
    operator: Operator,
    parts: &[Expression; 2],
    [a, b]: [Kind; 2],
    whole: impl Fn(String) -> Misfit,
) -> Result<Kind, Misfit> {
    match operator {
        Operator::Add | Operator::Subtract => sum(operator, parts, [a, b], whole),
        Operator::Multiply | Operator::Divide => {
            let (x, y) = (quantity(&parts[0], a)?, quantity(&parts[1], b)?);
            let product = operator == Operator::Multiply;
            Ok(Kind::Quantity(if product { x.times(y) } else { x.over(y) }))
        }
        Operator::Power => power(parts, [a, b]),
        Operator::And | Operator::Or => {
            condition(&parts[0], a)?;
            condition(&parts[1], b)
        }
        _ => {
            alike(parts, &[a, b])?;
            Ok(Kind::Truth)
        }
    }
}

/// Two temperatures in °C have a difference and no sum; a difference in K may be added to one.
fn sum(
    operator: Operator,
    parts: &[Expression; 2],
    [a, b]: [Kind; 2],
    whole: impl Fn(String) -> Misfit,
) -> Result<Kind, Misfit> {
    let (x, y) = (quantity(&parts[0], a)?, quantity(&parts[1], b)?);
    if x != y {
        let verb = if operator == Operator::Add { "added to" } else { "taken from" };
        let [this, that] = if operator == Operator::Add { [a, b] } else { [b, a] };
        let message = format!("{} cannot be {verb} {}", this.words(), that.words());
        return Err(whole(message + unit_hint(this, that)));
    }
    match (operator, a, b) {
        (Operator::Add, Kind::Point, Kind::Point) => {
            let message = "two temperatures in °C have no sum; a difference is written 10[k]";
            Err(whole(message.to_owned()))
        }
        (Operator::Subtract, Kind::Point, Kind::Point) => Ok(Kind::Quantity(x)),
        (Operator::Subtract, _, Kind::Point) => {
            Err(whole("a temperature in °C cannot be taken from a difference in K".to_owned()))
        }
        (_, Kind::Point, _) | (_, _, Kind::Point) => Ok(Kind::Point),
        _ => Ok(Kind::Quantity(x)),
    }
}

fn unit_hint(a: Kind, b: Kind) -> &'static str {
    let plain = Kind::Quantity(Dimension::NONE);
    if a == plain || b == plain { "; a number may have a unit: 5[ul]" } else { "" }
}

fn power(parts: &[Expression; 2], [a, b]: [Kind; 2]) -> Result<Kind, Misfit> {
    let base = quantity(&parts[0], a)?;
    plain(&parts[1], b)?;
    if base == Dimension::NONE {
        return Ok(Kind::Quantity(base));
    }
    let raised = constant(&parts[1]).and_then(|exponent| base.power(exponent));
    let message = || format!("{base} can only be raised to a number such as 2 or 0.5");
    raised
        .map(Kind::Quantity)
        .ok_or_else(|| Misfit { span: parts[1].span.clone(), message: message() })
}

/// The value of a part without names.
fn constant(part: &Expression) -> Option<f64> {
    let mut names = 0;
    part.visit_names(&mut |_, _| names += 1);
    (names == 0).then(|| part.evaluate(&|_| f64::NAN))
}

fn call(function: Function, parts: &[Expression], kinds: &[Kind]) -> Result<Kind, Misfit> {
    match function {
        Function::Min | Function::Max | Function::Clamp => alike(parts, kinds),
        Function::If => {
            condition(&parts[0], kinds[0])?;
            alike(&parts[1..], &kinds[1..])
        }
        Function::Abs => quantity(&parts[0], kinds[0]).map(Kind::Quantity),
        Function::Sqrt | Function::Cbrt => {
            let exponent = if function == Function::Sqrt { 1.0 / 2.0 } else { 1.0 / 3.0 };
            let root = quantity(&parts[0], kinds[0])?.power(exponent);
            let message = "this unit has no such root".to_owned();
            root.map(Kind::Quantity).ok_or_else(|| Misfit { span: parts[0].span.clone(), message })
        }
        _ => {
            plain(&parts[0], kinds[0])?;
            Ok(Kind::Quantity(Dimension::NONE))
        }
    }
}

fn quantity(part: &Expression, kind: Kind) -> Result<Dimension, Misfit> {
    if kind == Kind::Truth {
        let message = "a number is wanted, and this is true or false".to_owned();
        return Err(Misfit { span: part.span.clone(), message });
    }
    Ok(kind.dimension())
}

fn plain(part: &Expression, kind: Kind) -> Result<(), Misfit> {
    match quantity(part, kind)? {
        Dimension::NONE => Ok(()),
        dimension => {
            let message =
                format!("a plain number is wanted, and this is {dimension}; divide by a reference");
            Err(Misfit { span: part.span.clone(), message })
        }
    }
}

fn condition(part: &Expression, kind: Kind) -> Result<Kind, Misfit> {
    if kind == Kind::Truth {
        return Ok(kind);
    }
    let message = format!("true or false is wanted, and this is {}", kind.words());
    Err(Misfit { span: part.span.clone(), message })
}

/// All of one dimension; of °C and K together the result is in °C.
fn alike(parts: &[Expression], kinds: &[Kind]) -> Result<Kind, Misfit> {
    let first = kinds[0];
    for (part, kind) in parts.iter().zip(kinds) {
        let both = (first == Kind::Truth) == (*kind == Kind::Truth);
        if !both || kind.dimension() != first.dimension() {
            let message = format!("{} cannot be compared with {}", kind.words(), first.words());
            return Err(Misfit {
                span: part.span.clone(),
                message: message + unit_hint(*kind, first),
            });
        }
    }
    Ok(kinds.iter().copied().find(|kind| *kind == Kind::Point).unwrap_or(first))
}
