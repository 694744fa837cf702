//! Why two sides differ: the keys changed one at a time, and in pairs where that is not enough.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_report::format::{counted, significant};
use serde::Serialize;
use serde_json::{Value, json};

use crate::definition::{self, KeyChange};
use crate::pairs::pairs;
use crate::side::{Measured, Side, SideError};
use crate::snapshot::Snapshot;

/// Largest number of experiments of the first side that are repeated.
const AT: usize = 24;
/// Share of a change that single keys may leave unexplained before pairs are tried.
const ENOUGH: f64 = 0.1;
/// Pairs of keys that are tried at most.
const PAIRS: usize = 45;
/// Smallest share that is listed.
const TOLD: f64 = 0.005;

/// Why no explanation can be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// A side does not say its definition.
    #[error("{0} does not say its definition: take its snapshot anew, or give the scenario")]
    Unknown(String),
    /// A side is of a table.
    #[error("{0} looks its outcomes up in a table: there is no world whose keys could be changed")]
    Table(String),
    /// No experiment of one side can be repeated on the other.
    #[error("no experiment of {0} is at conditions that {1} allows too")]
    Nowhere(String, String),
    /// A side cannot be run.
    #[error(transparent)]
    Side(Box<SideError>),
}

impl From<SideError> for ExplainError {
    fn from(error: SideError) -> Self {
        Self::Side(Box::new(error))
    }
}

/// Which keys explain how much of what moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Conditions of the first side at which experiments were repeated.
    pub experiments: usize,
    /// The whole change of each feature that moved: root of its mean square \[unit\].
    pub features: Vec<(String, f64)>,
    /// Their units.
    pub units: Vec<String>,
    /// Each key, changed alone, the one that explains most first.
    pub keys: Vec<KeyEffect>,
    /// Pairs with an effect together that neither has alone.
    pub together: Vec<Together>,
}

/// The effect of one key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeyEffect {
    /// The key.
    pub key: String,
    /// Share of each feature's change that it explains, in the order of the features; none where it cannot be changed
    /// alone.
    pub shares: Option<Vec<f64>>,
    /// Proposals of the campaign that differ if it is changed alone.
    pub proposals: usize,
    /// Whether any record differs if it is changed alone.
    pub matters: bool,
    /// Why it cannot be changed alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The effect of two keys beyond the sum of their separate effects.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Together {
    /// The keys.
    pub keys: [String; 2],
    /// Share of each feature's change beyond the sum, in the order of the features.
    pub beyond: Vec<f64>,
}

/// Runs scenarios that lie between two sides.
struct Between<'a> {
    before: Value,
    keys: Vec<KeyChange>,
    conditions: Vec<Value>,
    names: Vec<&'a str>,
    threads: NonZeroUsize,
}

impl Explanation {
    /// Explains what moved from `a` to `b`, both of which can be simulated.
    ///
    /// Every differing key is changed alone from what `a` says to what `b` says. The conditions of up to 24 experiments of
    /// `a` that both sides allow are measured with it; the share of a feature's change that it explains is the least-squares share
    /// over these experiments, Σ dᵢ Dᵢ / Σ Dᵢ² of its change d and the whole change D, so that shares of effects that add up sum to
    /// one. Then the campaign is run with it, which shows how it changes decisions.
    ///
    /// # Errors
    /// If a side does not say its definition, is of a table, or cannot be run.
    pub fn of(a: &Side, b: &Side, threads: NonZeroUsize) -> Result<Self, ExplainError> {
        let known = |side: &Side| match &side.definition {
            None => Err(ExplainError::Unknown(side.name.clone())),
            Some(of) if of.get("table").is_some() => Err(ExplainError::Table(side.name.clone())),
            Some(definition) => Ok(definition.clone()),
        };
        let (before, after) = (known(a)?, known(b)?);
        let keys = definition::changes(&before, &after);
        let keys: Vec<KeyChange> = keys.into_iter().filter(|key| !key.is_words()).collect();
        let names = a.inputs.iter().map(String::as_str).collect();
        let allowed = |definition: &Value, at: &Value| {
            Scenario::recorded(&listing(definition.clone(), std::slice::from_ref(at))).is_ok()
        };
        let both = |at: &Value| allowed(&before, at) && allowed(&after, at);
        let conditions = spread(conditions(a).into_iter().filter(both).collect());
        if conditions.is_empty() {
            return Err(ExplainError::Nowhere(a.name.clone(), b.name.clone()));
        }
        let between = Between { before, keys, conditions, names, threads };
        between.explain(a)
    }

