//! A campaign: ask, experiment, tell, phase by phase.

mod alongside;
mod branch_point;
mod costs;
mod deciding;
mod doubt;
mod doubted;
mod ended;
mod error;
mod interruptible;
mod observer;
mod otherwise;
mod recalibrating;
mod requests;
mod reviewer;
mod shared;
mod spoiled;
mod studying;
mod syringes;
mod thinking;

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowtwin_lab::journal::{
    BlankRecord, Decided, End, ExperimentRecord, Header, Journal, PhaseRecord, Proposal,
    Recalibrated, Record, Sink, SpoiledRecord, Writer, delivered, drawn,
};
use flowtwin_lab::layer::{Guarded, Journaled};
use flowtwin_lab::study::RampTask;
use flowtwin_lab::{
    Blank, Command, Conditions, Fault, FaultKind, Instant, Lab, Observation, Streams,
};
use flowtwin_twin::{Context, History, PolicyError, Spent, Stop, Work};

use crate::scenario::{Phase, Scenario};
pub use alongside::Alongside;
pub use branch_point::BranchPoint;
use costs::{Costs, ml};
use deciding::{Place, Turn};
pub use doubt::Doubt;
pub use ended::Ended;
pub use error::CampaignError;
pub use interruptible::Interruptible;
pub use observer::{Observer, Silent};
pub use reviewer::{Answer, Expected, Proposed, Reviewer};
pub use shared::Shared;
use syringes::ByHand;
pub use syringes::{Fillings, MOST_FILLED_ML};

/// A campaign on some lab.
#[derive(Debug)]
pub struct Campaign<'a> {
    scenario: &'a Scenario,
    seed: u64,
    threads: NonZeroUsize,
    stop: &'a AtomicBool,
    pause: Option<&'a Arc<AtomicBool>>,
    reviewer: Option<&'a dyn Reviewer>,
    /// Why the next proposal is to be decided on; none where each is.
    doubt: Option<&'a Doubt>,
    only_recorded: bool,
    goes_on: bool,
    in_wall_time: bool,
    filled: Fillings,
    filled_as_in: Option<&'a Journal>,
}

impl<'a> Campaign<'a> {
    /// The campaign of a scenario. The twin may use `threads`, which change no result; setting `stop` interrupts
    /// the campaign at the next moment at which time passes.
    pub fn new(
        scenario: &'a Scenario,
        seed: u64,
        threads: NonZeroUsize,
        stop: &'a AtomicBool,
    ) -> Self {
        Self {
            scenario,
            seed,
            threads,
            stop,
            pause: None,
            reviewer: None,
            doubt: None,
            only_recorded: false,
            goes_on: false,
            in_wall_time: false,
            filled: Fillings::new(),
            filled_as_in: None,
        }
    }

    /// The same campaign, but it ends where the recorded experiments end, as if interrupted there.
    #[must_use]
    pub fn only_recorded(self) -> Self {
        Self { only_recorded: true, ..self }
    }

    /// The same campaign on a lab where the recorded experiments have happened, and are not done again.
    ///
    /// Without this a resumed run does them again, which brings a simulated lab to the state it was in.
    #[must_use]
    pub fn goes_on(self) -> Self {
        Self { goes_on: true, ..self }
    }

    /// The same campaign on a lab whose time always passes: while a policy thinks, its instruments are
    /// looked at as at any other time.
    #[must_use]
    pub fn in_wall_time(self) -> Self {
        Self { in_wall_time: true, ..self }
    }

    /// The same campaign, which stands still before its next new experiment, or the next try of a spoiled one, as long as `pause`
    /// is set. A simulation's time stands still too; a real rig is made safe, and its instruments are looked at.
    #[must_use]
    pub fn pausing(self, pause: &'a Arc<AtomicBool>) -> Self {
        Self { pause: Some(pause), ..self }
    }

    /// The same campaign, each of whose proposals `reviewer` decides on before it is done. What is recorded as decided is not decided
    /// again. While nobody has decided, a simulation's time stands still; a real rig is made safe, and its instruments are looked at.
    #[must_use]
    pub fn reviewed(self, reviewer: &'a dyn Reviewer) -> Self {
        Self { reviewer: Some(reviewer), doubt: None, ..self }
    }

    /// The same campaign, whose next proposal `reviewer` decides on while there is a `doubt`; all goes on as in
    /// [`Campaign::reviewed`], but nobody is asked where there is none. An alarm raises it, and it is settled once an experiment is
    /// accepted or changed.
    #[must_use]
    pub fn held_back(self, reviewer: &'a dyn Reviewer, doubt: &'a Doubt) -> Self {
        // What an earlier run of it left is not about this one.
        doubt.settle();
        Self { reviewer: Some(reviewer), doubt: Some(doubt), ..self }
    }

