//! How efficiently the policies of a run found what they found.

use super::closing::words;
use super::format::{change, counted, significant};
use super::run::{Experiment, Run};

/// A metric: what, how much, and how it is found.
pub(crate) type Row = (String, String, String);

/// One row for each phase that goes on from another and that none goes on from.
pub(crate) fn rows(run: &Run<'_>) -> Vec<Row> {
    let leaves = run.leaves();
    let going_on: Vec<usize> =
        leaves.into_iter().filter(|&i| run.phases()[i].from.is_some()).collect();
    let random = going_on.iter().copied().find(|&i| run.phases()[i].record.policy == "random");
    going_on.iter().filter_map(|&i| row(run, i, random.filter(|&r| r != i))).collect()
}

fn row(run: &Run<'_>, phase: usize, random: Option<usize>) -> Option<Row> {
    let experiments = run.of_phase(phase);
    let best = run.best_of(experiments)?;
    let value = best.value?;
    let mut parts = Vec::new();
    let history = run.history_of(phase);
    if let Some(before) = run.best_of(history.iter().copied()).and_then(|e| e.value) {
        parts.push(format!(
            "{} against the best of the first {}",
            change(value / before),
            history.len()
        ));
        let first = reaching(run, experiments, before);
        parts.push(
            first.map_or("never above it".to_owned(), |n| format!("above it at experiment {n}")),
        );
    }
    parts.push(format!("best at experiment {}", best.iteration));
    if let Some(random) = random {
        parts.extend(against(run, experiments, run.of_phase(random)));
    }
    let record = phase_record(run, phase);
    let how = "one run; a policy is judged on many seeds (flowtwin bench)";
    Some((format!("efficiency of {} ({})", record.0, record.1), parts.join("; "), how.into()))
}

fn phase_record(run: &Run<'_>, phase: usize) -> (String, String) {
    let record = run.phases()[phase].record;
    let n = counted(run.of_phase(phase).len(), "experiment");
    (record.name.clone(), format!("{}, {n}", words(&record.policy)))
}

/// Number of the first experiment that is better than `value`.
fn reaching(run: &Run<'_>, experiments: &[Experiment<'_>], value: f64) -> Option<usize> {
    let better = |e: &&Experiment<'_>| e.value.is_some_and(|v| run.better(v, value));
    experiments.iter().find(better).map(|e| e.iteration)
}

/// Acceleration and enhancement against random choice (Liang et al., npj Comput. Mater. 2021, 7, 188):
/// AF = n(random) / n(policy) until the best of random is reached, EF = best of policy / best of random.
fn against(run: &Run<'_>, policy: &[Experiment<'_>], random: &[Experiment<'_>]) -> Vec<String> {
    let (Some(theirs), Some(ours)) = (run.best_of(random), run.best_of(policy)) else {
        return Vec::new();
    };
    let (Some(bar), Some(best)) = (theirs.value, ours.value) else { return Vec::new() };
    let mut out = vec![format!("EF {}", significant(best / bar, 3))];
    if let Some(n) = reaching(run, policy, bar) {
        out.push(format!("AF {}", significant(theirs.iteration as f64 / n as f64, 2)));
    }
    out
}
