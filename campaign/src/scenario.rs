//! What a scenario means: a validated campaign on a validated world.

mod able;
mod believed;
mod calibration;
mod check;
mod chooses;
mod course;
mod ending;
mod entrant;
mod expected;
pub mod file;
mod free;
mod keys;
mod posterior;
mod refill;
mod scatter;
mod schema;
mod simulated;
mod snapshot;
mod space;
mod supply;
mod teaching;
mod tree;
mod unknown;
mod wanted;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flowtwin_lab::analysis::AnalysisError;
use flowtwin_lab::journal::{Journal, Record};
use flowtwin_lab::layer::{Guarded, LoopModel};
use flowtwin_lab::study::Task;
use flowtwin_lab::{
    Analysis, Conditions, Lab, Manifest, Procedure, Recipe, Space, Streams, Wanted,
};
use flowtwin_report::Quantity;
use flowtwin_sim::Plan;
use flowtwin_twin::{Policy, PolicySpec, Random, StopRules, SurrogateSpec, Trial};

pub use calibration::{BelievedSpec, CalibrationSpec, FreeSpec, PosteriorSpec};
pub use check::LONGEST_NAME;
pub use chooses::ChoosesRamps;
pub use course::{CONTEST, Course, Leg};
pub use entrant::{Entrant, EntrantError, EntrantKind, believing};
pub use expected::{Expected, Followed, Moment, Reading, commanded};
pub use file::{PhaseSpec, ScenarioFile, TwinSpec};
pub use free::{Free, free};
pub use keys::keys;
pub use posterior::{Posterior, drawn_from, rig_name};
pub use refill::{Day, Refill, RefillSpec};
pub use scatter::{Misreading, Scatter, Slopes, detection_limits, fills, misreadings};
pub use schema::schema;
pub use simulated::{NoRig, Simulated};
pub use snapshot::{DecisionsMay, FEWEST_SEEDS, SnapshotSpec, Strength};
pub use space::{BoundSpec, ConstraintSpec, DerivedSpec, InputSpec, Sets, SpaceSpec, Window};
pub use supply::{Lasting, RefillsItself};
pub use tree::Tree;
pub use unknown::nearest;
pub use world::{plan, plan_beside, world};

use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_data::learnt::{Mismatch, Prior, Twin, TwinLab};
use flowtwin_data::table::{Choosing, Pool, TableLab};

/// A scenario that can be run: everything in it has been checked.
#[derive(Clone, Debug)]
pub struct Scenario {
    file: ScenarioFile,
    world: World,
    space: Space,
    procedure: Procedure,
    phases: Vec<Phase>,
    wanted: Wanted,
    believed: Option<believed::Believed>,
    chooses: Option<Arc<dyn ChoosesRamps>>,
}

/// Where the experiments of a scenario are done, unless on a rig.
#[derive(Clone, Debug)]
enum World {
    /// In simulation.
    Simulated(Arc<Plan>),
    /// They have been done: outcomes are looked up.
    Table(Arc<Pool>),
    /// In a lab outside this program.
    Outside(Box<Manifest>),
}

/// What can be done with a scenario without a rig.
pub const ELSEWHERE: &str = "its experiments are done elsewhere: `flowtwin suggest` says what to try next, `run --lab-command` asks a program";

/// While frames are taken a temperature may be this many times as far from its set point as when it has settled.
const MEASURES_WITHIN: f64 = 5.0;

/// How long a program that a scenario names may take for an answer.
const PATIENCE: Duration = Duration::from_secs(600);