    /// The same campaign, which goes on with these syringes filled.
    #[must_use]
    pub fn filled(self, filled: Fillings) -> Self {
        Self { filled, ..self }
    }

    /// The same campaign, whose syringes somebody fills before the experiments before which he has in `journal`.
    #[must_use]
    pub fn filled_as_in(self, journal: &'a Journal) -> Self {
        Self { filled_as_in: Some(journal), ..self }
    }

    /// The header of its journal.
    pub fn header(&self, lab: &dyn Lab) -> Header {
        let scenario = self.scenario;
        Header {
            schema: 1,
            flowtwin: env!("CARGO_PKG_VERSION").into(),
            scenario: scenario.name().into(),
            scenario_sha256: scenario.sha256(),
            definition: scenario.definition(),
            seed: self.seed,
            simulated: lab.manifest().simulated,
            inputs: scenario.space().inputs().iter().map(|input| input.name.clone()).collect(),
            features: scenario.features(),
            manifest: lab.manifest().clone(),
        }
    }

    /// Runs all phases on `lab`, writing the journal; the lab is left safe however this ends.
    ///
    /// Experiments of `recorded`, the journal of a run that is resumed, are proposed as they were without asking the
    /// policies again.
    ///
    /// # Errors
    /// If a policy has no proposal. Faults of the lab are no errors: they are in [`Ended`].
    pub fn run<L: Lab, S: Sink>(
        &self,
        lab: L,
        writer: Writer<S>,
        recorded: Option<&Journal>,
        observer: &mut dyn Observer,
    ) -> Result<(Ended, Writer<S>), CampaignError> {
        let there = recorded.filter(|_| self.goes_on);
        let writer = self.kept_if_read(writer, there);
        let mut guarded = self.scenario.guarded(lab);
        let missing = there.map(delivered).unwrap_or_default();
        let pumps = guarded.manifest().pumps.iter().map(|info| missing.get(&info.name).copied());
        for (pump, ul) in pumps.collect::<Vec<_>>().into_iter().enumerate() {
            guarded.delivered_before(pump, ul.unwrap_or_default());
        }
        let taken = there.map(drawn).unwrap_or_default();
        let pumps = guarded.manifest().pumps.iter().map(|info| taken.get(&info.name).copied());
        for (pump, ul) in pumps.collect::<Vec<_>>().into_iter().enumerate() {
            guarded.drawn_before(pump, ul.unwrap_or_default());
        }
        let mut under_way = self.under_way(guarded, writer, recorded, observer);
        let fault = under_way.all()?;
        let ended = under_way.ended(fault);
        Ok((ended, under_way.lab.into_parts().1))
    }

    fn under_way<'w, L: Lab, S: Sink>(
        &'w self,
        guarded: Guarded<L>,
        writer: Writer<S>,
        recorded: Option<&'w Journal>,
        observer: &'w mut dyn Observer,
    ) -> UnderWay<'w, 'w, L, S> {
        let repeated = recorded.filter(|_| !self.goes_on);
        let by_hand = match self.filled_as_in {
            Some(journal) => ByHand::as_in(journal),
            None => ByHand::new(repeated, self.filled.clone()),
        };
        let costs = Costs::new(self.scenario.procedure(), guarded.manifest());
        UnderWay {
            campaign: self,
            lab: Journaled::new(Interruptible::new(guarded, self.stop), writer),
            recorded: recorded.map(|j| j.experiments().collect()).unwrap_or_default(),
            spoiled: recorded.map(|j| j.spoiled().collect()).unwrap_or_default(),
            decided: recorded.map(|j| j.decided().collect()).unwrap_or_default(),
            recalibrated: recorded.map(|j| j.recalibrated().collect()).unwrap_or_default(),
            recorded_ramps: recorded.map(Journal::ramps).unwrap_or_default(),
            wasted: Spent::default(),
            by_hand,
            used_ml: BTreeMap::new(),
            fruitful: false,
            succeeded: false,
            first: true,
            there: recorded.filter(|_| self.goes_on),
            phases: Vec::new(),
            number: 0,
            measured: Vec::new(),
            requests: 0,
            costs,
            work: Work::default(),
            observer,
        }
    }

    /// The randomness of a phase, its own whatever other phases do.
    fn context(&self, phase: &Phase) -> Context {
        let streams = Streams::new(self.seed).child(&format!("phase/{}", phase.name), 0);
        let context = Context::new(streams).with_threads(self.threads);
        context.with_mechanism(self.scenario.mechanism())
    }
}

