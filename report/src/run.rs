//! A run as reports see it: phases in order, each with its experiments, all read from the journal.

use std::collections::BTreeMap;
use std::ops::Range;

use flowtwin_lab::journal::{
    Decided, Decision, ExperimentRecord, Header, Journal, PhaseRecord, Record, Volumes, held,
    primed, pumped,
};
use flowtwin_lab::{Instant, PumpId, Wanted};

use super::definition::Definition;
use super::quantity::Quantity;
use super::stages::{self, Stages};

/// A run, read from its journal.
#[derive(Debug)]
pub struct Run<'a> {
    journal: &'a Journal,
    definition: Definition,
    wanted: Wanted,
    phases: Vec<Phase<'a>>,
    experiments: Vec<Experiment<'a>>,
}

/// A phase and where its experiments are.
#[derive(Clone, Debug)]
pub struct Phase<'a> {
    /// Its record in the journal.
    pub record: &'a PhaseRecord,
    /// Its experiments, by their place in [`Run::experiments`].
    pub experiments: Range<usize>,
    /// The phase it starts from, by its place in [`Run::phases`].
    pub from: Option<usize>,
}

/// A finished experiment in its place.
#[derive(Clone, Debug)]
pub struct Experiment<'a> {
    /// Its record in the journal.
    pub record: &'a ExperimentRecord,
    /// Its phase, by its place in [`Run::phases`].
    pub phase: usize,
    /// Its number within the phase, from 1.
    pub iteration: usize,
    /// The first, or only, objective; none where the experiment failed or it could not be read.
    pub value: Option<f64>,
    /// Every outcome that objectives and limits are about, in the order of [`Wanted::outcomes`]; none where the experiment failed
    /// or it could not be read.
    pub values: Vec<Option<f64>>,
    /// How its lab time was spent, where the lab is driven by instruments.
    pub stages: Option<Stages>,
}

/// Why a journal makes no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The header's scenario lacks what a report needs.
    #[error("the scenario in the journal's header cannot be reported on: {0}")]
    Definition(#[from] serde_json::Error),
    /// An objective or a limit is not a feature of the run.
    #[error("the objective {feature} is none of the features of the run: {features}")]
    Objective {
        /// The name the scenario gives.
        feature: String,
        /// The names there are.
        features: String,
    },
    /// The scenario states no objective.
    #[error("the scenario in the journal's header states no objective")]
    NoObjective,
    /// An experiment belongs to no phase.
    #[error("experiment {experiment} names the phase {phase}, which has not begun")]
    Phase {
        /// Number of the experiment.
        experiment: u64,
        /// The name it gives.
        phase: String,
    },
}

impl<'a> Run<'a> {
    /// Reads a run, finished or not, from its journal.
    ///
    /// # Errors
    /// If the header's scenario states no objective, or an experiment belongs to no phase.
    pub fn read(journal: &'a Journal) -> Result<Self, RunError> {
        let definition = Definition::read(&journal.header().definition)?;
        let features = &journal.header().features;
        let wanted = definition.wanted();
        if wanted.goals.objectives.is_empty() {
            return Err(RunError::NoObjective);
        }
        let is_unknown = |outcome: &&String| !features.iter().any(|(name, _)| name == *outcome);
        if let Some(feature) = wanted.outcomes.iter().find(is_unknown).cloned() {
            let names: Vec<&str> = features.iter().map(|(name, _)| name.as_str()).collect();
            return Err(RunError::Objective { feature, features: names.join(", ") });
        }
        let mut run =
            Self { journal, definition, wanted, phases: Vec::new(), experiments: Vec::new() };
        for (record, stages) in stages::of_experiments(journal) {
            run.begin_phases(record)?;
            run.push(record, stages)?;
        }
        run.begin_rest();
        Ok(run)
    }

    fn phase_records(&self) -> impl Iterator<Item = &'a PhaseRecord> + use<'a> {
        self.journal.records().iter().filter_map(|record| match record {
            flowtwin_lab::journal::Record::Phase(phase) => Some(phase),
            _ => None,
        })
    }

    /// Begins the phases up to the one of `record`.
    fn begin_phases(&mut self, record: &ExperimentRecord) -> Result<(), RunError> {
        while self.phases.last().is_none_or(|phase| phase.record.name != record.phase) {
            let next = self.phase_records().nth(self.phases.len());
            let Some(next) = next else {
                let (experiment, phase) = (record.experiment, record.phase.clone());
                return Err(RunError::Phase { experiment, phase });
            };
            self.begin(next);
        }
        Ok(())
    }

    fn begin_rest(&mut self) {
        let rest: Vec<_> = self.phase_records().skip(self.phases.len()).collect();
        for record in rest {
            self.begin(record);
        }
    }

