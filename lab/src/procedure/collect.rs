//! Fraction collectors: what leaves the rig goes into a vial of its experiment.

use serde::{Deserialize, Serialize};

use super::valves::turn;
use crate::fault::Fault;
use crate::id::ValveId;
use crate::lab::Lab;
use crate::manifest::{Manifest, ValveInfo};
use crate::settings::Settings;
use crate::time::Span;

/// Where the liquid of each experiment is collected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CollectSpec {
    /// The fraction collector, a valve of the rig through which no pump's way leads. Experiment 1 goes into the vial of its first position
    /// but `waste`, experiment 2 into that of the second one, and so on. Those for which there is no vial are not collected.
    pub valve: ValveId,
    /// Its position in which the liquid goes to waste: before a vial, and after it.
    pub waste: String,
    /// How much goes into a vial \[µL\].
    pub volume_ul: f64,
    /// Volume of the tube from the last flow cell to the collector, which passes first \[µL\].
    pub behind_ul: f64,
}

impl CollectSpec {
    /// The vials, in the order of their experiments.
    pub fn vials<'a>(&'a self, manifest: &'a Manifest) -> impl Iterator<Item = &'a str> {
        let positions = self.collector(manifest).into_iter().flat_map(|valve| &valve.positions);
        positions.map(|position| position.name.as_str()).filter(|name| *name != self.waste)
    }

    /// How long the liquid must go on flowing for a vial \[s\], the two turns of the collector included.
    pub(super) fn flows_s(&self, manifest: &Manifest, settings: &Settings) -> f64 {
        let turns_s = self.collector(manifest).map_or(0.0, |valve| valve.turns_s);
        60.0 * (self.behind_ul + self.volume_ul) / settings.total_ul_per_min() + 2.0 * turns_s
    }

    fn collector<'a>(&self, manifest: &'a Manifest) -> Option<&'a ValveInfo> {
        manifest.valve(&self.valve)
    }

    /// Lets everything go to waste.
    pub(super) fn to_waste(&self, lab: &mut dyn Lab) -> Result<(), Fault> {
        self.turn(lab, &self.waste)
    }

    /// Fills a vial from liquid that is in the last flow cell now; `into` becomes its name once something may get into it.
    pub(super) fn fill(
        &self,
        lab: &mut dyn Lab,
        settings: &Settings,
        vial: &str,
        into: &mut Option<String>,
    ) -> Result<(), Fault> {
        let takes = |ul: f64| Span::from_secs(60.0 * ul / settings.total_ul_per_min());
        lab.wait(takes(self.behind_ul))?;
        *into = Some(vial.to_owned());
        self.turn(lab, vial)?;
        lab.wait(takes(self.volume_ul))?;
        self.turn(lab, &self.waste)
    }

    fn turn(&self, lab: &mut dyn Lab, position: &str) -> Result<(), Fault> {
        let Some(valve) = self.collector(lab.manifest()).cloned() else { return Ok(()) };
        turn(lab, &[(valve, position.to_owned())])
    }
}
