//! What can be wrong with a wiring file.

use flowtwin_lab::{PumpId, in_plain_words};

/// Why a wiring file cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WiringError {
    /// The text is not a wiring file.
    #[error("{}", in_plain_words(.0))]
    Syntax(#[from] toml::de::Error),
    /// Another version of the format.
    #[error("schema is {found}, but this program reads schema 1")]
    Schema {
        /// The version found.
        found: u32,
    },
    /// A number that cannot be.
    #[error("{key} is {value}, allowed is {low} to {high}")]
    Range {
        /// Key.
        key: String,
        /// Its value.
        value: f64,
        /// Lowest allowed.
        low: f64,
        /// Highest allowed.
        high: f64,
    },
    /// Two instruments have one name, or do one job.
    #[error("{what} is wired twice")]
    Twice {
        /// Name.
        what: String,
    },
    /// The lab has something that is not wired.
    #[error("{what} of the scenario is not wired: add it to the wiring file")]
    Missing {
        /// What.
        what: String,
    },
    /// Something is wired that the lab does not have.
    #[error("{what} is wired, but the scenario has none of that name")]
    Unknown {
        /// What.
        what: String,
    },
    /// A syringe pump is wired for a pump of the scenario that has no syringe.
    #[error(
        "{section}.{instrument} is a syringe pump, but pump {name} of the scenario has no syringe: wire a pump that draws from a \
         bottle (or the mass-flow controller) by a program or a protocol file"
    )]
    NoSyringe {
        /// Section.
        section: String,
        /// Name of the instrument.
        instrument: String,
        /// The pump of the scenario.
        name: PumpId,
    },
    /// A rig behind a folder has instruments here too.
    #[error(
        "{what} is wired, but the rig is behind a folder: whatever drives it drives {what} too"
    )]
    BesideFolder {
        /// Name of the instrument.
        what: String,
    },
    /// Real instruments have no clock of their own.
    #[error("clock: only emulated instruments (`simulated = true`) have a time of their own")]
    RealClock,
    /// A fault is scripted for an instrument that is not there.
    #[error("{what}: there is no section of that name in the wiring file")]
    NoInstrument {
        /// The key and its value.
        what: String,
    },
    /// A section makes no sense.
    #[error("{section}.{name}: {problem}")]
    Section {
        /// Section.
        section: String,
        /// Name of the instrument.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// An instrument has no cable, and is to be used for real.
    #[error("{instrument} has no link: say `link.serial` or `link.tcp` in the wiring file")]
    NoLink {
        /// Instrument.
        instrument: String,
    },
    /// An instrument cannot be reached by such a cable.
    #[error("{instrument} cannot be reached by {link}")]
    WrongLink {
        /// Instrument.
        instrument: String,
        /// What was given.
        link: String,
    },
}
