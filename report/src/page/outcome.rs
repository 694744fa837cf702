//! The best experiment: what was set, what was measured, and its spectra.

use super::html;
use super::spectra;
use crate::closing;
use crate::format::{NONE, significant};
use crate::quantity::Quantity;
use crate::run::{Experiment, Run};
use crate::table::Table;

/// The section on the best experiment.
pub(super) fn section(run: &Run<'_>) -> String {
    let Some(best) = run.best() else { return String::new() };
    let tables = [
        html::figure(
            "Conditions",
            "",
            &html::Legend::default(),
            &closing::conditions(run, best).html(),
        ),
        html::figure("Measured", "", &html::Legend::default(), &measured(run, best).html()),
    ];
    let words = format!("<p>{}.</p>\n", html::escape(&closing::best_line(run, best)));
    let body = words + &html::pair(&tables) + &spectra::figures(run, best);
    html::section("best", "The best experiment", &body)
}

fn measured(run: &Run<'_>, best: &Experiment<'_>) -> Table {
    let record = best.record;
    let mut table = Table::new().words("quantity").numbers("value").words("unit");
    for (name, value) in &record.features {
        let unit = run.header().features.iter().find(|(known, _)| known == name);
        let feature = Quantity::of_feature(name, unit.map_or("", |(_, unit)| unit.as_str()));
        let value = value.map_or(NONE.into(), |v| significant(v, 4));
        table.row(vec![feature.name, value, feature.unit]);
    }
    let times =
        [("residence time", record.residence_time_s), ("reaction time", record.reaction_time_s)];
    for (name, seconds) in times.into_iter().filter(|(_, s)| s.is_none_or(|s| s > 0.0)) {
        let value = seconds.map_or(NONE.into(), |s| significant(s, 3));
        table.row(vec![name.into(), value, "s".into()]);
    }
    let ml: f64 = record.consumed_ml.iter().map(|(_, ml)| ml).sum();
    if ml > 0.0 {
        table.row(vec!["liquids".into(), significant(ml, 3), "mL".into()]);
    }
    if let Some(vial) = &record.vial {
        table.row(vec!["vial".into(), vial.clone(), String::new()]);
    }
    let flags = record.quality.flags();
    if !flags.is_empty() {
        table.row(vec!["flags".into(), flags.join(", ").replace('_', " "), String::new()]);
    }
    table
}
