//! The same conditions again and again.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_statistics::estimate::Estimate;
use flowtwin_statistics::standard_deviation;
use statrs::distribution::{ContinuousCDF as _, StudentsT};

use super::findings::{Finding, Findings};

/// Mean and standard deviation of each feature, and whether it drifts while they are measured.
///
/// A trend is told where its interval, at 95 % for all features together (Bonferroni), does not hold zero.
pub(super) fn add(found: &mut Findings, scenario: &Scenario, journal: &Journal, phase: &str) {
    let good = |record: &&ExperimentRecord| {
        record.phase == phase && record.fault.is_none() && record.quality.flags().is_empty()
    };
    let all: Vec<&ExperimentRecord> = journal.experiments().filter(good).collect();
    let done = journal.experiments().filter(|record| record.phase == phase).count();
    if all.len() < done {
        let left = done - all.len();
        found.notes.push(format!("{phase}: {left} of {done} failed or are flagged, and left out"));
    }
    let features = scenario.features();
    for (name, unit) in &features {
        let value = |record: &&ExperimentRecord| {
            let of = record.features.iter().find(|(known, _)| known == name);
            of.and_then(|(_, value)| *value)
                .map(|value| (record.ended_ns.as_secs() / 3600.0, value))
        };
        let points: Vec<(f64, f64)> = all.iter().filter_map(value).collect();
        if points.len() < 2 {
            found.notes.push(format!("{phase}: {name} was read {} times only", points.len()));
            continue;
        }
        let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        let n = values.len();
        found.push(Finding::new(phase, name, "mean", unit, Estimate::mean(&values), n));
        let deviation = standard_deviation(&values);
        found.push(Finding::known(phase, name, "standard deviation", unit, deviation, n));
        let per_hour = format!("{unit}/h");
        if let Some(trend) = trend(&points, features.len()) {
            found.push(Finding::new(phase, name, "trend", per_hour.trim_start(), trend, n));
            if trend.low > 0.0 || trend.high < 0.0 {
                found.notes.push(format!("{phase}: {name} drifts"));
            }
        }
    }
}

/// Slope over time, with an interval that holds for so many features together; none for fewer than three values.
fn trend(points: &[(f64, f64)], features: usize) -> Option<Estimate> {
    let n = points.len() as f64;
    let freedom = n - 2.0;
    if freedom < 1.0 {
        return None;
    }
    let value = flowtwin_statistics::estimate::slope(points);
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let sxx: f64 = points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum();
    let left = points.iter().map(|p| p.1 - y - value * (p.0 - x));
    let variance = left.map(|left| left * left).sum::<f64>() / freedom;
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let t = student.inverse_cdf(1.0 - 0.025 / features.max(1) as f64);
    let half = t * (variance / sxx).sqrt();
    (sxx > 0.0).then_some(Estimate { value, low: value - half, high: value + half })
}
