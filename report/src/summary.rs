//! `summary.json`: a run in one object, for programs.

use flowtwin_lab::{Conditions, LimitSpec, Objective, Wanted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Findings;
use super::decisions::Decisions;
use super::front::Front;
use super::repeat::Repeat;
use super::run::{Experiment, Run, consumed_ml, failed, span_s};
use super::standing::Ended;
use super::twin_fit::{TwinFit, TwinSummary};

/// What a run folder holds beside its journal: how the run was done, not its results.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Extras {
    /// Where the experiments were done: `sim`, `emulated`, `hardware`, ….
    pub backend: String,
    /// Events that the simulation handled; none on a rig.
    #[serde(default)]
    pub simulated_events: Option<u64>,
}

/// The object of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Name of the scenario.
    pub scenario: String,
    /// SHA-256 of the scenario as it was understood \[hexadecimal\].
    pub scenario_sha256: String,
    /// Version of flowtwin that began the run.
    pub flowtwin: String,
    /// Master seed.
    pub seed: u64,
    /// Where the experiments were done.
    pub backend: String,
    /// Whether the results are simulated.
    pub simulated: bool,
    /// Whether the run is complete.
    pub complete: bool,
    /// How it ended: `complete`, `interrupted`, `stopped` by a fault, or `unfinished`.
    pub ended: &'static str,
    /// Number of experiments that were planned; none where a phase does not say.
    pub planned: Option<usize>,
    /// SHA-256 of the journal \[hexadecimal\].
    pub journal_sha256: String,
    /// The feature that the campaign optimises, and its unit; null where there are several.
    pub objective: Value,
    /// All objectives, where there is more than to maximise or to minimise one feature.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Value>,
    /// The limits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitSpec>,
    /// The best compromises between several objectives.
    #[serde(flatten)]
    pub front: Option<FrontSummary>,
    /// Number of experiments.
    pub experiments: usize,
    /// Number of those that failed.
    pub failed: usize,
    /// The best experiment of the run that keeps all limits; none where the campaign has several objectives.
    pub best: Option<Best>,
    /// What people have decided on its proposals; none where nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Decisions>,
    /// The phases in order.
    pub phases: Vec<PhaseSummary>,
    /// How well the twin describes the run, if one was fitted.
    pub twin: Option<TwinSummary>,
    /// How it compares with the run that it repeats, if it repeats one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    /// Lab time from the begin of the run to the end of its last experiment, priming included \[s\].
    pub lab_time_s: f64,
    /// Volume taken from each stock, priming included \[mL\].
    pub reagent_ml: Map<String, Value>,
    /// What of that was spent before the first experiment.
    pub priming: PrimingSummary,
    /// Events that the simulation handled; none on a rig.
    pub simulated_events: Option<u64>,
}

/// What was spent before the first experiment, in `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrimingSummary {
    /// Lab time \[s\].
    pub lab_time_s: f64,
    /// Volume taken from each stock \[mL\].
    pub reagent_ml: Map<String, Value>,
}

/// A phase in `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseSummary {
    /// Its name.
    pub name: String,
    /// The policy that proposed.
    pub policy: String,
    /// The phase it started from.
    pub from: Option<String>,
    /// Number of experiments.
    pub experiments: usize,
    /// Number of those that failed.
    pub failed: usize,
    /// The best of them.
    pub best: Option<Best>,
    /// Lab time \[s\].
    pub lab_time_s: f64,
    /// Volume taken from each stock \[mL\].
    pub reagent_ml: Map<String, Value>,
}

/// The best compromises of a run, in `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontSummary {
    /// The experiments that no other beats in every objective, the best by the first objective first.
    pub front: Vec<Compromise>,
    /// Their hypervolume above the reference \[product of the units of the objectives\].
    pub hypervolume: f64,
    /// The worst acceptable value of each objective, from which the hypervolume is counted. Of a target, how far off it is.
    pub reference: Vec<f64>,
}

/// One of the best compromises.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compromise {
    /// Its number in the run, from 1.
    pub experiment: u64,
    /// What was set.
    pub conditions: Conditions,
    /// What was measured of each outcome that objectives and limits are about.
    pub values: Map<String, Value>,
}

