//! What is compared: a run folder, a snapshot, or a scenario that is run now.

mod load;
mod table;

use std::borrow::Cow;

use flowtwin_campaign::observations::six;
use flowtwin_campaign::outside::Setting;
use flowtwin_lab::journal::{ExperimentRecord, Journal};
use serde::Serialize;
use serde_json::{Value, json};

pub use load::SideError;

/// One of two sides of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    /// The path it was given by.
    pub name: String,
    /// What is at that path.
    pub kind: SideKind,
    /// Version of flowtwin that made it, where it says so.
    pub flowtwin: Option<String>,
    /// The scenario as it was understood, with the seed of the run; none for a snapshot that does not say it.
    pub definition: Option<Value>,
    /// Names of the inputs.
    pub inputs: Vec<String>,
    /// Names and units of the features.
    pub features: Vec<(String, String)>,
    /// The finished experiments, in order.
    pub experiments: Vec<Measured>,
    /// What was computed, by name; empty where it is not known.
    pub work: Vec<(String, u64)>,
    /// Length and SHA-256 of the journal, as a snapshot has them; none for a run folder.
    pub digest: Option<String>,
    /// What stopped the run, if anything did.
    pub stopped: Option<String>,
    /// Volume that the run took from each stock, priming included \[mL\]; none where it is not known.
    pub reagent_ml: Option<Vec<(String, f64)>>,
    /// Lab time of the run, priming included \[s\]; none where it is not known.
    pub lab_time_s: Option<f64>,
    /// Every record, where there is a journal.
    pub journal: Option<Journal>,
}

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SideKind {
    /// A run folder, or its journal.
    Run,
    /// A snapshot: results to six digits.
    Snapshot,
    /// A scenario, run now on the simulator.
    Scenario,
}

impl SideKind {
    /// Its name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Snapshot => "snapshot",
            Self::Scenario => "scenario, run now",
        }
    }
}

/// A finished experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its number in the run, from 1.
    pub experiment: u64,
    /// Name of its phase.
    pub phase: String,
    /// What was set, in the order of the inputs.
    pub conditions: Vec<Setting>,
    /// What was measured, in the order of the features.
    pub features: Vec<Option<f64>>,
    /// Residence time \[s\].
    pub residence_time_s: Option<f64>,
    /// Nominal reaction time \[s\].
    pub reaction_time_s: Option<f64>,
    /// How long it took \[s\].
    pub lab_time_s: f64,
    /// Volume it took of all stocks together \[mL\]; none where it is not known.
    pub ml: Option<f64>,
    /// Its flags, or why it failed.
    pub remarks: String,
}

impl Measured {
    fn of(record: &ExperimentRecord) -> Self {
        let flags = record.quality.flags().join(", ");
        let remarks =
            record.fault.as_ref().map_or(flags, |fault| format!("failed: {}", fault.kind));
        Self {
            experiment: record.experiment,
            phase: record.phase.clone(),
            conditions: record.conditions.words().map(|(_, word)| word.into()).collect(),
            features: record.features.iter().map(|(_, value)| *value).collect(),
            residence_time_s: record.residence_time_s,
            reaction_time_s: record.reaction_time_s,
            lab_time_s: record.ended_ns.since(record.started_ns).as_secs(),
            ml: Some(record.consumed_ml.iter().map(|(_, ml)| ml).sum()),
            remarks,
        }
    }

    /// Whether it failed.
    pub fn failed(&self) -> bool {
        self.remarks.starts_with("failed")
    }

    /// The same, to the six digits that snapshots keep.
    fn to_six_digits(&self) -> Self {
        let rounded = |x: f64| six(x).parse().unwrap_or(x);
        let six = |x: &Option<f64>| x.map(rounded);
        Self {
            features: self.features.iter().map(six).collect(),
            residence_time_s: six(&self.residence_time_s),
            reaction_time_s: six(&self.reaction_time_s),
            lab_time_s: rounded(self.lab_time_s),
            ..self.clone()
        }
    }
}

impl Side {
    /// The same, to the six digits that snapshots keep, so that it can be compared with one.
    pub(crate) fn to_six_digits(&self) -> Self {
        let experiments = self.experiments.iter().map(Measured::to_six_digits).collect();
        Self { experiments, ..self.clone() }
    }