    fn begin(&mut self, record: &'a PhaseRecord) {
        let named = |name: &String| self.phases.iter().position(|p| p.record.name == *name);
        let from = record.from.as_ref().and_then(named);
        let at = self.experiments.len();
        self.phases.push(Phase { record, experiments: at..at, from });
    }

    fn push(
        &mut self,
        record: &'a ExperimentRecord,
        stages: Option<Stages>,
    ) -> Result<(), RunError> {
        let values = match record.fault {
            Some(_) => vec![None; self.wanted.outcomes.len()],
            None => self.wanted.values(|name| feature(record, name)),
        };
        let value = values[self.wanted.goals.objectives[0].outcome];
        let index = self.phases.len() - 1;
        let phase = &mut self.phases[index];
        phase.experiments.end += 1;
        let iteration = phase.experiments.len();
        self.experiments.push(Experiment {
            record,
            phase: index,
            iteration,
            value,
            values,
            stages,
        });
        Ok(())
    }

    /// The journal.
    pub fn journal(&self) -> &'a Journal {
        self.journal
    }

    /// The journal's header.
    pub fn header(&self) -> &'a Header {
        self.journal.header()
    }

    /// The scenario's line for people; its name where it has none.
    pub fn title(&self) -> &str {
        match self.definition.title.as_str() {
            "" => &self.header().scenario,
            title => title,
        }
    }

    /// The phases in order.
    pub fn phases(&self) -> &[Phase<'a>] {
        &self.phases
    }

    /// The experiments in order.
    pub fn experiments(&self) -> &[Experiment<'a>] {
        &self.experiments
    }

    /// The experiments of a phase.
    pub fn of_phase(&self, phase: usize) -> &[Experiment<'a>] {
        &self.experiments[self.phases[phase].experiments.clone()]
    }

    /// How many experiments were planned: those of all phases, and what people have added; none where a phase does not say.
    pub fn planned(&self) -> Option<usize> {
        let is_added = |decided: &&Decided| matches!(decided.decision, Decision::Add(_));
        let added = self.journal.decided().filter(is_added).count();
        self.definition.planned().map(|planned| planned + added)
    }

    pub(crate) fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What the campaign optimises.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether the campaign has several objectives, so that there is a front and no best experiment.
    pub fn has_several(&self) -> bool {
        self.wanted.goals.objectives.len() > 1
    }

    /// Name and unit of the first, or only, objective.
    pub fn objective(&self) -> Quantity {
        self.outcome(self.wanted.goals.objectives[0].outcome)
    }

    /// Name and unit of an outcome, by its place in [`Wanted::outcomes`].
    pub fn outcome(&self, place: usize) -> Quantity {
        let name = &self.wanted.outcomes[place];
        let unit = self.header().features.iter().find(|(n, _)| n == name).map(|(_, u)| u.as_str());
        Quantity::of_feature(name, unit.unwrap_or_default())
    }

    /// Whether `a` is a better value of the first objective than `b`.
    pub fn better(&self, a: f64, b: f64) -> bool {
        let goal = self.wanted.goals.objectives[0].goal;
        goal.score(a) > goal.score(b)
    }

    /// The best of some experiments: the first of those with the best objective that keep all limits; none where several things
    /// are wanted.
    pub fn best_of<'r, I>(&self, experiments: I) -> Option<&'r Experiment<'a>>
    where
        I: IntoIterator<Item = &'r Experiment<'a>>,
    {
        let mut best: Option<(&Experiment<'a>, f64)> = None;
        for experiment in experiments {
            let Some(value) = self.solution(experiment) else { continue };
            if best.is_none_or(|(_, so_far)| self.better(value, so_far)) {
                best = Some((experiment, value));
            }
        }
        best.map(|(experiment, _)| experiment)
    }

    /// The value of an experiment that can be the best: there is one objective, and the experiment keeps all limits.
    pub(crate) fn solution(&self, experiment: &Experiment<'_>) -> Option<f64> {
        let can_be = !self.has_several() && self.wanted.goals.allow(&experiment.values);
        experiment.value.filter(|_| can_be)
    }

    /// The best experiment of the run.
    pub fn best(&self) -> Option<&Experiment<'a>> {
        self.best_of(&self.experiments)
    }

    /// A phase's predecessors, the nearest first.
    pub fn ancestors(&self, phase: usize) -> Vec<usize> {
        let mut chain = Vec::new();
        let mut next = self.phases[phase].from;
        while let Some(phase) = next {
            chain.push(phase);
            next = self.phases[phase].from;
        }
        chain
    }

    /// The experiments that a phase starts from, in order.
    pub fn history_of(&self, phase: usize) -> Vec<&Experiment<'a>> {
        let mut chain = self.ancestors(phase);
        chain.reverse();
        chain.into_iter().flat_map(|p| self.of_phase(p)).collect()
    }

    /// The phases that no other starts from.
    pub fn leaves(&self) -> Vec<usize> {
        let used = |i: &usize| self.phases.iter().any(|phase| phase.from == Some(*i));
        (0..self.phases.len()).filter(|i| !used(i)).collect()
    }

    /// Whether it is a study, which does more than experiments.
    fn is_study(&self) -> bool {
        self.journal.records().iter().any(|record| matches!(record, Record::Task(_)))
    }

    /// Lab time from the begin of the run to the end of its last experiment, priming included; to the end of a study \[s\].
    pub fn lab_time_s(&self) -> f64 {
        if self.is_study() {
            return self.journal.last_at().as_secs();
        }
        // A lab that has several under way reports them in any order.
        let ends = self.experiments.iter().map(|e| e.record.ended_ns);
        ends.max().map_or_else(|| self.priming_s(), |last| last.as_secs())
    }

    /// Lab time before the first experiment: lines are filled, the reference is taken \[s\].
    pub(crate) fn priming_s(&self) -> f64 {
        let blank = self.journal.records().iter().find_map(|record| match record {
            Record::Blank(blank) => Some(blank.at_ns.as_secs()),
            _ => None,
        });
        blank.unwrap_or(0.0)
    }

    /// What the syringe of each pump held over time \[µL\], see [`held`].
    pub(crate) fn held(&self) -> BTreeMap<PumpId, Vec<(Instant, f64)>> {
        held(self.journal)
    }

    /// Volume that priming took from each stock \[mL\], in the order of the pumps; nothing where nothing was primed.
    pub(crate) fn primed_ml(&self) -> Vec<(String, f64)> {
        self.by_stock(&primed(self.journal))
    }

    /// What pumps have delivered, by stock \[mL\].
    fn by_stock(&self, delivered: &Volumes) -> Vec<(String, f64)> {
        let mut sums = Vec::new();
        for info in &self.header().manifest.pumps {
            let ml = delivered.get(&info.name).map_or(0.0, |ul| ul / 1_000.0);
            if ml > 0.0 {
                add_ml(&mut sums, &info.stock, ml);
            }
        }
        exact(sums)
    }

    /// Volume that the run took from each stock \[mL\], priming included, stocks in the order in which experiments took
    /// them.
    pub fn consumed_ml(&self) -> Vec<(String, f64)> {
        if self.is_study() {
            return self.by_stock(&pumped(self.journal));
        }
        let mut sums = consumed_ml(&self.experiments);
        for (stock, ml) in self.primed_ml() {
            add_ml(&mut sums, &stock, ml);
        }
        exact(sums)
    }

    /// All of that together \[mL\].
    pub fn total_ml(&self) -> f64 {
        self.consumed_ml().iter().map(|(_, ml)| ml).sum()
    }

    /// Number of experiments that failed.
    pub fn failed(&self) -> usize {
        failed(&self.experiments)
    }
}

