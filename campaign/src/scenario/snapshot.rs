//! How a scenario is compared with its snapshots.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How strictly a scenario is compared with its snapshots. It is no part of what is run, nor of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotSpec {
    /// To the last bit, within tolerances, or as a distribution over seeds.
    pub strength: Strength,
    /// `numeric`: most that a feature may move \[%\].
    pub percent: f64,
    /// `numeric`: most that a feature may move \[standard deviations of replicates\]; the larger of both holds.
    pub deviations: f64,
    /// `numeric`: most that single features may move \[%\], in place of both; by name.
    pub features_percent: BTreeMap<String, f64>,
    /// `numeric`: most that lab time may move, of an experiment and of the campaign \[%\].
    pub time_percent: f64,
    /// `numeric`: most that the volume of liquids may move \[%\].
    pub volume_percent: f64,
    /// `numeric` and `statistical`: most that a count of work may move \[%\].
    pub work_percent: f64,
    /// `numeric`: whether policies may decide otherwise than they did.
    pub decisions: DecisionsMay,
    /// `statistical`: number of seeds, from the scenario's on.
    pub seeds: u32,
    /// `statistical`: the loss that the seeds should show \[%\].
    pub sensitivity_percent: f64,
}

/// Fewest seeds that statistical strength compares: with one less, a loss with every seed could be chance, as five quantities are
/// looked at (5/2⁶ > 0.05).
pub const FEWEST_SEEDS: u32 = 7;

/// What a snapshot promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// The same bytes.
    #[default]
    Exact,
    /// The same within tolerances.
    Numeric,
    /// No worse over many seeds.
    Statistical,
}

impl Strength {
    /// Its name, as scenarios spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Numeric => "numeric",
            Self::Statistical => "statistical",
        }
    }
}

/// Whether policies may decide otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionsMay {
    /// Every proposal must be the same.
    #[default]
    BeSame,
    /// Proposals may differ: features are compared where conditions are the same.
    Differ,
}

impl Default for SnapshotSpec {
    fn default() -> Self {
        Self {
            strength: Strength::Exact,
            percent: 0.01,
            deviations: 0.1,
            features_percent: BTreeMap::new(),
            time_percent: 0.1,
            volume_percent: 0.1,
            work_percent: 10.0,
            decisions: DecisionsMay::BeSame,
            seeds: 20,
            sensitivity_percent: 5.0,
        }
    }
}

impl SnapshotSpec {
    /// The first key whose number cannot be, and why.
    pub(super) fn wrong(&self) -> Option<(&'static str, String)> {
        let percents = [
            ("percent", self.percent),
            ("deviations", self.deviations),
            ("time_percent", self.time_percent),
            ("volume_percent", self.volume_percent),
            ("work_percent", self.work_percent),
        ];
        let negative = percents.into_iter().find(|(_, x)| !(x.is_finite() && *x >= 0.0));
        if let Some((key, x)) = negative {
            return Some((key, format!("{x} is not a tolerance: it must be 0 or more")));
        }
        if let Some((name, x)) = self.features_percent.iter().find(|(_, x)| **x < 0.0) {
            let message = format!("{x} % is not a tolerance of {name}: it must be 0 or more");
            return Some(("features_percent", message));
        }
        if !(FEWEST_SEEDS..=10_000).contains(&self.seeds) {
            let message = format!("{} seeds: {FEWEST_SEEDS} to 10 000 can be compared", self.seeds);
            return Some(("seeds", message));
        }
        if !(self.sensitivity_percent > 0.0 && self.sensitivity_percent <= 100.0) {
            let message = format!(
                "{} % is not a loss: above 0 to 100 can be shown",
                self.sensitivity_percent
            );
            return Some(("sensitivity_percent", message));
        }
        None
    }
}
