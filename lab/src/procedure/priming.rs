//! What priming takes, by the procedure alone.

use super::Procedure;
use super::spec::FlushSpec;
use crate::id::PumpId;
use crate::manifest::Manifest;
use crate::math;

impl Procedure {
    /// Volume that [`Procedure::prime`] takes from each stock of a rig \[mL\], in the order of its pumps: what pumps deliver
    /// at their rates while lines are filled, the carrier reaches the flow cells and the reference is taken.
    pub fn primes_ml(&self, manifest: &Manifest) -> Vec<(String, f64)> {
        let taken = |frames: u32, us: u32| 1e-6 * f64::from(frames) * f64::from(us);
        let channels = || self.analysis.channels().iter().map(|channel| channel.exposure);
        let dark = channels().map(|e| taken(self.spec.dark_frames, e.integration_us));
        let sample = channels().map(|e| taken(e.frames, e.integration_us));
        let reference_s =
            dark.fold(0.0, f64::max) + self.spec.light_settle_s + sample.fold(0.0, f64::max);
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
    fn flushed(&self, flush: &FlushSpec, more_s: f64) -> Vec<(PumpId, f64)> {
        if flush.flush_s <= 0.0 {
            return Vec::new();
        }
        let running: Vec<_> = flush.rates.iter().filter(|rate| rate.ul_per_min > 0.0).collect();
        let volume = |(i, rate): (usize, &&super::spec::FlushRate)| {
            let later = (running.len() - 1 - i) as f64 * self.spec.pump_gap_s;
            // The finite volume that a pump is given may end before that.
            let seconds = (flush.flush_s + later + more_s).min(1.25 * flush.flush_s + 30.0);
            (rate.pump.clone(), rate.ul_per_min * seconds / 60.0)
        };
        running.iter().enumerate().map(volume).collect()
    }
}
