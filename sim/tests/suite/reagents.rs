//! The first trials of somebody who reads that any chemistry is a file: reagents are used up, more of one changes the rate,
//! and mixing limits what is fast.

use std::sync::Arc;

use flowtwin_lab::{Command, FlowRate, Lab as _, Reply, SensorId, Span, Streams, Volume, math};
use flowtwin_sim::spec::World;
use flowtwin_sim::{Plan, SimLab};

/// a + b → c in a coil of 1 mL, an analyser and sensors behind it.
const RIG: &str = r#"
stocks = { first = { concentrations_mm = { a = 100.0 } }, second = { concentrations_mm = { b = 100.0 } } }

[rig]
name = "two feeds"
timed_stream = "first"
liquid = { density_kg_per_m3 = 997.0, expansion_per_k = 0.0, viscosity_mpa_s = 0.89, viscosity_k = 1900.0, heat_capacity_j_per_kg_k = 4180.0 }
pumps = { first = { stock = "first", bore_mm = 20.0, fill_ml = 100.0 }, second = { stock = "second", bore_mm = 20.0, fill_ml = 100.0 } }
streams = { first = { pumps = ["first"], bore_mm = 0.5, cold_ul = 5.0 }, second = { pumps = ["second"], bore_mm = 0.5, cold_ul = 5.0 } }
tube = [
    { name = "coil", bore_mm = 0.8, volume_ul = 1000.0, reacts = true, heat_s = 2.0, radial_enhancement = 500.0 },
    { name = "outlet", bore_mm = 0.5, volume_ul = 20.0, heat_s = 2.0 },
]

[rig.analysers.hplc]
stretch = "outlet"
run_s = 60.0
peaks = [{ of = "a", at_s = 20.0 }, { of = "b", at_s = 30.0 }, { of = "c", at_s = 40.0 }]

[rig.sensors]
infrared = { stretch = "outlet", measures = { concentration = { of = "c" } } }
slow = { stretch = "outlet", measures = { concentration = { of = "c" } }, response_s = 20.0 }
cell = { stretch = "outlet", measures = { conductivity = { s_cm2_per_mol = { a = 120.0 } } } }
thermometer = { stretch = "outlet", measures = "temperature" }
gauge = { stretch = "coil", measures = "pressure" }

[[chemistry.reactions]]
equation = "a + b -> c"
k_in_mol_l_s = 0.2
"#;

fn world() -> World {
    toml::from_str(RIG).unwrap()
}

fn with(change: impl FnOnce(&mut World)) -> World {
    let mut world = world();
    change(&mut world);
    world
}

/// The rig at steady state, both pumps at half of this flow [µL/min].
fn steady(world: &World, ul_per_min: f64) -> SimLab {
    let mut lab = SimLab::new(Arc::new(Plan::new(world).unwrap()), Streams::new(5));
    flow(&mut lab, ul_per_min);
    lab.wait(Span::from_secs(2.0 * 60.0 * 1020.0 / ul_per_min)).unwrap();
    lab
}

fn flow(lab: &mut SimLab, ul_per_min: f64) {
    for pump in ["first", "second"] {
        let command = Command::Dispense {
            pump: pump.into(),
            rate_ul_per_min: FlowRate::from_ul_per_min(0.5 * ul_per_min),
            at_most_ul: Volume::from_ul(5e4),
        };
        lab.send(&command).unwrap();
    }
}

