//! What goes wrong shows where it would show on the rig.

use std::sync::Arc;

use flowtwin_lab::{
    Command, Exposure, Fault, FaultKind, FlowRate, Lab as _, Reply, Span, Streams, Temperature,
    Volume,
};
use flowtwin_sim::spec::{Mishap, RandomFault, ScheduledFault, World};
use flowtwin_sim::{Plan, SimLab};

use crate::support::reference;

fn lab_of(world: &World) -> SimLab {
    SimLab::new(Arc::new(Plan::new(world).unwrap()), Streams::new(1))
}

fn struck(at_s: f64, for_s: Option<f64>, mishap: Mishap) -> SimLab {
    let mut world = reference();
    world.faults.scheduled.push(ScheduledFault { at_s, for_s, mishap });
    lab_of(&world)
}

fn read(lab: &mut SimLab, sensor: &str) -> f64 {
    match lab.send(&Command::Read { sensor: sensor.into() }).unwrap() {
        Reply::Reading(value) => value,
        other => panic!("{other:?}"),
    }
}

fn dispense(lab: &mut SimLab, pump: &str, rate: f64, ul: f64) -> Result<Reply, Fault> {
    lab.send(&Command::Dispense {
        pump: pump.into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(rate),
        at_most_ul: Volume::from_ul(ul),
    })
}