/// A campaign under way.
struct UnderWay<'a, 'w, L: Lab, S: Sink> {
    campaign: &'a Campaign<'a>,
    lab: Journaled<Interruptible<'a, Guarded<L>>, S>,
    recorded: Vec<&'w ExperimentRecord>,
    spoiled: Vec<&'w SpoiledRecord>,
    /// What is recorded of decisions of people, and not done yet.
    decided: VecDeque<&'w Decided>,
    /// What is recorded of calibrations anew.
    recalibrated: Vec<&'w Recalibrated>,
    /// What is recorded of ramps of a study, by the numbers of their tasks.
    recorded_ramps: BTreeMap<u64, RampTask>,
    /// What spoiled experiments have taken since it was last asked.
    wasted: Spent,
    /// Syringes that somebody fills.
    by_hand: ByHand,
    /// What experiments took of each stock, spoiled or not \[mL\].
    used_ml: BTreeMap<String, f64>,
    /// Whether an experiment has yielded a value of what is wanted.
    fruitful: bool,
    /// Whether an experiment did not fail.
    succeeded: bool,
    /// Whether nothing has been measured yet by this process.
    first: bool,
    /// The journal of a real rig that goes on: what it records has happened and is not done again.
    there: Option<&'w Journal>,
    /// What each phase knew at its end.
    phases: Vec<History>,
    number: u64,
    /// Experiments that did not fail, and when they ended.
    measured: Vec<(u64, Instant)>,
    /// Requests that were made of a lab that can have several under way.
    requests: u64,
    costs: Costs,
    work: Work,
    observer: &'w mut dyn Observer,
}

/// What ends a campaign early: a fault, or a policy without an answer.
enum Halt {
    Fault(Fault),
    Error(CampaignError),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl<'w, L: Lab, S: Sink> UnderWay<'_, 'w, L, S> {
    fn all(&mut self) -> Result<Option<Fault>, CampaignError> {
        match self.in_order() {
            Ok(()) => Ok(None),
            Err(Halt::Fault(fault)) => Ok(Some(self.given_up(fault))),
            Err(Halt::Error(error)) => Err(error),
        }
    }

    fn ended(&self, fault: Option<Fault>) -> Ended {
        let fruitless = self.number > 0 && !self.fruitful;
        let all_failed = self.number > 0 && !self.succeeded;
        Ended { fault, work: self.work, experiments: self.number, fruitless, all_failed }
    }

    /// Makes the rig safe after the fault that ends the campaign, and records what it makes doubtful.
    fn given_up(&mut self, fault: Fault) -> Fault {
        let fault = self.safe_after(fault);
        // A journal that cannot be written has told so by a fault already.
        let _recorded = self.doubt(&fault);
        fault
    }

    /// Makes the rig safe after a fault, which says so where that cannot be done.
    fn safe_after(&mut self, fault: Fault) -> Fault {
        let made_safe = self.lab.send(&Command::MakeSafe);
        match made_safe {
            // What had acknowledged its safe state before is in it, although it does not say so again.
            Err(unsafe_part) if !self.lab.lab().lab().is_safe() => fault.and_not_safe(unsafe_part),
            _ => fault,
        }
    }

    fn in_order(&mut self) -> Result<(), Halt> {
        if self.campaign.scenario.study().is_empty() {
            let blank = self.blank()?;
            self.from(0, &blank)?;
        } else {
            self.study()?;
        }
        if self.there.is_some_and(Journal::ended) {
            // It had come to its end before; a second end would be no record of anything.
            return Ok(());
        }
        self.lab.send(&Command::MakeSafe)?;
        if self.number > 0 && !self.fruitful {
            // A run that yielded nothing is not complete.
            return Ok(());
        }
        let end = End { at_ns: self.lab.now(), experiments: self.number };
        Ok(self.lab.record(&Record::End(end))?)
    }

    /// Runs the phases from one on.
    fn from(&mut self, first: usize, blank: &Blank) -> Result<(), Halt> {
        let phases = first..self.campaign.scenario.phases().len();
        phases.into_iter().try_for_each(|index| self.phase(index, blank))
    }

    /// The reference of this run, taken now unless it is recorded; before it, the header.
    fn blank(&mut self) -> Result<Blank, Halt> {
        if let Some(blank) = self.there.and_then(Journal::blank) {
            return Ok(blank.blank());
        }
        self.head()?;
        self.reference()
    }

