//! Lists of conditions, measured in simulation.

use std::num::NonZeroUsize;

use flowtwin_campaign::campaign::MOST_FILLED_ML;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Conditions;
use flowtwin_lab::journal::{ExperimentRecord, Journal};
use flowtwin_lab::queue::in_order;
use flowtwin_sim::spec::LARGEST_SYRINGE_ML;
use serde_json::{Value, json};

use super::cause::Cause;
use super::readings::{Block, of_blank, of_experiment};
use crate::listed::{listed, without};
use crate::snapshot::campaign;

/// The first of the seeds of simulations, far from those that people choose.
pub(crate) const FIRST_SEED: u64 = 7_000_001;

/// What a list of conditions yields: the references, then each experiment; what failed is empty.
pub(crate) type Yield = Vec<Block>;

/// A list of conditions on the rig of a definition.
pub(crate) struct Simulated<'a> {
    /// The scenario.
    pub(crate) definition: &'a Value,
    /// The conditions, in order.
    pub(crate) conditions: &'a [Conditions],
}

/// One way to measure them, always without mishaps, with a seed.
///
/// Slugs differ from each other in all of them. A train of equal slugs would beat with the frames of the spectrometers, and a flow that
/// changes a little would change that beat: a reading would seem to show what no rig shows.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// Without other noise and drift, on a rig on which this has moved by this many steps.
    Moved(Option<(Cause, f64)>, u64),
    /// Without other noise, but with the drift of lights and wavelengths.
    Fading(u64),
    /// Without other noise and drift, but with the ripple of one pump.
    Rippling(String, u64),
    /// With all noise but what a pump has in common all over a run: its bias and its ripple.
    Unbiased(u64),
}

/// Seeds whose mean smooths what slugs differ by; one where nothing is random.
pub(crate) fn seeds(definition: &Value, many: u64) -> impl Iterator<Item = u64> + Clone + use<> {
    let slugs = definition.pointer("/noise/slugs").and_then(Value::as_object);
    let differ = slugs.is_some_and(|all| all.values().any(|by| by.as_f64() != Some(0.0)));
    FIRST_SEED..FIRST_SEED + if differ { many } else { 1 }
}

impl Simulated<'_> {
    /// The journal of one way; none where the simulation fails.
    pub(crate) fn journal(&self, way: &Way) -> Option<Journal> {
        let mut definition = listed(self.definition, "golden", self.conditions);
        if let Some(faults) = definition.get_mut("faults") {
            without(faults, &["scheduled", "random"]);
        }
        full(&mut definition);
        let slugs = definition.pointer("/noise/slugs").cloned().unwrap_or_else(|| json!({}));
        let seed = match way {
            Way::Moved(moved, seed) => {
                definition["noise"] = json!({ "slugs": slugs });
                if let Some((cause, steps)) = moved {
                    cause.apply(&mut definition, steps * cause.step());
                }
                seed
            }
            Way::Fading(seed) => {
                fading(&mut definition);
                definition["noise"]["slugs"] = slugs;
                seed
            }
            Way::Rippling(pump, seed) => {
                let ripple = ripple(&definition, pump);
                definition["noise"] =
                    json!({ "slugs": slugs, "pumps": { "each": { pump.as_str(): ripple } } });
                seed
            }
            Way::Unbiased(seed) => {
                unbiased(&mut definition);
                seed
            }
        };
        let scenario = Scenario::recorded(&definition).ok()?;
        campaign(&scenario, *seed, NonZeroUsize::MIN).ok().map(|(_, journal, _)| journal)
    }

    /// What each way yields, side by side on this many threads, in their order.
    pub(crate) fn all(&self, ways: &[Way], threads: NonZeroUsize) -> Vec<Option<Yield>> {
        in_order(ways.len(), threads, |i| self.journal(&ways[i]).map(|journal| yielded(&journal)))
    }
}

