//! `flowtwin report`: the files of a run folder, made anew from its journal.

mod printed;
mod salvage;

use std::path::{Path, PathBuf};

use flowtwin_campaign::conclusion::{Conclusion, extras};
use flowtwin_campaign::folder::{JOURNAL, cut_off, read_journal};
use flowtwin_comparison::{Comparison, Effort, Side};
use flowtwin_lab::journal::Journal;
use flowtwin_report::{Run, combined_html};

use self::printed::{Browser, Print};
use super::campaign::{threads, told};
use super::occupied::Occupied;
use super::output::into_file;
use crate::cli::ReportArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let printer = Printer::of(args)?;
    for (i, folder) in args.runs.iter().enumerate() {
        // Where there is no run, reading it says so.
        let _occupied = folder.is_dir().then(|| Occupied::take(folder)).transpose()?;
        if args.salvage {
            salvage::run(folder)?;
        }
        if let Some(why) = cut_off(folder)? {
            let journal = folder.join(JOURNAL);
            console::say_line(format_args!(
                "warning: {}: {why}; the report is of what is left. `--salvage`, or `run --resume`, puts it in order",
                journal.display()
            ));
        }
        let conclusion = Conclusion::of(folder, extras(folder), threads(None))?;
        conclusion.write(folder)?;
        if i > 0 && !args.json {
            console::print_line("")?;
        }
        told(&conclusion, args.json)?;
        let report = folder.join("report.html");
        console::say_line(format_args!("report: {}", report.display()));
        printer.print(&report)?;
    }
    let place = match (&args.page, args.runs.as_slice()) {
        (Some(page), _) => page.clone(),
        (None, [first, second, more @ ..]) => beside(first, second, more.len()),
        (None, _) => return Ok(()),
    };
    printer.print(&together(&args.runs, &place)?)
}

/// Where the page about several runs goes if nobody says where: beside the first, under the names of the runs.
fn beside(first: &Path, second: &Path, more: usize) -> PathBuf {
    // `.` has no name of its own.
    let named = |folder: &Path| match folder.file_name() {
        Some(_) => folder.to_owned(),
        None => folder.canonicalize().unwrap_or_else(|_| folder.to_owned()),
    };
    let name = |folder: &Path| folder.file_name().map(|name| name.to_string_lossy().into_owned());
    let first = named(first);
    let one = name(&first).unwrap_or_default();
    let page = match more {
        0 => format!("{one}-and-{}.html", name(&named(second)).unwrap_or_default()),
        _ => format!("{one}-and-{}-more.html", more + 1),
    };
    first.with_file_name(page)
}

/// What pages are printed as, and by which browser.
#[derive(Debug, Default)]
struct Printer {
    browser: Option<Browser>,
    prints: Vec<Print>,
}

impl Printer {
    /// Finds the browser first, so that a report is not made for nothing.
    fn of(args: &Args) -> Result<Self, CommandError> {
        let wanted = [(args.pdf, Print::Pdf), (args.png, Print::Png)];
        let prints: Vec<Print> =
            wanted.into_iter().filter_map(|(wanted, print)| wanted.then_some(print)).collect();
        let browser =
            (!prints.is_empty()).then(|| Browser::find(args.browser.as_deref())).transpose()?;
        Ok(Self { browser, prints })
    }

    fn print(&self, page: &Path) -> Result<(), CommandError> {
        let Some(browser) = &self.browser else { return Ok(()) };
        for print in &self.prints {
            let place = browser.print(page, *print)?;
            console::say_line(format_args!("printed: {}", place.display()));
        }
        Ok(())
    }
}

/// What runs are called: by their folders alone, if those differ.
fn short_names(folders: &[PathBuf], sides: &[Side]) -> Vec<String> {
    let last = |folder: &PathBuf| Some(folder.file_name()?.to_string_lossy().into_owned());
    let short: Vec<String> = folders.iter().filter_map(last).collect();
    let distinct: std::collections::BTreeSet<&String> = short.iter().collect();
    match distinct.len() == folders.len() {
        true => short,
        false => sides.iter().map(|side| side.name.clone()).collect(),
    }
}

/// Writes one page about several runs. Returns where it is.
fn together(folders: &[PathBuf], page: &Path) -> Result<PathBuf, CommandError> {
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
    let names = short_names(folders, &sides);
    let html = combined_html(&names, &runs, &differs.collect::<Vec<_>>());
    let write = |place: &Path| {
        std::fs::write(place, &html).map_err(|error| CommandError::unwritable(place, &error))
    };
    let place = into_file(page, write)?;
    console::say_line(format_args!("page: {}", place.display()));
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_about_several_runs_has_their_names_and_lies_beside_the_first() {
        let page = |first: &str, second: &str, more| beside(first.as_ref(), second.as_ref(), more);
        assert_eq!(page("runs/a", "other/b", 0), Path::new("runs/a-and-b.html"));
        assert_eq!(page("a/", "b/", 1), Path::new("a-and-2-more.html"));
        let here = std::env::current_dir().unwrap();
        let name = here.file_name().unwrap().to_string_lossy();
        assert_eq!(page(".", "b", 0), here.with_file_name(format!("{name}-and-b.html")));
    }
}
