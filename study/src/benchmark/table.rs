//! The tidy table of a benchmark: a row for every experiment of every campaign.

use std::fmt::Write as _;

use super::results::Results;

/// A column of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Words.
    Text(Vec<String>),
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Numbers; none where there is none.
    Number(Vec<Option<f64>>),
}

/// A table of named columns of one length.
#[derive(Clone, Debug, PartialEq)]
pub struct Tidy {
    columns: Vec<(String, Column)>,
    rows: usize,
}

impl Tidy {
    /// The table of a benchmark. Rows are in the order of its campaigns, whatever order they were run in.
    ///
    /// Inputs and stocks that a scenario does not have are empty in its rows.
    pub fn new(results: &Results) -> Self {
        let steps = || {
            results.card.campaigns.iter().zip(&results.campaigns).flat_map(|(entry, campaign)| {
                campaign.steps.iter().enumerate().map(move |(i, step)| (entry, i, step))
            })
        };
        let scenarios = &results.card.scenarios;
        let mut columns = vec![
            ("scenario".to_owned(), text(steps().map(|(e, ..)| &scenarios[e.scenario].name))),
            ("policy".to_owned(), text(steps().map(|(e, ..)| &results.card.policies[e.policy]))),
            ("seed".to_owned(), Column::Integer(steps().map(|(e, ..)| e.seed as i64).collect())),
            ("step".to_owned(), Column::Integer(steps().map(|(_, i, _)| i as i64 + 1).collect())),
            (
                // Up to zero in the opening, then the policy's own experiments from 1.
                "own_step".to_owned(),
                Column::Integer(
                    steps()
                        .map(|(e, i, _)| {
                            i as i64 + 1 - scenarios[e.scenario].course.opened() as i64
                        })
                        .collect(),
                ),
            ),
        ];
        let names = |of: fn(&super::Arena) -> &Vec<String>| {
            let mut names: Vec<&String> = Vec::new();
            for name in scenarios.iter().flat_map(of) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        };
        for name in names(|arena| &arena.inputs) {
            columns.push((name.clone(), input(results, name)));
        }
        let mut number = |name: &str, values: Vec<Option<f64>>| {
            columns.push((name.to_owned(), Column::Number(values)));
        };
        number("outcome", steps().map(|(.., step)| step.outcome).collect());
        number("best", steps().map(|(.., step)| step.best).collect());
        number("true_best", steps().map(|(.., step)| step.true_best).collect());
        let regret = |(e, _, step): (&super::Entry, usize, &super::BenchmarkStep)| {
            results.regret(e.scenario, step)
        };
        number("simple_regret", steps().map(regret).collect());
        number("lab_time_h", steps().map(|(.., step)| Some(step.lab_time_h)).collect());
        let total = |ml: &[f64]| ml.iter().fold(0.0, |sum, ml| sum + ml);
        number("reagent_ml", steps().map(|(.., step)| Some(total(&step.consumed_ml))).collect());
        if scenarios.iter().any(|arena| arena.pool.is_some()) {
            number("top_share", steps().map(|(.., step)| step.top).collect());
        }
        for name in names(|arena| &arena.stocks) {
            let value = steps().map(|(e, _, step)| {
                let place = scenarios[e.scenario].stocks.iter().position(|n| n == name);
                place.and_then(|i| step.consumed_ml.get(i).copied())
            });
            number(&format!("{name}_ml"), value.collect());
        }
        Self { columns, rows: steps().count() }
    }

    /// The columns with their names.
    pub fn columns(&self) -> &[(String, Column)] {
        &self.columns
    }

    /// The columns with their names, to be kept.
    pub fn into_columns(self) -> Vec<(String, Column)> {
        self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The table as comma-separated values; numbers in full precision, empty where there is none.
    pub fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut csv = names.join(",") + "\n";
        for row in 0..self.rows {
            for (place, (_, column)) in self.columns.iter().enumerate() {
                if place > 0 {
                    csv.push(',');
                }
                let written = match column {
                    Column::Text(values) => write!(csv, "{}", values[row]),
                    Column::Integer(values) => write!(csv, "{}", values[row]),
                    Column::Number(values) => values[row].map_or(Ok(()), |v| write!(csv, "{v}")),
                };
                written.expect("a string takes everything");
            }
            csv.push('\n');
        }
        csv
    }
}

/// What was chosen of an input in every experiment.
fn input(results: &Results, name: &String) -> Column {
    let scenarios = &results.card.scenarios;
    let by_name = scenarios.iter().any(|arena| arena.options.contains_key(name));
    let campaigns = results.card.campaigns.iter().zip(&results.campaigns);
    let values = campaigns.flat_map(|(entry, campaign)| {
        let arena = &scenarios[entry.scenario];
        let place = arena.inputs.iter().position(|known| known == name);
        let value = move |step: &super::BenchmarkStep| step.conditions.get(place?).copied();
        campaign.steps.iter().map(move |step| (arena.options.get(name), value(step)))
    });
    match by_name {
        true => Column::Text(values.map(|(options, value)| chosen(options, value)).collect()),
        false => Column::Number(values.map(|(_, value)| value).collect()),
    }
}

/// What was chosen: an option by its name, or a number where another scenario has an input of that name; nothing where there is none.
fn chosen(options: Option<&Vec<String>>, value: Option<f64>) -> String {
    let Some(value) = value else { return String::new() };
    let option = options.and_then(|options| options.get(value as usize));
    option.cloned().unwrap_or_else(|| value.to_string())
}

fn text<'a>(values: impl Iterator<Item = &'a String>) -> Column {
    Column::Text(values.cloned().collect())
}
