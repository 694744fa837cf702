//! Readings of ramps, as a table that a calibration takes.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;
use flowtwin_lab::study::{RampTask, Reading};

use super::curve::Curve;
use super::findings::{Finding, Findings};
use super::table::Table;
use crate::parts::Part;

/// Digits of times in the table \[s\].
const DECIMALS: u32 = 3;

/// Adds the readings of a ramp to the table of all ramps: inputs, features, and the columns `formed_s`, `read_s`, `run` and
/// `ramp`. Its first row is where it begins and its last where it ends; nothing was read of these.
pub(super) fn add(found: &mut Findings, scenario: &Scenario, part: &Part<'_>, task: &RampTask) {
    let features = scenario.features();
    let columns = scenario.space().inputs().iter().map(|input| input.name.clone());
    let columns = columns.chain(features.iter().map(|(name, _)| name.clone()));
    let more = ["formed_s", "read_s", "run", "ramp"].map(String::from);
    let columns: Vec<String> = columns.chain(more).collect();
    let read = part.readings.iter().filter(|reading| reading.conditions.is_some());
    let (good, flagged): (Vec<&Reading>, Vec<&Reading>) =
        read.partition(|reading| reading.quality.flags().is_empty());
    let began_s = good.first().and_then(|reading| began_s(task, reading)).unwrap_or(0.0);
    let row = |conditions: &Conditions, times: [Option<f64>; 2], reading: Option<&Reading>| {
        let input = |(_, word): (&str, flowtwin_lab::Word<'_>)| word.to_string();
        let mut row: Vec<String> = conditions.words().map(input).collect();
        let feature = |(name, _): &(String, String)| {
            let value = reading.and_then(|reading| reading.value(name));
            value.map_or_else(String::new, |value| format!("{value:?}"))
        };
        row.extend(features.iter().map(feature));
        row.extend(times.map(|time| time.map_or_else(String::new, seconds)));
        row.extend(["1".into(), part.number.to_string()]);
        row
    };
    let of_reading = |reading: &&Reading| {
        let formed_s = reading.value("formed_s").map(|formed| formed - began_s);
        let read_s = Some(reading.at_ns.as_secs() - began_s);
        Some(row(reading.conditions.as_ref()?, [formed_s, read_s], Some(reading)))
    };
    let n = good.len();
    let of = format!("ramp {}", part.number);
    found.push(Finding::known("ramp", &of, "readings", "", n as f64, n));
    let lasts_min = task.times.duration_s / 60.0;
    found.push(Finding::known("ramp", &of, "lasts", "min", lasts_min, n));
    let inputs = scenario.space().inputs().iter();
    let ends = task.from.values().iter().zip(task.to.values());
    for (input, (from, to)) in inputs.zip(ends).filter(|(_, (from, to))| from.total_cmp(to).is_ne())
    {
        let name = &input.name;
        for (end, value) in [("begins", from), ("ends", to)] {
            found.push(Finding::known("ramp", &of, &format!("{name} {end}"), "", *value, n));
        }
    }
    for (name, unit) in &features {
        let point = |reading: &&Reading| {
            Some(((reading.value("formed_s")? - began_s) / 60.0, reading.value(name)?))
        };
        let unit = if unit.is_empty() { String::new() } else { format!(" [{unit}]") };
        found.draw(Curve {
            figure: format!("What ramps show: {name}").into(),
            of: of.clone(),
            x: "since the ramp began, when the liquid was formed [min]",
            y: format!("{name}{unit}").into(),
            points: good.iter().filter_map(point).collect(),
            joined: false,
        });
    }
    if !flagged.is_empty() {
        found.notes.push(format!("{of}: {} readings are flagged, and left out", flagged.len()));
    }
    let mut rows = vec![row(&task.from, [Some(0.0), None], None)];
    rows.extend(good.iter().filter_map(of_reading));
    rows.push(row(&task.to, [Some(task.times.duration_s), None], None));
    let table = found.table("ramp.csv", columns);
    rows.into_iter().for_each(|row| Table::push(table, row));
}

/// When a ramp began, from one of its readings \[s\]: its conditions say how far it had come.
fn began_s(task: &RampTask, reading: &Reading) -> Option<f64> {
    let at = reading.conditions.as_ref()?.values().iter().copied();
    let ends = task.from.values().iter().copied().zip(task.to.values().iter().copied());
    let wide = |((from, to), _): &((f64, f64), f64)| (to - from).abs();
    let widest = ends.zip(at).max_by(|a, b| wide(a).total_cmp(&wide(b)));
    let ((from, to), at) = widest.filter(|it| wide(it) > 0.0)?;
    Some(reading.value("formed_s")? - (at - from) / (to - from) * task.times.duration_s)
}

fn seconds(seconds: f64) -> String {
    flowtwin_lab::math::round_decimals(seconds, DECIMALS).to_string()
}
