//! Fig. 7: what each input contributes, and PLI over temperature and CuI.

use flowtwin_report::page::{Legend, figure};
use flowtwin_report::plot::{Axis, Bars, Chart, Style};
use flowtwin_statistics::mean;

use super::panel::{HALF, HIGH, Panel, with_unit};
use crate::paper::seed::Seed;
use crate::paper::study::twin::SURFACE;

pub(super) fn body(seeds: &[Seed], first: &Seed) -> String {
    format!(
        "<div class=\"pair\">\n{}{}</div>\n",
        contributions(seeds, first),
        surface(seeds).html()
    )
}

/// Mean absolute Shapley values, averaged over rigs; to the left where more of an input lowers PLI.
fn contributions(seeds: &[Seed], first: &Seed) -> String {
    let size = |name: &str| {
        let of = |s: &Seed| {
            let sign = if s.twin.sign(name) < 0.0 { -1.0 } else { 1.0 };
            s.twin.inputs.iter().find(|c| c.name == name).map_or(f64::NAN, |c| sign * c.size())
        };
        mean(&seeds.iter().map(of).collect::<Vec<_>>())
    };
    let mut sizes: Vec<(&str, f64)> =
        first.twin.inputs.iter().map(|c| (c.name.as_str(), size(&c.name))).collect();
    sizes.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let mut bars = Bars::new(Style::series(0).colour, 0.6);
    for (i, (name, size)) in sizes.iter().enumerate() {
        bars.push(i as f64, 0.0, *size, format!("{name}: {size:.0} counts"));
    }
    let names = Axis::names("", sizes.iter().map(|(name, _)| with_unit(name))).reversed();
    let values = Axis::from_zero("mean Shapley value [counts]", sizes.iter().map(|s| s.1));
    let chart = Chart::new(values, names, "what each input contributes to PLI", true)
        .sized(HALF, HIGH)
        .with(bars);
    let note =
        "Exact Shapley values of the twin, with their signs. To the left: more of it lowers PLI.";
    figure("A: contributions", note, &Legend::default(), &chart.responsive())
}

/// Sections through the surface at five temperatures.
fn surface(seeds: &[Seed]) -> Panel {
    let mut panel = Panel::new(
        "B: PLI over CuI and temperature",
        "CuI, share of its range",
        "PLI [counts]",
    )
    .note("Mean over rigs of what the twin predicts; other inputs in the middle of their ranges.");
    let place = |i: usize| i as f64 / (SURFACE - 1) as f64;
    for row in (0..SURFACE).step_by((SURFACE - 1) / 4) {
        let value = |column: usize| {
            mean(&seeds.iter().map(|s| s.twin.surface[row][column]).collect::<Vec<_>>())
        };
        let section = (0..SURFACE).map(|column| (place(column), value(column))).collect();
        panel.one(
            &format!("{:.0} % of the range of temperature", 100.0 * place(row)),
            section,
            true,
        );
    }
    panel
}
