//! The tasks of a study as its journal has them, each with what was read in it.

use flowtwin_lab::journal::{Journal, Record};
use flowtwin_lab::study::{Reading, Task};
use flowtwin_lab::{Command, Conditions, Fault, Instant};

use crate::inputs::left_by;

/// A task, with what was told and read in it.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// Its number in the study, from 1.
    pub(crate) number: u64,
    /// What was done.
    pub(crate) task: &'a Task,
    /// When it began.
    pub(crate) began: Instant,
    /// When the reference spectra were complete that it rests on.
    pub(crate) blank: Option<Instant>,
    /// What was set before, where that is known.
    pub(crate) before: Option<&'a Conditions>,
    /// What instruments were told, and when.
    pub(crate) commands: Vec<(Instant, &'a Command)>,
    /// What was read, in order.
    pub(crate) readings: Vec<&'a Reading>,
    /// What kept it from being done to its end.
    pub(crate) fault: Option<&'a Fault>,
}

impl Part<'_> {
    /// Whether it is the experiments of a phase.
    pub(crate) fn is_experiments(&self) -> bool {
        is_experiments(self.task)
    }
}

/// The tasks of a journal, in order; of one that was stopped and begun anew, what was read the last time.
pub(crate) fn parts(journal: &Journal) -> Vec<Part<'_>> {
    let mut all: Vec<Part<'_>> = Vec::new();
    let (mut blank, mut before) = (None, None);
    for record in journal.records() {
        match record {
            Record::Blank(record) => blank = Some(record.at_ns),
            Record::Experiment(record) => before = Some(&record.conditions),
            Record::Task(it) => {
                let (number, task, began) = (it.number, &it.task, it.at_ns);
                all.retain(|part| part.number < number);
                let (readings, commands) = (Vec::new(), Vec::new());
                let fault = None;
                all.push(Part { number, task, began, blank, before, commands, readings, fault });
                before = left_by(task).or(before);
            }
            Record::Command(it) => {
                let last = all.iter_mut().last().into_iter();
                last.for_each(|part| part.commands.push((it.at_ns, &it.send)));
            }
            Record::Reading(reading) => {
                all.iter_mut().last().into_iter().for_each(|part| part.readings.push(reading));
            }
            Record::Fault(fault) => {
                let last = all.last_mut().filter(|part| !is_experiments(part.task));
                last.into_iter().for_each(|part| part.fault = part.fault.or(Some(fault)));
            }
            _ => {}
        }
    }
    all
}

fn is_experiments(task: &Task) -> bool {
    matches!(task, Task::Experiments { .. })
}
