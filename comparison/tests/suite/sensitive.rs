//! Keys whose change no snapshot would notice are listed.

use std::num::NonZeroUsize;

use flowtwin_comparison::{Found, Sensitivity};

use crate::support::{file, folder};

#[test]
fn a_key_that_nothing_reads_is_listed_and_one_that_matters_is_not() {
    let dir = folder("sensitive");
    // The guard's limit is far from anything that happens: no record shows its value.
    let body = "[[phases]]\nname = \"two\"\npolicy = \"lhs\"\nexperiments = 2\n";
    let path = file(&dir, "two.toml", "dye-mixing.toml", body);
    let scenario = flowtwin_campaign::scenario::Scenario::load(&path).unwrap();
    let found = Sensitivity::of(&[scenario], 1.0, NonZeroUsize::MIN);
    let of = |key: &str| found.keys.iter().find(|moved| moved.key == key).unwrap();
    assert_eq!(of("seed").scenarios[0].1, Found::Noticed);
    assert!(of("guard.max_total_ul_per_min").is_unnoticed(), "{}", found.text());
    let noticed = found.keys.iter().filter(|moved| !moved.is_unnoticed()).count();
    assert!(noticed > 40, "{noticed} of {}", found.keys.len());
    assert!(found.unexercised.mishaps.iter().any(|name| name == "stall"), "{}", found.text());
    assert!(found.unexercised.flags.iter().any(|name| name == "saturated"), "{}", found.text());
    assert!(found.unexercised.phases.is_empty(), "{}", found.text());
}
