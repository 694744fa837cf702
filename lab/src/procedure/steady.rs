//! Steady state decided by watching the features instead of waiting a fixed time.

use super::spec::{ProcedureSpec, SteadySpec};
use super::{acquire, sample};
use crate::analysis::{Analysis, Blank, Counts};
use crate::fault::Fault;
use crate::lab::Lab;
use crate::observation::Outcome;
use crate::time::{Instant, Span};

/// Waits until the features of one experiment are steady.
pub(super) struct SteadyWait<'a> {
    /// When features count as steady.
    pub(super) rule: &'a SteadySpec,
    /// When the flow started.
    pub(super) since: Instant,
    /// Residence time of this experiment [s].
    pub(super) residence_s: f64,
}

impl SteadyWait<'_> {
    /// Takes readings until they are steady; the last one is the outcome, flagged where time ran out.
    pub(super) fn run(
        &self,
        lab: &mut dyn Lab,
        spec: &ProcedureSpec,
        analysis: &Analysis,
        dark: &[Counts],
        blank: &Blank,
    ) -> Result<Outcome, Fault> {
        let mut readings: Vec<Vec<f64>> = Vec::new();
        let mut next = self.rule.from_residence_times;
        let latest =
            self.since + Span::from_secs(self.rule.at_most_residence_times * self.residence_s);
        loop {
            lab.wait_until(self.since + Span::from_secs(next * self.residence_s))?;
            acquire::lights(lab, analysis, true)?;
            lab.wait(Span::from_secs(spec.light_settle_s))?;
            let samples = sample::inject(lab, spec, analysis)?;
            let frames = acquire::frames(lab, analysis, dark)?;
            acquire::lights(lab, analysis, false)?;
            let others = sample::readings(lab, spec, analysis, samples)?;
            let mut outcome = analysis.outcome_with(&frames, dark, blank, &others);
            readings.push(self.watched(&outcome));
            next += self.rule.every_residence_times;
            let steady = is_steady(&readings, self.rule.window, self.rule.band);
            // Readings take time of their own: where they follow each other closely, the clock decides.
            if steady || next > self.rule.at_most_residence_times || lab.now() > latest {
                outcome.quality.not_steady = !steady;
                return Ok(outcome);
            }
        }
    }

    fn watched(&self, outcome: &Outcome) -> Vec<f64> {
        let value = |name: &String| {
            outcome.features.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v)
        };
        self.rule.features.iter().map(value).collect()
    }
}

/// Whether the last `window` readings of every feature lie within `band` of their mean, relatively.
fn is_steady(readings: &[Vec<f64>], window: usize, band: f64) -> bool {
    let Some(first) = readings.len().checked_sub(window.max(2)) else {
        return false;
    };
    let last = &readings[first..];
    (0..last[0].len()).all(|i| {
        let mean = last.iter().map(|r| r[i]).sum::<f64>() / last.len() as f64;
        last.iter().all(|r| (r[i] - mean).abs() <= band * mean.abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rising_feature_is_not_steady_until_it_levels_off() {
        let mut readings = vec![vec![0.5], vec![0.8], vec![0.95]];
        assert!(!is_steady(&readings, 3, 0.02));
        readings.extend([vec![0.99], vec![1.0], vec![1.0]]);
        assert!(is_steady(&readings, 3, 0.02));
    }

    #[test]
    fn a_feature_that_cannot_be_read_is_never_steady() {
        assert!(!is_steady(&vec![vec![f64::NAN]; 5], 3, 0.02));
    }
}