    /// Whether a key was found to have an effect.
    pub fn names(&self, key: &str) -> bool {
        self.keys.iter().any(|effect| effect.key == key && effect.matters)
    }

    /// Whether the keys explain what moved: one of them has an effect, and of no feature's change more than a tenth is left.
    pub fn is_whole(&self) -> bool {
        let moved = 0..self.features.len();
        self.keys.iter().any(|key| key.matters)
            && moved.into_iter().all(|at| self.rest(at).abs() < ENOUGH)
    }

    /// The share of a feature's change that neither keys nor pairs of them explain.
    fn rest(&self, place: usize) -> f64 {
        let alone = self.keys.iter().filter_map(|effect| Some(effect.shares.as_ref()?[place]));
        let together = self.together.iter().map(|pair| pair.beyond[place]);
        1.0 - alone.chain(together).sum::<f64>()
    }

    /// In words, at most 80 columns wide.
    pub fn text(&self) -> String {
        if self.keys.is_empty() {
            return "Why: no key differs that is more than words. What differs is the program.\n"
                .into();
        }
        let at = counted(self.experiments, "experiment");
        let mut out = format!("Why: each key changed alone, at the conditions of {at} of A\n");
        for (place, (feature, whole)) in self.features.iter().enumerate() {
            let unit = self.units.get(place).filter(|unit| !unit.is_empty());
            let unit = unit.map_or(String::new(), |unit| format!(" {unit}"));
            out.push_str(&format!("  {feature}, changed by {}{unit}\n", significant(*whole, 3)));
            for effect in &self.keys {
                let share = effect.shares.as_ref().map_or(0.0, |shares| shares[place]);
                if share.abs() >= TOLD {
                    out.push_str(&format!("    {:>4.0} %  {}\n", 100.0 * share, effect.key));
                }
            }
            for pair in self.together.iter().filter(|pair| pair.beyond[place].abs() >= TOLD) {
                let (share, [first, second]) = (100.0 * pair.beyond[place], &pair.keys);
                out.push_str(&format!("    {share:>4.0} %  {first}\n            with {second}\n"));
            }
            let rest = self.rest(place);
            if rest.abs() >= ENOUGH {
                out.push_str(&format!("    {:>4.0} %  not explained\n", 100.0 * rest));
            }
        }
        out + &self.proposals() + &self.silent()
    }

    fn proposals(&self) -> String {
        let turning = self.keys.iter().filter(|effect| effect.proposals > 0);
        let lines: String = turning
            .map(|effect| format!("    {:>4}    {}\n", effect.proposals, effect.key))
            .collect();
        if lines.is_empty() { lines } else { format!("  proposals that differ\n{lines}") }
    }

    fn silent(&self) -> String {
        let refused = self.keys.iter().filter_map(|effect| {
            let why = effect.refused.as_ref()?;
            let why: String = why.lines().next().unwrap_or_default().chars().take(60).collect();
            Some(format!("  cannot be changed alone: {}\n    {why}\n", effect.key))
        });
        let idle = self.keys.iter().filter(|effect| !effect.matters && effect.refused.is_none());
        let idle = idle.map(|effect| format!("  changes nothing alone: {}\n", effect.key));
        let told = |shares: &Vec<f64>| shares.iter().any(|share| share.abs() >= TOLD);
        let unseen = self.keys.iter().filter(|effect| {
            effect.matters && effect.proposals == 0 && !effect.shares.as_ref().is_some_and(told)
        });
        let unseen = unseen.filter(|effect| effect.refused.is_none()).map(|effect| {
            format!("  changes the campaign, and hardly a feature: {}\n", effect.key)
        });
        refused.chain(unseen).chain(idle).collect()
    }
}

