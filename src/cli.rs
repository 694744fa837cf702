//! The command line: what may be typed.

mod conformance;
mod hook;
mod init;
#[cfg(feature = "serve")]
mod page;
mod report;
mod shared;
mod study;
mod twin;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use flowtwin_twin::SurrogateSpec;

pub use conformance::ConformanceArgs;
pub use hook::{HookUrl, NoHook};
pub use init::{InitArgs, Starter};
#[cfg(feature = "serve")]
pub use page::{Page, ServeArgs};
pub use report::ReportArgs;
pub use shared::{AsTheyMayBe, Folder, OnDrift, OnRig, ShadowArgs};
pub use study::{StudyArgs, StudyKind};
pub use twin::{TwinCommand, TwinData, TwinEvaluate, TwinExplain, TwinFit, TwinRehearse};

/// Rehearse, test and run the campaigns of a self-driving fluidic lab.
///
/// Data goes to stdout, messages and progress to stderr. Exit codes: 0 success, 1 failure, 2 bad input,
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
    Run(RunArgs),
    /// Run one experiment and show what it measured.
    Experiment(ExperimentArgs),
    /// Validate scenarios and wiring files, and compare scenarios with their snapshots.
    Check(CheckArgs),
    /// Run a recorded campaign again and compare.
    Replay(ReplayArgs),
    /// Show what changed between two runs, snapshots or scenarios.
    Diff(DiffArgs),
    /// Measure a few conditions of a run again and say what has moved on the rig since.
    Golden(GoldenArgs),
    /// Rebuild the report and tables of a run folder from its journal.
    Report(ReportArgs),
    /// Show runs in a browser: while they go on, or recorded ones.
    #[cfg(feature = "serve")]
    Serve(ServeArgs),
    /// Fit, evaluate and explain surrogates of any table of experiments.
    #[command(subcommand)]
    Twin(TwinCommand),
    /// Serve the emulated instruments of a wiring file to other programs.
    Emulate(EmulateArgs),
    /// Examine an instrument program; its instrument moves, heats or lights.
    Conformance(ConformanceArgs),
    /// Find the instruments on the network and on serial ports; nothing moves.
    Discover(DiscoverArgs),
    /// Make the rig safe if the campaign stops responding; started by the campaign, not by hand.
    #[command(hide = true)]
    Watch(WatchArgs),
    /// Repeat the studies of the paper and compare every claim.
    Paper(PaperArgs),
    /// Run experiments for an external optimiser, over lines of JSON on stdin and stdout.
    Lab(LabArgs),
    /// Compare policies on the same seeds: one tidy table of every step of every campaign.
    #[command(alias = "bench")]
    Benchmark(BenchmarkArgs),
    /// Fit a scenario to what its rig has measured, and report what the data determine.
    Calibrate(CalibrateArgs),
    /// Study a rig: what it must measure so that its simulator can be calibrated.
    Study(StudyArgs),
    /// Hold recorded runs against a calibrated scenario, and say what has moved on the rig.
    Shadow(ShadowArgs),
    /// Suggest the next experiments for work done by hand, from the table of those done.
    Suggest(SuggestArgs),
    /// Write a commented scenario to start from.
    Init(InitArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command into a folder.
    Man(ManArgs),
}

/// Arguments of `flowtwin calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Scenario file of the rig.
    pub scenario: PathBuf,
    /// What was measured: a run folder, or a CSV file with columns named as the inputs and features; can be repeated.
    #[arg(long, value_name = "DATA", required = true)]
    pub data: Vec<PathBuf>,
    /// A key to estimate, with its range if you like: KEY or KEY=LOW..HIGH; can be repeated [default: those that the scenario names].
    #[arg(long, value_name = "KEY")]
    pub free: Vec<String>,
    /// The folder to write calibrated.toml, calibration.html, calibration.json and residuals.csv into
    /// [default: SCENARIO-calibrated beside the scenario].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin suggest`.
