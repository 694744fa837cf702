//! Colours and shapes that stay apart for colour-blind readers and in grey print.

/// A colour, as SVG writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub &'static str);

impl Colour {
    /// Text and axes.
    pub const INK: Self = Self("#1f2933");
    /// Secondary text.
    pub const SOFT: Self = Self("#5b6673");
    /// Grid lines.
    pub const GRID: Self = Self("#e6e9ed");
    /// Secondary lines, such as a reference.
    pub const QUIET: Self = Self("#8a94a0");
    /// The mark of a simulated result, and of what failed.
    pub const ALERT: Self = Self("#b42318");
    /// The background.
    pub const PAPER: Self = Self("#ffffff");
}

/// The shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// A triangle that points up.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A triangle that points down.
    Down,
    /// A plus sign.
    Plus,
    /// An x.
    Cross,
}

/// How a series looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Its colour.
    pub colour: Colour,
    /// The shape of its points.
    pub shape: Shape,
}

/// Okabe and Ito's palette (Color Universal Design, 2008), its light ones darkened for thin lines on white.
const SERIES: [Style; 8] = [
    Style { colour: Colour("#7b8794"), shape: Shape::Circle },
    Style { colour: Colour("#0072b2"), shape: Shape::Circle },
    Style { colour: Colour("#d55e00"), shape: Shape::Square },
    Style { colour: Colour("#008f68"), shape: Shape::Triangle },
    Style { colour: Colour("#b5588f"), shape: Shape::Diamond },
    Style { colour: Colour("#c98a00"), shape: Shape::Down },
    Style { colour: Colour("#2f9fd8"), shape: Shape::Plus },
    Style { colour: Colour("#1f2933"), shape: Shape::Cross },
];

impl Style {
    /// The look of the series with this number; looks repeat after eight.
    pub fn series(number: usize) -> Self {
        SERIES[number % SERIES.len()]
    }
}

impl Shape {
    /// The outline around the origin, for a point of this radius \[px\].
    pub(crate) fn path(self, r: f64) -> String {
        use super::svg::px;
        let polygon = |points: &[(f64, f64)]| {
            super::svg::path(points.iter().map(|(x, y)| (x * r, y * r))) + "Z"
        };
        match self {
            Self::Circle => {
                let (r, d) = (px(r), px(2.0 * r));
                format!("M-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0Z")
            }
            Self::Square => polygon(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Self::Triangle => polygon(&[(0.0, -1.2), (1.1, 0.8), (-1.1, 0.8)]),
            Self::Diamond => polygon(&[(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]),
            Self::Down => polygon(&[(0.0, 1.2), (1.1, -0.8), (-1.1, -0.8)]),
            Self::Plus => {
                let (a, b) = (px(1.2 * r), px(0.38 * r));
                format!("M-{b} -{a}H{b}V-{b}H{a}V{b}H{b}V{a}H-{b}V{b}H-{a}V-{b}H-{b}Z")
            }
            Self::Cross => {
                let arms = [
                    (0.0, -0.45),
                    (0.65, -1.1),
                    (1.1, -0.65),
                    (0.45, 0.0),
                    (1.1, 0.65),
                    (0.65, 1.1),
                    (0.0, 0.45),
                    (-0.65, 1.1),
                    (-1.1, 0.65),
                    (-0.45, 0.0),
                    (-1.1, -0.65),
                    (-0.65, -1.1),
                ];
                polygon(&arms)
            }
        }
    }
}
