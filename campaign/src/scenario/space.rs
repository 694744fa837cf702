//! The `[space]` table: what a campaign may choose, and how a choice becomes settings of the rig.

use std::collections::BTreeMap;

use flowtwin_lab::{
    Choice, Constraint, FlowPath, HeaterId, Input, Linear, Manifest, PumpId, Recipe, Space,
    SpaceError,
};
use flowtwin_report::format::plain;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unknown;
use crate::ordered::Ordered;

/// What a campaign may choose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpaceSpec {
    /// The inputs by name, the unit last: `cui_ul_per_min`, `temperature_c`.
    pub inputs: Ordered<InputSpec>,
    /// Pumps whose rate follows from others.
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
    /// Names to choose from, in place of a range; without a rig only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Numbers that describe each option, by its name, as many for each: options with like numbers are expected to do alike.
    #[serde(default, skip_serializing_if = "Ordered::is_empty")]
    pub descriptors: Ordered<Vec<f64>>,
    /// What it sets; nothing without a rig.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sets: Option<Sets>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// What an input sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sets {
    /// The rate of a pump [µL/min].
    Pump(PumpId),
    /// The set point of a heater [°C].
    Heater(HeaterId),
}

/// The rate of a pump that follows from others: `times × (sum of sum_of − sum of minus)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedSpec {
    /// Pumps whose rates are added.
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
        if let Some((name, _)) = self.derived.iter().next() {
            return Err(problem(&["derived", name], "a scenario without a rig has no pumps"));
        }
        if self.constraints != ConstraintSpec::default() {
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
        let free = self.inputs.iter().filter(|(_, input)| !input.is_fixed());
        let inputs = free.map(|(name, input)| input.input(name)).collect();
        Space::new(inputs, Vec::new()).map_err(|error| problem(&["inputs"], error.to_string()))
    }

    /// The space and the recipe on the rig of `manifest`.
    pub(super) fn resolve(&self, manifest: &Manifest) -> Result<(Space, Recipe), SpaceProblem> {
        for (name, input) in self.inputs.iter() {
            input.check_kind(name)?;
            input.on_rig(name)?.check(name, manifest)?;
        }
        let builder = Builder::new(self, manifest)?;
        let recipe = builder.recipe()?;
        let constraints = builder.constraints(&recipe)?;
        let inputs = builder.free.iter().map(|(name, spec)| spec.input(name));
        let least =
            builder.free.iter().map(|(name, spec)| Ok(spec.on_rig(name)?.slowest(manifest)));
        let least = least.collect::<Result<Vec<f64>, SpaceProblem>>()?;
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
        Ok((space, recipe))
    }
}

const REACTION_TIME: &str = "total flow that the reaction time allows [µL/min]";
const TOTAL: &str = "total flow [µL/min]";

