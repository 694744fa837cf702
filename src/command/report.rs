//! `flowtwin report`: the files of a run folder, made anew from its journal.

mod salvage;

use std::io::stdout;
use std::path::{Path, PathBuf};

use flowtwin_campaign::conclusion::{Conclusion, extras};
use flowtwin_campaign::folder::read_journal;
use flowtwin_comparison::{Comparison, Effort, Side};
use flowtwin_lab::journal::Journal;
use flowtwin_report::{Run, combined_html};

use super::campaign::threads;
use super::occupied::Occupied;
use super::output::into_file;
use crate::cli::ReportArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    for (i, folder) in args.runs.iter().enumerate() {
        // Where there is no run, reading it says so.
        let _occupied = folder.is_dir().then(|| Occupied::take(folder)).transpose()?;
        if args.salvage {
            salvage::run(folder)?;
        }
        let conclusion = Conclusion::of(folder, extras(folder), threads(None))?;
        conclusion.write(folder)?;
        if i > 0 && !args.json {
            console::print_line("")?;
        }
        console::print(conclusion.text(args.json, console::columns(&stdout())))?;
        console::say_line(format_args!("report: {}", folder.join("report.html").display()));
    }
    args.page.as_ref().map_or(Ok(()), |page| together(&args.runs, page))
}

/// Writes one page about several runs.
fn together(folders: &[PathBuf], page: &Path) -> Result<(), CommandError> {
    let journals: Vec<Journal> =
        folders.iter().map(|folder| read_journal(folder)).collect::<Result<_, _>>()?;
    let runs: Vec<Run<'_>> = journals
        .iter()
        .map(Run::read)
        .collect::<Result<_, _>>()
        .map_err(CommandError::bad_input)?;
    let sides: Vec<Side> = folders
        .iter()
        .map(|folder| Ok(Side::load(folder, threads(None))?))
        .collect::<Result<_, CommandError>>()?;
    let effort = Effort { simulate: None, regret: false };
    let (first, others) = sides.split_first().expect("clap requires a run");
    let differs = others.iter().map(|other| {
        let title = format!("What differs between {} and {}", first.name, other.name);
        (title, Comparison::between(first, other, effort).text())
    });
    let html = combined_html(&runs, &differs.collect::<Vec<_>>());
    let write = |place: &Path| {
        std::fs::write(place, &html).map_err(|error| CommandError::unwritable(place, &error))
    };
    let place = into_file(page, write)?;
    console::say_line(format_args!("page: {}", place.display()));
    Ok(())
}