/// Fills every syringe as much as the largest one holds, and nobody keeps count of bottles: on the rig somebody fills them, or has
/// filled them in mid-run.
fn full(definition: &mut Value) {
    let pumps = definition.pointer_mut("/rig/pumps").and_then(Value::as_object_mut);
    for pump in pumps.into_iter().flat_map(|pumps| pumps.values_mut()) {
        match pump.get_mut("refill").and_then(Value::as_object_mut) {
            Some(refill) => drop(refill.remove("bottle_ml")),
            None => {
                let most = match pump.get("continuous") {
                    Some(head) if !head.is_null() => MOST_FILLED_ML,
                    _ => LARGEST_SYRINGE_ML,
                };
                pump["fill_ml"] = json!(most);
            }
        }
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

/// What is noise of a pump and the same all over a run.
const RIPPLES: [&str; 2] = ["ripple_percent", "second_ripple_percent"];
const BIAS: &str = "bias_percent";

/// The ripple of one pump: its own where it has one, else that of all.
pub(crate) fn ripple(definition: &Value, pump: &str) -> Value {
    let pumps = definition.pointer("/noise/pumps");
    let of = |key: &str| -> f64 {
        let own = pumps.and_then(|all| all["each"][pump][key].as_f64());
        own.or_else(|| pumps?[key].as_f64()).unwrap_or(0.0)
    };
    RIPPLES.iter().map(|key| ((*key).to_owned(), of(key))).collect()
}

/// Takes bias and ripple of all pumps out of a definition.
fn unbiased(definition: &mut Value) {
    let Some(pumps) = definition.pointer_mut("/noise/pumps") else { return };
    let take = |pump: &mut Value| without(pump, &[RIPPLES[0], RIPPLES[1], BIAS]);
    take(pumps);
    let each = pumps.get_mut("each").and_then(Value::as_object_mut);
    each.into_iter().flat_map(|each| each.values_mut()).for_each(take);
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

    /// A run whose syringes were filled in mid-run had no golden run: "the simulation does not get through".
    #[test]
    fn a_list_that_empties_the_syringes_is_simulated_to_its_end() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/dye-mixing.toml");
        let scenario = Scenario::load(std::path::Path::new(path)).unwrap();
        let mut definition = scenario.definition();
        for pump in definition["rig"]["pumps"].as_object_mut().unwrap().values_mut() {
            pump["fill_ml"] = json!(3.0);
        }
        let conditions = vec![scenario.space().centre(); 12];
        let list = Simulated { definition: &definition, conditions: &conditions };
        let journal = list.journal(&Way::Unbiased(FIRST_SEED)).unwrap();
        assert!(journal.experiments().all(|it| it.fault.is_none()));
        assert_eq!(yielded(&journal).iter().filter(|block| !block.is_empty()).count(), 13);
    }

    #[test]
    fn a_pump_has_its_own_ripple_or_that_of_all_and_can_be_without_it() {
        let mut definition = json!({ "noise": { "pumps": {
            "bias_percent": 0.3, "ripple_percent": 1.0, "jitter_percent": 0.4,
            "each": { "a": { "ripple_percent": 2.0, "jitter_s": 9.0 } },
        } } });
        let of = |ripple: f64| json!({ "ripple_percent": ripple, "second_ripple_percent": 0.0 });
        assert_eq!(ripple(&definition, "a"), of(2.0));
        assert_eq!(ripple(&definition, "b"), of(1.0));
        assert_eq!(ripple(&json!({}), "b"), of(0.0));
        unbiased(&mut definition);
        let left = json!({ "jitter_percent": 0.4, "each": { "a": { "jitter_s": 9.0 } } });
        assert_eq!(definition["noise"]["pumps"], left);
    }

    #[test]
    fn one_seed_is_enough_where_slugs_are_alike() {
        let of = |percent: f64| json!({ "noise": { "slugs": { "volume_percent": percent } } });
        assert_eq!(seeds(&of(2.0), 4).count(), 4);
        assert_eq!(seeds(&of(0.0), 4).count(), 1);
        assert_eq!(seeds(&json!({}), 4).count(), 1);
    }
}
