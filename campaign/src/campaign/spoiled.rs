//! Experiments that faults of the rig have spoiled: they are repeated.

use flowtwin_lab::journal::{Record, Sink, SpoiledRecord};
use flowtwin_lab::{Blank, Conditions, Fault, FaultKind, Lab, Observation};

use super::costs::ml;
use super::{Halt, UnderWay};
use crate::scenario::Phase;

/// How often in a row an experiment is tried where a fault of the rig spoils it that does not stop the campaign.
pub(super) const TRIES: usize = 3;

impl<'w, L: Lab, S: Sink> UnderWay<'_, 'w, L, S> {
    /// Runs an experiment, again where the rig has spoiled it and is in order again.
    pub(super) fn until_unspoiled(
        &mut self,
        phase: &Phase,
        blank: &Blank,
        conditions: &Conditions,
    ) -> Result<Observation, Halt> {
        let mut times = 0;
        if self.there.is_some() {
            self.spoiled_before().into_iter().for_each(|spoiled| self.waste(spoiled));
        }
        loop {
            self.take_fillings()?;
            let known = self.is_known(times);
            if self.campaign.only_recorded && !known {
                return Err(Fault::new(self.lab.now(), "replay", FaultKind::Interrupted).into());
            }
            if !known {
                self.stand_still()?;
            }
            let observation = self.attempt(blank, conditions)?;
            let Some(fault) = self.spoiled_by(&observation) else { return Ok(observation) };
            times += 1;
            let record = SpoiledRecord::new(self.number + 1, &phase.name, &observation, fault);
            self.waste(&record);
            let fault = record.fault.clone();
            self.lab.record(&Record::Spoiled(Box::new(record)))?;
            self.doubt(&fault)?;
            self.by_hand.pass(true);
            self.tell_what_is_left();
            let passes = !fault.kind.stops_campaign() && times < TRIES;
            if !(known || passes || self.observer.repeats(&mut self.lab, &fault, times)) {
                return Err(fault.into());
            }
        }
    }

    /// Whether the next experiment, spoiled so often, is recorded in a journal that is repeated.
    fn is_known(&self, times: usize) -> bool {
        let done = self.recorded.len() as u64 > self.number;
        self.there.is_none() && (done || self.spoiled_before().len() > times)
    }

    /// What is recorded of the next experiment being spoiled.
    pub(super) fn spoiled_before(&self) -> Vec<&'w SpoiledRecord> {
        let of_next = |spoiled: &&&SpoiledRecord| spoiled.experiment == self.number + 1;
        self.spoiled.iter().filter(of_next).copied().collect()
    }

    pub(super) fn waste(&mut self, spoiled: &SpoiledRecord) {
        self.wasted.lab_time_s += spoiled.ended_ns.since(spoiled.started_ns).as_secs();
        self.wasted.reagent_ml += ml(&spoiled.consumed_ml);
        self.use_up(&spoiled.consumed_ml);
    }

    /// The fault because of which an observation says nothing of its conditions, if so.
    pub(super) fn spoiled_by(&mut self, observation: &Observation) -> Option<Fault> {
        if let Some(fault) = &observation.fault {
            return fault.is_of_the_rig().then(|| fault.clone());
        }
        if !std::mem::take(&mut self.first) {
            return None;
        }
        let unlike = self.observer.first(&mut self.lab, observation).err()?;
        Some(Fault::new(self.lab.now(), "rehearsal", unlike))
    }
}
