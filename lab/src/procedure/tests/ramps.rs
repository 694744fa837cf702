//! Ramps of flows.

use super::played::*;
use crate::command::{Command, Reply};
use crate::conditions::{Conditions, Space};
use crate::fault::{Fault, FaultKind};
use crate::frames::Frames;
use crate::input::Input;
use crate::path::{Liquid, Train, Tube};
use crate::procedure::{RampPoint, RampSpec};

fn space() -> Space {
    let input = |name: &str| Input::number(format!("{name}_ul_per_min"), 0.0, 400.0, 0.001);
    Space::new(["a", "b", "oil"].map(input).to_vec(), vec![]).expect("it is a space")
}

fn ramp(
    rig: &mut Rig,
    (from, to): (&Conditions, &Conditions),
    spec: &RampSpec,
) -> Result<Vec<RampPoint>, Fault> {
    let blank = blank();
    procedure().ramp(rig, &blank, &space(), (from, to), spec)
}

fn spec() -> RampSpec {
    RampSpec { duration_s: 60.0, step_s: 20.0, every_s: 30.0 }
}

/// From 100 to 160 and from 0 to 60 µL/min; 20 to 0 of the oil. 1.2 · (60 · 40/100 + 60 · 80/120) s pass first.
#[test]
fn a_ramp_steps_its_rates_and_reads_on_the_way() {
    let mut rig = rig();
    let (from, to) = (rates(100.0, 0.0, 20.0), rates(160.0, 60.0, 0.0));
    let points = ramp(&mut rig, (&from, &to), &spec()).expect("nothing goes wrong");
    let said = rig.said();
    // Volumes are for 1.25 · (76.8 + 60 + 1.5 · 64 + 30) + 60 s from the beginning.
    let begins = [
        "60 a runs at 100 for 647.5",
        "60.4 oil runs at 20 for 129.5",
        "60.4 lamp dark",
        "60.4 led dark",
        "60.4 eye takes 50 of 20000",
        "60.4 ear takes 50 of 50000",
        "62.9 eye hands over",
        "62.9 ear hands over",
        "139.7 a runs at 110 for 566.13333",
        "139.7 b runs at 10 for 51.46667",
        "139.7 oil runs at 16.666667 for 85.77778",
        "139.7 lamp on",
        "139.7 led on",
        "140.2 eye takes 10 of 20000",
        "140.2 ear takes 8 of 50000",
        "140.6 lamp dark",
        "140.6 led dark",
        "140.6 eye hands over",
        "140.6 ear hands over",
        "159.7 a runs at 130 for 625.73333",
        "159.7 b runs at 30 for 144.4",
        "159.7 oil runs at 10 for 48.13333",
        "169.7 lamp on",
    ];
    let begins: Vec<String> = begins.into_iter().map(String::from).collect();
    assert_eq!(said[2..2 + begins.len()], begins);
    // The last step is at the end of the ramp, and holds.
    assert_eq!(rig.times("a runs"), [60.0, 139.7, 159.7, 179.7, 199.7]);
    assert_eq!(rig.times("a runs at 160"), [199.7]);
    assert_eq!(rig.times("oil runs"), [60.4, 139.7, 159.7, 179.7]);
    assert_eq!(rig.times("oil stops"), [199.7, *rig.times("a stops").last().unwrap()]);
    // What the ramp itself has started stops with the others.
    assert_eq!(rig.times("b stops").last(), rig.times("a stops").last());
    let readings = rig.times("lamp on");
    assert_eq!(readings[..4], [139.7, 169.7, 199.7, 229.7]);
    // Slugs that formed before the ramp, and after it, are left out: the last of them ends it.
    assert!(points.len() >= 2 && points.len() < readings.len(), "{}", points.len());
    for point in &points {
        let share = (point.formed.as_secs() - 139.7) / 60.0;
        assert!((0.0..=1.0).contains(&share), "{share}");
        let expected = [100.0 + 60.0 * share, 60.0 * share, 20.0 - 20.0 * share];
        let found = point.conditions.values();
        assert!(found.iter().zip(expected).all(|(a, b)| close(*a, b)), "{found:?} {expected:?}");
        // The middle of the frames.
        let lit = readings.iter().any(|at| close(point.measured.as_secs(), at + 0.7));
        assert!(lit, "{}", point.measured);
        assert!(point.reaction_time_s > 0.0 && point.formed < point.measured);
    }
}

/// Readings that are due before the one before is over follow it.
#[test]
fn readings_do_not_overlap_however_often_they_are_due() {
    let mut rig = rig();
    let spec = RampSpec { every_s: 0.1, duration_s: 10.0, step_s: 20.0 };
    ramp(&mut rig, (&rates(300.0, 0.0, 0.0), &rates(400.0, 0.0, 0.0)), &spec).unwrap();
    let lit = rig.times("lamp on");
    assert!(lit.len() > 3 && lit.windows(2).all(|pair| close(pair[1] - pair[0], 0.9)), "{lit:?}");
}

#[test]
fn a_reading_of_slugs_that_formed_at_the_ends_of_the_ramp_belongs_to_it() {
    // 24 µL/min throughout: liquid takes 60 · 120/24 = 300 s, a multiple of the time between two readings.
    for duration_s in [100.0, 100.7, 101.0] {
        let mut rig = rig();
        let conditions = rates(24.0, 0.0, 0.0);
        let spec = RampSpec { duration_s, step_s: 50.0, every_s: 50.0 };
        let points = ramp(&mut rig, (&conditions, &conditions), &spec).unwrap();
        let formed: Vec<f64> = points.iter().map(|p| p.formed.as_secs()).collect();
        let began = rig.times("lamp on")[0];
        // The first reading with its slugs on the ramp is 300 s after it began, its middle 0.7 s later.
        let on_the_ramp = [0.7, 50.7, 100.7].into_iter().filter(|after| *after <= duration_s);
        let expected: Vec<f64> = on_the_ramp.map(|after| began + after).collect();
        let same = formed.iter().zip(&expected).all(|(a, b)| close(*a, *b));
        assert!(formed.len() == expected.len() && same, "{formed:?} {expected:?}");
    }
}

