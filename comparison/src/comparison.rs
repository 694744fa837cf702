//! Two sides, compared.

use std::num::NonZeroUsize;

use serde::Serialize;

use crate::decisions::Decisions;
use crate::definition::{self, KeyChange};
use crate::outcome::Outcome;
use crate::pairs::{pairs, unpaired};
use crate::parting::Parting;
use crate::replicates::Replicates;
use crate::shift::Shift;
use crate::side::{Side, SideKind};

/// What is computed for a comparison beyond what its sides hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effort {
    /// Threads for replicates in simulation; none leaves them out.
    pub simulate: Option<NonZeroUsize>,
    /// Whether the regret of both sides is found, on these threads.
    pub regret: bool,
}

/// What moved between two sides.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What is compared.
    pub sides: [Compared; 2],
    /// Whether nothing differs, as far as both sides say.
    pub equal: bool,
    /// Inputs and features that only one side has: those of the first, then those of the second.
    pub only: [Vec<String>; 2],
    /// Experiments that have none of the same place in their phase on the other side: those of the first, then those of the second.
    pub unpaired: [Vec<u64>; 2],
    /// Keys that differ; none where a side does not say its definition.
    pub keys: Option<Vec<KeyChange>>,
    /// The first record that differs.
    pub parting: Option<Parting>,
    /// How features, times and volumes moved at the same conditions.
    pub shifts: Vec<Shift>,
    /// Proposals that differ.
    pub decisions: Decisions,
    /// The results of the campaigns.
    pub outcome: Outcome,
    /// Whether journals that are known by their digest alone differ: in bits that six digits do not show.
    pub last_bits: bool,
}

/// What is known of a side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// The path it was given by.
    pub name: String,
    /// What is there.
    pub kind: SideKind,
    /// Version of flowtwin that made it, where it says so.
    pub flowtwin: Option<String>,
    /// Seed of the run, where it says so.
    pub seed: Option<u64>,
    /// Number of its experiments.
    pub experiments: usize,
}

impl Compared {
    fn of(side: &Side) -> Self {
        Self {
            name: side.name.clone(),
            kind: side.kind,
            flowtwin: side.flowtwin.clone(),
            seed: side.says("/seed").and_then(serde_json::Value::as_u64),
            experiments: side.experiments.len(),
        }
    }
}

impl Comparison {
    /// Compares two sides. Where one is a snapshot, both are compared to the six digits that snapshots keep.
    pub fn between(a: &Side, b: &Side, effort: Effort) -> Self {
        let rounded = [a, b].iter().any(|side| side.kind == SideKind::Snapshot);
        if rounded {
            return Self::of(&a.to_six_digits(), &b.to_six_digits(), effort);
        }
        Self::of(a, b, effort)
    }

    fn of(a: &Side, b: &Side, effort: Effort) -> Self {
        let only = [a.only_here(b), b.only_here(a)];
        let replicates = effort
            .simulate
            .and_then(|threads| [a, b].iter().find_map(|s| Replicates::of(s, threads)));
        let known = a.definition.as_ref().zip(b.definition.as_ref());
        let keys = known.map(|(a, b)| definition::changes(a, b));
        let b = &*b.in_order_of(a);
        let pairs = pairs(a, b);
        let parting = Parting::between(a, b);
        let outcome = Outcome::between(a, b, effort.simulate.filter(|_| effort.regret));
        let digests = a.digest.as_ref().zip(b.digest.as_ref());
        let last_bits = parting.is_none() && digests.is_some_and(|(a, b)| a.trim() != b.trim());
        let worked = outcome.work.iter().any(|cost| cost.moved() || cost.one_sided());
        let changed = keys.as_ref().is_some_and(|keys| !keys.is_empty());
        Self {
            sides: [Compared::of(a), Compared::of(b)],
            equal: !changed && parting.is_none() && !last_bits && !worked,
            only,
            unpaired: unpaired(a, b, &pairs),
            keys,
            parting,
            shifts: Shift::all(a, &pairs, replicates.as_ref()),
            decisions: Decisions::between(a, &pairs),
            outcome,
            last_bits,
        }
    }

    /// As one object of JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).expect("a comparison is plain data")
    }
}
