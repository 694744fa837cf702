//! A scenario, checked against its snapshots.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flowtwin_campaign::campaign::CampaignError;
use flowtwin_campaign::scenario::{Scenario, SnapshotSpec, Strength};

use super::distribution::Distribution;
use super::numeric;
use super::trials::Trials;
use crate::comparison::{Comparison, Effort};
use crate::side::{Side, SideError};
use crate::snapshot::{self, Snapshot};

/// Why a scenario could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It could not be run.
    #[error(transparent)]
    Campaign(#[from] CampaignError),
    /// Its snapshot cannot be read.
    #[error(transparent)]
    Side(Box<SideError>),
    /// Its snapshot cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<SideError> for CheckError {
    fn from(error: SideError) -> Self {
        Self::Side(Box::new(error))
    }
}

/// A scenario, checked against its snapshots.
#[derive(Clone, Debug)]
pub struct Checked {
    /// Name of the scenario.
    pub scenario: String,
    /// How strictly.
    pub strength: Strength,
    /// The folder of its snapshots.
    pub folder: PathBuf,
    /// The reasons against it, one per line; nothing where it passes.
    pub reasons: Vec<String>,
    /// What moved, where anything did and there is a snapshot.
    pub comparison: Option<Comparison>,
    /// What many seeds say, at statistical strength.
    pub trials: Option<Trials>,
    /// What can be accepted.
    taken: Taken,
}

#[derive(Clone, Debug)]
struct Taken {
    snapshot: Snapshot,
    distribution: Option<Distribution>,
    differing: usize,
}

impl Checked {
    /// Runs `scenario` and compares it with the snapshots in `folder`, as `spec` says.
    ///
    /// # Errors
    /// If it cannot be run, or a snapshot cannot be read.
    pub fn of(
        scenario: &Scenario,
        folder: &Path,
        spec: &SnapshotSpec,
        threads: NonZeroUsize,
    ) -> Result<Self, CheckError> {
        let (snapshot, journal) = Snapshot::taken(scenario, threads)?;
        let differing = snapshot.differing(folder);
        let mut checked = Self {
            scenario: scenario.name().into(),
            strength: spec.strength,
            folder: folder.to_owned(),
            reasons: Vec::new(),
            comparison: None,
            trials: None,
            taken: Taken {
                snapshot: snapshot.clone(),
                distribution: None,
                differing: differing.len(),
            },
        };
        if spec.strength == Strength::Statistical {
            checked.over_seeds(scenario, spec, threads)?;
        }
        if snapshot::part(folder, "observations").is_none() {
            checked.reasons.push("there is no snapshot".into());
            return Ok(checked);
        }
        if differing.is_empty() {
            return Ok(checked);
        }
        let name = format!("{} now", scenario.name());
        let before = Side::snapshot(&folder.display().to_string(), folder)?;
        let after = Side::scenario(&name, snapshot, journal)?;
        let simulate = (spec.strength == Strength::Numeric).then_some(threads);
        let found = Comparison::between(&before, &after, Effort { simulate, regret: false });
        match spec.strength {
            Strength::Exact => {
                let parts = differing.join(", ");
                checked.reasons.push(format!("not to the last bit as it was: {parts}"));
            }
            Strength::Numeric => checked.reasons = numeric::beyond_tolerance(&found, spec),
            Strength::Statistical => {}
        }
        checked.comparison = Some(found);
        Ok(checked)
    }

    fn over_seeds(
        &mut self,
        scenario: &Scenario,
        spec: &SnapshotSpec,
        threads: NonZeroUsize,
    ) -> Result<(), CheckError> {
        let first = scenario.file().seed;
        let seeds: Vec<u64> = (first..first + u64::from(spec.seeds)).collect();
        let now = Distribution::run(scenario, &seeds, threads)?;
        let before = snapshot::part(&self.folder, "distribution");
        match before.as_deref().and_then(Distribution::read) {
            None => self.reasons.push("there is no distribution over seeds".into()),
            Some(before) => {
                let less = scenario.objective().goal.score(1.0) < 0.0;
                let trials = Trials::between(&before, &now, less, spec.sensitivity_percent);
                let worse = trials.quantities.iter().filter(|quantity| quantity.is_worse());
                self.reasons.extend(worse.map(|quantity| format!("{} got worse", quantity.name)));
                self.trials = Some(trials);
            }
        }
        self.taken.distribution = Some(now);
        Ok(())
    }

    /// Whether it passes.
    pub fn passed(&self) -> bool {
        self.reasons.is_empty()
    }

    /// What is found, in words.
    pub fn text(&self) -> String {
        let mut out: String = self.reasons.iter().map(|reason| format!("  {reason}\n")).collect();
        if let Some(trials) = &self.trials {
            out.push_str(&trials.text());
        }
        if let Some(comparison) = self.comparison.as_ref().filter(|_| !self.passed()) {
            out.push_str(&format!("\n{}", comparison.text()));
        }
        out
    }

    /// In a few words, where it passes.
    pub fn note(&self) -> String {
        match (self.strength, &self.comparison) {
            (Strength::Exact, _) | (Strength::Numeric, None) => "as in its snapshots".into(),
            (Strength::Numeric, Some(_)) => "as in its snapshots, within tolerances".into(),
            (Strength::Statistical, _) => {
                let seeds = self.trials.as_ref().map_or(0, |trials| trials.seeds);
                format!("no worse than in its snapshots, over {seeds} seeds")
            }
        }
    }

    /// Takes what the scenario yields now as its snapshot; how many of its parts were not so.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn accept(&self) -> Result<usize, CheckError> {
        let write = || {
            self.taken.snapshot.accept(&self.folder)?;
            match &self.taken.distribution {
                Some(all) => snapshot::write_part(&self.folder, "distribution", &all.text()),
                None => Ok(()),
            }
        };
        let at = |source| CheckError::Write { path: self.folder.clone(), source };
        write().map_err(at)?;
        Ok(self.taken.differing)
    }
}
