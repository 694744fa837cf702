//! The `[space]` table: what a campaign may choose, and how a choice becomes settings of the rig.

mod builder;
mod formulas;

use flowtwin_lab::{Choice, HeaterId, Input, Manifest, PumpId, Recipe, Space, SpaceError};
use flowtwin_report::format::plain;
use flowtwin_sim::spec::Stocks;
use flowtwin_twin::region::Region;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unknown;
use crate::ordered::Ordered;
use builder::{Builder, REACTION_TIME, TOTAL};
use formulas::Formulas;

/// What a campaign may choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceSpec {
    /// The inputs by name, the unit last: `cui_ul_per_min`, `temperature_c`.
    pub inputs: Ordered<InputSpec>,
    /// Pumps and heaters whose settings follow from others, and quantities that formulas share: their names end in their units.
    #[serde(default)]
    pub derived: Ordered<DerivedSpec>,
    /// Bounds besides the ranges of inputs and pumps.
    #[serde(default)]
    pub constraints: ConstraintSpec,
}

/// One input: a range from `low` to `high`, or `levels`, or `options`. Where `low` equals `high` it is fixed, and not an input of the
/// campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSpec {
    /// Lowest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Highest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Proposals are multiples of this: 1 for whole numbers, 0 for no rounding.
    #[serde(default)]
    pub resolution: f64,
    /// Whether steps are seen as factors, as for loadings from 0.01 to 10: a range that begins above 0.
    #[serde(default, skip_serializing_if = "is_false")]
    #[schemars(extend("default" = false))]
    pub logarithmic: bool,
    /// The only values there are, in place of a range.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<f64>,
    /// Names to choose from, in place of a range. On a rig a formula says what they set: `NAME_OPTION` is 1 where the option is
    /// chosen, and 0 elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Numbers that describe each option, by its name, as many for each: options with like numbers are expected to do alike.
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    pub descriptors: Ordered<Vec<f64>>,
    /// What it sets; nothing without a rig, nor where a formula of `[space.derived]` uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<Sets>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What an input sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sets {
    /// The rate of a pump [µL/min].
    Pump(PumpId),
    /// The set point of a heater [°C].
    Heater(HeaterId),
}

/// What follows from others: the rate of a pump as `times × (sum of sum_of − sum of minus)`, or anything by a formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedSpec {
    /// A formula, in place of sums: of inputs, rates and set points (`PUMP_ul_per_min`, `HEATER_c`), volumes of the tube
    /// (`STRETCH_ul`, `reacting_ul`), concentrations (`STOCK_SPECIES_mol_per_l`) and other quantities of this table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// Pumps whose rates are added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sum_of: Vec<PumpId>,
    /// Pumps whose rates are taken off.
    #[serde(default)]
    pub minus: Vec<PumpId>,
    /// Factor on the result.
    #[serde(default = "one")]
    pub times: f64,
}

fn one() -> f64 {
    1.0
}

/// Bounds on what follows from the inputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConstraintSpec {
    /// Nominal reaction time \[s\].
    pub reaction_time_s: Option<Window>,
    /// Sum of all rates [µL/min].
    pub total_ul_per_min: Option<Window>,
    /// Bounds on formulas, by names that end in their units.
    #[serde(skip_serializing_if = "Ordered::is_empty")]
    pub formulas: Ordered<BoundSpec>,
}

/// A bound on a formula.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoundSpec {
    /// What is bounded; it may use what formulas of `[space.derived]` may use.
    pub formula: String,
    /// Lowest value allowed, in the unit of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Highest value allowed, in the unit of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// A range of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Lowest.
    pub low: f64,
    /// Highest.
    pub high: f64,
}

/// What is wrong with a space, and the key below `[space]` where.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SpaceProblem {
    pub(super) path: Vec<String>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

