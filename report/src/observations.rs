//! `observations.csv`: one row for each experiment.

use flowtwin_lab::Instant;

use super::quantity::column;
use super::run::{Experiment, Run};

/// The column of what an experiment had: of its own name, or with `actual_` before it where an input has that name, which is what
/// was asked for.
pub fn reached(name: &str, inputs: &[String]) -> String {
    let is_asked_for = inputs.iter().any(|input| input == name);
    if is_asked_for { format!("actual_{name}") } else { name.to_owned() }
}

/// The text of `observations.csv`: RFC 4180 with `\n` line ends, a header of keys with their units last.
pub fn observations_csv(run: &Run<'_>) -> String {
    let (stocks, has_vials) = (stocks(run), has_vials(run));
    let mut out = row(header(run, &stocks, has_vials));
    for experiment in run.experiments() {
        out.push_str(&row(cells(run, experiment, &stocks, has_vials)));
    }
    out
}

fn stocks(run: &Run<'_>) -> Vec<String> {
    super::run::consumed_ml(run.experiments()).into_iter().map(|(stock, _)| stock).collect()
}

fn header(run: &Run<'_>, stocks: &[String], has_vials: bool) -> Vec<String> {
    let header = run.header();
    let words = |names: &[&str]| names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>();
    let mut out = words(&["experiment", "phase", "policy", "iteration", "simulated", "status"]);
    out.extend(words(&["started_s", "ended_s"]));
    out.extend(header.inputs.iter().cloned());
    out.extend(["residence_time_s", "reaction_time_s"].map(|name| reached(name, &header.inputs)));
    out.extend(header.features.iter().map(|(name, unit)| column(name, unit)));
    out.extend(stocks.iter().map(|stock| format!("consumed_{stock}_ml")));
    out.extend(has_vials.then(|| "vial".to_owned()));
    out.extend(words(&["flags", "fault"]));
    out
}

/// Whether the liquid of an experiment was collected.
pub(crate) fn has_vials(run: &Run<'_>) -> bool {
    run.experiments().iter().any(|experiment| experiment.record.vial.is_some())
}

fn cells(
    run: &Run<'_>,
    experiment: &Experiment<'_>,
    stocks: &[String],
    has_vials: bool,
) -> Vec<String> {
    let record = experiment.record;
    let number = |value: Option<f64>| value.map(|v| v.to_string()).unwrap_or_default();
    let mut out = vec![
        record.experiment.to_string(),
        record.phase.clone(),
        run.phases()[experiment.phase].record.policy.clone(),
        experiment.iteration.to_string(),
        run.header().simulated.to_string(),
        if record.fault.is_some() { "failed" } else { "ok" }.to_owned(),
        seconds(record.started_ns),
        seconds(record.ended_ns),
    ];
    let set = |name: &String| record.conditions.words().find(|(known, _)| known == name);
    out.extend(
        run.header()
            .inputs
            .iter()
            .map(|name| set(name).map_or(String::new(), |(_, word)| word.to_string())),
    );
    out.extend([number(record.residence_time_s), number(record.reaction_time_s)]);
    let features = run.header().features.iter();
    out.extend(features.map(|(name, _)| number(super::run::feature(record, name))));
    let taken = |stock: &String| record.consumed_ml.iter().find(|(s, _)| s == stock).map(|c| c.1);
    out.extend(stocks.iter().map(|stock| number(taken(stock))));
    out.extend(has_vials.then(|| record.vial.clone().unwrap_or_default()));
    out.push(record.quality.flags().join(" "));
    out.push(record.fault.as_ref().map(ToString::to_string).unwrap_or_default());
    out
}

/// Seconds since the start of the run, exact to the nanosecond, without trailing zeros.
fn seconds(at: Instant) -> String {
    let nanos = at.as_nanos();
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn row(cells: Vec<String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(quoted).collect();
    cells.join(",") + "\n"
}

fn quoted(cell: String) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_with_commas_and_quotes_are_quoted() {
        let cells = ["a,b", "say \"no\"", "plain"].map(str::to_owned);
        assert_eq!(row(cells.to_vec()), "\"a,b\",\"say \"\"no\"\"\",plain\n");
    }

    #[test]
    fn times_are_exact() {
        assert_eq!(seconds(Instant::from_nanos(1_500_000_000)), "1.5");
        assert_eq!(seconds(Instant::from_nanos(20_000_000_001)), "20.000000001");
        assert_eq!(seconds(Instant::START), "0");
    }
}
