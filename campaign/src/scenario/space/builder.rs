//! From the `[space]` table of a rig to what follows from its inputs.

use std::collections::BTreeMap;

use flowtwin_lab::{Constraint, FlowPath, Follows, Linear, Manifest, PumpId, Recipe};

use super::formulas::{ALL, Formulas, REACTING};
use super::{InputSpec, Sets, SpaceProblem, SpaceSpec, Window, problem};

pub(super) const REACTION_TIME: &str = "total flow that the reaction time allows [µL/min]";
pub(super) const TOTAL: &str = "total flow [µL/min]";

/// Builds what follows from the inputs that are free: linear functions where they do, else formulas.
pub(super) struct Builder<'a> {
    spec: &'a SpaceSpec,
    manifest: &'a Manifest,
    formulas: &'a Formulas,
    free: Vec<(&'a str, &'a InputSpec)>,
    setters: BTreeMap<&'a str, &'a str>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        spec: &'a SpaceSpec,
        manifest: &'a Manifest,
        formulas: &'a Formulas,
    ) -> Result<Self, SpaceProblem> {
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
        for (name, derived) in spec.derived.iter() {
            if derived.formula.is_none() && manifest.pump(&PumpId::new(name)).is_none() {
                return Err(problem(&["derived", name], format!("the rig has no pump `{name}`")));
            }
            if derived.formula.is_none() && derived.sum_of.is_empty() && derived.minus.is_empty() {
                let message = "missing key `sum_of`, or `formula` in its place";
                return Err(problem(&["derived", name], message));
            }
            if let Some(input) = setters.get(name) {
                let message = format!("`{name}` follows from others, and {input} sets it too");
                return Err(problem(&["derived", name], message));
            }
        }
        let free = spec.free_inputs().collect();
        Ok(Self { spec, manifest, formulas, free, setters })
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
            sum.add(factor, &rate);
        }
        below.pop();
        Ok(Some(sum))
    }

    pub(super) fn recipe(&self) -> Result<Recipe, SpaceProblem> {
        let options = |(_, input): &(&str, &InputSpec)| input.options.clone();
        let mut recipe = Recipe::default();
        if self.free.iter().any(|(_, input)| !input.options.is_empty()) {
            recipe.options = self.free.iter().map(options).collect();
        }
        for heater in &self.manifest.heaters {
            let name = &heater.name;
            if let Some(set_point) = self.formulas.set_point(name) {
                recipe.heaters.push((name.clone(), set_point));
                continue;
            }
            let Some(input) = self.setters.get(name.as_str()) else {
                let message = format!(
                    "no input sets the heater `{name}`: one with low = high holds a temperature"
                );
                return Err(problem(&["inputs"], message));
            };
            recipe.heaters.push((name.clone(), self.input(input).into()));
        }
        for pump in &self.manifest.pumps {
            let name = &pump.name;
            let formula = self.formulas.rate(name);
            let linear = || self.rate(name.as_str(), &mut Vec::new());
            let rate = formula.map_or_else(|| Ok(linear()?.map(Follows::from)), |f| Ok(Some(f)))?;
            let Some(rate) = rate else {
                let message = format!(
                    "nothing sets the rate of `{name}`: an input can, with low = high = 0 to let it \
                     stand, or an entry of `[space.derived]`"
                );
                return Err(problem(&["inputs"], message));
            };
            recipe.pumps.push((name.clone(), rate));
            recipe.slowest.push((name.clone(), pump.min_ul_per_min));
            let limits = (pump.min_ul_per_min, pump.max_ul_per_min);
            recipe.steps.extend(pump.steps.map(|steps| (name.clone(), steps, limits)));
        }
        Ok(recipe)
    }

    /// The bounds that the box alone does not keep.
    pub(super) fn constraints(&self, recipe: &Recipe) -> Result<Vec<Constraint>, SpaceProblem> {
        let mut all = Vec::new();
        for (pump, rate) in &recipe.pumps {
            let info = self.manifest.pump(pump).expect("the recipe names pumps of the rig");
            // Off is a rate too. A linear rate between off and the slowest becomes the nearer of the two; one that a formula
            // gives is not changed: it would not be the ratio that was asked for.
            let or_zero = rate.linear().is_none();
            all.push(Constraint {
                name: format!("rate of pump {pump} [µL/min]"),
                of: rate.clone(),
                low: if or_zero { info.min_ul_per_min } else { 0.0 },
                high: info.max_ul_per_min,
                or_zero,
            });
        }
        for (heater, set_point) in &recipe.heaters {
            let info = self.manifest.heater(heater).expect("the recipe names heaters of the rig");
            if set_point.linear().is_none() {
                let name = format!("set point of {heater} [°C]");
                let (low, high) = (info.low_c, info.high_c);
                all.push(Constraint { name, of: set_point.clone(), low, high, or_zero: false });
            }
        }
        if let Some(Window { low, high }) = self.window("total_ul_per_min")? {
            let of = self.total(recipe, |_| true, ALL);
            all.push(Constraint { name: TOTAL.into(), of, low, high, or_zero: false });
        }
        if let Some(window) = self.window("reaction_time_s")? {
            all.push(self.reaction_time(recipe, window)?);
        }
        all.extend(self.formulas.bounds(self.spec)?);
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

    /// The sum of the rates of some pumps: linear where all of them are.
    fn total(&self, recipe: &Recipe, which: impl Fn(&PumpId) -> bool, formula: &str) -> Follows {
        let mut sum = self.constant(0.0);
        for (_, rate) in recipe.pumps.iter().filter(|(pump, _)| which(pump)) {
            match rate.linear() {
                Some(linear) => sum.add(1.0, linear),
                None => return self.formulas.sum(formula),
            }
        }
        sum.into()
    }

    /// t_R = V/Q is not linear, but Q between V/t_high and V/t_low is, where one flow passes all that reacts.
    fn reaction_time(&self, recipe: &Recipe, window: Window) -> Result<Constraint, SpaceProblem> {
        let (volume_ul, pumps) = reacting(&self.manifest.path)
            .map_err(|message| problem(&["constraints", "reaction_time_s"], message))?;
        Ok(Constraint {
            name: REACTION_TIME.into(),
            of: self.total(recipe, |pump| pumps.contains(pump), REACTING),
            low: 60.0 * volume_ul / window.high,
            high: 60.0 * volume_ul / window.low,
            or_zero: false,
        })
    }

    fn is_kept_by_the_box(&self, constraint: &Constraint) -> bool {
        let Some(of) = constraint.of.linear() else { return false };
        let (mut least, mut most) = (of.constant, of.constant);
        for (factor, (_, input)) in of.factors.iter().zip(&self.free) {
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
