//! `flowtwin suggest`: what to try next in a lab that people run.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use flowtwin_campaign::scenario::Scenario;
use flowtwin_campaign::suggest::{SuggestError, Suggestions, page, read, suggest};
use flowtwin_data::sheet::Sheet;
use serde_json::json;

use super::campaign::threads;
use crate::cli::SuggestArgs;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &SuggestArgs) -> Result<(), CommandError> {
    let scenario = super::load(&args.scenario)?;
    let sheet = sheet(args, &scenario)?;
    let reading = read(&scenario, &sheet)?;
    let seed = args.seed.unwrap_or(scenario.file().seed);
    let suggestions = suggest(&scenario, &sheet, args.count.get(), seed, threads(args.jobs));
    let suggestions = suggestions.map_err(|error| match error {
        SuggestError::Table(diagnostic) => diagnostic.into(),
        other => CommandError::failed(other),
    })?;
    let rows = suggestions.as_rows(&scenario, &sheet);
    let page = page(&scenario, &reading, &suggestions);
    let table = written(args, &rows, &page)?;
    tell(args, &scenario, &suggestions, &table)
}

fn sheet(args: &SuggestArgs, scenario: &Scenario) -> Result<Sheet, CommandError> {
    let inputs: Vec<String> = scenario.space().inputs().iter().map(|i| i.name.clone()).collect();
    let outcomes = &scenario.wanted().outcomes;
    Ok(match &args.data {
        Some(path) => Sheet::read(path, &inputs, outcomes)?,
        None => Sheet::new(&inputs, outcomes),
    })
}

/// Writes table and page, and says where the table is. Nothing that is there is written over.
fn written(args: &SuggestArgs, rows: &str, page: &str) -> Result<PathBuf, CommandError> {
    if let Some(out) = &args.out {
        let html = out.with_extension("html");
        if let Some(there) = [out, &html].into_iter().find(|path| path.exists()) {
            let message = format!("{} is there already", there.display());
            return Err(CommandError::bad_input(message).hint("give another name with --out"));
        }
        create(out, rows)?;
        create(&html, page)?;
        return Ok(out.clone());
    }
    let stem = args.data.as_deref().unwrap_or(&args.scenario).with_extension("");
    for number in 1_u32.. {
        let more = if number == 1 { "-next".to_owned() } else { format!("-next-{number}") };
        let mut name = stem.as_os_str().to_owned();
        name.push(more);
        let (table, html) = (with(&name, ".csv"), with(&name, ".html"));
        if !table.exists() && !html.exists() {
            create(&table, rows)?;
            create(&html, page)?;
            return Ok(table);
        }
    }
    Err(CommandError::failed("there is no name left for the suggestions"))
}

fn with(name: &std::ffi::OsStr, end: &str) -> PathBuf {
    let mut name = name.to_owned();
    name.push(end);
    name.into()
}

/// Writes a new file.
fn create(path: &Path, text: &str) -> Result<(), CommandError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            CommandError::bad_input(format_args!("{} is there already", path.display()))
        }
        _ => CommandError::unwritable(path, &error),
    })
}

fn tell(
    args: &SuggestArgs,
    scenario: &Scenario,
    suggestions: &Suggestions,
    table: &Path,
) -> Result<(), CommandError> {
    let html = table.with_extension("html");
    for note in &suggestions.notes {
        console::say_line(format_args!("note: {note}"));
    }
    if args.json {
        let mut object = json!(suggestions);
        object["outcomes"] = json!(scenario.wanted().outcomes);
        object["table"] = json!(table.display().to_string());
        object["page"] = json!(html.display().to_string());
        console::print_line(format_args!("{object:#}"))?;
    } else {
        let shown = console::fitted(&suggestions.table(scenario));
        console::print_text(&format!("{}\n\n{shown}", suggestions.headline()))?;
    }
    console::say_line(format_args!("rows to fill in: {}", table.display()));
    console::say_line(format_args!("page: {}", html.display()));
    Ok(())
}
