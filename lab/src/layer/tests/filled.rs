//! Syringes that are filled under a guard, and settings that stay, are taken back or cannot be reported.

use super::*;
use crate::command::Setting;
use crate::id::PumpId;
use crate::manifest::Level;

fn fill(pump: &str, ul: f64) -> Command {
    Command::Fill { pump: pump.into(), holds_ul: Volume::from_ul(ul) }
}

#[test]
fn a_syringe_is_filled_while_its_pump_stands_still_and_holds_what_is_told() {
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    guarded.send(&dispense(120.0, 60.0)).unwrap();
    let fault = guarded.send(&fill("water", 800.0)).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Refused { .. }), "{fault}");
    assert!(fault.to_string().contains("stop it before its syringe is filled"), "{fault}");
    // Who runs is a matter of each pump.
    let fault = guarded.send(&fill("nobody", 800.0)).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::Unsupported { .. }), "{fault}");
    guarded.send(&Command::Stop { pump: "water".into() }).unwrap();
    guarded.send(&fill("water", 800.0)).unwrap();
    assert!((guarded.remaining_ul()[0] - 800.0).abs() < 1e-9);
}

#[test]
fn what_a_syringe_lacks_is_told_of_those_that_lack_something() {
    let lab = Shared::default();
    let guarded = guard(&lab);
    let water = PumpId::new("water");
    let lacks = guarded.shortages(&[(water.clone(), 10.0), (water.clone(), 2_000.0)]);
    assert_eq!(lacks.iter().map(|it| it.pump.clone()).collect::<Vec<_>>(), [water]);
}

/// What runs whole experiments by itself need not know who fills its syringes; a bench must.
#[test]
fn only_a_lab_of_whole_experiments_is_not_told_of_a_filled_syringe() {
    for (level, told) in [(Level::Instruments, true), (Level::Experiments, false)] {
        let lab = Shared::default();
        let mut manifest = Shared::manifest().clone();
        manifest.level = level;
        let refuses = |lab: &mut Shared, command: &Command| match command {
            Command::Fill { pump, .. } => {
                let kind = FaultKind::Unsupported { detail: "a syringe".into() };
                Err(Fault::new(lab.now(), pump, kind))
            }
            _ => lab.send(command),
        };
        let mut guarded = Guarded::new(Odd(lab.clone(), manifest, refuses), Limits::default());
        assert_eq!(guarded.send(&fill("water", 800.0)).is_err(), told, "{level:?}");
        let kept = guarded.send(&Command::Read { sensor: "water.status".into() });
        assert!(kept.is_ok(), "what is not a filling reaches the lab");
    }
}

/// A pump that was stopped may be set to any rate at its panel, and one that is told not to run keeps its rate.
#[test]
fn the_rate_of_a_pump_that_does_not_run_is_nobodys_business() {
    let rate = || Setting::Rate("water".into());
    for last in [Command::Stop { pump: "water".into() }, dispense(0.0, 10.0)] {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        guarded.send(&heat(60.0)).unwrap();
        guarded.send(&dispense(100.0, 50.0)).unwrap();
        guarded.send(&last).unwrap();
        lab.0.borrow_mut().forced_settings = vec![(rate(), 77.0)];
        guarded.wait(Span::from_secs(20.0)).unwrap();
    }
}

#[test]
fn a_rate_is_the_same_within_a_share_of_itself() {
    for (kept, same) in [(1_000.09, true), (1_000.11, false)] {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        guarded.send(&dispense(1_000.0, 500.0)).unwrap();
        lab.0.borrow_mut().forced_settings = vec![(Setting::Rate("water".into()), kept)];
        assert_eq!(guarded.wait(Span::from_secs(4.0)).is_ok(), same, "{kept}");
    }
}

/// Only what an instrument cannot report is not asked for again.
#[test]
fn a_setting_that_is_not_reported_for_another_reason_is_a_fault() {
    for (kind, goes_on) in [
        (FaultKind::Unsupported { detail: "no read-back".into() }, true),
        (FaultKind::NoReply { waited_s: 1.0 }, false),
    ] {
        let lab = Shared::default();
        let silent = |lab: &mut Shared, command: &Command| match command {
            Command::ReadBack { .. } => Err(Fault::new(lab.now(), "plate", kind.clone())),
            _ => lab.send(command),
        };
        let odd = Odd(lab.clone(), Shared::manifest().clone(), silent);
        let mut guarded = Guarded::new(odd, Limits::default());
        guarded.send(&heat(60.0)).unwrap();
        assert_eq!(guarded.wait(Span::from_secs(20.0)).is_ok(), goes_on, "{kind}");
    }
}

/// A switch that reads one half is closed.
#[test]
fn a_permit_is_given_from_one_half_on() {
    for (permit, given) in [(0.5, true), (0.49, false)] {
        let lab = Shared::default();
        let mut guarded = guard(&lab);
        guarded.send(&heat(60.0)).unwrap();
        lab.0.borrow_mut().permit = permit;
        assert_eq!(guarded.wait(Span::from_secs(20.0)).is_ok(), given, "{permit}");
    }
}

/// A plate may be hot for as long as something flows.
#[test]
fn heat_with_flow_is_left_alone() {
    let lab = Shared::default();
    let limits = Limits { no_flow_grace_s: 60.0, frozen_s: 1e9, ..Limits::default() };
    let mut guarded = Guarded::new(lab.clone(), limits);
    guarded.send(&heat(120.0)).unwrap();
    guarded.send(&dispense(60.0, 500.0)).unwrap();
    guarded.wait(Span::from_secs(400.0)).unwrap();
}

/// A controller that cannot tell its power is watched without; one that does not answer is not.
#[test]
fn a_power_that_is_not_told_for_another_reason_is_a_fault() {
    for (kind, goes_on) in [
        (FaultKind::Unsupported { detail: "no power".into() }, true),
        (FaultKind::NoReply { waited_s: 1.0 }, false),
    ] {
        let lab = Shared::default();
        let mut manifest = Shared::manifest().clone();
        let power = crate::SensorKind::Power("plate".into());
        manifest.sensors.push(crate::SensorInfo { name: "plate.power".into(), kind: power });
        let silent = |lab: &mut Shared, command: &Command| match command {
            Command::Read { sensor } if sensor.as_str() == "plate.power" => {
                Err(Fault::new(lab.now(), "plate", kind.clone()))
            }
            _ => lab.send(command),
        };
        let model = crate::layer::LoopModel {
            heater: "plate".into(),
            power_w: 450.0,
            heat_capacity_j_per_k: 1_800.0,
            loss_w_per_k: 2.5,
            ambient_c: 23.0,
            lag_s: 2.0,
        };
        let odd = Odd(lab.clone(), manifest, silent);
        let mut guarded = Guarded::new(odd, Limits::default()).knowing(vec![model]);
        guarded.send(&heat(60.0)).unwrap();
        assert_eq!(guarded.wait(Span::from_secs(20.0)).is_ok(), goes_on, "{kind}");
    }
}
