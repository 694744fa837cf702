//! What `flowtwin check` does with snapshots besides comparing them: how strictly, questions, reports, sensitivity.

use std::io::{BufRead as _, stdin};

use flowtwin_campaign::scenario::{self, Scenario, SnapshotSpec};
use flowtwin_comparison::reported::{Case, annotations, junit};
use flowtwin_comparison::{Checked, Sensitivity};

use super::campaign::threads;
use crate::cli::{CheckArgs as Args, Strength};
use crate::console;
use crate::error::CommandError;

/// How a scenario is compared: as it says, unless the command line says otherwise.
pub(super) fn spec(args: &Args, scenario: &Scenario) -> SnapshotSpec {
    let said = &scenario.file().snapshot;
    let strength = match args.strength {
        None => said.strength,
        Some(Strength::Exact) => scenario::Strength::Exact,
        Some(Strength::Numeric) => scenario::Strength::Numeric,
        Some(Strength::Statistical) => scenario::Strength::Statistical,
    };
    SnapshotSpec { strength, seeds: args.seeds.unwrap_or(said.seeds), ..said.clone() }
}

/// Shows what moved and asks whether it is right; nobody at the terminal is no.
pub(super) fn ask(checked: &Checked) -> Result<bool, CommandError> {
    console::say_line(format_args!(
        "{}: not as in its snapshots\n{}",
        checked.scenario,
        checked.text()
    ));
    loop {
        console::say("(a)ccept what it yields now, or (k)eep the snapshot? ");
        let mut answer = String::new();
        let read = stdin().lock().read_line(&mut answer).map_err(CommandError::failed)?;
        match answer.trim() {
            "a" | "accept" => return Ok(true),
            "k" | "keep" => return Ok(false),
            _ if read == 0 => return Ok(false),
            _ => console::say_line("a or k"),
        }
    }
}

/// Writes the results for services of continuous integration, as asked for.
pub(super) fn report(args: &Args, cases: &[Case]) -> Result<(), CommandError> {
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(cases))
            .map_err(|error| CommandError::unwritable(path, &error))?;
    }
    if args.annotations {
        console::print(annotations(cases))?;
    }
    Ok(())
}

/// Moves every key and says what would not be noticed.
pub(super) fn sensitivity(args: &Args) -> Result<(), CommandError> {
    if !(args.step > 0.0 && args.step <= 100.0) {
        let message = format!("--step {} % is out of range: above 0 to 100", args.step);
        return Err(CommandError::bad_input(message));
    }
    let scenarios: Vec<Scenario> =
        args.files.iter().map(|file| super::load(file)).collect::<Result<_, _>>()?;
    let found = Sensitivity::of(&scenarios, args.step, threads(args.jobs));
    match args.json {
        true => console::print_line(serde_json::json!(found)),
        false => console::print(found.text()),
    }
}
