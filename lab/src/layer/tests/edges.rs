//! Where the limits of a guard begin, to the last figure.

use std::cell::Cell;

use super::*;
use crate::command::Setting;

fn read_plate() -> Command {
    Command::Read { sensor: "plate.temperature".into() }
}

#[test]
fn a_rig_at_rest_need_not_be_looked_at_and_a_busy_one_just_so_often() {
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    lab.clone().wait_until(Instant::from_secs(500.0)).unwrap();
    guarded.send(&read_plate()).unwrap();
    guarded.send(&heat(60.0)).unwrap();
    lab.clone().wait_until(Instant::from_secs(560.0)).unwrap();
    guarded.send(&read_plate()).unwrap();
    // A command is no look: 60 s are allowed, counted from the last look.
    lab.clone().wait_until(Instant::from_secs(560.5)).unwrap();
    let fault = guarded.send(&read_plate()).unwrap_err();
    assert_eq!(rule_of(&fault), "no reading");
}

/// Its controller may keep the set point that it was told, and the plate be elsewhere.
#[test]
fn frames_of_a_plate_that_is_not_at_its_set_point_are_no_observation() {
    let exposure = Exposure { integration_us: 20_000, frames: 10 };
    let arm = Command::Arm { spectrometer: "eye".into(), exposure };
    let fetch = Command::Fetch { spectrometer: "eye".into() };
    for (off_k, good) in [(4.9, true), (-4.9, true), (5.1, false), (-5.1, false)] {
        for late in [false, true] {
            let lab = Shared::default();
            let mut guarded = guard(&lab).measuring_within(5.0);
            guarded.send(&heat(60.0)).unwrap();
            guarded.wait(Span::from_secs(50.0)).unwrap();
            if late {
                guarded.send(&arm).unwrap();
                lab.clone().wait_until(guarded.now() + Span::from_secs(1.0)).unwrap();
            }
            lab.0.borrow_mut().forced_temperature_c = Some(60.0 + off_k);
            let outcome = guarded.send(if late { &fetch } else { &arm });
            assert_eq!(outcome.is_ok(), good, "{off_k} K: {outcome:?}");
            if let Err(fault) = outcome {
                assert!(matches!(fault.kind, FaultKind::NotSettled { .. }), "{fault}");
                assert!(lab.0.borrow().is_safe());
            }
        }
    }
    // What is given no temperature may have any.
    let lab = Shared::default();
    lab.0.borrow_mut().forced_temperature_c = Some(90.0);
    guard(&lab).measuring_within(5.0).send(&arm).unwrap();
    // Nobody has said how close it must be.
    let mut guarded = guard(&lab);
    guarded.send(&heat(60.0)).unwrap();
    guarded.send(&arm).unwrap();
}

/// Frames of two spectrometers are verified once before the first is armed, and once after the last has handed over.
#[test]
fn frames_of_several_spectrometers_are_verified_around_all_of_them() {
    let (lab, asked) = (Shared::default(), Rc::new(Cell::new(0)));
    let count = asked.clone();
    let two = move |lab: &mut Shared, command: &Command| match command {
        Command::Arm { spectrometer, .. } | Command::Fetch { spectrometer }
            if spectrometer.as_str() == "ear" =>
        {
            Ok(Reply::Done)
        }
        Command::ReadBack { setting: Setting::Integration(name) } if name.as_str() == "ear" => {
            Ok(Reply::Reading(20_000.0))
        }
        Command::Read { .. } => {
            count.set(count.get() + 1);
            lab.send(command)
        }
        _ => lab.send(command),
    };
    let odd = Odd(lab.clone(), Shared::manifest().clone(), two);
    let mut guarded = Guarded::new(odd, Limits::default());
    let exposure = Exposure { integration_us: 20_000, frames: 3 };
    let arm = |name: &str| Command::Arm { spectrometer: name.into(), exposure };
    let fetch = |name: &str| Command::Fetch { spectrometer: name.into() };
    let asks = |guarded: &mut Guarded<_>, command: Command| {
        let before = asked.get();
        guarded.send(&command).unwrap();
        asked.get() > before
    };
    for _ in 0..2 {
        assert!(asks(&mut guarded, arm("eye")), "before the first");
        assert!(!asks(&mut guarded, arm("ear")), "the first is armed");
        lab.clone().wait_until(guarded.now() + Span::from_secs(1.0)).unwrap();
        assert!(!asks(&mut guarded, fetch("eye")), "the other is still armed");
        assert!(asks(&mut guarded, fetch("ear")), "after the last");
    }
    // Armed once more before it has handed over: its frames begin anew.
    assert!(asks(&mut guarded, arm("eye")));
    assert!(asks(&mut guarded, arm("eye")));
}

