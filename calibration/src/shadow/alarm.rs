//! What has moved, and how likely that is.

use flowtwin_lab::math::exp;
use flowtwin_report::shadow::{Alarm, Suspect};

use super::chart::{Shape, Start, sum};
use super::part::Watched;

/// Probability below which a suspect is not named.
const NAMED: f64 = 0.01;

/// An alarm, and what each of its causes is among the parts that are watched.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) alarm: Alarm,
    /// Of each cause the place of its part, and by how much it grows with each experiment [steps].
    pub(super) parts: Vec<(usize, f64)>,
}

impl Told {
    /// An alarm after so many experiments, from what speaks for each change (logarithms, whose sum is `all`).
    pub(super) fn of(
        parts: &[Watched<'_>],
        evidence: &[(&Start, f64)],
        all: f64,
        experiment: u64,
    ) -> Self {
        let each = (0..parts.len()).filter_map(|part| suspect(parts, part, evidence, all));
        let mut suspects: Vec<(Suspect, &Start)> = each.collect();
        suspects.sort_by(|(a, _), (b, _)| b.probability.total_cmp(&a.probability));
        suspects.retain(|(suspect, _)| suspect.probability > NAMED);
        let first = suspects.first().map(|(_, start)| *start);
        let alarm = Alarm {
            experiment,
            since: first.map_or(experiment, |start| start.since),
            slow: first.is_some_and(|start| start.shape == Shape::Slow),
            causes: suspects.iter().map(|(suspect, _)| suspect.clone()).collect(),
        };
        let parts = suspects.iter().map(|(_, start)| (start.part, start.growth())).collect();
        Self { alarm, parts }
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
        unit: watched.unit().to_owned(),
    };
    Some((suspect, start))
}