/// One phase of a campaign.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// What decides what to try next.
    pub policy: Arc<dyn Policy>,
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
        Self::of(&Tree::read(path)?, path.parent().unwrap_or(Path::new("")))
    }

    /// The scenario of a tree; the data that it names are looked for in the folder `below`.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn of(tree: &Tree, below: &Path) -> Result<Self, Diagnostic> {
        let mut file = tree.scenario()?;
        let outcomes = file.wanted().outcomes;
        if let (Some(table), false) = (&mut file.table, outcomes.is_empty()) {
            let read = table.read(below, &outcomes);
            read.map_err(|error| tree.complain(&["table", "data"], &error.to_string()))?;
        }
        if let (Some(name), None) = (&file.twin.simulator, &file.twin.believed) {
            let read = BelievedSpec::read(name, below);
            let read =
                read.map_err(|error| tree.complain(&["twin", "simulator"], &error.to_string()));
            file.twin.believed = Some(Box::new(read?));
        }
        Self::new(file, tree)?.read_priors(below)
    }

    /// What was read of its table of outcomes and of earlier experiments, and what was left out, for people.
    pub fn notes(&self) -> Vec<&str> {
        let table = self.file.table.iter().flat_map(|table| &table.notes);
        let priors = self.file.prior.iter().flat_map(|prior| &prior.notes);
        table.chain(priors).map(String::as_str).collect()
    }

    /// What its rig cannot do at some conditions of the space, for people; what it can do at none is an error of
    /// [`Scenario::load`].
    pub fn cannot_everywhere(&self) -> Vec<String> {
        let able = able::Able {
            manifest: self.manifest(),
            procedure: self.procedure.spec(),
            analysis: self.analysis(),
            space: &self.space,
            recipe: self.procedure.recipe(),
        };
        able.room().into_iter().chain(able.check().unwrap_or_default()).collect()
    }

    /// For how many experiments the syringes last, the first to be empty first; nothing where the scenario is of a table.
    pub fn lasts(&self) -> Vec<Lasting> {
        if self.table().is_some() {
            return Vec::new();
        }
        let (manifest, procedure, space) = (self.manifest(), &self.procedure, &self.space);
        let reserve_ul = self.file.guard.reserve_ul;
        supply::Supply { manifest, procedure, space, reserve_ul }.lasts()
    }

    /// The scenario with the rig that it describes.
    ///
    /// # Errors
    /// If it has none.
    pub fn simulated(&self) -> Result<Simulated<'_>, NoRig> {
        let scenario = self.file.name.clone();
        match &self.world {
            World::Simulated(plan) => Ok(Simulated { scenario: self, plan }),
            World::Table(_) => Err(NoRig { scenario, has: "a table of outcomes and no rig" }),
            World::Outside(_) => Err(NoRig { scenario, has: "no rig" }),
        }
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

    /// The same scenario, learning with another surrogate than its file names.
    ///
    /// # Errors
    /// None that the scenario itself did not have.
    pub fn with_surrogate(&self, surrogate: SurrogateSpec) -> Result<Self, Diagnostic> {
        let twin = TwinSpec { surrogate, ..self.file.twin.clone() };
        let file = ScenarioFile { twin, ..self.file.clone() };
        Self::new(file, &Tree::default())
    }

    fn read_priors(mut self, below: &Path) -> Result<Self, Diagnostic> {
        if !self.file.prior.is_empty() {
            wanted::check(&self.file).map_err(|problem| problem.at(&Tree::default()))?;
        }
        let outcomes = self.outcomes_of_priors();
        for prior in &mut self.file.prior {
            prior
                .read(below, &self.space, &outcomes)
                .map_err(|error| Diagnostic::new(format!("prior: {error}")))?;
        }
        Ok(self)
    }

    /// The scenario that a journal records.
    ///
    /// # Errors
    /// If this version understands it no more.
    pub fn recorded(definition: &serde_json::Value) -> Result<Self, Diagnostic> {
        let file = ScenarioFile::of(definition).map_err(|error| {
            Diagnostic::new(format!("the recorded scenario is not understood: {error}"))
        })?;
        Self::new(file, &Tree::default())
    }

    fn new(mut file: ScenarioFile, tree: &Tree) -> Result<Self, Diagnostic> {
        let command = file.policy_command.clone();
        believed::fill(&mut file);
        let mut scenario = Self::inside(file, tree)?;
        let believed = believed::Believed::of(&scenario);
        scenario.believed = believed.map_err(|problem| problem.at(tree))?;
        Ok(match command {
            Some(command) => scenario.with_policy_command(&command, PATIENCE),
            None => scenario,
        })
    }

    /// The scenario, whatever programs outside may decide in it.
    fn inside(file: ScenarioFile, tree: &Tree) -> Result<Self, Diagnostic> {
        let fail = |problem: check::Problem| problem.at(tree);
        check::kind(&file).map_err(fail)?;
        wanted::check(&file).map_err(fail)?;
        check::name(&file).map_err(fail)?;
        check::snapshot(&file).map_err(fail)?;
        if let Some(table) = &file.table {
            check::refill(&file).map_err(fail)?;
            let pool = Pool::new(&file.name, table)
                .map_err(|error| tree.complain(&["table"], &error.to_string()))?;
            return Self::of_table(file, Arc::new(pool), tree);
        }
        if check::is_outside(&file) {
            return Self::of_outside(file, tree);
        }
        let plan = check::plan(&file).map_err(fail)?;
        let (space, recipe) = check::space(&file, plan.manifest()).map_err(fail)?;
        check::procedure(&file, plan.manifest()).map_err(fail)?;
        let analysis = check::analysis(&file, plan.manifest()).map_err(fail)?;
        check::formulas(&analysis, &space, plan.manifest()).map_err(fail)?;
        check::refill(&file).map_err(fail)?;
        let phases = check::phases(&file, &space).map_err(fail)?;
        wanted::features(&file).map_err(fail)?;
        let able = able::Able {
            manifest: plan.manifest(),
            procedure: &file.procedure,
            analysis: &analysis,
            space: &space,
            recipe: &recipe,
        };
        able.check().map_err(fail)?;
        Ok(Self {
            procedure: Procedure::new(file.procedure.clone(), recipe, analysis),
            world: World::Simulated(Arc::new(plan)),
            space,
            phases,
            wanted: file.wanted(),
            believed: None,
            chooses: None,
            file,
        })
    }

    fn of_outside(file: ScenarioFile, tree: &Tree) -> Result<Self, Diagnostic> {
        let fail = |problem: check::Problem| problem.at(tree);
        let space = check::free_space(&file).map_err(fail)?;
        let phases = check::phases(&file, &space).map_err(fail)?;
        let manifest = Manifest {
            simulated: false,
            ..Manifest::of_experiments(format!("lab of {}", file.name))
        };
        let analysis =
            Analysis::new(file.analysis.clone(), &manifest).expect("nothing is analysed outside");
        Ok(Self {
            procedure: Procedure::new(file.procedure.clone(), Recipe::default(), analysis),
            world: World::Outside(Box::new(manifest)),
            space,
            phases,
            wanted: file.wanted(),
            believed: None,
            chooses: None,
            file,
        })
    }

    fn of_table(file: ScenarioFile, pool: Arc<Pool>, tree: &Tree) -> Result<Self, Diagnostic> {
        let phases = check::phases(&file, pool.space()).map_err(|problem| problem.at(tree))?;
        let analysis = Analysis::new(file.analysis.clone(), pool.manifest())
            .expect("nothing is analysed on a table");
        let scenario = Self {
            procedure: Procedure::new(file.procedure.clone(), Recipe::default(), analysis),
            space: pool.space().clone(),
            world: World::Table(pool),
            phases: Vec::new(),
            wanted: file.wanted(),
            believed: None,
            chooses: None,
            file,
        };
        Ok(scenario.with_phases(phases))
    }

    /// The same scenario with a program outside in place of the policies of its branches, whose answers may take
    /// `patience` each. The command is part of the scenario that journals record.
    #[must_use]
    pub fn with_policy_command(self, command: &str, patience: Duration) -> Self {
        let policy = Entrant::program(command).build(self.surrogate(), &self.wanted, patience);
        self.with_policy(command, policy)
    }

    /// As [`Scenario::with_policy_command`], with a `policy` that answers as the program of that command would.
    #[must_use]
    pub fn with_policy(mut self, command: &str, policy: Box<dyn Policy>) -> Self {
        self.file.policy_command = Some(command.to_owned());
        let phases = Course::new(&self.file, self.space.dim(), None, None).live_phases(
            self.surrogate(),
            &self.wanted.goals,
            policy,
        );
        self.with_phases(phases)
    }

    /// The same scenario with other phases than its file has, as a benchmark puts policies in. On a table they choose
    /// among its rows.
    #[must_use]
    pub fn with_phases(&self, mut phases: Vec<Phase>) -> Self {
        if let World::Table(pool) = &self.world {
            for phase in &mut phases {
                let policy = std::mem::replace(&mut phase.policy, Arc::new(Random));
                phase.policy = Arc::new(Choosing::new(policy, pool.clone()));
            }
        }
        Self {
            file: self.file.clone(),
            world: self.world.clone(),
            space: self.space.clone(),
            procedure: self.procedure.clone(),
            wanted: self.wanted.clone(),
            believed: self.believed.clone(),
            chooses: self.chooses.clone(),
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
        let phases: Vec<PhaseSpec> = repeated.filter(|phase| phase.experiments > 0).collect();
        let is_there = |task: &Task| match task {
            Task::Experiments { phase } => phases.iter().any(|known| known.name == *phase),
            _ => true,
        };
        let study = self.with_ramps_of(journal, is_there);
        let file = ScenarioFile { phases, study, ..self.file.clone() };
        Self::new(file, &Tree::default())
    }

    /// The rig of this scenario with a study in place of its campaign: tasks, and the phases of their experiments, which
    /// measure these conditions in their order.
    ///
    /// # Errors
    /// If conditions lie outside the space.
    pub fn studying(
        &self,
        study: Vec<Task>,
        phases: Vec<(String, Vec<Conditions>)>,
    ) -> Result<Self, Diagnostic> {
        let phase = |(name, conditions): (String, Vec<Conditions>)| PhaseSpec {
            name,
            experiments: conditions.len() as u32,
            policy: PolicySpec::List { conditions },
            from: None,
            stop: StopRules::default(),
        };
        let phases = phases.into_iter().map(phase).collect();
        let (prior, policy_command) = (Vec::new(), None);
        let file = ScenarioFile { phases, study, prior, policy_command, ..self.file.clone() };
        Self::new(file, &Tree::default())
    }

    /// What a study does in place of the phases one after the other; nothing where this is a campaign.
    pub fn study(&self) -> &[Task] {
        &self.file.study
    }

    /// The outcomes that experiments are looked up in, if it is of a table.
    pub fn table(&self) -> Option<&Arc<Pool>> {
        match &self.world {
            World::Table(pool) => Some(pool),
            World::Simulated(_) | World::Outside(_) => None,
        }
    }

    /// Whether it has neither a rig nor a table: its experiments are done elsewhere.
    pub fn is_outside(&self) -> bool {
        matches!(self.world, World::Outside(_))
    }

    /// The content of the file.
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
        flowtwin_lab::digest::sha256(self.definition().to_string().as_bytes())
    }

    /// What is installed.
    pub fn manifest(&self) -> &Manifest {
        match &self.world {
            World::Simulated(plan) => plan.manifest(),
            World::Table(pool) => pool.manifest(),
            World::Outside(manifest) => manifest,
        }
    }

    /// `lab` under the guard of this scenario, which knows its heated zones, and how closely they settle.
    pub fn guarded<L: Lab>(&self, lab: L) -> Guarded<L> {
        let within_k = MEASURES_WITHIN * self.file.procedure.settle_band_k;
        let guarded = Guarded::new(lab, self.file.guard.clone()).knowing(self.loops());
        guarded.measuring_within(within_k)
    }

    /// How the heated zones of the rig answer their power, for a guard; none where the scenario is of a table.
    pub fn loops(&self) -> Vec<LoopModel> {
        let World::Simulated(plan) = &self.world else { return Vec::new() };
        let rig = &plan.world().rig;
        let model = |(name, heater): (&String, &flowtwin_sim::spec::Heater)| LoopModel {
            heater: name.as_str().into(),
            power_w: heater.power_w,
            heat_capacity_j_per_k: heater.heat_capacity_j_per_k,
            loss_w_per_k: heater.loss_w_per_k,
            ambient_c: rig.ambient_c,
            lag_s: heater.dead_s + heater.sensor_s,
        };
        rig.heaters.iter().map(model).collect()
    }

    /// Who refills the syringes, if somebody does.
    pub fn refill(&self) -> Option<Refill> {
        let spec = self.file.refill.as_ref()?;
        Some(Refill::new(spec).expect("it was checked when the scenario was read"))
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

    /// Names and units of what an experiment yields.
    pub fn features(&self) -> Vec<(String, String)> {
        if let World::Table(pool) = &self.world {
            let outcomes = self.wanted.outcomes.iter().cloned();
            return outcomes.zip(pool.units().iter().cloned()).collect();
        }
        if self.is_outside() {
            let unit = |name: &String| (name.clone(), Quantity::of_key(name).unit);
            return self.wanted.outcomes.iter().map(unit).collect();
        }
        let features = self.analysis().features().iter().zip(self.analysis().units());
        let unit = |(feature, unit): (&flowtwin_lab::analysis::Feature, &str)| match feature
            .is_computed()
        {
            true => (feature.name.clone(), ending::unit_of(&feature.name)),
            false => (feature.name.clone(), unit.to_owned()),
        };
        features.map(unit).collect()
    }

    /// The surrogate of the campaign's twin.
    pub fn surrogate(&self) -> SurrogateSpec {
        self.file.twin.surrogate
    }

    /// Earlier experiments as policies see them, campaign by campaign.
    pub fn priors(&self) -> Vec<Vec<Trial>> {
        let trial = |x, values: Vec<Option<f64>>| match self.wanted.goals.is_plain() {
            true => Trial::at(x, values[0].map(|value| self.objective().goal.score(value))),
            false => self.trial_at(x, values),
        };
        let trials = |prior: &Prior| prior.trials(&self.space, trial);
        self.file.prior.iter().map(trials).collect()
    }

    /// What earlier experiments may tell of.
    fn outcomes_of_priors(&self) -> Vec<String> {
        match self.wanted.goals.is_plain() {
            true => vec![self.objective().feature.clone()],
            false => self.wanted.outcomes.clone(),
        }
    }

    /// The phases in order.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// Number of experiments of all phases together.
    pub fn experiments(&self) -> usize {
        self.phases.iter().map(|phase| phase.experiments).sum()
    }

    /// The same scenario on a real rig, whose spectrometers report their own wavelengths.
    ///
    /// # Errors
    /// If they do not see what the analysis needs.
    pub fn on_rig(mut self, manifest: &Manifest) -> Result<Self, AnalysisError> {
        let analysis = Analysis::new(self.file.analysis.clone(), manifest)?;
        let (spec, recipe) = (self.procedure.spec().clone(), self.procedure.recipe().clone());
        self.procedure = Procedure::new(spec, recipe, analysis);
        Ok(self)
    }

    /// A fresh lab that looks outcomes up, if the scenario is of a table.
    pub fn table_lab(&self, seed: u64) -> Option<TableLab> {
        let streams = Streams::new(seed).child("world", 0);
        let features = &self.wanted().outcomes;
        self.table().map(|pool| TableLab::new(pool.clone(), features, streams))
    }

    /// A fresh lab that answers from `twin` in place of this scenario's rig.
    ///
    /// # Errors
    /// If the twin predicts something else than the objective, or needs an input that is not chosen here.
    pub fn twin_lab(&self, twins: Vec<Twin>, seed: u64) -> Result<TwinLab, Mismatch> {
        let streams = Streams::new(seed).child("world", 0);
        TwinLab::new(twins, self.manifest(), &self.space, &self.wanted.outcomes, streams)
    }

    /// The conditions that a lab uses for a proposal from outside: on a table, the nearest that are in it.
    pub fn offered(&self, conditions: Conditions) -> Conditions {
        match self.table() {
            Some(pool) => pool.conditions(pool.place(&conditions)).clone(),
            None => conditions,
        }
    }
}
