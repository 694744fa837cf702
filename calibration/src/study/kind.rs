//! The studies.

use serde::Serialize;

/// Which study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Study {
    /// A step of what flows, at several flows.
    Tracer,
    /// What each pump delivers of what it is told.
    Flow,
    /// A heating curve of each heater.
    Heat,
    /// How steady lights are.
    Light,
    /// The same conditions again and again.
    Replicates,
    /// Inputs that are ramped, read on the way.
    Ramp,
    /// All of these in the order in which a new rig needs them, and experiments over the space.
    Commission,
}

impl Study {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Tracer,
        Self::Flow,
        Self::Heat,
        Self::Light,
        Self::Replicates,
        Self::Ramp,
        Self::Commission,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tracer => "tracer",
            Self::Flow => "flow",
            Self::Heat => "heat",
            Self::Light => "light",
            Self::Replicates => "replicates",
            Self::Ramp => "ramp",
            Self::Commission => "commission",
        }
    }
}
