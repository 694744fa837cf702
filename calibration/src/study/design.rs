//! What a study does on a rig.

use std::sync::Arc;

use flowtwin_campaign::scenario::{Free, Scenario};
use flowtwin_data::diagnostic::Diagnostic;
use flowtwin_lab::procedure::Needs;
use flowtwin_lab::study::{
    ChosenRampTask, DeliverTask, HeatTask, LightTask, RampTask, Task, TracerTask,
};
use flowtwin_lab::{
    Conditions, Level, Manifest, Probe, PumpId, PumpInfo, SensorId, SensorKind, Temperature,
};

use super::best_ramp::{BestRamp, best_ramps};
use super::ends;
use super::flow::BY_LIGHT;
use super::kind::Study;
use super::next_ramp::NextRamp;

/// What somebody wants of a study; by default the study decides.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Conditions of replicates.
    pub at: Option<Conditions>,
    /// Number of replicates.
    pub count: Option<u32>,
    /// Where a ramp begins.
    pub from: Option<Conditions>,
    /// Where it ends.
    pub to: Option<Conditions>,
    /// How long lights are watched, or a ramp takes \[min\].
    pub minutes: Option<f64>,
    /// Ramps that were chosen for what they tell, in place of one from there to there.
    pub ramps: Vec<BestRamp>,
    /// Ramps that are chosen behind these while the study is under way, each when those before it have been measured …
    pub choose: usize,
    /// … for what they tell of these keys.
    pub free: Vec<Free>,
}

/// How long lights may be watched, or a ramp may take \[min\].
const MINUTES: std::ops::RangeInclusive<f64> = 1.0..=1440.0;

/// How many replicates there may be: two tell a deviation.
const COUNT: std::ops::RangeInclusive<u32> = 2..=1000;

/// How many ramps may be chosen for what they tell.
const RAMPS: std::ops::RangeInclusive<usize> = 1..=20;

impl Wishes {
    /// The same with so many ramps that are chosen for what they tell of these keys: all of them now or, if `adaptive`, each but
    /// the first when those before it have been measured.
    ///
    /// # Errors
    /// If the study has no ramps, they have ends already, or there are too many of them; and as [`best_ramps`].
    pub fn designed(
        self,
        scenario: &Scenario,
        study: Study,
        free: Vec<Free>,
        (count, adaptive): (usize, bool),
    ) -> Result<Self, Diagnostic> {
        if study != Study::Ramp {
            let message = format!("a design says nothing to the study {}", study.name());
            return Err(Diagnostic::new(message));
        }
        if self.from.is_some() || self.to.is_some() {
            return Err(Diagnostic::new("a ramp that is designed has no ends to be given"));
        }
        if !RAMPS.contains(&count) {
            let (low, high) = (RAMPS.start(), RAMPS.end());
            let message = format!("design = {count} is out of range: {low} to {high} ramps");
            return Err(Diagnostic::new(message));
        }
        self.check(study)?;
        let before = if adaptive { 1 } else { count };
        let ramps = best_ramps(scenario, &free, self.minutes, before)?;
        Ok(Self { ramps, choose: count - before, free, ..self })
    }

