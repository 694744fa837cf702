//! `flowtwin run --backend hardware`: rehearsal, question, and the campaign on the real rig.

use std::cell::RefCell;
use std::fs;
use std::io::{IsTerminal as _, stdin};
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use flowtwin_backends::clock::{Clock, SharedClock, WallClock};
use flowtwin_backends::connect::Finding;
use flowtwin_backends::folder::FolderLab;
use flowtwin_backends::heartbeat::{Heartbeat, make_safe_at_last};
use flowtwin_backends::hold::Hold;
use flowtwin_backends::wiring::FolderWiring;
use flowtwin_backends::{Bench, Wiring, connect, identify};
use flowtwin_campaign::campaign::{Alongside, Campaign, Doubt, Ended, Fillings, Silent};
use flowtwin_campaign::folder::{Identity, OnDisk, RunFolder, make_folders, put};
use flowtwin_campaign::hardware::{CERTIFICATE, Certificate, Plan, Unfit, limits_in_words};
use flowtwin_campaign::scenario::{Scenario, Simulated};
use flowtwin_lab::journal::{self, Writer};
use flowtwin_lab::{FaultKind, Instant, Lab, Manifest, Span};
use flowtwin_report::Extras;

use super::attendant::{Attendant, Cables, Held};
use super::campaign::{
    PAUSE, STOP, Then, asking, both, conclude, heed_ctrl_c, is_unsafe, outcome, run_into, threads,
};
use super::emulate::read_wiring;
use super::filled::filled;
use super::notify::Notifier;
use super::page::Beside;
use super::review::Reviewers;
use super::run_folder::Target;
use super::shadow::{Calibrated, Shading};
use super::watch::{held, hold};
use crate::cli::{Folder, OnRig};
use crate::console::{self, say_line};
use crate::error::{CommandError, Kind};
use crate::program;
use crate::progress::Progress;
use crate::shout::Shout;
use crate::signals;

/// Longest silence of the campaign after which the watch makes the rig safe [s].
const SILENCE_S: f64 = 10.0;

/// How long somebody who has asked the program to end waits for the watch: it should be done in a moment where the rig is
/// safe already, and may not be for long where it is not.
const PATIENT: Duration = Duration::from_millis(1500);
const IMPATIENT: Duration = Duration::from_millis(100);

/// A campaign for the real rig.
pub(super) struct OnHardware<'a> {
    /// Where the rig is, and whether to ask.
    pub(super) rig: &'a OnRig,
    /// Its run folder.
    pub(super) to: &'a Folder,
    /// What is done.
    pub(super) scenario: Scenario,
    /// Seed of its policies.
    pub(super) seed: u64,
    /// Whether people decide on its proposals.
    pub(super) review: bool,
    /// The run it repeats.
    pub(super) replayed: Option<&'a journal::Journal>,
    /// What the usual name of its folder ends with.
    pub(super) more: &'a str,
    /// What is told of its folder instead of the closing table.
    pub(super) then: Option<Then<'a>>,
}