fn problem(path: &[&str], message: impl Into<String>) -> SpaceProblem {
    SpaceProblem {
        path: path.iter().map(|&part| part.to_owned()).collect(),
        message: message.into(),
        hint: None,
    }
}

impl SpaceSpec {
    /// The space of a lab outside, which knows itself what its inputs set.
    pub(super) fn free(&self) -> Result<Space, SpaceProblem> {
        if let Some((name, _)) = self.derived.iter().find(|(_, spec)| spec.formula.is_none()) {
            return Err(problem(&["derived", name], "a scenario without a rig has no pumps"));
        }
        let bounds = &self.constraints;
        if bounds.reaction_time_s.is_some() || bounds.total_ul_per_min.is_some() {
            let message = "a scenario without a rig has no flows that could be bounded";
            return Err(problem(&["constraints"], message));
        }
        for (name, input) in self.inputs.iter() {
            input.check_kind(name)?;
            if input.sets.is_some() {
                let message = format!("{name} sets a part of a rig, and there is no [rig]");
                return Err(problem(&["inputs", name, "sets"], message));
            }
        }
        let formulas = Formulas::new(self, &Manifest::of_experiments(""), &Stocks::new())?;
        let inputs = self.free_inputs().map(|(name, input)| input.input(name)).collect();
        let space = Space::new(inputs, formulas.bounds(self)?)
            .map_err(|error| problem(&["inputs"], error.to_string()))?;
        self.has_room(&space)?;
        Ok(space)
    }

    /// The inputs that a campaign chooses, in their order.
    fn free_inputs(&self) -> impl Iterator<Item = (&str, &InputSpec)> {
        self.inputs.iter().filter(|(_, input)| !input.is_fixed())
    }

    /// Whether bounds by formulas leave anything of the space: what policies would find out later.
    fn has_room(&self, space: &Space) -> Result<(), SpaceProblem> {
        if space.constraints().iter().all(|constraint| constraint.of.linear().is_some()) {
            return Ok(());
        }
        let empty = |error: flowtwin_twin::region::EmptyRegion| {
            let key = if self.constraints.formulas.is_empty() { "derived" } else { "constraints" };
            problem(&[key], error.to_string())
        };
        Region::new(space).map(|_| ()).map_err(empty)
    }

    /// The space and the recipe on the rig of `manifest`.
    pub(super) fn resolve(
        &self,
        manifest: &Manifest,
        stocks: &Stocks,
    ) -> Result<(Space, Recipe), SpaceProblem> {
        let formulas = Formulas::new(self, manifest, stocks)?;
        for (name, input) in self.inputs.iter() {
            input.check_kind(name)?;
            match input.on_rig() {
                Some(set) => set.check(name, manifest)?,
                None => formulas.uses(name, input)?,
            }
        }
        let builder = Builder::new(self, manifest, &formulas)?;
        let recipe = builder.recipe()?;
        let constraints = builder.constraints(&recipe)?;
        let inputs = self.free_inputs().map(|(name, spec)| spec.input(name));
        let slowest = |input: &InputSpec| input.on_rig().map_or(0.0, |set| set.slowest(manifest));
        let least = self.free_inputs().map(|(_, spec)| slowest(spec)).collect();
        let space = Space::new(inputs.collect(), constraints);
        let space = space.map(|space| space.zero_or_at_least(least)).map_err(|error| {
            let path: &[&str] = match &error {
                SpaceError::Infeasible { name, .. } if name == REACTION_TIME => {
                    &["constraints", "reaction_time_s"]
                }
                SpaceError::Infeasible { name, .. } if name == TOTAL => {
                    &["constraints", "total_ul_per_min"]
                }
                _ => &["inputs"],
            };
            problem(path, error.to_string())
        })?;
        self.has_room(&space)?;
        Ok((space, recipe))
    }
}

