//! The arguments of `flowtwin conformance`.

use clap::Args;
use flowtwin_backends::codec::program::Kind;

/// Arguments of `flowtwin conformance`.
#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// How the program is started, in quotes.
    pub command: String,
    /// What it drives: pump, valve, heater, light, spectrometer, analyser, sensor or switch.
    #[arg(long, value_parser = kind)]
    pub kind: Kind,
    /// Inner diameter of the syringe of a pump (mm); without it, as the pump is set.
    #[arg(long, value_name = "MM")]
    pub bore_mm: Option<f64>,
    /// How long an answer may take (s).
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub patience_s: f64,
    /// How long the program may take to start (s).
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub starts_within_s: f64,
    /// Begin: the pump may run, the heater may heat, the light may go on.
    #[arg(long)]
    pub yes: bool,
    /// Print what was found as JSON.
    #[arg(long)]
    pub json: bool,
}

/// A kind by its name.
fn kind(name: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.to_string() == name);
    let names = || Kind::ALL.map(|kind| kind.to_string()).join(", ");
    found.ok_or_else(|| format!("there is no such kind: {}", names()))
}
