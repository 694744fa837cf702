//! The keys that a calibration may change.

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_sim::Plan;
use serde_json::Value;

use super::Scenario;
use super::calibration::{CalibrationSpec, FreeSpec};
use super::unknown::nearest;
use super::world::{plan, with_unsaid, world};
use crate::definition::{Leaf, leaves};

/// How far a key may go from where it starts, as a factor, where nobody says otherwise.
const FACTOR: f64 = 20.0;
/// Halvings of a range whose end the simulator refuses.
const HALVINGS: usize = 30;

/// A key that is estimated.
#[derive(Clone, Debug)]
pub struct Free {
    /// The key with the tables it is in, such as `chemistry.product.growth.rate_per_s`.
    pub key: String,
    /// Its value in the scenario.
    pub start: f64,
    /// Smallest value that it may take.
    pub low: f64,
    /// Largest value.
    pub high: f64,
    /// Whether steps are factors, not differences.
    pub logarithmic: bool,
    leaf: Leaf,
}

impl Free {
    /// The value on the scale on which it is estimated: its natural logarithm, or the share of its range.
    pub fn scaled(&self, value: f64) -> f64 {
        match self.logarithmic {
            true => flowtwin_lab::math::ln(value),
            false => value / (self.high - self.low),
        }
    }

    /// The value at a place on that scale, within its range.
    pub fn value(&self, scaled: f64) -> f64 {
        self.anywhere(scaled).clamp(self.low, self.high)
    }

    /// The value at a place on that scale, also outside its range.
    pub fn anywhere(&self, scaled: f64) -> f64 {
        match self.logarithmic {
            true => flowtwin_lab::math::exp(scaled),
            false => scaled * (self.high - self.low),
        }
    }

    /// The same key, starting from its value in this world; from where it starts where it has none there. Its range grows to hold it.
    #[must_use]
    pub fn starting_in(mut self, world: &Value) -> Self {
        let known = leaves(world).into_iter().find(|leaf| leaf.key == self.key);
        self.start = known.and_then(|leaf| leaf.value.as_f64()).unwrap_or(self.start);
        (self.low, self.high) = (self.low.min(self.start), self.high.max(self.start));
        self
    }

    /// Puts a value into a definition.
    pub fn put(&self, definition: &mut Value, value: f64) {
        self.leaf.put(definition, value.into());
    }

    /// The first name on the way to the key: the table it is in.
    pub fn table(&self) -> &str {
        self.key.split(['.', '[']).next().unwrap_or_default()
    }

    /// The plan of a scenario's rig on which free keys have these values.
    ///
    /// # Errors
    /// If the simulator refuses them.
    pub fn rig(scenario: &Scenario, free: &[Self], values: &[f64]) -> Result<Plan, Diagnostic> {
        let mut world = world(&scenario.definition());
        free.iter().zip(values).for_each(|(free, value)| free.put(&mut world, *value));
        plan(&world).map_err(Diagnostic::new)
    }
}

/// The free keys of a calibration: those of `named`, or those of the scenario's `[calibration]`.
///
/// # Errors
/// If there is none, if one is not a number of the scenario's world, or if its range does not hold its value.
pub fn free(scenario: &Scenario, named: &[FreeSpec]) -> Result<Vec<Free>, Diagnostic> {
    let world = with_unsaid(world(&scenario.definition()));
    let CalibrationSpec { free: ref own, .. } = scenario.file().calibration;
    let wanted = if named.is_empty() { own } else { named };
    let numbers: Vec<Leaf> = leaves(&world).into_iter().filter(|l| l.value.is_number()).collect();
    if wanted.is_empty() {
        // How many atoms a molecule has is known.
        let is_unknown = |key: &&str| key.starts_with("chemistry.") && !key.contains(".atoms.");
        let some = numbers.iter().map(|leaf| leaf.key.as_str()).filter(is_unknown).take(6);
        let some: Vec<&str> = some.collect();
        return Err(Diagnostic::new("no key is free: there is nothing to estimate".to_owned())
            .hint(format!("name keys with --free, such as {}", some.join(", "))));
    }
    let free: Vec<Free> =
        wanted.iter().map(|spec| one(&world, &numbers, spec)).collect::<Result<_, _>>()?;
    for (i, one) in free.iter().enumerate() {
        if free[..i].iter().any(|other| other.key == one.key) {
            return Err(Diagnostic::new(format!("{} is named twice among the free keys", one.key)));
        }
    }
    Ok(free)
}

fn one(world: &Value, numbers: &[Leaf], spec: &FreeSpec) -> Result<Free, Diagnostic> {
    let found = numbers.iter().find(|leaf| leaf.key == spec.key);
    let Some(leaf) = found else {
        let known: Vec<&str> = numbers.iter().map(|leaf| leaf.key.as_str()).collect();
        let message = format!("the scenario has no number {}", spec.key);
        let diagnostic = Diagnostic::new(message);
        return Err(match nearest(&spec.key, &known) {
            Some((name, _)) => diagnostic.hint(format!("did you mean {name}?")),
            None => diagnostic
                .hint("free keys are numbers of rig, stocks, chemistry, optics, noise or faults"),
        });
    };
    let start = leaf.value.as_f64().unwrap_or_default();
    let logarithmic = spec.logarithmic.unwrap_or(start > 0.0 && spec.low.is_none_or(|l| l > 0.0));
    if logarithmic && (start <= 0.0 || spec.low.is_some_and(|low| low <= 0.0)) {
        let message = format!("{} cannot be logarithmic: it may be {start} or less", spec.key);
        return Err(Diagnostic::new(message).hint("set logarithmic = false, or a range above zero"));
    }
    let span = if start.abs() > 0.0 { start.abs() } else { 1.0 };
    let usual = match logarithmic {
        true => (start / FACTOR, start * FACTOR),
        false => (start - span, start + span),
    };
    let (low, high) = (spec.low.unwrap_or(usual.0), spec.high.unwrap_or(usual.1));
    if !(low < high && (low..=high).contains(&start)) {
        let range = format!("{low} to {high}");
        let message = format!("the range {range} of {} does not hold its value {start}", spec.key);
        return Err(Diagnostic::new(message).hint("give low and high on both sides of it"));
    }
    let mut free =
        Free { key: spec.key.clone(), start, low, high, logarithmic, leaf: leaf.clone() };
    let ends = (bearable(world, &free, low), bearable(world, &free, high));
    (free.low, free.high) = ends;
    Ok(free)
}

/// The value nearest to `end`, on the way from where the key starts, that the simulator accepts.
fn bearable(world: &Value, free: &Free, end: f64) -> f64 {
    let accepts = |value: f64| {
        let mut world = world.clone();
        free.put(&mut world, value);
        plan(&world).is_ok()
    };
    if accepts(end) {
        return end;
    }
    let (mut good, mut bad) = (free.scaled(free.start), free.scaled(end));
    for _ in 0..HALVINGS {
        let middle = 0.5 * (good + bad);
        if accepts(free.anywhere(middle)) { good = middle } else { bad = middle }
    }
    free.value(good)
}
