//! A panel of a figure: curves with the band that nine of ten rigs lie in.

use flowtwin_report::page::{Legend, figure};
use flowtwin_report::plot::{Axis, Band, Chart, Dot, Line, Points, Style};
use flowtwin_statistics::estimate::quantile;

/// Width of a panel that fills the page [px].
pub(super) const WIDE: f64 = 920.0;
/// Width of one of two panels beside each other [px].
pub(super) const HALF: f64 = 440.0;
/// Height of a panel [px].
pub(super) const HIGH: f64 = 280.0;

/// A panel under construction.
pub(super) struct Panel {
    title: String,
    note: String,
    x: String,
    y: String,
    width: f64,
    from_zero: bool,
    series: Vec<Series>,
}

/// One series: its points and, where there are several rigs, the band around them.
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    band: Vec<(f64, f64, f64)>,
    joined: bool,
}

impl Panel {
    /// An empty panel with these axes.
    pub(super) fn new(title: &str, x: &str, y: &str) -> Self {
        let (title, x, y) = (title.to_owned(), x.to_owned(), y.to_owned());
        let (note, series) = (String::new(), Vec::new());
        Self { title, note, x, y, width: HALF, from_zero: false, series }
    }

    /// With a note on how to read it.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// As wide as this [px].
    pub(super) fn wide(mut self, px: f64) -> Self {
        self.width = px;
        self
    }

    /// With a vertical axis that starts at zero.
    pub(super) fn starting_at_zero(mut self) -> Self {
        self.from_zero = true;
        self
    }

    /// Adds points of one run, joined by a line or not.
    pub(super) fn one(&mut self, name: &str, points: Vec<(f64, f64)>, joined: bool) {
        self.series.push(Series { name: name.into(), points, band: Vec::new(), joined });
    }

    /// Adds the median over rigs and the band that nine of ten lie in. All curves share their first numbers.
    pub(super) fn many(&mut self, name: &str, curves: &[Vec<(f64, f64)>]) {
        let length = curves.iter().map(Vec::len).min().unwrap_or(0);
        let quantiles = |i: usize| {
            let values: Vec<f64> = curves.iter().map(|c| c[i].1).collect();
            (curves[0][i].0, [0.05, 0.5, 0.95].map(|p| quantile(&values, p)))
        };
        let all: Vec<(f64, [f64; 3])> = (0..length).map(quantiles).collect();
        self.series.push(Series {
            name: name.into(),
            points: all.iter().map(|(x, q)| (*x, q[1])).collect(),
            band: all.iter().map(|(x, q)| (*x, q[0], q[2])).collect(),
            joined: true,
        });
    }

    /// The panel as HTML.
    pub(super) fn html(&self) -> String {
        let mut legend = Legend::default();
        for (i, series) in self.series.iter().enumerate() {
            legend.push(Style::series(i), &series.name);
        }
        figure(&self.title, &self.note, &legend, &self.chart().responsive())
    }

    fn chart(&self) -> Chart {
        let x = self.series.iter().flat_map(|s| s.points.iter().map(|p| p.0));
        let y = self.series.iter().flat_map(|s| {
            let band = s.band.iter().flat_map(|b| [b.1, b.2]);
            s.points.iter().map(|p| p.1).chain(band)
        });
        let y = match self.from_zero {
            true => Axis::from_zero(self.y.as_str(), y),
            false => Axis::covering(self.y.as_str(), y),
        };
        let says = format!("{}: {} over {}", self.title, self.y, self.x);
        let x = Axis::covering(self.x.as_str(), x);
        let mut chart = Chart::new(x, y, says, true).sized(self.width, HIGH);
        for (i, series) in self.series.iter().enumerate() {
            series.draw(&mut chart, Style::series(i));
        }
        chart
    }
}

impl Series {
    fn draw(&self, chart: &mut Chart, style: Style) {
        if !self.band.is_empty() {
            chart.add(Band::new(self.band.iter().copied(), style.colour));
        }
        if self.joined {
            chart.add(Line::new(self.points.iter().copied(), style.colour));
        }
        if !self.joined || self.points.len() <= MARKED {
            let dot =
                |(x, y): &(f64, f64)| Dot::new(*x, *y, format!("{}\n{x:.4}: {y:.4}", self.name));
            chart.add(Points::new(self.points.iter().map(dot), style).sized(2.6));
        }
    }
}

/// Curves with more points than this are drawn without marks.
const MARKED: usize = 80;

/// Panels two by two beside each other.
pub(super) fn beside(panels: &[Panel]) -> String {
    let pair = |pair: &[Panel]| {
        let html: String = pair.iter().map(Panel::html).collect();
        format!("<div class=\"pair\">\n{html}</div>\n")
    };
    panels.chunks(2).map(pair).collect()
}

/// An input as an axis shows it: its unit in brackets.
pub(super) fn with_unit(input: &str) -> String {
    let units = [("_ul_per_min", "µL/min"), ("_c", "°C"), ("_s", "s")];
    let found = units.iter().find_map(|(end, unit)| Some((input.strip_suffix(end)?, unit)));
    found.map_or_else(
        || input.to_owned(),
        |(name, unit)| format!("{} [{unit}]", name.replace('_', " ")),
    )
}

/// A curve relative to its mean.
pub(super) fn relative(curve: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mean = curve.iter().fold(0.0, |sum, (_, y)| sum + y) / curve.len() as f64;
    curve.iter().map(|(x, y)| (*x, y / mean)).collect()
}
