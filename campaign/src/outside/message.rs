//! What the two sides say to each other. `docs/lab-protocol.md` is the description for people.

use std::num::NonZeroU32;

use flowtwin_lab::{
    Conditions, Fault, FaultKind, Instant, LimitSpec, ObjectiveSpec, PumpId, Wanted, Word,
};
use serde::{Deserialize, Serialize};

use crate::ordered::Ordered;

/// Version of the protocol. A line that means something else in another version needs another number.
pub const PROTOCOL: u32 = 1;

/// Version of the protocol towards a lab that can have several experiments under way.
pub const SEVERAL: u32 = 2;

/// A line from the lab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FromLab {
    /// What may be chosen; the first line.
    Space(Box<SpaceLine>),
    /// What came of an experiment.
    Observation(Box<ObservationLine>),
    /// It is the optimiser's turn.
    Next(Next),
    /// A line of the optimiser was no good; it is still its turn.
    Error(ErrorLine),
    /// There will be no further experiment; the last line.
    Done(Done),
}

impl FromLab {
    /// The key that it has.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Space(_) => "space",
            Self::Observation(_) => "observation",
            Self::Next(_) => "next",
            Self::Error(_) => "error",
            Self::Done(_) => "done",
        }
    }
}

/// A line from the optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FromOptimiser {
    /// What to try next.
    Experiment(ExperimentLine),
    /// Somebody has filled a syringe of a lab whose `space` says `fills`; it is still the optimiser's turn.
    Filled(FilledLine),
    /// It has seen enough; the last line.
    Done(Done),
}

/// What may be chosen, and what for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceLine {
    /// Version of the protocol.
    pub protocol: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed for whatever the optimiser draws: below 2^31, so that every random number generator takes it.
    pub seed: u32,
    /// The inputs in order.
    pub inputs: Vec<InputLine>,
    /// Bounds on what follows from the inputs.
    #[serde(default)]
    pub constraints: Vec<ConstraintLine>,
    /// What the formulas of bounds use, each after those that it uses itself; none where no formula is bounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantities: Vec<QuantityLine>,
    /// What is to be made as large as possible: the first of several.
    pub objective: ObjectiveLine,
    /// Everything that is wanted, where that is several things: features of observations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<ObjectiveSpec>,
    /// What features of observations must keep besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitSpec>,
    /// What may be spent.
    #[serde(default)]
    pub budget: Budget,
    /// Lab time now \[s\].
    #[serde(default)]
    pub now_s: f64,
    /// Whether the lab is a simulation.
    #[serde(default)]
    pub simulated: bool,
    /// Whether it must be told of syringes that somebody has filled, in version 1.
    #[serde(default, skip_serializing_if = "is_false")]
    pub fills: bool,
    /// How many experiments it can have under way, in version 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<NonZeroU32>,
    /// Requests that it still has from before it was started, in version 2: they are waited for, and not made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub under_way: Vec<u64>,
    /// Longest that an experiment may take before it is given up, in version 2 \[s\]; how long a program may be silent where
    /// that is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_s: Option<f64>,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputLine {
    /// Name, with its unit as suffix.
    pub name: String,
    /// Lowest value.
    pub low: f64,
    /// Highest value.
    pub high: f64,
    /// Values are rounded to multiples of this; 0 for no rounding.
    #[serde(default)]
    pub resolution: f64,
    /// Whether steps are best seen as factors.
    #[serde(default, skip_serializing_if = "is_false")]
    pub logarithmic: bool,
    /// The only values there are, if not all of the range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<f64>,
    /// Names to choose from, if it is not a number; conditions have the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Numbers that describe each option, in their order; none where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub descriptors: Vec<Vec<f64>>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A value of an input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or the name of an option")]
pub enum Setting {
    /// A number.
    Number(f64),
    /// The name of an option.
    Name(String),
}

impl Setting {
    /// The number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Name(_) => None,
        }
    }
}

impl From<Word<'_>> for Setting {
    fn from(word: Word<'_>) -> Self {
        match word {
            Word::Number(value) => Self::Number(value),
            Word::Name(name) => Self::Name(name.to_owned()),
        }
    }
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A bound on a linear function of the inputs, or on a formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConstraintLine {
    /// What is bounded, in words.
    pub name: String,
    /// Constant term.
    pub constant: f64,
    /// Factor of each input, by name; none where it is a formula.
    pub factors: Ordered<f64>,
    /// The formula that is bounded, as the scenario has it, where no linear function is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Its name among the quantities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<String>,
    /// Whether zero is allowed too, as of a pump that is off.
    #[serde(default, skip_serializing_if = "is_false")]
    pub or_zero: bool,
    /// Lowest value; none for no bound.
    pub low: Option<f64>,
    /// Highest value; none for no bound.
    pub high: Option<f64>,
}

