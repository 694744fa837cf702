//! Warm starts: earlier experiments that a campaign learns from besides its own.

use std::collections::BTreeMap;
use std::path::Path;

use flowtwin_lab::{LARGEST, Space, is_sensible};
use flowtwin_twin::Trial;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::data::Data;
use super::source::Selection;
use crate::error::DataError;

/// Earlier experiments, from a run folder or a CSV file: one `[[prior]]` of a scenario.
///
/// Inputs are matched by name and unit. Ranges may differ: an experiment keeps its place, also
/// outside of the present ranges. What was read is part of the scenario that the journal records,
/// so a run can be resumed, and understood, without the earlier data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prior {
    /// The run folder or the CSV file, as it was named.
    pub data: String,
    /// The column or feature that holds the objective, where it has another name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The experiments, once they have been read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiments: Option<Vec<PriorExperiment>>,
    /// What was read, and what is hard to believe of it, for people.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// One earlier experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorExperiment {
    /// What was set, in the order of the inputs of the space.
    pub inputs: Vec<f64>,
    /// The objective, the first of several; none where it failed.
    pub outcome: Option<f64>,
    /// Every outcome that objectives and limits are about, in their order, where that is more than one objective; none for what was not
    /// measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Option<f64>>,
}

impl Prior {
    /// The data of this name, not read yet.
    pub fn new(data: impl Into<String>) -> Self {
        Self { data: data.into(), target: None, experiments: None, notes: Vec::new() }
    }

    /// Reads the experiments, unless they are there; `below` is where a relative name begins. `outcomes` are what objectives and limits
    /// are about, the objective first; of several, those count that the data have.
    ///
    /// # Errors
    /// If the data cannot be read, or lack every outcome or an input of `space`.
    pub fn read(
        &mut self,
        below: &Path,
        space: &Space,
        outcomes: &[String],
    ) -> Result<(), DataError> {
        if let Some(experiments) = &self.experiments {
            return self.check(experiments, space, outcomes.len());
        }
        let path = below.join(&self.data);
        let read: Vec<Result<Data, DataError>> = outcomes
            .iter()
            .enumerate()
            .map(|(place, outcome)| {
                let named = self.target.clone().filter(|_| place == 0);
                let target = named.unwrap_or_else(|| outcome.clone());
                let ranges = Some(space.inputs().to_vec());
                let selection = Selection { target, inputs: None, ranges, words: false };
                Data::to_begin_with(&path, &selection)
            })
            .collect();
        if read.iter().all(Result::is_err) {
            return read.into_iter().next().map_or(Ok(()), |first| first.map(drop));
        }
        for (outcome, data) in outcomes.iter().zip(&read) {
            self.notes.extend(match data {
                Ok(data) => {
                    let summary = format!("earlier experiments: {}", data.summary());
                    data.notes.iter().cloned().chain([summary]).collect()
                }
                Err(error) => {
                    vec![format!("earlier experiments say nothing of {outcome}: {error}")]
                }
            });
        }
        self.experiments = Some(joined(&read));
        Ok(())
    }

    /// Checks experiments that stand in the scenario itself.
    fn check(
        &self,
        experiments: &[PriorExperiment],
        space: &Space,
        outcomes: usize,
    ) -> Result<(), DataError> {
        for (i, PriorExperiment { inputs, outcome, values }) in experiments.iter().enumerate() {
            let name = format!("{}: experiment {}", self.data, i + 1);
            if inputs.len() != space.dim() {
                let (has, needs) = (inputs.len(), space.dim());
                let message = format!("{name} has {has} values for {needs} inputs");
                return Err(DataError::bad_input(message));
            }
            if !values.is_empty() && values.len() != outcomes {
                let has = values.len();
                let message = format!("{name} has values of {has} outcomes, there are {outcomes}");
                return Err(DataError::bad_input(message));
            }
            let numbers = inputs.iter().chain(outcome).chain(values.iter().flatten());
            if let Some(value) = numbers.into_iter().find(|value| !is_sensible(**value)) {
                let message = format!("{name} holds {value:e}, it must be within ±{LARGEST:e}");
                return Err(DataError::bad_input(message));
            }
        }
        Ok(())
    }

    /// The experiments as a policy sees them; `trial` makes one of a point of the unit cube and what was measured there: the objective,
    /// or every outcome where that is more.
    ///
    /// Those with another number of inputs than `space` are left out.
    pub fn trials(
        &self,
        space: &Space,
        trial: impl Fn(Vec<f64>, Vec<Option<f64>>) -> Trial,
    ) -> Vec<Trial> {
        let fitting = |experiment: &&PriorExperiment| experiment.inputs.len() == space.dim();
        let trial = |experiment: &PriorExperiment| {
            let PriorExperiment { inputs, outcome, values } = experiment;
            let values = if values.is_empty() { vec![*outcome] } else { values.clone() };
            trial(space.to_unit(&space.conditions(inputs.clone())), values)
        };
        self.experiments.iter().flatten().filter(fitting).map(trial).collect()
    }
}

