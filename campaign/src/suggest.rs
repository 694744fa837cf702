//! The next experiments for a lab that people run, from the table that they keep.

mod chance;
mod page;
mod reading;

use std::num::NonZeroUsize;

use flowtwin_data::Diagnostic;
use flowtwin_data::sheet::Sheet;
use flowtwin_lab::{Conditions, Space, Streams};
use flowtwin_report::format::{said, share, significant};
use flowtwin_twin::{
    Ask, Belief, Context, Encoding, FitError, History, Model, PolicyError, Posterior as _,
    SurrogateSpec,
};
use serde::Serialize;

use crate::scenario::{Phase, Scenario};

pub use page::page;
pub use reading::{Came, Reading, came, input_value, read};

/// How likely a measured value is to lie between the ends of a prediction.
const INSIDE: f64 = 0.95;
/// Half the width of such an interval \[standard deviations\].
const WIDTH: f64 = 1.96;

/// Title of the column with sentences.
const WHY: &str = "why";

/// What to try next.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestions {
    /// The experiments, in the order in which they were chosen.
    pub experiments: Vec<Suggestion>,
    /// The phase of the scenario that the next experiment belongs to.
    pub phase: String,
    /// The policy that chose.
    pub policy: String,
    /// Rows with something measured.
    pub measured: usize,
    /// Rows that failed.
    pub failed: usize,
    /// Rows that wait for an outcome.
    pub pending: usize,
    /// What was left out or is out of the ordinary, for people.
    pub notes: Vec<String>,
}

/// One experiment to try.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// What to set.
    pub conditions: Conditions,
    /// What is expected of each outcome; none where too little has been measured.
    pub predicted: Vec<Option<Prediction>>,
    /// The probability that it betters all that has been measured; none where there is no prediction.
    pub chance: Option<f64>,
    /// The line of the row that is most like it.
    pub like_line: Option<usize>,
    /// Why it was chosen, for people.
    pub why: String,
}