impl InputSpec {
    /// Whether it is one of a range, levels and options.
    fn check_kind(&self, name: &str) -> Result<(), SpaceProblem> {
        let range = self.low.is_some() || self.high.is_some();
        let kinds = [range, !self.levels.is_empty(), !self.options.is_empty()];
        let message = match kinds.into_iter().filter(|kind| *kind).count() {
            0 => format!(
                "{name} has no values: `low` and `high`, or `levels`, or `options` give them"
            ),
            1 if range && self.low.is_none() => "missing field `low`".to_owned(),
            1 if range && self.high.is_none() => "missing field `high`".to_owned(),
            1 if self.logarithmic && !range => {
                format!("{name} has no range that could be logarithmic")
            }
            1 => return self.check_descriptors(name),
            _ => format!("{name} is one thing: a range, `levels` or `options`"),
        };
        Err(problem(&["inputs", name], message))
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

    /// The same on a rig, where it is a number that sets something.
    fn on_rig(&self, name: &str) -> Result<OnRig<'_>, SpaceProblem> {
        if !self.options.is_empty() {
            let message = format!("{name} is chosen by name, and a rig needs numbers");
            return Err(problem(&["inputs", name, "options"], message));
        }
        let Some(sets) = &self.sets else {
            return Err(problem(&["inputs", name], "missing field `sets`"));
        };
        Ok(OnRig { low: self.least(), high: self.most(), resolution: self.resolution, sets })
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

/// Builds linear functions of the inputs that are free.
struct Builder<'a> {
    spec: &'a SpaceSpec,
    manifest: &'a Manifest,
    free: Vec<(&'a str, &'a InputSpec)>,
    setters: BTreeMap<&'a str, &'a str>,
}

impl<'a> Builder<'a> {
    fn new(spec: &'a SpaceSpec, manifest: &'a Manifest) -> Result<Self, SpaceProblem> {
        let mut setters = BTreeMap::new();
        for (name, input) in spec.inputs.iter() {
            let target = match &input.sets {
                Some(Sets::Pump(pump)) => pump.as_str(),
                Some(Sets::Heater(heater)) => heater.as_str(),
                None => continue,
            };
            if let Some(other) = setters.insert(target, name) {
                let message = format!("`{target}` is set by both {other} and {name}");
                return Err(problem(&["inputs", name, "sets"], message));
            }
        }
        for (pump, _) in spec.derived.iter() {
            if manifest.pump(&PumpId::new(pump)).is_none() {
                return Err(problem(&["derived", pump], format!("the rig has no pump `{pump}`")));
            }
            if let Some(input) = setters.get(pump) {
                let message = format!("`{pump}` follows from others, and {input} sets it too");
                return Err(problem(&["derived", pump], message));
            }
        }
        let free = spec.inputs.iter().filter(|(_, input)| !input.is_fixed()).collect();
        Ok(Self { spec, manifest, free, setters })
    }

    fn constant(&self, constant: f64) -> Linear {
        Linear { constant, factors: vec![0.0; self.free.len()] }
    }

    /// The function of an input: itself, or a constant where it is fixed.
    fn input(&self, name: &str) -> Linear {
        match self.free.iter().position(|(free, _)| *free == name) {
            Some(i) => {
                let mut linear = self.constant(0.0);
                linear.factors[i] = 1.0;
                linear
            }
            None => self.constant(self.spec.inputs.get(name).map_or(0.0, InputSpec::least)),
        }
    }

    /// The rate of a pump; none where nothing sets it.
    fn rate(&self, pump: &str, below: &mut Vec<String>) -> Result<Option<Linear>, SpaceProblem> {
        if let Some(input) = self.setters.get(pump) {
            return Ok(Some(self.input(input)));
        }
        let Some(derived) = self.spec.derived.get(pump) else {
            return Ok(None);
        };
        if below.iter().any(|other| other == pump) {
            return Err(problem(
                &["derived", pump],
                format!("the rate of `{pump}` follows from itself"),
            ));
        }
        below.push(pump.to_owned());
        let mut sum = self.constant(0.0);
        let parts = derived.sum_of.iter().map(|p| (p, derived.times));
        let parts = parts.chain(derived.minus.iter().map(|p| (p, -derived.times)));
        for (part, factor) in parts {
            let Some(rate) = self.rate(part.as_str(), below)? else {
                let message =
                    format!("nothing sets the rate of `{part}`, from which `{pump}` follows");
                return Err(problem(&["derived", pump], message));
            };
            add(&mut sum, factor, &rate);
        }
        below.pop();
        Ok(Some(sum))
    }

    fn recipe(&self) -> Result<Recipe, SpaceProblem> {
        let mut recipe = Recipe::default();
        for heater in &self.manifest.heaters {
            let name = &heater.name;
            let Some(input) = self.setters.get(name.as_str()) else {
                let message = format!(
                    "no input sets the heater `{name}`: one with low = high holds a temperature"
                );
                return Err(problem(&["inputs"], message));
            };
            recipe.heaters.push((name.clone(), self.input(input)));
        }
        for pump in &self.manifest.pumps {
            let name = &pump.name;
            let Some(rate) = self.rate(name.as_str(), &mut Vec::new())? else {
                let message = format!(
                    "nothing sets the rate of `{name}`: an input can, with low = high = 0 to let it \
                     stand, or an entry of `[space.derived]`"
                );
                return Err(problem(&["inputs"], message));
            };
            recipe.pumps.push((name.clone(), rate));
            recipe.slowest.push((name.clone(), pump.min_ul_per_min));
        }
        Ok(recipe)
    }

