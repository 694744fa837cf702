//! Experiments side by side, on a lab that can have several under way.
//!
//! What is done follows from the records of the phase and from the order of answers alone: as many experiments are asked for as the
//! lab can have under way, then one answer is taken, and so on. A run that goes on reads its records, and is where it was.

use std::num::NonZeroU32;

use flowtwin_lab::journal::{
    Asked, Decided, Decision, ExperimentRecord, Record, Sink, SpoiledRecord,
};
use flowtwin_lab::{
    Answered, Command, Conditions, Fault, FaultKind, Instant, Lab, Observation, Reply, Span,
};
use flowtwin_twin::{History, Spent, Stop};

use super::costs::ml;
use super::deciding::{Place, Turn};
use super::spoiled::TRIES;
use super::{Halt, UnderWay};
use crate::scenario::Phase;

/// An experiment that has been asked for and has not ended.
#[derive(Debug)]
struct Task {
    conditions: Conditions,
    /// Whether a person has added it.
    added: bool,
    /// The requests for it. More than one where earlier ones were spoiled; their answers are still taken.
    requests: Vec<u64>,
    /// Whether the last request waits for its answer.
    open: bool,
    /// When it was asked for last.
    asked: Instant,
    /// How often it was spoiled since this process began.
    spoiled: usize,
}

impl Task {
    fn new(asked: &Asked) -> Self {
        Self {
            conditions: asked.conditions.clone(),
            added: asked.added,
            requests: vec![asked.request],
            open: true,
            asked: asked.at_ns,
            spoiled: 0,
        }
    }

    fn first(&self) -> u64 {
        self.requests[0]
    }

    fn last(&self) -> u64 {
        self.requests[self.requests.len() - 1]
    }
}

/// How far a phase is.
#[derive(Debug)]
struct Progress {
    /// What has ended; of what is pending only what was skipped.
    history: History,
    /// How many experiments it began with.
    inherited: usize,
    skipped: usize,
    tasks: Vec<Task>,
    spent: Spent,
    /// The lab time that has been counted.
    counted: Spans,
    /// What was decided last and has not been asked for yet.
    decided: Option<Decided>,
    /// Whether a list of conditions has come to its end.
    is_over: bool,
}

impl Progress {
    fn new(history: History) -> Self {
        Self {
            inherited: history.trials.len(),
            history,
            skipped: 0,
            tasks: Vec::new(),
            spent: Spent::default(),
            counted: Spans::default(),
            decided: None,
            is_over: false,
        }
    }

    /// Experiments of the phase that have ended or are under way.
    fn begun(&self) -> usize {
        let ended = self.history.trials.len() - self.inherited - self.history.added;
        ended + self.tasks.iter().filter(|task| !task.added).count()
    }

    fn ask(&mut self, asked: &Asked) {
        self.decided = None;
        let repeats = |task: &&mut Task| Some(task.first()) == asked.repeats;
        match self.tasks.iter_mut().find(repeats) {
            Some(task) => {
                task.requests.push(asked.request);
                (task.open, task.asked) = (true, asked.at_ns);
            }
            None => self.tasks.push(Task::new(asked)),
        }
    }

    /// The experiment that a request was for.
    fn task_of(&mut self, request: u64) -> Option<&mut Task> {
        self.tasks.iter_mut().find(|task| task.requests.contains(&request))
    }

    /// Takes the experiment away that a request was for.
    fn take(&mut self, request: u64) -> Option<Task> {
        let place = self.tasks.iter().position(|task| task.requests.contains(&request))?;
        Some(self.tasks.remove(place))
    }

