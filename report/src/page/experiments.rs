//! Every experiment in a table, which the script sorts, filters and opens.

use super::html::{self, escape};
use crate::format::{NONE, duration, said, significant};
use crate::observations::has_vials;
use crate::quantity::Quantity;
use crate::run::{Experiment, Run};

/// The section with the table of all experiments.
pub(super) fn section(run: &Run<'_>) -> String {
    if run.experiments().is_empty() {
        return String::new();
    }
    let has_vials = has_vials(run);
    let rows: String = run.experiments().iter().map(|e| row(run, e, has_vials)).collect();
    let head: String = titles(run, has_vials)
        .iter()
        .map(|(title, n)| {
            let class = if *n { " class=\"n\"" } else { "" };
            format!("<th scope=\"col\"{class}>{}</th>", escape(title))
        })
        .collect();
    let table = format!(
        "<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-label=\"All experiments\"><table id=\"all\">\n<thead>\n<tr>{head}</tr>\n</thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    );
    let note =
        "<p class=\"note\">The same numbers, to the last digit, are in observations.csv.</p>\n";
    html::section("experiments", "Every experiment", &(table + note))
}

/// Titles of the columns, and whether numbers stand in them.
fn titles(run: &Run<'_>, has_vials: bool) -> Vec<(String, bool)> {
    let outcomes = (0..run.wanted().outcomes.len()).map(|place| run.outcome(place).label());
    let inputs = run.header().inputs.iter().map(|name| Quantity::of_key(name).label());
    let number = |title: String| (title, true);
    let first = [("experiment".to_owned(), true), ("phase".to_owned(), false)];
    let timed = (run.lab_time_s() > 0.0).then(|| ("lab time".to_owned(), true));
    first
        .into_iter()
        .chain(outcomes.map(number))
        .chain(inputs.map(number))
        .chain(timed)
        .chain(has_vials.then(|| ("vial".to_owned(), false)))
        .chain([("state".to_owned(), false)])
        .collect()
}

fn row(run: &Run<'_>, e: &Experiment<'_>, has_vials: bool) -> String {
    let record = e.record;
    let n = record.experiment;
    let cell = |value: &str, text: &str| {
        format!("<td class=\"n\" data-v=\"{}\">{}</td>", escape(value), escape(text))
    };
    let number = |value: Option<f64>| match value {
        Some(value) => cell(&value.to_string(), &significant(value, 4)),
        None => cell("", NONE),
    };
    let mut out = format!("<tr data-e=\"{n}\"><td class=\"n\" data-v=\"{n}\">{n}</td>");
    out.push_str(&format!("<td>{}</td>", escape(&run.phases()[e.phase].record.name)));
    e.values.iter().for_each(|value| out.push_str(&number(*value)));
    for name in &run.header().inputs {
        let word = record.conditions.words().find(|(known, _)| known == name);
        out.push_str(&word.map_or(cell("", NONE), |(_, w)| cell(&w.to_string(), &said(w))));
    }
    if run.lab_time_s() > 0.0 {
        let seconds = record.ended_ns.since(record.started_ns).as_secs();
        out.push_str(&cell(&seconds.to_string(), &duration(seconds)));
    }
    if has_vials {
        let vial = record.vial.as_deref().unwrap_or(NONE);
        out.push_str(&format!("<td>{}</td>", escape(vial)));
    }
    let state = match &record.fault {
        Some(fault) => format!("failed: {}", fault.kind),
        None if record.quality.flags().is_empty() => "ok".to_owned(),
        None => record.quality.flags().join(", ").replace('_', " "),
    };
    out + &format!("<td>{}</td></tr>\n", escape(&state))
}