pub(super) fn run(order: OnHardware<'_>) -> Result<(), CommandError> {
    super::watch::needs_unix("--backend hardware")?;
    let OnHardware { rig: args, to, scenario, seed, review, replayed, more, then } = order;
    let wiring_file = args.wiring.as_deref().expect("required with --backend hardware");
    if scenario.table().is_some() {
        return Err(CommandError::bad_input("a table of outcomes runs on no rig"));
    }
    super::place::with_rig(&scenario)?;
    let wiring = read_wiring(wiring_file)?;
    super::watch::programs_can_be_ended(&wiring)?;
    in_its_time(args, &wiring)?;
    spectra_come_in_time(&wiring, &scenario)?;
    let identity = Identity::new(&scenario, seed, wiring.simulated).in_wall_time();
    let filled = filled(&args.filled, scenario.manifest())?;
    let calibrated = Calibrated::of(to, &scenario)?;
    let shadow = calibrated.as_ref().map(Calibrated::shadow).transpose()?;
    let target = Target::of(to, &scenario, seed, more)?;
    let (folder, _target) = target.folder(to, &identity, replayed)?;
    let path = folder.path().to_owned();
    let doubt = calibrated.as_ref().and_then(Calibrated::doubt);
    let asks = review || doubt.is_some();
    let doubt = doubt.filter(|_| !review);
    let page = Beside::of(to, &path, &STOP, asks)?;
    heed_ctrl_c()?;
    let notifier = Notifier::new(to, &path, &scenario)?;
    let hold = hold(&wiring, wiring_file)?;
    let certificate =
        rehearse(to, &scenario, seed, wiring_file, folder.recorded().is_some(), &path)?;
    let recorded = folder.recorded().filter(|_| wiring.folder.is_none());
    tell(&certificate, &scenario, recorded);
    // Until the campaign begins, Ctrl-C ends this program whatever it waits for.
    signals::nothing_is_under_way(true);
    let found = everybody_is_there(&wiring)?;
    super::identified::require(wiring_file, &wiring, &found)?;
    ask(args)?;
    let reviewers = asks.then(|| Reviewers::of(page.reviewer(), &notifier));
    let reviewers = reviewers.as_ref();
    let (wiring, shadow, notifier) = (&wiring, shadow.as_ref(), &notifier);
    let at = (wiring, wiring_file);
    let hold = &hold;
    let begun =
        Begun { args, to, seed, reviewers, doubt, then, folder, at, hold, shadow, notifier };
    let mut complete = false;
    let done = begun.run(scenario, filled, found, &mut complete);
    notifier.ended(complete, done)
}

/// A campaign that somebody has said may begin: however it ends, whoever wants to know is told.
struct Begun<'a> {
    args: &'a OnRig,
    to: &'a Folder,
    seed: u64,
    reviewers: Option<&'a Reviewers<'a>>,
    /// Why somebody is asked about the next proposal; none where they are asked about each.
    doubt: Option<&'a Doubt>,
    then: Option<Then<'a>>,
    folder: RunFolder,
    at: (&'a Wiring, &'a Path),
    hold: &'a Hold,
    shadow: Option<&'a Shading<'a>>,
    notifier: &'a Notifier,
}

impl Begun<'_> {
    /// Runs it and sums it up; `complete` is set where all was done that the scenario asks for.
    fn run(
        &self,
        scenario: Scenario,
        filled: Fillings,
        found: Vec<Finding>,
        complete: &mut bool,
    ) -> Result<(), CommandError> {
        let Self { args, to, folder, at: (wiring, wiring_file), .. } = self;
        let began = folder.recorded().map_or(Instant::START, journal::Journal::last_at);
        let clock = clock(wiring, began, args.speed)?;
        let manifest = Manifest { simulated: wiring.simulated, ..scenario.manifest().clone() };
        let rehearsed = scenario.clone();
        let expected = rehearsed.simulated()?;
        let (ended, watched) = match &wiring.folder {
            Some(hand_off) => {
                let rig = behind(hand_off, wiring_file, manifest, clock)?;
                signals::nothing_is_under_way(false);
                (self.on(&scenario, Box::new(rig), (&expected, filled), None)?, None)
            }
            None => {
                let (rig, scenario) = readied(wiring, manifest, clock, scenario)?;
                let ceiling_c = scenario.file().guard.max_temperature_c;
                let by = (self.hold, ceiling_c);
                let (ended, watched) = watched(rig, (wiring, wiring_file), by, |rig| {
                    let held = Held::new(rig);
                    let wiring = (*wiring).clone();
                    let cables = Cables { held: held.clone(), wiring, found };
                    self.on(&scenario, Box::new(held), (&expected, filled), Some(cables))
                })?;
                (ended, Some(watched))
            }
        };
        *complete = ended.is_complete();
        if STOP.load(Ordering::Relaxed) {
            console::say_line(
                "the campaign has ended; what it has measured is summed up (Ctrl-C leaves that out)",
            );
        }
        let extras = Extras { backend: "hardware".into(), simulated_events: None };
        let concluded = conclude(to, folder.path(), extras, self.then);
        both(verdict(&ended, watched), concluded)
    }

    /// Runs the campaign on a rig; how it ended.
    fn on(
        &self,
        scenario: &Scenario,
        rig: Box<dyn Lab>,
        (expected, filled): (&Simulated<'_>, Fillings),
        cables: Option<Cables>,
    ) -> Result<Ended, CommandError> {
        let mut progress = Progress::new(scenario).quiet(self.to.quiet);
        let expected = expected.lab(self.seed);
        let mut beside = Alongside::new(scenario, expected, |text: &str| say_line(text));
        let accept = self.args.accept_first;
        let mut attendant = Attendant { rehearsed: scenario, accept, cables };
        let mut notifier = self.notifier;
        let mut watch = (&mut progress, &mut (&mut beside, &mut (&mut attendant, &mut notifier)));
        let campaign = Campaign::new(scenario, self.seed, threads(self.to.jobs), &STOP);
        let campaign = campaign.pausing(&PAUSE).filled(filled);
        let campaign = asking(campaign, self.reviewers, self.doubt);
        run_into(&self.folder, campaign, rig, (&mut watch, self.shadow, self.notifier))
    }
}

