//! `flowtwin benchmark`: policies on the same seeds, and what can be said about them.

use std::fs;
use std::io::{IsTerminal as _, stderr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use flowtwin_campaign::scenario::{ELSEWHERE, Entrant, Scenario, believing};
use flowtwin_study::benchmark::{
    CARD, Card, Contest, ContestError, Failure, Results, ResultsError, Shard, Slip, Store, Tidy,
    across_rigs, comparable, findings, matrix, report, seconds_csv,
};

use crate::cli::{BenchmarkAction, BenchmarkArgs as Args, BenchmarkMergeArgs};
use crate::console;
use crate::error::{CommandError, Kind};

use super::campaign::{STOP, heed_ctrl_c, threads};
use super::contested::{Held, How, contested};
use super::lab::patience;
use super::over_rigs::drawn;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    if let Some(BenchmarkAction::Merge(args)) = &args.action {
        return merge(args);
    }
    let contest = contest(args)?;
    let shard = args.shard.as_deref().map_or(Ok(Shard::ALL), parse_shard)?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from("benchmark"));
    heed_ctrl_c()?;
    let (store, failures, _held) = campaigns(args, &contest, shard, &out)?;
    let out = store.folder().to_owned();
    if STOP.load(std::sync::atomic::Ordering::Relaxed) {
        let message = "interrupted: every finished campaign is kept";
        return Err(CommandError::new(Kind::Interrupted, message).hint("run it again to go on"));
    }
    for failure in &failures {
        console::say_line(format_args!("failed: {}: {}", failure.campaign, failure.error));
    }
    match Results::read(&store) {
        Ok(results) => conclude(&store, &results, args.csv, args.json),
        Err(ResultsError::Missing { .. }) if failures.is_empty() => {
            console::say_line(format_args!(
                "shard {}/{} is done: {}",
                shard.index + 1,
                shard.of,
                out.display()
            ));
            Ok(())
        }
        Err(error) => Err(CommandError::failed(error)),
    }
}

/// Runs the campaigns of a shard, and says how far it is.
fn campaigns(
    args: &Args,
    contest: &Contest,
    shard: Shard,
    out: &Path,
) -> Result<(Store, Vec<Failure>, Held), CommandError> {
    let began = Instant::now();
    let tell = |done, of| tell(began, done, of);
    let moved = |other: &ContestError, next: &Path| {
        console::say_line(format_args!("{other}: see {}", next.display()));
    };
    let how = How { shard, threads: threads(args.jobs), stop: &STOP, tell: &tell, moved: &moved };
    contested(contest, out, &how)
}

fn contest(args: &Args) -> Result<Contest, CommandError> {
    let policies = args.policies.iter().map(|text| text.parse::<Entrant>());
    let mut entrants: Vec<Entrant> =
        policies.collect::<Result<_, _>>().map_err(CommandError::bad_input)?;
    entrants.extend(args.policy_commands.iter().map(|text| Entrant::program(text)));
    let scenarios = scenarios(args, &entrants)?;
    comparable(&scenarios, &entrants).map_err(slip)?;
    if args.seeds == 0 {
        return Err(CommandError::bad_input("a benchmark needs at least 1 seed"));
    }
    let Some(last) = args.first_seed.checked_add(args.seeds - 1) else {
        let message =
            format!("{} seeds from {} on: there are not so many", args.seeds, args.first_seed);
        return Err(CommandError::bad_input(message));
    };
    let seeds: Vec<u64> = (args.first_seed..=last).collect();
    let own = args.experiments.map(std::num::NonZeroUsize::get);
    Ok(Contest::new(scenarios, entrants, &seeds, args.opening, own, patience(args.patience_s)?))
}

/// The scenarios, or the rigs that they may be.
fn scenarios(args: &Args, entrants: &[Entrant]) -> Result<Vec<Scenario>, CommandError> {
    let read = args.scenarios.iter().map(|path| super::load(path));
    let mut all = Vec::new();
    for scenario in believing(read.collect::<Result<_, _>>()?, entrants)? {
        match args.rigs {
            Some(count) => all.extend(drawn(&scenario, count)?.rigs),
            None => all.push(scenario),
        }
    }
    Ok(all)
}

/// What to do about policies or scenarios that cannot be compared.
fn slip(slip: Slip) -> CommandError {
    let hint = match &slip {
        Slip::NoRig(_) => ELSEWHERE,
        Slip::SameScenario(_) => "results go by this name",
        Slip::SamePolicy(_) => "write NAME=POLICY",
        _ => "give --policies random,ei",
    };
    CommandError::bad_input(slip).hint(hint)
}