/// What the analyser finds of a, b and c [mM].
fn found(lab: &mut SimLab) -> [f64; 3] {
    let analyser: flowtwin_lab::AnalyserId = "hplc".into();
    let Reply::Ready(at) = lab.send(&Command::Inject { analyser: analyser.clone() }).unwrap()
    else {
        panic!("never ready");
    };
    lab.wait_until(at).unwrap();
    match lab.send(&Command::Results { analyser }).unwrap() {
        Reply::Results(found) => found.try_into().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn read(lab: &mut SimLab, sensor: &str) -> f64 {
    match lab.send(&Command::Read { sensor: SensorId::new(sensor) }).unwrap() {
        Reply::Reading(value) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reagent_goes_as_its_product_appears_and_moles_stay() {
    // Equal feeds of second order: c = a₀² k t/(1 + a₀ k t), 0.05 mol/L for 60 s.
    let [a, b, c] = found(&mut steady(&world(), 1000.0));
    let made = 50.0 * 0.6 / 1.6;
    assert!((c / made - 1.0).abs() < 0.01, "{c} for {made}");
    assert!((a + c - 50.0).abs() < 1e-5 && (b + c - 50.0).abs() < 1e-5, "{a} {b} {c}");
}

#[test]
fn ten_times_more_of_a_reagent_changes_the_rate() {
    let more = with(|w| {
        let second = w.stocks.get_mut("second").unwrap();
        second.concentrations_mm.insert("b".into(), 1000.0);
    });
    let [.., c] = found(&mut steady(&more, 1000.0));
    let grown = math::exp(0.45 * 0.2 * 60.0);
    let made = 1e3 * 0.05 * 0.5 * (grown - 1.0) / (0.5 * grown - 0.05);
    assert!((c / made - 1.0).abs() < 0.01, "{c} for {made}");
    assert!(c > 2.0 * 50.0 * 0.6 / 1.6);
}

/// A fast reaction is limited by how fast its feeds mix: slower flows mix more slowly, though they leave more time. A first-order
/// reaction beside it does not wait.
#[test]
fn mixing_limits_what_is_fast_at_low_flow_and_nothing_else() {
    let fast = |time_s| {
        with(|w| {
            w.rig.mixing.time_s = time_s;
            w.rig.mixing.time_power = 2.0;
            w.chemistry.reactions[0].k_in_mol_l_s = 100.0;
        })
    };
    let made = |time_s, flow| found(&mut steady(&fast(time_s), flow))[2];
    let at_once = [300.0, 600.0, 1200.0].map(|flow| made(0.0, flow));
    assert!(at_once.iter().all(|c| (c / 50.0 - 1.0).abs() < 0.01), "{at_once:?}");
    let limited = [300.0, 600.0, 1200.0].map(|flow| made(60.0, flow));
    assert!(limited[0] < limited[1] && limited[1] < limited[2], "{limited:?}");
    assert!(limited[0] < 0.9 * limited[2] && limited[2] < 49.9, "{limited:?}");
    let alone = |time_s| {
        let decays = with(|w| {
            w.rig.mixing.time_s = time_s;
            w.chemistry.reactions[0].equation = "a -> c".into();
            w.chemistry.reactions[0].k_in_mol_l_s = 0.01;
        });
        found(&mut steady(&decays, 600.0))[2]
    };
    assert!((alone(60.0) / alone(0.0) - 1.0).abs() < 1e-6);
}

/// Streams that join mix with what comes, too.
#[test]
fn what_joins_on_the_way_mixes_with_its_time_constant() {
    let joined = |time_s| {
        let world = with(|w| {
            w.rig.tube[0].volume_ul = 500.0;
            let mut second = w.rig.tube[0].clone();
            second.name = "second coil".into();
            w.rig.tube.insert(1, second);
            w.rig.streams.get_mut("second").unwrap().joins = Some("second coil".into());
            w.rig.mixing.time_s = time_s;
            w.chemistry.reactions[0].k_in_mol_l_s = 100.0;
        });
        found(&mut steady(&world, 600.0))
    };
    let ([_, _, fast], [a, _, slow]) = (joined(0.0), joined(60.0));
    assert!(slow < 0.9 * fast && (a + slow - 50.0).abs() < 1e-3, "{slow} of {fast}, {a} left");
}

#[test]
fn sensors_in_the_line_show_the_liquid_that_passes() {
    let mut lab = steady(&world(), 1000.0);
    let [a, _, c] = found(&mut lab);
    assert!((read(&mut lab, "infrared") - c).abs() < 0.01 * c);
    // 120 S·cm²/mol and 1 mM are 0.12 mS/cm.
    assert!((read(&mut lab, "cell") - 0.12 * a).abs() < 0.02 * a);
    assert!((read(&mut lab, "thermometer") - 23.0).abs() < 1e-6);
    // 128 µ L Q/πd⁴ by hand: half a coil of 1.989 m by 0.8 mm and 0.1019 m by 0.5 mm, 0.93 mPa·s at 23 °C.
    let poiseuille = |length_m: f64, bore_m: f64| {
        let fourth = bore_m * bore_m * bore_m * bore_m;
        128.0 * 0.93e-3 * length_m * (1e-9 / 60.0 * 1000.0) / (std::f64::consts::PI * fourth)
    };
    let kpa = 1e-3 * (poiseuille(0.5 * 1.9894, 0.8e-3) + poiseuille(0.10186, 0.5e-3));
    let shown = read(&mut lab, "gauge");
    assert!((shown / kpa - 1.0).abs() < 0.02, "{shown} for {kpa} kPa");
}

/// After a change of the flow a slow sensor lags behind by its time constant; who looks in between changes nothing.
#[test]
fn a_slow_sensor_lags_and_looking_changes_nothing() {
    let mut lab = steady(&world(), 1000.0);
    flow(&mut lab, 250.0);
    let mut watched = lab.clone();
    for _ in 0..100 {
        watched.wait(Span::from_secs(2.0)).unwrap();
        let _seen = (read(&mut watched, "slow"), read(&mut watched, "infrared"));
    }
    lab.wait(Span::from_secs(200.0)).unwrap();
    for sensor in ["slow", "infrared", "gauge"] {
        assert_eq!(read(&mut lab, sensor).to_bits(), read(&mut watched, sensor).to_bits());
    }
    // More and more is made while the first slow liquid comes: the slow sensor shows less.
    assert!(read(&mut lab, "slow") < read(&mut lab, "infrared") - 0.5);
}

#[test]
fn sensors_err_as_their_noise_says() {
    let world = with(|w| {
        let text = "infrared = { offset = 0.0, deviation = 0.5, drift_per_h = 3.0 }";
        w.noise.sensors = toml::from_str(text).unwrap();
    });
    let mut lab = steady(&world, 1000.0);
    let mut seen = Vec::new();
    for _ in 0..200 {
        lab.wait(Span::from_secs(1.0)).unwrap();
        seen.push(read(&mut lab, "infrared"));
    }
    let mean = seen.iter().sum::<f64>() / 200.0;
    let variance = seen.iter().map(|mm| (mm - mean) * (mm - mean)).sum::<f64>() / 199.0;
    assert!((variance.sqrt() / 0.5 - 1.0).abs() < 0.2, "{}", variance.sqrt());
    let drift = 3.0 * (lab.now().as_secs() - 100.0) / 3600.0;
    assert!((mean - 18.75 - drift).abs() < 0.15, "{mean} after a drift of {drift}");
}
