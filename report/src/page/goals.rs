//! The results of a campaign with several objectives, a target, or limits.

use flowtwin_lab::{Goal, Limit};

use super::experiment::dot_of;
use super::html::{HALF, Legend, Page, figure, pair, section};
use super::{legend, style};
use crate::asked::limit_in_words;
use crate::format::{plain, significant};
use crate::front::{self, Front};
use crate::plot::{Axis, Band, Chart, Colour, Ends, Line, Points, Rule};
use crate::run::{Experiment, Run};

/// The figures of the outcomes that objectives and limits are about; nothing where one thing is maximised or minimised.
pub(super) fn sections(run: &Run<'_>) -> String {
    if run.wanted().goals.is_plain() || run.experiments().is_empty() {
        return String::new();
    }
    let mut text = String::new();
    if let Some(front) = Front::of(run) {
        text.push_str(&compromises(run, &front));
    }
    let outcomes = (0..run.wanted().outcomes.len()).map(|place| over_run(run, place));
    let figures: Vec<String> = outcomes.chain(distances(run)).collect();
    text + &section("outcomes", "What was measured", &pair(&figures))
}

/// The best compromises of a run as a page of their own, with its figures of them; none where one thing is wanted.
pub fn front_html(run: &Run<'_>) -> Option<String> {
    let front = Front::of(run)?;
    let mut page = Page::new("The best compromises", run.header().simulated);
    page.kicker(&format!("{} · seed {}", run.header().scenario, run.header().seed));
    page.push(&compromises(run, &front));
    Some(page.finish())
}

/// How the front grew, what it looks like, and where it is.
fn compromises(run: &Run<'_>, front: &Front) -> String {
    let objectives = front::objectives(run);
    let mut plots = vec![growth(run)];
    for b in 1..objectives.len() {
        plots.extend((0..b).map(|a| trade_off(run, front, (a, b))));
    }
    let note = "By measured values; experiments that failed or broke a limit are left out.";
    let table = figure("The best compromises", note, &Legend::default(), &front.table(run).html());
    section("front", "The best compromises", &(pair(&plots) + &table))
}

/// The hypervolume over the experiments of each phase, what it started from included.
fn growth(run: &Run<'_>) -> String {
    let last = run.experiments().last().map_or(1, |e| e.record.experiment) as f64;
    let paths: Vec<Vec<f64>> = (0..run.phases().len()).map(|i| front::growth(run, i)).collect();
    let x = Axis::between("experiment", 0.0, last + 1.0).ticked(6).whole().plain();
    let y = Axis::from_zero("hypervolume", paths.iter().flatten().copied());
    let says = "hypervolume of the best compromises over the experiments";
    let mut chart = Chart::new(x, y, says, run.header().simulated).sized(HALF, 340.0);
    let mut ends = Ends::default();
    for (phase, path) in paths.iter().enumerate() {
        let numbers = run.of_phase(phase).iter().map(|e| e.record.experiment as f64);
        chart.add(Line::new(numbers.zip(path.iter().copied()), style(phase).colour).in_steps());
        if let Some(end) = path.last() {
            let name = &run.phases()[phase].record.name;
            ends.push(*end, format!("{name} {}", significant(*end, 4)), style(phase).colour);
        }
    }
    chart.add(ends);
    let worst = Front::of(run).map(|front| front.worst(run)).unwrap_or_default();
    let names = front::objectives(run);
    let from: Vec<String> =
        names.iter().zip(worst).map(|(q, w)| format!("{} {}", q.name, significant(w, 4))).collect();
    let note = format!(
        "What the best compromises so far cover, including what the phase started from; counted from {}.",
        from.join(", ")
    );
    figure("Hypervolume", &note, &legend(run), &chart.responsive())
}

