//! `flowtwin check`: whether files are right, and whether scenarios yield what they yielded.

use std::path::Path;

use flowtwin_backends::identify;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::snapshot::{Difference, Snapshot};
use serde_json::json;

use super::campaign::threads;
use super::emulate::read_wiring;
use crate::cli::CheckArgs as Args;
use crate::console;
use crate::error::{CommandError, Kind};

/// What was found out about one file.
struct Finding {
    file: String,
    scenario: Option<String>,
    problem: Option<(Kind, String)>,
    note: String,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if args.schema {
        return console::print_line(format_args!("{:#}", flowtwin_campaign::scenario::schema()));
    }
    if args.keys {
        return console::print(flowtwin_campaign::scenario::keys());
    }
    let findings: Vec<Finding> = args.files.iter().map(|file| look(args, file)).collect();
    if args.json {
        let all: Vec<_> = findings.iter().map(Finding::json).collect();
        console::print_line(json!({ "files": all }))?;
    }
    for finding in &findings {
        finding.tell(args.json)?;
    }
    let kinds = || findings.iter().filter_map(|f| f.problem.as_ref().map(|(kind, _)| *kind));
    let count = kinds().count();
    let of = findings.len();
    match kinds().max_by_key(|kind| kind.exit_code()) {
        None => Ok(()),
        Some(kind) => {
            Err(CommandError::new(kind, format_args!("{count} of {of} files did not pass")))
        }
    }
}

fn look(args: &Args, file: &Path) -> Finding {
    let name = file.display().to_string();
    if is_wiring(file) {
        return check_wiring(args, file);
    }
    let bad = |kind, message| Finding {
        file: name.clone(),
        scenario: None,
        problem: Some((kind, message)),
        note: String::new(),
    };
    let scenario = match super::load(file) {
        Ok(scenario) => scenario,
        Err(diagnostic) => return bad(Kind::BadInput, diagnostic.to_string()),
    };
    let compared = match &args.snapshots {
        Some(_) if scenario.is_outside() => Ok("; no snapshots without a rig".to_owned()),
        Some(folder) => snapshots(args, &scenario, &folder.join(scenario.name())),
        None => Ok(String::new()),
    };
    match compared {
        Ok(compared) => Finding {
            file: name,
            note: format!("{}{}{compared}", summary(&scenario), cannot(&scenario)),
            scenario: Some(scenario.name().to_owned()),
            problem: None,
        },
        Err(error) => bad(error.kind(), error.to_string()),
    }
}

/// Whether a file says which instrument is on which port, and is no scenario.
fn is_wiring(file: &Path) -> bool {
    const SECTIONS: [&str; 7] = ["chemyx", "f4t", "f4t_scpi", "hdx", "dc2200", "dc4100", "folder"];
    let table =
        std::fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    table.is_some_and(|table| SECTIONS.iter().any(|section| table.contains_key(*section)))
}

/// Checks a wiring file and, if asked, who is at the end of each of its cables.
fn check_wiring(args: &Args, file: &Path) -> Finding {
    let finding =
        |problem, note| Finding { file: file.display().to_string(), scenario: None, problem, note };
    let wiring = match read_wiring(file) {
        Ok(wiring) => wiring,
        Err(error) => return finding(Some((error.kind(), error.to_string())), String::new()),
    };
    if !(args.connect || args.identify) {
        return finding(None, "wiring file; --connect asks every instrument who it is".into());
    }
    if let Some(hand_off) = &wiring.folder {
        let path = hand_off.beside(file);
        let (shown, there) = (path.display(), path.is_dir());
        let missing = (Kind::Failed, format!("there is no folder {shown}; the first run makes it"));
        return finding((!there).then_some(missing), format!("rig behind the folder {shown}"));
    }
    let found = identify(&wiring);
    let line = |f: &flowtwin_backends::connect::Finding| match (&f.identity, &f.problem) {
        (_, Some(problem)) => format!("\n  {:<12} {:<8} {problem}", f.name, f.kind),
        (Some(who), None) => format!("\n  {:<12} {:<8} {who}", f.name, f.kind),
        (None, None) => format!("\n  {:<12} {:<8} answers", f.name, f.kind),
    };
    let lines: String = found.iter().map(line).collect();
    let wrong = found.iter().filter(|f| !f.is_right()).count();
    match wrong {
        0 if args.identify => match super::identified::ask(file, &wiring) {
            Ok(note) => finding(None, note),
            Err(error) => finding(Some((error.kind(), error.to_string())), String::new()),
        },
        0 => finding(None, format!("{} instruments answer{lines}", found.len())),
        _ => {
            let message = format!("{wrong} of {} instruments are not right:{lines}", found.len());
            finding(Some((Kind::Failed, message)), String::new())
        }
    }
}

/// What the rig of a scenario cannot do everywhere, a line each.
fn cannot(scenario: &Scenario) -> String {
    scenario.cannot_everywhere().iter().map(|note| format!("\n  note: {note}")).collect()
}

fn summary(scenario: &Scenario) -> String {
    let phases = scenario.phases().len();
    format!(
        "{}: {} inputs, {} experiments in {phases} {}",
        scenario.name(),
        scenario.space().dim(),
        scenario.experiments(),
        if phases == 1 { "phase" } else { "phases" },
    )
}

fn snapshots(args: &Args, scenario: &Scenario, folder: &Path) -> Result<String, CommandError> {
    let snapshot =
        Snapshot::take(scenario.simulated()?, threads(None)).map_err(CommandError::failed)?;
    let differences = snapshot.differences(folder);
    if args.accept {
        let unwritable = |error| CommandError::unwritable(folder, &error);
        snapshot.accept(folder).map_err(unwritable)?;
        return Ok(format!("; {} of 3 snapshots taken anew", differences.len()));
    }
    if differences.is_empty() {
        return Ok("; as in its snapshots".into());
    }
    let told: Vec<String> = differences.iter().map(tell).collect();
    let hint = "if the new values are right, take them with --accept";
    Err(CommandError::failed(format_args!("{}\n{}", folder.display(), told.join("\n"))).hint(hint))
}

fn tell(difference: &Difference) -> String {
    let Difference { part, line, before, now } = difference;
    match line {
        0 => format!("  {part}: there is no snapshot"),
        line => format!("  {part}, line {line}:\n    - {before}\n    + {now}"),
    }
}

impl Finding {
    fn json(&self) -> serde_json::Value {
        let problem = self.problem.as_ref().map(|(_, message)| message);
        json!({ "file": self.file, "ok": problem.is_none(), "scenario": self.scenario, "problem": problem })
    }

    fn tell(&self, quiet: bool) -> Result<(), CommandError> {
        match &self.problem {
            Some((_, message)) => console::say_line(format_args!("{}: {message}\n", self.file)),
            None if quiet => {}
            None => console::print_line(format_args!("{}: ok ({})", self.file, self.note))?,
        }
        Ok(())
    }
}
