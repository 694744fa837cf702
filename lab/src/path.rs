//! The way of the liquid through the rig, and the residence times that follow from it.

mod history;

pub use history::{FlowHistory, Passage};

use serde::{Deserialize, Serialize};

use crate::id::PumpId;
use crate::settings::Settings;

/// Stretches of tube between the first junction and the characterisation module, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlowPath {
    /// The stretches.
    pub stretches: Vec<Stretch>,
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
    pub fn residence_time_s(&self, settings: &Settings) -> f64 {
        self.stretches.iter().map(|s| s.seconds(settings)).sum()
    }

    /// Nominal reaction time t_R: the part of τ spent in stretches that react \[s\].
    pub fn reaction_time_s(&self, settings: &Settings) -> f64 {
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
        };
        let mut settings = Settings::default();
        for (pump, rate) in all.iter().zip([210.0, 210.0, 420.0]) {
            settings.pumps.push((pump.clone(), FlowRate::from_ul_per_min(rate)));
        }
        assert!((path.reaction_time_s(&settings) - 31.0).abs() < 0.01);
        assert!((path.residence_time_s(&settings) - 101.0).abs() < 0.05);
        let nothing_reacts = FlowPath { stretches: path.stretches[..1].to_vec() };
        let seconds = nothing_reacts.reaction_time_s(&settings);
        assert_eq!(seconds.to_bits(), 0.0_f64.to_bits(), "{seconds} s");
    }
}