#[derive(Debug, Args)]
pub struct SuggestArgs {
    /// Scenario file: what may be chosen, and what is wanted.
    pub scenario: PathBuf,
    /// The table of experiments, a CSV file; a row without outcomes is under way [default: none were done yet].
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// How many experiments to suggest.
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN, value_parser = at_least_one)]
    pub count: NonZeroUsize,
    /// The file to write the suggestions to, with a page of the same name beside it [default: FILE-next.csv beside the table].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads to compute with; they change no result [default: all cores].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `flowtwin man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write flowtwin.1, flowtwin-run.1 and so on into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `flowtwin emulate`.
#[derive(Debug, Args)]
pub struct EmulateArgs {
    /// Wiring file: which instruments there are.
    pub wiring: PathBuf,
    /// Scenario of the simulated rig behind them.
    #[arg(long, value_name = "FILE", default_value = "scenarios/cs3cu2i5.toml")]
    pub scenario: PathBuf,
    /// Simulated seconds for each second of real time.
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub speed: f64,
    /// Write a wiring file that leads to these instruments, for `run --backend hardware --wiring FILE`.
    #[arg(long, value_name = "FILE")]
    pub wired: Option<PathBuf>,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Arguments of `flowtwin discover`.
#[derive(Debug, Args)]
pub struct DiscoverArgs {
    /// Serial ports to search [default: all].
    pub ports: Vec<String>,
    /// Address of the network adapter on which to search for spectrometers.
    #[arg(long, value_name = "ADDRESS", default_value_t = std::net::Ipv4Addr::UNSPECIFIED)]
    pub adapter: std::net::Ipv4Addr,
    /// Print what was found as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Wiring file.
    #[arg(long, value_name = "FILE")]
    pub wiring: PathBuf,
    /// Longest time between two heartbeats on standard input (s).
    #[arg(long, value_name = "SECONDS")]
    pub silence: f64,
}

/// Where experiments run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The simulator.
    #[default]
    Sim,
    /// The drivers of the real instruments, connected to emulated instruments over the simulator.
    Emulated,
    /// A twin learnt from data, given with --model; not for `replay`.
    Twin,
    /// The real rig of the wiring file given with --wiring, after a rehearsal and your confirmation.
    Hardware,
}

impl Backend {
    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Emulated => "emulated",
            Self::Twin => "twin",
            Self::Hardware => "hardware",
        }
    }
}

/// Arguments of `flowtwin run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where the experiments run.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// The real rig.
    #[command(flatten)]
    pub rig: OnRig,
    /// The model of `--backend twin`: a file that `flowtwin twin fit` wrote, or its folder; one for each outcome that objectives and
    /// limits are about.
    #[arg(long = "model", value_name = "FILE", required_if_eq("backend", "twin"))]
    pub model: Vec<PathBuf>,
    /// Earlier experiments to learn from too: a run folder or a CSV file; can be repeated.
    #[arg(long = "prior", value_name = "DATA")]
    pub priors: Vec<PathBuf>,
    /// Surrogate that the campaign learns with: modern, gp, forest, stack, twin, legacy-fastcat or legacy-smartdope
    /// [default: the scenario's].
    #[arg(long, value_name = "NAME")]
    pub surrogate: Option<SurrogateSpec>,
    /// Decide on every proposal before it is done: accept, change, skip, add or stop; with --serve on the live page too.
    #[arg(long)]
    pub review: bool,
    /// Rigs as they may be.
    #[command(flatten)]
    pub on: AsTheyMayBe,
    /// The run folder.
    #[command(flatten)]
    pub folder: Folder,
    /// External programs.
    #[command(flatten)]
    pub outside: Outside,
}

/// Arguments of `flowtwin experiment`.
#[derive(Debug, Args)]
pub struct ExperimentArgs {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Value of an input; the other inputs stay in the middle of their range.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Rigs as they may be.
    #[command(flatten)]
    pub on: AsTheyMayBe,
    /// Write features and spectra as CSV and a plot as SVG into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print the observation as JSON.
    #[arg(long)]
    pub json: bool,
    /// Also print the spectra.
    #[arg(long)]
    pub spectra: bool,
}

