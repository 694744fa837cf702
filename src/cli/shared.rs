//! Arguments that commands share: the rig, the run folder, the shadow beside it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::HookUrl;
#[cfg(feature = "serve")]
use super::Page;

/// Arguments for a real rig.
#[derive(Debug, Args)]
pub struct OnRig {
    /// Wiring file: which instrument is connected to which port; `--backend emulated` emulates those instruments.
    #[arg(long, alias = "bench", value_name = "FILE", required_if_eq("backend", "hardware"))]
    pub wiring: Option<PathBuf>,
    /// Start on the real rig without asking, if the rehearsal passes.
    #[arg(long)]
    pub yes: bool,
    /// With --resume: pumps whose syringes you have refilled, separated by commas, or `all`; each counts as full as at the
    /// start of the run, unless you give its volume (mL).
    #[arg(long, value_name = "PUMP[=ML]", value_delimiter = ',', requires = "resume")]
    pub filled: Vec<String>,
    /// Accept the first experiment even if it is far from its rehearsal.
    #[arg(long)]
    pub accept_first: bool,
    /// Lab seconds for each second of real time, for a rig of `flowtwin emulate --speed X` that shares no clock.
    #[arg(long, value_name = "X", default_value_t = 1.0, hide = true)]
    pub speed: f64,
}

/// Arguments for rigs as they may be.
#[derive(Debug, Args)]
pub struct AsTheyMayBe {
    /// Run on N rigs drawn from the posterior of a calibration instead of on its estimates; for calibrated scenarios.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub rigs: Option<u64>,
    /// With --rigs: seeds on each rig, counted up from --seed; with a single one, differences between rigs cannot be separated from chance.
    #[arg(long, value_name = "N", default_value_t = 3, requires = "rigs",
        value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,
}

/// Arguments for a run folder.
#[derive(Clone, Debug, Args)]
pub struct Folder {
    /// Run folder, by default `runs/<scenario>-<seed>`; one with a number, such as DIR-2, if this holds something else.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Continue the run in this folder; finished experiments are not repeated.
    #[arg(long)]
    pub resume: bool,
    /// Threads for the twin; their number never changes a result [default: all cores].
    #[arg(long, value_name = "N", value_parser = super::at_least_one)]
    pub jobs: Option<NonZeroUsize>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
    /// Report problems only.
    #[arg(long, short)]
    pub quiet: bool,
    /// Compare every experiment with a calibrated scenario, and say what has moved on the rig.
    #[arg(long, value_name = "SCENARIO")]
    pub shadow: Option<PathBuf>,
    /// What to do when something has moved: say so, calibrate the shadow anew, wait for somebody, or stop.
    #[arg(long, value_enum, default_value_t, requires = "shadow")]
    pub on_drift: OnDrift,
    /// Run this command when the run is done or has stopped, the rig has moved, a stock is nearly used up, or a proposal waits for a
    /// decision.
    #[arg(long, value_name = "COMMAND")]
    pub notify: Option<String>,
    /// Send the same as JSON to this address, by HTTP POST; https needs the program curl.
    #[arg(long, value_name = "URL")]
    pub notify_url: Option<HookUrl>,
    /// The live page.
    #[cfg(feature = "serve")]
    #[command(flatten)]
    pub page: Page,
}

/// What to do when something has moved on a rig.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OnDrift {
    /// Say so, and go on.
    #[default]
    Flag,
    /// Say so, and go on beside a shadow with new values.
    Recalibrate,
    /// Make the rig safe, and wait until somebody decides on the next proposal.
    Pause,
    /// Make the rig safe and stop.
    Stop,
}

/// Arguments of `flowtwin shadow`.
#[derive(Debug, Args)]
pub struct ShadowArgs {
    /// Scenario of the rig, calibrated to it.
    pub scenario: PathBuf,
    /// Run folders.
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Write a table of all experiments as CSV into this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}
