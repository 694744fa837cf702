//! The experiment, written once: heat, settle, flow, wait, acquire, analyse.
//!
//! It sees nothing but a [`Lab`], so it runs in virtual time on the simulator and in wall time on the rig.

mod acquire;
mod collect;
mod flow;
mod heat;
mod needs;
mod priming;
mod ramp;
mod rinse;
mod sample;
mod spec;
mod steady;
mod study;
#[cfg(test)]
mod tests;
mod valves;

pub use crate::study::RampSpec;
pub use collect::CollectSpec;
pub use needs::Needs;
pub use ramp::RampPoint;
pub use spec::{
    FlushRate, FlushSpec, OnFault, ProcedureSpec, RANGES, RinseSpec, SteadySpec, WaitSpec,
};
pub use study::Noting;
pub use valves::refill;

use crate::analysis::{Analysis, Blank, Channel};
use crate::command::{Answered, Command, Reply};
use crate::conditions::Conditions;
use crate::fault::{Fault, FaultKind, PROCEDURE};
use crate::lab::Lab;
use crate::manifest::{Level, Manifest};
use crate::observation::{Observation, Outcome};
use crate::settings::{Recipe, Settings};
use crate::time::{Instant, Span};

/// How an experiment is done on a rig.
#[derive(Clone, Debug)]
pub struct Procedure {
    spec: ProcedureSpec,
    recipe: Recipe,
    analysis: Analysis,
}

impl Procedure {
    /// A procedure from its parts.
    pub fn new(spec: ProcedureSpec, recipe: Recipe, analysis: Analysis) -> Self {
        Self { spec, recipe, analysis }
    }

    /// The numbers of the procedure.
    pub fn spec(&self) -> &ProcedureSpec {
        &self.spec
    }

    /// How conditions become settings.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// What is measured.
    pub fn analysis(&self) -> &Analysis {
        &self.analysis
    }

    /// Fills the lines with stocks, where the rig has a recipe for that, then takes the reference of every channel with
    /// nothing but the carrier in the flow cells.
    ///
    /// Once, before the first experiment. A lab that runs whole experiments by itself needs none.
    ///
    /// # Errors
    /// Any fault of the lab; [`FaultKind::NoLight`] where a lamp is dark.
    pub fn prime(&self, lab: &mut dyn Lab) -> Result<Blank, Fault> {
        if lab.manifest().level == Level::Experiments {
            return Ok(Blank::default());
        }
        self.to_waste(lab)?;
        flow::flush(lab, self.spec.pump_gap_s, &self.spec.fill)?;
        flow::stop_all(lab)?;
        flow::flush(lab, self.spec.pump_gap_s, &self.spec.blank)?;
        let blank = acquire::blank(lab, &self.spec, &self.analysis)?;
        flow::stop_all(lab)?;
        Ok(blank)
    }

    /// Runs one experiment. A fault makes a failed observation, not an error: policies get to see it.
    ///
    /// After a fault the pumps are stopped; after one that [stops the campaign](FaultKind::stops_campaign)
    /// everything is in its safe state. Nothing is collected: see [`Procedure::run_numbered`].
    pub fn run(&self, lab: &mut dyn Lab, blank: &Blank, conditions: &Conditions) -> Observation {
        self.run_into(lab, blank, conditions, None)
    }

    /// The same for the experiment of this number in its run, from 1: its liquid is collected where the procedure says so, and there is a
    /// vial for it.
    pub fn run_numbered(
        &self,
        lab: &mut dyn Lab,
        blank: &Blank,
        conditions: &Conditions,
        number: u64,
    ) -> Observation {
        let vial = self.vial(lab.manifest(), number).map(str::to_owned);
        self.run_into(lab, blank, conditions, vial.as_deref())
    }

    fn run_into(
        &self,
        lab: &mut dyn Lab,
        blank: &Blank,
        conditions: &Conditions,
        vial: Option<&str>,
    ) -> Observation {
        let started = lab.now();
        let settings = self.recipe.settings(conditions);
        let mut running = flow::Running::default();
        let result = match lab.manifest().level {
            Level::Instruments => self
                .by_instruments(lab, blank, &settings, vial, &mut running)
                .map(|outcome| self.judged(lab, &settings, outcome)),
            Level::Experiments => self.as_a_whole(lab, conditions, &mut running),
        };
        let result = match result {
            Ok(outcome) => running.stop(lab).map(|()| outcome),
            Err(fault) => {
                self.give_up(lab, &fault, &mut running);
                Err(fault)
            }
        };
        self.observation(lab, conditions, &settings, started, &running, result)
    }

