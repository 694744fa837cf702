//! The command line: what may be typed.

mod twin;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use flowtwin_twin::SurrogateSpec;

pub use twin::{Twin, TwinData, TwinEvaluate, TwinExplain, TwinFit, TwinRehearse};

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
    /// Validate scenarios and wiring files, and compare scenarios with their snapshots.
    Check(Check),
    /// Run a recorded campaign again and compare.
    Replay(Replay),
    /// Say what moved between two runs, snapshots or scenarios.
    Diff(Diff),
    /// Rebuild the report and tables of a run folder from its journal.
    Report(Report),
    /// Learn a surrogate from any table of experiments: fit it, judge it, explain it.
    #[command(subcommand)]
    Twin(Twin),
    /// Serve the emulated instruments of a wiring file to other programs.
    Emulate(Emulate),
    /// Find the instruments on the network and on serial ports; nothing moves.
    Discover(Discover),
    /// Make the rig safe when the campaign beside it falls silent; started by it, not by hand.
    #[command(hide = true)]
    Watch(Watch),
    /// Do the studies of the paper again and compare every claim.
    Paper(Paper),
    /// Be the lab of an optimiser that speaks lines of JSON on standard input and output.
    Lab(Lab),
    /// Compare policies on the same seeds: one tidy table of every step of every campaign.
    #[command(alias = "bench")]
    Benchmark(Benchmark),
    /// Write a commented scenario to start from.
    Init(Init),
    /// Print the completions of a shell.
    Completions(Completions),
    /// Print the manual page, or write one for each command into a folder.
    Man(Man),
}

/// Arguments of `flowtwin init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The scenario file to write; the file's name becomes the scenario's.
    #[arg(value_name = "FILE", default_value = "my-rig.toml")]
    pub file: PathBuf,
    /// The rig to start from.
    #[arg(long, value_enum, default_value_t)]
    pub rig: Starter,
}

/// The rigs that `flowtwin init` knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Starter {
    /// A small flow reactor: two reagents, a heated coil, one spectrometer; every block has a comment.
    #[default]
    Plain,
    /// The rig of the paper: eight pumps, nanocrystals, two spectrometers.
    Paper,
    /// Two dyes mixed in slugs: no heater, no reaction.
    Dye,
    /// No rig: a table of measured outcomes, written beside the scenario.
    Table,
}

