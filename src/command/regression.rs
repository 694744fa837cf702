//! What `flowtwin check` does with snapshots besides comparing them: how strictly, questions, reports, sensitivity.

use std::cell::OnceCell;
use std::io::{BufRead as _, stdin};
use std::num::NonZeroUsize;

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

/// What a person says of a scenario that is not as in its snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// What it yields now is right.
    Accept,
    /// It is not, or not yet.
    Keep,
    /// It is not, and no more questions.
    Quit,
}

/// Shows what moved and asks whether it is right; nobody at the terminal is no. `place` is that of the file among all of them.
///
/// What no key explains is not taken: that needs `--accept`.
pub(super) fn ask(
    checked: &Checked,
    place: (usize, usize),
    threads: NonZeroUsize,
) -> Result<Answer, CommandError> {
    let (number, of) = place;
    console::say_line(format_args!(
        "{} ({number} of {of}): not as in its snapshots\n{}",
        checked.scenario,
        checked.text()
    ));
    let explained = OnceCell::new();
    let explain = || explained.get_or_init(|| explanation(checked, threads));
    loop {
        console::say("(a)ccept what it yields now, (k)eep the snapshot, (e)xplain, (q)uit? ");
        let mut answer = String::new();
        let read = stdin().lock().read_line(&mut answer).map_err(CommandError::failed)?;
        match answer.trim() {
            "a" | "accept" => match &explain().lacks {
                None => return Ok(Answer::Accept),
                Some(reason) => console::say_line(format_args!(
                    "not taken: {reason}. If it is right all the same, take it with --accept"
                )),
            },
            "k" | "keep" => return Ok(Answer::Keep),
            "q" | "quit" => return Ok(Answer::Quit),
            "e" | "explain" => {
                let Explained { text, lacks } = explain();
                console::say_line(text.as_ref().or(lacks.as_ref()).map_or("", String::as_str));
            }
            _ if read == 0 => return Ok(Answer::Keep),
            _ => console::say_line("a, k, e or q"),
        }
    }
}

/// Whether keys explain what moved.
#[derive(Default)]
struct Explained {
    /// The explanation; none where there is none.
    text: Option<String>,
    /// Why they do not; none where they do, or there was no snapshot.
    lacks: Option<String>,
}

fn explanation(checked: &Checked, threads: NonZeroUsize) -> Explained {
    let Some(found) = &checked.comparison else { return Explained::default() };
    if found.keys.as_ref().is_none_or(Vec::is_empty) {
        let lacks = Some("no key differs, so the program or a file does".into());
        return Explained { text: None, lacks };
    }
    match checked.explain(threads) {
        None => Explained::default(),
        Some(Err(error)) => Explained { text: None, lacks: Some(error.to_string()) },
        Some(Ok(found)) => {
            let lacks = "the keys that differ do not explain all of it".to_owned();
            Explained { text: Some(found.text()), lacks: (!found.is_whole()).then_some(lacks) }
        }
    }
}

/// Writes the results for services of continuous integration, as asked for.
pub(super) fn report(args: &Args, cases: &[Case]) -> Result<(), CommandError> {
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(cases))
            .map_err(|error| CommandError::unwritable(path, &error))?;
    }
    match args.annotations {
        false => Ok(()),
        // What is printed as JSON is JSON alone; the service reads both streams.
        true if args.json => {
            console::say(annotations(cases));
            Ok(())
        }
        true => console::print(annotations(cases)),
    }
}

/// Moves every key and says what would not be noticed.
pub(super) fn sensitivity(args: &Args) -> Result<(), CommandError> {
    if !(args.step > 0.0 && args.step <= 100.0) {
        let message = format!("--step {} % is out of range: above 0 to 100", args.step);
        return Err(CommandError::bad_input(message));
    }
    let scenarios: Vec<Scenario> =
        args.files.iter().map(|file| super::load(file)).collect::<Result<_, _>>()?;
    for scenario in scenarios.iter().filter(|scenario| scenario.table().is_none()) {
        scenario.simulated()?;
    }
    let found = Sensitivity::of(&scenarios, args.step, threads(args.jobs));
    match args.json {
        true => console::print_line(serde_json::json!(found)),
        false => console::print(found.text()),
    }
}
