//! Tasks of a study.

use super::played::*;
use crate::command::{Command, Reply};
use crate::conditions::Space;
use crate::fault::{Fault, FaultKind};
use crate::input::Input;
use crate::study::{DeliverTask, HeatTask, LightTask, Reading, Task, TracerTask};

fn space() -> Space {
    let input = |name: &str| Input::number(format!("{name}_ul_per_min"), 0.0, 400.0, 0.001);
    Space::new(["a", "b", "oil"].map(input).to_vec(), vec![]).expect("it is a space")
}

/// Carries a task out; what was read, and how it ended.
fn done(rig: &mut Rig, task: &Task) -> (Vec<Reading>, Result<(), Fault>) {
    let mut readings = Vec::new();
    let mut note = |_: &mut Rig, reading| {
        readings.push(reading);
        Ok(())
    };
    let ended = procedure().carry_out(rig, &blank(), &space(), task, &mut note);
    (readings, ended)
}

fn heat() -> Task {
    Task::Heat(HeatTask {
        heater: "plate".into(),
        set_points_c: vec![80.0, 90.0],
        hold_s: 20.0,
        cool_s: 30.0,
        every_s: 2.0,
    })
}

/// The plate reads 80 °C whatever it is told: the second set point is not reached, which is a result.
#[test]
fn a_heater_is_read_at_rest_on_the_way_to_every_set_point_and_while_it_cools() {
    let mut rig = rig();
    let (readings, ended) = done(&mut rig, &heat());
    ended.expect("nothing goes wrong");
    // 40 readings at rest; 80 s to settle and hold, from the first look 2 s later; 3600 s to settle and 20 s to hold.
    let said: Vec<String> = rig.said().into_iter().take(4).collect();
    assert_eq!(said, ["80 plate to 80", "162 plate to 90", "3782 plate off", "3812 a stops"]);
    let at = |set_point: Option<f64>| {
        readings.iter().filter(|reading| reading.value("set_point_c") == set_point).count()
    };
    assert_eq!([at(None), at(Some(80.0)), at(Some(90.0))], [40 + 15, 41, 1810]);
    assert!(readings.iter().all(|reading| reading.value("temperature_c") == Some(80.0)));
}

#[test]
fn a_task_that_goes_wrong_leaves_everything_safe_and_what_was_read_is_handed_over() {
    let mut rig = rig();
    rig.played = Box::new(|at, command| match command {
        Command::Read { .. } if at > 100.0 => {
            Some(Err(FaultKind::LinkLost { detail: "unplugged".into() }))
        }
        _ => None,
    });
    let (readings, ended) = done(&mut rig, &heat());
    assert_eq!(ended.expect_err("the sensor is gone").origin, "plate.temperature");
    assert_eq!(readings.len(), 40 + 10);
    assert_eq!(rig.said().last().map(String::as_str), Some("102 all safe"));
}

#[test]
fn a_delivery_is_weighed_before_and_after() {
    let mut rig = rig();
    let mut weighed = [12.0, 12.05, 12.05, 12.15].into_iter();
    rig.played = Box::new(move |_, command| match command {
        Command::Read { .. } => weighed.next().map(|grams| Ok(Reply::Reading(grams))),
        _ => None,
    });
    let task = Task::Deliver(DeliverTask {
        pump: "a".into(),
        balance: "gauge".into(),
        rates_ul_per_min: vec![60.0, 120.0],
        seconds: 50.0,
        rest_s: 10.0,
    });
    let (readings, ended) = done(&mut rig, &task);
    ended.expect("nothing goes wrong");
    let said: Vec<String> = rig.said().into_iter().take(4).collect();
    assert_eq!(
        said,
        ["0 a runs at 60 for 50", "50 a stops", "60 a runs at 120 for 100", "110 a stops"]
    );
    let grams: Vec<f64> = readings.iter().filter_map(|it| it.value("weighed_g")).collect();
    assert!(grams.len() == 2 && close(grams[0], 0.05) && close(grams[1], 0.1), "{grams:?}");
    assert_eq!(readings[1].value("asked_ul"), Some(100.0));
    let needs = procedure().task_needs_ul(&rig.manifest, &task);
    assert_eq!(needs, [("a".into(), 150.0)]);
}

#[test]
fn lights_are_switched_on_for_every_reading_and_left_dark() {
    let mut rig = rig();
    let task = Task::Light(LightTask { duration_s: 60.0, every_s: 30.0 });
    let (readings, ended) = done(&mut rig, &task);
    ended.expect("nothing goes wrong");
    assert_eq!(readings.len(), 3);
    assert!(readings.iter().all(|it| it.value("seen_counts") == Some(900.0)), "{readings:?}");
    assert_eq!(rig.times("lamp on").len(), 3);
    assert!(rig.times("lamp dark").last() > rig.times("lamp on").last());
}

/// 60 · (40/100 + 80/120) = 64 s; 1.6 times that until what flows first is steady.
#[test]
fn a_step_replaces_what_flows_at_once_and_is_read_on_both_sides() {
    let mut rig = rig();
    let (from, to) = (rates(100.0, 0.0, 20.0), rates(0.0, 100.0, 20.0));
    let task = Task::Tracer(TracerTask { from, to, lasts_s: 200.0, every_s: 10.0 });
    let (readings, ended) = done(&mut rig, &task);
    ended.expect("nothing goes wrong");
    let switched = rig.times("b runs")[0];
    assert_eq!(rig.times("a stops").first(), Some(&switched));
    assert_eq!(rig.times("oil runs").last(), Some(&switched));
    let since: Vec<f64> = readings.iter().filter_map(|it| it.value("since_s")).collect();
    let before = since.iter().filter(|seconds| **seconds < 0.0).count();
    assert_eq!((before, since.len() - before), (3, 20), "{since:?}");
    // The dark takes 2.5 s before that.
    assert!(close(switched - rig.times("oil runs")[0], 104.9), "{switched}");
    // No pump may deliver more than was said before: 1.25 · (102.4 + 200) + 60 s.
    let needs = procedure().task_needs_ul(&rig.manifest, &task);
    let needed = |pump: &str| needs.iter().find(|(name, _)| name.as_str() == pump).map(|it| it.1);
    assert!(close(needed("a").unwrap_or_default(), 100.0 * 438.0 / 60.0), "{needs:?}");
    let most = rig.log.iter().filter_map(|(_, command)| match command {
        Command::Dispense { pump, at_most_ul, .. } if pump.as_str() == "b" => Some(at_most_ul.ul()),
        _ => None,
    });
    assert!(most.fold(0.0, f64::max) < needed("b").unwrap_or_default());
    assert!(rig.times("b stops").last() > rig.times("b runs").last());
}
