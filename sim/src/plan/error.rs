//! Why a world cannot be.

/// Why a world is invalid, with the key.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A value is outside its range.
    #[error("{} is {value}{}: it must be {low} to {high}{}", shown(.key), behind(.unit), behind(.unit))]
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
    #[error("{} names the {kind} \"{name}\", which is not there; there is {}", shown(.key), or_none(.known))]
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
    #[error("{}: {detail}", shown(.key))]
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

/// A key as people write it: entries of a list by number from one, `rig.tube[1].bore_mm`.
fn shown(key: &str) -> String {
    let mut shown = String::new();
    for part in key.split('.') {
        match part.parse::<usize>() {
            Ok(place) => shown += &format!("[{}]", place + 1),
            Err(_) if shown.is_empty() => shown += part,
            Err(_) => shown += &format!(".{part}"),
        }
    }
    shown
}

/// A unit behind a number.
fn behind(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
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
