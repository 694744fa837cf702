//! The functions of formulas.

use crate::math;

/// A function of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Min,
    Max,
    Sqrt,
    Cbrt,
    Exp,
    Ln,
    Log10,
    Sin,
    Cos,
    Tanh,
    Floor,
    Ceil,
    Round,
    Clamp,
    If,
}

/// A function's name, its arguments as one writes them, and what it gives.
type Row = (Function, &'static str, &'static str, &'static str);

const TABLE: [Row; 16] = [
    (Function::Abs, "abs", "x", "x without its sign"),
    (Function::Min, "min", "x, y, …", "the smallest"),
    (Function::Max, "max", "x, y, …", "the largest"),
    (Function::Sqrt, "sqrt", "x", "the square root"),
    (Function::Cbrt, "cbrt", "x", "the cube root"),
    (Function::Exp, "exp", "x", "e to the power x"),
    (Function::Ln, "ln", "x", "the natural logarithm"),
    (Function::Log10, "log10", "x", "the decimal logarithm"),
    (Function::Sin, "sin", "x", "the sine of x in radians"),
    (Function::Cos, "cos", "x", "the cosine of x in radians"),
    (Function::Tanh, "tanh", "x", "the hyperbolic tangent"),
    (Function::Floor, "floor", "x", "the largest whole number that is not above x"),
    (Function::Ceil, "ceil", "x", "the smallest whole number that is not below x"),
    (Function::Round, "round", "x", "the nearest whole number, halves to the even one"),
    (Function::Clamp, "clamp", "x, low, high", "x, or the end of the range that it is beyond"),
    (Function::If, "if", "condition, x, y", "x where the condition holds, else y"),
];

/// Every function as one writes it, and what it gives.
pub fn functions() -> impl Iterator<Item = (String, &'static str)> {
    TABLE.iter().map(|(_, name, arguments, gives)| (format!("{name}({arguments})"), *gives))
}

impl Function {
    /// The function of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// All names.
    pub(super) fn names() -> Vec<&'static str> {
        TABLE.iter().map(|row| row.1).collect()
    }

    pub(super) fn name(self) -> &'static str {
        self.row().1
    }

    /// How many arguments it takes: the least and the most.
    pub(super) fn arity(self) -> (usize, usize) {
        match self {
            Self::Min | Self::Max => (2, usize::MAX),
            Self::Clamp | Self::If => (3, 3),
            _ => (1, 1),
        }
    }

    /// It as one writes it.
    pub(super) fn written(self) -> String {
        let (_, name, arguments, _) = self.row();
        format!("{name}({arguments})")
    }

    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).expect("every function has its row")
    }

    /// The value of the function of `count` arguments, each calculated when it is asked for: of the two branches of
    /// `if` only one is.
    pub(super) fn of(self, count: usize, part: impl Fn(usize) -> f64) -> f64 {
        match self {
            Self::If => part(if part(0) > 0.5 { 1 } else { 2 }),
            Self::Min => (1..count).map(&part).fold(part(0), least),
            Self::Max => (1..count).map(&part).fold(part(0), |a, b| -least(-a, -b)),
            Self::Clamp => {
                let above = -least(-part(0), -part(1));
                least(above, part(2))
            }
            Self::Abs => part(0).abs(),
            Self::Sqrt => part(0).sqrt(),
            Self::Cbrt => math::cbrt(part(0)),
            Self::Exp => math::exp(part(0)),
            Self::Ln => math::ln(part(0)),
            Self::Log10 => math::log10(part(0)),
            Self::Sin => math::sin(part(0)),
            Self::Cos => math::cos(part(0)),
            Self::Tanh => math::tanh(part(0)),
            Self::Floor => part(0).floor(),
            Self::Ceil => part(0).ceil(),
            Self::Round => part(0).round_ties_even(),
        }
    }
}

/// The smaller of two numbers; not a number where one is none, so that no gap is hidden.
fn least(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}