/// One objective against another, with the best compromises between them; what a limit forbids is shaded.
fn trade_off(run: &Run<'_>, front: &Front, (a, b): (usize, usize)) -> String {
    let goals = &run.wanted().goals;
    let places = (goals.objectives[a].outcome, goals.objectives[b].outcome);
    let (qa, qb) = (run.outcome(places.0), run.outcome(places.1));
    let title = format!("{} against {}", qb.name, qa.name);
    let mut chart =
        Chart::new(axis(run, places.0), axis(run, places.1), title.clone(), run.header().simulated)
            .sized(HALF, 340.0);
    let (across, up) = (axis(run, places.0), axis(run, places.1));
    shade_upright(run, places.0, &across, &up, &mut chart);
    shade(run, places.1, (across.low, across.high), &mut chart);
    for phase in 0..run.phases().len() {
        let dot = |e: &Experiment<'_>| Some(dot_of(e, e.values[places.0]?, e.values[places.1]?));
        let dots = run.of_phase(phase).iter().filter_map(dot);
        chart.add(Points::new(dots, style(phase)).sized(2.6).hollow());
    }
    let at = |&member: &usize| {
        let values = &run.experiments()[member].values;
        Some((values[places.0]?, values[places.1]?))
    };
    let mut best: Vec<(f64, f64)> = front.members.iter().filter_map(at).collect();
    best.sort_by(|p, q| p.0.total_cmp(&q.0));
    chart.add(Line::new(best, Colour::INK).wide(1.2));
    for phase in 0..run.phases().len() {
        let of_phase = |member: &&usize| run.experiments()[**member].phase == phase;
        let dot = |&member: &usize| {
            let e = &run.experiments()[member];
            Some(dot_of(e, e.values[places.0]?, e.values[places.1]?))
        };
        let dots = front.members.iter().filter(of_phase).filter_map(dot);
        chart.add(Points::new(dots, style(phase)).sized(4.2));
    }
    let note =
        "Filled, with a line through them: the best compromises. Shaded: what a limit forbids.";
    figure(&title, note, &legend(run), &chart.responsive())
}

/// An outcome of every experiment; what a limit forbids is shaded.
fn over_run(run: &Run<'_>, place: usize) -> String {
    let last = run.experiments().last().map_or(1, |e| e.record.experiment) as f64;
    let quantity = run.outcome(place);
    let x = Axis::between("experiment", 0.0, last + 1.0).ticked(6).whole().plain();
    let says = format!("{} of every experiment", quantity.name);
    let mut chart =
        Chart::new(x, axis(run, place), says.clone(), run.header().simulated).sized(HALF, 300.0);
    shade(run, place, (0.0, last + 1.0), &mut chart);
    for objective in run.wanted().goals.objectives.iter().filter(|o| o.outcome == place) {
        if let Goal::Target { target, within } = objective.goal {
            let near = [
                (0.0, target - within, target + within),
                (last + 1.0, target - within, target + within),
            ];
            chart.add(Band::new(near, Colour::GRID).opaque(0.8));
            chart.add(Rule::level(target, format!("target {}", plain(target))));
        }
    }
    for phase in 0..run.phases().len() {
        let dot =
            |e: &Experiment<'_>| Some(dot_of(e, e.record.experiment as f64, e.values[place]?));
        chart.add(Points::new(run.of_phase(phase).iter().filter_map(dot), style(phase)));
    }
    figure(&says, &rules_in_words(run, place), &legend(run), &chart.responsive())
}

/// What limits say of an outcome.
fn rules_in_words(run: &Run<'_>, place: usize) -> String {
    let limits = run.wanted().goals.limits.iter().filter(|limit| limit.outcome == place);
    let words: Vec<String> =
        limits.map(|limit| limit_in_words(limit, &run.outcome(place).unit)).collect();
    if words.is_empty() { String::new() } else { format!("Shaded: not {}.", words.join(" and ")) }
}

/// How far off each target every experiment was, and the nearest so far of those that keep the limits.
fn distances(run: &Run<'_>) -> Vec<String> {
    let goals = &run.wanted().goals;
    let target = |o: &flowtwin_lab::Objective| match o.goal {
        Goal::Target { target, within } => Some(distance(run, o.outcome, target, within)),
        _ => None,
    };
    goals.objectives.iter().filter_map(target).collect()
}

