//! `flowtwin report`: the files of a run folder, made anew from its journal.

use std::io::stdout;

use flowtwin_campaign::conclusion::{Conclusion, extras};

use super::campaign::threads;
use super::occupied::Occupied;
use crate::cli::ReportArgs as Args;
use crate::console;
use crate::error::CommandError;

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    for (i, folder) in args.runs.iter().enumerate() {
        // Where there is no run, reading it says so.
        let _occupied = folder.is_dir().then(|| Occupied::take(folder)).transpose()?;
        let conclusion = Conclusion::of(folder, extras(folder), threads(None))?;
        conclusion.write(folder)?;
        if i > 0 && !args.json {
            console::print_line("")?;
        }
        console::print(conclusion.text(args.json, console::columns(&stdout())))?;
        console::say_line(format_args!("report: {}", folder.join("report.html").display()));
    }
    Ok(())
}
