//! `flowtwin shadow`, and `--shadow` of `flowtwin run`: a calibrated scenario beside a rig.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_calibration::{Account, Shadow};
use flowtwin_campaign::campaign::Observer;
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::{Conditions, Fault, FaultKind, Lab, Observation};
use flowtwin_twin::Stop;

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
        put(path, &rows.fold(first, |all, rows| all + &rows))?;
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

/// A calibrated scenario for the run that is about to begin.
#[derive(Debug)]
pub(super) struct Calibrated {
    scenario: Scenario,
    on_drift: OnDrift,
}

impl Calibrated {
    /// That of the arguments, if they name one.
    ///
    /// # Errors
    /// If it has other inputs or features than the scenario of the run.
    pub(super) fn of(to: &Folder, run: &Scenario) -> Result<Option<Self>, CommandError> {
        let Some(path) = &to.shadow else { return Ok(None) };
        let scenario = super::load(path)?;
        let inputs = |of: &Scenario| -> Vec<String> {
            of.space().inputs().iter().map(|input| input.name.clone()).collect()
        };
        if inputs(&scenario) != inputs(run) || scenario.features() != run.features() {
            let message =
                format!("--shadow {}: other inputs or features than the run has", path.display());
            return Err(CommandError::bad_input(message)
                .hint("it must describe the same rig: begin with `flowtwin calibrate` on the scenario of the run"));
        }
        Ok(Some(Self { scenario, on_drift: to.on_drift }))
    }

    /// Its shadow.
    ///
    /// # Errors
    /// If it cannot be simulated.
    pub(super) fn shadow(&self) -> Result<Shading<'_>, CommandError> {
        Ok(Shading { shadow: Shadow::new(&self.scenario)?, on_drift: self.on_drift })
    }
}

/// A shadow, and what an alarm does.
#[derive(Clone, Debug)]
pub(super) struct Shading<'a> {
    shadow: Shadow<'a>,
    on_drift: OnDrift,
}

/// Holds every experiment against the shadow, and tells `inner` everything.
pub(super) struct Shadowed<'a, 'w> {
    inner: &'w mut dyn Observer,
    shading: Option<Shading<'a>>,
    /// What stops the campaign.
    stop: &'w AtomicBool,
    /// Why it was stopped.
    stopped: Option<String>,
}

impl<'a, 'w> Shadowed<'a, 'w> {
    pub(super) fn new(
        inner: &'w mut dyn Observer,
        shading: Option<&Shading<'a>>,
        stop: &'w AtomicBool,
    ) -> Self {
        Self { inner, shading: shading.cloned(), stop, stopped: None }
    }

    /// Writes what the shadow saw beside the journal. Answers with what has moved, if that has stopped the campaign.
    pub(super) fn finish(self, folder: &Path) -> Result<Option<FaultKind>, CommandError> {
        let Some(shading) = self.shading else { return Ok(None) };
        // As in all files of a run, no path stands in them.
        let account = shading.shadow.account("");
        put(&folder.join("shadow.csv"), &account.csv())?;
        let json = serde_json::to_string_pretty(&account).unwrap_or_default();
        put(&folder.join("shadow.json"), &(json + "\n"))?;
        console::say_line(format_args!("shadow: {}", account.headline()));
        Ok(self.stopped.map(|detail| FaultKind::Moved { detail }))
    }
}

impl Observer for Shadowed<'_, '_> {
    fn phase(&mut self, name: &str, policy: &str, experiments: usize) {
        self.inner.phase(name, policy, experiments);
    }

    fn experiment(&mut self, number: u64, observation: &Observation, known: bool) {
        self.inner.experiment(number, observation, known);
        let Some(shading) = &mut self.shading else { return };
        let Some(alarm) = shading.shadow.observe(number, observation) else { return };
        let words = alarm.words();
        console::say_line(format_args!("\nexperiment {number}: the rig is not as it was, {words}"));
        // What somebody has resumed a run after stops it no more.
        if shading.on_drift == OnDrift::Stop && !known {
            self.stopped.get_or_insert(words);
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn set_otherwise(&mut self, number: u64, asked: &Conditions, set: &Conditions) {
        self.inner.set_otherwise(number, asked, set);
    }

    fn repeats(&mut self, lab: &mut dyn Lab, fault: &Fault, times: usize) -> bool {
        self.inner.repeats(lab, fault, times)
    }

    fn first(&mut self, lab: &mut dyn Lab, observation: &Observation) -> Result<(), FaultKind> {
        self.inner.first(lab, observation)
    }

    fn ended(&mut self, name: &str, stop: Option<&Stop>) {
        self.inner.ended(name, stop);
    }
}

/// Writes a file whole or not at all; it survives a power cut.
fn put(path: &Path, text: &str) -> Result<(), CommandError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let part = path.with_file_name(format!(".{name}.part"));
    let written = fs::File::create(&part).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    written.map_err(|error| CommandError::unwritable(path, &error))
}