    /// The observation that an answer of a lab is to a request, asked for at `asked`.
    pub fn answered(
        &self,
        lab: &dyn Lab,
        conditions: &Conditions,
        asked: Instant,
        answered: Answered,
    ) -> Observation {
        let Answered { started, ended, report, .. } = answered;
        let mut running = flow::Running::default();
        running.take_report(report.consumed_ml);
        running.set = report.conditions;
        let settings = self.recipe.settings(conditions);
        let result = report.fault.map_or(Ok(report.outcome), Err);
        let started = started.unwrap_or(asked).min(ended);
        let observation = self.observation(lab, conditions, &settings, started, &running, result);
        Observation { ended, ..observation }
    }

    fn by_instruments(
        &self,
        lab: &mut dyn Lab,
        blank: &Blank,
        settings: &Settings,
        vial: Option<&str>,
        running: &mut flow::Running,
    ) -> Result<Outcome, Fault> {
        heat::settle(lab, &self.spec, settings)?;
        let residence_s = lab.manifest().path.residence_time_s(settings);
        if !residence_s.is_finite() {
            let detail = "these conditions leave a part of the rig without flow".into();
            return Err(Fault::new(lab.now(), PROCEDURE, FaultKind::Refused { detail }));
        }
        self.bears(lab, settings)?;
        self.to_waste(lab)?;
        valves::open_ways_of(lab, settings)?;
        let longest_s = self.longest_s(lab.manifest(), settings, residence_s, vial.is_some());
        running.start(lab, &self.spec, settings, longest_s)?;
        let flowing_since = lab.now();
        let dark = acquire::dark(lab, &self.spec, &self.analysis)?;
        match &self.spec.wait {
            WaitSpec::ResidenceTimes(factor) => {
                let light = Span::from_secs(self.spec.light_settle_s);
                let steady = flowing_since + Span::from_secs(factor * residence_s);
                lab.wait_until(Instant::from_nanos(
                    steady.as_nanos().saturating_sub(light.as_nanos()),
                ))?;
                acquire::lights(lab, &self.analysis, true)?;
                lab.wait(light)?;
                let samples = sample::inject(lab, &self.spec, &self.analysis)?;
                let frames = acquire::frames(lab, &self.analysis, &dark)?;
                acquire::lights(lab, &self.analysis, false)?;
                self.collect(lab, settings, vial, running)?;
                // What is slow works on a sample that has been taken: the flow need not wait for it.
                if samples.is_some() {
                    running.stop(lab)?;
                }
                let readings = sample::readings(lab, &self.spec, &self.analysis, samples)?;
                let mut outcome = self.analysis.outcome_with(&frames, &dark, blank, &readings);
                // What is in the cell then met before these flows began.
                outcome.quality.not_steady = *factor < 1.0;
                Ok(outcome)
            }
            WaitSpec::Steady(rule) => {
                let steady = steady::SteadyWait { rule, since: flowing_since, residence_s };
                let outcome = steady.run(lab, &self.spec, &self.analysis, &dark, blank)?;
                self.collect(lab, settings, vial, running)?;
                Ok(outcome)
            }
        }
    }

    /// The vial of the experiment of this number, from 1; none where nothing is collected, or no vial is left.
    fn vial<'a>(&'a self, manifest: &'a Manifest, number: u64) -> Option<&'a str> {
        let place = usize::try_from(number.checked_sub(1)?).ok()?;
        self.spec.collect.as_ref()?.vials(manifest).nth(place)
    }

    /// Fills the vial of this experiment, if it has one.
    fn collect(
        &self,
        lab: &mut dyn Lab,
        settings: &Settings,
        vial: Option<&str>,
        running: &mut flow::Running,
    ) -> Result<(), Fault> {
        let (Some(spec), Some(vial)) = (&self.spec.collect, vial) else { return Ok(()) };
        spec.fill(lab, settings, vial, &mut running.vial)
    }

    /// Turns the fraction collector, if there is one, so that nothing gets into a vial.
    fn to_waste(&self, lab: &mut dyn Lab) -> Result<(), Fault> {
        self.spec.collect.as_ref().map_or(Ok(()), |spec| spec.to_waste(lab))
    }

    /// Refuses flows whose pressure the rig would not bear: the experiment fails before a pump runs.
    fn bears(&self, lab: &dyn Lab, settings: &Settings) -> Result<(), Fault> {
        let Some(train) = &lab.manifest().path.train else { return Ok(()) };
        let (kpa, bears) = (train.pressure_kpa(settings), train.bears_kpa);
        if kpa <= bears {
            return Ok(());
        }
        let detail = format!("these flows would take {kpa:.0} kPa, the rig bears {bears} kPa");
        Err(Fault::new(lab.now(), "procedure", FaultKind::Failed { detail }))
    }

