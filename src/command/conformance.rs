//! `flowtwin conformance`: what is wrong with an instrument program, and what it can be trusted with.

use std::time::Duration;

use flowtwin_backends::examination::{Grades, Outcome, Report, Subject, examine};
use flowtwin_backends::transport::Start;
use flowtwin_lab::argv::words;

use crate::cli::ConformanceArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let words = words(&args.command)
        .map_err(|error| CommandError::bad_input(format_args!("`{}`: {error}", args.command)))?;
    let seconds = |name: &str, s: f64| match s.is_finite() && (0.01..=600.0).contains(&s) {
        true => Ok(Duration::from_secs_f64(s)),
        false => Err(CommandError::bad_input(format_args!("{name} {s}: allowed is 0.01 to 600"))),
    };
    let patience = seconds("--patience-s", args.patience_s)?;
    let within = seconds("--starts-within-s", args.starts_within_s)?;
    if !args.yes {
        let message =
            "pumps move, heaters are set 2 K warmer and lights go on during the examination";
        return Err(CommandError::bad_input(message)
            .hint("put water into the syringe, or take an emulated instrument; then say --yes"));
    }
    let start = Start { words, folder: "".into(), within, instead_of: None };
    let report = examine(&Subject { start, kind: args.kind, patience, bore_mm: args.bore_mm });
    match args.json {
        true => {
            let text = serde_json::to_string_pretty(&report).map_err(CommandError::failed)?;
            console::print_line(text)?;
        }
        false => console::print(in_words(&report))?,
    }
    let failed = report.trials.iter().filter(|it| matches!(it.outcome, Outcome::Failed(_))).count();
    match report.passed() {
        true => Ok(()),
        false => Err(CommandError::failed(format_args!(
            "{failed} of {} trials failed; see docs/instrument-programs.md",
            report.trials.len()
        ))),
    }
}

/// A line for each trial, then the grades.
fn in_words(report: &Report) -> String {
    let mut text = match &report.identity {
        Some(who) => format!("{who}\n\n"),
        None => String::new(),
    };
    for trial in &report.trials {
        let (mark, why) = match &trial.outcome {
            Outcome::Passed => ("ok    ", String::new()),
            Outcome::Noted(why) => ("note  ", format!(": {why}")),
            Outcome::Failed(why) => ("FAILED", format!(": {why}")),
        };
        text += &format!("{mark}  {}{why}\n", trial.promise);
    }
    let Grades { finite_volumes, read_back, safe_state } = report.grades;
    let grade = |what: &str, held: Option<bool>| match held {
        Some(true) => format!("{what:<16} yes\n"),
        Some(false) => format!("{what:<16} NO\n"),
        None => format!("{what:<16} -\n"),
    };
    text + "\n"
        + &grade("finite volumes", finite_volumes)
        + &grade("read-back", read_back)
        + &grade("safe by itself", safe_state)
}