/// Experiments with every outcome that was read, by their numbers.
fn joined(read: &[Result<Data, DataError>]) -> Vec<PriorExperiment> {
    let mut rows: BTreeMap<usize, PriorExperiment> = BTreeMap::new();
    for (place, data) in read.iter().enumerate() {
        for row in data.iter().flat_map(|data| &data.rows) {
            let experiment = rows.entry(row.number).or_insert_with(|| PriorExperiment {
                inputs: row.inputs.clone(),
                outcome: None,
                values: vec![None; read.len()],
            });
            experiment.values[place] = row.outcome;
        }
    }
    let single = read.len() == 1;
    let experiment = |mut experiment: PriorExperiment| {
        experiment.outcome = experiment.values[0];
        if single {
            experiment.values.clear();
        }
        experiment
    };
    rows.into_values().map(experiment).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flowtwin_lab::Input;

    use super::*;

    fn space(high: f64) -> Space {
        let input = |name: &str| Input::number(name, 0.0, high, 0.0);
        Space::new(vec![input("b_s"), input("a_c")], vec![]).unwrap()
    }

    fn read(name: &str, text: &str) -> Result<Prior, DataError> {
        let folder = std::env::temp_dir().join("flowtwin-prior");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), text).unwrap();
        let mut prior = Prior::new(name);
        prior.read(&folder, &space(10.0), &["pli".into()]).map(|()| prior)
    }

    fn maximised(x: Vec<f64>, values: Vec<Option<f64>>) -> Trial {
        Trial::at(x, values[0])
    }

    #[test]
    fn of_several_outcomes_those_are_read_that_the_data_have() {
        let folder = std::env::temp_dir().join("flowtwin-prior");
        fs::create_dir_all(&folder).unwrap();
        let text = "a_c,b_s,yield,cost\n5,2,40,3\n6,3,,4\n7,,60,5\n";
        fs::write(folder.join("several.csv"), text).unwrap();
        let mut prior = Prior::new("several.csv");
        let outcomes = ["yield", "colour", "cost"].map(str::to_owned);
        prior.read(&folder, &space(10.0), &outcomes).unwrap();
        let values: Vec<_> = prior.experiments.iter().flatten().map(|e| e.values.clone()).collect();
        assert_eq!(values, [[Some(40.0), None, Some(3.0)], [None, None, Some(4.0)]]);
        let told = |part: &str| prior.notes.iter().any(|note| note.contains(part));
        assert!(told("say nothing of colour") && told("`cost`"), "{:?}", prior.notes);
        let mut none = Prior::new("several.csv");
        let error = none.read(&folder, &space(10.0), &["red".into(), "blue".into()]).unwrap_err();
        assert!(error.to_string().contains("`red`"), "{error}");
        let given = PriorExperiment { inputs: vec![1.0, 2.0], outcome: None, values: vec![None] };
        let mut given = Prior { experiments: Some(vec![given]), ..Prior::new("old") };
        let error = given.read(&folder, &space(10.0), &outcomes).unwrap_err().to_string();
        assert!(error.contains("experiment 1 has values of 1 outcomes, there are 3"), "{error}");
    }

    #[test]
    fn earlier_experiments_keep_their_place_in_other_ranges_and_failures_count() {
        let prior = read("ranges.csv", "a_c,b_s,note,pli\n5,20,x,1\n10,0,y,\n1,1,z,4\n").unwrap();
        let trials =
            prior.trials(&space(10.0), |x, values| Trial::at(x, values[0].map(|value| -value)));
        assert_eq!(trials[0], Trial::at(vec![2.0, 0.5], Some(-1.0)));
        assert_eq!(trials[1].outcome, None);
    }

    #[test]
    fn an_input_that_earlier_data_lack_is_named() {
        let error = read("lacks.csv", "a_c,pli\n5,1\n6,2\n").unwrap_err().to_string();
        assert!(error.contains("no column `b_s` for the input"), "{error}");
    }

    #[test]
    fn an_input_that_never_changed_and_a_single_row_are_fine_where_ranges_are_known() {
        let fixed = read("fixed.csv", "a_c,b_s,pli\n5,2,1\n5,3,2\n5,4,3\n").unwrap();
        assert_eq!(fixed.trials(&space(10.0), maximised).len(), 3);
        let one = read("one.csv", "a_c,b_s,pli\n5,2,1\n").unwrap();
        assert_eq!(one.trials(&space(10.0), maximised).len(), 1);
        let none = read("none.csv", "a_c,b_s,pli\n,2,1\n5,,2\n").unwrap_err().to_string();
        assert!(none.contains("every row lacks an input"), "{none}");
    }

    #[test]
    fn what_was_read_and_what_lies_outside_is_told_in_a_line() {
        let text = "a_c,b_s,note,pli\n248,2,x,1\n302,3,x,2\n5,4,x,\n,4,x,5\n";
        let prior = read("outside.csv", text).unwrap();
        let told = prior.notes.last().unwrap();
        for part in [
            "2 experiments with `pli` read, inputs b_s, a_c",
            "1 without it count as failed",
            "1 left out that lack an input (5)",
            "2 outside the ranges: a_c 248 to 302 (range 0 to 10",
        ] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn experiments_that_stand_in_a_scenario_are_checked() {
        let given = |inputs: Vec<f64>, outcome| {
            let experiments = Some(vec![PriorExperiment { inputs, outcome, values: vec![] }]);
            let mut prior = Prior { experiments, ..Prior::new("old") };
            prior
                .read(Path::new(""), &space(10.0), &["pli".into()])
                .map_err(|error| error.to_string())
        };
        assert!(given(vec![1.0, 2.0], Some(3.0)).is_ok());
        let few = given(vec![1.0], Some(3.0)).unwrap_err();
        assert!(few.contains("old: experiment 1 has 1 values for 2 inputs"), "{few}");
        let large = given(vec![1.0, 2.0], Some(1e300)).unwrap_err();
        assert!(large.contains("holds 1e300"), "{large}");
    }
}
