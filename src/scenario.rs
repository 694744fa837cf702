//! What a scenario means: a validated campaign on a validated world.

mod check;
pub mod file;
mod ordered;
mod schema;
mod space;
mod tree;
mod unknown;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use flowtwin_lab::analysis::AnalysisError;
use flowtwin_lab::journal::{Journal, Record};
use flowtwin_lab::{Analysis, Conditions, Manifest, Procedure, Space, Streams};
use flowtwin_sim::{Plan, SimLab};
use flowtwin_twin::{Policy, PolicySpec, StopRules, SurrogateSpec, Trial};
use serde::Deserialize as _;
use sha2::{Digest as _, Sha256};

pub use file::{Goal, ObjectiveSpec, PhaseSpec, ScenarioFile};
pub use ordered::Ordered;
pub use schema::schema;
pub use space::{ConstraintSpec, DerivedSpec, InputSpec, Sets, SpaceSpec, Window};
pub use tree::Tree;
pub(crate) use unknown::nearest;

use crate::diagnostic::Diagnostic;
use crate::learnt::Prior;

/// A scenario that can be run: everything in it has been checked.
#[derive(Debug)]
pub struct Scenario {
    file: ScenarioFile,
    plan: Arc<Plan>,
    space: Space,
    procedure: Procedure,
    phases: Vec<Phase>,
}

/// One phase of a campaign.
#[derive(Debug)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What decides what to try next.
    pub policy: Box<dyn Policy>,
    /// Most experiments it may run.
    pub experiments: usize,
    /// The phase it starts from, by its place in the list.
    pub from: Option<usize>,
    /// What ends it early.
    pub stop: StopRules,
}

impl Scenario {
    /// Reads and checks a scenario file.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with file, line and caret.
    pub fn load(path: &Path) -> Result<Self, Diagnostic> {
        let tree = Tree::read(path)?;
        let scenario = Self::new(tree.read_as()?, &tree)?;
        scenario.read_priors(path.parent().unwrap_or(Path::new("")))
    }

    /// The same scenario, learning from these run folders and CSV files too.
    ///
    /// # Errors
    /// If one cannot be read, or lacks the objective or an input.
    pub fn with_priors(mut self, data: &[PathBuf]) -> Result<Self, Diagnostic> {
        let prior = |path: &PathBuf| Prior::new(path.display().to_string());
        self.file.prior.extend(data.iter().map(prior));
        self.read_priors(Path::new(""))
    }

    fn read_priors(mut self, below: &Path) -> Result<Self, Diagnostic> {
        let feature = self.file.objective.feature.clone();
        for prior in &mut self.file.prior {
            prior
                .read(below, &self.space, &feature)
                .map_err(|error| Diagnostic::new(format!("prior: {error}")))?;
        }
        Ok(self)
    }

    /// The scenario that a journal records.
    ///
    /// # Errors
    /// If this version understands it no more.
    pub fn recorded(definition: &serde_json::Value) -> Result<Self, Diagnostic> {
        let file = ScenarioFile::deserialize(definition).map_err(|error| {
            Diagnostic::new(format!("the recorded scenario is not understood: {error}"))
        })?;
        Self::new(file, &Tree::default())
    }

    fn new(file: ScenarioFile, tree: &Tree) -> Result<Self, Diagnostic> {
        let fail = |problem: check::Problem| problem.at(tree);
        let plan = check::plan(&file).map_err(fail)?;
        let (space, recipe) = check::space(&file, plan.manifest()).map_err(fail)?;
        check::procedure(&file, plan.manifest()).map_err(fail)?;
        let analysis = check::analysis(&file, plan.manifest()).map_err(fail)?;
        let phases = check::phases(&file, &space).map_err(fail)?;
        check::objective(&file).map_err(fail)?;
        Ok(Self {
            procedure: Procedure::new(file.procedure.clone(), recipe, analysis),
            plan: Arc::new(plan),
            space,
            phases,
            file,
        })
    }

