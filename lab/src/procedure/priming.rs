//! What priming takes, by the procedure alone.

use super::spec::FlushSpec;
use super::{Procedure, acquire, flow};
use crate::id::PumpId;
use crate::manifest::Manifest;
use crate::math;

impl Procedure {
    /// Volume that [`Procedure::prime`] takes from each stock of a rig \[mL\], in the order of its pumps: what pumps deliver
    /// at their rates while lines are filled, the carrier reaches the flow cells and the reference is taken.
    pub fn primes_ml(&self, manifest: &Manifest) -> Vec<(String, f64)> {
        let taken_s = |count| acquire::takes_s(&self.analysis, count);
        let reference_s =
            taken_s(Some(self.spec.dark_frames)) + self.spec.light_settle_s + taken_s(None);
        let mut runs = self.flushed(&self.spec.fill, 0.0);
        runs.extend(self.flushed(&self.spec.blank, reference_s));
        let mut stocks: Vec<(String, f64)> = Vec::new();
        for info in &manifest.pumps {
            let of_pump = runs.iter().filter(|(pump, _)| *pump == info.name);
            let ml = of_pump.map(|(_, ul)| ul / 1_000.0).sum::<f64>();
            match stocks.iter_mut().find(|(stock, _)| *stock == info.stock) {
                Some((_, sum)) => *sum = math::round_decimals(*sum + ml, 7),
                None => stocks.push((info.stock.clone(), math::round_decimals(ml, 7))),
            }
        }
        stocks
    }

    /// What each pump of a flush delivers until all are stopped `more_s` after it [µL]; pumps start one after the other.
    pub(super) fn flushed(&self, flush: &FlushSpec, more_s: f64) -> Vec<(PumpId, f64)> {
        if flush.flush_s <= 0.0 {
            return Vec::new();
        }
        let running: Vec<_> = flush.rates.iter().filter(|rate| rate.ul_per_min > 0.0).collect();
        let volume = |(i, rate): (usize, &&super::spec::FlushRate)| {
            let later = (running.len() - 1 - i) as f64 * self.spec.pump_gap_s;
            // The finite volume that a pump is given may end before that.
            let seconds = (flush.flush_s + later + more_s).min(flow::flush_s_at_most(flush));
            (rate.pump.clone(), rate.ul_per_min * seconds / 60.0)
        };
        running.iter().enumerate().map(volume).collect()
    }
}
