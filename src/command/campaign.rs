//! A campaign on any lab, from its folder to its exit code: what `run`, `replay` and the rig have in common.

use std::io::stdout;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use flowtwin_campaign::campaign::{Campaign, CampaignError, Doubt, Ended, Fillings, Observer};
use flowtwin_campaign::conclusion::Conclusion;
use flowtwin_campaign::folder::{Identity, RunFolder};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::Journal;
use flowtwin_lab::{Fault, FaultKind, Lab};
use flowtwin_report::Extras;

use super::notify::Notifier;
use super::page::Beside;
use super::place::Place;
use super::review::Reviewers;
use super::run_folder::Target;
use super::shadow::{Calibrated, Shading, Shadowed};
use crate::cli::Folder;
use crate::console;
use crate::error::{CommandError, Kind};
use crate::progress::Progress;
use crate::signals;

/// Set by Ctrl-C.
pub(super) static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Set while the run is to stand still between two experiments.
pub(super) static PAUSE: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// Who has filled syringes.
pub(super) enum By<'a> {
    /// Somebody who says so now.
    Hand(Fillings),
    /// Whoever did so in the run that is repeated.
    Then(&'a Journal),
}

/// A run, wherever it is done.
pub(super) struct Order<'a> {
    /// What is done.
    pub(super) scenario: &'a Scenario,
    /// Seed of its policies.
    pub(super) seed: u64,
    /// Its run folder.
    pub(super) to: &'a Folder,
    /// What the usual name of its folder ends with.
    pub(super) more: &'a str,
    /// Whether people decide on its proposals.
    pub(super) review: bool,
    /// The run it repeats.
    pub(super) replayed: Option<&'a Journal>,
    /// Who has filled syringes.
    pub(super) filled: By<'a>,
    /// What is told of its folder instead of the closing table.
    pub(super) then: Option<Then<'a>>,
    /// What to do where it is not the run that goes on.
    pub(super) departs: Option<&'a str>,
}

impl<'a> Order<'a> {
    /// A run in simulation that repeats none, asks nobody, and ends with the usual table.
    pub(super) fn new(scenario: &'a Scenario, seed: u64, to: &'a Folder, filled: By<'a>) -> Self {
        let (more, review, replayed, then, departs) = ("", false, None, None, None);
        Self { scenario, seed, to, more, review, replayed, filled, then, departs }
    }
}

/// What to do where another rig stood in for the real one when the run began.
pub(super) const OTHER_RIG: &str =
    "give the --as-it-is FILE that it was begun with, or none if there was none";

/// What is told of a run folder.
pub(super) type Then<'a> = &'a dyn Fn(&Path) -> Result<(), CommandError>;

/// Runs a campaign, writes its run folder and prints what was asked for.
///
/// A run that is not the one that is recorded under its name begins again, at a place of its own, in another folder.
pub(super) fn at(
    order: &Order<'_>,
    place: impl Fn() -> Result<Place, CommandError>,
) -> Result<(), CommandError> {
    let Order { scenario, seed, to, more, review, replayed, filled, then, departs } = order;
    let (seed, review) = (*seed, *review);
    let calibrated = Calibrated::of(to, scenario)?;
    let shadow = calibrated.as_ref().map(Calibrated::shadow).transpose()?;
    let doubt = calibrated.as_ref().and_then(Calibrated::doubt);
    let asks = review || doubt.is_some();
    // Before a lab outside begins to work.
    let mut target = Target::of(to, scenario, seed, more)?;
    loop {
        let place = place()?;
        let identity = Identity::new(scenario, seed, place.lab.manifest().simulated);
        let identity = if asks { identity.reviewed() } else { identity };
        let asked_by_number = place.lab.manifest().at_once.is_some();
        // In which order a lab answers, nobody knows before.
        let identity = if asked_by_number { identity.in_wall_time() } else { identity };
        let (folder, here) = target.folder(to, &identity, *replayed)?;
        heed_ctrl_c()?;
        let page = Beside::of(to, folder.path(), &STOP, asks)?;
        let mut progress = Progress::new(scenario).quiet(to.quiet);
        let (backend, world) = (place.backend.to_owned(), place.world());
        let notifier = Notifier::new(to, folder.path(), scenario)?;
        let reviewers = asks.then(|| Reviewers::of(page.reviewer(), &notifier));
        let campaign = Campaign::new(scenario, seed, threads(to.jobs), &STOP).pausing(&PAUSE);
        let campaign = asking(campaign, reviewers.as_ref(), doubt.filter(|_| !review));
        let campaign = match filled {
            By::Hand(filled) => campaign.filled(filled.clone()),
            By::Then(journal) => campaign.filled_as_in(journal),
        };
        let watch: &mut dyn Observer = &mut (&mut progress, &mut &notifier);
        let ran = run_into(&folder, campaign, place.lab, (watch, shadow.as_ref(), &notifier));
        let ended = match ran {
            Ok(ended) => ended,
            Err(error) => return notifier.ended(false, Err(error)),
        };
        if folder.has_departed() && !to.resume {
            let there = folder.path().display();
            let why = format!("{there} holds this run with other results, which stay as they are");
            target = here.next()?;
            target.say(&why);
            continue;
        }
        let simulated_events = world.map(|world| world.work().events);
        let concluded = conclude(to, folder.path(), Extras { backend, simulated_events }, *then);
        let hint = departs.filter(|_| folder.has_departed());
        let ran = outcome(&ended).map_err(|error| match hint {
            Some(hint) => error.hint(hint),
            None => error,
        });
        let done = notifier.ended(ended.is_complete(), both(ran, concluded));
        page.stay(&STOP);
        return done;
    }
}

