//! Expected experiments against complete ones.
#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

mod ramps;

use std::path::Path;

use flowtwin_campaign::scenario::{Moment, Scenario, Simulated};
use flowtwin_lab::{Conditions, Observation, Outcome};

fn scenario(name: &str) -> Scenario {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    Scenario::load(&folder.join(format!("{name}.toml"))).unwrap()
}

/// Conditions in the box, all inputs at the same part of their range.
fn at(scenario: &Scenario, share: f64) -> Conditions {
    scenario.space().from_unit(&vec![share; scenario.space().dim()])
}

/// Complete experiments of one run, one after the other; without a seed those of a rig without noise.
fn complete(rig: Simulated<'_>, seed: Option<u64>, conditions: &[Conditions]) -> Vec<Observation> {
    let mut lab = seed.map_or_else(|| rig.noiseless_lab(), |seed| rig.lab(seed));
    let procedure = rig.procedure();
    let blank = procedure.prime(&mut lab).unwrap();
    conditions.iter().map(|at| procedure.run(&mut lab, &blank, at)).collect()
}

/// Two experiments of a run without noise: what is expected of each, and what is seen.
fn two(scenario: &Scenario) -> Vec<(Outcome, Observation)> {
    let rig = scenario.simulated().unwrap();
    let mut expected = rig.expected();
    let [first, second] = [at(scenario, 0.35), at(scenario, 0.6)];
    let seen = complete(rig, None, &[first.clone(), second.clone()]);
    let after = Moment { before: Some(&first), hours: 0.0 };
    let outcomes = [expected.outcome(&first), expected.at(&second, &after)];
    outcomes.into_iter().zip(seen).collect()
}

/// Every pixel, not only those that a feature needs, and the features are those of `at`. Frames are whole counts, which shows where there
/// is little light: so the mean over the pixels is held against each other.
#[test]
fn expected_spectra_are_those_of_a_complete_experiment_without_noise() {
    for name in ["cs3cu2i5", "snar", "quantum-dots"] {
        let scenario = scenario(name);
        let rig = scenario.simulated().unwrap();
        let mut expected = rig.expected();
        let [first, second] = [at(&scenario, 0.35), at(&scenario, 0.6)];
        let seen = complete(rig, None, &[first.clone(), second.clone()]).pop().unwrap().outcome;
        let after = Moment { before: Some(&first), hours: 0.0 };
        let outcome = expected.with_spectra(&second, &after);
        assert_eq!(outcome.features, expected.at(&second, &after).features, "{name}");
        assert!(expected.at(&second, &after).spectra.is_empty());
        assert_eq!(outcome.spectra.len(), seen.spectra.len(), "{name}");
        for (model, seen) in outcome.spectra.iter().zip(&seen.spectra) {
            assert_eq!((&model.name, &model.unit), (&seen.name, &seen.unit));
            assert_eq!(model.wavelengths_nm, seen.wavelengths_nm);
            let top = seen.values.iter().copied().fold(0.0, f64::max);
            let off = model.values.iter().zip(&seen.values).map(|(m, s)| (m - s).abs());
            let off = off.sum::<f64>() / (seen.values.len() as f64 * top);
            assert!(off < 2e-3, "{name}: {} is {off} of its highest value off", model.name);
        }
    }
}

/// Slugs, one liquid that disperses, streams that join, stirred tanks: without noise both are the same but for frames that
/// are whole counts, and for the seconds over which frames are taken.
#[test]
fn an_expected_experiment_is_a_complete_one_without_noise() {
    let rigs = [
        ("cs3cu2i5", "pli", 3e-3),
        ("lifelike-light", "pli", 3e-3),
        ("snar", "yellow", 5e-4),
        ("fading-coil", "colour", 3e-3),
        ("quantum-dots", "brightness", 5e-3),
        ("gas-liquid", "peroxide", 3e-3),
    ];
    for (name, feature, within) in rigs {
        let scenario = scenario(name);
        for (outcome, observed) in &two(&scenario) {
            let of = |name: &String| name == feature;
            let expected = outcome.features.iter().find(|(name, _)| of(name)).unwrap().1;
            let ratio = expected / observed.feature(feature).unwrap();
            assert!((ratio - 1.0).abs() < within, "{name}: {expected} is {ratio} of what is seen");
        }
    }
}

/// Samples of an analyser, with what the one before leaves in it, and the formulas of what it finds.
#[test]
fn what_analysers_and_sensors_tell_is_expected_too() {
    for name in ["claisen", "ester", "two-stage", "ester-equivalents"] {
        let scenario = scenario(name);
        for (outcome, observed) in &two(&scenario) {
            for (feature, expected) in &outcome.features {
                let seen = observed.feature(feature).unwrap();
                let near = (expected - seen).abs() < 3e-3 * seen.abs() + 1e-5;
                assert!(near, "{name}: {feature} {expected} expected, {seen} seen");
            }
        }
    }
}

