//! Other rigs and other chemistry by file alone: nothing in the code knows iodide, or counts to
//! seven.

use std::sync::Arc;

use flowtwin_lab::{
    Command, Exposure, FlowRate, Frames, Lab as _, Reply, Span, Streams, Temperature, Volume,
    conformance, math,
};
use flowtwin_sim::{Plan, SimLab};

use crate::support::world_of;

const DYES: &str = "dye-mixing";
const GREEN: &str = "cspbbr3";
const AMINATION: &str = "snar";

/// The lab of a scenario, without noise.
fn quiet(scenario: &str) -> SimLab {
    let world = world_of(scenario);
    SimLab::new(Arc::new(Plan::new(&world).unwrap().noiseless()), Streams::new(1))
}

fn dispense(lab: &mut SimLab, pump: &str, rate: f64) {
    let command = Command::Dispense {
        pump: pump.into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(rate),
        at_most_ul: Volume::from_ul(1e5),
    };
    lab.send(&command).unwrap();
}

fn take(lab: &mut SimLab, spectrometer: &str, frames: u32) -> Frames {
    let exposure = Exposure { integration_us: 20_000, frames };
    let Reply::Ready(at) =
        lab.send(&Command::Arm { spectrometer: spectrometer.into(), exposure }).unwrap()
    else {
        panic!("never ready");
    };
    lab.wait_until(at).unwrap();
    match lab.send(&Command::Fetch { spectrometer: spectrometer.into() }).unwrap() {
        Reply::Frames(frames) => frames,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_world_conforms() {
    for scenario in [DYES, GREEN, AMINATION, "claisen"] {
        conformance::check(&mut quiet(scenario), None).unwrap();
    }
}

/// Beer and Lambert: two dyes three to one, through 1.6 mm.
#[test]
fn dyes_absorb_in_proportion_to_their_flows() {
    let mut lab = quiet(DYES);
    dispense(&mut lab, "blue", 300.0);
    dispense(&mut lab, "red", 100.0);
    dispense(&mut lab, "oil", 400.0);
    lab.wait(Span::from_secs(300.0)).unwrap();
    lab.send(&Command::Light { light: "white".into(), on: true }).unwrap();
    let frames = take(&mut lab, "colour", 200);
    let at = |pixel: usize| {
        let least = frames.iter().map(|frame| frame[pixel]).min().unwrap();
        let most = frames.iter().map(|frame| frame[pixel]).max().unwrap();
        -math::log10((f64::from(least) - 64.0) / (f64::from(most) - 64.0))
    };
    // 664 nm is pixel 220, 520 nm pixel 100
    let blue = 74_000.0 * 0.16 * 0.05e-3 * 0.75;
    let red = 22_000.0 * 0.16 * 0.15e-3 * 0.25;
    assert!((at(220) / blue - 1.0).abs() < 0.03, "{} against {blue}", at(220));
    assert!((at(100) / red - 1.0).abs() < 0.03, "{} against {red}", at(100));
}

#[test]
fn green_crystals_form_on_two_plates_and_emit_at_515_nm() {
    let mut lab = quiet(GREEN);
    for (heater, celsius) in [("warm", 60.0), ("hot", 80.0)] {
        let set_point_c = Temperature::from_c(celsius);
        lab.send(&Command::Heat { heater: heater.into(), set_point_c }).unwrap();
    }
    lab.wait(Span::from_secs(1200.0)).unwrap();
    for (pump, rate) in [
        ("pbbr2", 50.0),
        ("ligand", 20.0),
        ("toluene", 30.0),
        ("cs", 50.0),
        ("fluorocarbon", 150.0),
    ] {
        dispense(&mut lab, pump, rate);
    }
    lab.wait(Span::from_secs(500.0)).unwrap();
    lab.send(&Command::Light { light: "uv".into(), on: true }).unwrap();
    let frames = take(&mut lab, "fluorescence", 200);
    // the slug is where scatter at 365 nm (pixel 41) is least
    let slug = frames.iter().min_by_key(|frame| frame[41]).unwrap();
    let brightest = (150..500).max_by_key(|&pixel| slug[pixel]).unwrap();
    let nm = 338.0 + 0.65 * brightest as f64 - 1e-5 * (brightest * brightest) as f64;
    assert!((nm - 515.0).abs() < 3.0, "{nm} nm");
    assert!(slug[brightest] > 1400, "{} counts", slug[brightest]);
}

/// Absorbance at 500 nm in the middle of a slug of the amination, at steady state.
fn yellow(amine_mm: f64, bath_c: f64, epsilon: [f64; 2]) -> f64 {
    let mut world = world_of(AMINATION);
    let amine = world.stocks.get_mut("pyrrolidine").unwrap();
    amine.concentrations_mm.insert("amine".into(), amine_mm);
    world.optics.absorption[0].epsilon_per_m_cm = epsilon[0];
    world.optics.absorption[1].of = Some("arene".into());
    world.optics.absorption[1].epsilon_per_m_cm = epsilon[1];
    let mut lab = SimLab::new(Arc::new(Plan::new(&world).unwrap().noiseless()), Streams::new(1));
    let heat = Command::Heat { heater: "bath".into(), set_point_c: Temperature::from_c(bath_c) };
    lab.send(&heat).unwrap();
    lab.send(&Command::Light { light: "white".into(), on: true }).unwrap();
    lab.wait(Span::from_secs(1200.0)).unwrap();
    for (pump, rate) in [("arene", 100.0), ("amine", 100.0), ("fluorocarbon", 200.0)] {
        dispense(&mut lab, pump, rate);
    }
    lab.wait(Span::from_secs(600.0)).unwrap();
    let frames = take(&mut lab, "visible", 200);
    let at = |pixel: usize| {
        let least = frames.iter().map(|frame| frame[pixel]).min().unwrap();
        let most = frames.iter().map(|frame| frame[pixel]).max().unwrap();
        -math::log10((f64::from(least) - 500.0) / (f64::from(most) - 500.0))
    };
    at(167) // 500 nm
}

/// What is seen of a reagent and its product is what the rate law leaves and makes: the reagent is used up, the
/// product appears, and more of the other reagent makes it faster.
#[test]
fn a_reagent_is_used_up_as_its_product_appears() {
    // 0.1 cm, ε = 40 and 250 mM: 1.0 AU. A twentieth of the arene becomes what is not seen.
    let alike = yellow(400.0, 60.0, [40.0, 40.0]);
    assert!((0.94..1.0).contains(&alike), "{alike}");
    let product = yellow(400.0, 60.0, [40.0, 0.0]);
    let reagent = yellow(400.0, 60.0, [0.0, 40.0]);
    assert!((product + reagent - alike).abs() < 0.01, "{product} + {reagent}, not {alike}");
    assert!(product > 0.1 && reagent > 0.1, "{product}, {reagent}");
    // A quarter of the amine, and it is the amine that runs out: 50 mM of it make at most 0.2 AU.
    let few = yellow(100.0, 60.0, [40.0, 0.0]);
    assert!((0.15..0.2).contains(&few), "{few}");
    assert!(product > 2.0 * few, "{product}, with a quarter of the amine {few}");
}

/// Rates are rounded to 1e-6 µL/min: those of the slowest and the fastest whole number of units must not lie beyond the limits.
#[test]
fn pumps_that_count_steps_run_at_their_slowest_and_fastest_rates_whatever_the_bore() {
    let steps = flowtwin_sim::spec::PumpSteps { um: 1.25, um_per_s: 1.25 };
    for bore in 0..200 {
        let mut world = world_of(DYES);
        for pump in world.rig.pumps.values_mut() {
            pump.bore_mm = Some(4.0 + 0.067 * f64::from(bore));
            pump.steps = Some(steps.clone());
            // 40 and 48 000 units of speed.
            (pump.slowest_um_per_min, pump.fastest_mm_per_min) = (3000.0, 3600.0 / 4.0);
        }
        let plan = Plan::new(&world).unwrap();
        for info in &plan.manifest().pumps {
            let (low, high) = (info.min_ul_per_min, info.max_ul_per_min);
            for rate in [0.6 * low, low, high, 2.0 * high] {
                let nearest = info.nearest_ul_per_min(rate);
                assert!((low..=high).contains(&nearest), "{} mm: {nearest}", info.bore_mm);
            }
        }
    }
}