fn brightest(lab: &mut SimLab, spectrometer: &str) -> u16 {
    let exposure = Exposure { integration_us: 20_000, frames: 5 };
    lab.send(&Command::Arm { spectrometer: spectrometer.into(), exposure }).unwrap();
    lab.wait(Span::from_secs(0.1)).unwrap();
    match lab.send(&Command::Fetch { spectrometer: spectrometer.into() }).unwrap() {
        Reply::Frames(frames) => *frames.counts().iter().max().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stalled_pump_says_so_stops_counting_and_runs_again_once_cleared() {
    let mut lab = struck(60.0, Some(60.0), Mishap::Stall { pump: "cui".into() });
    dispense(&mut lab, "cui", 60.0, 1000.0).unwrap();
    lab.wait(Span::from_secs(90.0)).unwrap();
    assert_eq!(read(&mut lab, "cui.status").to_bits(), 4.0_f64.to_bits());
    assert!((read(&mut lab, "cui.dispensed") - 60.0).abs() < 1e-6);
    dispense(&mut lab, "cui", 60.0, 1000.0).unwrap();
    assert_eq!(read(&mut lab, "cui.status").to_bits(), 4.0_f64.to_bits());
    lab.wait(Span::from_secs(60.0)).unwrap();
    dispense(&mut lab, "cui", 60.0, 1000.0).unwrap();
    assert_eq!(read(&mut lab, "cui.status").to_bits(), 1.0_f64.to_bits());
}

#[test]
fn an_empty_syringe_stalls_its_pump_at_its_volume() {
    let mut world = reference();
    world.rig.pumps.get_mut("cui").unwrap().fill_ml = 0.5;
    let mut lab = lab_of(&world);
    dispense(&mut lab, "cui", 600.0, 2000.0).unwrap();
    lab.wait(Span::from_secs(49.0)).unwrap();
    assert_eq!(read(&mut lab, "cui.status").to_bits(), 1.0_f64.to_bits());
    lab.wait(Span::from_secs(2.0)).unwrap();
    assert_eq!(read(&mut lab, "cui.status").to_bits(), 4.0_f64.to_bits());
    assert!((read(&mut lab, "cui.dispensed") - 500.0).abs() < 1e-3);
}

#[test]
fn a_stock_short_of_ligand_clogs_its_line() {
    let mut world = reference();
    let stock = world.stocks.get_mut("cs_oleate").unwrap();
    stock.concentrations_mm.insert("oa".into(), 4.0 * 30.22);
    world.faults.precipitation[0].clogs_after_ml = 0.2;
    let mut lab = lab_of(&world);
    dispense(&mut lab, "cs", 60.0, 1000.0).unwrap();
    lab.wait(Span::from_secs(190.0)).unwrap();
    assert_eq!(read(&mut lab, "cs.status").to_bits(), 1.0_f64.to_bits());
    lab.wait(Span::from_secs(20.0)).unwrap();
    assert_eq!(read(&mut lab, "cs.status").to_bits(), 4.0_f64.to_bits());
}

#[test]
fn a_failed_lamp_leaves_the_dark() {
    let mut lab = struck(10.0, None, Mishap::Dark { light: "lamp".into() });
    assert!(brightest(&mut lab, "absorption") < 1400);
    lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    assert!(brightest(&mut lab, "absorption") > 30_000);
    lab.wait(Span::from_secs(10.0)).unwrap();
    assert!(brightest(&mut lab, "absorption") < 1400);
}

#[test]
fn too_bright_a_light_saturates() {
    let mishap = Mishap::Brightness { light: "lamp".into(), factor: 2.0 };
    let mut lab = struck(0.5, None, mishap);
    lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    lab.wait(Span::from_secs(1.0)).unwrap();
    assert_eq!(brightest(&mut lab, "absorption"), 65_535);
}

#[test]
fn a_runaway_heater_passes_its_set_point() {
    let mut lab = struck(900.0, None, Mishap::Runaway { heater: "plate".into() });
    let set_point_c = Temperature::from_c(100.0);
    lab.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    lab.wait(Span::from_secs(880.0)).unwrap();
    assert!((read(&mut lab, "plate.temperature") - 100.0).abs() < 2.0);
    lab.wait(Span::from_secs(300.0)).unwrap();
    assert!(read(&mut lab, "plate.temperature") > 115.0);
    assert!((read(&mut lab, "plate.power") - 100.0).abs() < 1e-6);
}

#[test]
fn an_open_sensor_reads_no_temperature() {
    let mut lab = struck(1.0, None, Mishap::SensorOpen { heater: "plate".into() });
    lab.wait(Span::from_secs(2.0)).unwrap();
    assert!(read(&mut lab, "plate.temperature") < -60.0);
}

#[test]
fn a_silent_instrument_gives_no_reply_until_it_answers_again() {
    let mishap = Mishap::Silence { instrument: "cui".into(), waited_s: 1.5 };
    let mut lab = struck(5.0, Some(5.0), mishap);
    lab.wait(Span::from_secs(6.0)).unwrap();
    let fault = dispense(&mut lab, "cui", 60.0, 10.0).unwrap_err();
    assert_eq!(fault.kind, FaultKind::NoReply { waited_s: 1.5 });
    lab.send(&Command::MakeSafe).unwrap();
    lab.wait(Span::from_secs(5.0)).unwrap();
    dispense(&mut lab, "cui", 60.0, 10.0).unwrap();
}

#[test]
fn a_lost_link_cuts_the_wait_where_it_happens() {
    let mut lab = struck(5.0, None, Mishap::LinkLost {});
    let fault = lab.wait(Span::from_secs(60.0)).unwrap_err();
    assert!(matches!(fault.kind, FaultKind::LinkLost { .. }));
    assert!((lab.now().as_secs() - 5.0).abs() < 1e-9);
    lab.wait(Span::from_secs(60.0)).unwrap();
}

/// One stall from 10 to 40 s, another from 20 to 60 s; silences and slugs that merge likewise.
#[test]
fn of_two_mishaps_of_a_kind_the_longer_one_decides_when_all_is_well_again() {
    let mut world = reference();
    let mut two = |mishap: Mishap, other: Mishap| {
        world.faults.scheduled.push(ScheduledFault { at_s: 10.0, for_s: Some(30.0), mishap });
        let of = ScheduledFault { at_s: 20.0, for_s: Some(40.0), mishap: other };
        world.faults.scheduled.push(of);
    };
    let stall = Mishap::Stall { pump: "cui".into() };
    two(stall.clone(), stall);
    let silent = |waited_s| Mishap::Silence { instrument: "cs".into(), waited_s };
    two(silent(1.0), silent(2.0));
    let light = |factor| Mishap::Brightness { light: "lamp".into(), factor };
    two(light(0.0), light(0.5));
    let mut lab = lab_of(&world);
    lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    let full = brightest(&mut lab, "absorption");
    let mut look = |at_s: f64| {
        lab.wait(Span::from_secs(at_s - lab.now().as_secs())).unwrap();
        dispense(&mut lab, "cui", 60.0, 1000.0).unwrap();
        let stalled = read(&mut lab, "cui.status") > 3.0;
        let waited_s = match dispense(&mut lab, "cs", 60.0, 1000.0).map_err(|fault| fault.kind) {
            Err(FaultKind::NoReply { waited_s }) => Some(waited_s),
            other => other.map(|_| None).unwrap(),
        };
        let light = f64::from(brightest(&mut lab, "absorption")) / f64::from(full);
        (stalled, waited_s, (10.0 * light).round() / 10.0)
    };
    let seen = [15.0, 25.0, 45.0, 65.0].map(&mut look);
    let dim = seen[1].2;
    assert!((0.4..0.7).contains(&dim), "half of the light and the dark offset: {dim}");
    assert_eq!((seen[0].0, seen[0].1), (true, Some(1.0)));
    assert_eq!(seen[1], (true, Some(2.0), dim));
    assert_eq!(seen[2], (true, Some(2.0), dim));
    assert_eq!(seen[3], (false, None, 1.0));
}

#[test]
fn random_mishaps_come_as_often_as_they_should() {
    let mut world = reference();
    let mishap = Mishap::Stall { pump: "cui".into() };
    world.faults.random.push(RandomFault { rate_per_h: 6.0, for_s: Some(1.0), mishap });
    let mut lab = lab_of(&world);
    let mut stalls = 0;
    for _ in 0..20 * 60 {
        dispense(&mut lab, "cui", 1.0, 1000.0).unwrap();
        lab.wait(Span::from_secs(60.0)).unwrap();
        stalls += u32::from(read(&mut lab, "cui.status") > 3.0);
    }
    // twenty hours: 120 expected, sd 11
    assert!((80..160).contains(&stalls), "{stalls}");
}

#[test]
fn safe_means_pumps_stopped_lights_off_and_the_plate_at_its_safe_set_point() {
    let mut lab = struck(1e6, None, Mishap::LinkLost {});
    let set_point_c = Temperature::from_c(150.0);
    lab.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    lab.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    dispense(&mut lab, "cui", 60.0, 1000.0).unwrap();
    lab.wait(Span::from_secs(600.0)).unwrap();
    lab.send(&Command::MakeSafe).unwrap();
    lab.wait(Span::from_secs(60.0)).unwrap();
    assert_eq!(read(&mut lab, "cui.status").to_bits(), 0.0_f64.to_bits());
    assert_eq!(read(&mut lab, "plate.power").to_bits(), 0.0_f64.to_bits());
    assert!(brightest(&mut lab, "absorption") < 1400);
}
