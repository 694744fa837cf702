//! A scenario, checked against its snapshots.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use flowtwin_campaign::campaign::CampaignError;
use flowtwin_campaign::scenario::{Scenario, SnapshotSpec, Strength};

use super::distribution::{Distribution, has_several};
use super::numeric;
use super::trials::{Quantity, Trials};
use crate::comparison::{Comparison, Effort};
use crate::explain::{ExplainError, Explanation};
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
    /// What is compared, where there is a snapshot.
    sides: Option<Box<[Side; 2]>>,
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
        let (mut snapshot, journal) = Snapshot::taken(scenario, threads)?;
        snapshot.origin.strength = spec.strength.name().into();
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
            sides: None,
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
        let effort = Effort { simulate: Some(threads), regret: false };
        let found = Comparison::between(&before, &after, effort);
        match spec.strength {
            Strength::Exact => {
                let parts = differing.join(", ");
                checked.reasons.push(format!("not to the last bit as it was: {parts}"));
            }
            Strength::Numeric => checked.reasons = numeric::beyond_tolerance(&found, spec),
            Strength::Statistical => {
                checked.reasons.extend(numeric::work_beyond_its_band(&found, spec));
            }
        }
        checked.comparison = Some(found);
        checked.sides = Some(Box::new([before, after]));
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
                let goal = (!has_several(scenario)).then(|| scenario.objective().goal);
                let trials = Trials::between(&before, &now, goal, spec.sensitivity_percent);
                if trials.seeds < seeds.len() {
                    self.reasons.push(format!(
                        "the distribution has {} of the {} seeds from {first} on: take it anew with --accept",
                        trials.seeds,
                        seeds.len()
                    ));
                } else if before.rows.iter().all(|row| row.best.is_nan()) {
                    let none =
                        "no campaign of the distribution has a result: nothing can be compared";
                    self.reasons.push(none.into());
                }
                let worse = trials.quantities.iter().filter(|quantity| quantity.is_worse());
                self.reasons.extend(worse.map(Quantity::reason));
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

    /// Which keys explain what moved; none where there is no snapshot, or nothing moved.
    ///
    /// # Errors
    /// If it cannot be explained.
    pub fn explain(&self, threads: NonZeroUsize) -> Option<Result<Explanation, ExplainError>> {
        let [before, after] = &**self.sides.as_ref()?;
        Some(Explanation::of(before, after, threads))
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
                // That of an earlier snapshot would be compared with what this one promises.
                None => snapshot::remove_part(&self.folder, "distribution"),
            }
        };
        let at = |source| CheckError::Write { path: self.folder.clone(), source };
        write().map_err(at)?;
        Ok(self.taken.differing)
    }
}