#[test]
fn settings_are_the_same_within_what_instruments_round_and_no_more() {
    type Case = (Command, Setting, f64, Option<&'static str>);
    let light = |on| Command::Light { light: "lamp".into(), on };
    let lamp = || Setting::Light("lamp".into());
    let cases: [Case; 9] = [
        (dispense(1.0, 5.0), Setting::Rate("water".into()), 1.000_100_5, None),
        (dispense(1.0, 5.0), Setting::Rate("water".into()), 1.000_102, Some("keeps 1 µL/min")),
        (dispense(1.0, 5.0), Setting::Rate("water".into()), 0.999_899_5, None),
        (heat(60.0), Setting::SetPoint("plate".into()), 60.049, None),
        (heat(60.0), Setting::SetPoint("plate".into()), 60.051, Some("keeps 60.051 °C")),
        (heat(60.0), Setting::Mode("plate".into()), 1.4, None),
        (heat(60.0), Setting::Mode("plate".into()), 1.5, Some("keeps a fixed power")),
        (light(true), lamp(), 0.5, Some("set on, the light keeps on")),
        (light(false), lamp(), 0.5, Some("set off, the light keeps on")),
    ];
    for (command, setting, kept, said) in cases {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        guarded.send(&command).unwrap();
        lab.0.borrow_mut().forced_settings = vec![(setting, kept)];
        let outcome = guarded.wait(Span::from_secs(4.0)).err().map(|fault| fault.to_string());
        match said {
            None => assert_eq!(outcome, None, "{kept}"),
            Some(said) => {
                assert!(outcome.as_ref().is_some_and(|it| it.contains(said)), "{outcome:?}");
            }
        }
    }
}

#[test]
fn limits_that_are_as_they_were_before_there_were_keys_for_them_are_not_written() {
    let keys = |limits: &Limits| -> Vec<String> {
        let value = serde_json::to_value(limits).unwrap();
        let new = ["loop_tolerance", "loop_drift", "most_delivered"];
        new.iter().filter(|key| value.get(key).is_some()).map(ToString::to_string).collect()
    };
    assert_eq!(keys(&Limits::default()), Vec::<String>::new());
    let other = Limits { loop_tolerance: 0.5, ..Limits::default() };
    assert_eq!(keys(&other), ["loop_tolerance"]);
    let other = Limits { loop_drift: 0.5, most_delivered: 1.5, ..Limits::default() };
    assert_eq!(keys(&other), ["loop_drift", "most_delivered"]);
}

#[test]
fn every_thermal_limit_is_allowed_and_a_figure_beyond_is_not() {
    let limits = Limits {
        max_temperature_c: 150.0,
        max_rise_k_per_min: 60.0,
        no_heat_without_flow_above_c: Some(100.0),
        no_flow_grace_s: 20.0,
        out_of_step_k: 40.0,
        out_of_step_s: 20.0,
        frozen_s: 20.0,
        no_reading_s: 1e9,
        ..Limits::default()
    };
    // Readings every 5 s, and the rule that the last of them breaks.
    let steady = |c: f64, digit: f64| (0..8).map(move |i| c + digit * f64::from(i % 2));
    let then = |c: f64| [90.0, c].into_iter();
    type Readings<'a> = Box<dyn Iterator<Item = f64> + 'a>;
    let cases: [(f64, Readings<'_>, Option<&str>); 12] = [
        (100.0, Box::new(then(95.9)), None),
        (100.0, Box::new(then(96.1)), Some("temperature rate")),
        (100.0, Box::new(then(84.1)), None),
        (100.0, Box::new(then(83.9)), Some("temperature rate")),
        (140.0, Box::new(steady(149.5, 0.5)), Some("no heat without flow")),
        (140.0, Box::new(steady(149.5, 1.0)), Some("over-temperature")),
        (90.0, Box::new(steady(99.5, 0.5)), None),
        (90.0, Box::new(steady(99.5, 0.5).chain([100.5])), None),
        (60.0, Box::new(steady(99.5, 0.5)), None),
        (59.0, Box::new(steady(99.5, 0.5)), Some("out of step")),
        (139.0, Box::new(steady(98.5, 0.5)), None),
        (90.0, Box::new(steady(90.0, 0.0)), Some("frozen reading")),
    ];
    for (i, (set, readings, rule)) in cases.into_iter().enumerate() {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), limits.clone());
        guarded.send(&heat(set)).unwrap();
        let mut outcome = Ok(());
        for reading in readings {
            lab.0.borrow_mut().forced_temperature_c = Some(reading);
            outcome = outcome.and_then(|()| guarded.wait(Span::from_secs(5.0)));
        }
        let found = outcome.as_ref().err().map(rule_of);
        assert_eq!(found, rule, "case {i}: {outcome:?}");
        if rule.is_some_and(|rule| rule == "no heat without flow" || rule == "out of step") {
            assert_eq!(guarded.now(), Instant::from_secs(30.0), "case {i}: 25 s from the first");
        }
        if rule == Some("frozen reading") {
            // Counted from the first reading.
            assert_eq!(guarded.now(), Instant::from_secs(30.0), "case {i}");
        }
    }
}