impl InputSpec {
    /// Whether it is one of a range, levels and options.
    fn check_kind(&self, name: &str) -> Result<(), SpaceProblem> {
        let range = self.low.is_some() || self.high.is_some();
        let kinds = [range, !self.levels.is_empty(), !self.options.is_empty()];
        let message = match kinds.into_iter().filter(|kind| *kind).count() {
            0 => format!(
                "{name} has no values: `low` and `high`, or `levels`, or `options` give them"
            ),
            1 if range && self.low.is_none() => "missing key `low`".to_owned(),
            1 if range && self.high.is_none() => "missing key `high`".to_owned(),
            1 if self.logarithmic && !range => {
                format!("{name} has no range that could be logarithmic")
            }
            1 if !self.options.is_empty() && self.sets.is_some() => {
                let message = format!(
                    "{name} is chosen by name, and `sets` needs numbers: a formula of [space.derived] says what its options set"
                );
                return Err(problem(&["inputs", name, "sets"], message));
            }
            1 if name.trim().is_empty() => "an input needs a name".to_owned(),
            1 => return self.check_resolution(name).and_then(|()| self.check_descriptors(name)),
            _ => format!("{name} is one thing: a range, `levels` or `options`"),
        };
        Err(problem(&["inputs", name], message))
    }

    /// A resolution coarser than the range would leave one value, and not a round one.
    fn check_resolution(&self, name: &str) -> Result<(), SpaceProblem> {
        let (Some(low), Some(high)) = (self.low, self.high) else { return Ok(()) };
        let wide = high - low;
        if wide <= 0.0 || self.resolution <= wide * (1.0 + 1e-9) {
            return Ok(());
        }
        let message = format!(
            "a resolution of {} is coarser than the range of {name}, {} to {}: at most {} allows two values",
            plain(self.resolution),
            plain(low),
            plain(high),
            plain(wide)
        );
        Err(problem(&["inputs", name, "resolution"], message))
    }

    fn check_descriptors(&self, name: &str) -> Result<(), SpaceProblem> {
        if self.descriptors.is_empty() {
            return Ok(());
        }
        let unknown = |(option, _): &(&str, &Vec<f64>)| !self.options.iter().any(|o| o == option);
        if let Some((option, _)) = self.descriptors.iter().find(unknown) {
            let message = format!("{name} has no option `{option}`");
            return Err(problem(&["inputs", name, "descriptors", option], message));
        }
        match self.options.iter().find(|option| self.descriptors.get(option).is_none()) {
            None => Ok(()),
            Some(option) => {
                let message = format!("`{option}` is not described: all options are, or none");
                Err(problem(&["inputs", name, "descriptors"], message))
            }
        }
    }

    /// The same on a rig, where it is a number that sets something; none where formulas say what it does.
    fn on_rig(&self) -> Option<OnRig<'_>> {
        let sets = self.sets.as_ref()?;
        Some(OnRig { low: self.least(), high: self.most(), resolution: self.resolution, sets })
    }

    /// Lowest value of a range or of levels.
    fn least(&self) -> f64 {
        let levels = self.levels.iter().copied().fold(f64::INFINITY, f64::min);
        self.low.unwrap_or(levels)
    }

    /// Highest value of a range or of levels.
    fn most(&self) -> f64 {
        let levels = self.levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        self.high.unwrap_or(levels)
    }

    fn input(&self, name: &str) -> Input {
        let (low, high) = (self.least(), self.most());
        if !self.options.is_empty() {
            let option = |option: &String| Choice {
                name: option.clone(),
                descriptors: self.descriptors.get(option).cloned().unwrap_or_default(),
            };
            return Input::choice(name.to_owned(), self.options.iter().map(option).collect());
        }
        if !self.levels.is_empty() {
            return Input::levels(name.to_owned(), self.levels.clone());
        }
        match self.logarithmic {
            true => Input::logarithmic(name.to_owned(), low, high, self.resolution),
            false => Input::number(name.to_owned(), low, high, self.resolution),
        }
    }

    fn is_fixed(&self) -> bool {
        self.options.is_empty() && self.least().total_cmp(&self.most()).is_eq()
    }
}