/// The same campaign, about whose proposals somebody is asked: about each, or where a doubt is given about the next while it lasts.
pub(super) fn asking<'a>(
    campaign: Campaign<'a>,
    reviewers: Option<&'a Reviewers<'a>>,
    doubt: Option<&'a Doubt>,
) -> Campaign<'a> {
    match (reviewers, doubt) {
        (Some(reviewers), Some(doubt)) => campaign.held_back(reviewers, doubt),
        (Some(reviewers), None) => campaign.reviewed(reviewers),
        (None, _) => campaign,
    }
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

/// Prints what a run has found: its summary as JSON, or text that fits the terminal.
pub(super) fn told(conclusion: &Conclusion, json: bool) -> Result<(), CommandError> {
    let text = conclusion.text(json, console::columns(&stdout()));
    if json { console::print(text) } else { console::print_text(&text) }
}

/// Writes the run folder and prints what was asked for.
pub(super) fn conclude(
    to: &Folder,
    path: &Path,
    extras: Extras,
    then: Option<Then<'_>>,
) -> Result<(), CommandError> {
    let conclusion = Conclusion::of(path, extras, threads(to.jobs))?;
    conclusion.write(path)?;
    if then.is_none() {
        told(&conclusion, to.json)?;
    }
    console::say_line(format_args!("run folder: {}", path.display()));
    then.map_or(Ok(()), |then| then(path))
}

/// Runs a campaign on `lab` into `folder`, beside a shadow if there is one.
pub(super) fn run_into(
    folder: &RunFolder,
    campaign: Campaign<'_>,
    lab: impl Lab,
    (watch, shadow, notifier): (&mut dyn Observer, Option<&Shading<'_>>, &Notifier),
) -> Result<Ended, CommandError> {
    let mut shadowed = shadow.map(|shading| Shadowed::new(shading, &STOP, notifier));
    let ran = match &mut shadowed {
        Some(shadowed) => recorded_in(folder, campaign, lab, &mut (watch, shadowed))?,
        None => recorded_in(folder, campaign, lab, watch)?,
    };
    let mut ended = ran.map_err(CommandError::failed)?;
    let moved = shadowed.map(|shadowed| shadowed.finish(folder.path())).transpose()?.flatten();
    if let (Some(moved), Some(fault)) = (moved, &mut ended.fault)
        && fault.kind == FaultKind::Interrupted
    {
        fault.kind = moved;
    }
    Ok(ended)
}

/// Runs a campaign on `lab` and writes its journal into `folder`, behind what is there if the run goes on.
pub(super) fn recorded_in(
    folder: &RunFolder,
    campaign: Campaign<'_>,
    lab: impl Lab,
    watch: &mut dyn Observer,
) -> Result<Result<Ended, CampaignError>, CommandError> {
    let (campaign, writer) = match folder.goes_on() {
        true => (campaign.goes_on().in_wall_time(), folder.append()?),
        false => (campaign, folder.open()?),
    };
    let ran = campaign.run(lab, writer, folder.recorded(), watch);
    Ok(ran.map(|(ended, _writer)| ended))
}

/// What a fault means for the exit code.
pub(super) fn outcome(ended: &Ended) -> Result<(), CommandError> {
    if let Some(fruitless) = ended.fruitless_in_words() {
        return Err(CommandError::failed(fruitless)
            .hint("its report says why; put it right and begin a new run with --out"));
    }
    match &ended.fault {
        None => Ok(()),
        Some(fault) if matches!(fault.kind, FaultKind::Short { .. }) => {
            let hint = "PUMP=ML for one that is not full; [refill] in a scenario has it done in simulation";
            Err(CommandError::new(Kind::Fault, format_args!("{fault}; the rig is safe")).hint(hint))
        }
        Some(fault) if matches!(fault.kind, FaultKind::Moved { .. }) => {
            Err(CommandError::new(Kind::Fault, format_args!("{}; the rig is safe", fault.kind))
                .hint("put it right, or calibrate again; then go on with --resume"))
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
pub fn threads(jobs: Option<NonZeroUsize>) -> NonZeroUsize {
    jobs.or_else(|| available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// The first Ctrl-C, or a request to end, makes the rig safe at the next moment at which time passes; the second ends the
/// program.
///
/// Said again it changes nothing: a second handler would take the first request for the second.
pub(super) fn heed_ctrl_c() -> Result<(), CommandError> {
    static HEEDED: AtomicBool = AtomicBool::new(false);
    if HEEDED.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    signals::heed(&STOP).map_err(CommandError::failed)
}