    /// Counts what an experiment took, one that was spoiled included: lab time in which another was under way only once.
    fn spend(&mut self, started: Instant, ended: Instant, consumed_ml: &[(String, f64)]) {
        self.spent.lab_time_s += self.counted.add(started, ended).as_secs();
        self.spent.reagent_ml += ml(consumed_ml);
    }
}

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// Does the experiments of a phase, several at once. What is known at the end, and the rule that ended it.
    pub(super) fn side_by_side(
        &mut self,
        phase: &Phase,
        at_once: NonZeroU32,
        history: History,
    ) -> Result<(History, Option<Stop>), Halt> {
        // Who decides sees what came of everything before.
        let at_once = if self.campaign.reviewer.is_some() { 1 } else { at_once.get() as usize };
        let mut progress = Progress::new(history);
        self.read_back(phase, &mut progress)?;
        loop {
            while self.has_more(phase, &progress) && progress.tasks.len() < at_once {
                if let Some(stop) = self.stop(phase, &progress.history, progress.spent)? {
                    if progress.tasks.is_empty() {
                        return Ok((progress.history, Some(stop)));
                    }
                    break;
                }
                self.ask_for_one(phase, &mut progress)?;
            }
            if progress.tasks.is_empty() {
                return Ok((progress.history, None));
            }
            self.receive(phase, &mut progress)?;
        }
    }

    fn has_more(&self, phase: &Phase, progress: &Progress) -> bool {
        !progress.is_over && progress.begun() < phase.experiments
    }

    /// What is recorded of a phase; what was under way when that was written is waited for, or asked for again.
    fn read_back(&mut self, phase: &Phase, progress: &mut Progress) -> Result<(), Halt> {
        let Some(journal) = self.there else { return Ok(()) };
        for record in journal.records() {
            match record {
                Record::Decided(decided) if decided.phase == phase.name => {
                    self.decided.pop_front();
                    self.note(progress, decided);
                }
                Record::Asked(asked) if asked.phase == phase.name => {
                    if progress.decided.is_none() && asked.repeats.is_none() {
                        self.settle(&Decision::Accept);
                    }
                    progress.ask(asked);
                    self.requests = self.requests.max(asked.request);
                }
                Record::Spoiled(spoiled) if spoiled.phase == phase.name => {
                    self.use_up(&spoiled.consumed_ml);
                    progress.spend(spoiled.started_ns, spoiled.ended_ns, &spoiled.consumed_ml);
                    let task = spoiled.request.and_then(|request| progress.task_of(request));
                    task.into_iter().for_each(|task| task.open = false);
                }
                Record::Experiment(record) if record.phase == phase.name => {
                    let task = record.request.and_then(|request| progress.take(request));
                    let observation = self.happened(record)?;
                    self.learn(progress, &observation, task.is_some_and(|task| task.added));
                }
                _ => {}
            }
        }
        // Nothing that follows can have been earlier.
        self.lab.wait_until(journal.last_at())?;
        for place in 0..progress.tasks.len() {
            let task = &mut progress.tasks[place];
            if !task.open {
                self.repeat(phase, progress, place)?;
                continue;
            }
            let (request, conditions) = (task.last(), task.conditions.clone());
            self.lab.send(&Command::Request { request, conditions, again: true })?;
        }
        Ok(())
    }

    /// Takes note of what was decided on a proposal.
    fn note(&self, progress: &mut Progress, decided: &Decided) {
        progress.decided = None;
        self.settle(&decided.decision);
        match decided.decision {
            Decision::Skip => self.skip(progress, &decided.proposed),
            _ => progress.decided = Some(decided.clone()),
        }
    }

    fn skip(&self, progress: &mut Progress, conditions: &Conditions) {
        // As if it were under way: so it is not proposed again.
        progress.history.pending.push(self.campaign.scenario.space().to_unit(conditions));
        progress.skipped += 1;
    }

    fn learn(&mut self, progress: &mut Progress, observation: &Observation, added: bool) {
        self.costs.learn(observation);
        progress.spend(observation.started, observation.ended, &observation.consumed_ml);
        progress.history.trials.push(self.campaign.scenario.trial(observation));
        progress.history.added += usize::from(added);
    }

    /// Asks for what the policy proposes, which knows of what is under way.
    fn ask_for_one(&mut self, phase: &Phase, progress: &mut Progress) -> Result<(), Halt> {
        if self.campaign.only_recorded {
            return Err(Fault::new(self.lab.now(), "replay", FaultKind::Interrupted).into());
        }
        self.take_fillings()?;
        self.stand_still()?;
        let space = self.campaign.scenario.space();
        let mut history = progress.history.clone();
        history.pending.extend(progress.tasks.iter().map(|task| space.to_unit(&task.conditions)));
        history.added += progress.tasks.iter().filter(|task| task.added).count();
        let place = Place { done: progress.begun(), skipped: progress.skipped };
        let turn = match progress.decided.take() {
            Some(decided) => Some(Turn::of(decided)),
            None => self.asked_live(phase, &history, place)?,
        };
        match turn {
            None => progress.is_over = true,
            Some(Turn::Skip(conditions)) => self.skip(progress, &conditions),
            Some(Turn::Experiment { conditions, added }) => {
                let repeats = None;
                self.request(phase, progress, &Wanted { conditions, repeats, added })?;
            }
        }
        Ok(())
    }

    fn request(
        &mut self,
        phase: &Phase,
        progress: &mut Progress,
        wanted: &Wanted,
    ) -> Result<(), Halt> {
        self.requests += 1;
        let (request, phase, conditions) =
            (self.requests, phase.name.clone(), wanted.conditions.clone());
        let Wanted { repeats, added, .. } = *wanted;
        let at_ns = self.lab.now();
        let asked = Asked { at_ns, request, phase, conditions: conditions.clone(), repeats, added };
        self.lab.record(&Record::Asked(Box::new(asked.clone())))?;
        self.lab.send(&Command::Request { request, conditions, again: false })?;
        progress.ask(&asked);
        Ok(())
    }

    /// Asks once more for an experiment that was spoiled.
    fn repeat(&mut self, phase: &Phase, progress: &mut Progress, place: usize) -> Result<(), Halt> {
        let Task { conditions, added, requests, .. } = &progress.tasks[place];
        let wanted =
            Wanted { conditions: conditions.clone(), repeats: Some(requests[0]), added: *added };
        self.request(phase, progress, &wanted)
    }

    /// Waits for the next answer, and takes it.
    fn receive(&mut self, phase: &Phase, progress: &mut Progress) -> Result<(), Halt> {
        let answered = loop {
            match self.lab.send(&Command::Receive) {
                Ok(Reply::Answered(answered)) => break *answered,
                Err(fault) if fault.kind == FaultKind::NotReady => {
                    // For a moment, in which somebody may ask for the end.
                    let now = self.lab.now();
                    self.lab.wait_until(now)?;
                }
                Err(fault) => return Err(fault.into()),
                Ok(other) => {
                    let detail = format!("an answer to a request was asked for, not {other:?}");
                    let kind = FaultKind::Garbled { detail };
                    return Err(Fault::new(self.lab.now(), "lab", kind).into());
                }
            }
        };
        let (request, failed) = (answered.request, answered.report.fault.is_some());
        match progress.tasks.iter().position(|task| task.requests.contains(&request)) {
            // Of what was given up before only a result counts.
            Some(place) if !failed || progress.tasks[place].last() == request => {
                self.take(phase, progress, place, answered)
            }
            _ => {
                self.observer.left_out(request);
                Ok(())
            }
        }
    }

    fn take(
        &mut self,
        phase: &Phase,
        progress: &mut Progress,
        place: usize,
        answered: Answered,
    ) -> Result<(), Halt> {
        let (request, task) = (answered.request, &progress.tasks[place]);
        let (conditions, asked) = (task.conditions.clone(), task.asked);
        let procedure = self.campaign.scenario.procedure();
        let observation = procedure.answered(&self.lab, &conditions, asked, answered);
        if let Some(fault) = observation.fault.as_ref().filter(|f| f.kind == FaultKind::Interrupted)
        {
            // Not an outcome of the conditions: a resumed run does this experiment again.
            return Err(fault.clone().into());
        }
        if let Some(fault) = self.spoiled_by(&observation) {
            let number = self.number + 1;
            let record = SpoiledRecord::new(number, &phase.name, &observation, fault.clone());
            return self.spoil(phase, progress, place, record.of_request(request));
        }
        let task = progress.tasks.remove(place);
        let record = ExperimentRecord::new(self.number + 1, &phase.name, &observation);
        let observation = self.ended_now(record.of_request(request), &conditions, false)?;
        // Once it is recorded: a run that is killed in between must not lose it.
        if task.last() != request {
            self.lab.send(&Command::Forget { request: task.last() })?;
        }
        self.learn(progress, &observation, task.added);
        Ok(())
    }

    /// Records that an experiment was spoiled, and asks for it again, a few times in all.
    fn spoil(
        &mut self,
        phase: &Phase,
        progress: &mut Progress,
        place: usize,
        record: SpoiledRecord,
    ) -> Result<(), Halt> {
        self.use_up(&record.consumed_ml);
        progress.spend(record.started_ns, record.ended_ns, &record.consumed_ml);
        let fault = record.fault.clone();
        self.lab.record(&Record::Spoiled(Box::new(record)))?;
        self.by_hand.pass(true);
        self.tell_what_is_left();
        let task = &mut progress.tasks[place];
        (task.open, task.spoiled) = (false, task.spoiled + 1);
        let times = task.spoiled;
        let passes = times < TRIES && !concerns_all(&fault.kind);
        if passes || self.observer.repeats(&mut self.lab, &fault, times) {
            return self.repeat(phase, progress, place);
        }
        Err(fault.into())
    }
}

