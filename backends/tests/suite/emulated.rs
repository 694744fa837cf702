//! An emulated rig behaves exactly like the lab behind it.

use flowtwin_backends::{EmulatedRig, Wiring};
use flowtwin_lab::conformance;
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Exposure, Fault, FlowRate, Instant, Lab, Reply, Span, Temperature, Volume,
};
use proptest::prelude::*;

fn rig() -> EmulatedRig {
    EmulatedRig::usual(Box::new(ToyLab::new())).expect("the toy lab can be wired")
}

#[test]
fn an_emulated_rig_conforms() {
    conformance::check(&mut rig(), None).unwrap();
}

#[test]
fn a_valve_and_a_pump_that_refills_itself_conform_behind_their_programs() {
    let mut rig = EmulatedRig::usual(Box::new(ToyLab::new().with_valve())).unwrap();
    conformance::check(&mut rig, None).unwrap();
}

#[test]
fn the_manifest_is_that_of_the_lab_behind() {
    assert_eq!(rig().manifest(), ToyLab::new().manifest());
}

/// What can be asked of a lab of instruments: a command, or a wait [s].
#[derive(Clone, Debug)]
enum Step {
    Send(Command),
    Wait(f64),
}

fn step() -> impl Strategy<Value = Step> {
    let send = |command| Just(Step::Send(command)).boxed();
    let read = |sensor: &str| send(Command::Read { sensor: sensor.into() });
    prop_oneof![
        (0.1..1500.0, 0.5..50.0).prop_map(|(rate, ul)| Step::Send(dispense(rate, ul))),
        send(Command::Stop { pump: "water".into() }),
        (20.0..200.0).prop_map(|c| Step::Send(heat(c))),
        send(Command::HeaterOff { heater: "plate".into() }),
        any::<bool>().prop_map(|on| Step::Send(Command::Light { light: "lamp".into(), on })),
        (1_000_u32..20_000, 1_u32..40).prop_map(|(us, n)| Step::Send(arm(us, n))),
        send(Command::Fetch { spectrometer: "eye".into() }),
        read("plate.temperature"),
        read("water.status"),
        read("water.dispensed"),
        read("door"),
        read("no-such-sensor"),
        send(Command::MakeSafe),
        (0.0..5.0).prop_map(Step::Wait),
    ]
}

fn dispense(rate: f64, ul: f64) -> Command {
    Command::Dispense {
        pump: "water".into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(flowtwin_lab::math::round_decimals(rate, 6)),
        at_most_ul: Volume::from_ul(flowtwin_lab::math::round_decimals(ul, 5)),
    }
}

fn heat(c: f64) -> Command {
    let set_point_c = Temperature::from_c(f64::from(c as f32));
    Command::Heat { heater: "plate".into(), set_point_c }
}

fn arm(integration_us: u32, frames: u32) -> Command {
    Command::Arm { spectrometer: "eye".into(), exposure: Exposure { integration_us, frames } }
}

fn run(lab: &mut dyn Lab, steps: &[Step]) -> Vec<(Instant, Result<Reply, Fault>)> {
    steps
        .iter()
        .map(|step| {
            let result = match step {
                Step::Send(command) => lab.send(command),
                Step::Wait(s) => lab.wait(Span::from_secs(*s)).map(|()| Reply::Done),
            };
            (lab.now(), result)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_commands_give_the_replies_of_the_lab_behind(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let bare = run(&mut ToyLab::new(), &steps);
        prop_assert_eq!(run(&mut rig(), &steps), bare);
    }
}

#[test]
fn a_wiring_that_does_not_fit_is_refused_by_name() {
    let mut wiring = Wiring::of(ToyLab::new().manifest());
    let pump = wiring.chemyx.remove("water").expect("the toy lab has a pump");
    let missing = EmulatedRig::new(Box::new(ToyLab::new()), &wiring).unwrap_err();
    assert_eq!(
        missing.to_string(),
        "pump water of the scenario is not wired: add it to the wiring file"
    );
    wiring.chemyx.insert("wine".into(), pump.clone());
    wiring.chemyx.insert("water".into(), pump);
    let unknown = EmulatedRig::new(Box::new(ToyLab::new()), &wiring).unwrap_err();
    assert_eq!(unknown.to_string(), "pump wine is wired, but the scenario has none of that name");
}

/// Of a mass-flow controller, or a pump that draws from a bottle: it would be told a bore of 0 mm.
#[test]
fn a_syringe_pump_is_not_wired_for_a_pump_without_a_syringe() {
    let mut manifest = ToyLab::new().manifest().clone();
    let wiring = Wiring::of(&manifest);
    assert_eq!(wiring.check(&manifest), Ok(()));
    manifest.pumps[0].bore_mm = 0.0;
    let refused = wiring.check(&manifest).unwrap_err().to_string();
    assert!(refused.contains("pump water of the scenario has no syringe"), "{refused}");
    assert_eq!(Wiring::of(&manifest).check(&manifest), Ok(()), "a program does");
}
