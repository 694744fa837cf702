//! The figures by which self-driving labs are compared (Volk & Abolhasani, Nat. Commun. 2024, 15, 1378).

use super::definition::Kind;
use super::format::{NONE, counted, duration, fixed, significant};
use super::materials::{Material, assisted, usage};
use super::quantity::Quantity;
use super::run::{Experiment, Run, consumed_ml, feature};
use super::stock;
use super::table::Table;

/// The metrics of a run: what, how much, and how it was found.
pub(crate) fn table(run: &Run<'_>) -> Table {
    let mut table = Table::new().words("metric").words("value").words("how it is found");
    let mut row = |what: &str, value: String, how: &str| {
        table.row(vec![what.into(), value, how.into()]);
    };
    row(
        "degree of autonomy",
        "closed loop".into(),
        "policies choose, the rig runs and analyses; no person in between",
    );
    row(
        "lifetime, demonstrated",
        demonstrated_life(run),
        "lab time and experiments of this run, nobody having to act",
    );
    row(
        "lifetime, theoretical",
        theoretical_life(run),
        "until the first syringe or bottle is empty, at the mean use of this run",
    );
    row(
        "throughput, demonstrated",
        per_hour(demonstrated_s(run)),
        "experiments over lab time, priming, heating and failures included",
    );
    row(
        "throughput, theoretical",
        per_hour(theoretical_s(run)),
        "as if nothing had to be heated: flow, wait for steady state, spectra",
    );
    for (what, value, how) in precision(run) {
        row(&what, value, &how);
    }
    let materials = materials(run);
    let rows = usage(&materials, "volume of an experiment, mean over the run, by stock");
    for [what, value, how] in rows.into_iter().chain([assisted_life(run, &materials)]) {
        row(&what, value, &how);
    }
    row("accessible space", space(run), "inputs, and settings that the resolution tells apart");
    table
}

fn assisted_life(run: &Run<'_>, materials: &[Material]) -> [String; 3] {
    let stocks = stock::of(run);
    let first = stock::first_empty(&stocks);
    let first = first.and_then(|stock| Some((stock.name.as_str(), stock.life()?)));
    assisted(materials, first, demonstrated_s(run).unwrap_or(0.0))
}

fn demonstrated_life(run: &Run<'_>) -> String {
    format!("{}, {}", duration(run.lab_time_s()), counted(run.experiments().len(), "experiment"))
}

/// Mean lab time of an experiment, pauses between experiments included [s].
fn demonstrated_s(run: &Run<'_>) -> Option<f64> {
    let n = run.experiments().len();
    (n > 0).then(|| run.lab_time_s() / n as f64)
}

/// Mean lab time of a finished experiment without its heating [s].
fn theoretical_s(run: &Run<'_>) -> Option<f64> {
    let finished = run.experiments().iter().filter(|e| e.record.fault.is_none());
    let times: Vec<f64> =
        finished.filter_map(|e| e.stages.map(|s| s.equilibrating_s + s.measuring_s)).collect();
    mean(&times)
}

fn per_hour(seconds: Option<f64>) -> String {
    seconds
        .filter(|s| *s > 0.0)
        .map_or(NONE.into(), |s| format!("{} experiments per hour", significant(3600.0 / s, 3)))
}

fn theoretical_life(run: &Run<'_>) -> String {
    let stocks = stock::of(run);
    let first = stock::first_empty(&stocks).and_then(|stock| Some((stock, stock.life()?)));
    match (first, demonstrated_s(run)) {
        (Some((stock, n)), Some(each)) => {
            let (time, n) = (duration(n * each), fixed(n, 0));
            format!("{time}, {n} experiments, then {} is empty", stock.name)
        }
        _ => NONE.into(),
    }
}

fn materials(run: &Run<'_>) -> Vec<Material> {
    let n = run.experiments().len().max(1) as f64;
    let material = |(stock, ml): (String, f64)| {
        let kind = run.definition().stocks.get(&stock).copied().unwrap_or_default();
        let Kind { hazardous, high_value, keeps_h } = kind;
        Material { stock, ml: ml / n, hazardous, high_value, keeps_h }
    };
    consumed_ml(run.experiments()).into_iter().map(material).collect()
}

fn space(run: &Run<'_>) -> String {
    let inputs = &run.header().inputs;
    let ranges: Vec<_> = inputs.iter().filter_map(|name| run.definition().range(name)).collect();
    let fine = ranges.len() == inputs.len() && ranges.iter().all(|r| r.resolution > 0.0);
    let settings: f64 =
        ranges.iter().map(|r| ((r.high - r.low) / r.resolution + 1e-9).floor() + 1.0).product();
    let inputs = counted(inputs.len(), "input");
    if fine { format!("{inputs}, {} settings", significant(settings, 2)) } else { inputs }
}

/// Relative standard deviation of replicates, feature by feature.
fn precision(run: &Run<'_>) -> Vec<(String, String, String)> {
    let groups = replicates(run);
    let n: usize = groups.iter().map(Vec::len).sum();
    let how = format!(
        "pooled relative standard deviation of {} at {}",
        counted(n, "experiment"),
        counted(groups.len(), "repeated condition")
    );
    if groups.is_empty() {
        let none = "no condition was repeated in this run".to_owned();
        return vec![("precision".into(), NONE.into(), none)];
    }
    let of = |(name, unit): &(String, String)| {
        let (value, _) = pooled(&groups, |e| feature(e.record, name))?;
        let feature = Quantity::of_feature(name, unit).name;
        Some(format!("{feature} {} %", significant(100.0 * value, 2)))
    };
    let values: Vec<String> = run.header().features.iter().filter_map(of).collect();
    vec![("precision".into(), values.join(", "), how)]
}

/// Experiments that did not fail, in groups of equal conditions, those that stand alone left out.
pub(crate) fn replicates<'r, 'a>(run: &'r Run<'a>) -> Vec<Vec<&'r Experiment<'a>>> {
    let mut groups: Vec<Vec<&Experiment<'a>>> = Vec::new();
    for e in run.experiments().iter().filter(|e| e.record.fault.is_none()) {
        let same = |g: &&mut Vec<&Experiment<'a>>| g[0].record.conditions == e.record.conditions;
        match groups.iter_mut().find(same) {
            Some(group) => group.push(e),
            None => groups.push(vec![e]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// √(Σ (n − 1)·(s/x̄)² / Σ (n − 1)) over the groups, and Σ (n − 1).
pub(crate) fn pooled(
    groups: &[Vec<&Experiment<'_>>],
    value: impl Fn(&Experiment<'_>) -> Option<f64>,
) -> Option<(f64, usize)> {
    let (mut squares, mut freedom) = (0.0, 0.0);
    for group in groups {
        let values: Vec<f64> = group.iter().filter_map(|e| value(e)).collect();
        let Some(mean) = mean(&values) else { continue };
        if values.len() < 2 || mean.abs() < 1e-300 {
            continue;
        }
        let off = |v: &f64| (v - mean) / mean * ((v - mean) / mean);
        squares += values.iter().map(off).sum::<f64>();
        freedom += values.len() as f64 - 1.0;
    }
    (freedom > 0.0).then(|| ((squares / freedom).sqrt(), freedom as usize))
}

/// The mean; none of nothing.
fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| flowtwin_statistics::mean(values))
}
