//! What a rig has measured: run folders, and tables that people keep.

use std::path::Path;

use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::{ExperimentRecord, Journal, Record};
use flowtwin_lab::{Conditions, Streams};

use crate::experiment::Experiment;
use crate::inputs::{in_order, left_by};
use crate::parts::parts;
use crate::series::Series;
use crate::table::{Rows, rows};

/// Experiments, and what was left out.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The experiments.
    pub experiments: Vec<Experiment>,
    /// What tasks of studies read one after another.
    pub series: Vec<Series>,
    /// One sentence for each thing that was left out.
    pub notes: Vec<String>,
    /// One sentence for each table with experiments outside the ranges of the scenario. They count all the same.
    pub outside: Vec<String>,
    /// Whether any of it is simulated.
    pub simulated: bool,
}

impl Measured {
    /// Reads run folders and tables.
    ///
    /// # Errors
    /// If one cannot be read, has other inputs than the scenario, or has none of its features.
    pub fn read(scenario: &Scenario, paths: &[impl AsRef<Path>]) -> Result<Self, Diagnostic> {
        let mut measured = Self::default();
        for path in paths {
            let path = path.as_ref();
            match path.is_dir() {
                true => measured.add_run(scenario, path)?,
                false => measured.add_rows(rows(scenario, path, measured.next_run())?),
            }
        }
        if measured.experiments.is_empty() && measured.series.is_empty() {
            let message = "the data hold no experiment to learn from".to_owned();
            return Err(Diagnostic {
                hint: measured.notes.first().cloned(),
                ..Diagnostic::new(message)
            });
        }
        Ok(measured)
    }

    fn next_run(&self) -> usize {
        let of_series = self.series.iter().map(|series| series.run + 1);
        let all = self.experiments.iter().map(|experiment| experiment.run + 1).chain(of_series);
        all.max().unwrap_or(0)
    }

    fn add_rows(&mut self, rows: Rows) {
        self.experiments.extend(rows.experiments);
        self.series.extend(rows.series);
        self.notes.extend(rows.notes);
        self.outside.extend(rows.outside);
    }

    /// What a study has measured until now: experiments, heating curves, weighed deliveries and ramps.
    pub(crate) fn in_study(scenario: &Scenario, journal: &Journal) -> Result<Self, Diagnostic> {
        let mut measured = Self::default();
        measured.add_all(scenario, "this study", journal)?;
        Ok(measured)
    }

    fn add_run(&mut self, scenario: &Scenario, path: &Path) -> Result<(), Diagnostic> {
        let journal = read_journal(path).map_err(|error| Diagnostic::new(error.to_string()))?;
        self.add_all(scenario, &path.display().to_string(), &journal)
    }

    /// Adds everything that a run has measured.
    fn add_all(
        &mut self,
        scenario: &Scenario,
        name: &str,
        journal: &Journal,
    ) -> Result<(), Diagnostic> {
        let (run, parts) = (self.next_run(), parts(journal));
        for part in &parts {
            match Series::of(scenario, name, run, part) {
                Some(Ok(series)) => self.series.push(series),
                Some(Err(why)) => self.notes.push(why),
                None => {}
            }
        }
        let is_study = parts.iter().any(|part| !part.is_experiments());
        match is_study && journal.experiments().next().is_none() {
            true => {
                self.simulated |= journal.header().simulated;
                Ok(())
            }
            false => self.add_experiments(scenario, name, journal, run, |_| true),
        }
    }

    /// Adds the experiments of a journal whose phases are wanted.
    pub(crate) fn add_journal(
        &mut self,
        scenario: &Scenario,
        name: &str,
        journal: &Journal,
        wanted_phase: impl Fn(&str) -> bool,
    ) -> Result<(), Diagnostic> {
        self.add_experiments(scenario, name, journal, self.next_run(), wanted_phase)
    }

    fn add_experiments(
        &mut self,
        scenario: &Scenario,
        name: &str,
        journal: &Journal,
        run: usize,
        wanted_phase: impl Fn(&str) -> bool,
    ) -> Result<(), Diagnostic> {
        self.simulated |= journal.header().simulated;
        let inputs: Vec<&str> = journal.header().inputs.iter().map(String::as_str).collect();
        let wanted: Vec<&str> = scenario.space().inputs().iter().map(|i| i.name.as_str()).collect();
        if let Some(missing) = wanted.iter().find(|name| !inputs.contains(name)) {
            let message = format!("{name}: the run has no input {missing}");
            return Err(Diagnostic::new(message).hint(format!("it has {}", inputs.join(", "))));
        }
        let blank = journal.blank().map(|blank| blank.at_ns);
        let mut before = None;
        for record in journal.records() {
            let record = match record {
                Record::Experiment(record) if wanted_phase(&record.phase) => record,
                Record::Experiment(record) => {
                    before = in_order(scenario, &record.conditions);
                    continue;
                }
                Record::Task(task) => {
                    before = left_by(&task.task).and_then(|at| in_order(scenario, at)).or(before);
                    continue;
                }
                _ => continue,
            };
            let conditions = in_order(scenario, &record.conditions).ok_or_else(|| {
                let message = format!(
                    "{name}: experiment {} has an option that is not in this scenario",
                    record.experiment
                );
                Diagnostic::new(message)
            })?;
            let flags = record.quality.flags();
            let source = format!("{name}, experiment {}", record.experiment);
            match (&record.fault, flags.first()) {
                (Some(_), _) => self.notes.push(format!("{source} failed: left out")),
                (None, Some(flag)) => self.notes.push(format!("{source} is {flag}: left out")),
                (None, None) => self.experiments.push(Experiment {
                    source,
                    run,
                    ramp: None,
                    conditions: conditions.clone(),
                    before,
                    hours: blank.map_or(0.0, |at| record.ended_ns.since(at).as_secs() / 3600.0),
                    features: features(scenario, record),
                }),
            }
            before = Some(conditions);
        }
        self.check_features(scenario, name, journal)
    }

    fn check_features(
        &self,
        scenario: &Scenario,
        name: &str,
        journal: &Journal,
    ) -> Result<(), Diagnostic> {
        let known = |wanted: &String| journal.header().features.iter().any(|(f, _)| f == wanted);
        let wanted: Vec<String> = scenario.features().into_iter().map(|(name, _)| name).collect();
        if wanted.iter().any(known) {
            return Ok(());
        }
        let message = format!("{name}: the run has none of the features {}", wanted.join(", "));
        Err(Diagnostic::new(message))
    }
}

/// Conditions drawn from a scenario's space, by what they are for and a number; none where these cannot be set.
pub(crate) fn drawn(scenario: &Scenario, purpose: &str, number: u64) -> Option<Conditions> {
    let mut draws = Streams::new(0).open(purpose, number);
    let unit: Vec<f64> = (0..scenario.space().dim()).map(|_| draws.uniform()).collect();
    let conditions = scenario.space().from_unit(&unit);
    scenario.space().contains(&conditions).then_some(conditions)
}

fn features(scenario: &Scenario, record: &ExperimentRecord) -> Vec<Option<f64>> {
    let of = |name: &String| {
        let found = record.features.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| *value)
    };
    scenario.features().iter().map(|(name, _)| of(name)).collect()
}