/// Says what was rehearsed, which limits hold, and what syringes still hold of a run that goes on.
fn tell(certificate: &Certificate, scenario: &Scenario, recorded: Option<&journal::Journal>) {
    console::say_line(format_args!("\nRehearsed in simulation:\n\n{}", certificate.rehearsal));
    console::say(format_args!(
        "\n{}",
        limits_in_words(&scenario.file().guard, scenario.manifest())
    ));
    if let Some(journal) = recorded {
        console::say(format_args!("\n{}", left_in_words(journal)));
    }
}

/// Refuses to accelerate a real rig.
fn in_its_time(args: &OnRig, wiring: &Wiring) -> Result<(), CommandError> {
    let real_time = (args.speed - 1.0).abs() < f64::EPSILON;
    if real_time || wiring.simulated && args.speed.is_finite() && args.speed > 0.0 {
        return Ok(());
    }
    let message = format!("--speed {}: a real rig runs in real time", args.speed);
    Err(CommandError::bad_input(message)
        .hint("only instruments that `flowtwin emulate --wired` serves can be accelerated"))
}

/// The instruments of a rig, ready for what they are to do; and the scenario as they are.
fn readied(
    wiring: &Wiring,
    manifest: Manifest,
    clock: Box<dyn Clock>,
    scenario: Scenario,
) -> Result<(Bench, Scenario), CommandError> {
    let mut rig = connect(wiring, manifest, clock).map_err(CommandError::bad_input)?;
    rig.ask_spectrometers()
        .and_then(|()| rig.ready_pumps())
        .map_err(|fault| CommandError::new(Kind::Fault, fault))?;
    let scenario = scenario.on_rig(rig.manifest()).map_err(CommandError::bad_input)?;
    Ok((rig, scenario))
}

/// Runs a campaign beside a watch; how it ended, and whether the rig was made safe afterwards.
fn watched(
    rig: Bench,
    (wiring, wiring_file): (&Wiring, &Path),
    (hold, ceiling_c): (&Hold, f64),
    on: impl FnOnce(Bench) -> Result<Ended, CommandError>,
) -> Result<(Ended, bool), CommandError> {
    // The watch holds the rig too, also when this process has gone.
    hold.share().map_err(held)?;
    let manifest = rig.manifest().clone();
    let heartbeat = Rc::new(RefCell::new(heartbeat(&manifest, wiring_file)?));
    let (pulse, herald) = (Box::new(heartbeat.clone()), Box::new(Shout::of_campaign()));
    signals::nothing_is_under_way(false);
    let ended = on(rig.with_pulse(pulse).with_herald(herald).with_ceiling(ceiling_c))?;
    let is_unsafe = ended.fault.as_ref().is_some_and(is_unsafe);
    let watched = match finish(&mut heartbeat.borrow_mut(), is_unsafe)? {
        Watched::NotSafe if is_unsafe => by_itself(wiring, manifest)?,
        watched => watched == Watched::Safe,
    };
    Ok((ended, watched))
}

