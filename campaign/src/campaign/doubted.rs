//! Experiments that were measured while a reading may have been wrong: they are withdrawn once that is found.

use flowtwin_lab::journal::{Doubted, Record, Sink};
use flowtwin_lab::{Fault, Instant, Lab};

use super::UnderWay;

impl<L: Lab, S: Sink> UnderWay<'_, '_, L, S> {
    /// Records which experiments `fault` makes doubtful, if it does.
    pub(super) fn doubt(&mut self, fault: &Fault) -> Result<(), Fault> {
        let Some(since_ns) = self.lab.lab().lab().doubtful_since() else { return Ok(()) };
        let doubtful = |&(_, ended): &(u64, Instant)| ended > since_ns;
        let experiments: Vec<u64> =
            self.measured.extract_if(.., |it| doubtful(it)).map(|(number, _)| number).collect();
        if experiments.is_empty() {
            return Ok(());
        }
        self.observer.doubted(&experiments, since_ns, fault);
        let (at_ns, fault) = (self.lab.now(), fault.clone());
        let record = Doubted { at_ns, since_ns, experiments, fault };
        self.lab.record(&Record::Doubted(Box::new(record)))
    }
}
