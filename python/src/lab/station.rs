//! A lab that is driven by the procedure, whatever is behind it.

use flowtwin_lab::layer::Guarded;
use flowtwin_lab::procedure::{Procedure, RampPoint, RampSpec};
use flowtwin_lab::{Blank, Command, Conditions, Fault, Instant, Lab, Observation, Space};

/// What may be done in a lab.
pub(super) trait Experiments {
    /// Runs an experiment; the first of all primes the lab.
    fn measure(
        &mut self,
        procedure: &Procedure,
        conditions: &Conditions,
    ) -> Result<Observation, Fault>;

    /// Ramps the flows; an observation for each reading, of slugs that began when their liquids met.
    fn ramp(
        &mut self,
        procedure: &Procedure,
        space: &Space,
        ends: (&Conditions, &Conditions),
        spec: &RampSpec,
    ) -> Result<Vec<Observation>, Fault>;

    /// Makes it safe.
    fn make_safe(&mut self) -> Result<(), Fault>;

    /// Lab time.
    fn now(&self) -> Instant;

    /// Number of experiments so far.
    fn measured(&self) -> u64;
}

/// A lab under its guard, and what is known of it.
#[derive(Debug)]
pub(super) struct Station<L: Lab> {
    lab: Guarded<L>,
    blank: Option<Blank>,
    measured: u64,
}

impl<L: Lab> Station<L> {
    pub(super) fn new(lab: Guarded<L>) -> Self {
        Self { lab, blank: None, measured: 0 }
    }

    fn primed(&mut self, procedure: &Procedure) -> Result<Blank, Fault> {
        if self.blank.is_none() {
            self.blank = Some(procedure.prime(&mut self.lab)?);
        }
        Ok(self.blank.clone().unwrap_or_default())
    }
}

impl<L: Lab> Experiments for Station<L> {
    fn measure(
        &mut self,
        procedure: &Procedure,
        conditions: &Conditions,
    ) -> Result<Observation, Fault> {
        let blank = self.primed(procedure)?;
        self.measured += 1;
        let observation = procedure.run_numbered(&mut self.lab, &blank, conditions, self.measured);
        Ok(observation)
    }

    fn ramp(
        &mut self,
        procedure: &Procedure,
        space: &Space,
        ends: (&Conditions, &Conditions),
        spec: &RampSpec,
    ) -> Result<Vec<Observation>, Fault> {
        let blank = self.primed(procedure)?;
        let points = procedure.ramp(&mut self.lab, &blank, space, ends, spec)?;
        self.measured += 1;
        Ok(points.into_iter().map(seen).collect())
    }

    fn make_safe(&mut self) -> Result<(), Fault> {
        self.lab.send(&Command::MakeSafe).map(drop)
    }

    fn now(&self) -> Instant {
        self.lab.now()
    }

    fn measured(&self) -> u64 {
        self.measured
    }
}

/// A reading of a ramp as an observation: it begins when the liquids of its slugs met, and ends in the middle of its frames.
fn seen(point: RampPoint) -> Observation {
    let RampPoint { measured, formed, conditions, reaction_time_s, outcome } = point;
    Observation {
        conditions,
        started: formed,
        ended: measured,
        residence_time_s: measured.since(formed).as_secs(),
        reaction_time_s,
        vial: None,
        consumed_ml: Vec::new(),
        outcome,
        fault: None,
    }
}