fn distance(run: &Run<'_>, place: usize, target: f64, within: f64) -> String {
    let last = run.experiments().last().map_or(1, |e| e.record.experiment) as f64;
    let quantity = run.outcome(place);
    let off = |e: &Experiment<'_>| e.values[place].map(|value| (value - target).abs());
    let x = Axis::between("experiment", 0.0, last + 1.0).ticked(6).whole().plain();
    let label = crate::quantity::Quantity { name: "distance".into(), ..quantity.clone() }.label();
    let y = Axis::from_zero(label, run.experiments().iter().filter_map(off).chain([within]));
    let title = format!("Distance of {} from its target", quantity.name);
    let mut chart = Chart::new(x, y, title.clone(), run.header().simulated).sized(HALF, 300.0);
    chart.add(Rule::level(within, format!("within {}", plain(within))));
    for phase in 0..run.phases().len() {
        let kept = |e: &&&Experiment<'_>| run.wanted().goals.allow(&e.values);
        let before = run.history_of(phase);
        let before = before.iter().filter(|e| kept(e)).filter_map(|e| off(e));
        let mut nearest = before.fold(f64::INFINITY, f64::min);
        let step = |e: &Experiment<'_>| {
            if let Some(off) = off(e).filter(|_| run.wanted().goals.allow(&e.values)) {
                nearest = nearest.min(off);
            }
            (e.record.experiment as f64, nearest)
        };
        let path: Vec<(f64, f64)> = run.of_phase(phase).iter().map(step).collect();
        chart.add(Line::new(path, style(phase).colour).in_steps());
        let dot = |e: &Experiment<'_>| Some(dot_of(e, e.record.experiment as f64, off(e)?));
        chart.add(Points::new(run.of_phase(phase).iter().filter_map(dot), style(phase)).sized(2.6));
    }
    let note =
        "Lines: the nearest so far that keeps all limits, including what the phase started from.";
    figure(&title, note, &legend(run), &chart.responsive())
}

/// The axis of an outcome, with the limits and targets that are about it.
pub(super) fn axis(run: &Run<'_>, place: usize) -> Axis {
    let goals = &run.wanted().goals;
    let limits = goals.limits.iter().filter(|limit| limit.outcome == place);
    let bounds = limits.flat_map(|limit| [limit.at_least, limit.at_most]).flatten();
    let targets = goals.objectives.iter().filter(|o| o.outcome == place);
    let targets = targets.filter_map(|o| match o.goal {
        Goal::Target { target, .. } => Some(target),
        _ => None,
    });
    let values = run.experiments().iter().filter_map(|e| e.values[place]);
    Axis::covering(run.outcome(place).label(), values.chain(bounds).chain(targets))
}

/// Shades what limits forbid along the vertical axis, between two places of the horizontal one.
pub(super) fn shade(run: &Run<'_>, place: usize, (from, to): (f64, f64), chart: &mut Chart) {
    let axis = axis(run, place);
    for (low, high) in forbidden(run, place, &axis) {
        chart.add(Band::new([(from, low, high), (to, low, high)], Colour::ALERT).opaque(0.1));
    }
}

/// Shades what limits forbid along the horizontal axis.
fn shade_upright(run: &Run<'_>, place: usize, across: &Axis, up: &Axis, chart: &mut Chart) {
    for (low, high) in forbidden(run, place, across) {
        let band = [(low, up.low, up.high), (high, up.low, up.high)];
        chart.add(Band::new(band, Colour::ALERT).opaque(0.1));
    }
}

/// The stretches of an axis that limits forbid.
fn forbidden(run: &Run<'_>, place: usize, axis: &Axis) -> Vec<(f64, f64)> {
    let limits = run.wanted().goals.limits.iter().filter(|limit| limit.outcome == place);
    let below = |limit: &Limit| limit.at_least.map(|low| (axis.low, low));
    let above = |limit: &Limit| limit.at_most.map(|high| (high, axis.high));
    limits.flat_map(|limit| [below(limit), above(limit)]).flatten().collect()
}