/// Arguments of `flowtwin check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Scenario files and wiring files.
    #[arg(required_unless_present_any = ["schema", "keys"], value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the JSON Schema of scenario files, with which editors complete and check them.
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Print every key that a scenario may have, with defaults, units and ranges, as Markdown.
    #[arg(long, exclusive = true)]
    pub keys: bool,
    /// Connect to every instrument of the wiring files and print its identity; nothing moves.
    #[arg(long)]
    pub connect: bool,
    /// Move each pump of the wiring files by a few microlitres, ask which one moved, and save the
    /// answers beside the file.
    #[arg(long)]
    pub identify: bool,
    /// Run each scenario and compare it with its snapshots in this folder.
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
    /// Save the present results as the new snapshots.
    #[arg(long, requires = "snapshots")]
    pub accept: bool,
    /// Show one scenario after the other that is not as in its snapshots, and ask whether to take what it yields now.
    #[arg(long, requires = "snapshots", conflicts_with_all = ["accept", "json"])]
    pub review: bool,
    /// How strictly to compare: exact, numeric or statistical [default: the scenario's].
    #[arg(long, requires = "snapshots", value_enum, value_name = "STRENGTH")]
    pub strength: Option<Strength>,
    /// Number of seeds of the statistical strength [default: the scenario's].
    #[arg(long, requires = "snapshots", value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(flowtwin_campaign::scenario::FEWEST_SEEDS)..=10_000))]
    pub seeds: Option<u32>,
    /// Move every key of the scenarios by a step and list those whose change they would not notice.
    #[arg(long)]
    pub sensitivity: bool,
    /// That step (%).
    #[arg(long, requires = "sensitivity", value_name = "PERCENT", default_value_t = 1.0)]
    pub step: f64,
    /// Write the results as JUnit XML into this file.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Print failures as annotations of GitHub Actions.
    #[arg(long)]
    pub annotations: bool,
    /// Scenarios at the same time; they never change a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How strictly a scenario is compared with its snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Strength {
    /// The same bytes.
    Exact,
    /// The same within tolerances.
    Numeric,
    /// No worse over many seeds.
    Statistical,
}

/// Arguments of `flowtwin replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Run folder of the campaign to repeat.
    pub run: PathBuf,
    /// Where to repeat it.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Seed of the simulated rig [default: the recorded one].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The real rig.
    #[command(flatten)]
    pub rig: OnRig,
    /// The folder of the new measurements.
    #[command(flatten)]
    pub folder: Folder,
}

/// Arguments of `flowtwin diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The earlier one: a run folder, a folder of snapshots of one scenario, or a scenario file, which is run now.
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// The later one, of any of these kinds.
    #[arg(value_name = "B")]
    pub after: PathBuf,
    /// Change the differing keys one at a time, and in pairs where that is not enough, and say which did it.
    #[arg(long)]
    pub explain: bool,
    /// Write a page with the two laid over each other into this file.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Leave out replicates and regret, which need simulated experiments.
    #[arg(long)]
    pub quick: bool,
    /// Threads; their number never changes a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Print the comparison as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin golden`.
#[derive(Debug, Args)]
pub struct GoldenArgs {
    /// Run folder with which the rig is compared: a campaign, or an earlier golden run.
    pub run: PathBuf,
    /// Where to measure.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Lab time of the golden run once its first experiment is measured (min).
    #[arg(long, value_name = "MINUTES", default_value_t = 10.0)]
    pub minutes: f64,
    /// Scenario of the simulated rig as it is now: that of the run, with what has moved [default: nothing has].
    #[arg(long, value_name = "FILE")]
    pub as_it_is: Option<PathBuf>,
    /// Seed of the simulated rig [default: the recorded one plus one, as on another day].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The real rig.
    #[command(flatten)]
    pub rig: OnRig,
    /// The folder of the golden run.
    #[command(flatten)]
    pub folder: Folder,
}

