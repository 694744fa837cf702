//! A chart: two axes and the marks between them.

use std::fmt;
use std::rc::Rc;

use super::axis::{Axis, Tick};
use super::style::Colour;
use super::svg::{escape, px, text_width};

/// Something drawn between the axes of a chart.
///
/// ```
/// use flowtwin_report::plot::{PlotArea, Mark};
///
/// /// A point.
/// #[derive(Debug)]
/// struct Dot(f64, f64);
///
/// impl Mark for Dot {
///     fn draw(&self, frame: &PlotArea<'_>) -> String {
///         format!("<circle cx=\"{}\" cy=\"{}\" r=\"2\"/>", frame.x(self.0), frame.y(self.1))
///     }
/// }
/// ```
pub trait Mark: fmt::Debug {
    /// Its SVG, on this frame.
    fn draw(&self, frame: &PlotArea<'_>) -> String;

    /// The room that it needs to the right of the frame \[px\].
    fn room_at_right(&self) -> f64 {
        0.0
    }
}

/// The rectangle between the axes, and where values lie on it.
#[derive(Clone, Copy, Debug)]
pub struct PlotArea<'a> {
    /// Left edge \[px\].
    pub left: f64,
    /// Top edge \[px\].
    pub top: f64,
    /// Width \[px\].
    pub width: f64,
    /// Height \[px\].
    pub height: f64,
    x: &'a Axis,
    y: &'a Axis,
}

impl PlotArea<'_> {
    /// Where a value of the horizontal axis lies \[px\].
    pub fn x(&self, value: f64) -> f64 {
        self.left + self.x.share(value) * self.width
    }

    /// Where a value of the vertical axis lies \[px\].
    pub fn y(&self, value: f64) -> f64 {
        self.bottom() - self.y.share(value) * self.height
    }

    /// Right edge \[px\].
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Bottom edge \[px\].
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// SVG of which nothing shows outside the rectangle.
    pub fn clipped(&self, svg: &str) -> String {
        let (x, y, w, h) = (px(self.left), px(self.top), px(self.width), px(self.height));
        // An inner <svg> clips by itself; a clip path would need an identifier that is unique on the page.
        format!(
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\">\n{svg}</svg>\n"
        )
    }

    /// Whether points \[px\] lie in the rectangle, so that they need no clipping.
    pub(super) fn holds(&self, points: &[(f64, f64)]) -> bool {
        let within = |v: f64, low: f64, high: f64| (low - 0.5..=high + 0.5).contains(&v);
        points
            .iter()
            .all(|&(x, y)| within(x, self.left, self.right()) && within(y, self.top, self.bottom()))
    }
}

/// Two axes and the marks between them.
#[derive(Clone, Debug)]
pub struct Chart {
    x: Axis,
    y: Axis,
    marks: Vec<Rc<dyn Mark>>,
    width: f64,
    height: f64,
    simulated: bool,
    alt_text: String,
}

/// Width of a figure on a phone \[px\].
const PHONE: f64 = 350.0;
/// Size of the mark of a simulated figure \[px\].
const MARK: f64 = 10.5;
/// The mark of a simulated figure.
const SIMULATED: &str = "SIMULATED";
/// Least room between two labels of an axis \[px\].
const BETWEEN: f64 = 4.0;
/// Size of tick labels \[px\].
const SMALL: f64 = 12.0;
/// Least room to the right of the frame \[px\].
const LEAST_RIGHT: f64 = 14.0;
/// Size of axis labels \[px\].
const LABEL: f64 = 12.0;

impl Chart {
    /// An empty chart. `alt_text` describes it to people who cannot see it; `simulated` marks it as simulated.
    pub fn new(x: Axis, y: Axis, alt_text: impl Into<String>, simulated: bool) -> Self {
        let marks = Vec::new();
        let alt_text = alt_text.into();
        Self { x, y, marks, width: 440.0, height: 300.0, simulated, alt_text }
    }

    /// With this size \[px\].
    #[must_use]
    pub fn sized(mut self, width: f64, height: f64) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// With one more mark, on top of those before it.
    #[must_use]
    pub fn with(mut self, mark: impl Mark + 'static) -> Self {
        self.add(mark);
        self
    }

    /// Adds a mark on top of those there are.
    pub fn add(&mut self, mark: impl Mark + 'static) {
        self.marks.push(Rc::new(mark));
    }

