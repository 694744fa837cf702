//! What to read from a file of experiments, and its content.

use flowtwin_lab::Input;
use flowtwin_report::Quantity;

/// What to learn from a source.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The outcome: a column of a table, a feature of a run.
    pub target: String,
    /// The inputs; none for all that can be inputs.
    pub inputs: Option<Vec<String>>,
    /// The ranges that count, and the inputs where none are named; none for those of the source.
    pub ranges: Option<Vec<Input>>,
    /// Whether a column of words that is named as an input is a choice among them.
    pub words: bool,
}

impl Selection {
    /// The inputs that were asked for; none for all.
    pub(super) fn names(&self) -> Option<Vec<String>> {
        let of_ranges = |ranges: &Vec<Input>| ranges.iter().map(|i| i.name.clone()).collect();
        self.inputs.clone().or_else(|| self.ranges.as_ref().map(of_ranges))
    }

    /// The range of an input, if it was stated.
    pub(super) fn range(&self, name: &str) -> Option<&Input> {
        self.ranges.as_ref()?.iter().find(|input| input.name == name)
    }
}

/// The outcome that is learnt.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name in the source.
    pub name: String,
    /// Its unit; empty if the source does not say.
    pub unit: String,
}

impl Target {
    /// Its name and unit in words.
    pub fn quantity(&self) -> Quantity {
        Quantity::of_feature(&self.name, &self.unit)
    }

    /// Whether it is this feature: by its whole name, or by its name without the unit.
    pub fn is(&self, feature: &str) -> bool {
        let rest = self.name.strip_prefix(feature);
        let is_unit = |rest: &str| rest.starts_with(['_', ' ', '[', '(']) && !self.unit.is_empty();
        rest.is_some_and(|rest| rest.is_empty() || is_unit(rest))
    }
}

/// Number, inputs and outcome of an experiment; none where it is not known.
pub(super) type Told = (usize, Vec<Option<f64>>, Option<f64>);

/// What a source says, before ranges are known.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) target: Target,
    pub(super) inputs: Vec<String>,
    /// Ranges that the source itself states, by input; those of the data where there are none.
    pub(super) ranges: Option<Vec<Input>>,
    /// Number, inputs and outcome of each experiment.
    pub(super) rows: Vec<Told>,
    pub(super) simulated: Option<bool>,
    pub(super) lab_time_s: Option<f64>,
    /// What was left out and what was assumed, for people.
    pub(super) notes: Vec<String>,
    /// Columns that could not be inputs.
    pub(super) not_inputs: Vec<String>,
}