#[test]
fn graces_begin_anew_when_what_was_wrong_is_right() {
    let limits = Limits {
        out_of_step_k: 10.0,
        out_of_step_s: 20.0,
        no_heat_without_flow_above_c: Some(60.0),
        no_flow_grace_s: 20.0,
        frozen_s: 20.0,
        ..Limits::default()
    };
    // 25 s of what is wrong trips; here it is right for one reading in between.
    for (set, wrong, right) in [(40.0, 51.0, 49.0), (65.0, 62.0, 58.0)] {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), limits.clone());
        guarded.send(&heat(set)).unwrap();
        for (i, reading) in
            [wrong, wrong, wrong, right, wrong, wrong, wrong, wrong, wrong].into_iter().enumerate()
        {
            // A digit moves, so that it is not frozen; no step is steeper than allowed.
            let digit = 0.01 * (i % 2) as f64;
            lab.0.borrow_mut().forced_temperature_c = Some(reading + digit);
            guarded.wait(Span::from_secs(5.0)).unwrap();
        }
        lab.0.borrow_mut().forced_temperature_c = Some(wrong + 0.02);
        let fault = guarded.wait(Span::from_secs(5.0)).unwrap_err();
        assert!(["out of step", "no heat without flow"].contains(&rule_of(&fault)), "{fault}");
    }
    // A reading that moves by one digit is not frozen, and neither is that of a heater that is off.
    let lab = Shared::default();
    let mut guarded = Guarded::new(lab.clone(), limits);
    guarded.send(&heat(30.0)).unwrap();
    for reading in [28.0, 28.0, 28.0, 28.1, 28.1, 28.1, 28.1, 28.1] {
        lab.0.borrow_mut().forced_temperature_c = Some(reading);
        guarded.wait(Span::from_secs(5.0)).unwrap();
    }
    guarded.send(&Command::HeaterOff { heater: "plate".into() }).unwrap();
    guarded.wait(Span::from_secs(300.0)).unwrap();
}

#[test]
fn an_open_sensor_begins_below_sixty_degrees_of_frost() {
    for (reads, open) in [(-60.0, false), (-60.1, true), (f64::INFINITY, true)] {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        lab.0.borrow_mut().forced_temperature_c = Some(reads);
        let outcome = guarded.wait(Span::from_secs(5.0));
        assert_eq!(outcome.is_err_and(|f| f.kind == FaultKind::SensorOpen), open, "{reads}");
    }
}

/// A tick of nothing never ends a wait, and one of a year never looks. Scenarios with such limits are refused; a program can make them.
#[test]
fn a_guard_looks_and_time_goes_on_whatever_its_tick() {
    for tick_s in [0.0, -1.0, 1e12, f64::INFINITY, f64::NAN] {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), Limits { tick_s, ..Limits::default() });
        guarded.send(&heat(60.0)).unwrap();
        guarded.wait(Span::from_secs(20.0)).unwrap();
        lab.0.borrow_mut().forced_temperature_c = Some(300.0);
        let fault = guarded.wait(Span::from_secs(600.0)).unwrap_err();
        assert!(lab.0.borrow().is_safe(), "{tick_s}: {fault}");
        assert!(guarded.now() < Instant::from_secs(60.0), "{tick_s}: {}", guarded.now());
    }
}
