//! Lines.

use super::chart::{Mark, PlotArea};
use super::style::Colour;
use super::svg::{path, px};

/// How a line is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// Not at all.
    #[default]
    Solid,
    /// Into dashes.
    Dashed,
    /// Into dots.
    Dotted,
}

impl Dash {
    pub(super) fn attribute(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Dashed => " stroke-dasharray=\"5 4\"",
            Self::Dotted => " stroke-dasharray=\"1.5 3\"",
        }
    }
}

/// A line through points.
#[derive(Clone, Debug)]
pub struct Line {
    points: Vec<(f64, f64)>,
    colour: Colour,
    width: f64,
    dash: Dash,
    steps: bool,
}

impl Line {
    /// A line through points (x, y), in their order.
    pub fn new(points: impl IntoIterator<Item = (f64, f64)>, colour: Colour) -> Self {
        let points = points.into_iter().collect();
        Self { points, colour, width: 1.6, dash: Dash::Solid, steps: false }
    }

    /// With this width \[px\].
    #[must_use]
    pub fn wide(mut self, px: f64) -> Self {
        self.width = px;
        self
    }

    /// Broken.
    #[must_use]
    pub fn dashed(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }

    /// Level from each point to the next, then up or down.
    #[must_use]
    pub fn in_steps(mut self) -> Self {
        self.steps = true;
        self
    }
}

impl Mark for Line {
    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let at = |(x, y): (f64, f64)| (frame.x(x), frame.y(y));
        let mut points = Vec::with_capacity(self.points.len());
        for &point in self.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite()) {
            let (x, y) = at(point);
            if let (true, Some(&(_, before))) = (self.steps, points.last()) {
                points.push((x, before));
            }
            points.push((x, y));
        }
        let inside = frame.holds(&points);
        let values: Vec<String> = self
            .points
            .iter()
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .map(|(x, y)| format!("{x},{y}"))
            .collect();
        let line = format!(
            "<path data-xy=\"{}\" d=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{} fill=\"none\" stroke-linejoin=\"round\"/>\n",
            values.join(" "),
            path(points),
            self.colour.0,
            px(self.width),
            self.dash.attribute()
        );
        if inside { line } else { frame.clipped(&line) }
    }
}