    /// Refuses what a study does not look at, and times that are too short or too long.
    ///
    /// # Errors
    /// The name of the wish, and what is wrong with it.
    pub fn check(&self, study: Study) -> Result<(), Diagnostic> {
        let is = |kinds: &[Study]| kinds.contains(&study) || study == Study::Commission;
        let says_nothing = [
            ("at", self.at.is_some() && !is(&[Study::Replicates])),
            ("count", self.count.is_some() && !is(&[Study::Replicates])),
            ("an end of a ramp", (self.from.is_some() || self.to.is_some()) && !is(&[Study::Ramp])),
            ("minutes", self.minutes.is_some() && ![Study::Light, Study::Ramp].contains(&study)),
        ];
        if let Some((wish, _)) = says_nothing.iter().find(|(_, idle)| *idle) {
            return Err(Diagnostic::new(format!(
                "{wish} says nothing to the study {}",
                study.name()
            )));
        }
        if self.from.is_some() != self.to.is_some() {
            return Err(Diagnostic::new("a ramp needs both its ends"));
        }
        if let Some(count) = self.count.filter(|count| !COUNT.contains(count)) {
            let (low, high) = (COUNT.start(), COUNT.end());
            let message = format!("count = {count} is out of range: {low} to {high}");
            return Err(Diagnostic::new(message));
        }
        match self.minutes {
            Some(minutes) if !MINUTES.contains(&minutes) => {
                let (low, high) = (MINUTES.start(), MINUTES.end());
                let message = format!("minutes = {minutes} is out of range: {low} to {high} min");
                Err(Diagnostic::new(message))
            }
            _ => Ok(()),
        }
    }
}

/// A study of a rig.
#[derive(Clone, Debug)]
pub struct Design {
    /// The scenario of the rig, with the study in place of its campaign.
    pub scenario: Scenario,
    /// What the rig cannot do, one sentence each.
    pub left_out: Vec<String>,
}

/// Replicates, unless another number is wished for.
const REPLICATES: u32 = 8;
/// Shares of the space, from its lowest conditions, whose temperatures heaters are heated to.
const WARM: [f64; 2] = [0.5, 0.85];
/// How long a set point is held, and how long a heater cools \[s\].
const HOLD_S: f64 = 180.0;
const COOL_S: f64 = 900.0;
/// Time between two readings of a temperature \[s\].
const TEMPERATURE_EVERY_S: f64 = 2.0;
/// How long lights are watched \[min\], and the time between two readings \[s\].
const LIGHT_MIN: f64 = 20.0;
const LIGHT_EVERY_S: f64 = 30.0;

/// Pumps may deliver this many times what they should need.
const MARGIN: f64 = 1.25;
/// What a new rig does first, in order: what needs nothing else, and what others rest on.
const IN_ORDER: [Study; 5] =
    [Study::Heat, Study::Light, Study::Flow, Study::Tracer, Study::Replicates];
/// Experiments over the space with which a new rig is calibrated.
const SURVEY: usize = 12;
/// Experiments that tell deliveries by the light.
const FLOWS: usize = 10;
/// Rates at which deliveries are weighed, in parts of the fastest that experiments use; how long each lasts \[s\].
const RATES: [f64; 4] = [0.25, 0.5, 0.75, 1.0];
const DELIVERY_S: f64 = 120.0;
/// How long liquid comes to rest before it is weighed: pumps follow slowly \[s\].
const REST_S: f64 = 45.0;
/// Most of a syringe that is weighed.
const WEIGHED: f64 = 0.25;
/// What replaces a liquid is read for so many residence times, so many times.
const TRACED: f64 = 2.4;
const TRACER_READINGS: f64 = 120.0;

impl Design {
    /// A study of the rig of a scenario.
    ///
    /// # Errors
    /// If the rig can do nothing of it; or if what is wished for lies outside the space, or says nothing to this study.
    pub fn of(scenario: &Scenario, study: Study, wishes: &Wishes) -> Result<Self, Diagnostic> {
        wishes.check(study)?;
        let mut drawn = Drawn {
            scenario,
            wishes,
            study: Vec::new(),
            phases: Vec::new(),
            left_out: Vec::new(),
            taken_ul: scenario.procedure().priming_needs_ul(scenario.manifest()),
        };
        if scenario.manifest().level == Level::Experiments {
            let name = scenario.name();
            let message =
                format!("{name} has no instruments of its own: there is nothing to study");
            return Err(Diagnostic::new(message));
        }
        drawn.add(study)?;
        if drawn.study.is_empty() {
            return Err(Diagnostic::new(drawn.left_out.join("; ")));
        }
        let Drawn { study, phases, left_out, .. } = drawn;
        let mut studying = scenario.studying(study, phases)?;
        if wishes.choose > 0 {
            let chooser = NextRamp::new(scenario.clone(), wishes.free.clone());
            studying = studying.choosing_ramps(Arc::new(chooser));
        }
        Ok(Self { scenario: studying, left_out })
    }

