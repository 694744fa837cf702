//! Arguments of `flowtwin twin`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};
use flowtwin_twin::{PolicySpec, SurrogateSpec};

/// The sub-commands of `flowtwin twin`.
#[derive(Debug, Subcommand)]
pub enum TwinCommand {
    /// Fit a surrogate to data and write a model file, which `run --backend twin` uses as a lab.
    Fit(TwinFit),
    /// Measure how well surrogates predict unseen experiments, by repeated cross-validation.
    Evaluate(TwinEvaluate),
    /// Show what an outcome depends on: Shapley values, interactions, partial dependence, response
    /// surfaces.
    Explain(TwinExplain),
    /// Run a policy on a fitted twin, noise included, without a scenario of the lab.
    Rehearse(TwinRehearse),
}

/// Names with commas between them; one that holds a comma itself stands in double quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl FromStr for Names {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut names, mut quoted) = (vec![String::new()], false);
        for c in text.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => names.push(String::new()),
                c => names.last_mut().expect("there is a first name").push(c),
            }
        }
        if quoted {
            return Err("a double quote is not closed".into());
        }
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        match names.iter().any(String::is_empty) {
            true => Err("a name between commas is empty".into()),
            false => Ok(Self(names)),
        }
    }
}

/// What a twin learns from.
#[derive(Debug, Args)]
pub struct TwinData {
    /// A CSV file whose first line names the columns, or a run folder.
    pub data: PathBuf,
    /// The outcome: a column of the table, or a feature of the run.
    #[arg(long, value_name = "COLUMN")]
    pub target: String,
    /// The inputs; a name with a comma stands in double quotes [default: every column of numbers but the target; the
    /// inputs of the run].
    #[arg(long, value_name = "COLUMN,…")]
    pub inputs: Option<Names>,
    /// Take inputs and their ranges from this scenario [default: the ranges of the data].
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Seed of all randomness.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads; their number never changes a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin twin fit`.
#[derive(Debug, Args)]
pub struct TwinFit {
    /// What to learn from.
    #[command(flatten)]
    pub data: TwinData,
    /// The surrogate.
    #[arg(long, value_name = "NAME", default_value = "stack")]
    pub surrogate: SurrogateSpec,
    /// The model file, ending in .json, or a folder for model.json.
    #[arg(long, value_name = "PATH", default_value = "model.json")]
    pub out: PathBuf,
}

/// Arguments of `flowtwin twin evaluate`.
#[derive(Debug, Args)]
pub struct TwinEvaluate {
    /// What to learn from.
    #[command(flatten)]
    pub data: TwinData,
    /// Surrogates, separated by commas [default: all but the published ensembles].
    #[arg(long = "surrogate", value_name = "NAME,…", value_delimiter = ',')]
    pub surrogates: Vec<SurrogateSpec>,
    /// Number of folds; each is predicted from all others.
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub folds: usize,
    /// Number of repeats, each with another split.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub repeats: usize,
    /// Write scores and predictions as CSV and a page with parity plots into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `flowtwin twin explain`.
#[derive(Debug, Args)]
pub struct TwinExplain {
    /// What to learn from.
    #[command(flatten)]
    pub data: TwinData,
    /// The surrogate.
    #[arg(long, value_name = "NAME", default_value = "stack")]
    pub surrogate: SurrogateSpec,
    /// Write the values as CSV and a page with plots into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `flowtwin twin rehearse`.
#[derive(Debug, Args)]
pub struct TwinRehearse {
    /// A model that `flowtwin twin fit` wrote, or its folder.
    pub model: PathBuf,
    /// The policy that proposes experiments.
    #[arg(long, value_name = "NAME", default_value = "ei")]
    pub policy: PolicySpec,
    /// The surrogate that the policy learns with.
    #[arg(long, value_name = "NAME", default_value = "gp")]
    pub surrogate: SurrogateSpec,
    /// Number of experiments, those of the opening design included.
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub experiments: usize,
    /// Number of experiments of a Latin hypercube to open with [default: two for each input].
    #[arg(long, value_name = "N")]
    pub opening: Option<usize>,
    /// Minimise the target instead of maximising it.
    #[arg(long)]
    pub minimize: bool,
    /// Seed of all randomness.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Threads; their number never changes a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Write the experiments as CSV into this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_commas_stand_in_quotes() {
        let names = |text: &str| text.parse::<Names>().map(|names| names.0);
        assert_eq!(names(" a,b , c"), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(names("\"Conc, mM\",T"), Ok(vec!["Conc, mM".into(), "T".into()]));
        assert!(names("\"a,b").is_err() && names("a,,b").is_err() && names("").is_err());
    }
}