/// An input of a rig: numbers that set a part of it.
struct OnRig<'a> {
    low: f64,
    high: f64,
    resolution: f64,
    sets: &'a Sets,
}

impl OnRig<'_> {
    fn check(&self, name: &str, manifest: &Manifest) -> Result<(), SpaceProblem> {
        let (unit, in_words) = match self.sets {
            Sets::Pump(_) => ("_ul_per_min", "µL/min"),
            Sets::Heater(_) => ("_c", "°C"),
        };
        let at = |key: &'static str| ["inputs", name, key];
        if !name.ends_with(unit) {
            let stem = unknown::stem(name);
            return Err(SpaceProblem {
                hint: Some(format!("did you mean `{stem}{unit}`?")),
                ..problem(
                    &["inputs", name],
                    format!(
                        "the name of `{name}` must end in `{unit}`, because it is in {in_words}"
                    ),
                )
            });
        }
        if self.low > self.high {
            let message = format!(
                "the range of {name} runs from {} to {} {in_words}: low must not be above high",
                self.low, self.high
            );
            return Err(problem(&at("low"), message));
        }
        if self.resolution < 0.0 {
            let message = format!("a resolution of {} {in_words} is negative", self.resolution);
            return Err(problem(&at("resolution"), message));
        }
        let (low, high, whose) =
            self.limits(manifest).ok_or_else(|| self.missing(name, manifest))?;
        for (key, value) in [("low", self.low), ("high", self.high)] {
            if !self.is_off_at(value) && !(low..=high).contains(&value) {
                let (low, high) = (plain(low), plain(high));
                let or_off = match self.sets {
                    Sets::Pump(_) => ", and not 0, which is off",
                    Sets::Heater(_) => "",
                };
                let message = format!(
                    "{value} {in_words} is outside {low} to {high} {in_words} of {whose}{or_off}"
                );
                return Err(problem(&at(key), message));
            }
        }
        Ok(())
    }

    fn limits(&self, manifest: &Manifest) -> Option<(f64, f64, String)> {
        match self.sets {
            Sets::Pump(pump) => manifest
                .pump(pump)
                .map(|p| (p.min_ul_per_min, p.max_ul_per_min, format!("the pump {pump}"))),
            Sets::Heater(heater) => {
                manifest.heater(heater).map(|h| (h.low_c, h.high_c, format!("the heater {heater}")))
            }
        }
    }

    fn missing(&self, name: &str, manifest: &Manifest) -> SpaceProblem {
        let (what, which, known): (_, _, Vec<&str>) = match self.sets {
            Sets::Pump(p) => {
                ("pump", p.as_str(), manifest.pumps.iter().map(|p| p.name.as_str()).collect())
            }
            Sets::Heater(h) => {
                ("heater", h.as_str(), manifest.heaters.iter().map(|h| h.name.as_str()).collect())
            }
        };
        let message = format!("the rig has no {what} `{which}`, only {}", known.join(", "));
        problem(&["inputs", name, "sets"], message)
    }

    /// Whether it is a pump, and off at this value.
    fn is_off_at(&self, value: f64) -> bool {
        matches!(self.sets, Sets::Pump(_)) && value.total_cmp(&0.0).is_eq()
    }

    /// The smallest value above zero that it can be set to, where it can be zero; a multiple of its resolution.
    fn slowest(&self, manifest: &Manifest) -> f64 {
        let slowest = match self.sets {
            Sets::Pump(pump) => manifest.pump(pump).map_or(0.0, |info| info.min_ul_per_min),
            Sets::Heater(_) => 0.0,
        };
        if !self.is_off_at(self.low) {
            return 0.0;
        }
        let steps = (slowest / self.resolution).ceil();
        if self.resolution > 0.0 { (steps * self.resolution).min(self.high) } else { slowest }
    }
}
