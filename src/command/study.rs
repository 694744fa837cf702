//! `flowtwin study`: what a rig must measure so that its simulator can be calibrated.

use std::path::Path;

use flowtwin_calibration::study::{BestRamp, Design, Findings, Study, Wishes, page};
use flowtwin_campaign::choice;
use flowtwin_campaign::folder::{OnDisk, put, read_journal};
use flowtwin_campaign::hardware::Rehearsal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::Conditions;
use flowtwin_report::format::significant;
use serde_json::{Value, json};

use super::calibrate::{self, Fitted, way};
use super::campaign::{By, OTHER_RIG, Order, at};
use super::filled::filled;
use super::hardware::{self, OnHardware};
use super::place::{Place, has_its_instruments, refuse_idle, with_rig};
use crate::cli::{Backend, CalibrateArgs, StudyArgs as Args, StudyKind};
use crate::console;
use crate::error::{CommandError, Kind};

/// What was found, beside the journal.
const FOUND: &str = "study.json";
/// What was found as a scenario.
const STUDIED: &str = "studied.toml";
/// What was found as a page.
const PAGE: &str = "study.html";

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    refuse(args)?;
    let scenario = super::load(&args.scenario)?;
    with_rig(&scenario)?;
    // Only a rig can be studied.
    scenario.simulated().map_err(Diagnostic::from)?;
    if args.kind == StudyKind::Commission {
        // What cannot be calibrated in the end is said before anything moves.
        calibrate::keys(&scenario, &args.free)?;
    }
    let rig = args.as_it_is.as_ref().map(|path| super::load(path)).transpose()?;
    if let Some(rig) = &rig {
        with_rig(rig)?;
        has_its_instruments(rig, &scenario)?;
    }
    let mut wishes = wishes(args, &scenario)?;
    if let Some(count) = args.design {
        let (keys, ramps) =
            (calibrate::keys(&scenario, &args.free)?, (count.into(), args.adaptive));
        wishes = wishes.designed(&scenario, Study::Ramp, keys, ramps)?;
        say_best(&scenario, &wishes.ramps);
    }
    let design = Design::of(&scenario, study(args.kind), &wishes)?;
    design.left_out.iter().for_each(|text| console::say_line(format_args!("left out: {text}")));
    let seed = args.seed.unwrap_or(scenario.file().seed);
    if args.plan {
        return plan(args, &design, seed);
    }
    if !args.folder.quiet {
        console::say_line(design.intention());
    }
    let then = |folder: &Path| tell(args, &scenario, folder);
    let (to, then) = (&args.folder, Some(&then as &dyn Fn(&Path) -> _));
    let (more, review, replayed) = (study(args.kind).name(), false, None);
    if args.backend == Backend::Hardware {
        let (rig, scenario, more) = (&args.rig, design.scenario, &format!("-rig-{more}"));
        return hardware::run(OnHardware { rig, to, scenario, seed, review, replayed, more, then });
    }
    match takes(args, &design, seed) {
        Ok(takes) => tell_what_it_takes(&takes),
        Err(error) if error.kind() == Kind::Interrupted => return Err(error),
        // What goes wrong in simulation is for the run itself to tell.
        Err(_) => {}
    }
    let filled = By::Hand(filled(&args.rig.filled, design.scenario.manifest())?);
    let more = &format!("-{more}");
    let usual = Order::new(&design.scenario, seed, to, filled);
    let order = Order { more, then, departs: Some(OTHER_RIG), ..usual };
    let (wiring_file, believed) = (args.rig.wiring.as_deref(), &design.scenario);
    at(&order, || match &rig {
        None => Place::simulated(args.backend, wiring_file, believed, seed),
        Some(rig) => Place::as_it_is(args.backend, wiring_file, believed, rig, seed),
    })
}

fn study(kind: StudyKind) -> Study {
    match kind {
        StudyKind::Tracer => Study::Tracer,
        StudyKind::Flow => Study::Flow,
        StudyKind::Heat => Study::Heat,
        StudyKind::Light => Study::Light,
        StudyKind::Replicates => Study::Replicates,
        StudyKind::Ramp => Study::Ramp,
        StudyKind::Commission => Study::Commission,
    }
}

fn refuse(args: &Args) -> Result<(), CommandError> {
    refuse_idle(args.backend, args.rig.wiring.as_deref(), &[])?;
    if args.backend == Backend::Twin {
        let message = "a twin has no lights, pumps and heaters to study";
        return Err(CommandError::bad_input(message));
    }
    if args.backend == Backend::Hardware && args.as_it_is.is_some() {
        let message = "--as-it-is says nothing to --backend hardware: the rig is as it is";
        return Err(CommandError::bad_input(message));
    }
    if args.design.is_some() && args.kind != StudyKind::Ramp {
        let name = study(args.kind).name();
        let message = format_args!("--design says nothing to the study {name}");
        return Err(CommandError::bad_input(message));
    }
    if !args.free.is_empty() && args.kind != StudyKind::Commission && args.design.is_none() {
        let name = study(args.kind).name();
        return Err(CommandError::bad_input(format_args!(
            "--free says nothing to the study {name}"
        )));
    }
    Ok(())
}

