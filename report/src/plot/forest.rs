//! Forest plots: an interval for each of many claims, beside what was claimed.

use super::axis::Axis;
use super::chart::Chart;
use super::points::{Dot, Points};
use super::rule::Rule;
use super::style::{Colour, Shape, Style};

/// One row of a forest plot.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestRow {
    /// What it is about.
    pub name: String,
    /// The value.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// What it is compared with, if with anything.
    pub claimed: Option<f64>,
    /// Whether it agrees; none where that is not decided.
    pub agrees: Option<bool>,
}

/// Colours of rows that agree, that do not, and that are not decided.
const AGREES: Colour = Colour("#0072b2");
const DIFFERS: Colour = Colour("#d55e00");

/// A forest plot of these rows, the first at the top. `reference` is drawn across all of them, such as 1 for ratios.
pub fn forest(
    rows: &[ForestRow],
    label: &str,
    reference: Option<f64>,
    alt_text: &str,
    simulated: bool,
) -> Chart {
    let ends = rows.iter().flat_map(|r| [r.low, r.high, r.value].into_iter().chain(r.claimed));
    let names = rows.iter().map(|row| row.name.clone());
    let mut chart = Chart::new(
        Axis::covering(label, ends.chain(reference)),
        Axis::names("", names).reversed(),
        alt_text,
        simulated,
    )
    .sized(920.0, 70.0 + 22.0 * rows.len() as f64);
    if let Some(reference) = reference {
        chart.add(Rule::upright(reference, ""));
    }
    let claims = rows
        .iter()
        .enumerate()
        .filter_map(|(i, row)| Some(Dot::new(row.claimed?, i as f64, tip(row))));
    let look = Style { colour: Colour::INK, shape: Shape::Diamond };
    chart.add(Points::new(claims, look).sized(4.6).hollow());
    let looks = [(Some(true), AGREES, Shape::Circle), (Some(false), DIFFERS, Shape::Square)];
    for (agrees, colour, shape) in looks.into_iter().chain([(None, Colour::SOFT, Shape::Circle)]) {
        let these = rows.iter().enumerate().filter(|(_, row)| row.agrees == agrees);
        let dots = these.map(|(i, row)| Dot {
            x_between: Some((row.low, row.high)),
            ..Dot::new(row.value, i as f64, tip(row))
        });
        chart.add(Points::new(dots, Style { colour, shape }).sized(3.0));
    }
    chart
}

fn tip(row: &ForestRow) -> String {
    let number = |x: f64| crate::format::significant(x, 4);
    let claimed = row.claimed.map(|x| format!("\nclaimed {}", number(x))).unwrap_or_default();
    let (value, low, high) = (number(row.value), number(row.low), number(row.high));
    format!("{}\n{value} [{low}, {high}]{claimed}", row.name)
}