fn parse_shard(text: &str) -> Result<Shard, CommandError> {
    let parts = text.split_once('/').map(|(k, n)| (k.parse::<usize>(), n.parse::<usize>()));
    match parts {
        Some((Ok(k), Ok(n))) if (1..=n).contains(&k) => Ok(Shard { index: k - 1, of: n }),
        _ => {
            let message = format!("`{text}` is not a shard: write K/N with K from 1 to N");
            Err(CommandError::bad_input(message))
        }
    }
}

/// Shows how far it is and how long it will take.
fn tell(began: Instant, done: usize, of: usize) {
    let tenth = of.div_ceil(10);
    let renews = stderr().is_terminal();
    if !renews && !done.is_multiple_of(tenth) && done != of {
        return;
    }
    let left = began.elapsed().as_secs_f64() / done as f64 * (of - done) as f64;
    let left = flowtwin_report::format::duration(left);
    let (start, end) = if renews { ("\r\x1b[2K", "") } else { ("", "\n") };
    let end = if renews && done == of { "\n" } else { end };
    console::say(format_args!("{start}{done}/{of} campaigns, {left} left{end}"));
}

fn merge(args: &BenchmarkMergeArgs) -> Result<(), CommandError> {
    let (store, _held) = (Store::new(&args.out), Held::take(&args.out, Shard::ALL)?);
    for shard in &args.shards {
        let card: Option<Card> = Store::new(shard).read(CARD);
        let there: Option<Card> = store.read(CARD);
        match (card, there) {
            (None, _) => {
                let message = format!("{} holds no benchmark", shard.display());
                return Err(CommandError::bad_input(message));
            }
            (Some(card), Some(there)) if card != there => {
                let message = format!("{} is a shard of another benchmark", shard.display());
                return Err(CommandError::bad_input(message));
            }
            _ => copy(shard, &store)?,
        }
    }
    let results = Results::read(&store).map_err(CommandError::failed)?;
    conclude(&store, &results, args.csv, args.json)
}

/// Copies the results of a shard. A result that is there must be the same, but for times.
fn copy(shard: &Path, store: &Store) -> Result<(), CommandError> {
    let unreadable = |path: &Path, error: &std::io::Error| {
        CommandError::failed(format_args!("cannot read {}: {error}", path.display()))
    };
    for kind in ["", "optima", "openings", "campaigns", "seconds"] {
        let folder = shard.join(kind);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.map_err(|error| unreadable(&folder, &error))?.path();
            let wanted = path.extension().is_some_and(|e| e == "json") && path.is_file();
            let listed = !kind.is_empty() || path.file_name().is_some_and(|name| name == CARD);
            if !wanted || !listed {
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let name = path.strip_prefix(shard).expect("it is in the shard").display().to_string();
            match fs::read(store.path(&name)) {
                Ok(there) if there == bytes || kind == "seconds" => {}
                Ok(_) => {
                    let message = format!("two shards have different results for {name}");
                    return Err(CommandError::failed(message));
                }
                Err(_) => store
                    .put(&name, &bytes)
                    .map_err(|error| CommandError::unwritable(&store.path(&name), &error))?,
            }
        }
    }
    Ok(())
}

/// Writes table, times and report, and says what was found.
fn conclude(store: &Store, results: &Results, csv: bool, json: bool) -> Result<(), CommandError> {
    let table = Tidy::new(results);
    let put = |name: &str, bytes: &[u8]| {
        let written = store.put(name, bytes);
        written.map_err(|error| CommandError::unwritable(&store.path(name), &error))
    };
    #[cfg(feature = "parquet")]
    {
        let bytes = flowtwin_study::benchmark::parquet(&table).map_err(CommandError::failed)?;
        put("table.parquet", &bytes)?;
    }
    if csv {
        put("table.csv", table.csv().as_bytes())?;
    }
    put("proposal_seconds.csv", seconds_csv(store, results).as_bytes())?;
    let (findings, over_rigs) = (findings(results), across_rigs(results));
    put("report.html", report(results, &findings).as_bytes())?;
    if json {
        let text = match over_rigs.is_empty() {
            true => serde_json::to_string_pretty(&findings),
            false => serde_json::to_string_pretty(&serde_json::json!({
                "findings": findings,
                "over_rigs": over_rigs,
            })),
        };
        let text = text.expect("findings are plain data");
        console::print_line(text)?;
    } else {
        let columns = console::columns(&std::io::stdout());
        for finding in &findings {
            console::print_line(finding.within(columns))?;
        }
        if findings.len() > 1 {
            console::print_line(matrix(&findings).fitted(columns))?;
        }
        for over in &over_rigs {
            console::print_line(over.within(columns))?;
        }
    }
    console::say_line(format_args!(
        "{} rows, report.html: {}",
        table.rows(),
        store.folder().display()
    ));
    Ok(())
}
