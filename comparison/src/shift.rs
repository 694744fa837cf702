//! How what was measured has moved, over pairs of experiments at the same conditions.

use flowtwin_statistics::median;
use serde::Serialize;

use crate::pairs::Pair;
use crate::replicates::Replicates;
use crate::side::{Measured, Side};

/// How one quantity has moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Pairs of experiments at the same conditions in which it was measured on both sides.
    pub pairs: usize,
    /// Pairs in which it differs at all.
    pub differing: usize,
    /// Pairs in which one side alone could measure it.
    pub one_sided: usize,
    /// Median change \[unit\].
    pub median: f64,
    /// Median change \[%\]; none where it was zero before.
    pub median_percent: Option<f64>,
    /// Its standard deviation over replicates on the first side \[unit\]; none where that is not known, or zero.
    pub replicate_deviation: Option<f64>,
    /// The largest change.
    pub largest: Option<Largest>,
    /// Every pair: number of the experiment, value before, value now.
    #[serde(skip)]
    pub changes: Vec<(u64, f64, f64)>,
}

/// Reads one quantity of an experiment.
type Read = fn(&Measured) -> Option<f64>;

/// The largest change of a quantity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Largest {
    /// The experiment, by its number on the first side.
    pub experiment: u64,
    /// Its value before \[unit\].
    pub before: f64,
    /// Its value now \[unit\].
    pub after: f64,
    /// The change \[%\]; none where it was zero before.
    pub percent: Option<f64>,
}

impl Shift {
    /// The shift of every feature, then of times and volumes.
    pub(crate) fn all(a: &Side, pairs: &[Pair<'_>], replicates: Option<&Replicates>) -> Vec<Self> {
        let at: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.same_conditions()).collect();
        let features = a.features.iter().enumerate().map(|(i, (name, unit))| {
            let of = |m: &Measured| m.features.get(i).copied().flatten();
            let deviation = replicates.and_then(|known| known.deviation(name));
            Self::of(name, unit, &at, of, deviation)
        });
        let rest: [(&str, &str, Read); 3] = [
            ("reaction time", "s", |m| m.reaction_time_s),
            ("lab time", "s", |m| Some(m.lab_time_s)),
            ("liquids", "mL", |m| m.ml),
        ];
        let rest = rest.into_iter().map(|(name, unit, of)| Self::of(name, unit, &at, of, None));
        features.chain(rest).collect()
    }

    fn of(
        name: &str,
        unit: &str,
        pairs: &[&Pair<'_>],
        of: impl Fn(&Measured) -> Option<f64>,
        replicate_deviation: Option<f64>,
    ) -> Self {
        let both = |pair: &&Pair<'_>| (pair.before.experiment, of(pair.before), of(pair.after));
        // A side on which it was never measured has no value of it.
        let told = [
            pairs.iter().any(|p| of(p.before).is_some()),
            pairs.iter().any(|p| of(p.after).is_some()),
        ];
        let one = |pair: &&&Pair<'_>| {
            told == [true; 2] && of(pair.before).is_some() != of(pair.after).is_some()
        };
        let values: Vec<(u64, f64, f64)> =
            pairs.iter().map(both).filter_map(|(n, a, b)| Some((n, a?, b?))).collect();
        let change: Vec<f64> = values.iter().map(|(_, a, b)| b - a).collect();
        let percents: Vec<f64> = values.iter().filter_map(|(_, a, b)| percent(*a, *b)).collect();
        let size = |v: &&(u64, f64, f64)| (v.2 - v.1).abs();
        let largest = values.iter().max_by(|x, y| size(x).total_cmp(&size(y)));
        Self {
            name: name.into(),
            unit: unit.into(),
            pairs: values.len(),
            differing: change.iter().filter(|change| change.abs() > 0.0).count(),
            one_sided: pairs.iter().filter(one).count(),
            median: if change.is_empty() { 0.0 } else { median(&change) },
            median_percent: (!percents.is_empty()).then(|| median(&percents)),
            replicate_deviation: replicate_deviation.filter(|deviation| *deviation > 0.0),
            changes: values.clone(),
            largest: largest.filter(|v| size(v) > 0.0).map(|&(experiment, before, after)| {
                Largest { experiment, before, after, percent: percent(before, after) }
            }),
        }
    }

    /// Whether it has moved in any pair.
    pub fn moved(&self) -> bool {
        self.differing + self.one_sided > 0
    }

    /// The median change in standard deviations of replicates.
    pub fn median_in_deviations(&self) -> Option<f64> {
        self.replicate_deviation.map(|deviation| self.median / deviation)
    }

    /// The largest change in standard deviations of replicates.
    pub(crate) fn largest_in_deviations(&self) -> Option<f64> {
        let largest = self.largest.as_ref()?;
        self.replicate_deviation.map(|deviation| (largest.after - largest.before) / deviation)
    }
}

/// A change in per cent of what was before; none where that was zero.
pub(crate) fn percent(before: f64, after: f64) -> Option<f64> {
    (before.abs() > 0.0).then(|| 100.0 * (after - before) / before.abs())
}
