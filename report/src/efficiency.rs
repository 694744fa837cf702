//! How efficiently the policies of a run found their results.

use super::closing::words;
use super::format::{NONE, change, count, significant};
use super::run::{Experiment, Run};
use super::table::Table;

/// One row for each phase that continues another and that no other continues; empty where there is none.
pub(crate) fn table(run: &Run<'_>) -> Table {
    let best = format!("best {}", run.objective().label());
    let mut table = Table::new()
        .words("phase")
        .words("policy")
        .numbers("experiments")
        .numbers(&best)
        .numbers("gain on the start")
        .numbers("start passed at")
        .numbers("best at")
        .numbers("EF")
        .numbers("AF");
    let goes_on = |&i: &usize| run.phases()[i].from.is_some();
    let leaves: Vec<usize> = run.leaves().into_iter().filter(goes_on).collect();
    let random = leaves.iter().copied().find(|&i| run.phases()[i].record.policy == "random");
    for &phase in &leaves {
        table.row(row(run, phase, random.filter(|&r| r != phase)));
    }
    table
}

fn row(run: &Run<'_>, phase: usize, random: Option<usize>) -> Vec<String> {
    let (record, experiments) = (run.phases()[phase].record, run.of_phase(phase));
    let best = run.best_of(experiments);
    let value = best.and_then(|e| e.value);
    let before = run.best_of(run.history_of(phase)).and_then(|e| e.value);
    let gain = value.zip(before).map(|(value, before)| change(value / before));
    let from = before.and_then(|before| reaching(run, experiments, before));
    let (ef, af) = random.map_or((None, None), |r| against(run, experiments, run.of_phase(r)));
    let or_none = |text: Option<String>| text.unwrap_or(NONE.into());
    vec![
        record.name.clone(),
        words(&record.policy),
        count(experiments.len()),
        or_none(value.map(|v| significant(v, 4))),
        or_none(gain),
        or_none(from.map(count)),
        or_none(best.map(|e| count(e.iteration))),
        or_none(ef.map(|x| significant(x, 3))),
        or_none(af.map(|x| significant(x, 2))),
    ]
}

/// Number of the first experiment that is better than `value`.
fn reaching(run: &Run<'_>, experiments: &[Experiment<'_>], value: f64) -> Option<usize> {
    let better = |e: &&Experiment<'_>| run.solution(e).is_some_and(|v| run.better(v, value));
    experiments.iter().find(better).map(|e| e.iteration)
}

/// Enhancement and acceleration against random choice (Liang et al., npj Comput. Mater. 2021, 7, 188):
/// EF = best of policy / best of random, AF = n(random) / n(policy) until the best of random is passed.
fn against(
    run: &Run<'_>,
    policy: &[Experiment<'_>],
    random: &[Experiment<'_>],
) -> (Option<f64>, Option<f64>) {
    let theirs = run.best_of(random);
    let bar = theirs.and_then(|e| e.value);
    let ours = run.best_of(policy).and_then(|e| e.value);
    let passed = bar.and_then(|bar| reaching(run, policy, bar));
    let acceleration = theirs.zip(passed).map(|(e, n)| e.iteration as f64 / n as f64);
    (ours.zip(bar).map(|(ours, bar)| ours / bar), acceleration)
}
