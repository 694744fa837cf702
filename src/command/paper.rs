//! `flowtwin paper`: every claim of the paper beside what the simulator does.

use std::fs;
use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_study::paper::{self, ClaimOverRigs, Rigs, Seed, Verdict};
use serde_json::json;

use super::campaign::threads;
use super::output::into_folder;
use super::over_rigs::drawn;
use crate::cli::PaperArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let scenario = match &args.scenario {
        Some(path) => Scenario::load(path)?,
        None => paper::scenario()?,
    };
    if let Some(count) = args.rigs {
        return over_rigs(args, &scenario, count);
    }
    let rigs = Rigs::new(scenario.simulated()?).map_err(CommandError::bad_input)?;
    let facts = rigs.facts(args.first_seed).map_err(CommandError::failed)?;
    let seeds = measure(args, &rigs)?;
    let verdicts = paper::judge(&facts, &seeds);
    if let Some(folder) = &args.out {
        let report = paper::report_html(&verdicts, &seeds);
        into_folder(folder, |folder| write(folder, &report))?;
    }
    if args.json {
        console::print_line(json(args, &verdicts))?;
    } else {
        console::print(paper::table_within(&verdicts, console::columns(&std::io::stdout())))?;
    }
    outcome(&verdicts)
}

/// Every claim on rigs as they may be. What does not hold on some of them is a finding, not a failure.
fn over_rigs(args: &Args, scenario: &Scenario, count: u64) -> Result<(), CommandError> {
    let drawn = drawn(scenario, count)?;
    let mut measured = Vec::new();
    for rig in &drawn.rigs {
        console::say_line(rig.name());
        let rigs = Rigs::new(rig.simulated()?).map_err(CommandError::bad_input)?;
        let facts = rigs.facts(args.first_seed).map_err(CommandError::failed)?;
        measured.push((facts, measure(args, &rigs)?));
    }
    let claims = paper::over_rigs(&measured);
    if let Some(folder) = &args.out {
        let csv = ClaimOverRigs::csv(&claims);
        into_folder(folder, |folder| {
            let path = folder.join("rigs.csv");
            fs::write(&path, &csv).map_err(|error| CommandError::unwritable(&path, &error))
        })?;
    }
    if args.json {
        let mut object = json(args, &[]);
        object["claims"] = json!(claims);
        object["drawn_again"] = json!(drawn.again);
        return console::print_line(object);
    }
    let columns = console::columns(&std::io::stdout());
    let (held, numbers) = ClaimOverRigs::table(&claims);
    console::print(held.fitted(columns) + "\n" + &numbers.fitted(columns))
}

fn measure(args: &Args, rigs: &Rigs<'_>) -> Result<Vec<Seed>, CommandError> {
    let (count, threads) = (args.seeds.get(), threads(args.jobs));
    let progress = Progress { began: Instant::now(), count, finished: AtomicUsize::new(0) };
    let seeds = paper::measure(rigs, args.first_seed, count, threads, &|_| progress.step());
    progress.end();
    seeds.map_err(CommandError::failed)
}

fn write(folder: &Path, report: &str) -> Result<(), CommandError> {
    let path = folder.join("report.html");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, report))
        .map_err(|error| CommandError::unwritable(&path, &error))
}

fn json(args: &Args, verdicts: &[Verdict]) -> serde_json::Value {
    json!({
        "flowtwin": env!("CARGO_PKG_VERSION"),
        "simulated": true,
        "first_seed": args.first_seed,
        "seeds": args.seeds,
        "claims": verdicts,
    })
}

/// Definitions and calibrated claims must hold; predicted ones are told as they are, and so are those that too few seeds leave open.
fn outcome(verdicts: &[Verdict]) -> Result<(), CommandError> {
    let failed = || verdicts.iter().filter(|v| v.kind.must_hold() && !v.pass);
    let ids =
        |open: bool| -> Vec<&str> { failed().filter(|v| v.open == open).map(|v| v.id).collect() };
    let (open, missed) = (ids(true), ids(false));
    if !open.is_empty() {
        console::say_line(format_args!(
            "open, their intervals are too wide: {}; give more --seeds",
            open.join(", ")
        ));
    }
    match missed.is_empty() {
        true => Ok(()),
        false => {
            let message =
                format!("definitions or calibrated claims do not hold: {}", missed.join(", "));
            Err(CommandError::failed(message))
        }
    }
}

/// How many rigs are done, on stderr.
struct Progress {
    began: Instant,
    count: usize,
    finished: AtomicUsize,
}

impl Progress {
    fn step(&self) {
        let finished = self.finished.fetch_add(1, Ordering::Relaxed) + 1;
        if stderr().is_terminal() {
            let left_s = self.began.elapsed().as_secs_f64() / finished as f64
                * (self.count - finished) as f64;
            console::say(format_args!(
                "\rrig {finished} of {}, {left_s:.0} s left \x1b[K",
                self.count
            ));
        }
    }

    fn end(&self) {
        if stderr().is_terminal() {
            console::say("\r\x1b[K");
        }
        console::say_line(format_args!(
            "{} rigs in {:.1} s",
            self.count,
            self.began.elapsed().as_secs_f64()
        ));
    }
}
