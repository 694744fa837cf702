//! Where a study is done: a lab, the procedure, and the blank taken at its start.

use flowtwin_lab::procedure::{RampPoint, RampSpec, SteadySpec, WaitSpec};
use flowtwin_lab::{
    Blank, Conditions, Fault, FlowPath, Instant, Lab, Observation, Procedure, Recipe, Space,
};

use super::reading::{Moment, Reading};
use super::tap::Tap;

/// How long a composition flows until nothing of the one before is left, in residence times.
const RUN_IN_RESIDENCE_TIMES: f64 = 2.0;

/// A lab with everything an experiment needs. It is driven by [`Procedure`] alone, as a rig would be.
pub(crate) struct Station<'a> {
    lab: &'a mut dyn Lab,
    procedure: &'a Procedure,
    space: &'a Space,
    blank: Blank,
}

/// When readings are taken, in residence times after the flow has started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Train {
    /// The first.
    pub(crate) from: f64,
    /// Time between two.
    pub(crate) every: f64,
    /// The last, at most.
    pub(crate) until: f64,
}

impl<'a> Station<'a> {
    /// A station at `lab`, its reference spectra taken.
    ///
    /// # Errors
    /// Any fault of the lab.
    pub(crate) fn new(
        lab: &'a mut dyn Lab,
        procedure: &'a Procedure,
        space: &'a Space,
    ) -> Result<Self, Fault> {
        let blank = procedure.prime(lab)?;
        Ok(Self { lab, procedure, space, blank })
    }

    /// What may be chosen.
    pub(crate) fn space(&self) -> &'a Space {
        self.space
    }

    /// Lab time.
    pub(crate) fn now(&self) -> Instant {
        self.lab.now()
    }

    /// Residence time at these conditions [s].
    pub(crate) fn residence_time_s(&self, conditions: &Conditions) -> f64 {
        let settings = self.procedure.recipe().settings(conditions);
        self.lab.manifest().path.residence_time_s(&settings)
    }

    /// The same composition at another reaction time: all flows by one factor. The temperature stays.
    pub(crate) fn at_reaction_time(&self, conditions: &Conditions, seconds: f64) -> Conditions {
        let path = &self.lab.manifest().path;
        at_reaction_time(path, self.procedure.recipe(), self.space, conditions, seconds)
    }

    /// Runs one experiment.
    ///
    /// # Errors
    /// The fault of a failed one: a study needs all of its experiments.
    pub(crate) fn run(&mut self, conditions: &Conditions) -> Result<Observation, Fault> {
        checked(self.procedure.run(self.lab, &self.blank, conditions))
    }

    /// Runs one experiment and keeps its features.
    ///
    /// # Errors
    /// As [`Station::run`].
    pub(crate) fn read(&mut self, conditions: &Conditions) -> Result<Reading, Fault> {
        self.run(conditions).map(|observation| Reading::of(&observation.outcome))
    }

    /// Fills the rig with the slugs of these conditions, so that what follows does not begin with an empty tube.
    ///
    /// # Errors
    /// As [`Station::run`].
    pub(crate) fn run_in(&mut self, conditions: &Conditions) -> Result<Reading, Fault> {
        let wait = WaitSpec::ResidenceTimes(RUN_IN_RESIDENCE_TIMES);
        self.run_waiting(conditions, wait).map(|observation| Reading::of(&observation.outcome))
    }

    /// Runs one experiment that waits by another rule.
    ///
    /// # Errors
    /// As [`Station::run`].
    pub(crate) fn run_waiting(
        &mut self,
        conditions: &Conditions,
        wait: WaitSpec,
    ) -> Result<Observation, Fault> {
        checked(self.waiting(wait).run(self.lab, &self.blank, conditions))
    }

    /// Reads again and again while everything flows: an experiment that watches for a steady state that no reading
    /// is good enough for, with a [`Tap`] that keeps what it looked at.
    ///
    /// # Errors
    /// As [`Station::run`].
    pub(crate) fn watch(
        &mut self,
        conditions: &Conditions,
        train: Train,
    ) -> Result<Vec<Moment>, Fault> {
        let never = SteadySpec {
            features: Vec::from(["none".to_owned()]),
            band: 0.0,
            window: 2,
            every_residence_times: train.every,
            from_residence_times: train.from,
            at_most_residence_times: train.until,
        };
        let procedure = self.waiting(WaitSpec::Steady(never));
        let residence_s = self.residence_time_s(conditions);
        let mut tap = Tap::new(&mut *self.lab, self.procedure.analysis(), &self.blank);
        checked(procedure.run(&mut tap, &self.blank, conditions))?;
        let (since, taken) = tap.into_readings();
        let moment = |(at, reading): (Instant, Reading)| Moment {
            at: at.since(since).as_secs() / residence_s,
            reading,
        };
        Ok(taken.into_iter().map(moment).collect())
    }

    /// Ramps the flows and maps each reading back to the conditions that formed it.
    ///
    /// # Errors
    /// Any fault of the lab.
    pub(crate) fn ramp(
        &mut self,
        ends: (&Conditions, &Conditions),
        spec: &RampSpec,
    ) -> Result<Vec<RampPoint>, Fault> {
        self.procedure.ramp(self.lab, &self.blank, self.space, ends, spec)
    }

    fn waiting(&self, wait: WaitSpec) -> Procedure {
        let mut spec = self.procedure.spec().clone();
        spec.wait = wait;
        Procedure::new(spec, self.procedure.recipe().clone(), self.procedure.analysis().clone())
    }
}

/// The same composition at another reaction time: all flows by one factor. The temperature stays.
pub(crate) fn at_reaction_time(
    path: &FlowPath,
    recipe: &Recipe,
    space: &Space,
    conditions: &Conditions,
    seconds: f64,
) -> Conditions {
    let factor = path.reaction_time_s(&recipe.settings(conditions)) / seconds;
    let scaled = conditions
        .iter()
        .map(|(name, value)| if name.ends_with("_ul_per_min") { value * factor } else { value });
    space.conditions(scaled.collect())
}

fn checked(observation: Observation) -> Result<Observation, Fault> {
    match observation.fault {
        Some(fault) => Err(fault),
        None => Ok(observation),
    }
}