    /// Flags an outcome whose train of slugs the frames could not show, or which was none.
    fn judged(&self, lab: &dyn Lab, settings: &Settings, mut outcome: Outcome) -> Outcome {
        if let Some(train) = &lab.manifest().path.train {
            let shows = |c: &Channel| train.resolves(settings, c.exposure, c.phase.keep);
            outcome.quality.unresolved |= !self.analysis.channels().iter().all(shows);
            outcome.quality.out_of_regime = train.beyond(settings).is_some();
        }
        outcome
    }

    /// The longest that the flow of one experiment can last [s], with which pumps are given finite volumes.
    fn longest_s(
        &self,
        manifest: &Manifest,
        settings: &Settings,
        residence_s: f64,
        is_collected: bool,
    ) -> f64 {
        let frames_s = |frames: u32, us: u32| f64::from(frames) * f64::from(us) * 1e-6;
        let sample_s: f64 = self
            .analysis
            .channels()
            .iter()
            .map(|c| frames_s(self.spec.dark_frames + c.exposure.frames, c.exposure.integration_us))
            .sum();
        let waits = match &self.spec.wait {
            WaitSpec::ResidenceTimes(factor) => *factor,
            WaitSpec::Steady(rule) => rule.at_most_residence_times,
        };
        let sample_s = sample_s + self.analyses_s();
        let collects_s = if is_collected { self.collects_s(manifest, settings) } else { 0.0 };
        (waits * residence_s + sample_s + collects_s + 4.0 * self.spec.light_settle_s + 10.0)
            * self.spec.volume_margin
    }

    /// How long the flow goes on for the vial \[s\].
    fn collects_s(&self, manifest: &Manifest, settings: &Settings) -> f64 {
        self.spec.collect.as_ref().map_or(0.0, |spec| spec.flows_s(manifest, settings))
    }

    /// How long the flow goes on while analysers work [s]: not at all, but where steady state is watched for.
    fn analyses_s(&self) -> f64 {
        match &self.spec.wait {
            _ if self.analysis.analysers().is_empty() => 0.0,
            WaitSpec::ResidenceTimes(_) => 0.0,
            WaitSpec::Steady(_) => sample::longest_run_s(&self.analysis) + self.spec.patience_s,
        }
    }

    fn as_a_whole(
        &self,
        lab: &mut dyn Lab,
        conditions: &Conditions,
        running: &mut flow::Running,
    ) -> Result<Outcome, Fault> {
        let begin = Command::Begin { conditions: conditions.clone() };
        if let Reply::Ready(at) = lab.send(&begin)? {
            lab.wait_until(at)?;
        }
        match acquire::patiently(lab, &Command::Collect, self.spec.patience_s)? {
            Reply::Outcome(outcome) => Ok(*outcome),
            Reply::Report(report) => {
                running.take_report(report.consumed_ml);
                running.set = report.conditions;
                report.fault.map_or(Ok(report.outcome), Err)
            }
            _ => Err(acquire::unexpected(lab, "no outcome")),
        }
    }

    /// Leaves the lab in order after a fault; a second fault on the way changes nothing any more.
    fn give_up(&self, lab: &mut dyn Lab, fault: &Fault, running: &mut flow::Running) {
        if lab.manifest().level == Level::Experiments {
            return;
        }
        let parked = !fault.kind.stops_campaign()
            && acquire::lights(lab, &self.analysis, false).is_ok()
            && running.stop(lab).is_ok();
        if parked {
            // What drips does not belong into a vial; the next experiment turns the collector again.
            let _turned = self.to_waste(lab);
        } else {
            running.end(lab.now());
            // The journal and the guard record what could not be made safe.
            let made_safe = lab.send(&Command::MakeSafe).is_ok();
            // Nor does what rinses the tube.
            let _turned = self.to_waste(lab);
            if let OnFault::Flush(spec) = &self.spec.on_fault
                && rinse::is_allowed(fault, spec, lab.manifest())
                && (made_safe || rinse::is_cold_and_still(lab))
            {
                // What goes wrong now is in the journal, and has been made safe too.
                let _rinsed = rinse::rinse(lab, spec);
            }
        }
    }

    fn observation(
        &self,
        lab: &dyn Lab,
        conditions: &Conditions,
        settings: &Settings,
        started: Instant,
        running: &flow::Running,
        result: Result<Outcome, Fault>,
    ) -> Observation {
        let path = &lab.manifest().path;
        let (outcome, fault) = match result {
            Ok(outcome) => (outcome, None),
            Err(fault) => (Outcome::default(), Some(fault)),
        };
        let mut observation = Observation {
            conditions: running.set.as_ref().unwrap_or(conditions).clone(),
            started,
            ended: lab.now(),
            residence_time_s: path.residence_time_s(settings),
            reaction_time_s: path.reaction_time_s(settings),
            consumed_ml: running.consumed_ml(lab.manifest()),
            vial: running.vial.clone(),
            outcome,
            fault,
        };
        self.analysis.complete(&mut observation, settings);
        observation
    }
}
