//! From the text of a file to its meaning: every number in its range, every name known.

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::layer::{Limits, SensorRule};
use flowtwin_lab::procedure::{CollectSpec, FlushSpec, OnFault, RinseSpec, SteadySpec, WaitSpec};
use flowtwin_lab::range::{Outside, Ranged};
use flowtwin_lab::{Analysis, Conditions, Manifest, ProcedureSpec, Recipe, SensorKind, Space};
use flowtwin_sim::Plan;
use flowtwin_twin::{PolicySpec, StopRules};

use super::file::{PhaseSpec, ScenarioFile, is_absent};
use super::refill::Refill;
use super::tree::Tree;
use super::{Phase, unknown};

/// Highest price of an hour or a millilitre, in any unit.
const HIGHEST_PRICE: f64 = 1e9;

/// What is wrong, and at which key.
#[derive(Debug)]
pub(super) struct Problem {
    path: Vec<String>,
    message: String,
    hint: Option<String>,
}

impl Problem {
    pub(super) fn new(path: &[&str], message: impl Into<String>) -> Self {
        Self {
            path: path.iter().map(|&part| part.to_owned()).collect(),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// The complaint at the key's place in the file.
    pub(super) fn at(self, tree: &Tree) -> Diagnostic {
        Diagnostic { hint: self.hint, ..tree.complain_at(&self.path, &self.message) }
    }
}

/// The parts that a scenario of a rig must have, and one of a table must not.
fn parts(file: &ScenarioFile) -> [(&'static str, bool); 5] {
    // A rig without a spectrometer need not say what light does.
    let is_blind = !is_absent(&file.rig) && file.rig.spectrometers.is_empty();
    [
        ("rig", !is_absent(&file.rig)),
        ("stocks", !is_absent(&file.stocks)),
        ("optics", is_blind || !is_absent(&file.optics)),
        ("analysis", !is_absent(&file.analysis)),
        ("space", !is_absent(&file.space)),
    ]
}

/// Whether the scenario says what may be chosen, and nothing of where experiments are done.
pub(super) fn is_outside(file: &ScenarioFile) -> bool {
    let only_space = |(part, there): (&str, bool)| there == (part == "space");
    file.table.is_none() && parts(file).into_iter().all(only_space)
}

/// The space of a scenario without a rig.
pub(super) fn free_space(file: &ScenarioFile) -> Result<Space, Problem> {
    file.space.free().map_err(below_space)
}

fn below_space(problem: super::space::SpaceProblem) -> Problem {
    let mut path = vec!["space".to_owned()];
    path.extend(problem.path);
    Problem { path, message: problem.message, hint: problem.hint }
}

/// Whether the scenario is of a rig or of a table, and whole.
pub(super) fn kind(file: &ScenarioFile) -> Result<(), Problem> {
    let of_table = file.table.is_some();
    if is_outside(file) {
        return Ok(());
    }
    match parts(file).into_iter().find(|(_, there)| *there == of_table) {
        None => Ok(()),
        Some((part, true)) => {
            let message = format!("a scenario of a table of outcomes has no [{part}]");
            Err(Problem::new(&[part], message))
        }
        Some((part, false)) => Err(Problem::new(&[], format!("missing key `{part}`"))),
    }
}

/// Most letters of a scenario's name: file systems allow 255, and more is put behind it.
pub const LONGEST_NAME: usize = 100;

pub(super) fn name(file: &ScenarioFile) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = (1..=LONGEST_NAME).contains(&file.name.len());
    if !fits || !file.name.chars().all(allowed) {
        let message = format!(
            "the name \"{}\" must be of 1 to {LONGEST_NAME} small letters, digits and hyphens: run folders bear it",
            file.name
        );
        return Err(Problem::new(&["name"], message));
    }
    Ok(())
}

pub(super) fn plan(file: &ScenarioFile) -> Result<Plan, Problem> {
    Plan::new(&file.world()).map_err(|error| {
        let path: Vec<&str> = error.key().split('.').collect();
        Problem::new(&path, error.to_string())
    })
}

pub(super) fn space(file: &ScenarioFile, manifest: &Manifest) -> Result<(Space, Recipe), Problem> {
    file.space.resolve(manifest, &file.stocks).map_err(below_space)
}

/// Checks the numbers of a table at `path` against their ranges.
fn ranges(path: &[&str], table: &impl Ranged) -> Result<(), Problem> {
    let Some(Outside { key, value, range }) = table.outside() else { return Ok(()) };
    let path: Vec<&str> = path.iter().copied().chain(key.split('.')).collect();
    within(&path, value, range.low, range.high, range.unit)
}

pub(super) fn procedure(file: &ScenarioFile, manifest: &Manifest) -> Result<(), Problem> {
    let spec = &file.procedure;
    ranges(&["procedure"], spec)?;
    let longest_s = ProcedureSpec::range("settle_timeout_s").high;
    let path = ["procedure", "settle_timeout_s"];
    within(&path, spec.settle_timeout_s, spec.settle_for_s.max(1.0), longest_s, "s")?;
    ranges(&["procedure", "wait"], &spec.wait)?;
    match &spec.wait {
        WaitSpec::ResidenceTimes(_) => {}
        WaitSpec::Steady(rule) => {
            for (i, feature) in rule.features.iter().enumerate() {
                let at = i.to_string();
                known_feature(file, feature, &["procedure", "wait", "steady", "features", &at])?;
            }
            let at = ["procedure", "wait", "steady"];
            ranges(&at, rule)?;
            let most = SteadySpec::range("at_most_residence_times");
            let path = [&at[..], &[most.key]].concat();
            let from = rule.from_residence_times;
            within(&path, rule.at_most_residence_times, from, most.high, most.unit)?;
        }
    }
    if let (true, Some(c)) = (file.guard.heat_without_flow, file.guard.no_heat_without_flow_above_c)
    {
        let message =
            format!("no_heat_without_flow_above_c = {c} forbids what heat_without_flow allows");
        return Err(Problem::new(&["guard", "heat_without_flow"], message));
    }
    guard(&file.guard, manifest)?;
    flush("fill", &spec.fill, manifest)?;
    flush("blank", &spec.blank, manifest)?;
    spec.collect.as_ref().map_or(Ok(()), |spec| collect(spec, manifest))?;
    match &spec.on_fault {
        OnFault::Stop => Ok(()),
        OnFault::Flush(rinse) => after_fault(rinse, manifest),
    }
}

/// A rule about something that is not there would never act.
fn guard(limits: &Limits, manifest: &Manifest) -> Result<(), Problem> {
    ranges(&["guard"], limits)?;
    let is_probe = |kind: &SensorKind| matches!(kind, SensorKind::Probe(_));
    let probes = manifest.sensors.iter().filter(|sensor| is_probe(&sensor.kind));
    let known: Vec<&str> = probes.map(|sensor| sensor.name.as_str()).collect();
    for (name, rule) in &limits.sensors {
        let path = ["guard", "sensors", name.as_str()];
        if !known.contains(&name.as_str()) {
            return Err(unknown_name("sensor in the line", name.as_str(), &known, &path));
        }
        sensor_rule(rule, &path)?;
    }
    let known: Vec<&str> = manifest.pumps.iter().map(|p| p.name.as_str()).collect();
    for (i, rule) in limits.ratios.iter().enumerate() {
        let number = i.to_string();
        let path = ["guard", "ratios", number.as_str()];
        ranges(&path, rule)?;
        if rule.low > rule.high {
            let message = format!("low = {} is above high = {}", rule.low, rule.high);
            return Err(Problem::new(&[&path[..], &["low"]].concat(), message));
        }
        for (key, pumps) in [("of", &rule.of), ("to", &rule.to)] {
            if let Some(pump) = pumps.iter().find(|pump| !known.contains(&pump.as_str())) {
                let path = ["guard", "ratios", &i.to_string(), key];
                return Err(unknown_name("pump", pump.as_str(), &known, &path));
            }
        }
    }
    Ok(())
}

fn sensor_rule(rule: &SensorRule, path: &[&str]) -> Result<(), Problem> {
    ranges(path, rule)?;
    match (rule.low, rule.high) {
        (None, None) => Err(Problem::new(path, "it allows everything: give low, high or both")),
        (Some(low), Some(high)) if low >= high => {
            Err(Problem::new(path, format!("low = {low} is not below high = {high}")))
        }
        _ => Ok(()),
    }
}

/// A fraction collector stands in nobody's way, has a position for waste, and gets a liquid.
fn collect(spec: &CollectSpec, manifest: &Manifest) -> Result<(), Problem> {
    let at = |key| ["procedure", "collect", key];
    ranges(&["procedure", "collect"], spec)?;
    let Some(valve) = manifest.valve(&spec.valve) else {
        let known: Vec<&str> = manifest.valves.iter().map(|v| v.name.as_str()).collect();
        return Err(unknown_name("valve", spec.valve.as_str(), &known, &at("valve")));
    };
    if manifest.pumps.iter().any(|pump| valve.is_in_the_way_of(&pump.name)) {
        let message =
            "a pump's way leads through this valve: a fraction collector stands behind everything";
        return Err(Problem::new(&at("valve"), message));
    }
    if valve.number(&spec.waste).is_none() {
        let known: Vec<&str> = valve.positions.iter().map(|p| p.name.as_str()).collect();
        return Err(unknown_name("position", &spec.waste, &known, &at("waste")));
    }
    if manifest.pumps.iter().any(|pump| pump.gas.is_some()) {
        let message = "with a gas in the tube, what volume reaches a vial is not followed";
        return Err(Problem::new(&["procedure", "collect"], message));
    }
    Ok(())
}

fn after_fault(spec: &RinseSpec, manifest: &Manifest) -> Result<(), Problem> {
    let at = |key| ["procedure", "on_fault", "flush", key];
    let Some(pump) = manifest.pump(&spec.pump) else {
        let known: Vec<&str> = manifest.pumps.iter().map(|p| p.name.as_str()).collect();
        return Err(unknown_name("pump", spec.pump.as_str(), &known, &at("pump")));
    };
    let (low, high) = (pump.min_ul_per_min, pump.max_ul_per_min);
    within(&at("ul_per_min"), spec.ul_per_min, low, high, "µL/min")?;
    ranges(&["procedure", "on_fault", "flush"], spec)
}

fn flush(key: &str, spec: &FlushSpec, manifest: &Manifest) -> Result<(), Problem> {
    ranges(&["procedure", key], spec)?;
    for (i, rate) in spec.rates.iter().enumerate() {
        let at = i.to_string();
        let path = ["procedure", key, "rates", at.as_str(), "pump"];
        let Some(pump) = manifest.pump(&rate.pump) else {
            let known: Vec<&str> = manifest.pumps.iter().map(|p| p.name.as_str()).collect();
            return Err(unknown_name("pump", rate.pump.as_str(), &known, &path));
        };
        let path = [&path[..4], &["ul_per_min"]].concat();
        if rate.ul_per_min.total_cmp(&0.0).is_eq() {
            continue;
        }
        within(&path, rate.ul_per_min, pump.min_ul_per_min, pump.max_ul_per_min, "µL/min")?;
    }
    Ok(())
}

/// Whether the people who refill syringes are there at times that there are, and there is something to refill.
pub(super) fn refill(file: &ScenarioFile) -> Result<(), Problem> {
    let Some(spec) = &file.refill else { return Ok(()) };
    if file.table.is_some() {
        let message = "a scenario of a table of outcomes has no syringes to refill";
        return Err(Problem::new(&["refill"], message));
    }
    Refill::new(spec).map(drop).map_err(|(key, message)| Problem::new(&["refill", key], message))
}

pub(super) fn analysis(file: &ScenarioFile, manifest: &Manifest) -> Result<Analysis, Problem> {
    Analysis::new(file.analysis.clone(), manifest)
        .map_err(|error| Problem::new(&["analysis"], error.to_string()))
}

/// Whether every feature that a formula computes can be computed.
pub(super) fn formulas(
    analysis: &Analysis,
    space: &Space,
    manifest: &Manifest,
) -> Result<(), Problem> {
    // An option is not a number that a formula could use.
    let numbers = space.inputs().iter().filter(|input| input.options().is_none());
    let inputs: Vec<String> = numbers.map(|input| input.name.clone()).collect();
    analysis.check_formulas(&inputs, manifest).map_err(|(place, error)| {
        let path = ["analysis", "features", &place.to_string(), "formula"];
        Problem::new(&path, format!("the formula cannot be computed: {error}"))
    })
}

/// What a comparison calls times and volumes, which have tolerances as features have.
const TIMES: [&str; 3] = ["lab time", "reaction time", "liquids"];

pub(super) fn snapshot(file: &ScenarioFile) -> Result<(), Problem> {
    if let Some((key, message)) = file.snapshot.wrong() {
        return Err(Problem::new(&["snapshot", key], message));
    }
    // A table and a lab outside name their features themselves.
    let features: Vec<&str> = file.analysis.features.iter().map(|f| f.name.as_str()).collect();
    let known =
        |name: &str| features.is_empty() || features.contains(&name) || TIMES.contains(&name);
    match file.snapshot.features_percent.keys().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => {
            let path = ["snapshot", "features_percent", name];
            Err(unknown_name("feature", name, &features, &path))
        }
    }
}

pub(super) fn phases(file: &ScenarioFile, space: &Space) -> Result<Vec<Phase>, Problem> {
    if file.phases.is_empty() && file.study.is_empty() {
        return Err(Problem::new(&["phases"], "a campaign needs at least one phase"));
    }
    (0..file.phases.len()).map(|i| phase(file, i, space)).collect()
}

fn phase(file: &ScenarioFile, index: usize, space: &Space) -> Result<Phase, Problem> {
    let spec: &PhaseSpec = &file.phases[index];
    let number = index.to_string();
    let at = |key: &'static str| vec!["phases".to_owned(), number.clone(), key.to_owned()];
    let problem = |key, message| Err(Problem { path: at(key), message, hint: None });
    if spec.experiments == 0 {
        let message = format!("the phase {} is empty: it needs at least 1 experiment", spec.name);
        return problem("experiments", message);
    }
    let earlier = &file.phases[..index];
    if spec.name.is_empty() || earlier.iter().any(|other| other.name == spec.name) {
        return problem(
            "name",
            format!("another phase is named \"{}\" too, or it has no name", spec.name),
        );
    }
    let from = match &spec.from {
        None => None,
        Some(name) => match earlier.iter().position(|other| other.name == *name) {
            Some(i) => Some(i),
            None => {
                let known: Vec<&str> = earlier.iter().map(|p| p.name.as_str()).collect();
                return Err(unknown_name(
                    "earlier phase",
                    name,
                    &known,
                    &["phases", &number, "from"],
                ));
            }
        },
    };
    if let PolicySpec::List { conditions } = &spec.policy {
        list(conditions, spec, space).map_err(|(keys, message)| {
            let mut path = at("policy");
            path.extend(["list", "conditions"].map(str::to_owned));
            path.extend(keys);
            Problem { path, message, hint: None }
        })?;
    }
    prices(&spec.policy, &number)?;
    if let PolicySpec::Ucb { lambda } = spec.policy {
        let path = ["phases", &number, "policy", "ucb", "lambda"];
        within(&path, lambda, 0.0, 1e6, "")?;
    }
    Ok(Phase {
        name: spec.name.clone(),
        policy: spec.policy.build_for(file.twin.surrogate, &file.wanted().goals).into(),
        experiments: spec.experiments as usize,
        from,
        stop: rules(file, &spec.stop, &number)?,
    })
}

/// Whether what time and reagents cost can be a price.
fn prices(policy: &PolicySpec, phase: &str) -> Result<(), Problem> {
    let PolicySpec::Calibrate { per_hour, per_ml } = policy else { return Ok(()) };
    for (key, price) in [("per_hour", *per_hour), ("per_ml", *per_ml)] {
        if !(0.0..=HIGHEST_PRICE).contains(&price) {
            let path = ["phases", phase, "policy", "calibrate", key];
            let message = format!(
                "{key} = {price} is not a price: it must lie between 0 and {HIGHEST_PRICE}"
            );
            return Err(Problem::new(&path, message));
        }
    }
    Ok(())
}

/// Whether a list has conditions for all experiments of its phase, and all of them lie in the space. A problem comes
/// with the keys below the list.
fn list(
    conditions: &[Conditions],
    spec: &PhaseSpec,
    space: &Space,
) -> Result<(), (Vec<String>, String)> {
    let (listed, wanted) = (conditions.len(), spec.experiments as usize);
    if listed < wanted {
        let message = format!("{listed} conditions are listed for {wanted} experiments");
        return Err((Vec::new(), message));
    }
    for (i, point) in conditions.iter().enumerate() {
        let keys = |name: &str| vec![i.to_string(), name.to_owned()];
        let inputs = space.inputs();
        if let Some(name) = point.names().iter().find(|n| !inputs.iter().any(|i| i.name == **n)) {
            return Err((keys(name), format!("there is no input `{name}`")));
        }
        for input in inputs {
            let Some(value) = space.value(input, point) else {
                return Err((vec![i.to_string()], format!("there is no value for {}", input.name)));
            };
            let (low, high) = (input.low, input.high);
            if !(low..=high).contains(&value) {
                let name = &input.name;
                return Err((keys(name), format!("{name} = {value} is outside {low} to {high}")));
            }
        }
        let ordered = inputs.iter().filter_map(|input| space.value(input, point)).collect();
        let ordered = space.conditions(ordered);
        if let Some((input, least)) = space.too_slow(&ordered) {
            let name = &input.name;
            return Err((
                keys(name),
                format!("{name} must be 0, which is off, or at least {least}"),
            ));
        }
        if let Some(broken) = space.broken(&ordered).next() {
            return Err((
                vec![i.to_string()],
                format!("the constraint {} is not met", broken.name),
            ));
        }
    }
    Ok(())
}

/// The rules of a phase; its target is a value of the objective, and outcomes are maximised.
fn rules(file: &ScenarioFile, spec: &StopRules, number: &str) -> Result<StopRules, Problem> {
    for (key, value) in [("lab_time_s", spec.lab_time_s), ("reagent_ml", spec.reagent_ml)] {
        if let Some(value) = value.filter(|value| *value <= 0.0) {
            let message = format!("{key} = {value} stops before it begins");
            let path = ["phases", number, "stop", key];
            return Err(Problem::new(&path, message).hint(Some("give more than 0".into())));
        }
    }
    let goal = file.all_objectives().next().map(|objective| objective.goal).unwrap_or_default();
    Ok(StopRules { target: spec.target.map(|target| goal.score(target)), ..*spec })
}

pub(super) fn known_feature(file: &ScenarioFile, name: &str, path: &[&str]) -> Result<(), Problem> {
    let known: Vec<&str> = file.analysis.features.iter().map(|f| f.name.as_str()).collect();
    if known.contains(&name) { Ok(()) } else { Err(unknown_name("feature", name, &known, path)) }
}

fn unknown_name(what: &str, name: &str, known: &[&str], path: &[&str]) -> Problem {
    let only =
        if known.is_empty() { String::new() } else { format!(", only {}", known.join(", ")) };
    let message = format!("there is no {what} `{name}`{only}");
    let hint = unknown::nearest(name, known).map(|(meant, _)| format!("did you mean `{meant}`?"));
    Problem::new(path, message).hint(hint)
}

fn within(path: &[&str], value: f64, low: f64, high: f64, unit: &str) -> Result<(), Problem> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let key = path.last().expect("a path names a key");
    let space = if unit.is_empty() { "" } else { " " };
    let message = format!("{key} = {value} is outside {low} to {high}{space}{unit}");
    Err(Problem::new(path, message))
}
