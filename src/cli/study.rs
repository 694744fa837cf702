//! Arguments of `flowtwin study`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Backend, Folder, OnRig};

/// Which study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StudyKind {
    /// Replace one liquid by another at several flows, and read how it arrives.
    Tracer,
    /// Find what each pump delivers: weighed, or by the light.
    Flow,
    /// Heat every heater to set points, hold, and let it cool.
    Heat,
    /// Watch the lights for some minutes.
    Light,
    /// Measure the same conditions again and again.
    Replicates,
    /// Ramp inputs, and read on the way.
    Ramp,
    /// Do all of these in order, and experiments over the space; then calibrate.
    Commission,
}

/// Arguments of `flowtwin study`.
#[derive(Debug, Args)]
pub struct StudyArgs {
    /// What to study.
    #[arg(value_enum)]
    pub kind: StudyKind,
    /// Scenario file of the rig.
    pub scenario: PathBuf,
    /// Where to measure.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Replicates: conditions other than the middle of the space, as NAME=VALUE; can be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub at: Vec<String>,
    /// Replicates: how many [default: 8].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub count: Option<u32>,
    /// Ramp: where it begins, as NAME=VALUE, other inputs at the middle of their range; can be repeated.
    #[arg(long, value_name = "NAME=VALUE", requires = "to")]
    pub from: Vec<String>,
    /// Ramp: where it ends, in the same way.
    #[arg(long, value_name = "NAME=VALUE", requires = "from")]
    pub to: Vec<String>,
    /// Ramp: choose ends and length of N ramps in simulation, so that each hour determines the free keys best [default N: 1].
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1", conflicts_with_all = ["from", "to"])]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=20))]
    pub design: Option<u8>,
    /// Ramp with --design: choose each ramp but the first when those before it have been measured, by a calibration with them.
    #[arg(long, requires = "design")]
    pub adaptive: bool,
    /// Light: how long it is watched; ramp: how long it takes (min).
    #[arg(long, value_name = "MINUTES")]
    pub minutes: Option<f64>,
    /// Commission: a key to estimate in the end; ramp with --design: a key to determine. KEY or KEY=LOW..HIGH; can be repeated
    /// [default: those that the scenario names].
    #[arg(long, value_name = "KEY")]
    pub free: Vec<String>,
    /// Say what will be done, and what it takes, and measure nothing.
    #[arg(long)]
    pub plan: bool,
    /// Scenario of the simulated rig as it is: the same instruments, other numbers [default: as the scenario says].
    #[arg(long, value_name = "FILE")]
    pub as_it_is: Option<PathBuf>,
    /// Seed of the simulated rig [default: the scenario's].
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The real rig.
    #[command(flatten)]
    pub rig: OnRig,
    /// The folder of the study.
    #[command(flatten)]
    pub folder: Folder,
}
