//! Why a world cannot be.

/// Why a world is invalid, with the key.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A value is outside its range.
    #[error("{key} is {value} {unit}: it must be {low} to {high} {unit}")]
    OutOfRange {
        /// Key, such as `rig.pumps.cui.bore_mm`.
        key: String,
        /// The value.
        value: f64,
        /// Its unit; empty for a pure number.
        unit: &'static str,
        /// Lowest value allowed.
        low: f64,
        /// Highest value allowed.
        high: f64,
    },
    /// A name is not known.
    #[error("{key} names the {kind} \"{name}\", which is not there; there is {}", or_none(.known))]
    Unknown {
        /// Key.
        key: String,
        /// What it should name.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Keys are at odds with each other.
    #[error("{key}: {detail}")]
    Inconsistent {
        /// Key.
        key: String,
        /// What is wrong, with what to do.
        detail: String,
    },
}

/// The names there are.
fn or_none(known: &str) -> &str {
    if known.is_empty() { "none" } else { known }
}

impl PlanError {
    /// The key the error is about, its parts joined by dots; entries of a list by number from zero.
    pub fn key(&self) -> &str {
        match self {
            Self::OutOfRange { key, .. }
            | Self::Unknown { key, .. }
            | Self::Inconsistent { key, .. } => key,
        }
    }
}
