//! Which experiments of two sides belong together.

use flowtwin_campaign::outside::Setting;

use crate::side::{Measured, Side};

/// Experiments of the same place in their phase, on both sides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) before: &'a Measured,
    pub(crate) after: &'a Measured,
}

impl Pair<'_> {
    /// Whether both were done at the same conditions.
    pub(crate) fn same_conditions(&self) -> bool {
        let equal = |(a, b): (&Setting, &Setting)| match (a, b) {
            (Setting::Number(a), Setting::Number(b)) => a.to_bits() == b.to_bits(),
            _ => a == b,
        };
        let (a, b) = (&self.before.conditions, &self.after.conditions);
        a.len() == b.len() && a.iter().zip(b).all(equal)
    }
}

/// The pairs of two sides, in the order of the first: phase by phase, in each the first with the first.
pub(crate) fn pairs<'a>(a: &'a Side, b: &'a Side) -> Vec<Pair<'a>> {
    let numbered = |side: &'a Side| {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        let mut place = |phase: &'a str| match counts.iter_mut().find(|(name, _)| *name == phase) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((phase, 0));
                0
            }
        };
        let all = side.experiments.iter().map(|m| ((m.phase.as_str(), place(&m.phase)), m));
        all.collect::<Vec<_>>()
    };
    let after: std::collections::BTreeMap<_, _> = numbered(b).into_iter().collect();
    let paired = numbered(a)
        .into_iter()
        .filter_map(|(place, before)| after.get(&place).map(|after| Pair { before, after }));
    paired.collect()
}

/// Experiments of either side that are in no pair, by their numbers.
pub(crate) fn unpaired(a: &Side, b: &Side, pairs: &[Pair<'_>]) -> [Vec<u64>; 2] {
    let others = |side: &Side, of: fn(&Pair<'_>) -> u64| -> Vec<u64> {
        let paired: std::collections::BTreeSet<u64> = pairs.iter().map(of).collect();
        let numbers = side.experiments.iter().map(|m| m.experiment);
        numbers.filter(|number| !paired.contains(number)).collect()
    };
    [others(a, |pair| pair.before.experiment), others(b, |pair| pair.after.experiment)]
}
