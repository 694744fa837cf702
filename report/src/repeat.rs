//! A run that repeats another: earlier and present measurements, experiment by experiment.

use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_statistics::{Estimate, mean, standard_deviation};
use serde::Serialize;

use super::format::{NONE, count, counted, significant};
use super::quantity::Quantity;
use super::run::feature;
use super::table::Table;

/// A repeated run compared with the original.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeat {
    /// Experiments of the recorded run.
    pub recorded: usize,
    /// Experiments that were repeated.
    pub repeated: usize,
    /// Numbers of those that failed, then or now.
    pub failed: Vec<u64>,
    /// Each feature.
    pub features: Vec<FeatureRepeat>,
}

/// How one feature compares.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureRepeat {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Experiments in which it was measured both times.
    pub pairs: usize,
    /// Its mean then.
    pub mean_then: f64,
    /// Mean difference, now minus then, with Student's 95 % interval.
    pub shift: Estimate,
    /// Standard deviation of the differences.
    pub deviation: f64,
    /// The experiment with the largest difference.
    pub largest_in: Option<u64>,
    /// The largest difference, now minus then.
    pub largest: f64,
    /// Values then and now.
    #[serde(skip)]
    pub values: Vec<(f64, f64)>,
}

impl Repeat {
    /// Compares two journals, experiment by experiment.
    pub fn new(then: &Journal, now: &Journal) -> Self {
        let pairs: Vec<_> = then.experiments().zip(now.experiments()).collect();
        let failed = pairs.iter().filter(|(a, b)| a.fault.is_some() || b.fault.is_some());
        let features = &now.header().features;
        Self {
            recorded: then.experiments().count(),
            repeated: pairs.len(),
            failed: failed.map(|(a, _)| a.experiment).collect(),
            features: features
                .iter()
                .map(|(n, unit)| FeatureRepeat::new(n, unit, &pairs))
                .collect(),
        }
    }

    /// The table of differences.
    pub fn table(&self) -> Table {
        let mut table = Table::new()
            .words("feature")
            .numbers("pairs")
            .numbers("mean then")
            .numbers("difference")
            .numbers("95 % interval")
            .numbers("in %")
            .numbers("SD of differences")
            .numbers("largest")
            .numbers("in experiment");
        for f in &self.features {
            table.row(f.cells());
        }
        table
    }

    /// What was repeated, in a sentence.
    pub fn headline(&self) -> String {
        let failed = match self.failed.len() {
            0 => String::new(),
            n => format!(", {} of them failed then or now", count(n)),
        };
        let of = if self.repeated < self.recorded {
            format!(" of {}", count(self.recorded))
        } else {
            String::new()
        };
        format!("Repeats {}{of}{failed}.", counted(self.repeated, "experiment"))
    }
}

impl FeatureRepeat {
    fn new(name: &str, unit: &str, pairs: &[(&ExperimentRecord, &ExperimentRecord)]) -> Self {
        let measured = pairs.iter().filter_map(|(a, b)| {
            let (then, now) = (feature(a, name)?, feature(b, name)?);
            (then.is_finite() && now.is_finite()).then_some((a.experiment, then, now))
        });
        let measured: Vec<(u64, f64, f64)> = measured.collect();
        let differences: Vec<f64> = measured.iter().map(|(_, then, now)| now - then).collect();
        let then: Vec<f64> = measured.iter().map(|(_, then, _)| *then).collect();
        let size = |m: &&(u64, f64, f64)| (m.2 - m.1).abs();
        let largest = measured.iter().max_by(|a, b| size(a).total_cmp(&size(b)));
        Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            pairs: measured.len(),
            mean_then: mean(&then),
            shift: Estimate::mean(&differences),
            deviation: standard_deviation(&differences),
            largest_in: largest.map(|(experiment, _, _)| *experiment),
            largest: largest.map_or(f64::NAN, |(_, then, now)| now - then),
            values: measured.iter().map(|(_, then, now)| (*then, *now)).collect(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let number = |x: f64| if x.is_finite() { significant(x, 3) } else { NONE.into() };
        let Estimate { value, low, high } = self.shift;
        let interval = match low.is_finite() && high.is_finite() {
            true => format!("{} to {}", number(low), number(high)),
            false => NONE.into(),
        };
        vec![
            Quantity::of_feature(&self.name, &self.unit).label(),
            count(self.pairs),
            number(self.mean_then),
            number(value),
            interval,
            number(100.0 * value / self.mean_then.abs()),
            number(self.deviation),
            number(self.largest),
            self.largest_in.map_or(NONE.into(), |n| n.to_string()),
        ]
    }
}
