//! Conditions that a study chooses by itself.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::procedure::RampSpec;
use flowtwin_lab::{Conditions, InputKind, PumpId, Streams};
use flowtwin_twin::region::Region;

use crate::data::drawn;

/// Draws among which conditions within the constraints are looked for.
const DRAWS: u64 = 400;
/// Conditions of which that nearest to the middle is taken for it.
const NEAR: usize = 100;
/// Shares of the ranges of inputs between which they are ramped, the widest first.
const WIDTHS: [(f64, f64); 4] = [(0.15, 0.85), (0.25, 0.75), (0.35, 0.65), (0.45, 0.55)];
/// A ramp takes so many of the longer residence times of its ends, and at least so long \[s\].
const RESIDENCE_TIMES: f64 = 8.0;
const LEAST_S: f64 = 300.0;
/// Conditions among which a study chooses.
const TRIED: usize = 160;
/// Where slow and fast flows lie among them, in order of flow.
const FLOW_LEVELS: [f64; 5] = [0.1, 0.3, 0.5, 0.75, 1.0];
/// Flows are equal that differ by less than this part …
const EQUAL: f64 = 0.05;
/// … and look different where a feature changes by more than this part of its range.
const LEAST_CONTRAST: f64 = 0.15;
/// Residence times after which the beginning of a ramp is taken to be steady.
pub(super) const SETTLED: f64 = 1.2;
/// Steps and readings of a ramp.
const STEPS: f64 = 200.0;
const READINGS: f64 = 40.0;

/// The middle of the space, or conditions near it that keep its constraints.
pub(super) fn middle(scenario: &Scenario) -> Conditions {
    let space = scenario.space();
    let centre = space.from_unit(&vec![0.5; space.dim()]);
    if space.contains(&centre) {
        return centre;
    }
    let away = |conditions: &Conditions| -> f64 {
        space.to_unit(conditions).iter().map(|u| (u - 0.5) * (u - 0.5)).sum()
    };
    let nearest =
        |all: &mut dyn Iterator<Item = Conditions>| all.min_by(|a, b| away(a).total_cmp(&away(b)));
    nearest(&mut uniform(scenario, "middle"))
        .or_else(|| nearest(&mut settable(scenario, "middle").take(NEAR)))
        .unwrap_or(centre)
}

/// Ends of a ramp: all inputs that may be ramped together, or the first alone that the constraints let; none where none may.
pub(super) fn of_ramp(scenario: &Scenario) -> Option<(Conditions, Conditions)> {
    let inputs = ramped(scenario);
    let alone = inputs.iter().map(|&input| vec![input]);
    let groups: Vec<Vec<usize>> = [inputs.clone()].into_iter().chain(alone).collect();
    let middle = scenario.space().to_unit(&middle(scenario));
    let widths = || WIDTHS.into_iter();
    groups.iter().filter(|group| !group.is_empty()).find_map(|group| {
        widths().find_map(|(low, high)| {
            let at = |share: f64| {
                let mut unit = middle.clone();
                group.iter().for_each(|&input| unit[input] = share);
                scenario.space().from_unit(&unit)
            };
            let way = [low, 0.5 * (low + high), high].map(at);
            let [from, _, to] = way.clone();
            way.iter().all(|c| scenario.space().contains(c)).then_some((from, to))
        })
    })
}

/// Uniform draws over the space that its constraints let.
fn uniform<'a>(scenario: &'a Scenario, purpose: &'a str) -> impl Iterator<Item = Conditions> + 'a {
    (0..DRAWS).filter_map(move |number| drawn(scenario, purpose, number))
}

/// Conditions over the space, within its constraints: uniform draws, and where these are few, points of the region that the
/// constraints leave.
fn settable<'a>(scenario: &'a Scenario, purpose: &'a str) -> impl Iterator<Item = Conditions> + 'a {
    let within = move || {
        let space = scenario.space();
        let mut draws = Streams::new(0).open(purpose, DRAWS);
        let region = Region::new(space).ok();
        let at = move |_| region.as_ref().map(|region| space.from_unit(&region.sample(&mut draws)));
        (0..DRAWS).filter_map(at).filter(|conditions| space.contains(conditions))
    };
    // The region is looked for only where it is needed.
    uniform(scenario, purpose).chain(std::iter::once_with(within).flatten())
}

/// Conditions over the space, within its constraints; at one temperature, if that is wanted.
pub(super) fn spread(
    scenario: &Scenario,
    purpose: &str,
    count: usize,
    at_one_temperature: bool,
) -> Vec<Conditions> {
    let space = scenario.space();
    let fixed = |mut unit: Vec<f64>| {
        if at_one_temperature {
            let ramped = ramped(scenario);
            (0..unit.len())
                .filter(|input| !ramped.contains(input))
                .for_each(|input| unit[input] = 0.5);
        }
        space.from_unit(&unit)
    };
    let all = settable(scenario, purpose).map(|conditions| fixed(space.to_unit(&conditions)));
    all.filter(|conditions| space.contains(conditions)).take(count).collect()
}