/// What is expected of an outcome, in its unit; a measured value lies between the ends in 95 of 100 cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// The expected value.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Why there are no suggestions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuggestError {
    /// The table cannot be used.
    #[error(transparent)]
    Table(#[from] Diagnostic),
    /// The policy has no answer.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The rows cannot be learnt from.
    #[error("the rows cannot be learnt from: {0}")]
    Fit(#[from] FitError),
}

/// The next `count` experiments after those of a sheet; a pure function of scenario, sheet and seed.
///
/// The rows are the experiments of the scenario's phases in order: the policy is that of the phase to which the next row belongs, or
/// of the last.
///
/// # Errors
/// If the sheet makes no sense in the scenario, or the policy has no answer.
pub fn suggest(
    scenario: &Scenario,
    sheet: &Sheet,
    count: usize,
    seed: u64,
    threads: NonZeroUsize,
) -> Result<Suggestions, SuggestError> {
    let Reading { history, lines, failed, notes } = read(scenario, sheet)?;
    let done = history.next() as usize;
    let (phase, before) = phase_at(scenario.phases(), done);
    let streams = Streams::new(seed);
    let context =
        Context::new(streams.child(&format!("phase/{}", phase.name), 0)).with_threads(threads);
    let context = context.with_mechanism(scenario.mechanism());
    let space = scenario.space();
    let (asked, planned) = (done - before, phase.experiments);
    let ask = Ask { space, history: &history, count, asked, planned, cost: None };
    let proposals = phase.policy.propose(&ask, &context)?.conditions;
    let outcomes = scenario.wanted().outcomes.len();
    let models = models(space, scenario.surrogate(), (&history, outcomes), &context)?;
    let told = Told { scenario, history: &history, lines: &lines, models: &models, phase, streams };
    let experiments = proposals.into_iter().enumerate().map(|(i, c)| told.suggestion(i, c));
    Ok(Suggestions {
        experiments: experiments.collect(),
        phase: phase.name.clone(),
        policy: phase.policy.name().to_owned(),
        measured: history.trials.len() - failed,
        failed,
        pending: history.pending.len(),
        notes,
    })
}

/// The phase that experiment number `done`, from 0, belongs to, and how many come before it; the last where all are done.
fn phase_at(phases: &[Phase], done: usize) -> (&Phase, usize) {
    let mut before = 0;
    for phase in phases {
        if done < before + phase.experiments {
            return (phase, before);
        }
        before += phase.experiments;
    }
    let last = phases.last().expect("a scenario that was checked has phases");
    (last, before - last.experiments)
}

/// What is expected of each of so many outcomes at conditions; none where fewer than three values differ from nothing.
///
/// # Errors
/// If a model cannot be fitted.
pub(crate) fn expected(
    space: &Space,
    surrogate: SurrogateSpec,
    history: &History,
    (outcomes, conditions): (usize, &Conditions),
    context: &Context,
) -> Result<Vec<Option<Prediction>>, FitError> {
    let models = models(space, surrogate, (history, outcomes), context)?;
    let x = space.to_unit(conditions);
    let one = |model: &Option<Model>| model.as_ref().map(|model| predicted(model, model.at(&x)));
    Ok(models.iter().map(one).collect())
}

/// What is expected to be measured, from what is believed.
fn predicted(model: &Model, belief: Belief) -> Prediction {
    let Belief { mean, sd } = belief.with_noise(model.noise_sd());
    Prediction { mean, low: mean - WIDTH * sd, high: mean + WIDTH * sd }
}

/// A model of each of so many outcomes; none where fewer than three values differ from nothing.
fn models(
    space: &Space,
    surrogate: SurrogateSpec,
    (history, outcomes): (&History, usize),
    context: &Context,
) -> Result<Vec<Option<Model>>, FitError> {
    let encoding = Encoding::of(space);
    let model = |place: usize| {
        let (x, y) = history.outcomes(space.dim(), place);
        if y.len() < FEWEST {
            return Ok(None);
        }
        let context = context.child("suggest", place as u64);
        let mechanism = context.mechanism().and_then(|mechanism| mechanism.of_outcome(place));
        let context = context.with_mechanism(mechanism);
        encoding.fit(surrogate, x.view(), &y, &context).map(Some)
    };
    (0..outcomes).map(model).collect()
}

/// Fewest values of an outcome that are worth a model.
const FEWEST: usize = 3;

/// What suggestions are computed from.
struct Told<'a> {
    scenario: &'a Scenario,
    history: &'a History,
    lines: &'a [usize],
    models: &'a [Option<Model>],
    phase: &'a Phase,
    streams: Streams,
}

impl Told<'_> {
    fn suggestion(&self, number: usize, conditions: Conditions) -> Suggestion {
        let x = self.scenario.space().to_unit(&conditions);
        let believed = |model: &Option<Model>| Some(model.as_ref()?.at(&x));
        let beliefs: Vec<Option<Belief>> = self.models.iter().map(believed).collect();
        let predicted = self
            .models
            .iter()
            .zip(&beliefs)
            .map(|(model, belief)| Some(predicted(model.as_ref()?, (*belief)?)));
        let mut stream = self.streams.open("suggest/chance", number as u64);
        let goals = &self.scenario.wanted().goals;
        let chance = chance::of(goals, self.history, &beliefs, &mut stream);
        let nearest = chance::nearest(self.history, &x);
        Suggestion {
            predicted: predicted.collect(),
            why: self.why(chance, &beliefs, nearest.map(|place| self.lines[place])),
            like_line: nearest.map(|place| self.lines[place]),
            chance,
            conditions,
        }
    }

    fn why(&self, chance: Option<f64>, beliefs: &[Option<Belief>], line: Option<usize>) -> String {
        let design = match self.phase.policy.name() {
            "auto" if chance.is_some() => None,
            "lhs" | "sobol" | "auto" => {
                Some("first look: spread evenly over all that may be chosen")
            }
            "random" => Some("chosen at random"),
            "list" => Some("from the list of the scenario"),
            "calibrate" => Some("tells most of the free keys"),
            _ => None,
        };
        let mut words: Vec<String> = design.into_iter().map(str::to_owned).collect();
        if let Some(chance) = chance {
            words.push(format!("{} likely to better everything so far", share(chance)));
        }
        if words.is_empty() {
            words.push("at random, because too little has been measured to learn from".into());
        }
        if design.is_none() && self.is_unknown(beliefs) {
            words.push("little is known there".into());
        }
        words.extend(line.map(|line| format!("most like line {line}")));
        words.join("; ")
    }

    /// Whether an outcome is less certain than half of what it varies over the rows.
    fn is_unknown(&self, beliefs: &[Option<Belief>]) -> bool {
        let spread = |place: usize| {
            let (_, y) = self.history.outcomes(self.scenario.space().dim(), place);
            flowtwin_statistics::standard_deviation(&y)
        };
        let unsure = |(place, belief): (usize, &Option<Belief>)| {
            belief.is_some_and(|belief| belief.sd > 0.5 * spread(place))
        };
        beliefs.iter().enumerate().any(unsure)
    }
}