/// A line of one stock holds the same liquid whatever the rates were: only from the junction on do they matter.
#[test]
fn slugs_form_where_liquids_of_several_pumps_meet() {
    // 24 µL/min throughout: 40 µL before the junction, and 60 · 80/24 = 200 s from there.
    for (pumps, way_s) in [(vec!["a".into()], 200.0), (vec!["a".into(), "b".into()], 300.0)] {
        let mut rig = rig();
        rig.manifest.path.stretches[0].pumps = pumps;
        let conditions = rates(24.0, 0.0, 0.0);
        let points = ramp(&mut rig, (&conditions, &conditions), &spec()).unwrap();
        let took = |p: &RampPoint| p.measured.since(p.formed).as_secs();
        assert!(!points.is_empty() && points.iter().all(|p| close(took(p), way_s)), "{way_s}");
        assert!(points.iter().all(|p| close(p.reaction_time_s, 200.0)));
    }
}

#[test]
fn times_of_a_ramp_have_their_limits() {
    let conditions = rates(100.0, 0.0, 100.0);
    let refused = |spec: RampSpec| {
        let outcome = ramp(&mut rig(), (&conditions, &conditions), &spec);
        outcome.is_err_and(|fault| matches!(fault.kind, FaultKind::Refused { .. }))
    };
    assert!(!refused(RampSpec { every_s: 1e6, ..spec() }));
    assert!(refused(RampSpec { every_s: 1.1e6, ..spec() }));
    assert!(!refused(RampSpec { step_s: 1e-3, duration_s: 0.01, ..spec() }));
    assert!(refused(RampSpec { step_s: 0.9e-3, duration_s: 0.01, ..spec() }));
}

#[test]
fn a_ramp_that_goes_wrong_leaves_nothing_running() {
    let mut rig = rig();
    rig.played = Box::new(|at, command| match command {
        Command::Dispense { .. } if at > 150.0 => {
            Some(Err(FaultKind::Failed { detail: "clogged".into() }))
        }
        _ => None,
    });
    let ends = (&rates(100.0, 0.0, 20.0), &rates(160.0, 60.0, 0.0));
    let fault = ramp(&mut rig, ends, &spec()).expect_err("it clogs");
    assert_eq!(fault.origin, "a");
    let last = rig.said();
    assert!(
        last.ends_with(&["159.7 a stops".to_owned(), "159.7 oil stops".to_owned()]),
        "{last:?}"
    );
}

#[test]
fn dark_frames_are_no_reading_of_a_ramp() {
    let mut rig = rig();
    rig.played = Box::new(|at, command| match command {
        Command::Fetch { .. } if at > 150.0 => {
            let frames = vec![100; 8 * 10];
            Some(Ok(Reply::Frames(Frames::new(8, frames))))
        }
        _ => None,
    });
    let ends = (&rates(100.0, 0.0, 20.0), &rates(160.0, 60.0, 0.0));
    let fault = ramp(&mut rig, ends, &spec()).expect_err("the lamp is out");
    assert_eq!((fault.origin.as_str(), fault.kind), ("lamp", FaultKind::NoLight { counts: 0.0 }));
}

/// Judged by the flows at which its slugs formed.
#[test]
fn a_reading_of_a_turbulent_flow_is_flagged() {
    let pumps = vec!["a".into(), "b".into(), "oil".into()];
    let tube = Tube { name: "tube".into(), bore_mm: 0.5, volume_ul: 80.0, pumps, bed: None };
    // Re = 4 ρ Q/(π µ d) is 2000 at 230 µL/min.
    let liquid = Liquid { density_kg_per_m3: 1_000.0, viscosity_mpa_s: 0.0048814 };
    let (lines, bears_kpa) = (vec![], 1e9);
    let train = Train {
        segmented: None,
        liquid,
        carriers: None,
        lines,
        tube: vec![tube],
        bears_kpa,
        phases: None,
        gas: None,
    };
    let mut rig = rig();
    rig.manifest.path.train = Some(train);
    let ends = (&rates(180.0, 0.0, 0.0), &rates(280.0, 0.0, 0.0));
    let points = ramp(&mut rig, ends, &RampSpec { every_s: 5.0, ..spec() }).unwrap();
    let flagged = |p: &RampPoint| (p.conditions.values()[0], p.outcome.quality.out_of_regime);
    let found: Vec<_> = points.iter().map(flagged).collect();
    let gas = crate::path::Gas {
        standard: crate::path::Standard { celsius: 0.0, kpa: 101.325 },
        outlet_kpa: 101.325,
        room_c: 25.0,
        heaters: vec![],
    };
    rig.manifest.path.train.as_mut().unwrap().gas = Some(gas);
    let refused = ramp(&mut rig, ends, &RampSpec { every_s: 5.0, ..spec() }).unwrap_err();
    assert!(refused.to_string().contains("a gas between slugs expands"), "{refused}");
    assert!(found.iter().any(|(_, flag)| *flag) && found.iter().any(|(_, flag)| !flag));
    for (rate, flag) in found {
        assert_eq!(rate > 230.0, flag, "{rate} µL/min");
    }
}