/// Whether something becomes of the liquids, so that a spectrum is not of their mixture alone.
pub(super) fn reacts(scenario: &Scenario) -> bool {
    let chemistry = &scenario.file().chemistry;
    chemistry.product.is_some() || chemistry.particles.is_some() || !chemistry.reactions.is_empty()
}

/// The fastest that experiments run a pump [µL/min].
pub(super) fn fastest(scenario: &Scenario, pump: &PumpId) -> f64 {
    let recipe = scenario.procedure().recipe();
    let all = spread(scenario, "flow", TRIED, false);
    all.iter().map(|at| recipe.settings(at).flow(pump).ul_per_min()).fold(0.0, f64::max)
}

/// Pairs of conditions of nearly equal flow that look most different, at slow and fast flows, in one direction and the other by
/// turns.
pub(super) fn steps(scenario: &Scenario) -> Vec<(Conditions, Conditions)> {
    let Ok(simulated) = scenario.simulated() else { return Vec::new() };
    let (mut expected, recipe) = (simulated.expected(), scenario.procedure().recipe());
    let seen = |at: Conditions| {
        let outcome = expected.outcome(&at);
        let flow: f64 = recipe.settings(&at).pumps.iter().map(|(_, rate)| rate.ul_per_min()).sum();
        Seen { flow, features: outcome.features.iter().map(|(_, value)| *value).collect(), at }
    };
    let mut all: Vec<Seen> =
        spread(scenario, "tracer", TRIED, true).into_iter().map(seen).collect();
    all.sort_by(|a, b| a.flow.total_cmp(&b.flow));
    let spans = spans(&all);
    let window = |place: f64| {
        let width = all.len() / 5;
        let begin = (place * (all.len() - width) as f64) as usize;
        pair(&all[begin..begin + width], &spans)
    };
    let pairs = FLOW_LEVELS.into_iter().filter_map(window);
    pairs.enumerate().map(|(i, (a, b))| if i % 2 == 0 { (a, b) } else { (b, a) }).collect()
}

struct Seen {
    at: Conditions,
    /// Of all pumps [µL/min].
    flow: f64,
    features: Vec<f64>,
}

/// How far each feature ranges.
fn spans(all: &[Seen]) -> Vec<f64> {
    let count = all.first().map_or(0, |seen| seen.features.len());
    let span = |feature: usize| {
        let values =
            || all.iter().map(move |seen| seen.features[feature]).filter(|v| v.is_finite());
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    (0..count).map(span).collect()
}

/// The two that differ most in a feature, in parts of its range, among those of nearly equal flow.
fn pair(among: &[Seen], spans: &[f64]) -> Option<(Conditions, Conditions)> {
    let differ = |a: &Seen, b: &Seen| {
        let each = a.features.iter().zip(&b.features).zip(spans);
        let part = each.map(|((a, b), span)| (a - b).abs() / span);
        part.filter(|part| part.is_finite()).fold(0.0, f64::max)
    };
    let pairs =
        among.iter().enumerate().flat_map(|(i, a)| among[i + 1..].iter().map(move |b| (a, b)));
    let equal = pairs.filter(|(a, b)| (a.flow - b.flow).abs() < EQUAL * a.flow);
    let best = equal.map(|(a, b)| (differ(a, b), a, b)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > LEAST_CONTRAST).then(|| (best.1.at.clone(), best.2.at.clone()))
}

/// How long one reading of all channels takes \[s\].
pub(super) fn reading_s(scenario: &Scenario) -> f64 {
    let channels = scenario.analysis().channels().iter().map(|channel| channel.exposure);
    let longest_us = channels.map(|it| f64::from(it.frames) * f64::from(it.integration_us));
    scenario.procedure().spec().light_settle_s + 1e-6 * longest_us.fold(0.0, f64::max)
}

/// Inputs that change flows and no temperature, and are no choice.
pub(super) fn ramped(scenario: &Scenario) -> Vec<usize> {
    let (space, recipe) = (scenario.space(), scenario.procedure().recipe());
    let settings = |input: usize, share: f64| {
        let mut unit = vec![0.5; space.dim()];
        unit[input] = share;
        recipe.settings(&space.from_unit(&unit))
    };
    let may = |&input: &usize| {
        let kind = &space.inputs()[input].kind;
        let smooth = !matches!(kind, InputKind::Levels(_) | InputKind::Choice(_));
        let (low, high) = (settings(input, 0.0), settings(input, 1.0));
        smooth && low.heaters == high.heaters && low.pumps != high.pumps
    };
    (0..space.dim()).filter(may).collect()
}

/// The times of a ramp.
pub(super) fn times(
    scenario: &Scenario,
    (from, to): (&Conditions, &Conditions),
    minutes: Option<f64>,
) -> RampSpec {
    let recipe = scenario.procedure().recipe();
    let residence_s = |at| scenario.manifest().path.residence_time_s(&recipe.settings(at));
    let longest_s = residence_s(from).max(residence_s(to));
    let usual_s = (RESIDENCE_TIMES * longest_s).clamp(LEAST_S, 86_400.0);
    let duration_s =
        flowtwin_lab::math::round_decimals(minutes.map_or(usual_s, |min| 60.0 * min), 0);
    RampSpec { duration_s, step_s: duration_s / STEPS, every_s: duration_s / READINGS }
}
