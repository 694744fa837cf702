//! Reports: what may be typed.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `flowtwin report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run folders; several also get one page together: side by side, and what differs between the first and each other.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Where a journal is damaged, keep everything up to its last good record and set the rest aside.
    #[arg(long)]
    pub salvage: bool,
    /// The file of the page about all runs; one with a number, such as FILE-2, if this holds something else [default: A-and-B.html
    /// beside the first run].
    #[arg(long, value_name = "FILE")]
    pub page: Option<PathBuf>,
    /// Also print each report, and the page about all runs, as a PDF beside it. This needs Chromium, Chrome or Edge.
    #[arg(long)]
    pub pdf: bool,
    /// Also write the first screen of each report, and of the page about all runs, as a PNG beside it. This needs Chromium, Chrome or Edge.
    #[arg(long)]
    pub png: bool,
    /// The browser that prints [default: the first of Chromium, Chrome and Edge that is found].
    #[arg(long, value_name = "PROGRAM")]
    pub browser: Option<PathBuf>,
    /// Print the summaries as JSON.
    #[arg(long)]
    pub json: bool,
}
