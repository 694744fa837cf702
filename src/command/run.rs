//! `flowtwin run`: all phases of a campaign, and its run folder.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;

use flowtwin_lab::{FaultKind, Lab};

use crate::campaign::{Campaign, Ended, Shared, Watch};
use crate::cli::{Backend, Run as Args};
use crate::conclusion::Conclusion;
use crate::error::{CommandError, Kind};
use crate::folder::{Identity, RunFolder};
use crate::progress::Progress;
use crate::report::Extras;
use crate::scenario::Scenario;
use flowtwin_backends::EmulatedRig;

/// Set by Ctrl-C.
static STOP: AtomicBool = AtomicBool::new(false);

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let scenario = Scenario::load(&args.scenario)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    let identity = Identity::new(&scenario, seed, true);
    let path = args.out.clone().unwrap_or_else(|| identity.default_folder());
    let folder = match args.resume {
        true => RunFolder::resume(&path, &identity)?,
        false => RunFolder::begin(&path, &identity)?,
    };
    heed_ctrl_c()?;
    let mut progress = Progress::new(&scenario);
    let world = Shared::new(scenario.sim_lab(seed));
    let lab = simulated(args.backend, &world)?;
    let ended = campaign(&scenario, seed, threads(args.jobs), lab, &folder, &mut progress)?;
    let (backend, simulated_events) = (args.backend.to_string(), Some(world.work().events));
    let extras = Extras { backend, simulated_events };
    let conclusion = Conclusion::of(&path, extras, threads(args.jobs))?;
    conclusion.write(&path)?;
    print!("{}", conclusion.text(args.json));
    eprintln!("run folder: {}", path.display());
    outcome(&ended)
}

/// The lab of a simulated backend over a simulated world.
pub(super) fn simulated(backend: Backend, world: &Shared) -> Result<Box<dyn Lab>, CommandError> {
    match backend {
        Backend::Sim => Ok(Box::new(world.clone())),
        Backend::Emulated => match EmulatedRig::usual(Box::new(world.clone())) {
            Ok(rig) => Ok(Box::new(rig)),
            Err(error) => Err(CommandError::bad_input(error)),
        },
    }
}

/// Runs the campaign of `scenario` on `lab` into `folder`.
pub(super) fn campaign(
    scenario: &Scenario,
    seed: u64,
    threads: NonZeroUsize,
    lab: impl Lab,
    folder: &RunFolder,
    watch: &mut dyn Watch,
) -> Result<Ended, CommandError> {
    let campaign = Campaign::new(scenario, seed, threads, &STOP);
    let (ended, _writer) = campaign
        .run(lab, folder.open()?, folder.recorded(), watch)
        .map_err(CommandError::failed)?;
    Ok(ended)
}

/// What a fault means for the exit code.
pub(super) fn outcome(ended: &Ended) -> Result<(), CommandError> {
    match &ended.fault {
        None => Ok(()),
        Some(fault) if fault.kind == FaultKind::Interrupted => {
            let message =
                "interrupted: the rig is safe, every finished experiment is in the journal";
            Err(CommandError::new(Kind::Interrupted, message).hint("go on with --resume"))
        }
        Some(fault) => {
            Err(CommandError::new(Kind::Fault, format_args!("{fault}; the rig is safe"))
                .hint("put it right, then go on with --resume"))
        }
    }
}

/// The number of threads asked for, else all cores.
pub(super) fn threads(jobs: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// The first Ctrl-C makes the rig safe at the next moment at which time passes; the second ends the program.
fn heed_ctrl_c() -> Result<(), CommandError> {
    let handler = || {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(Kind::Interrupted.exit_code()));
        }
    };
    ctrlc::set_handler(handler).map_err(CommandError::failed)
}
