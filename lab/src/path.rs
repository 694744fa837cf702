//! The way of the liquid through the rig, and the residence times that follow from it.

mod bed;
mod bubbly;
mod gas;
mod history;
mod phases;
mod regime;
mod train;

pub use bed::{Bed, Through};
pub use gas::{Along, Bubbly, Gas, Passing, Reach, Standard, gauge_kpa, l_per_mmol, pass};
pub use history::{FlowHistory, Passage};
pub use phases::{Phases, Solid, Volatile};
pub use train::{Beyond, Liquid, Segmented, Train, Tube};

use serde::{Deserialize, Serialize};

use crate::id::PumpId;
use crate::settings::Settings;

/// Stretches of tube between the first junction and the characterisation module, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlowPath {
    /// The stretches.
    pub stretches: Vec<Stretch>,
    /// Lines beside the first stretch: where nothing flows in that, the slowest of those in which something does is timed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Stretch>,
    /// The train of slugs in it; none where its liquids are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Train>,
}

/// A stretch of tube.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its name.
    pub name: String,
    /// Its volume at room temperature \[µL\].
    pub volume_ul: f64,
    /// The pumps whose flow passes through it.
    pub pumps: Vec<PumpId>,
    /// Whether time in it counts as reaction time.
    pub reacts: bool,
}

impl Stretch {
    /// Time a fluid element spends here \[s\]: volume over flow, as an operator computes it; infinite without flow.
    pub fn seconds(&self, settings: &Settings) -> f64 {
        let flow: f64 = self.pumps.iter().map(|p| settings.flow(p).ul_per_min()).sum();
        if flow > 0.0 { 60.0 * self.volume_ul / flow } else { f64::INFINITY }
    }
}

impl FlowPath {
    /// Residence time τ: from the first junction to the characterisation module \[s\].
    ///
    /// τ = Σ V/Q over the stretches (Sadeghi et al. 2024, section 3; science: R01).
    ///
    /// A stream that is off has no liquid to wait for: another line is timed in its place.
    pub fn residence_time_s(&self, settings: &Settings) -> f64 {
        let slowest = || self.others.iter().map(|s| s.seconds(settings)).filter(|s| s.is_finite());
        let timed = |stretch: &Stretch| match stretch.seconds(settings) {
            seconds if seconds.is_finite() => seconds,
            still => slowest().reduce(f64::max).unwrap_or(still),
        };
        if let Some(seconds) = self.with_gas_s(settings) {
            let first = self.stretches.iter().take(1).map(timed);
            return first.chain(seconds.into_iter().skip(1)).sum();
        }
        let (first, rest) = self.stretches.split_at(self.stretches.len().min(1));
        let rest = rest.iter().map(|s| s.seconds(settings));
        first.iter().map(timed).chain(rest).sum()
    }

    /// Time in each stretch \[s\], where gas is the carrier: it expands on its way, and volume over what is set says nothing.
    fn with_gas_s(&self, settings: &Settings) -> Option<Vec<f64>> {
        let stays = self.train.as_ref()?.stays_s(settings)?;
        let mut all: Vec<f64> = self.stretches.iter().map(|s| s.seconds(settings)).collect();
        // The tube is what comes last.
        for (own, stay) in all.iter_mut().rev().zip(stays.iter().rev()) {
            *own = *stay;
        }
        Some(all)
    }

    /// Time after which what flows now has replaced all that was in the stretches in which anything flows \[s\].
    pub fn swept_s(&self, settings: &Settings) -> f64 {
        if let Some(seconds) = self.with_gas_s(settings) {
            return seconds.into_iter().filter(|seconds| seconds.is_finite()).sum();
        }
        let times = self.stretches.iter().map(|stretch| stretch.seconds(settings));
        times.filter(|seconds| seconds.is_finite()).sum()
    }

    /// The way from where liquids of several pumps flow together. A line before that holds one stock: what was set when the liquid
    /// entered it says nothing of what it becomes.
    pub fn merged(&self) -> Self {
        let alone = self.stretches.iter().take_while(|s| s.pumps.len() < 2 && !s.reacts).count();
        let mut way = self.clone();
        way.stretches.drain(..alone.min(self.stretches.len().saturating_sub(1)));
        way
    }

    /// Nominal reaction time t_R: the part of τ spent in stretches that react \[s\].
    pub fn reaction_time_s(&self, settings: &Settings) -> f64 {
        if let Some(seconds) = self.with_gas_s(settings) {
            let all = self.stretches.iter().zip(seconds).filter(|(s, _)| s.reacts);
            return all.fold(0.0, |sum, (_, seconds)| sum + seconds);
        }
        let reacting = self.stretches.iter().filter(|s| s.reacts);
        // Not `.sum()`: of nothing it makes a negative zero.
        reacting.fold(0.0, |sum, s| sum + s.seconds(settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::FlowRate;

    #[test]
    fn the_reference_rig_has_the_times_of_its_table() {
        let all = vec![PumpId::new("cu"), PumpId::new("cs"), PumpId::new("pfo")];
        let stretch = |name: &str, volume_ul, pumps: &[PumpId], reacts| Stretch {
            name: name.into(),
            volume_ul,
            pumps: pumps.to_vec(),
            reacts,
        };
        let path = FlowPath {
            stretches: vec![
                stretch("line", 166.0, &all[..1], false),
                stretch("reactor", 434.0, &all, true),
                stretch("cooling and flow cells", 316.0, &all, false),
            ],
            ..FlowPath::default()
        };
        let mut settings = Settings::default();
        for (pump, rate) in all.iter().zip([210.0, 210.0, 420.0]) {
            settings.pumps.push((pump.clone(), FlowRate::from_ul_per_min(rate)));
        }
        assert!((path.reaction_time_s(&settings) - 31.0).abs() < 0.01);
        assert!((path.residence_time_s(&settings) - 101.0).abs() < 0.05);
        let nothing_reacts =
            FlowPath { stretches: path.stretches[..1].to_vec(), ..FlowPath::default() };
        let seconds = nothing_reacts.reaction_time_s(&settings);
        assert_eq!(seconds.to_bits(), 0.0_f64.to_bits(), "{seconds} s");
    }

    #[test]
    fn where_the_timed_stream_is_off_the_slowest_of_the_others_is_waited_for() {
        let line = |name: &str, volume_ul, pump: &str| Stretch {
            name: name.into(),
            volume_ul,
            pumps: vec![pump.into()],
            reacts: false,
        };
        let mut path = FlowPath {
            stretches: vec![line("timed", 100.0, "a"), line("tube", 60.0, "oil")],
            others: vec![line("b", 30.0, "b"), line("c", 90.0, "c"), line("d", 500.0, "d")],
            ..FlowPath::default()
        };
        let rates = |a: f64, others: f64| {
            let rate = |pump: &str, rate| (pump.into(), FlowRate::from_ul_per_min(rate));
            let pumps = vec![rate("a", a), rate("b", others), rate("c", others), rate("oil", 60.0)];
            Settings { heaters: vec![], pumps }
        };
        assert!((path.residence_time_s(&rates(60.0, 60.0)) - 160.0).abs() < 1e-9);
        assert!((path.residence_time_s(&rates(0.0, 60.0)) - 150.0).abs() < 1e-9);
        assert!(path.residence_time_s(&rates(0.0, 0.0)).is_infinite());
        path.others.clear();
        assert!(path.residence_time_s(&rates(0.0, 60.0)).is_infinite());
    }
}
