//! The books of a guard on its pumps, to the last figure.

use super::*;
use crate::toy::ToyLab;

fn pump() -> Pump {
    Pumps::new(ToyLab::new().manifest()).all.remove(0)
}

fn at(s: f64) -> Instant {
    Instant::from_secs(s)
}

/// 60 µL/min, told at 10 s, acknowledged at 12 s, for 30 µL.
fn run() -> Delivery {
    Delivery { sent: at(10.0), since: at(12.0), rate: 60.0, at_most_ul: 30.0, draws: false }
}

#[expect(clippy::float_cmp, reason = "these sums have exact results")]
#[test]
fn a_run_delivers_by_its_rate_and_no_more_than_its_volume() {
    let run = run();
    assert_eq!([12.0, 20.0, 42.0, 50.0].map(|s| run.delivered_ul(at(s))), [0.0, 8.0, 30.0, 30.0]);
    assert_eq!([12.0, 20.0, 40.0, 50.0].map(|s| run.most_ul(at(s))), [2.0, 10.0, 30.0, 30.0]);
    assert!(!run.over(at(41.9)) && run.over(at(42.0)) && run.over(at(43.0)));
}

#[test]
fn what_is_left_and_what_flows_follow_the_runs() {
    let mut pumps = Pumps::new(ToyLab::new().manifest());
    let water = PumpId::new("water");
    assert_eq!(pumps.remaining_ul(at(0.0)), [1_000.0]);
    pumps.started((at(10.0), at(12.0)), &water, (60.0, 30.0));
    assert_eq!((pumps.flow(at(20.0)), pumps.flow(at(42.0))), (60.0, 0.0));
    assert!(pumps.flowing(at(20.0)) && !pumps.flowing(at(42.0)));
    assert_eq!(pumps.remaining_ul(at(20.0)), [992.0]);
    // Told something else, it has delivered what it had by then.
    pumps.started((at(20.0), at(20.0)), &water, (120.0, 10.0));
    assert_eq!(pumps.remaining_ul(at(60.0)), [982.0]);
    pumps.stopped(at(60.0), &water);
    assert_eq!((pumps.remaining_ul(at(99.0))[0], pumps.flow(at(60.0))), (982.0, 0.0));
    pumps.started((at(60.0), at(60.0)), &water, (0.0, 10.0));
    assert!(pumps.all[0].run.is_none(), "without a rate it does not run");
    pumps.started((at(60.0), at(60.0)), &water, (60.0, 10.0));
    pumps.stopped(at(61.0), &PumpId::new("nobody"));
    assert!(pumps.flowing(at(62.0)));
    pumps.all_stopped(at(65.0));
    assert!(!pumps.flowing(at(66.0)));
    pumps.delivered_before(0, 100.0);
    assert_eq!(pumps.remaining_ul(at(66.0)), [877.0]);
}

#[test]
fn a_pump_may_be_started_within_all_limits_and_not_beyond() {
    let mut manifest = ToyLab::new().manifest().clone();
    let mut second = manifest.pumps[0].clone();
    second.name = "other".into();
    second.stall_kpa = Some(700.0);
    manifest.pumps.push(second);
    let mut pumps = Pumps::new(&manifest);
    pumps.started((at(0.0), at(0.0)), &PumpId::new("other"), (400.0, 900.0));
    let spec = Limits {
        max_total_ul_per_min: 1_000.0,
        reserve_ul: 100.0,
        max_pressure_kpa: Some(700.0),
        ..Limits::default()
    };
    let water = PumpId::new("water");
    let may =
        |rate, ul| pumps.check(&spec, at(6.0), &water, (rate, ul)).map_err(|f| f.kind.to_string());
    assert_eq!(may(600.0, 900.0), Ok(()));
    assert_eq!(may(1.0, 900.0), Ok(()));
    assert_eq!(may(0.0, 1e9), Ok(()), "off is always allowed");
    assert_eq!(may(0.5, 1.0).unwrap_err(), "rate 0.5 µL/min is outside 1 to 1000 µL/min");
    assert_eq!(may(601.0, 1.0).unwrap_err(), "total flow 1001 µL/min is outside 0 to 1000 µL/min");
    assert_eq!(may(600.0, 901.0).unwrap_err(), "volume 901 µL is outside 0 to 900 µL");
    // Its own run does not count among the others, but what it has delivered does.
    let other = PumpId::new("other");
    assert_eq!(pumps.check(&spec, at(6.0), &other, (1_000.0, 860.0)), Ok(()));
    let fault = pumps.check(&spec, at(6.0), &other, (1_000.0, 861.0)).unwrap_err();
    assert_eq!(fault.kind.to_string(), "volume 861 µL is outside 0 to 860 µL");
    let weak = Limits { max_pressure_kpa: Some(699.0), ..spec.clone() };
    let fault = pumps.check(&weak, at(6.0), &other, (10.0, 1.0)).unwrap_err();
    assert_eq!(fault.kind.to_string(), "stall pressure 700 kPa is outside 0 to 699 kPa");
    assert_eq!(pumps.check(&weak, at(6.0), &PumpId::new("nobody"), (9e9, 9e9)), Ok(()));
}

