//! The keys of a scenario file.

use flowtwin_data::learnt::Prior;
use flowtwin_data::table::TableSpec;
use flowtwin_lab::layer::Limits;
use flowtwin_lab::study::Task;
use flowtwin_lab::{AnalysisSpec, LimitSpec, ObjectiveSpec, ProcedureSpec};
use flowtwin_sim::spec::{Chemistry, Faults, Noise, Optics, Rig, Stocks, World};
use flowtwin_twin::{PolicySpec, StopRules, SurrogateSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calibration::{BelievedSpec, CalibrationSpec};
use super::refill::RefillSpec;
use super::snapshot::SnapshotSpec;
use super::space::SpaceSpec;

/// Whether a part of a scenario is not there.
pub(super) fn is_absent<T: Default + PartialEq>(part: &T) -> bool {
    *part == T::default()
}

/// A scenario: a rig, its world, how experiments are done, what may be chosen, and a campaign.
///
/// Or, in place of rig and world, a table of outcomes that others have measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Layout of this file: 1.
    pub schema: u32,
    /// Its name, of which run folders are named: small letters, digits and hyphens.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What it shows, for people.
    #[serde(default)]
    pub description: String,
    /// Seed of all randomness, unless another is given on the command line.
    pub seed: u64,
    /// The outcomes that experiments are looked up in, in place of a rig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableSpec>,
    /// The apparatus.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub rig: Rig,
    /// The liquids in the syringes, by name.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub stocks: Stocks,
    /// What happens in a slug.
    #[serde(default)]
    pub chemistry: Chemistry,
    /// What light does in a slug.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub optics: Optics,
    /// Everything random or drifting.
    #[serde(default)]
    pub noise: Noise,
    /// What goes wrong, and when.
    #[serde(default)]
    pub faults: Faults,
    /// How an experiment is done.
    #[serde(default)]
    pub procedure: ProcedureSpec,
    /// What is measured.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub analysis: AnalysisSpec,
    /// Limits of the rig that are enforced on every backend.
    #[serde(default)]
    pub guard: Limits,
    /// Who refills the syringes. Without it the run stops where one does not hold what the next experiment needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refill: Option<RefillSpec>,
    /// What a campaign may choose.
    #[serde(default, skip_serializing_if = "is_absent")]
    pub space: SpaceSpec,
    /// What a campaign is after, where that is one thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<ObjectiveSpec>,
    /// What a campaign is after, where that is several things: no one of them at the cost of another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveSpec>,
    /// What must hold besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitSpec>,
    /// What policies learn with and reports show.
    #[serde(default)]
    pub twin: TwinSpec,
    /// Earlier experiments that phases learn from which start from no other phase.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prior: Vec<Prior>,
    /// A program outside that decides in place of the policies of the last phases; see `docs/lab-protocol.md`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_command: Option<String>,
    /// The phases of the campaign, in order: by default one, of 50 experiments by `auto`.
    #[serde(default = "by_itself")]
    pub phases: Vec<PhaseSpec>,
    /// What a study does, task by task, in place of the phases one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub study: Vec<Task>,
    /// How its snapshots are compared.
    #[serde(default, skip_serializing)]
    pub snapshot: SnapshotSpec,
    /// What a calibration may change.
    #[serde(default, skip_serializing)]
    pub calibration: CalibrationSpec,
}

/// The twin of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwinSpec {
    /// Which surrogate.
    pub surrogate: SurrogateSpec,
    /// The scenario file whose simulator the surrogate `twin` learns with, such as a `calibrated.toml`; without it, this scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulator: Option<String>,
    /// What that file says, once it has been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub believed: Option<Box<BelievedSpec>>,
}

impl Default for TwinSpec {
    /// A Gaussian process.
    fn default() -> Self {
        Self { surrogate: SurrogateSpec::Gp, simulator: None, believed: None }
    }
}

/// One phase of a campaign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseSpec {
    /// Its name.
    pub name: String,
    /// What decides what to try next.
    #[serde(default = "auto")]
    pub policy: PolicySpec,
    /// Most experiments it may run.
    pub experiments: u32,
    /// The phase whose experiments, and all before it that led there, this one starts from.
    #[serde(default)]
    pub from: Option<String>,
    /// What ends it before that.
    #[serde(default)]
    pub stop: StopRules,
}

/// What decides where nobody says what.
fn auto() -> PolicySpec {
    PolicySpec::Auto {}
}

/// The phases of a campaign of which nobody says any.
fn by_itself() -> Vec<PhaseSpec> {
    let (name, policy, experiments) = ("auto".into(), auto(), 50);
    vec![PhaseSpec { name, policy, experiments, from: None, stop: StopRules::default() }]
}

impl ScenarioFile {
    /// A scenario from plain values.
    ///
    /// This is the only way there is: the code that reads a scenario is made anew for each format and weighs megabytes.
    ///
    /// # Errors
    /// If a key is unknown or missing, or a value has the wrong type; with the path of that key.
    pub(super) fn of(
        values: &serde_json::Value,
    ) -> Result<Self, serde_path_to_error::Error<serde_json::Error>> {
        serde_path_to_error::deserialize(values)
    }

    /// The tables that describe the world.
    pub fn world(&self) -> World {
        World {
            rig: self.rig.clone(),
            stocks: self.stocks.clone(),
            chemistry: self.chemistry.clone(),
            optics: self.optics.clone(),
            noise: self.noise.clone(),
            faults: self.faults.clone(),
        }
    }
}
