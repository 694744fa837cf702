//! The scorecard distinguishes a wrong model from the right one: mutants of kinetics, mixing, optics and noise, each a few keys of
//! the scenario, and the claim that catches each of them.
#![expect(clippy::unwrap_used, reason = "tests")]

use flowtwin_campaign::scenario::Scenario;
use flowtwin_study::paper::{self, Claim, Facts, Part, Rigs, Seed};
use serde_json::{Value, json};

/// Rigs on which each claim is judged: chance may affect one, but a mutant affects both.
const RIGS: u64 = 2;

/// A model that is wrong.
struct Mutant {
    /// What is wrong.
    what: &'static str,
    /// Where in the scenario, and what stands there instead.
    keys: Vec<(&'static str, Value)>,
    /// The study that shows it.
    part: Part,
    /// The claim that catches it.
    caught_by: &'static str,
}

fn mutant(
    what: &'static str,
    keys: &[(&'static str, f64)],
    part: Part,
    caught_by: &'static str,
) -> Mutant {
    let keys = keys.iter().map(|(key, value)| (*key, json!(value))).collect();
    Mutant { what, keys, part, caught_by }
}

fn kinetics() -> Vec<Mutant> {
    vec![
        mutant(
            "nucleation a quarter as fast",
            &[("/chemistry/product/nucleation/rate_per_s", 0.025)],
            Part::Time,
            "M03",
        ),
        mutant(
            "the late decay has half its activation energy",
            &[("/chemistry/product/quality/6/decay/activation_kj_per_mol", 60.0)],
            Part::Grid,
            "G08.drop",
        ),
        mutant(
            "the yield matures three times as slowly",
            &[("/chemistry/product/quality/4/maturation/rate_per_s", 0.043)],
            Part::Time,
            "M04.best",
        ),
        mutant(
            "the best ratio of Cs to Cu lies five times as high",
            &[("/chemistry/product/yield/3/ratio_optimum/at", 15.0)],
            Part::Grid,
            "G01.abs",
        ),
        mutant(
            "the amine does not inhibit emission",
            &[("/chemistry/product/quality/3/inhibition/half_mm", 1e5)],
            Part::Grid,
            "G05.pli",
        ),
        mutant(
            "the best of the ligand lies beyond the grid",
            &[("/chemistry/product/quality/2/optimum/at_mm", 500.0)],
            Part::Grid,
            "G03.pli",
        ),
        mutant(
            "the second population is made up to 140 °C",
            &[("/chemistry/populations/b/midpoint_c", 130.0)],
            Part::Grid,
            "G06.130",
        ),
    ]
}

fn mixing() -> Vec<Mutant> {
    vec![
        mutant(
            "slugs mix as well at low flow",
            &[("/rig/mixing/flow_ul_per_min", 100.0)],
            Part::Flow,
            "M01.pli",
        ),
        mutant(
            "mixing still limits at the highest flow",
            &[("/rig/mixing/flow_ul_per_min", 520.0)],
            Part::Flow,
            "M02.600",
        ),
        mutant(
            "mixing comes with the flow itself",
            &[("/rig/mixing/power", 1.0)],
            Part::Flow,
            "M02.step",
        ),
        mutant(
            "lines hardly disperse",
            &[
                ("/rig/streams/cu/radial_enhancement", 100.0),
                ("/rig/streams/cs/radial_enhancement", 100.0),
            ],
            Part::Steps,
            "R02.42",
        ),
    ]
}

fn optics() -> Vec<Mutant> {
    vec![
        mutant(
            "the exciton emits at 460 nm",
            &[("/optics/emission/0/peak_nm", 460.0)],
            Part::Grid,
            "G00",
        ),
        mutant(
            "the band at 380 nm does not come from the oleic acid with Cs",
            &[("/optics/emission/1/scale", 0.0)],
            Part::Grid,
            "G01.380",
        ),
        mutant(
            "the second population hardly emits",
            &[("/optics/emission/2/scale", 0.005)],
            Part::Grid,
            "G06.110",
        ),
    ]
}

fn noise() -> Vec<Mutant> {
    vec![
        mutant(
            "pumps without ripple",
            &[("/noise/pumps/ripple_percent", 0.1)],
            Part::Continuous,
            "R05.abs",
        ),
        mutant(
            "pumps ripple twice as much",
            &[("/noise/pumps/ripple_percent", 2.1)],
            Part::Continuous,
            "R05.abs",
        ),
        mutant(
            "the diode drifts ten times as fast",
            &[("/noise/lights/led/drift_percent_per_h", 3.0)],
            Part::Continuous,
            "R05.pli",
        ),
        mutant(
            "pumps stray five times as much for a minute at a time",
            &[("/noise/pumps/jitter_percent", 2.0), ("/noise/pumps/jitter_s", 60.0)],
            Part::Replicates,
            "R06.pli",
        ),
        mutant(
            "the window of the absorbance cell does not move",
            &[("/noise/window/offset_au", 0.0)],
            Part::Replicates,
            "R06.abs",
        ),
    ]
}

fn changed(scenario: &Scenario, mutant: &Mutant) -> Scenario {
    let mut file = serde_json::to_value(scenario.file()).unwrap();
    for (key, value) in &mutant.keys {
        let place = file.pointer_mut(key).unwrap_or_else(|| panic!("no key {key}"));
        assert_ne!(place, value, "{key} stands there already");
        *place = value.clone();
    }
    Scenario::recorded(&file).unwrap_or_else(|error| panic!("{}: {error}", mutant.what))
}

fn seeds(scenario: &Scenario, parts: &[Part]) -> Vec<Seed> {
    let rigs = Rigs::new(scenario.simulated().unwrap()).unwrap();
    (1..=RIGS).map(|seed| rigs.parts(seed, parts).unwrap()).collect()
}

fn claim(id: &str) -> Claim {
    paper::claims().into_iter().find(|c| c.id == id).unwrap_or_else(|| panic!("no claim {id}"))
}

/// Whether the number lies where the claim wants it, and the number. With two rigs intervals are wide, and say nothing.
fn holds(claim: &Claim, facts: &Facts, seeds: &[Seed]) -> (bool, f64) {
    let verdict = claim.verdict(facts, seeds);
    (verdict.pass || verdict.open, verdict.simulated)
}

fn caught(mutants: &[Mutant]) {
    let scenario = paper::scenario().unwrap();
    let facts = Facts::default();
    let mut parts: Vec<Part> = mutants.iter().map(|m| m.part).collect();
    parts.dedup();
    let right = seeds(&scenario, &parts);
    for mutant in mutants {
        let claim = claim(mutant.caught_by);
        let (held, number) = holds(&claim, &facts, &right);
        assert!(held, "{} fails without a mutant: {number}", claim.id);
        let wrong = seeds(&changed(&scenario, mutant), &[mutant.part]);
        let (held, number) = holds(&claim, &facts, &wrong);
        println!("{}: {} says {number}", mutant.what, claim.id);
        assert!(!held, "{}: {} holds all the same, {number}", mutant.what, claim.id);
    }
}

#[test]
fn wrong_kinetics_are_caught() {
    caught(&kinetics());
}

#[test]
fn wrong_mixing_is_caught() {
    caught(&mixing());
}

#[test]
fn wrong_optics_are_caught() {
    caught(&optics());
}

#[test]
fn wrong_noise_is_caught() {
    caught(&noise());
}
