//! What has moved, and how likely that is.

use flowtwin_lab::math::exp;
use serde::Serialize;

use super::chart::{Shape, Start, sum};
use super::part::Watched;

/// Probability below which a suspect is not named.
const NAMED: f64 = 0.01;

/// Something has moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// The experiment after which it was told.
    pub experiment: u64,
    /// The first experiment that shows it, as far as is known.
    pub since: u64,
    /// Whether it came little by little.
    pub slow: bool,
    /// What may have moved, the most probable first.
    pub causes: Vec<Suspect>,
}

/// What may have moved, and how likely that is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suspect {
    /// What it is, such as `pump cui`.
    pub name: String,
    /// In words, such as `pump cui delivers 3.1 % more`.
    pub words: String,
    /// Its probability, given that something has moved.
    pub probability: f64,
    /// By how much, in `unit`.
    pub amount: f64,
    /// Standard deviation of the amount.
    pub deviation: f64,
    /// `%` or `K`.
    pub unit: &'static str,
    /// Its place among the parts that are watched.
    #[serde(skip)]
    pub(super) part: usize,
    /// By how much it grows with each experiment [steps].
    #[serde(skip)]
    pub(super) growth: f64,
}

impl Alarm {
    /// An alarm after so many experiments, from what speaks for each change (logarithms, whose sum is `all`).
    pub(super) fn of(
        parts: &[Watched<'_>],
        evidence: &[(&Start, f64)],
        all: f64,
        experiment: u64,
    ) -> Self {
        let mut suspects: Vec<(Suspect, &Start)> =
            (0..parts.len()).filter_map(|part| suspect(parts, part, evidence, all)).collect();
        suspects.sort_by(|(a, _), (b, _)| b.probability.total_cmp(&a.probability));
        suspects.retain(|(suspect, _)| suspect.probability > NAMED);
        let first = suspects.first().map(|(_, start)| *start);
        Self {
            experiment,
            since: first.map_or(experiment, |start| start.since),
            slow: first.is_some_and(|start| start.shape == Shape::Slow),
            causes: suspects.into_iter().map(|(suspect, _)| suspect).collect(),
        }
    }

    /// The alarm in one sentence.
    pub fn words(&self) -> String {
        let since = if self.slow { "little by little since" } else { "since" };
        let cause =
            |suspect: &Suspect| format!("{} ({:.0} %)", suspect.words, 100.0 * suspect.probability);
        let named = self.causes.iter().take(3).filter(|suspect| suspect.probability > 0.05);
        let causes: Vec<String> = named.map(cause).collect();
        format!("{since} experiment {}: {}", self.since, causes.join("; or "))
    }
}

/// A part, how likely it is to have moved, and the beginning that explains most.
fn suspect<'s>(
    parts: &[Watched<'_>],
    part: usize,
    evidence: &[(&'s Start, f64)],
    all: f64,
) -> Option<(Suspect, &'s Start)> {
    let own: Vec<(&Start, f64)> =
        evidence.iter().filter(|(start, _)| start.part == part).copied().collect();
    let (start, _) = own.iter().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let watched = &parts[part].part;
    let (steps, deviation) = start.steps();
    let amount = steps * watched.step();
    let suspect = Suspect {
        name: watched.name(),
        words: watched.moved_by(amount),
        probability: exp(sum(own.iter().map(|(_, evidence)| *evidence)) - all),
        amount,
        deviation: deviation * watched.step(),
        unit: watched.unit(),
        part,
        growth: start.growth(),
    };
    Some((suspect, start))
}