    /// Records what run this is, unless that is recorded.
    fn head(&mut self) -> Result<(), Halt> {
        if self.there.is_none() {
            let header = self.campaign.header(&self.lab);
            self.lab.record(&Record::Header(Box::new(header)))?;
        }
        Ok(())
    }

    fn reference(&mut self) -> Result<Blank, Halt> {
        self.take_fillings()?;
        let procedure = self.campaign.scenario.procedure();
        self.enough(&procedure.priming_needs_ul(self.lab.manifest()))?;
        let blank = procedure.prime(&mut self.lab)?;
        let blank = BlankRecord::new(self.lab.now(), &blank);
        self.lab.record(&Record::Blank(blank.clone()))?;
        self.by_hand.pass(false);
        self.tell_what_is_left();
        Ok(blank.blank())
    }

    /// Records that a phase begins, unless that is recorded.
    fn begin(&mut self, phase: PhaseRecord) -> Result<(), Halt> {
        let record = Record::Phase(phase);
        match self.there {
            Some(journal) if journal.records().contains(&record) => Ok(()),
            _ => Ok(self.lab.record(&record)?),
        }
    }

    fn phase(&mut self, index: usize, blank: &Blank) -> Result<(), Halt> {
        let scenario = self.campaign.scenario;
        let phase = &scenario.phases()[index];
        self.begin(PhaseRecord {
            name: phase.name.clone(),
            policy: phase.policy.name().into(),
            experiments: phase.experiments as u64,
            from: phase.from.map(|from| scenario.phases()[from].name.clone()),
        })?;
        self.observer.phase(&phase.name, phase.policy.name(), phase.experiments);
        let history = self.inherited(phase);
        let (history, stop) = match self.lab.manifest().at_once {
            None => self.one_by_one(phase, blank, history)?,
            Some(at_once) => self.side_by_side(phase, at_once, history)?,
        };
        self.observer.ended(&phase.name, stop.as_ref());
        self.phases.push(history);
        Ok(())
    }

    /// Does the experiments of a phase, each when the one before has ended. What is known at the end, and the rule that ended it.
    fn one_by_one(
        &mut self,
        phase: &Phase,
        blank: &Blank,
        mut history: History,
    ) -> Result<(History, Option<Stop>), Halt> {
        let scenario = self.campaign.scenario;
        let (inherited, mut skipped, mut withdrawn) = (history.trials.len(), 0, 0);
        let mut spent = Spent::default();
        loop {
            let done = history.trials.len() - inherited - history.added + withdrawn;
            if done == phase.experiments {
                return Ok((history, None));
            }
            if let Some(stop) = self.stop(phase, &history, spent)? {
                return Ok((history, Some(stop)));
            }
            let (conditions, added) = match self.turn(phase, &history, Place { done, skipped })? {
                None => return Ok((history, None)),
                Some(Turn::Experiment { conditions, added }) => (conditions, added),
                Some(Turn::Skip(conditions)) => {
                    // As if it were under way: so it is not proposed again.
                    history.pending.push(scenario.space().to_unit(&conditions));
                    skipped += 1;
                    continue;
                }
            };
            let observation = self.experiment(phase, blank, &conditions)?;
            self.costs.learn(&observation);
            spent.lab_time_s += observation.lab_time_s();
            spent.reagent_ml += ml(&observation.consumed_ml);
            let wasted = std::mem::take(&mut self.wasted);
            spent.lab_time_s += wasted.lab_time_s;
            spent.reagent_ml += wasted.reagent_ml;
            if observation.outcome.quality.doubtful {
                // It tells neither of an outcome nor of conditions at which there is none.
                withdrawn += usize::from(!added);
                continue;
            }
            history.trials.push(scenario.trial(&observation));
            history.added += usize::from(added);
        }
    }

    /// What a phase knows of this campaign before it begins: everything the phase it starts from knew at its end.
    fn inherited(&self, phase: &Phase) -> History {
        match phase.from {
            Some(from) => History { added: 0, ..self.phases[from].clone() },
            None => History { earlier: self.campaign.scenario.priors(), ..History::default() },
        }
    }

    /// The rule that ends the phase now. While recorded experiments of the phase are left, none did.
    fn stop(
        &mut self,
        phase: &Phase,
        history: &History,
        spent: Spent,
    ) -> Result<Option<Stop>, Halt> {
        let recorded = self.recorded.get(self.number as usize);
        if recorded.is_some_and(|experiment| experiment.phase == phase.name) {
            return Ok(None);
        }
        let scenario = self.campaign.scenario;
        let context = self.campaign.context(phase);
        let (space, surrogate) = (scenario.space().clone(), scenario.surrogate());
        let (rules, history) = (phase.stop, history.clone());
        let check = move || rules.check(&space, &history, spent, surrogate, &context);
        let found = self.thinking(check)?;
        found.map_err(|source| self.no_answer(phase, source))
    }

