//! Points, with their intervals.

use super::chart::{Mark, PlotArea};
use super::style::{Colour, Shape, Style};
use super::svg::{escape, px};

/// One point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dot {
    /// On the horizontal axis.
    pub x: f64,
    /// On the vertical axis.
    pub y: f64,
    /// Its interval along the horizontal axis.
    pub x_between: Option<(f64, f64)>,
    /// Its interval along the vertical axis.
    pub y_between: Option<(f64, f64)>,
    /// Its tooltip.
    pub tip: String,
    /// The experiment that it stands for, by which figures of a page find each other's points. The page shows what is known
    /// about it, in place of a tooltip.
    pub experiment: Option<u64>,
}

impl Dot {
    /// A point without intervals.
    pub fn new(x: f64, y: f64, tip: impl Into<String>) -> Self {
        Self { x, y, tip: tip.into(), ..Self::default() }
    }

    /// The point of an experiment.
    pub fn of_experiment(experiment: u64, x: f64, y: f64) -> Self {
        Self { x, y, experiment: Some(experiment), ..Self::default() }
    }

    /// What the page's script reads: the experiment and the values.
    fn data(&self) -> String {
        let number = |name: &str, value: f64| format!(" data-{name}=\"{value}\"");
        let mut out = number("x", self.x) + &number("y", self.y);
        if let Some(experiment) = self.experiment {
            out.push_str(&format!(" data-e=\"{experiment}\""));
        }
        for (name, between) in [("x", self.x_between), ("y", self.y_between)] {
            if let Some((low, high)) = between {
                out.push_str(&format!(" data-{name}-low=\"{low}\" data-{name}-high=\"{high}\""));
            }
        }
        out
    }
}

/// Points of one look.
#[derive(Clone, Debug)]
pub struct Points {
    dots: Vec<Dot>,
    style: Style,
    radius: f64,
    hollow: bool,
}

impl Points {
    /// Points of this look.
    pub fn new(dots: impl IntoIterator<Item = Dot>, style: Style) -> Self {
        Self { dots: dots.into_iter().collect(), style, radius: 3.4, hollow: false }
    }

    /// Of this radius \[px\].
    #[must_use]
    pub fn sized(mut self, radius: f64) -> Self {
        self.radius = radius;
        self
    }

    /// Outlines only.
    #[must_use]
    pub fn hollow(mut self) -> Self {
        self.hollow = true;
        self
    }

    fn intervals(&self, frame: &PlotArea<'_>) -> String {
        let mut d = String::new();
        for dot in &self.dots {
            let (x, y) = (frame.x(dot.x), frame.y(dot.y));
            // What an axis cannot hold ends at its end, not over its labels.
            let up = |v: f64| px(frame.y(v).clamp(frame.top, frame.bottom()));
            let across = |v: f64| px(frame.x(v).clamp(frame.left, frame.right()));
            if let Some((low, high)) = dot.y_between {
                let (low, high) = (up(low), up(high));
                d.push_str(&format!("M{} {low}V{high}", px(x)));
            }
            if let Some((low, high)) = dot.x_between {
                let (low, high) = (across(low), across(high));
                d.push_str(&format!("M{low} {}H{high}", px(y)));
            }
        }
        if d.is_empty() {
            return d;
        }
        let colour = self.style.colour.0;
        format!(
            "<path d=\"{d}\" stroke=\"{colour}\" stroke-width=\"1.3\" stroke-opacity=\"0.6\"/>\n"
        )
    }

    fn paint(&self) -> String {
        let (colour, paper) = (self.style.colour.0, Colour::PAPER.0);
        if self.hollow {
            format!("fill=\"{paper}\" stroke=\"{colour}\" stroke-width=\"1.4\"")
        } else {
            format!("fill=\"{colour}\" stroke=\"{paper}\" stroke-width=\"0.7\"")
        }
    }
}

impl Mark for Points {
    fn draw(&self, frame: &PlotArea<'_>) -> String {
        let outline = self.style.shape.path(self.radius);
        let dot = |dot: &Dot| {
            let (x, y, data) = (px(frame.x(dot.x)), px(frame.y(dot.y)), dot.data());
            let tip = match dot.tip.as_str() {
                "" => String::new(),
                tip => format!("<title>{}</title>", escape(tip)),
            };
            match self.style.shape {
                Shape::Circle => {
                    let r = px(self.radius);
                    format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"{data}>{tip}</circle>\n")
                }
                _ => {
                    format!(
                        "<path transform=\"translate({x} {y})\" d=\"{outline}\"{data}>{tip}</path>\n"
                    )
                }
            }
        };
        let seen = self.dots.iter().filter(|d| d.x.is_finite() && d.y.is_finite());
        let dots: String = seen.map(dot).collect();
        format!("{}<g {}>\n{dots}</g>\n", self.intervals(frame), self.paint())
    }
}
