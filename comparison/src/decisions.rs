//! Where policies have decided differently.

use flowtwin_campaign::outside::Setting;
use serde::Serialize;

use crate::pairs::Pair;
use crate::side::Side;

/// Proposals that differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decisions {
    /// Proposals that both sides have made.
    pub proposals: usize,
    /// Those that differ.
    pub differing: usize,
    /// The first that differs; none where none does, or the inputs differ.
    pub first: Option<Turn>,
    /// The one that differs most.
    pub largest: Option<Turn>,
}

/// A proposal that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Turn {
    /// The experiment, by its number on the first side.
    pub experiment: u64,
    /// Its phase.
    pub phase: String,
    /// The input that differs most.
    pub input: String,
    /// Its value before.
    pub before: Setting,
    /// Its value now.
    pub after: Setting,
    /// The difference, as a share of the range of the input; 1 between options.
    pub of_range: f64,
}

impl Decisions {
    pub(crate) fn between(a: &Side, pairs: &[Pair<'_>]) -> Self {
        let ranges: Vec<f64> = (0..a.inputs.len()).map(|input| range(a, input, pairs)).collect();
        let turned: Vec<_> = pairs.iter().filter(|pair| !pair.same_conditions()).collect();
        let turns: Vec<Turn> =
            turned.iter().filter_map(|pair| Turn::of(a, pair, &ranges)).collect();
        let largest = turns.iter().max_by(|x, y| x.of_range.total_cmp(&y.of_range)).cloned();
        Self {
            proposals: pairs.len(),
            differing: turned.len(),
            first: turns.first().cloned(),
            largest,
        }
    }
}

impl Turn {
    fn of(a: &Side, pair: &Pair<'_>, ranges: &[f64]) -> Option<Self> {
        let (old, new) = (&pair.before.conditions, &pair.after.conditions);
        let by = |i: &usize| match (&old[*i], &new[*i]) {
            (Setting::Number(old), Setting::Number(new)) => (new - old).abs() / ranges[*i],
            (old, new) => f64::from(u8::from(old != new)),
        };
        let inputs = 0..ranges.len().min(old.len()).min(new.len());
        let most = inputs.max_by(|i, j| by(i).total_cmp(&by(j)))?;
        Some(Self {
            experiment: pair.before.experiment,
            phase: pair.before.phase.clone(),
            input: a.inputs[most].clone(),
            before: old[most].clone(),
            after: new[most].clone(),
            of_range: by(&most),
        })
    }
}

/// The range of an input: what the scenario says, else what the proposals span.
fn range(a: &Side, input: usize, pairs: &[Pair<'_>]) -> f64 {
    let said = |end: &str| a.says(&format!("/space/inputs/{}/{end}", a.inputs[input]))?.as_f64();
    if let (Some(low), Some(high)) = (said("low"), said("high"))
        && high > low
    {
        return high - low;
    }
    let values = pairs.iter().flat_map(|pair| [&pair.before.conditions, &pair.after.conditions]);
    let values: Vec<f64> =
        values.filter_map(|conditions| conditions.get(input)?.number()).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if high > low { high - low } else { 1.0 }
}
