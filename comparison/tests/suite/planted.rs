//! Planted changes are all named; changes of last bits alone are seen by the exact strength only.

use std::num::NonZeroUsize;

use flowtwin_campaign::scenario::{Scenario, SnapshotSpec};
use flowtwin_comparison::{Explanation, beyond_tolerance};

use crate::changes;
use crate::support::{folder, quickly, short, side};

#[test]
fn every_planted_key_is_told_and_explained() {
    let dir = folder("planted");
    let before = side(&short(&dir, "a.toml", ""));
    for (place, (key, body)) in changes::KEYS.iter().enumerate() {
        let after = side(&short(&dir, &format!("{place}.toml"), body));
        let found = quickly(&before, &after);
        assert!(!found.equal, "{key}");
        let told = found.keys.as_ref().unwrap().iter().any(|change| change.key == *key);
        assert!(told, "{key}: {:?}", found.keys);
        let why = Explanation::of(&before, &after, NonZeroUsize::MIN).unwrap();
        assert!(why.names(key), "{key}: {}", why.text());
    }
}

#[test]
fn planted_changes_of_the_program_are_told_with_no_key() {
    let dir = folder("planted-program");
    let scenario = short(&dir, "a.toml", "");
    let plain = changes::run(&scenario, changes::Change::None);
    for change in [changes::Change::RoundedRates, changes::Change::OtherTies] {
        let changed = changes::run(&scenario, change);
        let found = quickly(&plain, &changed);
        assert!(!found.equal, "{change:?}");
        assert!(found.keys.as_ref().unwrap().is_empty(), "{change:?}");
        assert!(!beyond_tolerance(&found, &SnapshotSpec::default()).is_empty(), "{change:?}");
    }
}

#[test]
fn last_bits_are_seen_by_the_exact_strength_alone() {
    let dir = folder("last-bits");
    let scenario = short(&dir, "a.toml", "");
    let plain = changes::run(&scenario, changes::Change::None);
    for bits in changes::LAST_BITS {
        let changed = changes::run(&scenario, changes::Change::LastBits(bits));
        let found = quickly(&plain, &changed);
        assert!(!found.equal, "{bits}");
        let beyond = beyond_tolerance(&found, &SnapshotSpec::default());
        assert!(beyond.is_empty(), "{bits}: {beyond:?}");
    }
}

/// Refactorings change last bits anywhere in the model: what is computed with them is the same within tolerances.
#[test]
fn last_bits_of_the_model_pass_at_numeric_strength() {
    let dir = folder("last-bits-of-the-model");
    let scenario = short(&dir, "a.toml", "");
    let plain = side(&scenario);
    let keys = [
        "/chemistry/product/growth/rate_per_s",
        "/chemistry/product/growth/activation_kj_per_mol",
        "/chemistry/product/nucleation/rate_per_s",
        "/optics/counts_scale",
        "/optics/scatter/slug",
        "/rig/mixing/flow_ul_per_min",
        "/rig/ambient_c",
        "/rig/streams/cs/cold_ul",
        "/rig/streams/cs/radial_enhancement",
        "/rig/tube/0/volume_ul",
    ];
    let mut parted = 0;
    for key in keys {
        let mut definition = scenario.definition();
        let value = definition.pointer_mut(key).unwrap_or_else(|| panic!("{key}"));
        *value = (value.as_f64().unwrap() * (1.0 + f64::EPSILON)).into();
        let found = quickly(&plain, &side(&Scenario::recorded(&definition).unwrap()));
        parted += u32::from(found.parting.is_some());
        let beyond = beyond_tolerance(&found, &SnapshotSpec::default());
        assert!(beyond.is_empty(), "{key}: {beyond:?}");
    }
    // Light is counted in whole numbers, which hide most last bits.
    assert!(parted > 0, "none of {} reaches a record", keys.len());
}