#[test]
fn a_delivered_volume_is_wrong_beyond_both_its_share_and_the_lag() {
    let spec =
        Limits { least_delivered: 0.9, most_delivered: 1.1, lag_ul: 10.0, ..Limits::default() };
    // Of at least 50 µL the lag decides, of at least 200 µL the share.
    for (told, least, most, wrong) in [
        (40.0, 50.0, 50.0, None),
        (39.0, 50.0, 50.0, Some("stalled")),
        (180.0, 200.0, 200.0, None),
        (179.0, 200.0, 200.0, Some("stalled")),
        (190.0, 200.0, 200.0, None),
        (60.0, 50.0, 50.0, None),
        (61.0, 50.0, 50.0, Some("over-delivery")),
        (220.0, 200.0, 200.0, None),
        (221.0, 200.0, 200.0, Some("over-delivery")),
        (210.0, 200.0, 200.0, None),
        // What can have come at most is more than what must have come at least.
        (225.0, 180.0, 210.0, None),
        (f64::NAN, 50.0, 50.0, Some("volume of NaN µL")),
        (f64::INFINITY, 50.0, 50.0, Some("volume of inf µL")),
    ] {
        let found = misdelivers(&spec, told, (least, most)).map(|kind| format!("{kind:?} {kind}"));
        let fits = match (&found, wrong) {
            (None, None) => true,
            (Some(found), Some(wrong)) => found.to_lowercase().contains(&wrong.to_lowercase()),
            _ => false,
        };
        assert!(fits, "{told} µL of {least} to {most} µL: {found:?}");
    }
}

#[test]
fn states_have_words_and_departures_are_told() {
    let words = [0.0, 0.49, 0.5, 1.49, 1.5, 2.49, 2.5, 3.49, 3.5, 9.0].map(state);
    let expected = [
        "stopped", "stopped", "running", "running", "paused", "paused", "delayed", "delayed",
        "stalled", "stalled",
    ];
    assert_eq!(words, expected);
    let still = pump();
    let moving = Pump { run: Some(run()), ..pump() };
    let says = |pump: &Pump, status, s| pump.departs(status, at(s)).map(|kind| kind.to_string());
    // One that stands still, or shows an old stall.
    for calm in [0.0, 0.4, 3.5, 4.0] {
        assert_eq!(says(&still, calm, 20.0), None, "{calm}");
    }
    for (status, word) in [(0.5, "running"), (1.0, "running"), (2.0, "paused"), (3.4, "delayed")] {
        let said = says(&still, status, 20.0).expect("it departs");
        assert!(said.contains("set stopped") && said.contains(word), "{said}");
    }
    // One that should run.
    for calm in [0.6, 1.0, 1.4] {
        assert_eq!(says(&moving, calm, 20.0), None, "{calm}");
    }
    assert_eq!(moving.departs(3.5, at(20.0)), Some(FaultKind::Stalled));
    assert_eq!(moving.departs(0.0, at(20.0)), Some(FaultKind::Empty));
    for status in [0.5, 1.5, 2.0, 3.4] {
        let said = says(&moving, status, 20.0).expect("it departs");
        assert!(said.contains("set running"), "{status}: {said}");
    }
    // One that may have come to its volume.
    for calm in [0.0, 1.0, 2.0] {
        assert_eq!(says(&moving, calm, 42.0), None, "{calm}");
    }
    assert_eq!(moving.departs(4.0, at(42.0)), Some(FaultKind::Stalled));
    for pump in [&still, &moving] {
        assert!(matches!(pump.departs(f64::NAN, at(20.0)), Some(FaultKind::Garbled { .. })));
    }
}

