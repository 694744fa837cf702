//! The command line: what may be typed.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Rehearse, test and run the campaigns of a self-driving fluidic lab.
///
/// Data goes to stdout, narration and progress to stderr. Exit codes: 0 done, 1 the thing failed, 2 bad input,
/// 3 a fault stopped the rig and it is safe, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "flowtwin", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run all phases of a campaign and write its run folder.
    Run(Run),
    /// Run one experiment and show what it measured.
    Experiment(Experiment),
    /// Validate scenarios, and compare them with their snapshots.
    Check(Check),
    /// Run a recorded campaign again and compare.
    Replay(Replay),
    /// Rebuild the report and tables of a run folder from its journal.
    Report(Report),
}

/// Where experiments are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The simulator.
    #[default]
    Sim,
    /// The drivers of the real instruments, talking bytes to emulated ones over the simulator.
    Emulated,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sim => "sim",
            Self::Emulated => "emulated",
        })
    }
}

/// Arguments of `flowtwin run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where the experiments are done.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Run folder [default: runs/<scenario>-<seed>].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on with the run in this folder; finished experiments are not repeated.
    #[arg(long)]
    pub resume: bool,
    /// Threads for the twin; they never change a result [default: all cores].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin experiment`.
#[derive(Debug, Args)]
pub struct Experiment {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Value of an input; inputs that are not named stay in the middle of their range.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Write features and spectra as CSV and a plot as SVG into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the observation as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print the spectra too.
    #[arg(long)]
    pub spectra: bool,
}

/// Arguments of `flowtwin check`.
#[derive(Debug, Args)]
pub struct Check {
    /// Scenario files.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Run each scenario and compare it with its snapshots in this folder.
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
    /// Take what the scenarios yield now as the new snapshots.
    #[arg(long, requires = "snapshots")]
    pub accept: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// Run folder.
    pub run: PathBuf,
    /// Where to run it again.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Run folders.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Print the summaries as JSON.
    #[arg(long)]
    pub json: bool,
}
