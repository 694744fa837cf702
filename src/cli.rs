//! The command line: what may be typed.

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
    /// Be the lab of an optimiser that speaks lines of JSON on standard input and output.
    Lab(Lab),
    /// Compare policies on the same seeds: one tidy table of every step of every campaign.
    Bench(Bench),
}

/// Where experiments are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The simulator.
    #[default]
    Sim,
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
    /// Programs outside this one.
    #[command(flatten)]
    pub outside: Outside,
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

/// Arguments for programs outside this one. Both speak the lines of docs/lab-protocol.md.
#[derive(Debug, Args)]
pub struct Outside {
    /// A program that decides what to try where the scenario branches, such as 'python my_policy.py'.
    #[arg(long, value_name = "COMMAND")]
    pub policy_command: Option<String>,
    /// A program that runs the experiments, in place of a backend.
    #[arg(long, value_name = "COMMAND", conflicts_with = "backend")]
    pub lab_command: Option<String>,
    /// How long such a program may be silent [s].
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    pub patience_s: f64,
}

/// Arguments of `flowtwin lab`.
#[derive(Debug, Args)]
pub struct Lab {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Most experiments [default: those of all phases of the scenario].
    #[arg(long, value_name = "N")]
    pub experiments: Option<u64>,
}

/// Arguments of `flowtwin bench`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Bench {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Policies, each [NAME=]POLICY[@SURROGATE].
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub policies: Vec<String>,
    /// A program that takes part as a policy, [NAME=]COMMAND; may be given again.
    #[arg(long = "policy-command", value_name = "COMMAND")]
    pub policy_commands: Vec<String>,
    /// How long such a program may be silent [s].
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    pub patience_s: f64,
    /// Number of seeds.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub seeds: u64,
    /// The first of them.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,
    /// Experiments of the shared opening, a Latin hypercube [default: the scenario's phases before it branches].
    #[arg(long, value_name = "N")]
    pub opening: Option<usize>,
    /// Experiments of each policy's own [default: those of the scenario's longest branch].
    #[arg(long, value_name = "N")]
    pub experiments: Option<NonZeroUsize>,
    /// Campaigns at a time; they never change a result [default: all cores].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Run one part of N, K from 1; the parts are put together by `flowtwin bench merge`.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<String>,
    /// Folder of the results; what is finished there is not repeated [default: bench].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the table as CSV too.
    #[arg(long)]
    pub csv: bool,
    /// Print the comparisons as JSON.
    #[arg(long)]
    pub json: bool,
    /// Put shards together.
    #[command(subcommand)]
    pub action: Option<BenchAction>,
}

/// What else can be done with benchmarks.
#[derive(Debug, Subcommand)]
pub enum BenchAction {
    /// Put the folders of shards together into one benchmark.
    Merge(BenchMerge),
}

/// Arguments of `flowtwin bench merge`.
#[derive(Debug, Args)]
pub struct BenchMerge {
    /// Folders of shards.
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Folder of the whole.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Write the table as CSV too.
    #[arg(long)]
    pub csv: bool,
    /// Print the comparisons as JSON.
    #[arg(long)]
    pub json: bool,
}
