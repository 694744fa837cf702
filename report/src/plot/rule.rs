//! Reference lines and words.

use super::axis::Axis;
use super::chart::{Mark, PlotArea};
use super::line::Dash;
use super::style::Colour;
use super::svg::{escape, px, text_width};

/// A straight line across the chart, with a word on it.
#[derive(Clone, Debug)]
pub struct Rule {
    at: f64,
    upright: bool,
    label: String,
    colour: Colour,
    dash: Dash,
    /// Lines of text that its label stands below the top.
    below: usize,
}

/// Share of the axis behind which labels stand left of their lines.
const LATE: f64 = 0.7;

/// Height of a line of labels \[px\].
const LINE: f64 = 14.0;

impl Rule {
    /// A level line at this value of the vertical axis, its label above its right end.
    pub fn level(at: f64, label: impl Into<String>) -> Self {
        let label = label.into();
        Self { at, upright: false, label, colour: Colour::SOFT, dash: Dash::Dashed, below: 0 }
    }

    /// An upright line at this value of the horizontal axis, its label at its top.
    pub fn upright(at: f64, label: impl Into<String>) -> Self {
        Self { upright: true, ..Self::level(at, label) }
    }

    /// An upright line for each of these values and labels, the labels below each other where they would run into one another
    /// on a chart `narrow` pixels wide.
    pub fn uprights(
        marks: &[(f64, String)],
        axis: &Axis,
        narrow: f64,
    ) -> impl Iterator<Item = Self> {
        let mut taken: Vec<(usize, f64, f64)> = Vec::new();
        let place = |(at, label): &(f64, String)| {
            let (share, width) = (axis.share(*at), text_width(label, 12.0) + 8.0);
            let x = share * narrow;
            // The label stands on the other side where the end of the axis is near.
            let (from, to) = if share > LATE { (x - width, x) } else { (x, x + width) };
            let is_free =
                |line: &usize| taken.iter().all(|(l, a, b)| l != line || to <= *a || from >= *b);
            let below = (0..).find(is_free).unwrap_or_default();
            taken.push((below, from, to));
            Self { below, ..Self::upright(*at, label) }
        };
        marks.iter().map(place).collect::<Vec<_>>().into_iter()
    }

    /// In this colour.
    #[must_use]
    pub fn coloured(mut self, colour: Colour) -> Self {
        self.colour = colour;
        self
    }

    /// Broken in this way.
    #[must_use]
    pub fn dashed(mut self, dash: Dash) -> Self {
        self.dash = dash;
        self
    }
}

impl Mark for Rule {
    fn draw(&self, f: &PlotArea<'_>) -> String {
        let (d, text) = if self.upright {
            let x = f.x(self.at);
            let d = format!("M{} {}V{}", px(x), px(f.top), px(f.bottom()));
            let late = x > f.left + LATE * f.width;
            let (at, anchor) = if late { (x - 4.0, Anchor::End) } else { (x + 4.0, Anchor::Start) };
            (
                d,
                words(
                    at,
                    f.top + 10.0 + LINE * self.below as f64,
                    &self.label,
                    anchor,
                    self.colour,
                ),
            )
        } else {
            let y = f.y(self.at);
            let d = format!("M{} {}H{}", px(f.left), px(y), px(f.right()));
            (d, words(f.right() - 2.0, y - 5.0, &self.label, Anchor::End, self.colour))
        };
        let (colour, dash) = (self.colour.0, self.dash.attribute());
        let line = format!("<path d=\"{d}\" stroke=\"{colour}\"{dash} fill=\"none\"/>\n");
        if self.label.is_empty() { line } else { line + &text }
    }
}

/// Where a text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// At the point.
    Start,
    /// Around the point.
    Middle,
    /// It ends at the point.
    End,
}

/// Text on a halo of paper, so that it can be read on lines.
fn words(x: f64, y: f64, text: &str, anchor: Anchor, colour: Colour) -> String {
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    format!(
        "<text x=\"{}\" y=\"{}\"{anchor} fill=\"{}\" stroke=\"{}\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\">{}</text>\n",
        px(x),
        px(y),
        colour.0,
        Colour::PAPER.0,
        escape(text)
    )
}

/// Words at a point of the chart, moved by this many pixels.
#[derive(Clone, Debug)]
pub struct Text {
    x: f64,
    y: f64,
    text: String,
    colour: Colour,
    anchor: Anchor,
    moved: (f64, f64),
}

impl Text {
    /// Words that begin at (x, y).
    pub fn at(x: f64, y: f64, text: impl Into<String>, colour: Colour) -> Self {
        Self { x, y, text: text.into(), colour, anchor: Anchor::Start, moved: (6.0, 3.8) }
    }

    /// Moved right and down \[px\].
    #[must_use]
    pub fn moved(mut self, right: f64, down: f64) -> Self {
        self.moved = (right, down);
        self
    }

    /// Anchored in this way.
    #[must_use]
    pub fn anchored(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }
}

impl Mark for Text {
    fn draw(&self, f: &PlotArea<'_>) -> String {
        let (x, y) = (f.x(self.x) + self.moved.0, f.y(self.y) + self.moved.1);
        words(x, y, &self.text, self.anchor, self.colour)
    }
}