/// What a watch has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    /// It has made the rig safe.
    Safe,
    /// It has ended without that.
    NotSafe,
    /// It goes on without this program.
    AtWork,
}

/// Waits until the watch has made the rig safe. Somebody who asks the program to end need not wait: the watch goes on
/// without it.
fn finish(heartbeat: &mut Heartbeat, is_unsafe: bool) -> Result<Watched, CommandError> {
    let patience = if is_unsafe { IMPATIENT } else { PATIENT };
    let mut asked: Option<std::time::Instant> = None;
    let status = heartbeat
        .finish(|| {
            let now = std::time::Instant::now();
            STOP.load(Ordering::Relaxed) && now - *asked.get_or_insert(now) >= patience
        })
        .map_err(CommandError::failed)?;
    let Some(status) = status else {
        let process = heartbeat.process();
        console::say_line(format_args!(
            "the watch (process {process}) goes on without this program"
        ));
        return Ok(Watched::AtWork);
    };
    Ok(if status.success() { Watched::Safe } else { Watched::NotSafe })
}

/// Where the watch has gone too, this program tries on by itself to make the rig safe; whether it has.
fn by_itself(wiring: &Wiring, manifest: Manifest) -> Result<bool, CommandError> {
    let rig =
        connect(wiring, manifest, Box::new(WallClock::real())).map_err(CommandError::failed)?;
    let mut rig = rig.with_herald(Box::new(Shout::of_campaign()));
    let pause = Duration::from_millis(200);
    let mut go_on = |_| !STOP.load(Ordering::Relaxed);
    Ok(make_safe_at_last(&mut rig, super::watch::TRIES_FOR, pause, &mut go_on).is_ok())
}

/// What the end of a campaign and that of its watch, if it had one, mean for the exit code.
fn verdict(ended: &Ended, watched: Option<bool>) -> Result<(), CommandError> {
    match (&ended.fault, watched) {
        (Some(fault), Some(true)) if is_unsafe(fault) => {
            let message = format_args!("{fault}; the watch has made the rig safe since");
            Err(CommandError::new(Kind::Fault, message)
                .hint("put it right, then go on with --resume"))
        }
        (None, Some(false)) => Err(CommandError::failed(
            "the campaign is complete, but its watch could not turn everything off",
        )
        .hint("go to the rig: switch heater and pumps off by hand")),
        _ => outcome(ended),
    }
}

