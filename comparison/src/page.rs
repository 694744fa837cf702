//! A comparison as one page of HTML, the two sides laid over each other.

use flowtwin_report::Quantity;
use flowtwin_report::page::{Legend, Page, figure, section};
use flowtwin_report::plot::{Axis, Chart, Dot, Line, Points, Style};

use crate::comparison::Comparison;
use crate::explain::Explanation;
use crate::side::{Goal, Side};

/// Width of a chart that fills the page [px].
const WIDE: f64 = 920.0;

impl Comparison {
    /// The page of this comparison of `a` and `b`, with why they differ where that is known.
    pub fn page(&self, a: &Side, b: &Side, why: Option<&Explanation>) -> String {
        let b = &*b.in_order_of(a);
        let simulated = |side: &Side| side.journal.as_ref().is_none_or(|j| j.header().simulated);
        let simulated = simulated(a) || simulated(b);
        let mut page = Page::new(&format!("{} and {}", a.name, b.name), simulated);
        page.kicker("What moved");
        page.lead(&self.headline());
        let text = |text: &str| {
            // On a narrow screen the tables can be moved from side to side.
            format!("<pre style=\"overflow-x:auto\" tabindex=\"0\">{}</pre>\n", escaped(text))
        };
        page.push(&section("found", "What differs", &text(&self.text())));
        if let Some(why) = why {
            page.push(&section("why", "Why", &text(&why.text())));
        }
        let names = a.features.iter().map(|(name, unit)| (name.as_str(), unit.as_str()));
        let charts: Vec<String> =
            names.enumerate().map(|(i, f)| laid_over(a, b, i, f, simulated)).collect();
        page.push(&section("features", "Feature by feature", &charts.concat()));
        page.finish()
    }

    fn headline(&self) -> String {
        if self.equal {
            return "Nothing differs.".into();
        }
        let keys = self.keys.as_ref().map_or(String::new(), |keys| match keys.len() {
            0 => "The definitions are the same. ".into(),
            1 => format!("One key differs: {}. ", keys[0].key),
            n => format!("{n} keys differ. "),
        });
        let parting = self.parting.as_ref().map_or(String::new(), |parting| {
            format!("They part at {}, in experiment {}.", parting.sort.words(), parting.experiment)
        });
        keys + &parting
    }
}

/// A feature of both sides, experiment by experiment; of the objective, the best so far too.
fn laid_over(a: &Side, b: &Side, place: usize, name: (&str, &str), simulated: bool) -> String {
    let value = |side: &Side| -> Vec<(f64, f64)> {
        let of = |m: &crate::side::Measured| {
            Some((m.experiment as f64, m.features.get(place).copied().flatten()?))
        };
        side.experiments.iter().filter_map(of).collect()
    };
    let (before, after) = (value(a), value(b));
    let quantity = Quantity::of_feature(name.0, name.1);
    let last = before.iter().chain(&after).map(|(n, _)| *n).fold(1.0, f64::max);
    let x = Axis::between("experiment", 0.0, last + 1.0).ticked(10).whole().plain();
    let y = Axis::covering(quantity.label(), before.iter().chain(&after).map(|(_, y)| *y));
    let says = format!("{} of both sides, experiment by experiment", quantity.name);
    let mut chart = Chart::new(x, y, says, simulated).sized(WIDE, 240.0);
    let goal = a.objective().or_else(|| b.objective()).filter(|goal| goal.feature == name.0);
    let mut legend = Legend::default();
    for (i, (side, points)) in [("A", &before), ("B", &after)].into_iter().enumerate() {
        let style = Style::series(i);
        if let Some(goal) = &goal {
            chart.add(Line::new(best_so_far(points, goal), style.colour).in_steps());
        }
        let dot = |(n, y): &(f64, f64)| Dot::new(*n, *y, format!("{side} experiment {n}\n{y}"));
        let marks = Points::new(points.iter().map(dot), style);
        chart.add(if i == 0 { marks.hollow().sized(4.0) } else { marks.sized(2.4) });
        legend.push(style, side);
    }
    let note = if goal.is_some() { "Lines: the best so far." } else { "" };
    figure(&quantity.name, note, &legend, &chart.responsive())
}

fn best_so_far(points: &[(f64, f64)], goal: &Goal) -> Vec<(f64, f64)> {
    let mut best: Option<f64> = None;
    let mut line = Vec::new();
    for &(n, y) in points {
        let so_far = best.map_or(y, |best| if goal.score(y) > goal.score(best) { y } else { best });
        best = Some(so_far);
        line.push((n, so_far));
    }
    line
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
