//! What a run has in common, or has not.

use flowtwin_calibration::{calibrate, free};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Conditions, Streams};

use crate::{EPSILON, measured_at, scenario, specs};

/// Conditions anywhere in the space.
fn points(scenario: &Scenario, seed: u64) -> Vec<Conditions> {
    let (space, mut draws) = (scenario.space(), Streams::new(seed).open("anywhere", 0));
    let any = std::iter::repeat_with(|| {
        let unit: Vec<f64> = (0..space.dim()).map(|_| draws.uniform()).collect();
        space.from_unit(&unit)
    });
    any.filter(|at| space.contains(at)).take(20).collect()
}

/// Where runs have nothing in common, experiments are held out all the same.
#[test]
fn experiments_without_noise_are_held_out_too() {
    let mut definition = scenario("snar").definition();
    definition["noise"] = serde_json::json!({});
    let scenario = Scenario::recorded(&definition).unwrap();
    let keys = free(&scenario, &specs(&[EPSILON])).unwrap();
    let measured = measured_at(&scenario, (&keys, &[keys[0].start]), &points(&scenario, 1)[..8], 1);
    let calibration = calibrate(&scenario, &keys, &measured).unwrap();
    assert!(calibration.held_out[0].r2 > 0.999, "{:?}", calibration.held_out);
}
