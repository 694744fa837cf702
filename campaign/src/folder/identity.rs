//! Which run a folder belongs to.

use std::path::{Path, PathBuf};

use flowtwin_lab::journal::Journal;

use crate::scenario::Scenario;

/// Which run a folder must belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of the scenario.
    pub sha256: String,
    /// Seed.
    pub seed: u64,
    /// Whether the results are simulated.
    pub simulated: bool,
    /// Whether what has happened cannot be done again: a rig with drivers in wall time, or a lab outside.
    pub in_wall_time: bool,
    /// Whether people decide on its proposals: nobody knows whether they would decide the same again.
    pub reviewed: bool,
}

impl Identity {
    /// The run of a scenario with a seed.
    pub fn new(scenario: &Scenario, seed: u64, simulated: bool) -> Self {
        let scenario_name = scenario.name().to_owned();
        let sha256 = scenario.sha256();
        Self {
            scenario: scenario_name,
            sha256,
            seed,
            simulated,
            in_wall_time: !simulated,
            reviewed: false,
        }
    }

    /// The same run, on a rig in wall time.
    #[must_use]
    pub fn in_wall_time(self) -> Self {
        Self { in_wall_time: true, ..self }
    }

    /// The same run, on whose proposals people decide.
    #[must_use]
    pub fn reviewed(self) -> Self {
        Self { reviewed: true, ..self }
    }

    /// `runs/<scenario>-<seed>`.
    pub fn default_folder(&self) -> PathBuf {
        default_folder(&self.scenario, self.seed)
    }

    /// How the run of `journal` differs from this one; none if they are the same.
    pub(super) fn differs(&self, journal: &Journal) -> Option<String> {
        let header = journal.header();
        if header.scenario != self.scenario {
            return Some(format!("scenario {}", header.scenario));
        }
        if header.seed != self.seed {
            return Some(format!("seed {} of scenario {}", header.seed, header.scenario));
        }
        if header.scenario_sha256 != self.sha256 {
            return Some(format!("another version of the scenario {}", header.scenario));
        }
        (header.simulated != self.simulated).then(|| {
            let kind = if header.simulated { "a simulation" } else { "a real rig" };
            format!("{kind} of scenario {}", header.scenario)
        })
    }
}

/// `runs/<scenario>-<seed>`.
pub fn default_folder(scenario: &str, seed: u64) -> PathBuf {
    Path::new("runs").join(format!("{scenario}-{seed}"))
}
