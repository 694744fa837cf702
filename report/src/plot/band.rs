//! Bands between two lines.

use super::chart::{Mark, PlotArea};
use super::style::Colour;
use super::svg::path;

/// The area between a lower and an upper line.
#[derive(Clone, Debug)]
pub struct Band {
    points: Vec<(f64, f64, f64)>,
    colour: Colour,
    opacity: f64,
}

impl Band {
    /// A band through points (x, low, high), in their order.
    pub fn new(points: impl IntoIterator<Item = (f64, f64, f64)>, colour: Colour) -> Self {
        Self { points: points.into_iter().collect(), colour, opacity: 0.16 }
    }

    /// With this opacity, 0 to 1.
    #[must_use]
    pub fn opaque(mut self, opacity: f64) -> Self {
        self.opacity = opacity;
        self
    }
}

impl Mark for Band {
    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let upper = self.points.iter().map(|&(x, _, high)| (frame.x(x), frame.y(high)));
        let lower = self.points.iter().rev().map(|&(x, low, _)| (frame.x(x), frame.y(low)));
        let outline: Vec<(f64, f64)> = upper.chain(lower).collect();
        let inside = frame.holds(&outline);
        let (d, colour, opacity) = (path(outline), self.colour.0, self.opacity);
        let band = format!("<path d=\"{d}Z\" fill=\"{colour}\" fill-opacity=\"{opacity}\"/>\n");
        if inside { band } else { frame.clipped(&band) }
    }
}
