//! `flowtwin check`: whether files are right, and whether scenarios yield what they yielded.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use flowtwin_backends::examination::examine_protocol;
use flowtwin_backends::protocol::Protocol;
use flowtwin_backends::{Wiring, identify};
use flowtwin_campaign::scenario::{Lasting, RefillsItself, Scenario};
use flowtwin_comparison::reported::Case;
use flowtwin_comparison::{Checked, Comparison};
use flowtwin_lab::queue::in_order;
use serde_json::json;

use super::campaign::threads;
use super::emulate::read_wiring;
use super::regression::{self, Answer};
use crate::cli::CheckArgs as Args;
use crate::console;
use crate::error::{CommandError, Kind};

/// What was found out about one file.
#[derive(Default)]
struct Finding {
    file: String,
    scenario: Option<String>,
    problem: Option<(Kind, String)>,
    note: String,
    /// Line of the file that is wrong.
    line: Option<usize>,
    /// Why it is not as in its snapshots, a line each.
    reasons: Vec<String>,
    /// What moved.
    comparison: Option<serde_json::Value>,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if args.schema {
        return console::print_line(format_args!("{:#}", flowtwin_campaign::scenario::schema()));
    }
    if args.keys {
        return console::print(flowtwin_campaign::scenario::keys());
    }
    if args.sensitivity {
        return regression::sensitivity(args);
    }
    let findings = looks(args);
    let cases: Vec<Case> = findings.iter().map(Finding::case).collect();
    regression::report(args, &cases)?;
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

/// Looks at all files: side by side where nobody is asked anything.
fn looks(args: &Args) -> Vec<Finding> {
    let asks = args.review || args.connect || args.identify;
    let all = threads(args.jobs);
    let jobs = if asks { NonZeroUsize::MIN } else { all };
    // Scenarios side by side share the cores.
    let at_once = jobs.get().min(args.files.len()).max(1);
    let each = NonZeroUsize::new(all.get() / at_once).unwrap_or(NonZeroUsize::MIN);
    let quits = AtomicBool::new(false);
    let rig = only_rig(&args.files);
    let rig = rig.as_ref();
    in_order(args.files.len(), jobs, |place| look(args, place, (each, rig), &quits))
}

/// The one scenario among some files, if there is one and it has a rig: wiring files beside it are for that rig.
fn only_rig(files: &[PathBuf]) -> Option<Scenario> {
    let is_scenario = |file: &&PathBuf| {
        table(file).is_none_or(|table| !is_wiring(&table) && !is_protocol(&table))
    };
    let mut scenarios = files.iter().filter(is_scenario);
    let (first, further) = (scenarios.next()?, scenarios.next());
    let scenario = super::load(first).ok().filter(|_| further.is_none())?;
    (scenario.table().is_none() && !scenario.is_outside()).then_some(scenario)
}

fn look(
    args: &Args,
    place: usize,
    (threads, rig): (NonZeroUsize, Option<&Scenario>),
    quits: &AtomicBool,
) -> Finding {
    let file = &args.files[place];
    let name = file.display().to_string();
    match table(file) {
        Some(table) if is_wiring(&table) => return check_wiring(args, file, rig),
        Some(table) if is_protocol(&table) => return check_protocol(file),
        _ => {}
    }
    let scenario = match super::load(file) {
        Ok(scenario) => scenario,
        Err(diagnostic) => {
            return Finding {
                file: name,
                line: diagnostic.place.as_ref().map(|place| place.line),
                problem: Some((Kind::BadInput, diagnostic.to_string())),
                ..Finding::default()
            };
        }
    };
    let mut finding =
        Finding { file: name, scenario: Some(scenario.name().to_owned()), ..Finding::default() };
    let compared = match &args.snapshots {
        Some(_) if scenario.is_outside() => Ok("; no snapshots without a rig".to_owned()),
        Some(folder) => {
            let asks = args.review && !quits.load(Ordering::Relaxed);
            let look = Look { place: (place + 1, args.files.len()), threads, asks };
            let folder = folder.join(scenario.name());
            look.at_snapshots(args, &scenario, &folder, quits, &mut finding)
        }
        None => Ok(String::new()),
    };
    match compared {
        Ok(compared) => {
            let notes = [lasts, heats, cannot, collected, unwatched].map(|note| note(&scenario));
            finding.note = format!("{}{}{compared}", summary(&scenario), notes.concat());
        }
        Err(error) => finding.problem = Some((error.kind(), error.to_string())),
    }
    finding
}

/// What is in a file, where it can be read.
fn table(file: &Path) -> Option<toml::Table> {
    std::fs::read_to_string(file).ok()?.parse().ok()
}

/// Whether a file says which instrument is on which port, and is not a scenario.
fn is_wiring(table: &toml::Table) -> bool {
    Wiring::SECTIONS.iter().any(|section| table.contains_key(*section))
}

/// Whether a file says how an instrument speaks.
fn is_protocol(table: &toml::Table) -> bool {
    ["kind", "sources", "fields"].iter().all(|key| table.contains_key(*key))
}

/// Checks a protocol file: whether its driver and its emulator understand each other.
fn check_protocol(file: &Path) -> Finding {
    let finding = |problem, note| Finding::of(file, problem, note);
    let bad = |problem: String| finding(Some((Kind::BadInput, problem)), String::new());
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return bad(error.to_string()),
    };
    let protocol = match Protocol::parse(&text, "") {
        Ok(protocol) => protocol,
        Err(error) => return bad(error.problem),
    };
    match examine_protocol(&protocol) {
        wrong if !wrong.is_empty() => bad(in_lines(&wrong)),
        _ => {
            let Protocol { name, kind, .. } = protocol;
            finding(None, format!("protocol file: {name}, {kind}; its driver and its emulator fit"))
        }
    }
}

