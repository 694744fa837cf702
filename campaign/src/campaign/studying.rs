//! A study: tasks in their order, in place of the phases.

use flowtwin_lab::journal::{Journal, Record, Sink, TaskRecord, Writer};
use flowtwin_lab::layer::Journaled;
use flowtwin_lab::study::{Reading, Task};
use flowtwin_lab::{Blank, Fault, FaultKind, Lab};

use super::{Campaign, CampaignError, Halt, UnderWay};

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// Carries out every task. The reference spectra are taken before the first that needs them.
    ///
    /// On a rig that goes on, tasks that are done are not done again; the one in which it was stopped begins anew.
    pub(super) fn study(&mut self) -> Result<(), Halt> {
        self.head()?;
        let mut blank: Option<Blank> = None;
        let scenario = self.campaign.scenario;
        let (done, begun) = self.there.map_or((0, None), so_far);
        for (place, task) in scenario.study().iter().enumerate() {
            let is_of_experiments = matches!(task, Task::Experiments { .. });
            if place < done && !is_of_experiments {
                continue;
            }
            if task.needs_blank() && blank.is_none() {
                blank = Some(match self.there.and_then(Journal::blank) {
                    Some(blank) => blank.blank(),
                    None => self.reference()?,
                });
            }
            let chosen = self.chosen(place, task)?;
            let task = chosen.as_ref().unwrap_or(task);
            let is_begun = place < done || begun == Some(place) && is_of_experiments;
            if !is_begun {
                let at_ns = self.lab.now();
                let record = TaskRecord { number: place as u64 + 1, at_ns, task: task.clone() };
                self.lab.record(&Record::Task(record))?;
            }
            self.observer.task(place + 1, scenario.study().len(), task);
            let none = Blank::default();
            self.task(task, blank.as_ref().unwrap_or(&none))?;
        }
        Ok(())
    }

    /// The ramp in the place of one that is chosen when its turn comes, or that is recorded as chosen; none for any other task.
    fn chosen(&mut self, place: usize, task: &Task) -> Result<Option<Task>, Halt> {
        let Task::ChosenRamp(task) = task else { return Ok(None) };
        if let Some(known) = self.recorded_ramps.get(&(place as u64 + 1)) {
            return Ok(Some(Task::Ramp(known.clone())));
        }
        let no_ramp = |why: String| Halt::Error(CampaignError::NoRamp { task: place + 1, why });
        if self.campaign.only_recorded {
            return Err(Fault::new(self.lab.now(), "replay", FaultKind::Interrupted).into());
        }
        let chooses = self.campaign.scenario.chooses_ramps().cloned();
        let chooses =
            chooses.ok_or_else(|| no_ramp("only `flowtwin study` chooses ramps".into()))?;
        let so_far = self.lab.writer().so_far();
        let so_far = so_far.ok_or_else(|| no_ramp("nothing was kept of the journal".into()))?;
        let task = task.clone();
        let ramp = self.thinking(move || chooses.choose(&task, &so_far))?;
        Ok(Some(Task::Ramp(ramp.map_err(|why| no_ramp(why.to_string()))?)))
    }

    /// Carries out one task. What keeps only this one from being done is recorded, and the next one follows.
    fn task(&mut self, task: &Task, blank: &Blank) -> Result<(), Halt> {
        let scenario = self.campaign.scenario;
        if let Task::Experiments { phase } = task {
            let place = scenario.phases().iter().position(|known| known.name == *phase);
            return place.map_or(Ok(()), |place| self.phase(place, blank));
        }
        let procedure = scenario.procedure();
        self.enough(&procedure.task_needs_ul(self.lab.manifest(), task))?;
        let mut note = |lab: &mut Journaled<_, S>, reading: Reading| {
            lab.record(&Record::Reading(Box::new(reading)))
        };
        let done = procedure.carry_out(&mut self.lab, blank, scenario.space(), task, &mut note);
        self.tell_what_is_left();
        match done {
            Err(fault) if is_of_the_task(&fault) => Ok(self.lab.record(&Record::Fault(fault))?),
            done => Ok(done?),
        }
    }
}

impl Campaign<'_> {
    /// The same writer; if ramps are chosen by what was measured, it keeps what it writes behind the journal that is there.
    pub(super) fn kept_if_read<S: Sink>(
        &self,
        writer: Writer<S>,
        there: Option<&Journal>,
    ) -> Writer<S> {
        match self.scenario.study().iter().any(|task| matches!(task, Task::ChosenRamp(_))) {
            true => writer.keeping(there.map_or(&[], Journal::bytes)),
            false => writer,
        }
    }
}

/// How many tasks of a journal are done, and the place of the one that was under way at its end.
fn so_far(journal: &Journal) -> (usize, Option<usize>) {
    let number = |record: &Record| match record {
        Record::Task(task) => Some(task.number as usize),
        _ => None,
    };
    match journal.records().iter().rev().find_map(number) {
        Some(last) if journal.ended() => (last, None),
        Some(last) => (last - 1, Some(last - 1)),
        None => (0, None),
    }
}

/// Whether a fault keeps a study from one task, and not from the next.
fn is_of_the_task(fault: &Fault) -> bool {
    let is_refused = matches!(fault.kind, FaultKind::Refused { .. });
    !fault.kind.stops_campaign() || is_refused && !fault.is_of_the_rig()
}
