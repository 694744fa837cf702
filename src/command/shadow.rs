//! `flowtwin shadow`, and `--shadow` of `flowtwin run`: a calibrated scenario beside a rig.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_calibration::{Account, Shadow};
use flowtwin_campaign::campaign::{Doubt, Observer};
use flowtwin_campaign::folder::{OnDisk, put, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::journal::Recalibrated;
use flowtwin_lab::{FaultKind, Observation};

use super::notify::{Event, Notifier};
use super::output::into_file;
use crate::cli::{Folder, OnDrift, ShadowArgs as Args};
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let scenario = super::load(&args.scenario)?;
    let clean = Shadow::new(&scenario)?;
    let accounts = args
        .runs
        .iter()
        .map(|run| account(&scenario, clean.clone(), run))
        .collect::<Result<Vec<Account>, CommandError>>()?;
    if let Some(path) = &args.out {
        let mut tables = accounts.iter().map(Account::csv);
        let first = tables.next().unwrap_or_default();
        let rows = tables.map(|table| table.split_once('\n').unwrap_or_default().1.to_owned());
        let table = rows.fold(first, |all, rows| all + &rows);
        let write = |place: &Path| {
            std::fs::write(place, &table).map_err(|error| CommandError::unwritable(place, &error))
        };
        let place = into_file(path, write)?;
        console::say_line(format_args!("table: {}", place.display()));
    }
    if args.json {
        return console::print_line(serde_json::to_string_pretty(&accounts).unwrap_or_default());
    }
    for account in &accounts {
        console::print(text(account))?;
    }
    Ok(())
}

fn account(
    scenario: &Scenario,
    mut shadow: Shadow<'_>,
    run: &Path,
) -> Result<Account, CommandError> {
    let journal = read_journal(run).map_err(|error| Diagnostic::new(error.to_string()))?;
    let name = run.display().to_string();
    for experiment in journal.experiments() {
        shadow.observe(experiment.experiment, &experiment.observation(scenario.analysis()));
    }
    let account = shadow.account(&name);
    match account.experiments {
        0 => Err(CommandError::bad_input(format_args!("{name}: no experiment to look at"))
            .hint("failed and flagged ones tell nothing; features must have the names that they have in the scenario")),
        _ => Ok(account),
    }
}

fn text(account: &Account) -> String {
    let mut text = format!("{}: {}\n\n{}", account.run, account.headline(), account.table().text());
    for remark in account.remarks() {
        text.push_str(&format!("\n- {remark}"));
    }
    text + "\n"
}

/// Whether a calibrated scenario has the inputs and features of a run.
pub fn fits(calibrated: &Scenario, run: &Scenario) -> bool {
    let inputs = |of: &Scenario| -> Vec<String> {
        of.space().inputs().iter().map(|input| input.name.clone()).collect()
    };
    inputs(calibrated) == inputs(run) && calibrated.features() == run.features()
}

/// Writes what a shadow saw beside the journal of its run.
///
/// # Errors
/// If a file cannot be written.
pub fn write_account(account: &Account, folder: &Path) -> Result<(), CommandError> {
    for (name, text) in [("shadow.csv", account.csv()), ("shadow.json", account.json())] {
        let path = folder.join(name);
        put(&OnDisk, &path, text.as_bytes())
            .map_err(|error| CommandError::unwritable(&path, &error))?;
    }
    Ok(())
}

/// A calibrated scenario for the run that is about to begin.
#[derive(Debug)]
pub(super) struct Calibrated {
    scenario: Scenario,
    on_drift: OnDrift,
    doubt: Doubt,
}