/// Whether a fault that one experiment has met concerns the whole lab: nothing goes on without somebody who says so.
fn concerns_all(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Interlock { .. }
            | FaultKind::NotSafe { .. }
            | FaultKind::SensorOpen
            | FaultKind::Unwatched { .. }
            | FaultKind::Changed { .. }
            | FaultKind::Unlike { .. }
            | FaultKind::Moved { .. }
    )
}

/// Stretches of time that do not overlap, in their order.
#[derive(Debug, Default)]
struct Spans(Vec<(Instant, Instant)>);

impl Spans {
    /// Adds a stretch; how much of it was not there yet.
    fn add(&mut self, from: Instant, to: Instant) -> Span {
        let to = to.max(from);
        let begin = self.0.partition_point(|(_, end)| *end < from);
        let end = self.0.partition_point(|(begin, _)| *begin <= to);
        let there = self.0.drain(begin..end);
        let (mut whole, mut known) = ((from, to), Span::ZERO);
        for (begin, end) in there {
            if end > from && begin < to {
                known = known + end.min(to).since(begin.max(from));
            }
            whole = (whole.0.min(begin), whole.1.max(end));
        }
        self.0.insert(begin, whole);
        to.since(from) - known
    }
}

/// What is asked for.
struct Wanted {
    conditions: Conditions,
    repeats: Option<u64>,
    added: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_time_is_counted_once_in_whatever_order_it_is_told() {
        let at = |seconds: f64| Instant::from_secs(seconds);
        let mut spans = Spans::default();
        let mut add = |from, to| spans.add(at(from), at(to));
        assert_eq!(add(3000.0, 3600.0), Span::from_secs(600.0));
        assert_eq!(add(0.0, 100.0), Span::from_secs(100.0), "what is told late counts");
        assert_eq!(add(50.0, 150.0), Span::from_secs(50.0));
        assert_eq!(add(60.0, 140.0), Span::from_secs(0.0));
        assert_eq!(add(140.0, 3010.0), Span::from_secs(2850.0));
        assert_eq!(add(0.0, 4000.0), Span::from_secs(400.0));
        assert_eq!(
            add(5000.0, 4900.0),
            Span::from_secs(0.0),
            "an end before its begin is not a time"
        );
    }
}
