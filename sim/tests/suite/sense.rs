//! Worlds that cannot be are refused; what differs from part to part can be said of each.

use std::sync::Arc;

use flowtwin_lab::{Command, FlowRate, Lab as _, Reply, Span, Streams, Volume};
use flowtwin_sim::spec::{Bed, Continuous, Factor, OnePumpNoise, Pump, World};
use flowtwin_sim::{Plan, PlanError, SimLab};

use crate::support::reference;

fn refusal(change: impl Fn(&mut World)) -> PlanError {
    let mut world = reference();
    change(&mut world);
    Plan::new(&world).unwrap_err()
}

/// A yield of 5 would make five times the product that the iodide allows, a quantum yield of 2 two photons of one.
#[test]
fn nothing_is_made_of_nothing() {
    for list in ["yield", "quality"] {
        let error = refusal(|world| {
            let product = world.chemistry.product.as_mut().unwrap();
            let factors = match list {
                "yield" => &mut product.yield_factors,
                _ => &mut product.quality,
            };
            factors.push(Factor::Constant(5.0));
        });
        assert!(error.key().starts_with(&format!("chemistry.product.{list}.")), "{error}");
        assert!(error.to_string().contains("of nothing"), "{error}");
    }
    let mut world = reference();
    let product = world.chemistry.product.as_mut().unwrap();
    product.yield_factors = vec![Factor::Constant(4.0), Factor::Constant(0.25)];
    assert!(Plan::new(&world).is_ok());
}

/// Above 100 % a limit says nothing any more: a flow is at most wholly missing.
#[test]
fn a_limit_of_ratios_that_could_never_be_reached_is_refused() {
    let error = refusal(|world| world.rig.segmentation.as_mut().unwrap().off_ratio_percent = 150.0);
    assert_eq!(error.key(), "rig.segmentation.off_ratio_percent");
}

/// What is about slugs needs a carrier, what is about one liquid must have none, and streams join where there is a tube.
#[test]
fn a_way_of_the_liquid_that_does_not_hold_together_is_refused_at_its_key() {
    type Change = fn(&mut World);
    let refused: [(&str, Change); 10] = [
        ("rig.segmentation", |w| w.rig.segmentation = None),
        ("rig.segmentation", without_carrier),
        ("rig.tube.0.tank", |w| w.rig.tube[0].tank = true),
        ("rig.tube.0.bed", |w| w.rig.tube[0].bed = Some(Bed { particle_um: 200.0, void: 0.4 })),
        ("rig.tube.0.peclet", |w| w.rig.tube[0].peclet = Some(50.0)),
        ("rig.tube.0.radial_enhancement", |w| w.rig.tube[0].radial_enhancement = 4.0),
        ("rig.streams.cs.joins", |w| joins(w, "cs", "nowhere")),
        ("rig.streams.cu.joins", |w| joins(w, "cu", "emission_cell")),
        ("chemistry.product", |w| joins(w, "cs", "emission_cell")),
        ("rig.mixing", |w| {
            without_carrier(w);
            w.rig.segmentation = None;
        }),
    ];
    for (key, change) in refused {
        assert_eq!(refusal(change).key(), key);
    }
}

fn joins(world: &mut World, stream: &str, stretch: &str) {
    world.rig.streams.get_mut(stream).unwrap().joins = Some(stretch.into());
}

/// The carrier's pump goes with it.
fn without_carrier(world: &mut World) {
    let carrier = world.rig.carrier.take().unwrap();
    world.rig.pumps.remove(&carrier.pump);
}

#[test]
fn a_pump_that_is_not_there_has_no_noise() {
    let error = refusal(|world| {
        world.noise.pumps.each.insert("cub".into(), OnePumpNoise::default());
    });
    assert_eq!(error.key(), "noise.pumps.each.cub");
    let error = refusal(|world| {
        let noise = OnePumpNoise { bias_percent: Some(50.0), ..OnePumpNoise::default() };
        world.noise.pumps.each.insert("cui".into(), noise);
    });
    assert_eq!(error.key(), "noise.pumps.each.cui.bias_percent");
}

