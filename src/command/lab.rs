//! `flowtwin lab`, and the programs outside this one that take part in a run.

use std::io::{stdin, stdout};
use std::time::Duration;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_campaign::serve::serve;
use flowtwin_lab::layer::Guarded;

use crate::cli::{LabArgs as Args, Outside};
use crate::console;
use crate::error::{CommandError, Kind};

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let scenario = super::load(&args.scenario)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    let budget = args.experiments.unwrap_or(scenario.experiments() as u64);
    let limits = scenario.file().guard.clone();
    let lab: Box<dyn flowtwin_lab::Lab> = match scenario.table_lab(seed) {
        Some(lab) => Box::new(lab),
        None => Box::new(scenario.simulated()?.lab(seed)),
    };
    let lab = Guarded::new(lab, limits);
    let served = serve(&scenario, lab, seed, budget, stdin().lock(), stdout().lock())
        .map_err(|error| CommandError::failed(error).hint("see docs/lab-protocol.md"))?;
    console::say_line(format_args!("{} experiments", served.experiments));
    match served.fault {
        None => Ok(()),
        Some(fault) => {
            Err(CommandError::new(Kind::Fault, format_args!("{fault}; the lab is safe")))
        }
    }
}

/// How long a program may be silent.
pub(super) fn patience(seconds: f64) -> Result<Duration, CommandError> {
    Duration::try_from_secs_f64(seconds).ok().filter(|patience| !patience.is_zero()).ok_or_else(
        || {
            CommandError::bad_input(format_args!(
                "a patience of {seconds} s is none: give more than 0 s"
            ))
        },
    )
}

/// The scenario with the policy command in place of its branches, if one is given.
pub(super) fn with_policy(scenario: Scenario, args: &Outside) -> Result<Scenario, CommandError> {
    let Some(command) = &args.policy_command else { return Ok(scenario) };
    Ok(scenario.with_policy_command(command, patience(args.patience_s)?))
}
