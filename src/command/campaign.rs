//! A campaign on any lab, from its folder to its exit code: what `run`, `replay` and the rig have in common.

use std::io::stdout;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use flowtwin_campaign::campaign::{Campaign, Ended, Fillings, Observer};
use flowtwin_campaign::conclusion::Conclusion;
use flowtwin_campaign::folder::{Identity, RunFolder, default_folder, no_run};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::Journal;
use flowtwin_lab::{Fault, FaultKind, Lab};
use flowtwin_report::Extras;

use super::occupied::Occupied;
use super::place::Place;
use crate::cli::Folder;
use crate::console;
use crate::error::{CommandError, Kind};
use crate::progress::Progress;
use crate::signals;

/// Set by Ctrl-C.
pub(super) static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Who has filled syringes.
pub(super) enum By<'a> {
    /// Somebody who says so now.
    Hand(Fillings),
    /// Whoever did so in the run that is repeated.
    Then(&'a Journal),
}

/// Runs a campaign at a place, writes its run folder and prints what was asked for.
pub(super) fn at(
    place: Place,
    (scenario, seed): (&Scenario, u64),
    folder: &RunFolder,
    to: &Folder,
    filled: By<'_>,
) -> Result<(), CommandError> {
    heed_ctrl_c()?;
    let mut progress = Progress::new(scenario);
    let (backend, world) = (place.backend.to_owned(), place.world());
    let campaign = Campaign::new(scenario, seed, threads(to.jobs), &STOP);
    let campaign = match filled {
        By::Hand(filled) => campaign.filled(filled),
        By::Then(journal) => campaign.filled_as_in(journal),
    };
    let ended = run_into(folder, campaign, place.lab, &mut progress)?;
    let simulated_events = world.map(|world| world.work().events);
    let concluded = conclude(to, folder.path(), Extras { backend, simulated_events });
    both(outcome(&ended), concluded)
}

/// How a run ended before how its files were written: that the rig is not safe must be reported even if the disk fails.
pub(super) fn both(
    ended: Result<(), CommandError>,
    concluded: Result<(), CommandError>,
) -> Result<(), CommandError> {
    if let (Err(_), Err(error)) = (&ended, &concluded) {
        console::say_line(format_args!("error: {error}"));
    }
    ended.and(concluded)
}

/// Keeps other processes from the folder of a run: the one named, or the default with `more` at the end of its name.
pub(super) fn occupy(
    to: &Folder,
    scenario: &Scenario,
    seed: u64,
    more: &str,
) -> Result<Occupied, CommandError> {
    let usual = || beside(&default_folder(scenario.name(), seed), more);
    let path = to.out.clone().unwrap_or_else(usual);
    if to.resume && !path.exists() {
        return Err(no_run(&path).into());
    }
    Occupied::take(&path)
}

/// The folder of a run. It is told which run it repeats, if any.
pub(super) fn folder(
    occupied: &Occupied,
    to: &Folder,
    identity: &Identity,
    replayed: Option<&Journal>,
) -> Result<RunFolder, CommandError> {
    let folder = match to.resume {
        true => RunFolder::resume(occupied.path(), identity)?,
        false => RunFolder::begin(occupied.path(), identity)?,
    };
    if let Some(journal) = replayed {
        folder.repeats(journal)?;
    }
    Ok(folder)
}

/// Writes the run folder and prints what was asked for.
pub(super) fn conclude(to: &Folder, path: &Path, extras: Extras) -> Result<(), CommandError> {
    let conclusion = Conclusion::of(path, extras, threads(to.jobs))?;
    conclusion.write(path)?;
    console::print(conclusion.text(to.json, console::columns(&stdout())))?;
    console::say_line(format_args!("run folder: {}", path.display()));
    Ok(())
}

/// The same path with more at the end of its name.
fn beside(path: &Path, more: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(more);
    name.into()
}

/// Runs a campaign on `lab` into `folder`.
pub(super) fn run_into(
    folder: &RunFolder,
    campaign: Campaign<'_>,
    lab: impl Lab,
    watch: &mut dyn Observer,
) -> Result<Ended, CommandError> {
    let (campaign, writer) = match folder.goes_on() {
        true => (campaign.goes_on().in_wall_time(), folder.append()?),
        false => (campaign, folder.open()?),
    };
    let (ended, _writer) =
        campaign.run(lab, writer, folder.recorded(), watch).map_err(CommandError::failed)?;
    Ok(ended)
}

/// What a fault means for the exit code.
pub(super) fn outcome(ended: &Ended) -> Result<(), CommandError> {
    match &ended.fault {
        None if ended.fruitless => {
            let message =
                format!("all {} experiments failed: the run is not complete", ended.experiments);
            Err(CommandError::failed(message)
                .hint("its report says why; put it right and begin a new run with --out"))
        }
        None => Ok(()),
        Some(fault) if matches!(fault.kind, FaultKind::Short { .. }) => {
            let hint = "PUMP=ML for one that is not full; [refill] in a scenario has it done in simulation";
            Err(CommandError::new(Kind::Fault, format_args!("{fault}; the rig is safe")).hint(hint))
        }
        Some(fault) if fault.kind == FaultKind::Interrupted => {
            let message =
                "interrupted: the rig is safe, every finished experiment is in the journal";
            Err(CommandError::new(Kind::Interrupted, message).hint("go on with --resume"))
        }
        Some(fault) if is_unsafe(fault) => {
            Err(CommandError::failed(fault)
                .hint("go to the rig: switch heater and pumps off by hand"))
        }
        Some(fault) => {
            Err(CommandError::new(Kind::Fault, format_args!("{fault}; the rig is safe"))
                .hint("put it right, then go on with --resume"))
        }
    }
}

/// Whether a fault says that the rig could not be made safe.
pub(super) fn is_unsafe(fault: &Fault) -> bool {
    matches!(&fault.kind, FaultKind::NotSafe { .. })
}

/// The number of threads asked for, else all cores.
pub(super) fn threads(jobs: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// The first Ctrl-C, or a request to end, makes the rig safe at the next moment at which time passes; the second ends the
/// program.
pub(super) fn heed_ctrl_c() -> Result<(), CommandError> {
    signals::heed(&STOP).map_err(CommandError::failed)
}
