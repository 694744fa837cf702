//! The best compromises of a run with several objectives, and how much of the possible hypervolume they cover.

use flowtwin_statistics::front::{hypervolume, pareto_front};

use super::format::{NONE, said, significant};
use super::quantity::Quantity;
use super::run::{Experiment, Run};
use super::table::Table;

/// The experiments that no other beats in every objective, by their measured values.
///
/// Failed experiments, and those that break a limit or of which not everything was measured, are not compromises.
#[derive(Clone, Debug, PartialEq)]
pub struct Front {
    /// The best compromises, by their places in [`Run::experiments`]; the best by the first objective first.
    pub members: Vec<usize>,
    /// What the hypervolume is counted from, in scores \[k\]: the worst values that were named, or else measured in the run.
    pub reference: Vec<f64>,
    /// What the front covers above the reference \[product of the units of the objectives\].
    pub hypervolume: f64,
}

impl Front {
    /// The front of a run; none where it has one objective.
    pub fn of(run: &Run<'_>) -> Option<Self> {
        if !run.has_several() {
            return None;
        }
        let reference = reference(run);
        let kept: Vec<(usize, Vec<f64>)> = (0..run.experiments().len())
            .filter_map(|i| Some((i, scores(run, &run.experiments()[i])?)))
            .collect();
        let all: Vec<Vec<f64>> = kept.iter().map(|(_, scores)| scores.clone()).collect();
        let mut best = pareto_front(&all);
        best.sort_by(|a, b| all[*b][0].total_cmp(&all[*a][0]));
        let members = best.into_iter().map(|i| kept[i].0).collect();
        Some(Self { members, hypervolume: hypervolume(&all, &reference), reference })
    }

    /// The reference in units of the objectives \[k\]; of a target, the distance from it.
    pub fn worst(&self, run: &Run<'_>) -> Vec<f64> {
        let goals = &run.wanted().goals;
        let pairs = goals.objectives.iter().zip(&self.reference);
        pairs.map(|(objective, score)| goals.value_of(objective, *score)).collect()
    }

    /// One row for each of the best compromises: its experiment, what it yields, what was set.
    pub fn table(&self, run: &Run<'_>) -> Table {
        let mut table = Table::new().numbers("experiment").words("phase");
        for objective in objectives(run) {
            table = table.numbers(&objective.label());
        }
        for limited in limited(run) {
            table = table.numbers(&run.outcome(limited).label());
        }
        for input in &run.header().inputs {
            table = table.numbers(&Quantity::of_key(input).label());
        }
        for &member in &self.members {
            table.row(row(run, &run.experiments()[member]));
        }
        table
    }
}

fn row(run: &Run<'_>, e: &Experiment<'_>) -> Vec<String> {
    let value = |place: usize| e.values[place].map_or(NONE.into(), |v| significant(v, 4));
    let mut cells =
        vec![e.record.experiment.to_string(), run.phases()[e.phase].record.name.clone()];
    cells.extend(run.wanted().goals.objectives.iter().map(|o| value(o.outcome)));
    cells.extend(limited(run).into_iter().map(value));
    cells.extend(e.record.conditions.words().map(|(_, word)| said(word)));
    cells
}

/// The objectives as quantities.
pub(crate) fn objectives(run: &Run<'_>) -> Vec<Quantity> {
    run.wanted().goals.objectives.iter().map(|objective| run.outcome(objective.outcome)).collect()
}

/// The outcomes that have a limit and are not objectives, by their places.
pub(crate) fn limited(run: &Run<'_>) -> Vec<usize> {
    let goals = &run.wanted().goals;
    let is_objective = |place: &usize| goals.objectives.iter().any(|o| o.outcome == *place);
    let mut places: Vec<usize> = goals.limits.iter().map(|limit| limit.outcome).collect();
    places.sort_unstable();
    places.dedup();
    places.retain(|place| !is_objective(place));
    places
}

/// What an experiment is worth by each objective \[k\], to be maximised; none where it is not a solution.
pub(crate) fn scores(run: &Run<'_>, e: &Experiment<'_>) -> Option<Vec<f64>> {
    let goals = &run.wanted().goals;
    goals.scores(&e.values).filter(|_| goals.allow(&e.values))
}

/// What the hypervolume of a run is counted from \[k\].
pub(crate) fn reference(run: &Run<'_>) -> Vec<f64> {
    let goals = &run.wanted().goals;
    let measured: Vec<Vec<f64>> =
        run.experiments().iter().filter_map(|e| goals.scores(&e.values)).collect();
    goals.reference(&measured)
}

/// The hypervolume after each experiment of a phase, what it started from included.
pub(crate) fn growth(run: &Run<'_>, phase: usize) -> Vec<f64> {
    let reference = reference(run);
    let history = run.history_of(phase).into_iter();
    let mut seen: Vec<Vec<f64>> = history.filter_map(|e| scores(run, e)).collect();
    let step = |e: &Experiment<'_>| {
        seen.extend(scores(run, e));
        hypervolume(&seen, &reference)
    };
    run.of_phase(phase).iter().map(step).collect()
}