/// The conditions of the experiments of a side that did not fail.
fn conditions(a: &Side) -> Vec<Value> {
    let good = a.experiments.iter().filter(|m| !m.failed());
    good.map(|m| a.conditions_of(m)).collect()
}

/// Up to 24 of these, spread evenly.
fn spread(all: Vec<Value>) -> Vec<Value> {
    let n = all.len().min(AT);
    (0..n).map(|i| all[i * all.len() / n].clone()).collect()
}

/// A definition whose campaign is these conditions, in this order.
fn listing(mut definition: Value, conditions: &[Value]) -> Value {
    definition["phases"] = json!([{
        "name": "again",
        "experiments": conditions.len(),
        "policy": { "list": { "conditions": conditions } },
    }]);
    let table = definition.as_object_mut().expect("a definition is a table");
    ["prior", "policy_command"].iter().for_each(|key| {
        table.shift_remove(*key);
    });
    definition
}

/// The shares of features that a set of keys explains.
type Shares<'a> = dyn Fn(&[usize]) -> Result<Vec<f64>, SideError> + 'a;

/// A feature's change at each of the repeated experiments.
type Changes = Vec<Vec<f64>>;

impl Between<'_> {
    fn explain(&self, a: &Side) -> Result<Explanation, ExplainError> {
        let all: Vec<usize> = (0..self.keys.len()).collect();
        let (base, whole) = (self.listed(&[])?, self.listed(&all)?);
        let campaign = self.campaign(&[])?;
        let whole = changes(&base, &whole);
        let names = a.features.iter().map(|(name, _)| name.clone());
        let quantities: Vec<String> = names.chain(["lab time".into(), "liquids".into()]).collect();
        let moved: Vec<usize> =
            (0..whole.len()).filter(|&i| whole[i].iter().any(|d| d.abs() > 0.0)).collect();
        let shares = |set: &[usize]| -> Result<Vec<f64>, SideError> {
            let changed = changes(&base, &self.listed(set)?);
            Ok(moved.iter().map(|&i| share(&changed[i], &whole[i])).collect())
        };
        let mut keys: Vec<KeyEffect> = Vec::new();
        for (i, key) in self.keys.iter().enumerate() {
            keys.push(self.effect(i, &key.key, shares(&[i]), &campaign));
        }
        let together = self.together(&keys, moved.len(), &shares);
        let weight = |effect: &KeyEffect| {
            let shares = effect.shares.iter().flatten().map(|share| share.abs());
            shares.sum::<f64>() + effect.proposals as f64 * 1e-6
        };
        keys.sort_by(|x, y| weight(y).total_cmp(&weight(x)));
        let size = |d: &[f64]| (d.iter().map(|d| d * d).sum::<f64>() / d.len() as f64).sqrt();
        let features = moved.iter().map(|&i| (quantities[i].clone(), size(&whole[i]))).collect();
        let units = a.features.iter().map(|(_, unit)| unit.clone());
        let units: Vec<String> = units.chain(["s".into(), "mL".into()]).collect();
        let units = moved.iter().map(|&i| units[i].clone()).collect();
        Ok(Explanation { experiments: self.conditions.len(), features, units, keys, together })
    }

    fn effect(
        &self,
        i: usize,
        key: &str,
        shares: Result<Vec<f64>, SideError>,
        campaign: &Side,
    ) -> KeyEffect {
        let alone = self.campaign(&[i]);
        let (proposals, parts) = alone.as_ref().map_or((0, false), |alone| {
            let pairs = pairs(campaign, alone);
            let turned = pairs.iter().filter(|pair| !pair.same_conditions()).count();
            (turned, crate::parting::Parting::between(campaign, alone).is_some())
        });
        let refused = shares.as_ref().err().map(ToString::to_string);
        let shares = shares.ok();
        let matters = parts || shares.iter().flatten().any(|share| share.abs() > 0.0);
        KeyEffect { key: key.into(), shares, proposals, matters, refused }
    }

    /// Pairs of keys, where single ones leave more unexplained than is enough: first those that cannot be changed alone, then
    /// those that explain most.
    fn together(&self, keys: &[KeyEffect], features: usize, shares: &Shares<'_>) -> Vec<Together> {
        let alone = |i: usize, f: usize| keys[i].shares.as_ref().map_or(0.0, |shares| shares[f]);
        let rest = |f: usize| 1.0 - (0..keys.len()).map(|i| alone(i, f)).sum::<f64>();
        if (0..features).all(|f| rest(f).abs() < ENOUGH) {
            return Vec::new();
        }
        let all = (0..keys.len()).flat_map(|i| (i + 1..keys.len()).map(move |j| (i, j)));
        let mut all: Vec<(usize, usize)> = all.collect();
        let promise = |i: usize| match &keys[i].shares {
            None => f64::INFINITY,
            Some(shares) => shares.iter().fold(0.0, |most, share| share.abs().max(most)),
        };
        let of_pair = |&(i, j): &(usize, usize)| promise(i).min(promise(j));
        all.sort_by(|x, y| of_pair(y).total_cmp(&of_pair(x)));
        let tried = all.into_iter().take(PAIRS).filter_map(|(i, j)| {
            let both = shares(&[i, j]).ok()?;
            let beyond: Vec<f64> =
                (0..features).map(|f| both[f] - alone(i, f) - alone(j, f)).collect();
            let keys = [keys[i].key.clone(), keys[j].key.clone()];
            beyond.iter().any(|share| share.abs() >= ENOUGH).then_some(Together { keys, beyond })
        });
        tried.collect()
    }

    /// The definition of the first side with some keys as the second says them.
    fn with(&self, keys: &[usize]) -> Value {
        let mut definition = self.before.clone();
        // Removing the last entry of a list does not move those before it.
        keys.iter().for_each(|&i| self.keys[i].apply(&mut definition));
        definition
    }

    /// The campaign of such a definition.
    fn campaign(&self, keys: &[usize]) -> Result<Side, SideError> {
        self.run(&self.with(keys))
    }

    /// The repeated experiments with such a definition.
    fn listed(&self, keys: &[usize]) -> Result<Vec<Measured>, SideError> {
        let definition = listing(self.with(keys), &self.conditions);
        Ok(self.run(&definition)?.experiments)
    }

    fn run(&self, definition: &Value) -> Result<Side, SideError> {
        let scenario = Scenario::recorded(definition)?;
        let path = std::path::PathBuf::from(scenario.name());
        let (snapshot, journal) = Snapshot::taken(&scenario, self.threads)
            .map_err(|source| SideError::Campaign { path, source })?;
        debug_assert_eq!(self.names.len(), journal.header().inputs.len());
        Side::scenario(scenario.name(), snapshot, journal)
    }
}

/// The change of every feature, of lab time and of liquids, at each experiment.
fn changes(before: &[Measured], after: &[Measured]) -> Changes {
    let features = before.first().map_or(0, |m| m.features.len());
    let of = |read: &dyn Fn(&Measured) -> Option<f64>| -> Vec<f64> {
        let pairs = before.iter().zip(after);
        pairs.map(|(a, b)| read(a).zip(read(b)).map_or(0.0, |(a, b)| b - a)).collect()
    };
    let features = (0..features).map(|i| of(&|m| m.features.get(i).copied().flatten()));
    features.chain([of(&|m| Some(m.lab_time_s)), of(&|m| m.ml)]).collect()
}

/// The least-squares share of a change.
fn share(part: &[f64], whole: &[f64]) -> f64 {
    let product: f64 = part.iter().zip(whole).map(|(part, whole)| part * whole).sum();
    product / whole.iter().map(|whole| whole * whole).sum::<f64>()
}
