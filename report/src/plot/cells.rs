//! Maps: a colour for each cell of a grid.

use super::chart::{Mark, PlotArea};
use super::ramp::Ramp;
use super::svg::{escape, px};
use crate::format;

/// A value in each cell of a regular grid over a rectangle.
#[derive(Clone, Debug)]
pub struct Cells {
    x: (f64, f64),
    y: (f64, f64),
    columns: usize,
    values: Vec<f64>,
    range: (f64, f64),
    ramp: Ramp,
}

impl Cells {
    /// Cells over `x` and `y` (each low, high); `values` row by row from low to high y, `columns` in a row. A
    /// value that is not a number leaves its cell empty.
    ///
    /// # Panics
    /// If the values make no whole rows.
    pub fn new(x: (f64, f64), y: (f64, f64), columns: usize, values: Vec<f64>, ramp: Ramp) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "values make whole rows");
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let range =
            (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        Self { x, y, columns, values, range, ramp }
    }

    /// With the ends of the ramp at these values, to compare several maps.
    #[must_use]
    pub fn ranging(mut self, low: f64, high: f64) -> Self {
        self.range = (low, high);
        self
    }

    /// Least and greatest value, the ends of the ramp.
    pub fn range(&self) -> (f64, f64) {
        self.range
    }

    fn colour(&self, value: f64) -> String {
        let (low, high) = self.range;
        self.ramp.at(if high > low { (value - low) / (high - low) } else { 0.5 })
    }
}

impl Mark for Cells {
    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let rows = self.values.len() / self.columns;
        let edge =
            |(low, high): (f64, f64), i: usize, n: usize| low + (high - low) * i as f64 / n as f64;
        let mut out = String::from("<g shape-rendering=\"crispEdges\">\n");
        for (i, &value) in self.values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let (row, column) = (i / self.columns, i % self.columns);
            let left = frame.x(edge(self.x, column, self.columns));
            let right = frame.x(edge(self.x, column + 1, self.columns));
            let (bottom, top) =
                (frame.y(edge(self.y, row, rows)), frame.y(edge(self.y, row + 1, rows)));
            out.push_str(&format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" data-v=\"{value}\"><title>{}</title></rect>\n",
                px(left),
                px(top),
                px(right - left),
                px(bottom - top),
                self.colour(value),
                escape(&format::significant(value, 4))
            ));
        }
        out + "</g>\n"
    }
}