impl Suggestions {
    /// The rows of these experiments in a file like `sheet`: what to set, what is expected, and why.
    pub fn as_rows(&self, scenario: &Scenario, sheet: &Sheet) -> String {
        let outcomes = &scenario.wanted().outcomes;
        let more = outcomes
            .iter()
            .flat_map(|name| ["predicted", "low", "high"].map(|what| format!("{name}: {what}")));
        let more: Vec<String> = more.chain(["why".to_owned()]).collect();
        let number = |x: f64| sheet.number(&four_digits(x));
        let row = |e: &Suggestion| -> (Vec<String>, Vec<String>) {
            let inputs = e.conditions.words().map(|(_, word)| sheet.value(word));
            let cells = e.predicted.iter().flat_map(|p| match p {
                Some(p) => [number(p.mean), number(p.low), number(p.high)],
                None => [(); 3].map(|()| String::new()),
            });
            (inputs.collect(), cells.chain([e.why.clone()]).collect())
        };
        let rows: Vec<(Vec<String>, Vec<String>)> = self.experiments.iter().map(row).collect();
        sheet.with_rows(&more, &rows)
    }

    /// The experiments for people: what to set, what is expected, and why.
    pub fn table(&self, scenario: &Scenario) -> flowtwin_report::Table {
        let mut table = flowtwin_report::Table::new();
        for input in scenario.space().inputs() {
            table = table.numbers(&input.name);
        }
        for outcome in &scenario.wanted().outcomes {
            table = table.numbers(&format!("{outcome}, expected"));
        }
        table = table.words(WHY);
        for e in &self.experiments {
            let mut cells: Vec<String> = e.conditions.words().map(|(_, word)| said(word)).collect();
            cells.extend(e.predicted.iter().map(|p| p.map_or("–".into(), |p| p.in_words())));
            cells.push(e.why.clone());
            table.row(cells);
        }
        table
    }

    /// One sentence on what was read and what is suggested.
    pub fn headline(&self) -> String {
        let mut rows = vec![format!("{} measured", self.measured)];
        rows.extend((self.failed > 0).then(|| format!("{} failed", self.failed)));
        rows.extend((self.pending > 0).then(|| format!("{} waiting for an outcome", self.pending)));
        let all = self.measured + self.failed + self.pending;
        let next = flowtwin_report::format::counted(self.experiments.len(), "experiment");
        let of = flowtwin_report::format::counted(all, "row");
        format!("{next} to try next, from {of}: {}.", rows.join(", "))
    }
}

/// A number to four significant digits, as programs read it.
fn four_digits(x: f64) -> String {
    format!("{x:.3e}").parse::<f64>().map_or_else(|_| String::new(), |x| x.to_string())
}

impl Prediction {
    /// `72.1 (60.2 to 84)`.
    pub fn in_words(&self) -> String {
        let [mean, low, high] = [self.mean, self.low, self.high].map(|x| significant(x, 3));
        format!("{mean} ({low} to {high})")
    }
}
