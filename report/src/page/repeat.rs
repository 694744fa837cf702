//! A repeated run against the one it repeats.

use super::html::{self, HALF, Legend, escape, figure, pair};
use crate::format::{significant, with_unit};
use crate::plot::{Axis, Chart, Colour, Dash, Dot, Line, Points, Style};
use crate::quantity::Quantity;
use crate::repeat::{FeatureRepeat, Repeat};

/// The section on the repeated results.
pub(super) fn section(repeat: &Repeat, simulated: bool) -> String {
    let words = format!(
        "<p>{} A difference is the value now minus the value then; its interval is Student's, at 95 %.</p>\n",
        escape(&repeat.headline()),
    );
    let measured = repeat.features.iter().filter(|f| f.pairs > 0);
    let charts: Vec<String> = measured.map(|feature| parity(feature, simulated)).collect();
    let body = words + &repeat.table().html() + &charts.chunks(2).map(pair).collect::<String>();
    html::section("repeat", "Then and now", &body)
}

fn parity(feature: &FeatureRepeat, simulated: bool) -> String {
    let quantity = Quantity::of_feature(&feature.name, &feature.unit);
    let values = feature.values.iter().flat_map(|(then, now)| [*then, *now]);
    let Axis { low, high, .. } = Axis::covering("", values);
    let axis = |when: &str| Axis::between(format!("{} {when}", quantity.label()), low, high);
    let alt_text = format!("{} now against then", quantity.name);
    let value = |x: f64| with_unit(&significant(x, 4), &quantity.unit);
    let dot = |(then, now): &(f64, f64)| {
        Dot::new(*then, *now, format!("then {}\nnow {}", value(*then), value(*now)))
    };
    let line = Line::new([(low, low), (high, high)], Colour::QUIET).wide(1.0).dashed(Dash::Dashed);
    let chart = Chart::new(axis("then").ticked(4), axis("now").ticked(4), alt_text, simulated)
        .sized(HALF, 340.0)
        .with(line)
        .with(Points::new(feature.values.iter().map(dot), Style::series(1)).sized(3.0));
    figure(
        &quantity.name,
        "Each point an experiment. Dashed: no difference.",
        &Legend::default(),
        &chart.responsive(),
    )
}