/// Arguments of `flowtwin completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Arguments of `flowtwin man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write flowtwin.1, flowtwin-run.1 and so on into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Arguments of `flowtwin emulate`.
#[derive(Debug, Args)]
pub struct Emulate {
    /// Wiring file: which instruments there are.
    pub wiring: PathBuf,
    /// Scenario whose world is behind them.
    #[arg(long, value_name = "FILE", default_value = "scenarios/cs3cu2i5.toml")]
    pub scenario: PathBuf,
    /// Lab time that passes in a second of wall time (s).
    #[arg(long, value_name = "X", default_value_t = 1.0)]
    pub speed: f64,
    /// Write the wiring file whose links lead to these instruments, for `run --backend hardware --wiring FILE`.
    #[arg(long, value_name = "FILE")]
    pub wired: Option<PathBuf>,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// Arguments of `flowtwin discover`.
#[derive(Debug, Args)]
pub struct Discover {
    /// Serial ports to ask at [default: all that the system knows of].
    pub ports: Vec<String>,
    /// Address of the network adapter by which spectrometers are looked for.
    #[arg(long, value_name = "ADDRESS", default_value_t = std::net::Ipv4Addr::UNSPECIFIED)]
    pub adapter: std::net::Ipv4Addr,
    /// Print what was found as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `flowtwin watch`.
#[derive(Debug, Args)]
pub struct Watch {
    /// Wiring file.
    #[arg(long, value_name = "FILE")]
    pub wiring: PathBuf,
    /// Longest time between two beats on standard input (s).
    #[arg(long, value_name = "SECONDS")]
    pub silence: f64,
}

/// Where experiments are done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The simulator.
    #[default]
    Sim,
    /// The drivers of the real instruments, talking bytes to emulated ones over the simulator.
    Emulated,
    /// A twin learnt from data, given with --model; `replay` cannot ask one.
    Twin,
    /// The real rig of the wiring file given with --wiring, after a rehearsal and a question.
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
pub struct Run {
    /// Scenario file.
    pub scenario: PathBuf,
    /// Seed of all randomness [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where the experiments are done.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// The real rig.
    #[command(flatten)]
    pub rig: OnRig,
    /// The model of `--backend twin`: a file that `flowtwin twin fit` wrote, or its folder.
    #[arg(long, value_name = "FILE", required_if_eq("backend", "twin"))]
    pub model: Option<PathBuf>,
    /// Earlier experiments to learn from as well: a run folder or a CSV file; may be given again.
    #[arg(long = "prior", value_name = "DATA")]
    pub priors: Vec<PathBuf>,
    /// What the campaign learns with: modern, gp, forest, stack, legacy-fastcat or legacy-smartdope [default: the scenario's].
    #[arg(long, value_name = "NAME")]
    pub surrogate: Option<SurrogateSpec>,
    /// The run folder.
    #[command(flatten)]
    pub folder: Folder,
    /// Programs outside this one.
    #[command(flatten)]
    pub outside: Outside,
}

/// Arguments for a real rig.
#[derive(Debug, Args)]
pub struct OnRig {
    /// Wiring file: which instrument is at the end of which cable, or what `--backend emulated` puts in its place.
    #[arg(long, alias = "bench", value_name = "FILE", required_if_eq("backend", "hardware"))]
    pub wiring: Option<PathBuf>,
    /// Begin on the real rig without asking, once the rehearsal fits.
    #[arg(long)]
    pub yes: bool,
    /// With --resume: pumps whose syringes you have filled since, with commas between, or `all`; each as full as at the
    /// start of the run, unless you say what it holds (mL).
    #[arg(long, value_name = "PUMP[=ML]", value_delimiter = ',', requires = "resume")]
    pub filled: Vec<String>,
    /// Take the first experiment as it is, also where it is far from its rehearsal.
    #[arg(long)]
    pub accept_first: bool,
    /// Lab time that passes in a second of wall time, for a rig of `flowtwin emulate --speed X` that shares no clock (s).
    #[arg(long, value_name = "X", default_value_t = 1.0, hide = true)]
    pub speed: f64,
}

/// Arguments for a run folder.
#[derive(Debug, Args)]
pub struct Folder {
    /// Run folder; `runs/<scenario>-<seed>` unless it is named, with more at the end where that is another run's.
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
    /// Scenario files and wiring files.
    #[arg(required_unless_present_any = ["schema", "keys"], value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print the JSON Schema of scenario files, by which editors complete and check them.
    #[arg(long, exclusive = true)]
    pub schema: bool,
    /// Print every key that a scenario may have, with defaults, units and ranges, as Markdown.
    #[arg(long, exclusive = true)]
    pub keys: bool,
    /// Ask every instrument of the wiring files who it is; nothing moves.
    #[arg(long)]
    pub connect: bool,
    /// Move one pump of the wiring files after the other by a few microlitres, ask which one moved, and keep the answers beside the file.
    #[arg(long)]
    pub identify: bool,
    /// Run each scenario and compare it with its snapshots in this folder.
    #[arg(long, value_name = "DIR")]
    pub snapshots: Option<PathBuf>,
    /// Take what the scenarios yield now as the new snapshots.
    #[arg(long, requires = "snapshots")]
    pub accept: bool,
    /// Show one scenario after the other that is not as in its snapshots, and ask whether to take what it yields now.
    #[arg(long, requires = "snapshots", conflicts_with_all = ["accept", "json"])]
    pub review: bool,
    /// How strictly to compare: exact, numeric or statistical [default: the scenario's].
    #[arg(long, requires = "snapshots", value_enum, value_name = "STRENGTH")]
    pub strength: Option<Strength>,
    /// Number of seeds of the statistical strength [default: the scenario's].
    #[arg(long, requires = "snapshots", value_name = "N", value_parser = clap::value_parser!(u32).range(6..=10_000))]
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
    #[arg(long, value_name = "N")]
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
pub struct Replay {
    /// Run folder of the campaign to do again.
    pub run: PathBuf,
    /// Where to do it again.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Seed of the simulated rig, if it is to be another one than the recorded.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The real rig.
    #[command(flatten)]
    pub rig: OnRig,
    /// The folder of what is measured again.
    #[command(flatten)]
    pub folder: Folder,
}

/// Arguments of `flowtwin diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// What it was: a run folder, a folder of snapshots of one scenario, or a scenario file, which is run now.
    #[arg(value_name = "A")]
    pub before: PathBuf,
    /// What it is now: likewise.
    #[arg(value_name = "B")]
    pub after: PathBuf,
    /// Change the differing keys one at a time, and in pairs where that is not enough, and say which did it.
    #[arg(long)]
    pub explain: bool,
    /// Write a page with the two laid over each other into this file.
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Leave out what takes simulated experiments: replicates and regret.
    #[arg(long)]
    pub quick: bool,
    /// Threads; they never change a result [default: all cores].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print the comparison as JSON.
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

/// Arguments of `flowtwin paper`.
#[derive(Debug, Args)]
pub struct Paper {
    /// Simulated rigs: every study is done once on each.
    #[arg(long, value_name = "N", default_value_t = SEEDS)]
    pub seeds: NonZeroUsize,
    /// Seed of the first; the others follow.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub first_seed: u64,
    /// Another scenario with the inputs and features of the paper's [default: the paper's].
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// Write a report with one figure for each figure of the paper into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Rigs at the same time; they never change a result [default: all cores].
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Print the claims as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Rigs on which the studies of the paper are done, unless another number is asked for.
const SEEDS: NonZeroUsize = NonZeroUsize::new(30).expect("30 is not 0");
/// Arguments for programs outside this one. Both speak the lines of docs/lab-protocol.md.
#[derive(Debug, Args)]
pub struct Outside {
    /// A program that decides what to try where the scenario branches, such as 'python my_policy.py'.
    #[arg(long, value_name = "COMMAND")]
    pub policy_command: Option<String>,
    /// A program that runs the experiments, in place of a backend.
    #[arg(long, value_name = "COMMAND", conflicts_with = "backend")]
    pub lab_command: Option<String>,
    /// How long such a program may be silent (s).
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

/// Arguments of `flowtwin benchmark`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Benchmark {
    /// Scenario files.
    #[arg(required = true, value_name = "SCENARIO")]
    pub scenarios: Vec<PathBuf>,
    /// Policies, each `[NAME=]POLICY[@SURROGATE]`, such as `random,ei,mine=ucb@gp`; docs/surrogates.md lists them.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub policies: Vec<String>,
    /// A program that takes part as a policy, [NAME=]COMMAND; may be given again.
    #[arg(long = "policy-command", value_name = "COMMAND")]
    pub policy_commands: Vec<String>,
    /// How long such a program may be silent (s).
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
    /// Run one part of N, K from 1; the parts are put together by `flowtwin benchmark merge`.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<String>,
    /// Folder of the results; what is finished there is not repeated [default: benchmark].
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
    pub action: Option<BenchmarkAction>,
}

/// What else can be done with benchmarks.
#[derive(Debug, Subcommand)]
pub enum BenchmarkAction {
    /// Put the folders of shards together into one benchmark.
    Merge(BenchmarkMerge),
}

/// Arguments of `flowtwin benchmark merge`.
#[derive(Debug, Args)]
pub struct BenchmarkMerge {
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
