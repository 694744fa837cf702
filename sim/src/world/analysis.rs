//! What an analyser finds in a sample.

use flowtwin_lab::{Instant, Span, math};

use super::World;
use crate::plan::AnalyserPlan;
use crate::spec::Peak;

/// Decimals of a result [mM]: 1 nM.
const DECIMALS: u32 = 6;

/// The samples of one analyser.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analysis {
    /// Number of samples so far.
    taken: u64,
    /// What the last sample held of each species, carry-over included [mM].
    pub(super) held_mm: Vec<f64>,
    /// When its results are there, and what they are; none once they have been handed over.
    results: Option<(Instant, Vec<f64>)>,
}

impl Analysis {
    /// Whether it works on a sample.
    pub(crate) fn is_busy(&self, now: Instant) -> bool {
        self.results.as_ref().is_some_and(|(ready, _)| now < *ready)
    }

    /// Hands over the results, where they are there.
    pub(crate) fn hand_over(&mut self, now: Instant) -> Option<Vec<f64>> {
        let (ready, found) = self.results.take()?;
        if now < ready {
            self.results = Some((ready, found));
            return None;
        }
        Some(found)
    }
}

impl World {
    /// Takes a sample; returns when its results will be there.
    pub(crate) fn inject(&mut self, number: usize, now: Instant) -> Instant {
        let plan = self.plan.clone();
        let analyser = &plan.analysers[number];
        let contents = self.sampled(analyser, now);
        let last = std::mem::take(&mut self.analyses[number].held_mm);
        let held = carried_over(analyser, &contents, &last);
        let found = self.found(analyser, self.analyses[number].taken, &held);
        let run_s = plan.manifest().analysers[number].run_s;
        let ready = now + Span::from_secs(run_s);
        let taken = self.analyses[number].taken + 1;
        self.analyses[number] = Analysis { taken, held_mm: held, results: Some((ready, found)) };
        self.work.samples += 1;
        ready
    }

    /// What is in a sample: the mean of the slugs, or of the single liquid, that passed last [quantities].
    fn sampled(&mut self, analyser: &AnalyserPlan, now: Instant) -> Vec<f64> {
        let spec = &self.plan.tube[analyser.stretch].spec;
        let longer = if spec.tank { 0.0 } else { analyser.spec.sample_ul / spec.volume_ul };
        let to = self.shown_ul(analyser.stretch, now);
        let from = self.traced_ul(analyser.stretch, 0.5 + longer, now).min(to);
        let mut mean = vec![0.0; self.plan.quantities.len()];
        let swells = self.gas_l_per_mmol(analyser.stretch, now);
        let parts = self.parts(analyser.stage, swells, from, to);
        let whole: f64 = parts.slugs.iter().map(|(_, weight)| f64::from(*weight)).sum();
        for (slug, weight) in parts.slugs {
            let share = f64::from(weight) / whole;
            let seen = self.become_of(analyser.stage, slug);
            for (mean, value) in mean.iter_mut().zip(&seen.values) {
                *mean += share * value;
            }
        }
        mean
    }

    /// The results for what a sample holds of each species [mM].
    fn found(&self, analyser: &AnalyserPlan, sample: u64, held: &[f64]) -> Vec<f64> {
        let name = analyser.name.as_str();
        let noise = self.plan.world().noise.analysers.get(name).cloned().unwrap_or_default();
        let mut factors = self.streams.open(&format!("analyser/{name}/calibration"), 0);
        let mut draws = self.streams.open(&format!("analyser/{name}"), sample);
        let injected = 1.0 + 0.01 * noise.injection_percent * draws.normal();
        areas(analyser, held)
            .map(|(peak, area)| {
                let factor = 1.0 + 0.01 * noise.calibration_percent * factors.normal();
                let mm = area * factor * injected + noise.baseline_mm * draws.normal();
                math::round_decimals(detected(peak, mm), DECIMALS)
            })
            .collect()
    }
}

/// What a sample of such contents [quantities] holds of each species, if the one before it held `last` [mM].
pub(super) fn carried_over(analyser: &AnalyserPlan, contents: &[f64], last: &[f64]) -> Vec<f64> {
    let left = 0.01 * analyser.spec.carry_over_percent;
    let fresh = analyser.places.iter().map(|&place| contents[place]).enumerate();
    fresh.map(|(i, mm)| (1.0 - left) * mm + left * last.get(i).copied().unwrap_or(0.0)).collect()
}

/// The area of each peak, as a concentration [mM]: peaks that overlap count as each other.
pub(super) fn areas<'a>(
    analyser: &'a AnalyserPlan,
    held: &'a [f64],
) -> impl Iterator<Item = (&'a Peak, f64)> {
    let area = move |shares: &Vec<f64>| {
        shares.iter().zip(held).fold(0.0, |sum, (share, mm)| sum + share * mm)
    };
    analyser.spec.peaks.iter().zip(analyser.found.iter().map(area))
}

/// What is told of a peak: nothing where it is too small to be found.
pub(super) fn detected(peak: &Peak, mm: f64) -> f64 {
    if mm > 0.0 && mm >= peak.detects_mm { mm } else { 0.0 }
}
