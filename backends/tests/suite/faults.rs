//! Every scripted fault, on every sort of instrument: what the rig makes of it.

use flowtwin_backends::wiring::catalogue::f4t::{DigitalInput, F4tWiring};
use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{Command, Exposure, FaultKind, FlowRate, Lab, Reply, Span, Temperature, Volume};

/// A rig whose `instrument` suffers `what` from 10 s to 20 s.
fn rig(instrument: &str, what: &str) -> EmulatedRig {
    let mut wiring = Wiring::of(ToyLab::new().manifest());
    let text = format!(
        "schema = 1\n[chemyx.water]\n[f4t.f4t]\nloops = {{ plate = 1 }}\n[hdx.eye]\n[dc2200.lamp]\n\
         current_a = 0.35\n[[faults]]\ninstrument = \"{instrument}\"\nat_s = 10\nfor_s = 10\n\
         what = {what}\n"
    );
    wiring.faults = Wiring::parse(&text).expect("a wiring file").faults;
    EmulatedRig::new(Box::new(ToyLab::new()), &wiring).expect("it fits")
}

/// What a rig does in ten seconds of work: one command to every instrument.
fn work(rig: &mut dyn Lab) -> Vec<(&'static str, Result<Reply, FaultKind>)> {
    let exposure = Exposure { integration_us: 10_000, frames: 20 };
    let commands = [
        ("heat", Command::Heat { heater: "plate".into(), set_point_c: Temperature::from_c(60.0) }),
        (
            "dispense",
            Command::Dispense {
                pump: "water".into(),
                rate_ul_per_min: FlowRate::from_ul_per_min(60.0),
                at_most_ul: Volume::from_ul(50.0),
            },
        ),
        ("light", Command::Light { light: "lamp".into(), on: true }),
        ("arm", Command::Arm { spectrometer: "eye".into(), exposure }),
        ("temperature", Command::Read { sensor: "plate.temperature".into() }),
        ("status", Command::Read { sensor: "water.status".into() }),
    ];
    let mut done: Vec<_> = commands
        .into_iter()
        .map(|(name, command)| (name, rig.send(&command).map_err(|fault| fault.kind)))
        .collect();
    rig.wait(Span::from_secs(1.0)).expect("time passes");
    let fetch = Command::Fetch { spectrometer: "eye".into() };
    done.push(("fetch", rig.send(&fetch).map_err(|fault| fault.kind)));
    done
}

/// The steps that failed during the fault, and how, in a word each.
fn during(instrument: &str, what: &str) -> Vec<String> {
    let mut rig = rig(instrument, what);
    assert!(work(&mut rig).iter().all(|(_, done)| done.is_ok()), "{instrument} {what} before");
    rig.send(&Command::Stop { pump: "water".into() }).expect("the pump stops");
    rig.wait_until(flowtwin_lab::Instant::from_secs(12.0)).expect("time passes");
    let failed = work(&mut rig)
        .into_iter()
        .filter_map(|(step, done)| done.err().map(|kind| format!("{step}: {}", word(&kind))))
        .collect();
    rig.wait_until(flowtwin_lab::Instant::from_secs(25.0)).expect("time passes");
    rig.send(&Command::MakeSafe).expect("once the fault is over, the rig can be made safe");
    let after = work(&mut rig);
    assert!(after.iter().all(|(_, done)| done.is_ok()), "{instrument} {what} after: {after:?}");
    failed
}

fn word(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::NoReply { .. } => "no reply",
        FaultKind::Garbled { .. } => "garbled",
        FaultKind::Refused { .. } => "refused",
        FaultKind::NotReady => "not ready",
        FaultKind::LinkLost { .. } => "link lost",
        FaultKind::Stalled => "stalled",
        FaultKind::SensorOpen => "sensor open",
        FaultKind::Interlock { .. } => "interlock",
        FaultKind::KeptOther { .. } => "kept other",
        _ => "other",
    }
}

#[track_caller]
fn assert_outcome(instrument: &str, what: &str, failed: &[&str]) {
    assert_eq!(during(instrument, what), failed, "{instrument}: {what}");
}

#[test]
fn silence_is_no_reply() {
    assert_outcome("water", "\"drop\"", &["dispense: no reply", "status: no reply"]);
    assert_outcome("f4t", "\"drop\"", &["heat: no reply", "temperature: no reply"]);
    assert_outcome("lamp", "\"drop\"", &["light: no reply"]);
    assert_outcome("eye", "\"drop\"", &["arm: no reply", "fetch: not ready"]);
}

#[test]
fn late_replies_are_no_replies_and_are_not_taken_for_others() {
    assert_outcome("water", "{ delay_s = 3 }", &["dispense: no reply", "status: no reply"]);
    assert_outcome("f4t", "{ delay_s = 3 }", &["heat: no reply", "temperature: no reply"]);
    assert_outcome("eye", "{ delay_s = 3 }", &["arm: no reply", "fetch: not ready"]);
}

#[test]
fn replies_that_come_twice_do_no_harm() {
    for instrument in ["water", "f4t", "lamp", "eye"] {
        assert_outcome(instrument, "\"duplicate\"", &[]);
    }
}