    fn no_answer(&self, phase: &Phase, source: PolicyError) -> Halt {
        let (phase, experiment) = (phase.name.clone(), self.number + 1);
        Halt::Error(CampaignError::Policy { phase, experiment, source })
    }

    fn experiment(
        &mut self,
        phase: &Phase,
        blank: &Blank,
        conditions: &Conditions,
    ) -> Result<Observation, Halt> {
        let number = self.number + 1;
        let known = self.recorded.get(self.number as usize).copied();
        if let Some(record) = known.filter(|_| self.there.is_some()) {
            self.spoiled_before().into_iter().for_each(|spoiled| self.waste(spoiled));
            return self.happened(record).map_err(Halt::from);
        }
        let known = known.is_some();
        let observation = self.until_unspoiled(phase, blank, conditions)?;
        let record = ExperimentRecord::new(number, &phase.name, &observation);
        self.ended_now(record, conditions, known)
    }

    /// Whether an experiment has failed, and whether it has yielded a value of what is wanted.
    fn take_note_of(&mut self, observation: &Observation) {
        let trial = self.campaign.scenario.trial(observation);
        self.succeeded |= !observation.failed();
        if !observation.failed() {
            self.measured.push((self.number, observation.ended));
        }
        self.fruitful |= trial.outcome.is_some() || trial.values.iter().any(Option::is_some);
    }

    /// An experiment that is recorded, and has happened.
    fn happened(&mut self, record: &ExperimentRecord) -> Result<Observation, Fault> {
        let observation = record.observation(self.campaign.scenario.analysis());
        self.use_up(&observation.consumed_ml);
        self.tell_what_is_left();
        self.number += 1;
        self.take_note_of(&observation);
        self.observer.experiment(self.number, &observation, true);
        self.take_recalibration()?;
        Ok(observation)
    }

    /// Records an experiment, asked for with these conditions, that has just ended; `known` where it is done again.
    fn ended_now(
        &mut self,
        record: ExperimentRecord,
        conditions: &Conditions,
        known: bool,
    ) -> Result<Observation, Halt> {
        let number = record.experiment;
        // What policies see is what was recorded, so that a resumed run proposes the same.
        let mut observation = record.observation(self.campaign.scenario.analysis());
        self.lab.record(&Record::Experiment(Box::new(record)))?;
        // What was withdrawn later is no lesson although it is measured again.
        let before = self.recorded.get(self.number as usize).filter(|_| known);
        observation.outcome.quality.doubtful |= before.is_some_and(|it| it.quality.doubtful);
        self.by_hand.pass(false);
        self.use_up(&observation.consumed_ml);
        self.tell_what_is_left();
        self.number = number;
        self.take_note_of(&observation);
        if otherwise::is_otherwise(
            self.campaign.scenario.space(),
            conditions,
            &observation.conditions,
        ) {
            self.observer.set_otherwise(number, conditions, &observation.conditions);
        }
        self.observer.experiment(number, &observation, known);
        self.take_recalibration()?;
        match &observation.fault {
            // A recorded fault has been put right since: whoever resumes says so.
            Some(fault) if fault.kind.stops_campaign() && !known => Err(fault.clone().into()),
            _ => Ok(observation),
        }
    }

    fn use_up(&mut self, consumed_ml: &[(String, f64)]) {
        for (stock, ml) in consumed_ml {
            *self.used_ml.entry(stock.clone()).or_default() += ml;
        }
    }

    fn attempt(&mut self, blank: &Blank, conditions: &Conditions) -> Result<Observation, Halt> {
        let procedure = self.campaign.scenario.procedure();
        let number = self.number + 1;
        self.enough(&procedure.needs_numbered_ul(self.lab.manifest(), conditions, number))?;
        let proposal = Proposal { experiment: number, conditions: conditions.clone() };
        self.lab.record(&Record::Proposal(proposal))?;
        let observation = procedure.run_numbered(&mut self.lab, blank, conditions, number);
        match &observation.fault {
            // Not an outcome of the conditions, and nothing was spoiled: a resumed run does this experiment again.
            Some(fault)
                if matches!(fault.kind, FaultKind::Interrupted | FaultKind::Ended { .. }) =>
            {
                Err(fault.clone().into())
            }
            _ => Ok(observation),
        }
    }
}