/// What a formula uses: an input, a constant, or another formula. The unit is the ending of its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuantityLine {
    /// Its name.
    pub name: String,
    /// The input that it is; with `option`, 1 where that is chosen and else 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The option of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option: Option<String>,
    /// The number that it always is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant: Option<f64>,
    /// The formula that gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
}

/// What a campaign is after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectiveLine {
    /// The feature.
    pub feature: String,
    /// `maximize`, `minimize` or a target. `outcome` of an observation has its sign changed where this
    /// is `minimize`, and is minus the distance from a target.
    pub goal: flowtwin_lab::Goal,
}

/// What may be spent, or is left; none for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Experiments.
    pub experiments: Option<u64>,
    /// Lab time \[h\].
    pub lab_time_h: Option<f64>,
    /// All reagents together \[mL\].
    pub reagent_ml: Option<f64>,
}

/// What came of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObservationLine {
    /// Its number, from 1.
    pub experiment: u64,
    /// The request that it answers, in version 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// What was set: the proposal, rounded to the resolution of the inputs.
    pub conditions: Ordered<Setting>,
    /// What is to be made as large as possible; none in a failed experiment.
    pub outcome: Option<f64>,
    /// Everything that was measured; none for what could not be read.
    pub features: Ordered<Option<f64>>,
    /// What is wrong with the measurement, if anything.
    pub flags: Vec<String>,
    /// Why it failed, if it did.
    pub fault: Option<Failure>,
    /// When it began, in lab time \[s\].
    pub started_s: Option<f64>,
    /// When it ended \[s\].
    pub ended_s: Option<f64>,
    /// Volume taken from each stock \[mL\].
    pub consumed_ml: Ordered<f64>,
}

/// Why an experiment failed: a fault as journals record it, or somebody's own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "words, or a fault as a journal has it")]
#[non_exhaustive]
pub enum Failure {
    /// As journals record it.
    Fault(Fault),
    /// In words.
    Words(String),
}

impl Failure {
    /// As a fault of `origin` at `at`.
    pub fn fault(self, at: Instant, origin: &str) -> Fault {
        match self {
            Self::Fault(fault) => fault,
            Self::Words(detail) => Fault::new(at, origin, FaultKind::Failed { detail }),
        }
    }
}

/// It is the optimiser's turn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// Number of the experiment to propose, from 1.
    pub experiment: u64,
    /// What is left to spend.
    #[serde(default)]
    pub left: Budget,
}

/// What to try next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentLine {
    /// A value for each input.
    pub conditions: Ordered<Setting>,
}

/// A syringe that somebody has filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilledLine {
    /// Its pump.
    pub pump: PumpId,
    /// What it holds now \[mL\].
    pub holds_ml: f64,
}

/// A line to a lab that can have several experiments under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToSeveral {
    /// What to try as well.
    Experiment(RequestLine),
    /// The answer to a request is not waited for any more.
    Forget(ForgetLine),
    /// There will be no further request; the last line.
    Done(Done),
}

/// What to try, by number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLine {
    /// Number of the request in the run, from 1.
    pub request: u64,
    /// A value for each input.
    pub conditions: Ordered<Setting>,
    /// Whether it was made before, by a process that has ended.
    #[serde(default, skip_serializing_if = "is_false")]
    pub again: bool,
}

/// A request that is not waited for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgetLine {
    /// Its number.
    pub request: u64,
}

/// A line was no good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorLine {
    /// Number of the line among those the optimiser has sent, from 1.
    #[serde(default)]
    pub line: u64,
    /// The request that cannot be done, in version 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// What is wrong with it.
    pub problem: String,
    /// What was expected.
    pub expected: String,
}

/// There will be no further experiment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Done {
    /// Why.
    pub reason: String,
}

/// The objectives, where they are several.
pub(crate) fn several(wanted: &Wanted) -> Vec<ObjectiveSpec> {
    if wanted.goals.objectives.len() > 1 { wanted.named_objectives() } else { Vec::new() }
}

/// Conditions as a table of names and values.
pub(crate) fn table(conditions: &Conditions) -> Ordered<Setting> {
    conditions.words().map(|(name, word)| (name.to_owned(), word.into())).collect()
}
