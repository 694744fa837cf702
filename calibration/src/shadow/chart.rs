//! A control chart for changes of known shape and unknown size and beginning.
//!
//! For every part that may have moved and every experiment at which that may have begun, the chart keeps how much better the
//! innovations are explained by it: the ratio of likelihoods, averaged over sizes. Their sum over all beginnings, each counted
//! by the hours before it, is the statistic of Shiryaev and Roberts. Nothing having moved, it grows on average by one an hour;
//! an alarm at H is therefore false at most once in H hours on average (M. Pollak, *Ann. Stat.* 1985, 13, 206).

use flowtwin_lab::math::{exp, ln};
use nalgebra::DVector;

use super::filter::Step;

/// How a change comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// At once.
    Sudden,
    /// A little more with every experiment; the size is what it comes to in [`SLOW`] of them.
    Slow,
}

/// Experiments in which a slow change comes to its size.
const SLOW: f64 = 20.0;
/// Standard deviations of sizes before anything is known, in steps: half of all changes are small.
pub(super) const SIZES: [f64; 2] = [1.0, 4.0];
/// Experiments that must agree: one alone may be a bubble.
pub(super) const AGREE: usize = 2;
/// Beginnings up to so long ago are all kept …
const RECENT: usize = 20;
/// … older ones at every tenth experiment.
const COARSE: usize = 10;
/// And none that is older than this.
pub(super) const OLDEST: usize = 400;

/// A change that may be under way.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Which part.
    pub(super) part: usize,
    pub(super) shape: Shape,
    /// The number of the first experiment that shows it.
    pub(super) since: u64,
    /// How many experiments were looked at before.
    at: usize,
    /// Chance beforehand: its part's, times the hours in which it would have begun.
    weight: f64,
    state: DVector<f64>,
    size: f64,
    along: f64,
    seen: usize,
}

impl Start {
    /// Logarithm of the ratio of likelihoods: a change of normal size against none.
    fn evidence(&self) -> f64 {
        let of = |deviation: f64| {
            let known = 1.0 / (deviation * deviation) + self.size;
            0.5 * (self.along * self.along / known - ln(deviation * deviation * known))
        };
        sum(SIZES.iter().map(|deviation| of(*deviation))) - ln(SIZES.len() as f64)
    }

    /// The size and its standard deviation [steps]; of a slow change, what it has come to by now.
    pub(super) fn steps(&self) -> (f64, f64) {
        let known = 1.0 / (SIZES[1] * SIZES[1]) + self.size;
        let grown = self.grown(self.seen);
        (grown * self.along / known, grown / known.sqrt())
    }

    /// What a slow change grows by with each experiment [steps].
    pub(super) fn growth(&self) -> f64 {
        match self.shape {
            Shape::Sudden => 0.0,
            Shape::Slow => self.steps().0 / self.seen.max(1) as f64,
        }
    }

    fn grown(&self, experiments: usize) -> f64 {
        match self.shape {
            Shape::Sudden => 1.0,
            Shape::Slow => experiments as f64 / SLOW,
        }
    }
}

/// All changes that may be under way.
#[derive(Clone, Debug, Default)]
pub(super) struct Chart {
    pub(super) starts: Vec<Start>,
    /// Experiments so far.
    experiments: usize,
}

/// One experiment as the chart sees it.
pub(super) struct Seen<'a> {
    pub(super) step: &'a Step,
    /// What it tells, in standard deviations; an outlier's is shortened.
    pub(super) innovation: &'a DVector<f64>,
    /// What one step of each part makes of it, and the chance of each part beforehand.
    pub(super) effects: &'a [(DVector<f64>, f64)],
    /// By what effects are multiplied, as innovations are.
    pub(super) counts: f64,
    /// Hours since the experiment before it.
    pub(super) hours: f64,
    /// Constants of the filter.
    pub(super) constants: usize,
    /// The number of the experiment.
    pub(super) number: u64,
}

impl Chart {
    /// Learns of one experiment.
    pub(super) fn see(&mut self, seen: &Seen<'_>) {
        self.begin(seen);
        for start in &mut self.starts {
            start.seen += 1;
            let (effect, _) = &seen.effects[start.part];
            let effect = effect * start.grown(start.seen);
            let shown = seen.step.through(&mut start.state, &effect) * seen.counts;
            start.size += shown.dot(&shown);
            start.along += shown.dot(seen.innovation);
        }
        self.experiments += 1;
        let now = self.experiments;
        self.starts.retain(|start| {
            let age = now - start.at;
            age <= RECENT || (age <= OLDEST && start.at.is_multiple_of(COARSE))
        });
    }

    fn begin(&mut self, seen: &Seen<'_>) {
        for (part, (effect, chance)) in seen.effects.iter().enumerate() {
            if effect.norm() > 0.0 {
                self.starts.extend([Shape::Sudden, Shape::Slow].map(|shape| Start {
                    part,
                    shape,
                    since: seen.number,
                    at: self.experiments,
                    weight: 0.5 * chance * seen.hours,
                    state: DVector::zeros(seen.constants),
                    size: 0.0,
                    along: 0.0,
                    seen: 0,
                }));
            }
        }
    }

    /// Logarithm of what speaks for each change, its chance beforehand included; changes that enough experiments tell of.
    pub(super) fn evidence(&self) -> Vec<(&Start, f64)> {
        let told = self.starts.iter().filter(|start| start.seen >= AGREE && start.weight > 0.0);
        told.map(|start| (start, ln(start.weight) + start.evidence())).collect()
    }

    /// Nothing has begun before now.
    pub(super) fn forget(&mut self) {
        self.starts.clear();
    }
}

/// Logarithm of a sum of numbers of which the logarithms are known.
pub(super) fn sum(logarithms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return most;
    }
    most + ln(logarithms.map(|value| exp(value - most)).sum())
}