/// What does not fit, a line each.
fn in_lines(wrong: &[String]) -> String {
    format!("the driver and the emulator of a protocol file do not fit\n  {}", wrong.join("\n  "))
}

/// Checks a wiring file: with the rig that it is for, if that is known, and, if asked, who is at the end of each of its cables.
fn check_wiring(args: &Args, file: &Path, rig: Option<&Scenario>) -> Finding {
    let finding = |problem, note| Finding::of(file, problem, note);
    let wiring = match read_wiring(file) {
        Ok(wiring) => wiring,
        Err(error) => {
            // The name of the file stands before every finding.
            let (said, before) = (error.to_string(), format!("{}: ", file.display()));
            let problem = said.strip_prefix(&before).unwrap_or(&said).to_owned();
            return finding(Some((error.kind(), problem)), String::new());
        }
    };
    let wrong = wiring.mismatches();
    if !wrong.is_empty() {
        return finding(Some((Kind::BadInput, in_lines(&wrong))), String::new());
    }
    // What drives a rig behind a folder wires it.
    let rig = rig.filter(|_| wiring.folder.is_none());
    if let Some(Err(error)) = rig.map(|rig| wiring.check(rig.manifest())) {
        return finding(Some((Kind::BadInput, error.to_string())), String::new());
    }
    if !(args.connect || args.identify) {
        let of = rig.map_or_else(String::new, |rig| format!(", wires the rig of {}", rig.name()));
        let note = format!("wiring file{of}; --connect asks every instrument who it is");
        return finding(None, note);
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

/// What no sensor of the rig watches, in a line; nothing of a rig that there is not.
fn unwatched(scenario: &Scenario) -> String {
    if scenario.table().is_some() || scenario.is_outside() {
        return String::new();
    }
    let lacking = scenario.file().guard.unwatched(scenario.manifest());
    let lacks: Vec<&str> = lacking.iter().map(|it| it.lacks.as_str()).collect();
    match lacks.is_empty() {
        true => String::new(),
        false => format!("\n  not watched: {}", lacks.join(", ")),
    }
}

/// For how many experiments the syringes last.
fn lasts(scenario: &Scenario) -> String {
    let planned = scenario.experiments() as u64;
    let (refilled, others): (Vec<_>, Vec<_>) =
        scenario.lasts().into_iter().partition(|lasting| lasting.refill.is_some());
    let refilled: String = refilled.iter().map(|it| refills(it, planned)).collect();
    let Some(first) = others.into_iter().next() else { return refilled };
    let Lasting { pump, holds_ml, takes_ml, experiments, at_least, .. } = first;
    let then = match scenario.file().refill {
        _ if at_least >= planned => "",
        Some(_) => "; then somebody refills",
        None => "; a run that needs more stops before it, until somebody refills",
    };
    let has_bottles = scenario.manifest().pumps.iter().any(|info| !info.has_syringe());
    let holders = if has_bottles { "syringes and bottles" } else { "syringes" };
    format!(
        "{refilled}\n  {holders}: full ones last for about {experiments} experiments ({at_least} if all are demanding; planned are \
         {planned}), {pump} is empty first: {holds_ml} mL, {takes_ml:.2} mL each{then}"
    )
}

/// What is not collected, where there are fewer vials than experiments.
fn collected(scenario: &Scenario) -> String {
    let Some(spec) = &scenario.file().procedure.collect else { return String::new() };
    let (vials, planned) = (spec.vials(scenario.manifest()).count(), scenario.experiments());
    if vials >= planned {
        return String::new();
    }
    let word = if vials == 1 { "vial" } else { "vials" };
    format!(
        "\n  note: {} has {vials} {word} for {planned} experiments: later ones are not collected",
        spec.valve
    )
}

/// How a pump refills itself, a line.
fn refills(lasting: &Lasting, planned: u64) -> String {
    let Lasting { pump, holds_ml, takes_ml, at_least, refill, .. } = lasting;
    let Some(RefillsItself { takes_min, bottle }) = refill else { return String::new() };
    let small = match at_least {
        0 => "; the most demanding experiments need more than it holds: take a larger syringe",
        _ => "",
    };
    let bottle = bottle.map_or_else(String::new, |(ml, experiments)| {
        let short = if experiments < planned { ", which is not enough" } else { "" };
        format!("; its bottle of {ml} mL lasts for about {experiments} experiments{short}")
    });
    format!(
        "\n  {pump} refills itself about {} times in {planned} experiments, {takes_min:.1} min each: it holds {holds_ml} mL, an \
         experiment takes {takes_ml:.2} mL{bottle}{small}",
        lasting.refills_in(planned)
    )
}

/// How long the rig may be hot without flow, where something heats.
fn heats(scenario: &Scenario) -> String {
    let (guard, procedure) = (&scenario.file().guard, &scenario.file().procedure);
    if scenario.manifest().heaters.is_empty() {
        return String::new();
    }
    match guard.needs_flow_above_c() {
        None => "\n  note: heating without flow is allowed (guard.heat_without_flow)".into(),
        Some(c) if procedure.settle_timeout_s > guard.no_flow_grace_s => format!(
            "\n  note: heating without flow is refused above {c} °C after {} s, and settling may take {} s",
            guard.no_flow_grace_s, procedure.settle_timeout_s
        ),
        Some(_) => String::new(),
    }
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

/// How one scenario among several is compared with its snapshots.
struct Look {
    /// Its number, and that of all.
    place: (usize, usize),
    threads: NonZeroUsize,
    /// Whether somebody is asked.
    asks: bool,
}

impl Look {
    /// Compares a scenario with its snapshots, or takes them anew.
    fn at_snapshots(
        &self,
        args: &Args,
        scenario: &Scenario,
        folder: &Path,
        quits: &AtomicBool,
        finding: &mut Finding,
    ) -> Result<String, CommandError> {
        let spec = regression::spec(args, scenario);
        let checked = Checked::of(scenario, folder, &spec, self.threads)?;
        let taken = |checked: &Checked| -> Result<String, CommandError> {
            Ok(format!("; {} of 3 snapshots taken anew", checked.accept()?))
        };
        if args.accept {
            return taken(&checked);
        }
        if checked.passed() {
            return Ok(format!("; {}", checked.note()));
        }
        finding.reasons = checked.reasons.clone();
        finding.comparison = checked.comparison.as_ref().map(Comparison::to_json);
        if self.asks {
            match regression::ask(&checked, self.place, self.threads)? {
                Answer::Accept => {
                    finding.reasons.clear();
                    finding.comparison = None;
                    return taken(&checked);
                }
                Answer::Keep => {}
                Answer::Quit => quits.store(true, Ordering::Relaxed),
            }
            // What moved has just been shown.
            let reasons = checked.reasons.join("; ");
            return Err(CommandError::failed(format_args!("kept as it was: {reasons}")));
        }
        let hint = "if the new values are right, take them with --accept";
        let message = format!("{}\n{}", folder.display(), checked.text());
        Err(CommandError::failed(message).hint(hint))
    }
}

impl Finding {
    /// Of a file that is not a scenario.
    fn of(file: &Path, problem: Option<(Kind, String)>, note: String) -> Self {
        Self { file: file.display().to_string(), problem, note, ..Self::default() }
    }

    fn case(&self) -> Case {
        Case {
            file: self.file.clone(),
            name: self.scenario.clone().unwrap_or_else(|| self.file.clone()),
            problem: self.problem.as_ref().map(|(_, message)| message.clone()),
            reason: self.reasons.first().cloned(),
            line: self.line,
        }
    }

    fn json(&self) -> serde_json::Value {
        let problem = self.problem.as_ref().map(|(_, message)| message);
        json!({
            "file": self.file,
            "ok": problem.is_none(),
            "scenario": self.scenario,
            "problem": problem,
            "line": self.line,
            "reasons": self.reasons,
            "comparison": self.comparison,
        })
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
