//! What the journal of a study tells.

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::Journal;
use flowtwin_lab::study::Task;

use super::findings::Findings;
use super::{flow, heat, light, ramp, replicates, tracer};
use crate::parts::parts;

impl Findings {
    /// What a journal of a study tells.
    ///
    /// # Errors
    /// If its scenario is understood no more.
    pub fn of(journal: &Journal) -> Result<Self, Diagnostic> {
        let header = journal.header();
        let definition = &header.definition;
        let scenario = Scenario::recorded(definition)?;
        let mut found = Self::marked(header.simulated);
        let mut steps = Vec::new();
        for part in parts(journal) {
            match part.task {
                Task::Heat(task) => heat::add(&mut found, definition, task, &part),
                Task::Light(_) => light::add(&mut found, &scenario, &part),
                Task::Deliver(task) => flow::weighed(&mut found, definition, task, &part),
                Task::Tracer(task) => {
                    steps.extend(tracer::add(&mut found, &scenario, task, &part));
                }
                Task::Ramp(task) => ramp::add(&mut found, &scenario, &part, task),
                Task::Experiments { phase } if phase == flow::BY_LIGHT => {
                    flow::by_light(&mut found, &scenario, journal);
                }
                Task::Experiments { phase } if is_replicated(journal, phase) => {
                    replicates::add(&mut found, &scenario, journal, phase);
                }
                Task::Experiments { .. } | Task::ChosenRamp(_) => {}
            }
            if let Some(fault) = part.fault {
                let (number, name) = (part.number, part.task.name());
                found.notes.push(format!("task {number} ({name}): {fault}"));
            }
        }
        tracer::together(&mut found, &steps);
        found.beside(definition);
        Ok(found)
    }
}

/// Whether a phase measures the same conditions again and again.
fn is_replicated(journal: &Journal, phase: &str) -> bool {
    let all: Vec<_> = journal.experiments().filter(|record| record.phase == phase).collect();
    all.len() > 1 && all.iter().all(|other| other.conditions == all[0].conditions)
}
