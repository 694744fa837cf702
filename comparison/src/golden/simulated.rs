//! Lists of conditions, measured in simulation.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_lab::queue::in_order;
use serde_json::{Value, json};

use super::cause::Cause;
use super::readings::{Block, of_blank, of_experiment};
use crate::listed::{listed, without};
use crate::snapshot::campaign;

/// What a list of conditions yields: the references, then each experiment; what failed is empty.
pub(crate) type Yield = Vec<Block>;

/// A list of conditions on the rig of a definition.
pub(crate) struct Simulated<'a> {
    /// The scenario.
    pub(crate) definition: &'a Value,
    /// The conditions, in order.
    pub(crate) conditions: &'a [Conditions],
}

/// One way to measure them.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Without noise, drift and mishaps, on a rig on which this has moved by this many steps.
    Moved(Option<(Cause, f64)>),
    /// Without noise and mishaps, but with the drift of its lights.
    Fading,
    /// With noise, with this seed, without mishaps.
    Noisy(u64),
}

impl Simulated<'_> {
    /// The journal of one way; none where the simulation fails.
    pub(crate) fn journal(&self, way: &Way) -> Option<Journal> {
        let mut definition = listed(self.definition, "golden", self.conditions);
        let mut seed = 1;
        if let Some(faults) = definition.get_mut("faults") {
            without(faults, &["scheduled", "random"]);
        }
        match way {
            Way::Moved(moved) => {
                without(&mut definition, &["noise"]);
                if let Some((cause, steps)) = moved {
                    cause.apply(&mut definition, steps * cause.step());
                }
            }
            Way::Fading => fading(&mut definition),
            Way::Noisy(own) => seed = *own,
        }
        let scenario = Scenario::recorded(&definition).ok()?;
        campaign(&scenario, seed, NonZeroUsize::MIN).ok().map(|(_, journal, _)| journal)
    }

    /// What each way yields, side by side on this many threads, in their order.
    pub(crate) fn all(&self, ways: &[Way], threads: NonZeroUsize) -> Vec<Option<Yield>> {
        in_order(ways.len(), threads, |i| self.journal(&ways[i]).map(|journal| yielded(&journal)))
    }
}

/// Takes all noise out of a definition but the drift of its lights and of the wavelengths of its spectrometers.
fn fading(definition: &mut Value) {
    let drifts = |table: &str, kept: &[&str]| -> serde_json::Map<String, Value> {
        let table = definition.pointer(table).and_then(Value::as_object);
        let drift = |(name, noise): (&String, &Value)| {
            let own = noise.as_object().into_iter().flatten();
            let own = own.filter(|(key, value)| kept.contains(&key.as_str()) && !value.is_null());
            let own = own.map(|(key, value)| (key.clone(), value.clone()));
            (name.clone(), own.collect::<serde_json::Map<_, _>>().into())
        };
        table.into_iter().flatten().map(drift).collect()
    };
    let lights = drifts("/noise/lights", &["drift_percent_per_h", "each_drift_percent_per_h"]);
    let spectrometers = drifts("/noise/spectrometers", &["wavelength_drift_nm_per_h"]);
    definition["noise"] = json!({ "lights": lights, "spectrometers": spectrometers });
}

/// What a journal of a list holds.
pub(crate) fn yielded(journal: &Journal) -> Yield {
    let blank = journal.blank().map(of_blank).unwrap_or_default();
    let good = |record: &ExperimentRecord| match record.fault {
        None => of_experiment(record),
        Some(_) => Block::new(),
    };
    [blank].into_iter().chain(journal.experiments().map(good)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drifts_goes_on_drifting_where_all_noise_is_taken_out() {
        let mut definition = json!({ "noise": {
            "shot": true,
            "lights": { "lamp": {
                "set_percent": 1.0, "drift_percent_per_h": 2.0, "each_drift_percent_per_h": [1.0, 0.0],
            } },
            "spectrometers": { "s": { "read_counts": 3.0, "wavelength_drift_nm_per_h": 0.1 } },
        } });
        fading(&mut definition);
        let expected = json!({
            "lights": { "lamp": {
                "drift_percent_per_h": 2.0, "each_drift_percent_per_h": [1.0, 0.0],
            } },
            "spectrometers": { "s": { "wavelength_drift_nm_per_h": 0.1 } },
        });
        assert_eq!(definition["noise"], expected);
    }
}
