//! Labels at the right ends of lines, kept apart.

use super::chart::{Mark, PlotArea};
use super::style::Colour;
use super::svg::{escape, px, shortened, text_width};

/// Labels to the right of the chart, each at its value or as near to it as the others let it.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    labels: Vec<(f64, String, Colour)>,
}

/// Least distance between two labels \[px\].
const APART: f64 = 14.0;
/// Size of the labels \[px\].
const SIZE: f64 = 12.0;
/// From the edge of the chart to the beginning of a label \[px\].
const BEFORE: f64 = 15.0;
/// The longest label \[px\]: a longer one would leave too little of a chart on a phone.
const LONGEST: f64 = 150.0;

impl Ends {
    /// Adds a label at this value of the vertical axis.
    pub fn push(&mut self, at: f64, text: impl Into<String>, colour: Colour) {
        if at.is_finite() {
            self.labels.push((at, text.into(), colour));
        }
    }

    /// Heights \[px\], in the order of the labels, none nearer to the next than [`APART`].
    fn heights(&self, frame: &PlotArea<'_>) -> Vec<f64> {
        let mut order: Vec<(f64, usize)> =
            self.labels.iter().enumerate().map(|(i, l)| (frame.y(l.0), i)).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut heights: Vec<f64> = order.iter().map(|(y, _)| *y).collect();
        // Down from the top, then up from the bottom edge.
        for i in 1..heights.len() {
            heights[i] = heights[i].max(heights[i - 1] + APART);
        }
        let mut limit = frame.bottom();
        for height in heights.iter_mut().rev() {
            *height = height.min(limit);
            limit = *height - APART;
        }
        let mut out = vec![0.0; heights.len()];
        order.iter().zip(heights).for_each(|((_, i), height)| out[*i] = height);
        out
    }
}

impl Mark for Ends {
    fn room_at_right(&self) -> f64 {
        let width = |(_, text, _): &(f64, String, Colour)| text_width(text, SIZE).min(LONGEST);
        self.labels.iter().map(width).reduce(f64::max).map_or(0.0, |widest| BEFORE + widest + 2.0)
    }

    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let right = frame.right();
        let label = |((at, text, colour), y): (&(f64, String, Colour), f64)| {
            let (text, title) = match shortened(text, SIZE, LONGEST) {
                short if short == *text => (escape(text), String::new()),
                short => (escape(&short), format!("<title>{}</title>", escape(text))),
            };
            let colour = colour.0;
            let from = format!("M{} {}", px(right + 2.0), px(frame.y(*at)));
            let to = format!("L{} {}", px(right + 12.0), px(y));
            format!(
                "<path d=\"{from}{to}\" stroke=\"{colour}\" stroke-width=\"2\" fill=\"none\"/><text x=\"{}\" y=\"{}\" fill=\"{}\">{text}{title}</text>\n",
                px(right + BEFORE),
                px(y + 4.0),
                Colour::INK.0
            )
        };
        self.labels.iter().zip(self.heights(frame)).map(label).collect()
    }
}