impl FrontSummary {
    fn of(run: &Run<'_>) -> Option<Self> {
        let front = Front::of(run)?;
        let compromise = |&place: &usize| Compromise {
            experiment: run.experiments()[place].record.experiment,
            conditions: run.experiments()[place].record.conditions.clone(),
            values: values(run, &run.experiments()[place]),
        };
        Some(Self {
            front: front.members.iter().map(compromise).collect(),
            hypervolume: front.hypervolume,
            reference: front.worst(run),
        })
    }
}

fn values(run: &Run<'_>, e: &Experiment<'_>) -> Map<String, Value> {
    let named = run.wanted().outcomes.iter().zip(&e.values);
    named.map(|(name, value)| (name.clone(), json!(value))).collect()
}

/// All objectives of a campaign; nothing where one thing is maximised or minimised.
fn objectives(run: &Run<'_>) -> Vec<Value> {
    let Wanted { goals, .. } = run.wanted();
    if goals.is_plain() {
        return Vec::new();
    }
    let told = |(i, objective): (usize, &Objective)| {
        let (feature, unit) = (run.wanted().feature(i), run.outcome(objective.outcome).unit);
        json!({ "feature": feature, "unit": unit, "goal": objective.goal, "worst": objective.worst })
    };
    goals.objectives.iter().enumerate().map(told).collect()
}

/// The best of some experiments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Best {
    /// Its objective.
    pub value: f64,
    /// Its number in the run, from 1.
    pub experiment: u64,
    /// Its number in its phase, from 1.
    pub iteration: usize,
    /// What was set.
    pub conditions: Conditions,
}

impl Summary {
    /// Summarises a run.
    pub fn new(run: &Run<'_>, findings: &Findings, extras: &Extras) -> Self {
        let header = run.header();
        let feature = run.wanted().feature(0);
        let objective = json!({ "feature": feature, "unit": run.objective().unit });
        Self {
            scenario: header.scenario.clone(),
            scenario_sha256: header.scenario_sha256.clone(),
            flowtwin: header.flowtwin.clone(),
            seed: header.seed,
            backend: extras.backend.clone(),
            simulated: header.simulated,
            complete: run.journal().complete(),
            ended: Ended::of(run).word(),
            planned: run.planned(),
            journal_sha256: run.journal().sha256(),
            objective: if run.has_several() { Value::Null } else { objective },
            objectives: objectives(run),
            limits: run.wanted().named_limits(),
            front: FrontSummary::of(run),
            experiments: run.experiments().len(),
            failed: run.failed(),
            best: run.best().and_then(Best::of),
            decisions: Decisions::of(run),
            phases: (0..run.phases().len()).map(|i| PhaseSummary::new(run, i)).collect(),
            twin: findings.twin.as_ref().map(TwinFit::summary),
            repeat: findings.repeat.clone(),
            lab_time_s: run.lab_time_s(),
            reagent_ml: volumes(run.consumed_ml()),
            priming: PrimingSummary {
                lab_time_s: run.priming_s(),
                reagent_ml: volumes(run.primed_ml()),
            },
            simulated_events: extras.simulated_events,
        }
    }

    /// The text of `summary.json`.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a summary is plain data");
        text + "\n"
    }
}

impl PhaseSummary {
    fn new(run: &Run<'_>, index: usize) -> Self {
        let record = run.phases()[index].record;
        let experiments = run.of_phase(index);
        Self {
            name: record.name.clone(),
            policy: record.policy.clone(),
            from: record.from.clone(),
            experiments: experiments.len(),
            failed: failed(experiments),
            best: run.best_of(experiments).and_then(Best::of),
            lab_time_s: span_s(experiments),
            reagent_ml: volumes(consumed_ml(experiments)),
        }
    }
}

impl Best {
    fn of(experiment: &Experiment<'_>) -> Option<Self> {
        Some(Self {
            value: experiment.value?,
            experiment: experiment.record.experiment,
            iteration: experiment.iteration,
            conditions: experiment.record.conditions.clone(),
        })
    }
}

fn volumes(consumed_ml: Vec<(String, f64)>) -> Map<String, Value> {
    consumed_ml.into_iter().map(|(stock, ml)| (stock, json!(ml))).collect()
}
