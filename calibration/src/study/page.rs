//! The page of a study: what was found, and the curves that it was read off.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::page::{Legend, Page, escape, figure, section, tiles};
use flowtwin_report::plot::{Axis, Chart, Dot, Line, Points, Style};

use super::curve::Curve;
use super::findings::Findings;

/// Most curves of a figure that have colours of their own.
const SHOWN: usize = 8;

/// The page of what a study of the rig of a scenario has found.
pub fn page(scenario: &Scenario, study: &str, found: &Findings) -> String {
    let mut page = Page::new(&scenario.file().title, found.simulated);
    page.kicker(&format!("study: {study}"));
    let keys = found.iter().filter(|finding| finding.key.is_some()).count();
    page.push(&tiles(&[
        (found.findings.len().to_string(), "numbers".into()),
        (keys.to_string(), "of them keys of the scenario".into()),
    ]));
    page.push(&section("found", "What was found", &found.shown().html()));
    if !found.notes.is_empty() {
        let items = found.notes.iter().map(|note| format!("<li>{}</li>", escape(note)));
        page.push(&section("notes", "Notes", &format!("<ul>{}</ul>", items.collect::<String>())));
    }
    let figures: Vec<String> =
        found.curves().chunk_by(|a, b| a.figure == b.figure).map(|of| drawn(of, found)).collect();
    if !figures.is_empty() {
        page.push(&section("readings", "What was read", &figures.concat()));
    }
    page.finish()
}

/// One figure with its curves.
fn drawn(curves: &[Curve], found: &Findings) -> String {
    let first = &curves[0];
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let mut chart = Chart::new(
        Axis::covering(first.x, all().map(|(x, _)| *x)),
        Axis::covering(first.y.as_ref(), all().map(|(_, y)| *y)),
        first.figure.as_ref(),
        found.simulated,
    );
    let mut legend = Legend::default();
    for (place, curve) in curves.iter().enumerate() {
        let style = Style::series(1 + place % SHOWN);
        legend.push(style, &curve.of);
        if curve.joined {
            chart.add(Line::new(curve.points.iter().copied(), style.colour));
        } else {
            let dot = |(x, y): &(f64, f64)| Dot::new(*x, *y, curve.of.clone());
            chart.add(Points::new(curve.points.iter().map(dot), style));
        }
    }
    figure(&first.figure, "", &legend, &chart.responsive())
}