    /// What is about to be done, in a line.
    pub fn intention(&self) -> String {
        let tasks: Vec<&str> = self.scenario.study().iter().map(Task::name).collect();
        let counted = tasks.chunk_by(|a, b| a == b).map(|same| match same.len() {
            1 => same[0].to_owned(),
            n => format!("{n} × {}", same[0]),
        });
        counted.collect::<Vec<_>>().join(", ")
    }
}

/// A study as it is drawn up.
struct Drawn<'a> {
    scenario: &'a Scenario,
    wishes: &'a Wishes,
    study: Vec<Task>,
    phases: Vec<(String, Vec<Conditions>)>,
    left_out: Vec<String>,
    /// What the tasks so far take from each pump \[µL\].
    taken_ul: Needs,
}

impl Drawn<'_> {
    /// Takes a task up, unless a syringe does not hold what it needs and nobody fills it.
    fn push(&mut self, task: Task, needs_ul: &Needs) -> bool {
        if let Some(pump) = self.short(needs_ul) {
            let name = task.name();
            self.left_out.push(format!(
                "{name}: the syringe of {pump} does not hold that too; [refill] says that somebody fills it"
            ));
            return false;
        }
        for (pump, ul) in needs_ul {
            add(&mut self.taken_ul, pump, ul / MARGIN);
        }
        self.study.push(task);
        true
    }

    /// The first pump whose syringe does not hold what is needed as well, and that nobody fills.
    fn short(&self, needs_ul: &Needs) -> Option<PumpId> {
        if self.scenario.refill().is_some() {
            return None;
        }
        let reserve_ul = self.scenario.file().guard.reserve_ul;
        let taken_ul = |pump: &PumpId| {
            self.taken_ul.iter().find(|(known, _)| known == pump).map_or(0.0, |(_, ul)| *ul)
        };
        let is_short = |(pump, ul): &&(PumpId, f64)| {
            let info = self.manifest().pumps.iter().find(|info| info.name == *pump);
            let by_hand = info.filter(|info| info.refill.is_none());
            by_hand.is_some_and(|info| taken_ul(pump) + ul > 1e3 * info.fill_ml - reserve_ul)
        };
        needs_ul.iter().find(is_short).map(|(pump, _)| pump.clone())
    }

    /// Takes up a task other than experiments.
    fn part(&mut self, task: Task) {
        let procedure = self.scenario.procedure();
        let mut needs_ul = procedure.task_needs_ul(self.manifest(), &task);
        if matches!(task, Task::Deliver(_)) {
            // The volumes that are asked for, where other tasks count what they may need.
            needs_ul.iter_mut().for_each(|(_, ul)| *ul *= MARGIN);
        }
        self.push(task, &needs_ul);
    }

    fn add(&mut self, study: Study) -> Result<(), Diagnostic> {
        match study {
            Study::Heat => self.heat(),
            Study::Light => self.light(),
            Study::Replicates => self.replicates(),
            Study::Ramp => return self.ramp(),
            Study::Tracer => self.tracer(),
            Study::Flow => self.flow(),
            Study::Commission => {
                for study in IN_ORDER {
                    self.add(study)?;
                }
                self.spread("survey", SURVEY, false);
                return self.ramp();
            }
        }
        Ok(())
    }

    fn manifest(&self) -> &Manifest {
        self.scenario.manifest()
    }

    fn heat(&mut self) {
        if self.manifest().heaters.is_empty() {
            self.left_out.push("heat: the rig has no heater".into());
            return;
        }
        for info in self.manifest().heaters.clone() {
            let set_points_c = self.set_points_c(&info.name);
            if set_points_c.is_empty() {
                let name = &info.name;
                self.left_out.push(format!("heat: no experiment heats {name}"));
                continue;
            }
            self.part(Task::Heat(HeatTask {
                heater: info.name,
                set_points_c,
                hold_s: HOLD_S,
                cool_s: COOL_S,
                every_s: TEMPERATURE_EVERY_S,
            }));
        }
    }

    /// Set points of a heater within what experiments use, in rising order.
    fn set_points_c(&self, heater: &flowtwin_lab::HeaterId) -> Vec<f64> {
        let (space, recipe) = (self.scenario.space(), self.scenario.procedure().recipe());
        let at = |share: f64| {
            let settings = recipe.settings(&space.from_unit(&vec![share; space.dim()]));
            let found = settings.heaters.iter().find(|(name, _)| name == heater);
            found.map(|(_, set_point)| set_point.c())
        };
        let mut all: Vec<f64> = WARM.into_iter().filter_map(at).collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }

    fn light(&mut self) {
        if self.scenario.analysis().channels().is_empty() {
            self.left_out.push("light: the rig has no spectrometer".into());
            return;
        }
        let duration_s = 60.0 * self.wishes.minutes.unwrap_or(LIGHT_MIN);
        self.part(Task::Light(LightTask { duration_s, every_s: LIGHT_EVERY_S }));
    }

    fn replicates(&mut self) {
        let at = self.wishes.at.clone();
        let at = at.unwrap_or_else(|| ends::middle(self.scenario));
        let count = self.wishes.count.unwrap_or(REPLICATES) as usize;
        self.experiments("replicates", vec![at; count]);
    }

    /// So many experiments over the space.
    fn spread(&mut self, phase: &str, count: usize, at_one_temperature: bool) {
        let found = ends::spread(self.scenario, phase, count, at_one_temperature);
        if found.len() < count {
            let n = found.len();
            self.left_out.push(format!(
                "{phase}: {n} of {count} experiments: no more conditions were found that the constraints let"
            ));
        }
        if !found.is_empty() {
            self.experiments(phase, found);
        }
    }

    fn experiments(&mut self, phase: &str, conditions: Vec<Conditions>) {
        let (procedure, manifest) = (self.scenario.procedure(), self.manifest());
        let mut needs_ul = Needs::new();
        for (pump, ul) in conditions.iter().flat_map(|at| procedure.uses_ul(manifest, at)) {
            add(&mut needs_ul, &pump, MARGIN * ul);
        }
        if self.push(Task::Experiments { phase: phase.to_owned() }, &needs_ul) {
            self.phases.push((phase.to_owned(), conditions));
        }
    }

    fn flow(&mut self) {
        let balance = |kind: &SensorKind| *kind == SensorKind::Probe(Probe::Mass);
        let sensors = &self.manifest().sensors;
        let balance = sensors.iter().find(|sensor| balance(&sensor.kind));
        match balance.map(|sensor| sensor.name.clone()) {
            Some(balance) => self.weigh(&balance),
            None if ends::reacts(self.scenario) => self.left_out.push(
                "flow: the rig has no balance, and what flows reacts: light cannot measure deliveries there".into(),
            ),
            None => {
                self.left_out.push("flow: the rig has no balance; the light measures it instead".into());
                self.spread(BY_LIGHT, FLOWS, true);
            }
        }
    }

    fn weigh(&mut self, balance: &SensorId) {
        let limits = self.scenario.file().guard.clone();
        for info in self.manifest().pumps.clone() {
            if info.gas.is_some() {
                self.left_out
                    .push(format!("flow: {} brings a gas, which no balance weighs", info.name));
                continue;
            }
            let bound = limits
                .ratios
                .iter()
                .any(|ratio| ratio.of.iter().chain(&ratio.to).any(|pump| *pump == info.name));
            let longest_s = if bound { 0.8 * limits.ratio_grace_s } else { DELIVERY_S };
            let fastest = ends::fastest(self.scenario, &info.name);
            let rates = |fastest: f64| RATES.map(|part| part * fastest).to_vec();
            let rates_ul_per_min: Vec<f64> =
                rates(fastest).into_iter().filter(|rate| *rate >= info.min_ul_per_min).collect();
            if rates_ul_per_min.len() < 2 {
                self.left_out.push(format!("flow: no experiment runs {} fast enough", info.name));
                continue;
            }
            self.part(Task::Deliver(DeliverTask {
                seconds: within_syringe_s(&info, &rates_ul_per_min).min(longest_s.min(DELIVERY_S)),
                rates_ul_per_min,
                balance: balance.clone(),
                pump: info.name,
                rest_s: REST_S,
            }));
        }
    }

    fn tracer(&mut self) {
        let steps = ends::steps(self.scenario);
        if steps.is_empty() {
            self.left_out.push("tracer: no two conditions of equal flow look different".into());
            return;
        }
        for (from, to) in steps {
            let settings = self.scenario.procedure().recipe().settings(&to);
            let lasts_s = TRACED * self.manifest().path.residence_time_s(&settings);
            let lasts_s = flowtwin_lab::math::round_decimals(lasts_s, 0);
            let every_s = (lasts_s / TRACER_READINGS).max(ends::reading_s(self.scenario));
            self.part(Task::Tracer(TracerTask { from, to, lasts_s, every_s }));
        }
    }

    fn ramp(&mut self) -> Result<(), Diagnostic> {
        let (scenario, wishes) = (self.scenario, self.wishes);
        wishes.ramps.iter().for_each(|ramp| self.part(Task::Ramp(ramp.task(scenario))));
        for _ in 0..wishes.choose {
            let free = wishes.free.iter().map(|free| free.key.clone()).collect();
            self.part(Task::ChosenRamp(ChosenRampTask { free, minutes: wishes.minutes }));
        }
        if !wishes.ramps.is_empty() || wishes.choose > 0 {
            return Ok(());
        }
        let found = match (&self.wishes.from, &self.wishes.to) {
            (Some(from), Some(to)) => Some((from.clone(), to.clone())),
            _ => ends::of_ramp(self.scenario),
        };
        let Some((from, to)) = found else {
            self.left_out.push("ramp: no flow can be ramped in this space".into());
            return Ok(());
        };
        if let Some(why) = self.no_ramp(&from, &to) {
            return Err(Diagnostic::new(format!("ramp: {why}")));
        }
        let times = ends::times(self.scenario, (&from, &to), self.wishes.minutes);
        self.part(Task::Ramp(RampTask { from, to, times }));
        Ok(())
    }

    /// Why nothing can be ramped from one to the other.
    fn no_ramp(&self, from: &Conditions, to: &Conditions) -> Option<String> {
        let [begin, end] = [from, to].map(|at| self.scenario.procedure().recipe().settings(at));
        let heated = |(heater, at): &(_, Temperature)| {
            let there = end.heaters.iter().find(|(known, _)| known == heater)?.1;
            (at.c().total_cmp(&there.c()).is_ne())
                .then(|| format!("{heater} is at {} °C in the beginning and at {} °C in the end; a ramp changes flows alone", at.c(), there.c()))
        };
        let same = || "it ends as it begins: no flow changes".to_owned();
        begin.heaters.iter().find_map(heated).or_else(|| (begin.pumps == end.pumps).then(same))
    }
}

/// Adds a volume \[µL\] to that of a pump.
fn add(needs_ul: &mut Needs, pump: &PumpId, ul: f64) {
    match needs_ul.iter_mut().find(|(known, _)| known == pump) {
        Some((_, sum)) => *sum += ul,
        None => needs_ul.push((pump.clone(), ul)),
    }
}

/// How long deliveries may last that together leave most of a syringe \[s\].
fn within_syringe_s(info: &PumpInfo, rates_ul_per_min: &[f64]) -> f64 {
    let sum: f64 = rates_ul_per_min.iter().sum();
    flowtwin_lab::math::round_decimals(60.0 * WEIGHED * 1e3 * info.fill_ml / sum, 0)
}