impl Calibrated {
    /// That of the arguments, if they name one.
    ///
    /// # Errors
    /// If it has other inputs or features than the scenario of the run.
    pub(super) fn of(to: &Folder, run: &Scenario) -> Result<Option<Self>, CommandError> {
        let Some(path) = &to.shadow else { return Ok(None) };
        let scenario = super::load(path)?;
        if !fits(&scenario, run) {
            let message =
                format!("--shadow {}: other inputs or features than the run has", path.display());
            return Err(CommandError::bad_input(message)
                .hint("it must describe the same rig: begin with `flowtwin calibrate` on the scenario of the run"));
        }
        Ok(Some(Self { scenario, on_drift: to.on_drift, doubt: Doubt::default() }))
    }

    /// Its shadow.
    ///
    /// # Errors
    /// If it cannot be simulated.
    pub(super) fn shadow(&self) -> Result<Shading<'_>, CommandError> {
        let (shadow, on_drift) = (Shadow::new(&self.scenario)?, self.on_drift);
        Ok(Shading { shadow, on_drift, doubt: &self.doubt })
    }

    /// What an alarm raises, if somebody is to decide then on what comes next.
    pub(super) fn doubt(&self) -> Option<&Doubt> {
        (self.on_drift == OnDrift::Pause).then_some(&self.doubt)
    }
}

/// A shadow, and what an alarm does.
#[derive(Clone, Debug)]
pub(super) struct Shading<'a> {
    shadow: Shadow<'a>,
    on_drift: OnDrift,
    doubt: &'a Doubt,
}

/// Holds every experiment of a campaign against the shadow.
pub(super) struct Shadowed<'a, 's> {
    shading: Shading<'a>,
    /// What stops the campaign.
    stop: &'s AtomicBool,
    /// Who is told.
    notifier: &'s Notifier,
    /// Why it was stopped.
    stopped: Option<String>,
    /// What the journal is to record.
    recalibrated: Option<Recalibrated>,
}

impl<'a, 's> Shadowed<'a, 's> {
    /// Goes on with new values, and says which.
    fn recalibrate(&mut self) {
        match self.shading.shadow.recalibrate() {
            Ok(Some(anew)) => {
                console::say_line(anew.words());
                self.recalibrated = Some(anew.record());
            }
            Ok(None) => console::say_line(
                "the shadow keeps its values: no part of the rig is known to have moved",
            ),
            Err(error) => console::say_line(format_args!("the shadow keeps its values: {error}")),
        }
    }

    pub(super) fn new(shading: &Shading<'a>, stop: &'s AtomicBool, notifier: &'s Notifier) -> Self {
        let (shading, stopped, recalibrated) = (shading.clone(), None, None);
        Self { shading, stop, notifier, stopped, recalibrated }
    }

    /// Writes what the shadow saw beside the journal. Answers with what has moved, if that has stopped the campaign.
    pub(super) fn finish(self, folder: &Path) -> Result<Option<FaultKind>, CommandError> {
        // As in all files of a run, no path stands in them.
        let account = self.shading.shadow.account("");
        write_account(&account, folder)?;
        console::say_line(format_args!("shadow: {}", account.headline()));
        Ok(self.stopped.map(|detail| FaultKind::Moved { detail }))
    }
}

impl Observer for Shadowed<'_, '_> {
    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        let shading = &mut self.shading;
        let Some(alarm) = shading.shadow.observe(number, observation) else { return };
        let words = alarm.words();
        console::say_line(format_args!("\nexperiment {number}: the rig is not as it was, {words}"));
        if !known {
            self.notifier.tell(Event::Drift, &words);
        }
        match shading.on_drift {
            OnDrift::Flag => {}
            OnDrift::Recalibrate => self.recalibrate(),
            OnDrift::Pause => shading.doubt.raise(&format!(
                "The rig is not as it was, {words}: nothing runs before you decide."
            )),
            // What somebody has resumed a run after stops it no more.
            OnDrift::Stop if known => {}
            OnDrift::Stop => {
                self.stopped.get_or_insert(words);
                self.stop.store(true, Ordering::Relaxed);
            }
        }
    }

    fn recalibrated(&mut self) -> Option<Recalibrated> {
        self.recalibrated.take()
    }
}
