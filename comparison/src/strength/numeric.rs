//! Within tolerances: what of a comparison is beyond them.

use flowtwin_campaign::scenario::{DecisionsMay, SnapshotSpec};
use flowtwin_report::format::significant;

use crate::comparison::Comparison;
use crate::outcome::Cost;
use crate::parting::{Parting, Sort};
use crate::shift::{Shift, percent};

/// What is beyond the tolerances of `spec`, a line each; nothing where all is within.
///
/// A feature may move by a number of per cent of its value, or of standard deviations of replicates, whichever is
/// more; at every pair of experiments at the same conditions.
pub fn beyond_tolerance(found: &Comparison, spec: &SnapshotSpec) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(parting) = &found.parting
        && matches!(parting.sort, Sort::Fault | Sort::Rig | Sort::Length)
        && !last_bits_of_the_rig(parting)
    {
        reasons.push(format!(
            "{} differs at experiment {}: {} → {}",
            parting.sort.words(),
            parting.experiment,
            parting.before,
            parting.after
        ));
    }
    for (names, which) in found.only.iter().zip(["before", "now"]) {
        reasons.extend(names.iter().map(|name| format!("{name}: there only {which}")));
    }
    let turned = found.decisions.differing;
    if spec.decisions == DecisionsMay::BeSame && turned > 0 {
        let of = found.decisions.proposals;
        reasons.push(format!("{turned} of {of} proposals differ, and none may"));
    }
    reasons.extend(found.shifts.iter().filter_map(|shift| of_shift(shift, spec)));
    let band = |cost: &Cost| match (cost.name.as_str(), cost.unit.as_str()) {
        ("lab time" | "lab time of experiments", _) => Some(spec.time_percent),
        ("liquids", _) => Some(spec.volume_percent),
        ("experiments" | "failed", "") => Some(0.0),
        _ => None,
    };
    let totals = found.outcome.totals.iter().filter_map(|cost| Some((cost, band(cost)?)));
    reasons.extend(totals.filter_map(|(cost, band)| of_cost(cost, band)));
    reasons.extend(work_beyond_its_band(found, spec));
    reasons
}

/// Whether it is a number of the rig that differs, and by no more than computing it otherwise does.
fn last_bits_of_the_rig(parting: &Parting) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let numbers = number(&parting.before).zip(number(&parting.after));
    let alike = |(before, after): (f64, f64)| (after - before).abs() <= 1e-12 * before.abs();
    parting.sort == Sort::Rig && numbers.is_some_and(alike)
}

/// Counts of work that are beyond their band, a line each.
pub(super) fn work_beyond_its_band(found: &Comparison, spec: &SnapshotSpec) -> Vec<String> {
    found.outcome.work.iter().filter_map(|cost| of_cost(cost, spec.work_percent)).collect()
}

fn of_shift(shift: &Shift, spec: &SnapshotSpec) -> Option<String> {
    if shift.one_sided > 0 {
        let n = shift.one_sided;
        return Some(format!("{}: measured on one side only, in {n} experiments", shift.name));
    }
    let own = spec.features_percent.get(&shift.name).copied();
    let (share, deviations) = match (own, shift.name.as_str()) {
        (Some(percent), _) => (percent, 0.0),
        (None, "lab time" | "reaction time") => (spec.time_percent, 0.0),
        (None, "liquids") => (spec.volume_percent, 0.0),
        (None, _) => (spec.percent, spec.deviations),
    };
    let most = deviations * shift.replicate_deviation.unwrap_or(0.0);
    let beyond = shift.changes.iter().find(|(_, before, after)| {
        (after - before).abs() > most.max(share / 100.0 * before.abs())
    })?;
    let (experiment, before, after) = beyond;
    let moved = percent(*before, *after)
        .map_or(String::new(), |by| format!(" by {} %", significant(by, 3)));
    Some(format!(
        "{} moves{moved} in experiment {experiment}: {} % or {} standard deviations are allowed",
        shift.name, share, deviations
    ))
}

fn of_cost(cost: &Cost, band: f64) -> Option<String> {
    let (before, after) = cost.before.zip(cost.after)?;
    let most = band / 100.0 * before.abs();
    ((after - before).abs() > most).then(|| {
        let by = percent(before, after)
            .map_or("from 0".into(), |by| format!("by {} %", significant(by, 3)));
        format!("{} moves {by}: {band} % are allowed", cost.name)
    })
}
