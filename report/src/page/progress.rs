//! How the campaign went: every experiment, and the best so far of each policy.

use super::experiment::{dot_of, objective_axis};
use super::html::{HALF, WIDE, figure, pair, section};
use super::{legend, style};
use crate::format::{counted, significant};
use crate::plot::{Axis, Chart, Colour, Dash, Dot, Ends, Line, Points, Rule, Shape, Style};
use crate::run::{Experiment, Run};

/// The figures of a campaign's progress.
pub(super) fn sections(run: &Run<'_>) -> String {
    // Without a value there is nothing to plot: the headline says so. Of several objectives none has a best so far.
    if run.has_several() || run.experiments().iter().all(|e| e.value.is_none()) {
        return String::new();
    }
    let mut body = every_experiment(run);
    let policies = policies(run);
    let temperature = super::inputs::against_temperature(run);
    let figures: Vec<String> = policies.into_iter().chain(temperature).collect();
    body.push_str(&pair(&figures));
    section("progress", "What the campaign found", &body)
}

fn every_experiment(run: &Run<'_>) -> String {
    let last = run.experiments().last().map_or(1, |e| e.record.experiment) as f64;
    let x = Axis::between("experiment", 0.0, last + 1.0).ticked(10).whole().plain();
    let mut chart = Chart::new(
        x,
        objective_axis(run),
        format!("{} of every experiment, coloured by phase", run.objective().name),
        run.header().simulated,
    )
    .sized(WIDE, 300.0);
    for phase in 0..run.phases().len() {
        chart.add(best_so_far(run, phase));
    }
    for phase in 0..run.phases().len() {
        let dot =
            |e: &Experiment<'_>| e.value.map(|value| dot_of(e, e.record.experiment as f64, value));
        chart.add(Points::new(run.of_phase(phase).iter().filter_map(dot), style(phase)));
    }
    chart.add(failures(run));
    let note = match run.failed() {
        0 => "Lines: the best so far, including what the phase started from.".to_owned(),
        n => format!(
            "Lines: the best so far, including what the phase started from. Crosses at the foot: {} that failed.",
            counted(n, "experiment")
        ),
    };
    let title = format!("{} of every experiment", run.objective().name);
    figure(&title, &note, &legend(run), &chart.responsive())
}

/// The best so far over a phase, what it started from included.
fn best_so_far(run: &Run<'_>, phase: usize) -> Line {
    let history = run.history_of(phase);
    let mut best = run.best_of(history.iter().copied()).and_then(|e| e.value);
    let mut points = Vec::new();
    for e in run.of_phase(phase) {
        best = better(run, best, run.solution(e));
        let at = e.record.experiment as f64;
        points.extend(best.map(|best| (at, best)));
    }
    Line::new(points, style(phase).colour).in_steps()
}

fn better(run: &Run<'_>, a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) if run.better(b, a) => Some(b),
        (Some(a), _) => Some(a),
        (None, b) => b,
    }
}

/// Crosses at the foot of the chart.
fn failures(run: &Run<'_>) -> Points {
    let low = objective_axis(run).low;
    let failed = run.experiments().iter().filter(|e| e.record.fault.is_some());
    let dots = failed.map(|e| {
        let why = e.record.fault.as_ref().map(|f| f.kind.to_string()).unwrap_or_default();
        let tip = format!("experiment {} failed\n{why}", e.record.experiment);
        Dot::new(e.record.experiment as f64, low, tip)
    });
    Points::new(dots, Style { colour: Colour::ALERT, shape: Shape::Cross })
}

/// The best so far of every phase that continues another and that no other continues.
fn policies(run: &Run<'_>) -> Option<String> {
    let starts = |&i: &usize| run.phases()[i].from.is_some() && !run.of_phase(i).is_empty();
    let phases: Vec<usize> = run.leaves().into_iter().filter(starts).collect();
    let longest = phases.iter().map(|&i| run.of_phase(i).len()).max()?;
    let x = Axis::between("experiment of the phase", 0.0, longest as f64 + 0.5).whole().plain();
    let (bests, values) = (bests(run, &phases), phases.iter().flat_map(|&i| run.of_phase(i)));
    let values = values.filter_map(|e| e.value).chain(bests.iter().map(|(value, _)| *value));
    let mut chart = Chart::new(
        x,
        Axis::covering(format!("best so far, {}", run.objective().label()), values),
        "best so far of each policy",
        run.header().simulated,
    )
    .sized(HALF, 340.0);
    let mut ends = Ends::default();
    for (value, label) in bests {
        chart.add(Rule::level(value, ""));
        ends.push(value, label, Colour::SOFT);
    }
    for &phase in &phases {
        add_policy(run, phase, &mut chart, &mut ends);
    }
    chart.add(ends);
    let note = "Each policy's own experiments. Hollow: single results. Dashed: the best they started from.";
    Some(figure("Best so far of each policy", note, &legend_of(run, &phases), &chart.responsive()))
}

/// The best values that the phases start from, each once.
fn bests(run: &Run<'_>, phases: &[usize]) -> Vec<(f64, String)> {
    let mut parents: Vec<usize> = phases.iter().filter_map(|&i| run.phases()[i].from).collect();
    parents.sort_unstable();
    parents.dedup();
    let best = |&parent: &usize| {
        let child = phases.iter().find(|&&i| run.phases()[i].from == Some(parent))?;
        let history = run.history_of(*child);
        let value = run.best_of(history.iter().copied())?.value?;
        let label = format!("first {}: {}", history.len(), significant(value, 4));
        Some((value, label))
    };
    parents.iter().filter_map(best).collect()
}

fn add_policy(run: &Run<'_>, phase: usize, chart: &mut Chart, ends: &mut Ends) {
    let look = style(phase);
    let single = |e: &Experiment<'_>| e.value.map(|value| dot_of(e, e.iteration as f64, value));
    let singles = run.of_phase(phase).iter().filter_map(single);
    let mut best = None;
    let mut steps = Vec::new();
    for e in run.of_phase(phase) {
        best = better(run, best, run.solution(e));
        steps.extend(best.map(|best| (e.iteration as f64, best)));
    }
    chart.add(Points::new(singles, look).sized(2.8).hollow());
    chart.add(Line::new(steps, look.colour).in_steps().wide(2.0).dashed(Dash::Solid));
    if let Some(best) = best {
        let name = &run.phases()[phase].record.name;
        ends.push(best, format!("{name} {}", significant(best, 4)), look.colour);
    }
}

fn legend_of(run: &Run<'_>, phases: &[usize]) -> super::Legend {
    let mut legend = super::Legend::default();
    phases.iter().for_each(|&i| legend.push_hollow(style(i), &run.phases()[i].record.name));
    legend
}
