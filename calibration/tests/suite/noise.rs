//! What a run has in common, or has not.

use flowtwin_calibration::{calibrate, free};
use flowtwin_campaign::scenario::Scenario;

use crate::{EPSILON, anywhere, measured_at, scenario, specs};

/// Where runs have nothing in common, experiments are held out all the same.
#[test]
fn experiments_without_noise_are_held_out_too() {
    let mut definition = scenario("snar").definition();
    definition["noise"] = serde_json::json!({});
    let scenario = Scenario::recorded(&definition).unwrap();
    let keys = free(&scenario, &specs(&[EPSILON])).unwrap();
    let measured =
        measured_at(&scenario, (&keys, &[keys[0].start]), &anywhere(&scenario, 1)[..8], 1);
    let calibration = calibrate(&scenario, &keys, &measured).unwrap();
    assert!(calibration.held_out[0].r2 > 0.999, "{:?}", calibration.held_out);
}
