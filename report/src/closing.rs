//! The closing table of a run: one row for each phase, in a terminal and on a page.

use flowtwin_lab::{Goal, Word};
use flowtwin_statistics::outliers;

use super::format::{NONE, count, counted, duration, plain, said, share, significant, with_unit};
use super::front::{self, Front};
use super::next;
use super::noise::Noise;
use super::quantity::Quantity;
use super::run::{Experiment, Run, consumed_ml, failed, span_s};
use super::standing::unfinished;
use super::table::Table;

/// Priming and the phases of a run, with what each found and what it took; `all` is what the headline says.
pub fn phases(run: &Run<'_>) -> Table {
    let best = match run.has_several() {
        true => "hypervolume".to_owned(),
        false => format!("best {}", run.objective().label()),
    };
    let place = if run.has_several() { ON_FRONT } else { "in experiment" };
    let mut table = Table::new()
        .words("phase")
        .words("policy")
        .words("starts from")
        .numbers("experiments")
        .numbers("failed")
        .numbers(&best)
        .numbers(place)
        .numbers("lab time")
        .numbers("liquids [mL]");
    let primed: f64 = run.primed_ml().iter().map(|(_, ml)| ml).sum();
    let is_primed = run.priming_s() > 0.0;
    if is_primed {
        table.row(priming(run.priming_s(), primed));
    }
    for (index, phase) in run.phases().iter().enumerate() {
        let record = phase.record;
        let from = record.from.as_deref().unwrap_or(NONE);
        let experiments = run.of_phase(index);
        let took = (span_s(experiments), total_ml(experiments));
        let names = [&record.name, &words(&record.policy), from];
        table.row(line(names, experiments, found_by(run, index), took));
    }
    if run.phases().len() > 1 || is_primed {
        let took = (run.lab_time_s(), run.total_ml());
        let found = match Front::of(run) {
            Some(front) => [significant(front.hypervolume, 4), count(front.members.len())],
            None => best_in_words(run.best()),
        };
        table.close(line(["all", "", ""], run.experiments(), found, took));
    }
    table
}

/// What was taken before the first experiment: lines are filled, the reference is measured.
fn priming(seconds: f64, ml: f64) -> Vec<String> {
    let nothing = || NONE.to_owned();
    let mut cells = vec!["priming".to_owned()];
    cells.extend((0..6).map(|_| nothing()));
    cells.extend([duration(seconds), significant(ml, 3)]);
    cells
}

/// A policy's name in words.
pub fn words(policy: &str) -> String {
    let known = POLICIES.iter().find(|(key, _)| *key == policy);
    known.map_or_else(|| policy.replace('_', " "), |(_, words)| (*words).to_owned())
}

/// Policies whose keys are short, and what people call them.
const POLICIES: [(&str, &str); 10] = [
    ("list", "a list"),
    ("lhs", "Latin hypercube"),
    ("latin_hypercube", "Latin hypercube"),
    ("sobol", "Sobol’ sequence"),
    ("max_variance", "maximum variance"),
    ("ei", "expected improvement"),
    ("log_ei", "log expected improvement"),
    ("exploit", "pure exploitation"),
    ("ucb", "upper confidence bound"),
    ("thompson", "Thompson sampling"),
];

/// Title of the column with the number of best compromises of a phase.
const ON_FRONT: &str = "on the front";

/// What a phase found: its best and the number of that, or the hypervolume at its end and how many of the run's best compromises
/// are its own.
fn found_by(run: &Run<'_>, phase: usize) -> [String; 2] {
    let Some(front) = Front::of(run) else {
        return best_in_words(run.best_of(run.of_phase(phase)));
    };
    let own = front.members.iter().filter(|i| run.experiments()[**i].phase == phase).count();
    let volume = front::growth(run, phase).last().copied();
    [volume.map_or(NONE.into(), |v| significant(v, 4)), count(own)]
}

fn best_in_words(best: Option<&Experiment<'_>>) -> [String; 2] {
    [
        best.and_then(|e| e.value).map_or(NONE.into(), |v| significant(v, 4)),
        best.map_or(NONE.into(), |e| e.record.experiment.to_string()),
    ]
}

