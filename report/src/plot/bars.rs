//! Bars.

use super::chart::{Mark, PlotArea};
use super::style::Colour;
use super::svg::{escape, px};

/// Horizontal bars on an axis of names.
#[derive(Clone, Debug)]
pub struct Bars {
    bars: Vec<(f64, f64, f64, String)>,
    colour: Colour,
    thick: f64,
}

impl Bars {
    /// Bars that run from `from` to `to` at `at` on the vertical axis; `thick` in its units.
    pub fn new(colour: Colour, thick: f64) -> Self {
        Self { bars: Vec::new(), colour, thick }
    }

    /// Adds a bar; `tip` is its tooltip.
    pub fn push(&mut self, at: f64, from: f64, to: f64, tip: impl Into<String>) {
        self.bars.push((at, from, to, tip.into()));
    }
}

impl Mark for Bars {
    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let bar = |(at, from, to, tip): &(f64, f64, f64, String)| {
            // What an axis cannot hold ends at its end.
            let held = |v: &f64| frame.x(*v).clamp(frame.left, frame.right());
            let (x0, x1) = (held(from), held(to));
            let (y0, y1) = (frame.y(at - self.thick / 2.0), frame.y(at + self.thick / 2.0));
            format!(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" data-at=\"{at}\" data-from=\"{from}\" data-to=\"{to}\"><title>{}</title></rect>\n",
                px(x0.min(x1)),
                px(y0.min(y1)),
                px((x1 - x0).abs()),
                px((y1 - y0).abs()),
                escape(tip)
            )
        };
        let bars: String = self.bars.iter().map(bar).collect();
        format!("<g fill=\"{}\">\n{bars}</g>\n", self.colour.0)
    }
}