/// Says which ramps were chosen, and what they are expected to tell together.
fn say_best(scenario: &Scenario, ramps: &[BestRamp]) {
    for ramp in ramps {
        console::say_line(format_args!("ramp: {}", ramp.task(scenario)));
    }
    for (key, part) in ramps.last().iter().flat_map(|ramp| &ramp.within) {
        let percent = significant(100.0 * part, 2);
        console::say_line(format_args!("expected: {key} within {percent} % (95 %)"));
    }
}

fn wishes(args: &Args, scenario: &Scenario) -> Result<Wishes, Diagnostic> {
    let named = |settings: &[String]| -> Result<Option<Conditions>, Diagnostic> {
        let chosen = || choice::conditions(scenario.space(), settings).map_err(Diagnostic::new);
        (!settings.is_empty()).then(chosen).transpose()
    };
    Ok(Wishes {
        at: named(&args.at)?,
        count: args.count,
        from: named(&args.from)?,
        to: named(&args.to)?,
        minutes: args.minutes,
        ..Wishes::default()
    })
}

/// What a study takes, in simulation.
fn takes(args: &Args, design: &Design, seed: u64) -> Result<Rehearsal, CommandError> {
    let journal = hardware::simulated(&args.folder, &design.scenario, seed)?;
    Ok(Rehearsal::of(&journal))
}

fn tell_what_it_takes(takes: &Rehearsal) {
    let ml: f64 = takes.syringes.iter().map(|syringe| syringe.needs_ml).sum();
    console::say_line(format_args!(
        "takes {:.0} min of lab time and {ml:.1} mL of liquid",
        takes.lab_time_s / 60.0
    ));
}

/// Says what a study does and takes, and does none of it.
fn plan(args: &Args, design: &Design, seed: u64) -> Result<(), CommandError> {
    let takes = takes(args, design, seed)?;
    if !args.folder.json {
        return console::print(format_args!("{}\n\n{takes}", design.intention()));
    }
    console::print_line(json!({
        "tasks": design.scenario.study(),
        "left_out": design.left_out,
        "takes": takes,
    }))
}

/// Says what a study has found, and keeps it beside its journal.
fn tell(args: &Args, scenario: &Scenario, folder: &Path) -> Result<(), CommandError> {
    let found = Findings::of(&read_journal(folder)?)?;
    let json = json(args, &found);
    let mut files = vec![(FOUND.to_owned(), format!("{json:#}\n"))];
    files.push((PAGE.to_owned(), page(scenario, study(args.kind).name(), &found)));
    files.extend(found.tables());
    files.extend(
        found.toml(scenario, &way(folder, &args.scenario)).map(|text| (STUDIED.to_owned(), text)),
    );
    for (name, text) in &files {
        let path = folder.join(name);
        put(&OnDisk, &path, text.as_bytes())
            .map_err(|error| CommandError::unwritable(&path, &error))?;
    }
    let calibrated = calibrated(args, folder)?;
    if args.folder.json {
        let calibration = calibrated.map(|it| json!({ "calibration": it.calibration }));
        let json = [Some(json), calibration].into_iter().flatten().fold(json!({}), merged);
        return console::print_line(format_args!("{json:#}"));
    }
    console::print(found.shown().text())?;
    for note in &found.notes {
        console::print_line(format_args!("- {note}"))?;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    console::say_line(format_args!("wrote {}", names.join(", ")));
    calibrated.map_or(Ok(()), |it| {
        console::print_line("")?;
        it.tell()
    })
}

/// Calibrates the scenario of a new rig, whose keys are those that were found, to what it has measured; only where all of that
/// was measured.
fn calibrated(args: &Args, folder: &Path) -> Result<Option<Fitted>, CommandError> {
    if args.kind != StudyKind::Commission {
        return Ok(None);
    }
    if !read_journal(folder)?.complete() {
        console::say_line("the study was stopped: its scenario is not calibrated");
        return Ok(None);
    }
    let there = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    let fitted = Fitted::of(&CalibrateArgs {
        scenario: there(STUDIED).unwrap_or_else(|| args.scenario.clone()),
        data: vec![folder.to_owned()],
        free: args.free.clone(),
        out: Some(folder.join("calibrated")),
        json: args.folder.json,
    });
    fitted.map(Some)
}

/// A table with the keys of another behind its own.
fn merged(mut table: Value, other: Value) -> Value {
    if let (Some(table), Value::Object(other)) = (table.as_object_mut(), other) {
        table.extend(other);
    }
    table
}

fn json(args: &Args, found: &Findings) -> Value {
    let all = serde_json::to_value(found).expect("findings are plain data");
    merged(json!({ "study": study(args.kind).name() }), all)
}