    /// The same scenario with other phases than its file has, as a benchmark puts policies in.
    #[must_use]
    pub fn with_phases(&self, phases: Vec<Phase>) -> Self {
        Self {
            file: self.file.clone(),
            plan: self.plan.clone(),
            space: self.space.clone(),
            procedure: self.procedure.clone(),
            phases,
        }
    }

    /// The same scenario, but its phases are the experiments that `journal` records, in their order.
    ///
    /// # Errors
    /// If a condition of the journal lies outside the space, or no experiment is recorded.
    pub fn repeating(&self, journal: &Journal) -> Result<Self, Diagnostic> {
        let phases = journal.records().iter().filter_map(|record| match record {
            Record::Phase(phase) => Some(phase),
            _ => None,
        });
        let repeated = phases.map(|phase| {
            let records = journal.experiments().filter(|e| e.phase == phase.name);
            let conditions: Vec<Conditions> = records.map(|e| e.conditions.clone()).collect();
            PhaseSpec {
                name: phase.name.clone(),
                experiments: conditions.len() as u32,
                policy: PolicySpec::List { conditions },
                from: phase.from.clone(),
                stop: StopRules::default(),
            }
        });
        let phases = repeated.filter(|phase| phase.experiments > 0).collect();
        let file = ScenarioFile { phases, ..self.file.clone() };
        Self::new(file, &Tree::default())
    }

    /// The lab of this scenario without noise, drift or mishaps, for true values.
    pub fn noiseless_lab(&self) -> SimLab {
        SimLab::new(Arc::new(self.plan.noiseless()), Streams::new(0))
    }

    /// What the file says.
    pub fn file(&self) -> &ScenarioFile {
        &self.file
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.file.name
    }

    /// The scenario in one piece, every default filled in, as journals record it.
    pub fn definition(&self) -> serde_json::Value {
        serde_json::to_value(&self.file).expect("a scenario is plain data")
    }

    /// SHA-256 of [`Scenario::definition`] \[hexadecimal\].
    pub fn sha256(&self) -> String {
        let digest = Sha256::digest(self.definition().to_string().as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is installed.
    pub fn manifest(&self) -> &Manifest {
        self.plan.manifest()
    }

    /// What may be chosen.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// How an experiment is done.
    pub fn procedure(&self) -> &Procedure {
        &self.procedure
    }

    /// What is measured.
    pub fn analysis(&self) -> &Analysis {
        self.procedure.analysis()
    }

    /// What the campaign is after.
    pub fn objective(&self) -> &ObjectiveSpec {
        &self.file.objective
    }

    /// The surrogate of the campaign's twin.
    pub fn surrogate(&self) -> SurrogateSpec {
        self.file.twin.surrogate
    }

    /// Earlier experiments as policies see them.
    pub fn priors(&self) -> Vec<Trial> {
        let goal = self.file.objective.goal;
        let trials = |prior: &Prior| prior.trials(&self.space, |value| goal.score(value));
        self.file.prior.iter().flat_map(trials).collect()
    }

    /// The phases in order.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Number of experiments of all phases together.
    pub fn experiments(&self) -> usize {
        self.phases.iter().map(|phase| phase.experiments).sum()
    }

    /// The same scenario on a real rig, whose spectrometers say themselves what they see.
    ///
    /// # Errors
    /// If they do not see what the analysis needs.
    pub fn on_rig(mut self, manifest: &Manifest) -> Result<Self, AnalysisError> {
        let analysis = Analysis::new(self.file.analysis.clone(), manifest)?;
        let (spec, recipe) = (self.procedure.spec().clone(), self.procedure.recipe().clone());
        self.procedure = Procedure::new(spec, recipe, analysis);
        Ok(self)
    }

    /// A fresh simulated lab.
    pub fn sim_lab(&self, seed: u64) -> SimLab {
        SimLab::new(self.plan.clone(), Streams::new(seed).child("world", 0))
    }
}
