//! Steady state decided by watching the features, beside the fixed wait.

use flowtwin_lab::procedure::{SteadySpec, WaitSpec};
use flowtwin_lab::{Conditions, Fault, Observation, Stream};

use crate::paper::reading::Reading;
use crate::paper::station::Station;
use crate::paper::studies::{Steady as Spec, Studies};

/// The same experiments by both rules.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Steady {
    /// With the fixed wait.
    pub fixed: Vec<Timed>,
    /// With the features watched.
    pub watched: Vec<Timed>,
}

/// A reading and the lab time the experiment took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// What was read.
    pub reading: Reading,
    /// Lab time \[s\].
    pub lab_time_s: f64,
    /// Whether the features were still moving when time ran out.
    pub not_steady: bool,
}

impl Timed {
    fn of(observation: &Observation) -> Self {
        Self {
            reading: Reading::of(&observation.outcome),
            lab_time_s: observation.lab_time_s(),
            not_steady: observation.outcome.quality.not_steady,
        }
    }
}

/// Runs random conditions by one rule and again, in the same order, by the other.
///
/// # Errors
/// Any fault of the lab.
pub(crate) fn run(
    station: &mut Station<'_>,
    studies: &Studies,
    stream: &mut Stream,
) -> Result<Steady, Fault> {
    let space = station.space();
    let mut random =
        || space.from_unit(&(0..space.dim()).map(|_| stream.uniform()).collect::<Vec<_>>());
    let conditions: Vec<Conditions> = (0..studies.steady.experiments).map(|_| random()).collect();
    station.run_in(&conditions[0])?;
    let mut all = |wait: Option<WaitSpec>| -> Result<Vec<Timed>, Fault> {
        conditions
            .iter()
            .map(|c| match &wait {
                None => station.run(c),
                Some(wait) => station.run_waiting(c, wait.clone()),
            })
            .map(|observation| observation.map(|o| Timed::of(&o)))
            .collect()
    };
    let fixed = all(None)?;
    let watched = all(Some(WaitSpec::Steady(rule(&studies.steady))))?;
    Ok(Steady { fixed, watched })
}

fn rule(spec: &Spec) -> SteadySpec {
    SteadySpec {
        features: spec.features.clone(),
        band: spec.band,
        window: spec.window,
        every_residence_times: spec.every_residence_times,
        from_residence_times: spec.from_residence_times,
        at_most_residence_times: spec.at_most_residence_times,
    }
}

impl Steady {
    /// Lab time by watching over lab time by the fixed wait.
    pub(crate) fn time_ratio(&self) -> f64 {
        let total = |timed: &[Timed]| timed.iter().fold(0.0, |sum, t| sum + t.lab_time_s);
        total(&self.watched) / total(&self.fixed)
    }

    /// Mean of watched over fixed, minus one, of a feature [%].
    pub(crate) fn shift_percent(&self, feature: fn(&Reading) -> f64) -> f64 {
        let pairs = self.fixed.iter().zip(&self.watched);
        let ratios = pairs.map(|(f, w)| feature(&w.reading) / feature(&f.reading));
        let n = self.fixed.len() as f64;
        100.0 * (ratios.fold(0.0, |sum, r| sum + r) / n - 1.0)
    }
}
