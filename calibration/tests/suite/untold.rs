//! Keys that cannot be told, beside keys that can.

use flowtwin_calibration::{calibrate, free};

use crate::{EPSILON, anywhere, measured_at, scenario, specs};

/// What cannot be told takes nothing from what can: a key beside a pair of which only the product acts, and beside one on which nothing
/// depends, keeps its interval.
#[test]
fn a_key_keeps_its_interval_beside_keys_that_cannot_be_told() {
    let scenario = scenario("cs3cu2i5");
    let points = anywhere(&scenario, 2);
    let fitted = |others: &[&str]| {
        let keys = [&[EPSILON, "optics.counts_scale"], others].concat();
        let keys = free(&scenario, &specs(&keys)).unwrap();
        let truth: Vec<f64> = keys.iter().map(|key| key.start).collect();
        let measured = measured_at(&scenario, (&keys, &truth), &points, 5);
        calibrate(&scenario, &keys, &measured).unwrap()
    };
    let alone = fitted(&[]);
    let width = alone.parameters[0].high - alone.parameters[0].low;
    for other in ["rig.lights.led.brightness_percent", "rig.streams.cu.radial_enhancement"] {
        let beside = fitted(&[other]);
        let (one, two) = (&alone.parameters[0], &beside.parameters[0]);
        assert!(beside.parameters[2].value.is_none(), "{:?}", beside.parameters[2]);
        assert!(two.identifiable, "{other}: {two:?}");
        let near = |a: f64, b: f64| (a - b).abs() < 0.15 * width;
        assert!(near(one.low, two.low) && near(one.high, two.high), "{other}: {one:?} {two:?}");
    }
}
