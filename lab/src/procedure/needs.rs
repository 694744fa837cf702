//! What syringes must hold before anything is begun, by the procedure alone.

use super::flow::{flushes_at_most_ul, longest_ul};
use super::spec::{FlushSpec, WaitSpec};
use super::{Procedure, acquire};
use crate::conditions::Conditions;
use crate::id::PumpId;
use crate::manifest::{Level, Manifest};
use crate::settings::Settings;

/// Volumes by pump \[µL\].
pub type Needs = Vec<(PumpId, f64)>;

impl Procedure {
    /// The finite volume that each pump is given for an experiment \[µL\]: none of them delivers more. Nothing where these
    /// conditions are refused anyway, nor for a lab that runs whole experiments by itself.
    pub fn needs_ul(&self, manifest: &Manifest, conditions: &Conditions) -> Needs {
        self.needs_of(manifest, conditions, self.spec.collect.is_some())
    }

    /// The same of the experiment of this number in its run, from 1: of one that there is no vial for, less.
    pub fn needs_numbered_ul(
        &self,
        manifest: &Manifest,
        conditions: &Conditions,
        number: u64,
    ) -> Needs {
        self.needs_of(manifest, conditions, self.vial(manifest, number).is_some())
    }

    fn needs_of(&self, manifest: &Manifest, conditions: &Conditions, is_collected: bool) -> Needs {
        if manifest.level == Level::Experiments {
            return Needs::new();
        }
        let settings = self.recipe.settings(conditions);
        let residence_s = manifest.path.residence_time_s(&settings);
        if !residence_s.is_finite() {
            return Needs::new();
        }
        let longest_s = self.longest_s(manifest, &settings, residence_s, is_collected);
        flowing(&settings).map(|(pump, rate)| (pump, longest_ul(rate, longest_s))).collect()
    }

    /// What each pump delivers in an experiment by the procedure \[µL\]: until the spectra are taken, where steady state
    /// is watched for, half way between its first and its last reading. Nothing where these conditions are refused.
    pub fn uses_ul(&self, manifest: &Manifest, conditions: &Conditions) -> Needs {
        let settings = self.recipe.settings(conditions);
        let residence_s = manifest.path.residence_time_s(&settings);
        if !residence_s.is_finite() {
            return Needs::new();
        }
        let waits = match &self.spec.wait {
            WaitSpec::ResidenceTimes(factor) => *factor,
            WaitSpec::Steady(rule) => {
                0.5 * (rule.from_residence_times + rule.at_most_residence_times)
            }
        };
        let seconds = waits * residence_s
            + acquire::takes_s(&self.analysis, None)
            + self.analyses_s()
            + self.collects_s(manifest, &settings);
        flowing(&settings).map(|(pump, rate)| (pump, rate * seconds / 60.0)).collect()
    }

    /// What each pump may deliver in [`Procedure::prime`] \[µL\].
    pub fn priming_needs_ul(&self, manifest: &Manifest) -> Needs {
        if manifest.level == Level::Experiments {
            return Needs::new();
        }
        let filled = self.flushed(&self.spec.fill, 0.0);
        let pumps = manifest.pumps.iter().map(|info| {
            let taken = filled.iter().filter(|(pump, _)| *pump == info.name);
            let taken: f64 = taken.map(|(_, ul)| ul).sum();
            let at_most = |flush: &FlushSpec| flushes_at_most_ul(flush, &info.name);
            let (fill, blank) = (at_most(&self.spec.fill), at_most(&self.spec.blank));
            (info.name.clone(), fill.max(if blank > 0.0 { taken + blank } else { 0.0 }))
        });
        pumps.filter(|(_, ul)| *ul > 0.0).collect()
    }
}

/// The pumps that run, and their rates [µL/min].
fn flowing(settings: &Settings) -> impl Iterator<Item = (PumpId, f64)> {
    let rate = |(pump, rate): &(PumpId, crate::units::FlowRate)| (pump.clone(), rate.ul_per_min());
    settings.pumps.iter().map(rate).filter(|(_, rate)| *rate > 0.0)
}
