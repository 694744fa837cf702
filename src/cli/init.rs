//! A scenario to start from: what may be typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Arguments of `flowtwin init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The scenario file to write; the file's name becomes the scenario's.
    #[arg(value_name = "FILE", default_value = "my-rig.toml")]
    pub file: PathBuf,
    /// The rig to start from.
    #[arg(long, value_enum, default_value_t)]
    pub rig: Starter,
}

/// The rigs that `flowtwin init` knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Starter {
    /// A small flow reactor: two reagents, a heated coil, one spectrometer; every block has a comment.
    #[default]
    Plain,
    /// The rig of the paper: eight pumps, nanocrystals, two spectrometers.
    Paper,
    /// Two dyes mixed in slugs: no heater, no reaction.
    Dye,
    /// Reactions in slugs: an amination in four steps, one spectrometer.
    Slugs,
    /// One liquid without slugs: a dye fades in two coils, with a second injection.
    Coil,
    /// A cascade of three stirred tanks, in which a dye fades.
    Tanks,
    /// One liquid in a hot coil, sampled by an HPLC: a rearrangement.
    Hplc,
    /// An equilibrium: an ester is formed, sampled by a gas chromatograph.
    Ester,
    /// A synthesis in two stages, with a second injection and a pressure gauge.
    TwoStage,
    /// Quantum dots of a wanted colour: particles that grow in slugs, then exchange halides.
    QuantumDots,
    /// Gas and liquid: oxygen between slugs of water dissolves and reacts, samples for an HPLC.
    GasLiquid,
    /// No rig: a table of measured outcomes, written beside the scenario.
    Table,
}
