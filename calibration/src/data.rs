//! What a rig has measured: run folders, and tables that people keep.

use std::path::Path;

use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_campaign::suggest::{Came, came, input_value};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_data::sheet::{Sheet, SheetRow};
use flowtwin_lab::journal::{ExperimentRecord, Journal, Record};
use flowtwin_lab::study::Task;
use flowtwin_lab::{Conditions, Input, Observation, Streams};
use flowtwin_report::extrapolated::{Range, outside};

use crate::parts::parts;
use crate::series::Series;

/// One experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Where it comes from: a run and a number, or a file and a line.
    pub source: String,
    /// The run it belongs to, from 0: experiments of one run share their fills and reference spectra.
    pub run: usize,
    /// The ramp of its run on which it was read, where it is the reading of one.
    pub ramp: Option<String>,
    /// What was set.
    pub conditions: Conditions,
    /// What was set in the experiment before it, where that is known.
    pub before: Option<Conditions>,
    /// Time since the reference spectra were taken \[h\]; 0 where nobody says.
    pub hours: f64,
    /// Features, in the order of the scenario; none for one that was not read.
    pub features: Vec<Option<f64>>,
}

impl Experiment {
    /// An experiment that has just been observed; none if it failed or is flagged.
    pub fn observed(
        scenario: &Scenario,
        seen: &Observation,
        before: Option<&Conditions>,
        hours: f64,
    ) -> Option<Self> {
        if seen.failed() || !seen.outcome.quality.flags().is_empty() {
            return None;
        }
        let conditions = in_order(scenario, &seen.conditions)?;
        Some(Self {
            source: String::new(),
            run: 0,
            ramp: None,
            conditions,
            before: before.and_then(|before| in_order(scenario, before)),
            hours,
            features: scenario.features().iter().map(|(name, _)| seen.feature(name)).collect(),
        })
    }
}

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
                false => measured.add_table(scenario, path)?,
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

    fn add_run(&mut self, scenario: &Scenario, path: &Path) -> Result<(), Diagnostic> {
        let journal = read_journal(path).map_err(|error| Diagnostic::new(error.to_string()))?;
        let (name, run) = (path.display().to_string(), self.next_run());
        for part in parts(&journal) {
            match Series::of(scenario, &name, run, &part) {
                Some(Ok(series)) => self.series.push(series),
                Some(Err(why)) => self.notes.push(why),
                None => {}
            }
        }
        let is_study = parts(&journal).iter().any(|part| !part.is_experiments());
        match is_study && journal.experiments().next().is_none() {
            true => {
                self.simulated |= journal.header().simulated;
                Ok(())
            }
            false => self.add_experiments(scenario, &name, &journal, run, |_| true),
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

    fn add_table(&mut self, scenario: &Scenario, path: &Path) -> Result<(), Diagnostic> {
        let inputs: Vec<String> =
            scenario.space().inputs().iter().map(|input| input.name.clone()).collect();
        let all: Vec<String> = scenario.features().into_iter().map(|(name, _)| name).collect();
        let csv = flowtwin_data::learnt::Csv::read(path)?;
        let there = |name: &&String| csv.header().iter().any(|cell| cell.text == **name);
        let present: Vec<String> = all.iter().filter(there).cloned().collect();
        if present.is_empty() {
            let message = format!("{}: no column is a feature", path.display());
            return Err(Diagnostic::new(message)
                .hint(format!("the features of the scenario are {}", all.join(", "))));
        }
        let sheet = Sheet::read(path, &inputs, &present)?;
        // A column that says where a row belongs, unless the name means something else here.
        let belonging = |name: &str| {
            let column = csv.header().iter().position(|cell| cell.text == name)?;
            let taken = inputs.iter().chain(&all).any(|known| known == name);
            (!taken).then(|| csv.column(column).map(|cell| cell.text.clone()).collect::<Vec<_>>())
        };
        let (of_run, of_ramp) = (belonging("run"), belonging("ramp"));
        let first = self.next_run();
        let mut runs: Vec<&str> = Vec::new();
        for (i, row) in sheet.rows().iter().enumerate() {
            let name = of_run.as_ref().map_or("", |names| &names[i]);
            let place = runs.iter().position(|known| *known == name).unwrap_or(runs.len());
            if place == runs.len() {
                runs.push(name);
            }
            // A row beside the ramps belongs to none of them.
            let named =
                |names: &Vec<String>| Some(names[i].clone()).filter(|name| !name.is_empty());
            let ramp = of_ramp.as_ref().and_then(named);
            let belongs = Belongs { run: first + place, ramp };
            self.add_row(scenario, path, (&sheet, row), (&all, &present), belongs)?;
        }
        self.note_outside(scenario, path, first);
        Ok(())
    }

    /// Says which experiments from a run on lie outside the ranges of the scenario.
    fn note_outside(&mut self, scenario: &Scenario, path: &Path, first: usize) {
        let range =
            |input: &Input| Range { name: input.name.clone(), low: input.low, high: input.high };
        let ranges: Vec<Range> = scenario.space().inputs().iter().map(range).collect();
        let added = self.experiments.iter().filter(|experiment| experiment.run >= first);
        let rows: Vec<Vec<f64>> = added.map(|e| e.conditions.values().to_vec()).collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let found = outside(&ranges, &rows);
        self.outside.extend(found.map(|found| format!("{}: {found}", path.display())));
    }

    fn add_row(
        &mut self,
        scenario: &Scenario,
        path: &Path,
        (sheet, row): (&Sheet, &SheetRow),
        (all, present): (&[String], &[String]),
        Belongs { run, ramp }: Belongs,
    ) -> Result<(), Diagnostic> {
        let source = format!("{}, line {}", path.display(), row.line);
        let outcomes = match came(sheet, row)? {
            Came::Of(outcomes) => outcomes,
            Came::Nothing => {
                self.notes.push(format!("{source} failed: left out"));
                return Ok(());
            }
            Came::NotYet => {
                self.notes.push(format!("{source} has no outcome: left out"));
                return Ok(());
            }
        };
        let inputs = row.inputs.iter().zip(scenario.space().inputs());
        let values = inputs.map(|(entry, input)| input_value(sheet, entry, input));
        let feature =
            |name: &String| present.iter().position(|p| p == name).and_then(|at| outcomes[at]);
        self.experiments.push(Experiment {
            source,
            run,
            ramp,
            conditions: scenario.space().conditions(values.collect::<Result<_, _>>()?),
            before: None,
            hours: 0.0,
            features: all.iter().map(feature).collect(),
        });
        Ok(())
    }
}

/// What a task of a study leaves in the lines, where that is known.
fn left_by(task: &Task) -> Option<&Conditions> {
    match task {
        Task::Tracer(task) => Some(&task.to),
        Task::Ramp(task) => Some(&task.to),
        _ => None,
    }
}

/// Where a row of a table belongs.
struct Belongs {
    run: usize,
    ramp: Option<String>,
}

/// Conditions drawn from a scenario's space, by what they are for and a number; none where these cannot be set.
pub(crate) fn drawn(scenario: &Scenario, purpose: &str, number: u64) -> Option<Conditions> {
    let mut draws = Streams::new(0).open(purpose, number);
    let unit: Vec<f64> = (0..scenario.space().dim()).map(|_| draws.uniform()).collect();
    let conditions = scenario.space().from_unit(&unit);
    scenario.space().contains(&conditions).then_some(conditions)
}

/// Conditions in the order of the scenario's inputs; none where one is missing, or an option that the scenario does not have.
fn in_order(scenario: &Scenario, conditions: &Conditions) -> Option<Conditions> {
    let space = scenario.space();
    let values = space.inputs().iter().map(|input| space.value(input, conditions));
    Some(space.conditions(values.collect::<Option<_>>()?))
}

fn features(scenario: &Scenario, record: &ExperimentRecord) -> Vec<Option<f64>> {
    let of = |name: &String| {
        let found = record.features.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| *value)
    };
    scenario.features().iter().map(|(name, _)| of(name)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A journal knows an option by its name, and may have the inputs in another order.
    #[test]
    fn options_of_a_journal_are_what_was_chosen() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let scenario = Scenario::load(&root.join("scenarios/ester-equivalents.toml")).unwrap();
        let read = |catalyst: &str| {
            let text = format!(
                r#"{{"catalyst":"{catalyst}","equivalents":2.0,"reaction_time_s":300.0,"oven_c":90.0}}"#
            );
            in_order(&scenario, &serde_json::from_str(&text).unwrap())
        };
        let flow = |catalyst: &str, pump: &str| {
            let conditions = read(catalyst).unwrap();
            scenario.procedure().recipe().settings(&conditions).flow(&pump.into()).ul_per_min()
        };
        assert!(flow("strong", "strong") > 100.0 && flow("strong", "acid").abs() < 1e-9);
        assert!(flow("weak", "acid") > 100.0 && flow("weak", "strong").abs() < 1e-9);
        assert_eq!(read("none"), None);
    }
}