/// Refuses cables on which spectra take so long that the watch would act.
fn spectra_come_in_time(wiring: &Wiring, scenario: &Scenario) -> Result<(), CommandError> {
    if wiring.simulated {
        return Ok(());
    }
    for channel in scenario.analysis().channels() {
        let (spectrometer, frames) = (&channel.spectrometer, channel.exposure.frames);
        match wiring.transmission_s(spectrometer, frames) {
            Some(needed_s) if needed_s > SILENCE_S / 2.0 => {
                let message = format!(
                    "{spectrometer}: {frames} spectra take {needed_s:.0} s on its serial line, and the watch waits for {SILENCE_S} s"
                );
                return Err(CommandError::bad_input(message)
                    .hint("connect it by network or USB, or take fewer frames"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What should be left in the syringes of a run that goes on.
fn left_in_words(journal: &journal::Journal) -> String {
    let missing = journal::delivered(journal);
    let mut text = String::from("pump              full mL    left mL\n");
    for info in &journal.header().manifest.pumps {
        let left_ml = info.fill_ml - missing.get(&info.name).map_or(0.0, |ul| ul / 1_000.0);
        text += &format!("{:<16} {:>8.2} {left_ml:>10.2}\n", info.name.as_str(), info.fill_ml);
    }
    text + "Is that so? If you have filled syringes since, say --filled PUMP[=ML],... or --filled all.\n"
}

/// The certificate for what is about to be done: the one of the folder where it fits, else a new one.
fn rehearse(
    to: &Folder,
    scenario: &Scenario,
    seed: u64,
    wiring_file: &Path,
    resumed: bool,
    folder: &Path,
) -> Result<Certificate, CommandError> {
    let plan = Plan {
        flowtwin: env!("CARGO_PKG_VERSION").into(),
        scenario: scenario.name().into(),
        scenario_sha256: scenario.sha256(),
        wiring_sha256: flowtwin_lab::digest::sha256(
            &fs::read(wiring_file).map_err(CommandError::failed)?,
        ),
        seed,
    };
    let path = folder.join(CERTIFICATE);
    let known = fs::read_to_string(&path).ok().map(|text| Certificate::read(&text));
    let certificate = match known {
        Some(Ok(certificate)) if resumed || certificate.covers(&plan).is_ok() => certificate,
        Some(Err(unfit)) if resumed => return Err(refuse(&path, &unfit)),
        _ => {
            let certificate = Certificate::new(plan.clone(), &simulated(to, scenario, seed)?);
            make_folders(&OnDisk, folder)
                .and_then(|()| put(&OnDisk, &path, certificate.text().as_bytes()))
                .map_err(|error| CommandError::unwritable(&path, &error))?;
            certificate
        }
    };
    let goes_on = resumed && certificate.plan.scenario_sha256 == plan.scenario_sha256;
    match certificate.covers(&plan) {
        // A cable or an adapter may have been replaced since.
        Err(unfit @ Unfit::Other { .. }) if goes_on => Err(refuse(&path, &unfit).hint(
            "nothing has moved; where that is meant, remove the certificate: it is rehearsed anew",
        )),
        Err(unfit) => Err(refuse(&path, &unfit)),
        Ok(()) => Ok(certificate),
    }
}

fn refuse(path: &Path, unfit: &Unfit) -> CommandError {
    CommandError::bad_input(format_args!("{}: {unfit}", path.display()))
        .hint("nothing has moved; rehearse again in a new folder with --out")
}

/// The journal of the whole campaign on the simulator.
pub(super) fn simulated(
    to: &Folder,
    scenario: &Scenario,
    seed: u64,
) -> Result<journal::Journal, CommandError> {
    console::say_line("rehearsing the campaign in simulation …");
    let campaign = Campaign::new(scenario, seed, threads(to.jobs), &STOP);
    let lab = scenario.simulated()?.lab(seed);
    let (ended, writer) = campaign
        .run(lab, Writer::new(Vec::new()), None, &mut Silent)
        .map_err(CommandError::failed)?;
    if let Some(fault) = ended.fault {
        if fault.kind == FaultKind::Interrupted {
            return Err(CommandError::new(Kind::Interrupted, "interrupted; nothing has moved"));
        }
        let message = format!("the rehearsal ended with a fault: {fault}");
        return Err(CommandError::new(Kind::Fault, message).hint("nothing has moved"));
    }
    journal::read(&writer.into_sink()).map_err(CommandError::failed)
}

/// Makes sure that the right instrument is at the end of every cable, before anything moves.
fn everybody_is_there(wiring: &Wiring) -> Result<Vec<Finding>, CommandError> {
    let found = identify(wiring);
    if let Some(played) = found.iter().find(|found| found.is_emulated() && !wiring.simulated) {
        let message =
            format!("{}: an emulated instrument is at the end of this cable", played.name);
        return Err(CommandError::bad_input(message).hint(
            "nothing has moved; what it tells is simulated, and the wiring file must say so",
        ));
    }
    let wrong = found.iter().filter_map(|found| {
        found.problem.as_ref().map(|problem| format!("{}: {problem}", found.name))
    });
    let wrong: Vec<String> = wrong.collect();
    if wrong.is_empty() {
        return Ok(found);
    }
    Err(CommandError::failed(wrong.join("\n")).hint("nothing has moved; see docs/wiring.md"))
}

fn ask(args: &OnRig) -> Result<(), CommandError> {
    if args.yes {
        return Ok(());
    }
    if !stdin().is_terminal() {
        let message = "nobody is there to be asked";
        return Err(CommandError::bad_input(message).hint("give --yes to begin without asking"));
    }
    console::say("\nPumps will run and the plate will heat. Begin? Type yes: ");
    let mut answer = String::new();
    stdin().read_line(&mut answer).map_err(CommandError::failed)?;
    match answer.trim() {
        "yes" if !STOP.load(Ordering::Relaxed) => Ok(()),
        _ => Err(CommandError::new(Kind::Interrupted, "not begun; nothing has moved")),
    }
}

/// Wall time; for emulated instruments, the time of the process that emulates them.
fn clock(wiring: &Wiring, began: Instant, speed: f64) -> Result<Box<dyn Clock>, CommandError> {
    let Some(address) = &wiring.clock else {
        return Ok(Box::new(WallClock::new(began, speed, STOP.clone())));
    };
    let clock = SharedClock::connect(address, began, STOP.clone()).map_err(|error| {
        CommandError::failed(format_args!("the clock at {address}: {error}"))
            .hint("nothing has moved; is `flowtwin emulate` still at work?")
    })?;
    Ok(Box::new(clock))
}

/// The rig behind a folder. What drives it keeps it safe: no watch is needed beside this process.
fn behind(
    hand_off: &FolderWiring,
    wiring_file: &Path,
    manifest: Manifest,
    clock: Box<dyn Clock>,
) -> Result<FolderLab, CommandError> {
    let path = hand_off.beside(wiring_file);
    let spans = (Span::from_secs(hand_off.expected_s), Span::from_secs(hand_off.patience_s));
    FolderLab::open(&path, manifest, clock, spans)
        .map_err(|error| CommandError::unwritable(&path, &error))
}

/// Starts the watch beside this process, before anything heats.
fn heartbeat(manifest: &Manifest, wiring_file: &Path) -> Result<Heartbeat, CommandError> {
    let mut command = program::again().map_err(CommandError::failed)?;
    command.arg("watch").arg("--wiring").arg(wiring_file);
    command.arg("--silence").arg(SILENCE_S.to_string());
    Heartbeat::start(command, manifest, Duration::from_secs_f64(SILENCE_S)).map_err(|error| {
        CommandError::failed(format_args!("the dead man's switch: {error}"))
            .hint("nothing has moved")
    })
}

#[cfg(test)]
mod tests {
    use flowtwin_lab::Fault;
    use flowtwin_twin::Work;

    use super::*;

    #[test]
    fn a_watch_that_could_not_turn_everything_off_is_told_whatever_the_campaign_says() {
        let left = FaultKind::NotSafe { because: None, left: "plate".into() };
        let cases = [
            (None, Some(true), None),
            (None, None, None),
            (None, Some(false), Some(Kind::Failed)),
            (Some(FaultKind::Stalled), Some(true), Some(Kind::Fault)),
            (Some(left.clone()), Some(true), Some(Kind::Fault)),
            (Some(left), Some(false), Some(Kind::Failed)),
        ];
        for (kind, watched, expected) in cases {
            let fault = kind.map(|kind| Fault::new(Instant::START, "bench", kind));
            let ended = Ended {
                fault,
                work: Work::default(),
                experiments: 1,
                fruitless: false,
                all_failed: false,
            };
            let found = verdict(&ended, watched).err().map(|error| error.kind());
            assert_eq!(found, expected, "{:?} {watched:?}", ended.fault);
        }
    }
}