/// Arguments of `flowtwin paper`.
#[derive(Debug, Args)]
pub struct PaperArgs {
    /// Number of simulated rigs; every study runs once on each.
    #[arg(long, value_name = "N", default_value_t = SEEDS, value_parser = at_least_one)]
    pub seeds: NonZeroUsize,
    /// Seed of the first rig; the others count up from it.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,
    /// Another scenario with the same inputs and features [default: that of the paper].
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Judge every claim on N rigs drawn from the posterior of a calibration, each with all seeds; for calibrated scenarios.
    #[arg(long, value_name = "N", requires = "scenario", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub rigs: Option<u64>,
    /// Write a report with one figure for each figure of the paper into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Rigs simulated at the same time; their number never changes a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Print the claims as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A whole number of at least one, as somebody has typed it.
fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "it must be a whole number of at least 1".to_owned())
}

/// Rigs on which the studies of the paper are done, unless another number is asked for.
const SEEDS: NonZeroUsize = NonZeroUsize::new(30).expect("30 is not 0");
/// Arguments for external programs. docs/lab-protocol.md has their protocol.
#[derive(Debug, Args)]
pub struct Outside {
    /// External policy: a program that proposes conditions in the branches of the scenario, such as 'python my_policy.py'.
    #[arg(long, value_name = "COMMAND")]
    pub policy_command: Option<String>,
    /// External lab: a program that runs the experiments instead of a backend.
    #[arg(long, value_name = "COMMAND", conflicts_with = "backend")]
    pub lab_command: Option<String>,
    /// Longest wait for an answer of an external program (s).
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    pub patience_s: f64,
}

/// Arguments of `flowtwin lab`.
#[derive(Debug, Args)]
pub struct LabArgs {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Maximum number of experiments [default: those of all phases of the scenario].
    #[arg(long, value_name = "N")]
    pub experiments: Option<u64>,
}

/// Arguments of `flowtwin benchmark`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BenchmarkArgs {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Policies, each `[NAME=]POLICY[@SURROGATE]`, such as `random,ei,mine=ucb@gp`; docs/surrogates.md lists them.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub policies: Vec<String>,
    /// External policy, [NAME=]COMMAND; can be repeated.
    #[arg(long = "policy-command", value_name = "COMMAND")]
    pub policy_commands: Vec<String>,
    /// Longest wait for an answer of an external program (s).
    #[arg(long, value_name = "SECONDS", default_value_t = 600.0)]
    pub patience_s: f64,
    /// Number of seeds.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,
    /// Experiments of the shared opening, a Latin hypercube [default: the phases before the scenario branches].
    #[arg(long, value_name = "N")]
    pub opening: Option<usize>,
    /// Experiments of each policy after the opening [default: those of the longest branch].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub experiments: Option<NonZeroUsize>,
    /// Compare them on N rigs drawn from what a calibration knows, not on its estimates; for calibrated scenarios.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub rigs: Option<u64>,
    /// Campaigns run at the same time; their number never changes a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Run part K of N, from 1; `flowtwin benchmark merge` combines the parts.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<String>,
    /// Folder of the results; finished campaigns in it are not repeated [default: benchmark].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write the table as CSV.
    #[arg(long)]
    pub csv: bool,
    /// Print the comparisons as JSON.
    #[arg(long)]
    pub json: bool,
    /// Combine shards.
    #[command(subcommand)]
    pub action: Option<BenchmarkAction>,
}

/// What else can be done with benchmarks.
#[derive(Debug, Subcommand)]
pub enum BenchmarkAction {
    /// Combine the folders of shards into one benchmark.
    Merge(BenchmarkMergeArgs),
}

/// Arguments of `flowtwin benchmark merge`.
#[derive(Debug, Args)]
pub struct BenchmarkMergeArgs {
    /// Folders of shards.
    #[arg(required = true, value_name = "DIR")]
    pub shards: Vec<PathBuf>,
    /// Folder of the combined benchmark.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Also write the table as CSV.
    #[arg(long)]
    pub csv: bool,
    /// Print the comparisons as JSON.
    #[arg(long)]
    pub json: bool,
}