    /// The bounds that the box alone does not keep.
    fn constraints(&self, recipe: &Recipe) -> Result<Vec<Constraint>, SpaceProblem> {
        let mut all = Vec::new();
        for (pump, rate) in &recipe.pumps {
            let info = self.manifest.pump(pump).expect("the recipe names pumps of the rig");
            all.push(Constraint {
                name: format!("rate of pump {pump} [µL/min]"),
                of: rate.clone(),
                // Off is a rate too; one between off and the slowest becomes the nearer of the two.
                low: 0.0,
                high: info.max_ul_per_min,
            });
        }
        if let Some(Window { low, high }) = self.window("total_ul_per_min")? {
            let of = self.total(recipe, |_| true);
            all.push(Constraint { name: TOTAL.into(), of, low, high });
        }
        if let Some(window) = self.window("reaction_time_s")? {
            all.push(self.reaction_time(recipe, window)?);
        }
        all.retain(|constraint| !self.is_kept_by_the_box(constraint));
        Ok(all)
    }

    fn window(&self, key: &str) -> Result<Option<Window>, SpaceProblem> {
        let window = match key {
            "reaction_time_s" => self.spec.constraints.reaction_time_s,
            _ => self.spec.constraints.total_ul_per_min,
        };
        match window {
            Some(Window { low, high }) if !(0.0 < low && low < high) => {
                let message = format!("{key} runs from {low} to {high}: 0 < low < high is needed");
                Err(problem(&["constraints", key], message))
            }
            window => Ok(window),
        }
    }

    fn total(&self, recipe: &Recipe, which: impl Fn(&PumpId) -> bool) -> Linear {
        let mut sum = self.constant(0.0);
        for (pump, rate) in &recipe.pumps {
            if which(pump) {
                add(&mut sum, 1.0, rate);
            }
        }
        sum
    }

    /// t_R = V/Q is not linear, but Q between V/t_high and V/t_low is, where one flow passes all that reacts.
    fn reaction_time(&self, recipe: &Recipe, window: Window) -> Result<Constraint, SpaceProblem> {
        let (volume_ul, pumps) = reacting(&self.manifest.path)
            .map_err(|message| problem(&["constraints", "reaction_time_s"], message))?;
        Ok(Constraint {
            name: REACTION_TIME.into(),
            of: self.total(recipe, |pump| pumps.contains(pump)),
            low: 60.0 * volume_ul / window.high,
            high: 60.0 * volume_ul / window.low,
        })
    }

    fn is_kept_by_the_box(&self, constraint: &Constraint) -> bool {
        let (mut least, mut most) = (constraint.of.constant, constraint.of.constant);
        for (factor, (_, input)) in constraint.of.factors.iter().zip(&self.free) {
            let (a, b) = (factor * input.least(), factor * input.most());
            least += a.min(b);
            most += a.max(b);
        }
        constraint.low <= least && most <= constraint.high
    }
}

/// Volume of the stretches that react [µL] and the pumps that flow through them.
fn reacting(path: &FlowPath) -> Result<(f64, &[PumpId]), &'static str> {
    let mut stretches = path.stretches.iter().filter(|stretch| stretch.reacts);
    let first = stretches
        .next()
        .ok_or("no stretch of the tube has `reacts = true`, so there is no reaction time")?;
    let mut volume_ul = first.volume_ul;
    for stretch in stretches {
        if stretch.pumps != first.pumps {
            return Err("a window of reaction times needs the same flow through all that reacts");
        }
        volume_ul += stretch.volume_ul;
    }
    Ok((volume_ul, &first.pumps))
}

fn add(sum: &mut Linear, factor: f64, part: &Linear) {
    sum.constant += factor * part.constant;
    for (s, p) in sum.factors.iter_mut().zip(&part.factors) {
        *s += factor * p;
    }
}