/// One pump without noise among others: it alone delivers what it says; the others are as they were.
#[test]
fn the_noise_of_a_pump_can_be_its_own() {
    let frames = |own: bool, pump: &str| {
        let mut world = reference();
        if own {
            let steady = OnePumpNoise {
                bias_percent: Some(0.0),
                ripple_percent: Some(0.0),
                second_ripple_percent: Some(0.0),
                jitter_percent: Some(0.0),
                jitter_s: None,
            };
            world.noise.pumps.each.insert("cs".into(), steady);
        }
        let mut lab = SimLab::new(Arc::new(Plan::new(&world).unwrap()), Streams::new(1));
        for name in [pump, "pfo"] {
            let rate_ul_per_min = FlowRate::from_ul_per_min(400.0);
            let at_most_ul = Volume::from_ul(1e5);
            lab.send(&Command::Dispense { pump: name.into(), rate_ul_per_min, at_most_ul })
                .unwrap();
        }
        lab.wait(Span::from_secs(300.0)).unwrap();
        lab.send(&Command::Light { light: "led".into(), on: true }).unwrap();
        let exposure = flowtwin_lab::Exposure { integration_us: 20_000, frames: 50 };
        lab.send(&Command::Arm { spectrometer: "emission".into(), exposure }).unwrap();
        lab.wait(Span::from_secs(2.0)).unwrap();
        match lab.send(&Command::Fetch { spectrometer: "emission".into() }).unwrap() {
            Reply::Frames(frames) => frames.checksum(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(frames(true, "cui"), frames(false, "cui"));
    assert_ne!(frames(true, "cs"), frames(false, "cs"));
}

/// A continuous pump has rates of its own, and no syringe; another has a bore, and a syringe that there is.
#[test]
fn a_pump_has_either_a_syringe_or_what_makes_it_continuous() {
    type Change = fn(&mut Pump);
    let head = || Continuous {
        slowest_ul_per_min: 10.0,
        fastest_ul_per_min: 5_000.0,
        stroke_ul: 50.0,
        max_kpa: Some(2_000.0),
    };
    let of = |change: &dyn Fn(&mut Pump)| {
        let mut world = reference();
        change(world.rig.pumps.get_mut("pfo").unwrap());
        Plan::new(&world)
    };
    let continuous = |pump: &mut Pump| {
        (pump.bore_mm, pump.thrust_n, pump.fill_ml) = (None, None, 1_000.0);
        pump.continuous = Some(head());
    };
    let plan = of(&continuous).unwrap();
    let info = plan.manifest().pump(&"pfo".into()).unwrap();
    assert!(!info.has_syringe() && info.fill_ml.to_bits() == 1_000.0_f64.to_bits());
    let rates = (info.min_ul_per_min, info.max_ul_per_min, info.stall_kpa);
    assert_eq!(rates, (10.0, 5_000.0, Some(2_000.0)));
    let refused: [(&str, Change); 6] = [
        ("bore_mm", |pump| pump.bore_mm = Some(10.0)),
        ("lead_mm", |pump| pump.lead_mm = 2.0),
        ("thrust_n", |pump| pump.thrust_n = Some(300.0)),
        ("continuous.slowest_ul_per_min", |pump| {
            pump.continuous.as_mut().unwrap().fastest_ul_per_min = 10.0;
        }),
        ("continuous.stroke_ul", |pump| pump.continuous.as_mut().unwrap().stroke_ul = 0.0),
        ("continuous.max_kpa", |pump| pump.continuous.as_mut().unwrap().max_kpa = Some(1.0)),
    ];
    for (key, change) in refused {
        let error = of(&|pump: &mut Pump| {
            continuous(pump);
            change(pump);
        });
        assert_eq!(error.unwrap_err().key(), format!("rig.pumps.pfo.{key}"));
    }
    let bare = of(&|pump: &mut Pump| pump.bore_mm = None).unwrap_err();
    assert_eq!(bare.key(), "rig.pumps.pfo.bore_mm");
    let large = of(&|pump: &mut Pump| pump.fill_ml = 501.0).unwrap_err();
    assert!(large.to_string().contains("500"), "{large}");
}