#[test]
fn half_replies_are_garbled() {
    assert_outcome("water", "\"truncate\"", &["dispense: garbled", "status: garbled"]);
    assert_outcome("f4t", "\"truncate\"", &["heat: garbled", "temperature: garbled"]);
    assert_outcome("eye", "\"truncate\"", &["arm: garbled", "fetch: not ready"]);
}

#[test]
fn a_cut_connection_is_a_lost_link() {
    assert_outcome("f4t", "\"disconnect\"", &["heat: link lost", "temperature: link lost"]);
    assert_outcome("eye", "\"disconnect\"", &["arm: link lost", "fetch: not ready"]);
}

#[test]
fn a_pump_without_power_does_not_answer() {
    let outcome = ["dispense: no reply", "status: no reply"];
    assert_outcome("water", "{ device = \"power_loss\" }", &outcome);
}

#[test]
fn a_pump_that_lost_power_unnoticed_does_not_pump_in_its_default_units() {
    let mut rig = rig("water", "{ device = \"power_loss\" }");
    work(&mut rig);
    rig.wait_until(flowtwin_lab::Instant::from_secs(12.0)).expect("time passes");
    rig.send(&Command::Read { sensor: "water.status".into() }).expect_err("no power");
    rig.wait_until(flowtwin_lab::Instant::from_secs(25.0)).expect("time passes");
    let first = work(&mut rig).swap_remove(1);
    let Err(FaultKind::KeptOther { quantity, .. }) = first.1 else { panic!("{first:?}") };
    assert_eq!(quantity, "unit");
    assert_eq!(work(&mut rig).swap_remove(1), ("dispense", Ok(Reply::Done)));
}

#[test]
fn a_stall_is_told_as_a_stall() {
    let what = "{ device = \"stall\" }";
    let mut rig = rig("water", what);
    rig.wait_until(flowtwin_lab::Instant::from_secs(12.0)).expect("time passes");
    let done = work(&mut rig);
    assert_eq!(done[5], ("status", Ok(Reply::Reading(4.0))));
}

#[test]
fn an_open_sensor_is_told_as_such() {
    assert_outcome("f4t", "{ device = \"sensor_open\" }", &["temperature: sensor open"]);
}

#[test]
fn an_alarm_of_a_controller_is_told_as_such() {
    assert_outcome("f4t", "{ device = \"alarm\" }", &["temperature: interlock"]);
}

#[test]
fn a_busy_instrument_refuses() {
    assert_outcome("f4t", "{ device = \"busy\" }", &["heat: refused", "temperature: refused"]);
    assert_outcome("eye", "{ device = \"busy\" }", &["arm: not ready", "fetch: not ready"]);
    assert_outcome("water", "{ device = \"busy\" }", &["dispense: refused", "status: refused"]);
}

#[test]
fn a_saturated_spectrum_is_full_scale_everywhere() {
    let mut rig = rig("eye", "{ device = \"saturated\" }");
    rig.wait_until(flowtwin_lab::Instant::from_secs(12.0)).expect("time passes");
    let done = work(&mut rig);
    let Ok(Reply::Frames(frames)) = &done[6].1 else { panic!("{done:?}") };
    assert!(frames.counts().iter().all(|count| *count == u16::MAX));
}

/// The controller of a wiring file, with the door switch of the toy lab.
fn serial(wiring: &Wiring) -> std::collections::BTreeMap<String, F4tWiring> {
    let mut controllers = wiring.f4t.clone();
    let door = DigitalInput { module: 1, io: 1 };
    for controller in controllers.values_mut() {
        controller.inputs.insert("door".into(), door);
    }
    controllers
}

#[test]
fn flipped_bits_now_and_then_fail_loudly_or_not_at_all() {
    for instrument in ["water", "f4t", "eye"] {
        let mut wiring = Wiring::of(ToyLab::new().manifest());
        let text = format!(
            "schema = 1\n[chemyx.water]\n[f4t.f4t]\nlink.serial.port = \"\"\n\
             loops = {{ plate = 1 }}\n[hdx.eye]\n[[faults]]\n\
             instrument = \"{instrument}\"\nat_s = 0\nfor_s = 1e6\nshare = 0.3\nwhat = \"corrupt\"\n"
        );
        for seed in 0..40 {
            let spoilt = Wiring::parse(&text).expect("a wiring file");
            (wiring.f4t, wiring.faults, wiring.fault_seed) = (serial(&spoilt), spoilt.faults, seed);
            let mut rig = EmulatedRig::new(Box::new(ToyLab::new()), &wiring).expect("it fits");
            let mut bare = ToyLab::new();
            for ((step, spoilt), (_, clean)) in work(&mut rig).into_iter().zip(work(&mut bare)) {
                let protected = instrument == "f4t" || !matches!(step, "fetch" | "status");
                if let (Ok(spoilt), true) = (spoilt, protected) {
                    assert_eq!(Ok(spoilt), clean, "{instrument} {step} with seed {seed}");
                }
            }
        }
    }
}
