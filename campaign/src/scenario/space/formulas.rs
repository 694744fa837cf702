//! Formulas of the `[space]` table: what they may use, and what they give.

use std::sync::Arc;

use flowtwin_lab::formula::{Formula, FormulaError, Unit};
use flowtwin_lab::{Computed, Constraint, Follows, HeaterId, Manifest, PumpId, Quantities};
use flowtwin_sim::spec::Stocks;

use super::{BoundSpec, DerivedSpec, InputSpec, Sets, SpaceProblem, SpaceSpec, problem};

/// Sum of the rates of all pumps, and of those that flow through what reacts. No user can write these names.
pub(super) const ALL: &str = "(all pumps)_ul_per_min";
pub(super) const REACTING: &str = "(through what reacts)_ul_per_min";

/// The quantities of a space by name. There is none where the space has no formula.
#[derive(Clone, Debug, Default)]
pub(super) struct Formulas {
    quantities: Arc<Quantities>,
    /// Names that the formulas of users use.
    used: Vec<String>,
    /// Pumps and heaters that follow by formulas.
    set: Vec<String>,
}

/// A quantity that waits for its formula: its name, the text, and its key below `[space]`.
struct Open {
    name: String,
    text: String,
    path: Vec<String>,
}

impl Open {
    fn problem(&self, message: impl Into<String>) -> SpaceProblem {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        problem(&path, message)
    }

    fn wrong(&self, error: &FormulaError) -> SpaceProblem {
        self.problem(format!("the formula cannot be computed: {error}"))
    }
}

impl Formulas {
    /// The quantities of a space on the rig of `manifest`, with these stocks.
    pub(super) fn new(
        spec: &SpaceSpec,
        manifest: &Manifest,
        stocks: &Stocks,
    ) -> Result<Self, SpaceProblem> {
        let derived = spec.derived.iter().any(|(_, derived)| derived.formula.is_some());
        if !derived && spec.constraints.formulas.is_empty() {
            return Ok(Self::default());
        }
        let mut quantities = Quantities::default();
        inputs(spec, &mut quantities)?;
        constants(manifest, stocks, &mut quantities)?;
        let mut open = settings(spec, manifest, &quantities);
        open.extend(shared(spec, manifest)?);
        open.extend(bounded(spec));
        define(&mut quantities, &open)?;
        let sums = sums(manifest, &quantities);
        define(&mut quantities, &sums)?;
        let formulas = open.iter().filter_map(|open| Formula::parse(&open.text).ok());
        let used =
            formulas.flat_map(|f| f.names().into_iter().map(str::to_owned).collect::<Vec<_>>());
        let follows = |(name, _): &(&str, &DerivedSpec)| by_formula(spec, name, 0);
        let set = spec.derived.iter().filter(follows).map(|(name, _)| name.to_owned());
        Ok(Self { used: used.collect(), set: set.collect(), quantities: Arc::new(quantities) })
    }

    /// The rate of a pump [µL/min], where a formula gives it.
    pub(super) fn rate(&self, pump: &PumpId) -> Option<Follows> {
        let follows = self.set.iter().any(|name| name == pump.as_str());
        follows.then(|| self.computed(&rate_of(pump.as_str())).map(Follows::Formula))?
    }

    /// The set point of a heater \[°C\], where a formula gives it.
    pub(super) fn set_point(&self, heater: &HeaterId) -> Option<Follows> {
        let follows = self.set.iter().any(|name| name == heater.as_str());
        follows.then(|| self.computed(&set_point_of(heater.as_str())).map(Follows::Formula))?
    }

    /// A sum of rates [µL/min]: [`ALL`] or [`REACTING`].
    pub(super) fn sum(&self, name: &str) -> Follows {
        Follows::Formula(self.computed(name).expect("sums are defined where a formula is"))
    }

    fn computed(&self, name: &str) -> Option<Computed> {
        self.quantities.shared(name)
    }

    /// The bounds on formulas.
    pub(super) fn bounds(&self, spec: &SpaceSpec) -> Result<Vec<Constraint>, SpaceProblem> {
        let bound = |(name, bound): (&str, &BoundSpec)| {
            let path = ["constraints", "formulas", name];
            let low = bound.at_least.unwrap_or(f64::NEG_INFINITY);
            let high = bound.at_most.unwrap_or(f64::INFINITY);
            if bound.at_least.is_none() && bound.at_most.is_none() {
                return Err(problem(
                    &path,
                    "it bounds nothing: `at_least` or `at_most` is missing",
                ));
            }
            if low.partial_cmp(&high).is_none_or(std::cmp::Ordering::is_gt) {
                let message = format!("{name} runs from {low} to {high}: no value is in between");
                return Err(problem(&path, message));
            }
            let of = self.computed(name).expect("bounded formulas are defined");
            let of = Follows::Formula(of);
            Ok(Constraint { name: name.to_owned(), of, low, high, or_zero: false })
        };
        spec.constraints.formulas.iter().map(bound).collect()
    }