/// The value of a feature in a record.
pub(crate) fn feature(record: &ExperimentRecord, name: &str) -> Option<f64> {
    record.features.iter().find(|(n, _)| n == name).and_then(|(_, value)| *value)
}

/// Number of experiments that failed.
pub(crate) fn failed(experiments: &[Experiment<'_>]) -> usize {
    experiments.iter().filter(|e| e.record.fault.is_some()).count()
}

/// Time from the first begin to the last end, in whatever order they were reported [s].
pub(crate) fn span_s(experiments: &[Experiment<'_>]) -> f64 {
    let begins = experiments.iter().map(|e| e.record.started_ns).min();
    let ends = experiments.iter().map(|e| e.record.ended_ns).max();
    begins.zip(ends).map_or(0.0, |(begin, end)| end.since(begin).as_secs())
}

/// Volume taken from each stock [mL], stocks in the order in which they first appear.
pub(crate) fn consumed_ml(experiments: &[Experiment<'_>]) -> Vec<(String, f64)> {
    let mut sums: Vec<(String, f64)> = Vec::new();
    for (stock, ml) in experiments.iter().flat_map(|e| &e.record.consumed_ml) {
        add_ml(&mut sums, stock, *ml);
    }
    exact(sums)
}

fn add_ml(sums: &mut Vec<(String, f64)>, stock: &str, ml: f64) {
    match sums.iter_mut().find(|(name, _)| name == stock) {
        Some((_, sum)) => *sum += ml,
        None => sums.push((stock.to_owned(), ml)),
    }
}

/// The journal's volumes are multiples of 1e-7 mL; sums of them are too.
fn exact(sums: Vec<(String, f64)>) -> Vec<(String, f64)> {
    let exact = |(stock, ml)| (stock, flowtwin_lab::math::round_decimals(ml, 7));
    sums.into_iter().map(exact).collect()
}