#[test]
fn a_ratio_that_comes_back_begins_its_grace_again() {
    let mut manifest = ToyLab::new().manifest().clone();
    let mut second = manifest.pumps[0].clone();
    second.name = "other".into();
    manifest.pumps.push(second);
    let mut pumps = Pumps::new(&manifest);
    let (water, other) = (PumpId::new("water"), PumpId::new("other"));
    let names = |list: &[&PumpId]| list.iter().map(|name| (*name).clone()).collect();
    let rule = RatioRule {
        name: "two to one".into(),
        of: names(&[&water]),
        to: names(&[&other]),
        low: 1.9,
        high: 2.1,
    };
    let spec = Limits { ratios: vec![rule.clone()], ratio_grace_s: 20.0, ..Limits::default() };
    let set = |pumps: &mut Pumps, s: f64, (of, to): (f64, f64)| {
        pumps.started((at(s), at(s)), &water, (of, 1e6));
        pumps.started((at(s), at(s)), &other, (to, 1e6));
        assert_eq!(pumps.ratio(at(s), &rule), (of > 0.0 && to > 0.0).then(|| of / to));
    };
    set(&mut pumps, 0.0, (150.0, 50.0));
    assert_eq!(pumps.look_at_ratios(at(0.0), &spec), Ok(()));
    assert_eq!(pumps.look_at_ratios(at(20.0), &spec), Ok(()), "its grace is not over");
    // Right again, and nothing flowing, both begin it anew.
    for (s, calm) in [(21.0, (100.0, 50.0)), (121.0, (0.0, 50.0)), (221.0, (100.0, 0.0))] {
        set(&mut pumps, s, calm);
        assert_eq!(pumps.look_at_ratios(at(s), &spec), Ok(()));
        set(&mut pumps, s + 1.0, (150.0, 50.0));
        assert_eq!(pumps.look_at_ratios(at(s + 1.0), &spec), Ok(()));
        assert_eq!(pumps.look_at_ratios(at(s + 21.0), &spec), Ok(()));
    }
    let fault = pumps.look_at_ratios(at(243.0), &spec).unwrap_err();
    assert!(fault.to_string().contains("the ratio is 3.000, allowed is 1.9 to 2.1"), "{fault}");
}

/// A toy lab that counts how often it was asked for what it has delivered.
#[test]
fn deliveries_are_read_as_often_as_the_limits_say_and_at_every_verification() {
    let mut lab = ToyLab::new();
    let mut pumps = Pumps::new(lab.manifest());
    let water = PumpId::new("water");
    let rate_ul_per_min = crate::units::FlowRate::from_ul_per_min(60.0);
    let at_most_ul = crate::units::Volume::from_ul(900.0);
    lab.send(&crate::Command::Dispense { pump: water.clone(), rate_ul_per_min, at_most_ul })
        .unwrap();
    pumps.started((at(0.0), at(0.0)), &water, (60.0, 900.0));
    let spec = Limits { delivered_every_s: 30.0, ..Limits::default() };
    let mut asked = Vec::new();
    for s in [10.0, 29.0, 30.0, 31.0, 60.0] {
        lab.wait_until(at(s)).unwrap();
        let before = lab.commands;
        pumps.look(&mut lab, &spec).unwrap();
        asked.push(lab.commands - before);
    }
    assert_eq!(asked, [1, 1, 2, 1, 2], "the status always, the volume every 30 s");
    let before = lab.commands;
    pumps.verify(&mut lab, &spec).unwrap();
    assert_eq!(lab.commands - before, 2);
}

#[test]
fn a_syringe_that_lacks_something_is_told_with_what_is_left_needed_and_full() {
    let mut pumps = Pumps::new(ToyLab::new().manifest());
    let water = PumpId::new("water");
    pumps.started((at(0.0), at(0.0)), &water, (60.0, 247.0));
    let now = at(247.0);
    // 1 000 µL less 247 µL less a reserve of 50 µL are 703 µL.
    assert_eq!(pumps.shortage(now, &water, 703.0, 50.0), None);
    let lacks = pumps.shortage(now, &water, 703.5, 50.0).expect("half a microlitre is missing");
    assert_eq!((lacks.left_ml, lacks.needs_ml, lacks.full_ml), (0.70, 0.71, 0.95));
    let lacks = pumps.shortage(now, &water, 10.0, 1_200.0).expect("nothing is left");
    assert_eq!((lacks.pump, lacks.left_ml, lacks.needs_ml, lacks.full_ml), (water, 0.0, 0.01, 0.0));
    assert_eq!(pumps.shortage(now, &PumpId::new("nobody"), 1e9, 0.0), None);
}
