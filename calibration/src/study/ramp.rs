//! Readings of ramps, as a table that a calibration takes.

use flowtwin_campaign::scenario::Scenario;

use super::findings::{Finding, Findings};
use super::table::Table;
use crate::parts::Part;

/// Adds the readings of a ramp to the table of all ramps: inputs, features, and the columns `run` and `ramp`.
pub(super) fn add(found: &mut Findings, scenario: &Scenario, part: &Part<'_>) {
    let inputs = scenario.space().inputs();
    let features = scenario.features();
    let columns = inputs.iter().map(|input| input.name.clone());
    let columns = columns.chain(features.iter().map(|(name, _)| name.clone()));
    let columns: Vec<String> = columns.chain(["run".into(), "ramp".into()]).collect();
    let (mut rows, mut flagged) = (Vec::new(), 0);
    for reading in &part.readings {
        let Some(conditions) = &reading.conditions else { continue };
        if !reading.quality.flags().is_empty() {
            flagged += 1;
            continue;
        }
        let input = |(_, word): (&str, flowtwin_lab::Word<'_>)| word.to_string();
        let mut row: Vec<String> = conditions.words().map(input).collect();
        let feature = |(name, _): &(String, String)| {
            reading.value(name).map_or_else(String::new, |value| format!("{value:?}"))
        };
        row.extend(features.iter().map(feature));
        row.extend(["1".into(), part.number.to_string()]);
        rows.push(row);
    }
    let n = rows.len();
    found.push(Finding::known(
        "ramp",
        &format!("ramp {}", part.number),
        "readings",
        "",
        n as f64,
        n,
    ));
    if flagged > 0 {
        found
            .notes
            .push(format!("ramp {}: {flagged} readings are flagged, and left out", part.number));
    }
    let table = found.table("ramp.csv", columns);
    rows.into_iter().for_each(|row| Table::push(table, row));
}
