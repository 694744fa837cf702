//! What the commands do, one file each.

mod attendant;
mod benchmark;
mod calibrate;
mod campaign;
mod check;
mod completions;
mod conformance;
mod contested;
mod diff;
mod discover;
pub mod embedded;
mod emulate;
mod experiment;
mod filled;
mod golden;
mod hardware;
mod identified;
mod init;
mod lab;
mod notify;
mod occupied;
mod output;
mod over_rigs;
mod page;
mod paper;
mod place;
mod regression;
mod replay;
mod report;
mod review;
mod run;
mod run_folder;
#[cfg(feature = "serve")]
mod serve;
mod shadow;
mod study;
mod suggest;
mod twin;
mod watch;

use std::path::{Path, PathBuf};

use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;

use crate::cli::{Cli, Command};
use crate::console;
use crate::error::CommandError;

/// Carries out what was typed.
///
/// # Errors
/// Why it was not done; the kind gives the exit code.
pub fn run(cli: Cli) -> Result<(), CommandError> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Experiment(args) => experiment::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Golden(args) => golden::run(&args),
        Command::Report(args) => report::run(&args),
        #[cfg(feature = "serve")]
        Command::Serve(args) => serve::run(&args),
        Command::Twin(twin) => twin::run(&twin),
        Command::Discover(args) => discover::run(&args),
        Command::Emulate(args) => emulate::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Paper(args) => paper::run(&args),
        Command::Lab(args) => lab::run(&args),
        Command::Benchmark(args) => benchmark::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Study(args) => study::run(&args),
        Command::Shadow(args) => shadow::run(&args),
        Command::Suggest(args) => suggest::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Completions(args) => completions::completions(&args),
        Command::Man(args) => completions::man(&args),
    }
}

/// Reads a scenario and says what was read of its table of outcomes and of earlier experiments.
fn load(path: &Path) -> Result<Scenario, Diagnostic> {
    let scenario = Scenario::load(path)?;
    let tell = |note| console::say_line(format_args!("note: {}: {note}", path.display()));
    scenario.notes().into_iter().for_each(tell);
    Ok(scenario)
}

/// The same scenario that begins with these earlier experiments too; says what was read of them.
fn with_priors(scenario: Scenario, data: &[PathBuf]) -> Result<Scenario, Diagnostic> {
    let known = scenario.notes().len();
    let scenario = scenario.with_priors(data)?;
    let tell = |note| console::say_line(format_args!("note: {note}"));
    scenario.notes().into_iter().skip(known).for_each(tell);
    Ok(scenario)
}
