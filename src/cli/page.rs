//! The live page: what may be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

/// Arguments of `flowtwin serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Run folders, or folders of run folders.
    #[arg(required = true, value_name = "RUNS")]
    pub runs: Vec<PathBuf>,
    /// Where to serve the page, on this computer only [default: 127.0.0.1:8750, or another port if that is taken].
    #[arg(long, value_name = "ADDR")]
    pub address: Option<SocketAddr>,
    /// Open the page in the browser.
    #[arg(long)]
    pub open: bool,
}

/// The live page of a run.
#[derive(Clone, Debug, Default, Args)]
pub struct Page {
    /// Serve a live page of the run on this computer [default: 127.0.0.1:8750, or another port if that is taken].
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true)]
    pub serve: Option<Option<SocketAddr>>,
    /// Open the live page in the browser.
    #[arg(long, requires = "serve")]
    pub open: bool,
}