    /// Whether a formula uses an input that sets nothing itself.
    pub(super) fn uses(&self, name: &str, input: &InputSpec) -> Result<(), SpaceProblem> {
        let used = |name: &str| self.used.iter().any(|used| used == name);
        if used(name) || input.options.iter().any(|option| used(&chosen(name, option))) {
            return Ok(());
        }
        let message = match input.options.first() {
            None if self.used.is_empty() => "missing key `sets`".to_owned(),
            None => format!("{name} sets nothing: it has no `sets`, and no formula uses it"),
            Some(option) => format!(
                "{name} sets nothing: no formula of [space.derived] uses `{}` or another of its options",
                chosen(name, option)
            ),
        };
        Err(problem(&["inputs", name], message))
    }
}

fn rate_of(pump: &str) -> String {
    format!("{pump}_ul_per_min")
}

fn set_point_of(heater: &str) -> String {
    format!("{heater}_c")
}

/// The name of the number that is 1 where this option is chosen.
fn chosen(input: &str, option: &str) -> String {
    let letter = |c: char| if c.is_alphanumeric() { c } else { '_' };
    format!("{input}_{}", option.chars().map(letter).collect::<String>())
}

fn inputs(spec: &SpaceSpec, quantities: &mut Quantities) -> Result<(), SpaceProblem> {
    for (place, (name, input)) in spec.free_inputs().enumerate() {
        if input.options.is_empty() {
            quantities.input(name, place);
        }
    }
    for (name, input) in spec.inputs.iter().filter(|(_, input)| input.is_fixed()) {
        quantities.constant(name, input.least());
    }
    for (place, (name, input)) in spec.free_inputs().enumerate() {
        for (option, word) in input.options.iter().enumerate() {
            let chosen = chosen(name, word);
            if quantities.has(&chosen) {
                let message = format!(
                    "formulas would know `{word}` as `{chosen}`, which has another meaning"
                );
                return Err(problem(&["inputs", name, "options"], message));
            }
            quantities.chosen(&chosen, place, option);
        }
    }
    Ok(())
}

/// Volumes of the tube, and what is in the stocks. An input of the same name takes its place.
fn constants(
    manifest: &Manifest,
    stocks: &Stocks,
    quantities: &mut Quantities,
) -> Result<(), SpaceProblem> {
    let taken = quantities.clone();
    let stretches = &manifest.path.stretches;
    let reacting: f64 = stretches.iter().filter(|s| s.reacts).map(|s| s.volume_ul).sum();
    let volumes = stretches.iter().map(|s| (format!("{}_ul", s.name), s.volume_ul));
    let volumes = volumes.chain((reacting > 0.0).then(|| ("reacting_ul".to_owned(), reacting)));
    let held = stocks.iter().flat_map(|(stock, liquid)| {
        let named = move |(species, mm): (&String, &f64)| {
            (format!("{stock}_{species}_mol_per_l"), 1e-3 * mm)
        };
        liquid.concentrations_mm.iter().map(named)
    });
    for (name, value) in volumes.chain(held).filter(|(name, _)| !taken.has(name)) {
        if quantities.has(&name) {
            let message =
                format!("two things of the rig are `{name}` to a formula: rename one of them");
            return Err(problem(&["derived"], message));
        }
        quantities.constant(&name, value);
    }
    Ok(())
}

/// Rates and set points that an input of another name sets, or that follow.
fn settings(spec: &SpaceSpec, manifest: &Manifest, quantities: &Quantities) -> Vec<Open> {
    let pumps = manifest.pumps.iter().map(|pump| (pump.name.as_str(), rate_of(pump.name.as_str())));
    let heaters = manifest.heaters.iter();
    let heaters = heaters.map(|h| (h.name.as_str(), set_point_of(h.name.as_str())));
    let setting = |(part, name): (&str, String)| {
        let sets = |(_, input): &(&str, &InputSpec)| match &input.sets {
            Some(Sets::Pump(pump)) => pump.as_str() == part,
            Some(Sets::Heater(heater)) => heater.as_str() == part,
            None => false,
        };
        let (text, path) = match (spec.inputs.iter().find(sets), spec.derived.get(part)) {
            (Some((input, _)), _) => {
                (input.to_owned(), vec!["inputs".to_owned(), input.to_owned()])
            }
            (None, Some(derived)) => {
                let key = if derived.formula.is_some() { "formula" } else { "sum_of" };
                let path = ["derived", part, key].map(str::to_owned).to_vec();
                (text_of(derived), path)
            }
            (None, None) => return None,
        };
        (!quantities.has(&name) || text != name).then_some(Open { name, text, path })
    };
    pumps.chain(heaters).filter_map(setting).collect()
}

