//! The live page: what may be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use flowtwin_serve::SiteName;

/// Arguments of `flowtwin serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Run folders, or folders of run folders.
    #[arg(required = true, value_name = "RUNS")]
    pub runs: Vec<PathBuf>,
    /// Where to serve the page, on this computer only [default: 127.0.0.1:8750, or another port if that is taken].
    #[arg(long, value_name = "ADDR")]
    pub address: Option<SocketAddr>,
    /// Let others see the page: ADDR may be an address that they can reach. Nothing is encrypted.
    #[arg(long)]
    pub allow_network: bool,
    /// A name by which browsers come to the page, as they show it, such as lab-pc or `https://twin.example.org` (a proxy with TLS); can be
    /// repeated.
    #[arg(long, value_name = "NAME", requires = "allow_network")]
    pub host: Vec<SiteName>,
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
    /// Let others see the live page: ADDR of --serve may be an address that they can reach. Nothing is encrypted. Only those who
    /// have the token control the run.
    #[arg(long, requires = "serve")]
    pub allow_network: bool,
    /// A name by which browsers come to the live page, as they show it, such as lab-pc or `https://twin.example.org` (a proxy with
    /// TLS); can be repeated.
    #[arg(long, value_name = "NAME", requires = "allow_network")]
    pub host: Vec<SiteName>,
    /// Open the live page in the browser.
    #[arg(long, requires = "serve")]
    pub open: bool,
}
