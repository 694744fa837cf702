//! `flowtwin golden`: a few conditions of a recorded run measured again, and what has moved on the rig since.

use std::path::Path;

use flowtwin_campaign::campaign::Fillings;
use flowtwin_campaign::folder::{OnDisk, put, read_journal};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::{Plan, Verdict};
use flowtwin_lab::journal::Journal;
use flowtwin_report::format::counted;
use serde_json::{Value, json};

use super::campaign::{By, OTHER_RIG, Order, at, threads};
use super::hardware::{self, OnHardware};
use super::place::{Place, refuse_idle};
use crate::cli::{Backend, GoldenArgs as Args};
use crate::console;
use crate::error::CommandError;

/// What the verdict is kept in, beside the journal.
const FILE: &str = "golden.json";

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    refuse(args)?;
    let recorded = read_journal(&args.run)?;
    console::say_line("choosing the conditions that tell most, in simulation …");
    let plan = Plan::of(&recorded, args.minutes, threads(args.folder.jobs))?;
    let rig = args.as_it_is.as_ref().map(|path| of_rig(path, &plan)).transpose()?;
    console::say(intention(args, &plan));
    let seed = args.seed.unwrap_or_else(|| recorded.header().seed.wrapping_add(1));
    let then = |folder: &Path| tell(args, &plan, &recorded, folder);
    let (to, more, then) = (&args.folder, "-golden", Some(&then as &dyn Fn(&Path) -> _));
    if args.backend == Backend::Hardware {
        let scenario = Scenario::recorded(&plan.scenario.definition())?;
        let rig = &args.rig;
        return hardware::run(OnHardware {
            rig,
            to,
            scenario,
            seed,
            review: false,
            replayed: None,
            more: "-rig-golden",
            then,
        });
    }
    let filled = By::Hand(Fillings::new());
    let usual = Order::new(&plan.scenario, seed, to, filled);
    let order = Order { more, then, departs: Some(OTHER_RIG), ..usual };
    let rig = rig.as_ref().unwrap_or(&plan.scenario);
    at(&order, || Place::simulated(args.backend, args.rig.wiring.as_deref(), rig, seed))
}

fn refuse(args: &Args) -> Result<(), CommandError> {
    refuse_idle(args.backend, args.rig.wiring.as_deref(), &[])?;
    if args.backend == Backend::Twin {
        let message = "a twin has no lights, pumps and heaters that could have moved";
        return Err(CommandError::bad_input(message));
    }
    if args.backend == Backend::Hardware && args.as_it_is.is_some() {
        let message = "--as-it-is says nothing to --backend hardware: the rig is as it is";
        return Err(CommandError::bad_input(message));
    }
    if !(1.0..=600.0).contains(&args.minutes) {
        let message = format!("--minutes {} is out of range: 1 to 600 min", args.minutes);
        return Err(CommandError::bad_input(message));
    }
    Ok(())
}

/// The simulated rig that stands in for the real one.
fn of_rig(path: &Path, plan: &Plan) -> Result<Scenario, CommandError> {
    let rig = super::load(path)?;
    super::place::with_rig(&rig)?;
    if rig.manifest() == plan.scenario.manifest() {
        return Ok(rig);
    }
    let there = path.display();
    Err(CommandError::bad_input(format_args!("{there}: another rig than that of the run"))
        .hint("it may differ from the scenario of the run in what has moved, in nothing installed"))
}

/// What is about to be measured.
fn intention(args: &Args, plan: &Plan) -> String {
    let numbers: Vec<String> = plan.experiments.iter().map(u64::to_string).collect();
    let [first, last] = plan.lab_time_s;
    let n = counted(plan.experiments.len(), "experiment");
    let over = match last - first > 60.0 * args.minutes {
        true => format!(": no {n} of the run take {} min", args.minutes),
        false => String::new(),
    };
    format!(
        "{n} of {}: {}\n{:.0} min of lab time to fill, warm up and measure the first, then {:.0} min{over}\n{}",
        args.run.display(),
        numbers.join(", "),
        first / 60.0,
        (last - first) / 60.0,
        plan.promise()
    )
}

/// Says what has moved between the run and the golden run in `folder`, and keeps it there.
fn tell(args: &Args, plan: &Plan, recorded: &Journal, folder: &Path) -> Result<(), CommandError> {
    let verdict = plan.verdict(recorded, &read_journal(folder)?);
    let run = args.run.display().to_string();
    let found = json(&verdict, plan, &run);
    let path = folder.join(FILE);
    put(&OnDisk, &path, format!("{found:#}\n").as_bytes())
        .map_err(|error| CommandError::unwritable(&path, &error))?;
    match args.folder.json {
        true => console::print_line(format_args!("{found:#}"))?,
        false => console::print(verdict.text(&run))?,
    }
    match verdict.is_as_it_was() {
        true => Ok(()),
        false => Err(CommandError::failed(format_args!("the rig is not as it was in {run}"))),
    }
}

fn json(verdict: &Verdict, plan: &Plan, run: &str) -> Value {
    let mut value = json!({
        "run": run,
        "as_it_was": verdict.is_as_it_was(),
        "conditions": plan.conditions,
    });
    let all = serde_json::to_value(verdict).expect("a verdict is plain data");
    let (table, all) = (value.as_object_mut(), all.as_object().cloned());
    table.into_iter().for_each(|table| table.extend(all.clone().unwrap_or_default()));
    value
}