fn text_of(derived: &DerivedSpec) -> String {
    if let Some(formula) = &derived.formula {
        return formula.clone();
    }
    let plus = derived.sum_of.iter().map(|pump| format!(" + {}", rate_of(pump.as_str())));
    let minus = derived.minus.iter().map(|pump| format!(" - {}", rate_of(pump.as_str())));
    format!("{} * (0[ul_per_min]{})", derived.times, plus.chain(minus).collect::<String>())
}

/// Quantities of `[space.derived]` that are no part of the rig.
fn shared(spec: &SpaceSpec, manifest: &Manifest) -> Result<Vec<Open>, SpaceProblem> {
    let is_part = |name: &str| {
        manifest.pumps.iter().any(|pump| pump.name.as_str() == name)
            || manifest.heaters.iter().any(|heater| heater.name.as_str() == name)
    };
    let mut open = Vec::new();
    for (name, derived) in spec.derived.iter() {
        let path = || ["derived", name].map(str::to_owned).to_vec();
        if derived.formula.is_some() && !(derived.sum_of.is_empty() && derived.minus.is_empty()) {
            let message = format!("`{name}` follows from a formula or from sums, not from both");
            return Err(problem(&["derived", name], message));
        }
        if let (false, Some(text)) = (is_part(name), &derived.formula) {
            open.push(Open { name: name.to_owned(), text: text.clone(), path: path() });
        }
    }
    Ok(open)
}

fn bounded(spec: &SpaceSpec) -> impl Iterator<Item = Open> {
    spec.constraints.formulas.iter().map(|(name, bound)| Open {
        name: name.to_owned(),
        text: bound.formula.clone(),
        path: ["constraints", "formulas", name, "formula"].map(str::to_owned).to_vec(),
    })
}

/// Sums of the rates that have a name.
fn sums(manifest: &Manifest, quantities: &Quantities) -> Vec<Open> {
    let all = manifest.pumps.iter().map(|pump| &pump.name);
    let reacts = manifest.path.stretches.iter().find(|stretch| stretch.reacts);
    let reacting = reacts.into_iter().flat_map(|stretch| &stretch.pumps);
    let sum = |name: &str, pumps: &mut dyn Iterator<Item = &PumpId>| {
        let rates = pumps.map(|pump| rate_of(pump.as_str())).filter(|rate| quantities.has(rate));
        let text = rates.fold("0[ul_per_min]".to_owned(), |sum, rate| format!("{sum} + {rate}"));
        Open { name: name.to_owned(), text, path: Vec::new() }
    };
    vec![sum(ALL, &mut all.clone()), sum(REACTING, &mut reacting.clone())]
}

/// Declares all quantities, and defines each after those it uses.
fn define(quantities: &mut Quantities, open: &[Open]) -> Result<(), SpaceProblem> {
    for quantity in open {
        if quantities.has(&quantity.name) {
            let message = format!("`{}` is the name of another quantity", quantity.name);
            return Err(quantity.problem(message));
        }
        quantities.declare(&quantity.name, Unit::of_name(&quantity.name));
    }
    (0..open.len()).try_for_each(|place| define_one(quantities, open, place, &mut Vec::new()))
}

fn define_one(
    quantities: &mut Quantities,
    open: &[Open],
    place: usize,
    below: &mut Vec<usize>,
) -> Result<(), SpaceProblem> {
    let quantity = &open[place];
    if !quantities.is_open(&quantity.name) {
        return Ok(());
    }
    if below.contains(&place) {
        return Err(quantity.problem(format!("`{}` follows from itself", quantity.name)));
    }
    below.push(place);
    let formula = Formula::parse(&quantity.text).map_err(|error| quantity.wrong(&error))?;
    for used in formula.names() {
        if let Some(first) = open.iter().position(|other| other.name == used) {
            define_one(quantities, open, first, below)?;
        }
    }
    below.pop();
    quantities.define(&quantity.name, &formula).map_err(|error| quantity.wrong(&error))
}

/// Whether the rate of a pump or the set point of a heater follows by a formula, of its own or of a pump that it sums.
fn by_formula(spec: &SpaceSpec, name: &str, depth: usize) -> bool {
    let Some(derived) = spec.derived.get(name) else { return false };
    let parts = || derived.sum_of.iter().chain(&derived.minus);
    // Sums that go in circles are refused where they are added up.
    let circles = depth > spec.derived.iter().count();
    derived.formula.is_some()
        || (!circles && parts().any(|part| by_formula(spec, part.as_str(), depth + 1)))
}