/// A row of experiments that took this lab time \[s\] and liquid \[mL\].
fn line(
    names: [&str; 3],
    experiments: &[Experiment<'_>],
    found: [String; 2],
    (seconds, ml): (f64, f64),
) -> Vec<String> {
    let mut cells: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    cells.extend([count(experiments.len()), count(failed(experiments))]);
    cells.extend(found);
    cells.extend([duration(seconds), significant(ml, 3)]);
    cells
}

/// Volume of all stocks together [mL].
pub(crate) fn total_ml(experiments: &[Experiment<'_>]) -> f64 {
    consumed_ml(experiments).iter().map(|(_, ml)| ml).sum()
}

/// The conditions of an experiment: one row for each input, with its range.
pub fn conditions(run: &Run<'_>, experiment: &Experiment<'_>) -> Table {
    let mut table = Table::new().words("input").numbers("value").words("unit").words("range");
    for (name, word) in experiment.record.conditions.words() {
        let input = Quantity::of_key(name);
        let value = said(word);
        let range = run.definition().range(name).filter(|_| matches!(word, Word::Number(_)));
        let between =
            |r: super::definition::Range| format!("{} to {}", plain(r.low), plain(r.high));
        table.row(vec![input.name, value, input.unit, range.map_or(NONE.into(), between)]);
    }
    table
}

/// What a run prints when it is done: the table of phases and the best experiment, on a terminal of this many columns.
pub fn terminal(run: &Run<'_>, columns: Option<usize>) -> String {
    let header = run.header();
    let mark = if header.simulated { "SIMULATED" } else { "measured" };
    let table =
        phases(run).within(columns, &["starts from", "policy", "in experiment", ON_FRONT]).text();
    let unfinished = unfinished(run).map_or_else(String::new, |words| format!("{words}\n"));
    let title = format!("{} · seed {} · {mark}\n", run.title(), header.seed);
    let mut out = format!("{title}{unfinished}\n{table}");
    if let Some(best) = run.best() {
        out.push_str(&format!("\nBest: {}\n", best_line(run, best)));
        let inputs = best.record.conditions.words().map(|(name, word)| {
            let input = Quantity::of_key(name);
            format!("{} {}", input.name, with_unit(&said(word), &input.unit))
        });
        out.push_str(&listed(inputs, columns));
        out.extend(far_off(run, best).map(|words| format!("{words}\n")));
    }
    if let Some(front) = Front::of(run).filter(|front| !front.members.is_empty()) {
        out.push_str(&format!("\n{}\n\n", compromises(run, &front)));
        let inputs: Vec<String> =
            run.header().inputs.iter().map(|n| Quantity::of_key(n).label()).collect();
        let spare: Vec<&str> =
            std::iter::once("phase").chain(inputs.iter().rev().map(String::as_str)).collect();
        out.push_str(&front.table(run).within(columns, &spare).text());
    }
    out
}

/// Parts with commas between them, indented, in lines of this many columns.
fn listed(parts: impl Iterator<Item = String>, columns: Option<usize>) -> String {
    const INDENT: &str = "      ";
    let mut lines = vec![INDENT.to_owned()];
    let mut parts = parts.peekable();
    while let Some(mut part) = parts.next() {
        part.push_str(if parts.peek().is_some() { ", " } else { "" });
        let line = lines.last().expect("there is a first line");
        let width = line.chars().count() + part.trim_end().chars().count();
        if line != INDENT && columns.is_some_and(|columns| width > columns) {
            lines.push(INDENT.to_owned());
        }
        lines.last_mut().expect("there is a first line").push_str(&part);
    }
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// One line on an experiment: `PLI 2980 counts in experiment 66 (ei, iteration 6)`.
pub(crate) fn best_line(run: &Run<'_>, best: &Experiment<'_>) -> String {
    let objective = run.objective();
    let value = with_unit(&significant(best.value.unwrap_or(f64::NAN), 4), &objective.unit);
    let phase = &run.phases()[best.phase].record.name;
    format!(
        "{} {value} in experiment {} ({phase}, iteration {})",
        objective.name, best.record.experiment, best.iteration
    )
}

/// The headline of a run: a sentence or two for a chemist.
pub fn headline(run: &Run<'_>) -> String {
    let sentences = [unfinished(run), Some(outcome(run)), lead_taken_back(run), Some(cost(run))];
    sentences.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What a run took, and what it began with.
pub(crate) fn cost(run: &Run<'_>) -> String {
    let begun = run.definition().priors(&run.header().inputs);
    let begun = begun.iter().map(|prior| format!("It began with {prior}."));
    [taken(run)].into_iter().chain(begun).collect::<Vec<_>>().join(" ")
}

/// Whether the phase of the best leads, where there are several phases.
pub(crate) fn winner(run: &Run<'_>) -> Option<String> {
    let best = run.best()?;
    let second = next::second(run, best)?;
    let name = |e: &Experiment<'_>| run.phases()[e.phase].record.name.clone();
    let not = |words: String| format!("Not resolved. {words}");
    lead_taken_back(run).map(not).or_else(|| {
        let noise = Noise::of(run)?;
        Some(format!(
            "Yes, {}: its best is {} from that of {}, more than the noise of two measurements ({} repeats).",
            name(best),
            share((second.value? / best.value? - 1.0).abs()),
            name(second),
            noise.experiments
        ))
    })
}

/// What qualifies the lead of the best, if anything does.
fn lead_taken_back(run: &Run<'_>) -> Option<String> {
    unresolved(run, run.best()?, Noise::of(run))
}

/// What a run found.
pub(crate) fn outcome(run: &Run<'_>) -> String {
    if let Some(front) = Front::of(run) {
        return compromises(run, &front);
    }
    match run.best() {
        Some(best) => found(run, best),
        None if run.experiments().iter().any(|e| e.value.is_some()) => {
            "No experiment kept all limits.".to_owned()
        }
        None => format!("No experiment yielded a value of {}.", run.objective().name),
    }
}

/// One sentence on the best compromises of a run.
fn compromises(run: &Run<'_>, front: &Front) -> String {
    let names: Vec<String> = front::objectives(run).into_iter().map(|q| q.name).collect();
    let between = match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    };
    if front.members.is_empty() {
        return format!("No experiment is a compromise between {between} that keeps all limits.");
    }
    let are = if front.members.len() == 1 { "is" } else { "are" };
    format!(
        "{} {are} the best compromises between {between}: a hypervolume of {}.",
        counted(front.members.len(), "experiment"),
        significant(front.hypervolume, 4)
    )
}

/// What the experiments took; a table has neither times nor volumes.
fn taken(run: &Run<'_>) -> String {
    let experiments = counted(run.experiments().len(), "experiment");
    let failed = match run.failed() {
        0 => String::new(),
        n => format!(", {} of them failed", count(n)),
    };
    if run.lab_time_s() <= 0.0 {
        return format!("{experiments}{failed}.");
    }
    format!(
        "{experiments}{failed}{} took {} of {}lab time and {} of liquids.",
        if failed.is_empty() { "" } else { "," },
        duration(run.lab_time_s()),
        if run.header().simulated { "simulated " } else { "" },
        with_unit(&significant(run.total_ml(), 3), "mL"),
    )
}

fn found(run: &Run<'_>, best: &Experiment<'_>) -> String {
    let objective = run.objective();
    let value = best.value.unwrap_or(f64::NAN);
    let noise = Noise::of(run);
    let phase = &run.phases()[best.phase].record.name;
    let history = run.history_of(best.phase);
    let before = run.best_of(history.iter().copied()).and_then(|e| e.value);
    let gain = before.filter(|before| run.better(value, *before)).map(|before| {
        if let Goal::Target { .. } = run.wanted().goals.objectives[0].goal {
            let (before, n) = (significant(before, 4), counted(history.len(), "experiment"));
            return format!(", the best of the {n} that it started from was {before}");
        }
        let side = if value > before { "above" } else { "below" };
        let by = share((value / before - 1.0).abs());
        let experiments = counted(history.len(), "experiment");
        format!(", {by} {side} the best of the {experiments} that it started from")
    });
    let interval = noise.map(|noise| {
        let half = with_unit(&significant(noise.half_width(value), 2), &objective.unit);
        format!(" (± {half}, 95 %, by {} repeats)", noise.experiments)
    });
    format!(
        "The {} {}, {}{}, was found by {phase} at experiment {} of {}{}.{}",
        match run.wanted().goals.objectives[0].goal {
            Goal::Target { .. } => "nearest",
            _ => "best",
        },
        objective.name,
        with_unit(&significant(value, 4), &objective.unit),
        interval.unwrap_or_default(),
        best.iteration,
        run.of_phase(best.phase).len(),
        gain.unwrap_or_default(),
        far_off(run, best).map_or_else(String::new, |words| format!(" {words}")),
    )
}

/// A warning about a best value that is too good to be true: instruments write such numbers where they have
/// measured nothing.
fn far_off(run: &Run<'_>, best: &Experiment<'_>) -> Option<String> {
    let valued = || run.experiments().iter().filter(|e| e.value.is_some());
    let values: Vec<f64> = valued().filter_map(|e| e.value).collect();
    let far = outliers(&values);
    let is_far = valued().enumerate().any(|(i, e)| far.contains(&i) && std::ptr::eq(e, best));
    is_far.then(|| "It is far from all other values: make sure that it was measured.".to_owned())
}

/// What qualifies the lead of the best: another phase whose best is as good within the noise, or noise that is not
/// known.
fn unresolved(run: &Run<'_>, best: &Experiment<'_>, noise: Option<Noise>) -> Option<String> {
    let second = next::second(run, best)?;
    let (first, other) = (best.value?, second.value?);
    let phase = &run.phases()[second.phase].record.name;
    let by = share((other / first - 1.0).abs());
    match noise {
        Some(noise) if noise.tells_apart(first, other) => None,
        Some(noise) => Some(format!(
            "The best of {phase} is not resolved from it: they differ by {by}, and one measurement has a replicate \
             error of {} ({} repeats).",
            share(noise.relative),
            noise.experiments
        )),
        None => Some(format!(
            "Whether that is more than noise above the best of {phase}, {by} away, is not known: no condition was \
             repeated."
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_broken_at_the_edge_of_the_terminal() {
        let parts = || ["cui 120", "cs 119.7", "oa 35"].map(str::to_owned).into_iter();
        assert_eq!(listed(parts(), None), "      cui 120, cs 119.7, oa 35\n");
        assert_eq!(listed(parts(), Some(24)), "      cui 120, cs 119.7,\n      oa 35\n");
        assert_eq!(listed(parts(), Some(1)), "      cui 120,\n      cs 119.7,\n      oa 35\n");
    }
}