    /// The same, its inputs and features in the order of another side and no others, so that both can be compared place by place.
    ///
    /// A feature that this side does not know was never measured; where it does not have the inputs of the other, its experiments
    /// have no conditions in common with those.
    pub(crate) fn in_order_of(&self, other: &Self) -> Cow<'_, Self> {
        let known =
            |(name, _): &(String, String)| self.features.iter().position(|(n, _)| n == name);
        let same_features = self.features.iter().map(|(name, _)| name);
        let same_features = same_features.eq(other.features.iter().map(|(name, _)| name));
        if self.inputs == other.inputs && same_features {
            return Cow::Borrowed(self);
        }
        let features: Vec<Option<usize>> = other.features.iter().map(known).collect();
        let place = |name: &String| self.inputs.iter().position(|known| known == name);
        let inputs: Option<Vec<usize>> = other.inputs.iter().map(place).collect();
        let inputs = inputs.filter(|inputs| inputs.len() == self.inputs.len()).unwrap_or_default();
        let experiments = self.experiments.iter().map(|m| Measured {
            conditions: inputs.iter().map(|&i| m.conditions[i].clone()).collect(),
            features: features.iter().map(|place| m.features[(*place)?]).collect(),
            ..m.clone()
        });
        let inputs = inputs.iter().map(|&i| self.inputs[i].clone()).collect();
        let (experiments, features) = (experiments.collect(), other.features.clone());
        Cow::Owned(Self { inputs, features, experiments, ..self.clone() })
    }

    /// The conditions of one of its experiments, by the names of the inputs.
    pub(crate) fn conditions_of(&self, m: &Measured) -> Value {
        let pairs = self.inputs.iter().zip(&m.conditions);
        Value::Object(pairs.map(|(name, value)| (name.clone(), json!(value))).collect())
    }

    /// Names of inputs and features that another side does not have.
    pub(crate) fn only_here(&self, other: &Self) -> Vec<String> {
        let inputs = self.inputs.iter().filter(|name| !other.inputs.contains(name));
        let known = |name: &String| other.features.iter().any(|(there, _)| there == name);
        let features = self.features.iter().map(|(name, _)| name).filter(|name| !known(name));
        inputs.chain(features).cloned().collect()
    }

    /// A value of the definition, by the tables it is in.
    pub(crate) fn says(&self, pointer: &str) -> Option<&Value> {
        self.definition.as_ref()?.pointer(pointer)
    }

    /// The objective, the first of several; none where the side does not say it.
    pub(crate) fn objective(&self) -> Option<Goal> {
        let objective = self.says("/objective").or_else(|| self.says("/objectives/0"))?;
        let feature = objective.get("feature")?.as_str()?.to_owned();
        let target = |goal: &Value| goal.get("target").and_then(Value::as_f64);
        let aim = match objective.get("goal") {
            None => Aim::More,
            Some(goal) => match (goal.as_str(), target(goal)) {
                (Some("maximize"), _) => Aim::More,
                (Some("minimize"), _) => Aim::Less,
                (_, Some(target)) => Aim::Target(target),
                _ => return None,
            },
        };
        Some(Goal { feature, aim })
    }

    /// Whether the campaign has several objectives.
    pub(crate) fn has_several(&self) -> bool {
        let all = self.says("/objectives").and_then(Value::as_array);
        all.is_some_and(|all| all.len() > 1)
    }

    /// Whether an experiment is within the limits that the campaign sets.
    pub(crate) fn is_allowed(&self, m: &Measured) -> bool {
        let limits = self.says("/limits").and_then(Value::as_array);
        limits.into_iter().flatten().all(|limit| {
            let named =
                |(name, _): &(String, String)| Some(name.as_str()) == limit["feature"].as_str();
            let place = self.features.iter().position(named);
            // A limit on something that is not a feature here, such as a formula, does not count as broken.
            let Some(place) = place else { return true };
            let Some(value) = m.features.get(place).copied().flatten() else { return false };
            limit["at_least"].as_f64().is_none_or(|low| value >= low)
                && limit["at_most"].as_f64().is_none_or(|high| value <= high)
        })
    }
}

/// The objective of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Goal {
    /// The feature.
    pub(crate) feature: String,
    /// Which values of it are better.
    pub(crate) aim: Aim,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    /// More.
    More,
    /// Less.
    Less,
    /// Those nearer to this one.
    Target(f64),
}

impl Goal {
    /// A value as something to be maximised: of a target, minus the distance.
    pub(crate) fn score(&self, value: f64) -> f64 {
        match self.aim {
            Aim::More => value,
            Aim::Less => -value,
            Aim::Target(target) => -(value - target).abs(),
        }
    }
}