/// A bottle fills over a run, of which a rig at rest knows no beginning: a level is missing there, not wrong.
#[test]
fn what_grows_over_a_run_is_not_expected() {
    let mut definition = scenario("ester").definition();
    definition["rig"]["sensors"]["waste"] =
        serde_json::json!({ "stretch": "outlet", "measures": { "level": { "begins_ml": 5.0 } } });
    let features = definition["analysis"]["features"].as_array_mut().unwrap();
    features
        .push(serde_json::json!({ "name": "bottle", "channel": "waste", "measure": "reading" }));
    let with_level = Scenario::recorded(&definition).unwrap();
    for (outcome, observed) in &two(&with_level) {
        assert!(observed.feature("bottle").unwrap() > 5.0);
        let expected = outcome.features.iter().find(|(name, _)| name == "bottle").unwrap().1;
        assert!(expected.is_nan(), "{expected} mL");
    }
}

/// Lights, pumps and plates that are not as the campaign believes are the same for both.
#[test]
fn a_rig_that_has_moved_is_expected_to_yield_what_it_yields() {
    let mut definition = scenario("cs3cu2i5").definition();
    definition["rig"]["lights"]["led"]["brightness_percent"] = 80.0.into();
    definition["rig"]["pumps"]["cui"]["delivers_percent"] = 110.0.into();
    definition["rig"]["heaters"]["plate"]["above_sensor_k"] = 4.0.into();
    let moved = Scenario::recorded(&definition).unwrap();
    let rig = moved.simulated().unwrap();
    let conditions = at(&moved, 0.4);
    let outcome = rig.expected().outcome(&conditions);
    let observed = &complete(rig, None, std::slice::from_ref(&conditions))[0];
    for (name, expected) in &outcome.features {
        let seen = observed.feature(name).unwrap();
        // Frames hold whole counts.
        let rounded = if name.starts_with("pli") { 0.3 } else { 0.0 };
        let near = (expected - seen).abs() < 5e-3 * seen + rounded;
        assert!(near, "{name}: {expected} expected, {seen} seen");
    }
}

/// A lamp that has faded since the blank makes liquids look darker than they are.
#[test]
fn a_lamp_is_held_against_the_blank_that_was_taken_before_it_faded() {
    let scenario = scenario("snar");
    let mut definition = scenario.definition();
    for light in definition["rig"]["lights"].as_object_mut().unwrap().values_mut() {
        light["brightness_percent"] = 90.0.into();
    }
    let moved = Scenario::recorded(&definition).unwrap();
    let (rig, faded) = (scenario.simulated().unwrap(), moved.simulated().unwrap());
    let conditions = at(&scenario, 0.4);
    let before = rig.expected();
    let expected = faded.expected().after_the_blank_of(&before).outcome(&conditions);
    let mut lab = faded.noiseless_lab();
    let blank = rig.procedure().prime(&mut rig.noiseless_lab()).unwrap();
    faded.procedure().prime(&mut lab).unwrap();
    let seen = faded.procedure().run(&mut lab, &blank, &conditions);
    for (name, expected) in &expected.features {
        let seen = seen.feature(name).unwrap();
        assert!((expected / seen - 1.0).abs() < 5e-3, "{name}: {expected} expected, {seen} seen");
    }
}

/// Nothing of an experiment that follows at once on another differs if lines and plates are as they would have been.
#[test]
fn tanks_at_rest_are_tanks_that_have_been_stirred_for_long() {
    let scenario = scenario("fading-tanks");
    let rig = scenario.simulated().unwrap();
    let conditions = at(&scenario, 0.5);
    let expected = rig.expected().outcome(&conditions).features[0].1;
    let observed = complete(rig, None, std::slice::from_ref(&conditions));
    let ratio = expected / observed[0].outcome.features[0].1;
    assert!((ratio - 1.0).abs() < 1e-3, "{ratio}");
}

/// Over seeds the mean of what is measured lies within three and a half standard errors of what is expected: six features,
/// one pair of experiments.
#[test]
fn what_is_expected_is_the_mean_of_many() {
    const SEEDS: u64 = 16;
    let scenario = scenario("cs3cu2i5");
    let rig = scenario.simulated().unwrap();
    let mut expected = rig.expected();
    let [first, second] = [at(&scenario, 0.5), at(&scenario, 0.4)];
    let sequence = [first.clone(), second.clone()];
    let runs: Vec<Observation> =
        (0..SEEDS).map(|seed| complete(rig, Some(seed), &sequence).remove(1)).collect();
    let hours = runs[0].ended.as_secs() / 3600.0;
    let outcome = expected.at(&second, &Moment { before: Some(&first), hours });
    for (name, expected) in &outcome.features {
        let values: Vec<f64> = runs.iter().map(|run| run.feature(name).unwrap()).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0);
        let off = (expected - mean) / (variance / n).sqrt();
        assert!(off.abs() < 3.5, "{name}: expected {expected}, mean {mean}, {off:.1} errors");
    }
}

/// Effects of light act on whole spectra: they ask for no slug, reaction or frame more than clean light does.
#[test]
fn effects_of_light_add_no_work_that_is_counted() {
    let work = |name: &str| {
        let scenario = scenario(name);
        let rig = scenario.simulated().unwrap();
        let mut lab = rig.lab(1);
        let procedure = rig.procedure();
        let blank = procedure.prime(&mut lab).unwrap();
        for share in [0.35, 0.6] {
            procedure.run(&mut lab, &blank, &at(&scenario, share));
        }
        lab.work()
    };
    let clean = work("cs3cu2i5");
    assert!(clean.frames >= 1200 && clean.reactions > 0, "{clean:?}");
    assert_eq!(work("lifelike-light"), clean);
}
