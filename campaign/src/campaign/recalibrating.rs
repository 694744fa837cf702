//! What the journal records of a shadow that is calibrated anew.

use flowtwin_lab::journal::{Recalibrated, Record, Sink};
use flowtwin_lab::{Fault, Lab};

use super::UnderWay;

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// Records that the experiment that has just ended has led to a calibration anew: as it is recorded where the run is repeated,
    /// else as whoever observes the run has it.
    pub(super) fn take_recalibration(&mut self) -> Result<(), Fault> {
        let now = self.observer.recalibrated();
        let before = self.recalibrated.iter().find(|known| known.experiment == self.number);
        let record = match (before.map(|known| (*known).clone()), self.there) {
            (Some(_), Some(_)) => None,
            (Some(known), None) => Some(known),
            // An experiment behind which the run has gone on led to none then.
            (None, _) if (self.number as usize) < self.recorded.len() => None,
            (None, _) => now.map(|now| Recalibrated { at_ns: self.lab.now(), ..now }),
        };
        match record {
            Some(record) => self.lab.record(&Record::Recalibrated(Box::new(record))),
            None => Ok(()),
        }
    }
}
