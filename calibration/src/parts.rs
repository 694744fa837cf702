//! The tasks of a study as its journal has them, each with what was read in it.

use flowtwin_lab::Fault;
use flowtwin_lab::journal::{Journal, Record};
use flowtwin_lab::study::{Reading, Task};

/// A task, and what was read in it.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// Its number in the study, from 1.
    pub(crate) number: u64,
    /// What was done.
    pub(crate) task: &'a Task,
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
    for record in journal.records() {
        match record {
            Record::Task(it) => {
                let (number, task) = (it.number, &it.task);
                all.retain(|part| part.number < number);
                all.push(Part { number, task, readings: Vec::new(), fault: None });
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
