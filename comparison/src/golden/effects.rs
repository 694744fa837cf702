//! What a change of each part of a rig changes in the readings, and how long a list of conditions takes: simulations.

use std::num::NonZeroUsize;

use super::cause::Cause;
use super::shared::{average, difference};
use super::simulated::{FIRST_SEED, Simulated, Way, Yield, seeds};

/// Seeds whose mean is an effect, where slugs differ.
const EFFECTS: u64 = 4;

/// The effect of each cause at each of these numbers of steps, cause by cause.
pub(crate) fn effects(
    list: &Simulated<'_>,
    causes: &[Cause],
    steps: &[f64],
    threads: NonZeroUsize,
) -> Option<Vec<Yield>> {
    let seeds = seeds(list.definition, EFFECTS);
    let many = seeds.clone().count();
    let each = causes.iter().flat_map(|cause| steps.iter().map(move |step| (cause, *step)));
    let moved = each.map(|(cause, step)| Some((cause.clone(), step)));
    let ways: Vec<Way> = [None]
        .into_iter()
        .chain(moved)
        .flat_map(|moved| seeds.clone().map(move |seed| Way::Moved(moved.clone(), seed)))
        .collect();
    let yields: Vec<Yield> = list.all(&ways, threads).into_iter().collect::<Option<_>>()?;
    let (base, moved) = yields.split_at(many);
    let of = |moved: &[Yield]| {
        let each = moved.iter().zip(base).map(|(moved, base)| difference(moved, base));
        average(&each.collect::<Vec<Yield>>())
    };
    Some(moved.chunks(many).map(of).collect())
}

/// Lab time until the first experiment is measured, and in all \[s\].
pub(crate) fn times(list: &Simulated<'_>) -> Option<[f64; 2]> {
    let journal = list.journal(&Way::Moved(None, FIRST_SEED))?;
    let first = journal.experiments().next()?.ended_ns.as_secs();
    let last = journal.experiments().last()?.ended_ns.as_secs();
    (journal.experiments().count() == list.conditions.len()).then_some([first, last])
}
