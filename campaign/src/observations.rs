//! Experiments as a table of text: aligned columns, units in the headers, six digits.

use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_report::{Align, aligned};

use crate::scenario::Scenario;

/// One row for each experiment of a journal.
pub fn table(scenario: &Scenario, journal: &Journal) -> String {
    let rows = std::iter::once(head(scenario));
    align(&rows.chain(journal.experiments().map(row)).collect::<Vec<_>>())
}

fn head(scenario: &Scenario) -> Vec<String> {
    let inputs = scenario.space().inputs().iter().map(|input| input.name.clone());
    let features = scenario.features().into_iter();
    let features = features.map(|(name, unit)| format!("{name} [{unit}]"));
    let names = ["experiment", "phase"].into_iter().map(str::to_owned);
    let times = ["τ [s]", "reaction time [s]", "lab time [s]", "remarks"].map(str::to_owned);
    names.chain(inputs).chain(features).chain(times).collect()
}

fn row(record: &ExperimentRecord) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or("-".into(), six);
    let lab_time_s = record.ended_ns.since(record.started_ns).as_secs();
    let names = [record.experiment.to_string(), record.phase.clone()];
    let inputs = record.conditions.words().map(|(_, word)| word.to_string());
    let features = record.features.iter().map(|(_, value)| number(*value));
    let times = [number(record.residence_time_s), number(record.reaction_time_s), six(lab_time_s)];
    let flags = record.quality.flags().join(", ");
    let remarks = record.fault.as_ref().map_or(flags, |fault| format!("failed: {}", fault.kind));
    names.into_iter().chain(inputs).chain(features).chain(times).chain([remarks]).collect()
}

/// Six significant digits.
pub fn six(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let scientific = format!("{value:.5e}");
    let exponent = scientific.rsplit('e').next().and_then(|e| e.parse::<i32>().ok());
    match exponent.expect("a number in scientific notation has an exponent") {
        exponent @ -5..=5 => format!("{value:.*}", (5 - exponent) as usize),
        6..=9 => format!("{value:.0}"),
        _ => scientific,
    }
}

/// Rows as lines, the last column to the left, all others to the right.
///
/// A failed experiment has no features: its row is shorter, and its remark stands behind.
fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let fill = |row: &Vec<String>| -> Vec<String> {
        let mut row = row.clone();
        while row.len() < columns {
            row.insert(row.len() - 4, "-".into());
        }
        row
    };
    let rows: Vec<Vec<String>> = rows.iter().map(fill).collect();
    aligned(&rows, |column| if column + 1 == columns { Align::Left } else { Align::Right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_whatever_the_size() {
        assert_eq!(six(1916.84251), "1916.84");
        assert_eq!(six(0.114_738_21), "0.114738");
        assert_eq!(six(0.0), "0.00000");
        assert_eq!(six(-31.372_54), "-31.3725");
        assert_eq!(six(173_221.9), "173222");
        assert_eq!(six(1_732_219.4), "1732219");
        assert_eq!(six(1.2e-9), "1.20000e-9");
        assert_eq!(six(999_999.7), "1000000");
    }

    #[test]
    fn a_short_row_keeps_its_last_four_columns() {
        let row = |cells: &[&str]| cells.iter().map(|&c| c.to_owned()).collect::<Vec<_>>();
        let rows = [row(&["n", "µ", "τ", "a", "b", "rest"]), row(&["10", "1", "2", "3", "x"])];
        assert_eq!(align(&rows), " n  µ  τ  a  b  rest\n10  -  1  2  3  x\n");
    }
}
