//! For how many experiments the syringes of a rig last.

use flowtwin_lab::procedure::Needs;
use flowtwin_lab::{Manifest, Procedure, PumpId, PumpInfo, RefillInfo, Space, Streams};
use flowtwin_twin::region::Region;

/// Conditions that are looked at, drawn uniformly from the space.
const LOOKED_AT: usize = 200;
/// What takes no more than this in an experiment takes nothing \[µL\].
const NOTHING_UL: f64 = 1e-6;

/// For how many experiments a syringe lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct Lasting {
    /// Its pump.
    pub pump: PumpId,
    /// What it holds at the start of a run \[mL\].
    pub holds_ml: f64,
    /// What priming takes of it at most \[mL\].
    pub primes_ml: f64,
    /// What an experiment takes, in the mean over the space \[mL\].
    pub takes_ml: f64,
    /// Experiments in the mean over the space.
    pub experiments: u64,
    /// Experiments where all of them take as much as the most demanding of the conditions that were looked at.
    pub at_least: u64,
    /// How it refills itself, if it does.
    pub refill: Option<RefillsItself>,
}

/// What it means that a pump refills itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RefillsItself {
    /// How long a refill of a whole syringe takes \[min\].
    pub takes_min: f64,
    /// What its bottle holds at the start of a run \[mL\], and for how many experiments that and the first fill last, in the
    /// mean over the space; none where nobody keeps count.
    pub bottle: Option<(f64, u64)>,
}

impl Lasting {
    /// How often it refills itself in a campaign of so many experiments.
    pub fn refills_in(&self, experiments: u64) -> u64 {
        match self.experiments {
            0 => experiments,
            lasts => experiments.saturating_sub(1) / lasts,
        }
    }
}

/// A lab whose syringes are looked at.
pub(super) struct Supply<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) procedure: &'a Procedure,
    pub(super) space: &'a Space,
    pub(super) reserve_ul: f64,
}

impl Supply<'_> {
    /// For how many experiments each syringe lasts, the first to be empty first; only those that experiments take from.
    pub(super) fn lasts(&self) -> Vec<Lasting> {
        let Ok(region) = Region::new(self.space) else { return Vec::new() };
        let mut stream = Streams::new(0).open("supply", 0);
        let points: Vec<_> =
            (0..LOOKED_AT).map(|_| self.space.from_unit(&region.sample(&mut stream))).collect();
        let uses: Vec<Needs> =
            points.iter().map(|p| self.procedure.uses_ul(self.manifest, p)).collect();
        let needs: Vec<Needs> =
            points.iter().map(|p| self.procedure.needs_ul(self.manifest, p)).collect();
        let primes = self.procedure.priming_needs_ul(self.manifest);
        let pumps = self.manifest.pumps.iter();
        let mut lasting: Vec<Lasting> = pumps
            .filter_map(|info| {
                let (uses, needs) = (of(&uses, &info.name), of(&needs, &info.name));
                let primes = of(std::slice::from_ref(&primes), &info.name).1;
                let holds_ul = 1_000.0 * info.fill_ml;
                let left_ul = holds_ul - primes - self.reserve_ul;
                let refill = info.refill.as_ref().map(|refill| self.refills(info, refill, uses.0));
                (uses.0 > NOTHING_UL).then(|| Lasting {
                    refill,
                    pump: info.name.clone(),
                    holds_ml: info.fill_ml,
                    primes_ml: primes / 1_000.0,
                    takes_ml: uses.0 / 1_000.0,
                    experiments: times(left_ul, uses.0, needs.0),
                    at_least: times(left_ul, uses.1, needs.1),
                })
            })
            .collect();
        lasting.sort_by_key(|lasting| (lasting.experiments, lasting.at_least));
        lasting
    }

    /// How a pump refills itself that takes so much in an experiment [µL].
    fn refills(&self, info: &PumpInfo, refill: &RefillInfo, takes_ul: f64) -> RefillsItself {
        let turns_s = self.manifest.valve(&refill.valve).map_or(0.0, |valve| valve.turns_s);
        let draws_min = 1_000.0 * info.fill_ml / refill.ul_per_min;
        let lasts = |ml: f64| (1_000.0 * (ml + info.fill_ml) / takes_ul).floor() as u64;
        RefillsItself {
            takes_min: draws_min + (2.0 * turns_s + refill.settle_s) / 60.0,
            bottle: refill.bottle_ml.map(|ml| (ml, lasts(ml))),
        }
    }
}

/// Mean and largest volume of a pump [µL].
fn of(volumes: &[Needs], pump: &PumpId) -> (f64, f64) {
    let of_one = |all: &Needs| all.iter().find(|(name, _)| name == pump).map_or(0.0, |(_, ul)| *ul);
    let (mut sum, mut most) = (0.0, 0.0_f64);
    for ul in volumes.iter().map(of_one) {
        sum += ul;
        most = most.max(ul);
    }
    (sum / volumes.len().max(1) as f64, most)
}

/// How often `uses` can be taken of `left`, where `needs` must be there each time [µL].
fn times(left: f64, uses: f64, needs: f64) -> u64 {
    if left < needs { 0 } else { ((left - needs) / uses).floor() as u64 + 1 }
}

#[cfg(test)]
mod tests {
    use super::times;

    #[test]
    fn the_last_experiment_needs_its_margin_and_takes_less() {
        assert_eq!(times(100.0, 10.0, 12.0), 9);
        assert_eq!(times(102.0, 10.0, 12.0), 10);
        assert_eq!(times(12.0, 10.0, 12.0), 1);
        assert_eq!(times(11.9, 10.0, 12.0), 0);
    }
}
