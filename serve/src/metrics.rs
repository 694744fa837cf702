//! Runs as Prometheus reads them: its text format, version 0.0.4.

use std::fmt::Write as _;

use flowtwin_lab::{Manifest, SensorKind};

use crate::census::Census;

/// A kind of number: its name, its type, what it is.
type Kind = (&'static str, &'static str, &'static str);

const KINDS: [Kind; 10] = [
    ("flowtwin_experiments_total", "counter", "Finished experiments of the run."),
    ("flowtwin_experiments_failed_total", "counter", "Finished experiments that failed."),
    ("flowtwin_experiments_planned", "gauge", "Planned experiments, all phases together."),
    ("flowtwin_faults_total", "counter", "Faults of the rig."),
    ("flowtwin_best", "gauge", "Best value of the objective so far, in the unit of its feature."),
    ("flowtwin_lab_time_seconds", "gauge", "Lab time at the end of the latest experiment."),
    ("flowtwin_complete", "gauge", "1 once the run came to its end."),
    ("flowtwin_temperature_celsius", "gauge", "What a heater's sensor read last."),
    ("flowtwin_stock_left_ml", "gauge", "What is left of a stock in its syringes."),
    ("flowtwin_journal_bytes", "gauge", "Length of the journal."),
];

/// The text of all runs, each under its name; `watchers` browsers watch.
pub(crate) fn text(runs: &[(String, Census)], watchers: usize) -> String {
    let mut out = String::new();
    for (name, kind, help) in KINDS {
        let _infallible = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (run, census) in runs {
            for (labels, value) in samples(name, census) {
                let run = escape(run);
                let _infallible = writeln!(out, "{name}{{run=\"{run}\"{labels}}} {value}");
            }
        }
    }
    out + &format!(
        "# HELP flowtwin_watchers Browsers that watch a run.\n# TYPE flowtwin_watchers gauge\nflowtwin_watchers {watchers}\n"
    )
}

/// More labels, and the value.
type Sample = (String, f64);

fn samples(name: &str, census: &Census) -> Vec<Sample> {
    let one = |value: f64| vec![(String::new(), value)];
    let manifest = census.header.as_ref().map(|header| &header.manifest);
    match name {
        "flowtwin_experiments_total" => one(census.experiments as f64),
        "flowtwin_experiments_failed_total" => one(census.failed as f64),
        "flowtwin_experiments_planned" => census.planned.map_or(vec![], |n| one(n as f64)),
        "flowtwin_faults_total" => one(census.faults as f64),
        "flowtwin_best" => best(census),
        "flowtwin_lab_time_seconds" => one(census.lab_time_s),
        "flowtwin_complete" => one(f64::from(census.ended)),
        "flowtwin_temperature_celsius" => manifest.map_or(vec![], |m| temperatures(census, m)),
        "flowtwin_stock_left_ml" => stocks(census),
        _ => one(census.bytes() as f64),
    }
}

fn best(census: &Census) -> Vec<Sample> {
    let label = || format!(",feature=\"{}\"", escape(census.wanted.feature(0)));
    census.best.map_or(vec![], |(best, _)| vec![(label(), best)])
}

fn temperatures(census: &Census, manifest: &Manifest) -> Vec<Sample> {
    let of = |sensor: &flowtwin_lab::SensorInfo| {
        let SensorKind::Temperature(heater) = &sensor.kind else { return None };
        let value = census.readings.get(sensor.name.as_str())?;
        Some((format!(",heater=\"{}\"", escape(heater.as_str())), *value))
    };
    manifest.sensors.iter().filter_map(of).collect()
}

fn stocks(census: &Census) -> Vec<Sample> {
    let left = |(stock, ml): (String, f64)| (format!(",stock=\"{}\"", escape(&stock)), ml);
    census.left_ml().into_iter().map(left).collect()
}

/// A label's value.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_quotes_stays_one_label() {
        assert_eq!(escape("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