    /// The figure as an `<svg>` element.
    pub fn svg(&self) -> String {
        let frame = self.frame();
        let (w, h) = (px(self.width), px(self.height));
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-label=\"{}\" {} font-family=\"Inter,'Helvetica Neue','Segoe UI',Arial,sans-serif\" font-size=\"{}\" fill=\"{}\">\n",
            escape(&self.alt_text),
            self.data(&frame),
            px(SMALL),
            Colour::SOFT.0,
        );
        out.push_str(&self.grid(&frame));
        out.push_str("<g class=\"marks\">\n");
        self.marks.iter().for_each(|mark| out.push_str(&mark.draw(&frame)));
        out.push_str("</g>\n");
        out.push_str(&self.labels(&frame));
        out.push_str("</svg>\n");
        out
    }

    /// Where the axes are and what they hold, for the script of a page; an axis of names has no numbers.
    fn data(&self, f: &PlotArea<'_>) -> String {
        let mut out =
            format!("data-plot=\"{} {} {} {}\"", px(f.left), px(f.top), px(f.width), px(f.height));
        for (name, axis) in [("x", &self.x), ("y", &self.y)] {
            out.push_str(&format!(" data-{name}label=\"{}\"", escape(&axis.label)));
            if axis.names {
                let names: Vec<&str> = axis.ticks.iter().map(|tick| tick.text.as_str()).collect();
                out.push_str(&format!(" data-{name}names=\"{}\"", escape(&names.join("|"))));
            } else {
                out.push_str(&format!(" data-{name}=\"{} {}\"", axis.low, axis.high));
            }
        }
        out
    }

    /// The figure twice: for a wide page, and laid out for a phone. A page shows the one that fits.
    pub fn responsive(&self) -> String {
        let wide = self.svg();
        let mut narrow = self.clone();
        narrow.height = narrow.height.min(300.0);
        narrow.width = PHONE;
        format!(
            "<div class=\"at-wide\">{wide}</div><div class=\"at-narrow\">{}</div>\n",
            narrow.svg()
        )
    }

    fn frame(&self) -> PlotArea<'_> {
        let widest = self.y.ticks.iter().map(|t| text_width(&t.text, SMALL)).fold(0.0, f64::max);
        let left = (widest + 12.0).ceil().max(24.0);
        let bottom = match (self.x.label.is_empty(), self.x.ticks.is_empty()) {
            (false, _) => 38.0,
            (true, false) => 22.0,
            (true, true) => 8.0,
        };
        let top = match (self.y.label.is_empty() && !self.simulated, self.label_meets_mark()) {
            (true, _) => 8.0,
            (false, false) => 26.0,
            (false, true) => 40.0,
        };
        let right = self.marks.iter().map(|mark| mark.room_at_right()).fold(LEAST_RIGHT, f64::max);
        PlotArea {
            left,
            top,
            width: self.width - left - right,
            height: self.height - top - bottom,
            x: &self.x,
            y: &self.y,
        }
    }

    /// Whether the label of the vertical axis would run into the mark beside it.
    fn label_meets_mark(&self) -> bool {
        let mark = text_width(SIMULATED, MARK) + 1.2 * SIMULATED.len() as f64;
        self.simulated && text_width(&self.y.label, LABEL) + mark + 12.0 > self.width
    }

    /// The ticks of the horizontal axis whose labels have room: the first, and each that is clear of the one before.
    fn labelled(&self, f: &PlotArea<'_>) -> Vec<&Tick> {
        let mut free = f64::NEG_INFINITY;
        let mut ticks: Vec<&Tick> = self.x.ticks.iter().collect();
        ticks.sort_by(|a, b| f.x(a.at).total_cmp(&f.x(b.at)));
        ticks.retain(|tick| {
            let half = text_width(&tick.text, SMALL) / 2.0;
            let has_room = f.x(tick.at) - half >= free;
            if has_room {
                free = f.x(tick.at) + half + BETWEEN;
            }
            has_room
        });
        ticks
    }

    fn grid(&self, f: &PlotArea<'_>) -> String {
        let (left, right, top, bottom) = (px(f.left), px(f.right()), px(f.top), px(f.bottom()));
        let mut d = String::new();
        if self.y.grid {
            let across = |t: &Tick| format!("M{left} {}H{right}", px(f.y(t.at)));
            d.extend(self.y.ticks.iter().map(across));
        }
        if self.x.grid {
            let up = |t: &Tick| format!("M{} {top}V{bottom}", px(f.x(t.at)));
            d.extend(self.x.ticks.iter().map(up));
        }
        let grid = format!(
            "<path class=\"grid\" d=\"{d}\" stroke=\"{}\" fill=\"none\"/>\n",
            Colour::GRID.0
        );
        let axis = format!(
            "<path d=\"M{left} {bottom}H{right}\" stroke=\"{}\" fill=\"none\"/>\n",
            Colour::QUIET.0
        );
        if d.is_empty() { axis } else { grid + &axis }
    }

    fn labels(&self, f: &PlotArea<'_>) -> String {
        let mut out = String::new();
        let mut text = |x: f64, y: f64, more: &str, words: &str| {
            out.push_str(&format!(
                "<text x=\"{}\" y=\"{}\"{more}>{}</text>\n",
                px(x),
                px(y),
                escape(words)
            ));
        };
        for tick in self.labelled(f) {
            text(
                f.x(tick.at),
                f.bottom() + 15.0,
                " class=\"xt\" text-anchor=\"middle\"",
                &tick.text,
            );
        }
        for tick in &self.y.ticks {
            text(f.left - 7.0, f.y(tick.at) + 3.8, " class=\"yt\" text-anchor=\"end\"", &tick.text);
        }
        let style = format!(" font-size=\"{LABEL}\" fill=\"{}\"", Colour::INK.0);
        if !self.y.label.is_empty() {
            let y = if self.label_meets_mark() { 27.0 } else { 13.0 };
            text(2.0, y, &style, &self.y.label);
        }
        if !self.x.label.is_empty() {
            let middle = format!("{style} text-anchor=\"middle\"");
            text((f.left + f.right()) / 2.0, f.bottom() + 32.0, &middle, &self.x.label);
        }
        if self.simulated {
            let mark = format!(
                " text-anchor=\"end\" font-size=\"{MARK}\" letter-spacing=\"1.2\" fill=\"{}\"",
                Colour::ALERT.0
            );
            text(self.width - 2.0, 11.5, &mark, SIMULATED);
        }
        out
    }
}
