//! Instruments that take samples find what has been made.

use std::sync::Arc;

use flowtwin_lab::{
    Command, Fault, FaultKind, FlowRate, Lab as _, Reply, Span, Streams, Temperature, Volume, math,
};
use flowtwin_sim::spec::World;
use flowtwin_sim::{Plan, SimLab};

use crate::support::world_of;

const CLAISEN: &str = "claisen";

fn lab(world: &World) -> SimLab {
    SimLab::new(Arc::new(Plan::new(world).unwrap()), Streams::new(3))
}

/// The rig at 200 °C with these rates, at steady state.
fn steady(world: &World, rates: [f64; 2]) -> SimLab {
    let mut lab = lab(world);
    let set_point_c = Temperature::from_c(200.0);
    lab.send(&Command::Heat { heater: "oven".into(), set_point_c }).unwrap();
    lab.wait(Span::from_secs(1800.0)).unwrap();
    pump(&mut lab, rates);
    let residence_s = 60.0 * 2060.0 / (rates[0] + rates[1]);
    lab.wait(Span::from_secs(2.0 * residence_s)).unwrap();
    lab
}

fn pump(lab: &mut SimLab, rates: [f64; 2]) {
    for (pump, rate) in ["methanol", "glycol"].into_iter().zip(rates) {
        let pump = pump.into();
        let (rate_ul_per_min, at_most_ul) = (FlowRate::from_ul_per_min(rate), Volume::from_ul(4e4));
        lab.send(&Command::Dispense { pump, rate_ul_per_min, at_most_ul }).unwrap();
    }
}

fn inject(lab: &mut SimLab) -> Result<Span, Fault> {
    let now = lab.now();
    match lab.send(&Command::Inject { analyser: "hplc".into() })? {
        Reply::Ready(at) => Ok(at.since(now)),
        other => panic!("{other:?}"),
    }
}

fn results(lab: &mut SimLab) -> Result<Vec<f64>, Fault> {
    match lab.send(&Command::Results { analyser: "hplc".into() })? {
        Reply::Results(found) => Ok(found),
        other => panic!("{other:?}"),
    }
}

/// Two products, the starting material [mM].
fn analysed(lab: &mut SimLab) -> Vec<f64> {
    let takes = inject(lab).unwrap();
    lab.wait(takes).unwrap();
    results(lab).unwrap()
}

fn quiet() -> World {
    let mut world = world_of(CLAISEN);
    world.noise = Default::default();
    world.rig.analysers.get_mut("hplc").unwrap().carry_over_percent = 0.0;
    world
}

/// First order in a coil: c = c₀ exp(−Σk t), and products as their constants.
#[test]
fn an_analyser_finds_what_the_kinetics_made() {
    let mut lab = steady(&quiet(), [150.0, 50.0]);
    let found = analysed(&mut lab);
    let share: f64 = 0.25;
    let k2 = 2.10e-4 * math::exp(1.50 * share + 0.21 * share * share);
    let k3 = 1.70e-4 * math::exp(2.12 * share - 0.10 * share * share);
    let all = k2 + k3 + 4.67e-4;
    let left = math::exp(-all * 600.0);
    let expected =
        [k3 / all * (1.0 - left), k2 / all * (1.0 - left), left].map(|fraction| 100.0 * fraction);
    for (found, expected) in found.iter().zip(expected) {
        assert!((found / expected - 1.0).abs() < 0.02, "{found} mM for {expected}");
    }
}

#[test]
fn an_analyser_takes_one_sample_at_a_time_and_tells_of_the_moment_it_was_taken() {
    let mut lab = steady(&quiet(), [150.0, 50.0]);
    let is_busy = |fault: Fault| fault.kind == FaultKind::NotReady;
    assert!(results(&mut lab).is_err_and(is_busy));
    let takes = inject(&mut lab).unwrap();
    assert!((takes.as_secs() - 360.0).abs() < 1e-9);
    assert!(inject(&mut lab).is_err_and(is_busy) && results(&mut lab).is_err_and(is_busy));
    // What flows meanwhile does not change what was taken.
    let mut other = lab.clone();
    pump(&mut other, [50.0, 450.0]);
    for lab in [&mut lab, &mut other] {
        lab.wait(takes).unwrap();
    }
    assert_eq!(results(&mut lab).unwrap(), results(&mut other).unwrap());
    assert!(results(&mut lab).is_err_and(is_busy));
}

#[test]
fn what_lies_below_the_limit_of_detection_is_not_found_and_samples_carry_over() {
    let mut world = quiet();
    let analyser = world.rig.analysers.get_mut("hplc").unwrap();
    analyser.carry_over_percent = 10.0;
    analyser.peaks[0].detects_mm = 50.0;
    let mut lab = steady(&world, [150.0, 50.0]);
    let (first, second) = (analysed(&mut lab), analysed(&mut lab));
    assert!(first[0].abs() < 1e-12 && second[0].abs() < 1e-12, "{first:?}");
    // The first sample follows on nothing.
    assert!((second[2] / first[2] - 1.1).abs() < 1e-3, "{first:?} {second:?}");
}

/// Spread of repeated injections, and an error of calibration that stays.
#[test]
fn an_analyser_errs_as_its_noise_says() {
    let mut world = quiet();
    world.noise.analysers = world_of(CLAISEN).noise.analysers;
    let noise = world.noise.analysers.get_mut("hplc").unwrap();
    (noise.injection_percent, noise.baseline_mm, noise.calibration_percent) = (2.0, 0.0, 0.0);
    let mut lab = steady(&world, [60.0, 20.0]);
    let found: Vec<f64> = (0..40).map(|_| analysed(&mut lab)[2]).collect();
    let mean = found.iter().sum::<f64>() / 40.0;
    let variance = found.iter().map(|mm| (mm - mean) * (mm - mean)).sum::<f64>() / 39.0;
    let spread = 100.0 * variance.sqrt() / mean;
    assert!((1.4..2.6).contains(&spread), "{spread} %");
}
