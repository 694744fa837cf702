//! Promises of the layers, on the toy lab.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Guarded, Journaled, Limits, RatioRule, Recorded};
use crate::analysis::{
    Analysis, AnalysisSpec, Blank, Channel, ChannelKind, Feature, Measure, PhaseWindow, Window,
};
use crate::command::{Command, Exposure};
use crate::conditions::Space;
use crate::fault::{Fault, FaultKind};
use crate::input::Input;
use crate::journal::{self, ExperimentRecord, Header, Record, Writer};
use crate::lab::Lab;
use crate::linear::Linear;
use crate::manifest::Manifest;
use crate::procedure::{Procedure, ProcedureSpec, RampSpec, SteadySpec, WaitSpec};
use crate::settings::Recipe;
use crate::time::{Instant, Span};
use crate::toy::ToyLab;
use crate::units::{FlowRate, Temperature, Volume};
use crate::{Observation, Reply};

/// A toy lab that can be looked at after its guard is gone.
#[derive(Clone, Default)]
struct Shared(Rc<RefCell<ToyLab>>);

impl Shared {
    fn manifest() -> &'static Manifest {
        static MANIFEST: std::sync::OnceLock<Manifest> = std::sync::OnceLock::new();
        MANIFEST.get_or_init(|| ToyLab::new().manifest().clone())
    }
}

impl Lab for Shared {
    fn manifest(&self) -> &Manifest {
        Self::manifest()
    }
    fn now(&self) -> Instant {
        self.0.borrow().now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        self.0.borrow_mut().send(command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.borrow_mut().wait_until(deadline)
    }
}

fn guard(lab: &Shared) -> Guarded<Shared> {
    Guarded::new(lab.clone(), Limits::default())
}

fn heat(c: f64) -> Command {
    Command::Heat { heater: "plate".into(), set_point_c: Temperature::from_c(c) }
}

fn dispense(rate: f64, ul: f64) -> Command {
    Command::Dispense {
        pump: "water".into(),
        rate_ul_per_min: FlowRate::from_ul_per_min(rate),
        at_most_ul: Volume::from_ul(ul),
    }
}

/// A lab that heats, pumps and shines, under its guard.
fn busy(lab: &Shared) -> Guarded<Shared> {
    let mut guarded = guard(lab);
    for command in [heat(120.0), dispense(100.0, 500.0)] {
        guarded.send(&command).unwrap();
    }
    guarded.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    assert!(!lab.0.borrow().is_safe());
    guarded
}

/// A lab that reports something else than it does, or lets time pass during a command.
struct Odd<F>(Shared, Manifest, F);

impl<F: FnMut(&mut Shared, &Command) -> Result<Reply, Fault>> Lab for Odd<F> {
    fn manifest(&self) -> &Manifest {
        &self.1
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        (self.2)(&mut self.0, command)
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.0.wait_until(deadline)
    }
}

#[test]
fn a_pump_whose_volume_lags_has_stalled_whatever_its_status_says() {
    let lab = Shared::default();
    let half = |lab: &mut Shared, command: &Command| match (lab.send(command)?, command) {
        (Reply::Reading(ul), Command::Read { sensor }) if sensor.as_str() == "water.dispensed" => {
            Ok(Reply::Reading(0.5 * ul))
        }
        (reply, _) => Ok(reply),
    };
    let odd = Odd(lab.clone(), Shared::manifest().clone(), half);
    let mut guarded = Guarded::new(odd, Limits::default());
    guarded.send(&dispense(100.0, 500.0)).unwrap();
    let fault = guarded.wait(Span::from_secs(120.0)).unwrap_err();
    assert_eq!((fault.origin.as_str(), &fault.kind), ("water", &FaultKind::Stalled));
    assert!(lab.0.borrow().is_safe());
}

#[test]
fn a_rig_that_nobody_has_looked_at_for_too_long_is_made_safe() {
    let lab = Shared::default();
    let slow = |lab: &mut Shared, command: &Command| {
        let reply = lab.send(command);
        if matches!(command, Command::Light { .. }) {
            lab.wait(Span::from_secs(90.0))?;
        }
        reply
    };
    let odd = Odd(lab.clone(), Shared::manifest().clone(), slow);
    let mut guarded = Guarded::new(odd, Limits::default());
    guarded.send(&heat(60.0)).unwrap();
    guarded.send(&Command::Light { light: "lamp".into(), on: false }).unwrap();
    let read = Command::Read { sensor: "plate.temperature".into() };
    let fault = guarded.send(&read).unwrap_err();
    assert_eq!(rule_of(&fault), "no reading");
    assert!(fault.to_string().contains("nothing was read for 90 s, allowed are 60 s"), "{fault}");
    assert!(lab.0.borrow().is_safe());
    guarded.send(&read).unwrap();
}

#[test]
fn a_pump_that_can_build_up_too_much_pressure_is_not_started() {
    let lab = Shared::default();
    let mut manifest = Shared::manifest().clone();
    manifest.pumps[0].stall_kpa = Some(3_460.0);
    let odd = || Odd(lab.clone(), manifest.clone(), |lab: &mut Shared, c: &Command| lab.send(c));
    let limits = |kpa| Limits { max_pressure_kpa: kpa, ..Limits::default() };
    let mut guarded = Guarded::new(odd(), limits(Some(700.0)));
    let fault = guarded.send(&dispense(100.0, 500.0)).unwrap_err();
    assert_eq!(fault.kind.to_string(), "stall pressure 3460 kPa is outside 0 to 700 kPa");
    assert!(Guarded::new(odd(), limits(Some(4_000.0))).send(&dispense(100.0, 500.0)).is_ok());
    assert!(Guarded::new(odd(), limits(None)).send(&dispense(100.0, 500.0)).is_ok());
}

fn rule_of(fault: &Fault) -> &str {
    match &fault.kind {
        FaultKind::Interlock { rule, .. } => rule,
        other => panic!("no interlock: {other}"),
    }
}

#[test]
fn a_panic_leaves_heater_pumps_and_light_safe() {
    let lab = Shared::default();
    let inside = lab.clone();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
        let _guarded = busy(&inside);
        panic!("anywhere");
    }));
    assert!(panicked.is_err());
    assert!(lab.0.borrow().is_safe());
    assert_eq!(lab.0.borrow().set_point_c(), Some(25.0));
}

#[test]
fn a_set_point_beyond_the_limit_is_refused_and_the_rig_made_safe() {
    let lab = Shared::default();
    let fault = busy(&lab).send(&heat(215.0)).unwrap_err();
    assert_eq!(fault.to_string(), "0.000 s: plate: set point 215 °C is outside 20 to 200 °C");
    assert!(lab.0.borrow().is_safe());
}

#[test]
fn a_volume_that_the_syringe_does_not_hold_is_refused() {
    let lab = Shared::default();
    let mut guarded = guard(&lab);
    guarded.send(&dispense(100.0, 900.0)).unwrap();
    guarded.wait(Span::from_secs(300.0)).unwrap();
    let fault = guarded.send(&dispense(100.0, 600.0)).unwrap_err();
    assert!(fault.to_string().contains("volume 600 µL is outside 0 to 500 µL"), "{fault}");
}

#[test]
fn every_interlock_trips_and_makes_the_rig_safe() {
    type Break = fn(&mut ToyLab);
    let cases: [(&str, Break); 4] = [
        ("permit", |lab| lab.permit = 0.0),
        ("over-temperature", |lab| lab.forced_temperature_c = Some(230.0)),
        ("temperature rate", |lab| lab.forced_temperature_c = Some(150.0)),
        // The sensor has slipped out of the plate.
        ("temperature rate", |lab| lab.forced_temperature_c = Some(5.0)),
    ];
    for (rule, break_it) in cases {
        let lab = Shared::default();
        let mut guarded = busy(&lab);
        guarded.wait(Span::from_secs(10.0)).unwrap();
        break_it(&mut lab.0.borrow_mut());
        let fault = guarded.wait(Span::from_secs(60.0)).unwrap_err();
        assert_eq!(rule_of(&fault), rule);
        assert!(lab.0.borrow().is_safe(), "{rule}");
        assert!(guarded.now() <= Instant::from_secs(15.0), "{rule} was seen late");
    }
}

#[test]
fn slow_interlocks_trip_after_their_time_and_not_before() {
    let cases = [
        ("frozen reading", 30.0, Limits { frozen_s: 600.0, ..Limits::default() }),
        ("out of step", 30.5, Limits { out_of_step_s: 300.0, ..Limits::default() }),
    ];
    for (rule, reads, spec) in cases {
        let lab = Shared::default();
        let mut guarded = Guarded::new(lab.clone(), spec);
        guarded.send(&heat(30.0)).unwrap();
        guarded.wait(Span::from_secs(20.0)).unwrap();
        if rule == "out of step" {
            guarded.send(&heat(90.0)).unwrap();
        }
        // A reading that wanders by a digit is not frozen, one that stands still is.
        let mut wander = 0.0;
        let fault = loop {
            wander = if rule == "frozen reading" { 0.0 } else { 0.01 - wander };
            lab.0.borrow_mut().forced_temperature_c = Some(reads + wander);
            if let Err(fault) = guarded.wait(Span::from_secs(5.0)) {
                break fault;
            }
        };
        assert_eq!(rule_of(&fault), rule);
        assert!(guarded.now() > Instant::from_secs(300.0), "{rule} at {}", guarded.now());
        assert!(guarded.now() < Instant::from_secs(700.0), "{rule} at {}", guarded.now());
    }
}

#[test]
fn a_stalled_or_an_empty_pump_and_an_open_sensor_trip() {
    for (status, kind) in [(4.0, FaultKind::Stalled), (0.0, FaultKind::Empty)] {
        let lab = Shared::default();
        let mut guarded = busy(&lab);
        lab.0.borrow_mut().forced_status = Some(status);
        assert_eq!(guarded.wait(Span::from_secs(60.0)).unwrap_err().kind, kind);
        assert!(lab.0.borrow().is_safe());
    }
    let lab = Shared::default();
    let mut guarded = busy(&lab);
    lab.0.borrow_mut().forced_temperature_c = Some(f64::NAN);
    assert_eq!(guarded.wait(Span::from_secs(60.0)).unwrap_err().kind, FaultKind::SensorOpen);
}

#[test]
fn heat_without_flow_and_light_for_too_long_trip() {
    let spec = Limits {
        no_heat_without_flow_above_c: Some(60.0),
        no_flow_grace_s: 120.0,
        ..Limits::default()
    };
    let lab = Shared::default();
    let mut guarded = Guarded::new(lab.clone(), spec);
    guarded.send(&heat(100.0)).unwrap();
    let fault = guarded.wait(Span::from_secs(600.0)).unwrap_err();
    assert_eq!(rule_of(&fault), "no heat without flow");
    let lab = Shared::default();
    let fault = busy(&lab).wait(Span::from_secs(3_600.0)).unwrap_err();
    assert!(fault.to_string().contains("eye hazard") || fault.kind == FaultKind::Empty, "{fault}");
}

#[test]
fn heat_without_flow_is_refused_unless_somebody_asks_for_it() {
    let hot = |heat_without_flow| {
        let lab = Shared::default();
        let spec = Limits { heat_without_flow, no_flow_grace_s: 120.0, ..Limits::default() };
        let mut guarded = Guarded::new(lab.clone(), spec);
        guarded.send(&heat(100.0)).unwrap();
        guarded.wait(Span::from_secs(500.0)).map_err(|fault| rule_of(&fault).to_owned())
    };
    assert_eq!(hot(false), Err("no heat without flow".to_owned()));
    assert_eq!(hot(true), Ok(()));
    // Nothing heats any more: the plate may take its time to cool.
    let lab = Shared::default();
    let spec = Limits { no_flow_grace_s: 120.0, ..Limits::default() };
    let mut guarded = Guarded::new(lab.clone(), spec);
    guarded.send(&heat(100.0)).unwrap();
    guarded.wait(Span::from_secs(100.0)).unwrap();
    guarded.send(&Command::MakeSafe).unwrap();
    lab.0.borrow_mut().forced_temperature_c = Some(100.0);
    guarded.wait(Span::from_secs(500.0)).unwrap();
}

#[test]
fn an_open_sensor_ends_no_rinse_but_everything_else() {
    let lab = Shared::default();
    let mut guarded = Guarded::new(lab.clone(), Limits::default());
    guarded.send(&heat(100.0)).unwrap();
    lab.0.borrow_mut().forced_temperature_c = Some(f64::NAN);
    let minute = Span::from_secs(60.0);
    assert_eq!(guarded.wait(minute).unwrap_err().kind, FaultKind::SensorOpen);
    // Made safe, its controller is on; turned off, it can do no harm.
    assert_eq!(guarded.wait(minute).unwrap_err().kind, FaultKind::SensorOpen);
    guarded.send(&Command::HeaterOff { heater: "plate".into() }).unwrap();
    guarded.wait(minute).unwrap();
}

/// It is what a rinse after an over-temperature is for.
#[test]
fn a_hot_plate_that_is_off_may_cool_and_must_not_become_hotter() {
    let reads = |lab: &Shared, c: f64| lab.0.borrow_mut().forced_temperature_c = Some(c);
    let limits = Limits { max_temperature_c: 150.0, ..Limits::default() };
    let mut guarded = Guarded::new(Shared::default(), limits);
    let lab = guarded.lab().clone();
    guarded.send(&heat(100.0)).unwrap();
    guarded.wait(Span::from_secs(100.0)).unwrap();
    let look = Span::from_secs(5.0);
    let is_too_hot = |outcome: Result<(), Fault>| {
        outcome.is_err_and(|fault| rule_of(&fault) == "over-temperature")
    };
    reads(&lab, 151.0);
    // That it rose so fast would be a fault too, but this one is told.
    assert!(is_too_hot(guarded.wait(look)));
    assert!(is_too_hot(guarded.wait(look)), "made safe, its controller is on");
    guarded.send(&Command::HeaterOff { heater: "plate".into() }).unwrap();
    for cooler in [152.0, 151.5, 150.5, 151.2] {
        reads(&lab, cooler);
        guarded.wait(look).unwrap();
    }
    // Less than the noise above the last reading, but more above the coolest.
    reads(&lab, 151.9);
    assert!(is_too_hot(guarded.wait(look)), "it heats although it is off");
}

#[test]
fn a_ratio_that_stays_off_trips_after_its_grace() {
    let rule = RatioRule {
        name: "water to itself".into(),
        of: vec!["water".into()],
        to: vec!["water".into()],
        low: 2.0,
        high: 3.0,
    };
    let spec = Limits { ratios: vec![rule], ratio_grace_s: 20.0, ..Limits::default() };
    let lab = Shared::default();
    let mut guarded = Guarded::new(lab, spec);
    guarded.send(&dispense(100.0, 500.0)).unwrap();
    let fault = guarded.wait(Span::from_secs(60.0)).unwrap_err();
    assert_eq!(rule_of(&fault), "water to itself");
    assert!(guarded.now() >= Instant::from_secs(25.0));
}

/// An experiment of the toy lab: temperature and flow in, the level of the light out.
fn procedure() -> (Procedure, Space) {
    let input = |name: &str, low, high| Input::number(name, low, high, 0.1);
    let inputs = vec![input("plate_c", 30.0, 100.0), input("water_ul_per_min", 50.0, 200.0)];
    let space = Space::new(inputs, vec![]).unwrap();
    let linear = |factors: [f64; 2]| Linear { constant: 0.0, factors: factors.to_vec() }.into();
    let recipe = Recipe {
        slowest: vec![],
        steps: vec![],
        options: vec![],
        heaters: vec![("plate".into(), linear([1.0, 0.0]))],
        pumps: vec![("water".into(), linear([0.0, 1.0]))],
    };
    let spec = AnalysisSpec {
        channels: vec![Channel {
            name: "emission".into(),
            spectrometer: "eye".into(),
            light: "lamp".into(),
            kind: ChannelKind::Emission,
            exposure: Exposure { integration_us: 20_000, frames: 10 },
            phase: PhaseWindow { low_nm: 300.0, high_nm: 320.0, keep: 5 },
            baseline: Window { low_nm: 370.0, high_nm: 370.0 },
            decimals: 2,
            least_light_counts: 0.0,
        }],
        features: vec![Feature {
            name: "level".into(),
            channel: "emission".into(),
            measure: Measure::ValueAt { nm: 330.0, width_nm: 0.0 },
        }],
    };
    let analysis = Analysis::new(spec, ToyLab::new().manifest()).unwrap();
    (Procedure::new(ProcedureSpec::default(), recipe, analysis), space)
}

fn header(procedure: &Procedure, space: &Space) -> Record {
    Record::Header(Box::new(Header {
        schema: 1,
        flowtwin: "test".into(),
        scenario: "toy".into(),
        scenario_sha256: String::new(),
        definition: serde_json::Value::Null,
        seed: 1,
        simulated: true,
        inputs: space.inputs().iter().map(|i| i.name.clone()).collect(),
        features: procedure
            .analysis()
            .features()
            .iter()
            .map(|f| (f.name.clone(), "".into()))
            .collect(),
        manifest: ToyLab::new().manifest().clone(),
    }))
}

fn recorded_run() -> (Vec<u8>, Vec<Observation>, Procedure, Space) {
    let (procedure, space) = procedure();
    let guarded = guard(&Shared::default());
    let mut lab = Journaled::new(guarded, Writer::new(Vec::new()));
    lab.record(&header(&procedure, &space)).unwrap();
    let blank = procedure.prime(&mut lab).unwrap();
    let mut observations = Vec::new();
    for (i, unit) in [[0.2, 0.4], [0.9, 0.1]].into_iter().enumerate() {
        let observation = procedure.run(&mut lab, &blank, &space.from_unit(&unit));
        let record = ExperimentRecord::new(i as u64 + 1, "test", &observation);
        lab.record(&Record::Experiment(Box::new(record))).unwrap();
        observations.push(observation);
    }
    (lab.into_parts().1.into_sink(), observations, procedure, space)
}

#[test]
fn an_experiment_heats_flows_waits_and_measures() {
    let (_, observations, _, _) = recorded_run();
    for observation in &observations {
        assert_eq!(observation.fault, None);
        let flow = observation.conditions.get("water_ul_per_min").unwrap();
        assert!((observation.residence_time_s - 6_000.0 / flow).abs() < 1e-9);
        let flowed_s = observation.consumed_ml[0].1 * 60_000.0 / flow;
        assert!(flowed_s > 1.2 * observation.residence_time_s);
        assert!(flowed_s < 1.2 * observation.residence_time_s + 2.0);
        assert!(observation.lab_time_s() > 60.0 + flowed_s);
    }
}

#[test]
fn a_ramp_maps_every_reading_to_the_conditions_that_formed_it() {
    let (procedure, space) = procedure();
    let mut lab = ToyLab::new();
    let blank = procedure.prime(&mut lab).unwrap();
    let (from, to) = (space.conditions(vec![40.0, 80.0]), space.conditions(vec![40.0, 160.0]));
    let ramp = RampSpec { duration_s: 200.0, step_s: 1.0, every_s: 5.0 };
    let points = procedure.ramp(&mut lab, &blank, &space, (&from, &to), &ramp).unwrap();
    assert!(points.len() > 30, "{} points", points.len());
    for point in &points {
        // ∫Q dt from entry to reading is the volume of the tube, 100 µL.
        let flow = point.conditions.get("water_ul_per_min").unwrap();
        assert!((80.0..=160.0).contains(&flow));
        let passed_s = point.measured.since(point.formed).as_secs();
        assert!((point.reaction_time_s - passed_s).abs() < 1e-6);
        assert!(passed_s < 6_000.0 / flow + 1.0 && passed_s > 6_000.0 / 160.0 - 1.0);
    }
    assert!(lab.is_safe() || lab.flow() <= 0.0);
    let hot = space.conditions(vec![90.0, 160.0]);
    let refused = procedure.ramp(&mut lab, &blank, &space, (&from, &hot), &ramp).unwrap_err();
    assert!(refused.to_string().contains("same temperatures"));
}

/// Each of these would wait for slugs that never come, or never take another step.
#[test]
fn a_ramp_that_would_never_end_is_refused_before_anything_moves() {
    let (procedure, space) = procedure();
    let mut lab = ToyLab::new();
    let blank = procedure.prime(&mut lab).unwrap();
    let commands = lab.commands;
    let at = |flow| space.conditions(vec![40.0, flow]);
    let sound = RampSpec { duration_s: 200.0, step_s: 1.0, every_s: 5.0 };
    for (from, to, spec, why) in [
        (0.0, 100.0, sound.clone(), "without flow"),
        (100.0, 0.0, sound.clone(), "without flow"),
        (80.0, 160.0, RampSpec { step_s: 0.0, ..sound.clone() }, "must be 0.001 to 1000000 s"),
        (80.0, 160.0, RampSpec { duration_s: 0.0, ..sound.clone() }, "must be 0.001"),
        (80.0, 160.0, RampSpec { every_s: f64::NAN, ..sound }, "must be 0.001"),
    ] {
        let ends = (&at(from), &at(to));
        let refused = procedure.ramp(&mut lab, &blank, &space, ends, &spec).unwrap_err();
        assert!(refused.to_string().contains(why), "{refused}");
    }
    assert_eq!(lab.commands, commands);
}

/// Readings of 0.7 s that are due every nanosecond: the flow ends with the first reading past the time allowed, not with
/// pumps that have run dry and read a steady nothing.
#[test]
fn watching_ends_when_its_time_is_over_however_close_readings_are_due() {
    let (procedure, space) = procedure();
    let rule = SteadySpec {
        features: vec!["level".into()],
        band: 0.01,
        window: 10_000,
        every_residence_times: 1e-9,
        from_residence_times: 0.5,
        at_most_residence_times: 1.5,
    };
    let spec = ProcedureSpec { wait: WaitSpec::Steady(rule), ..ProcedureSpec::default() };
    let (recipe, analysis) = (procedure.recipe().clone(), procedure.analysis().clone());
    let procedure = Procedure::new(spec, recipe, analysis);
    let mut lab = ToyLab::new();
    let blank = procedure.prime(&mut lab).unwrap();
    let observation = procedure.run(&mut lab, &blank, &space.conditions(vec![40.0, 100.0]));
    assert!(observation.outcome.quality.not_steady);
    let flowed_s = observation.consumed_ml[0].1 * 60_000.0 / 100.0;
    assert!((90.0..91.0).contains(&flowed_s), "{flowed_s} s");
}

#[test]
fn a_ramp_may_last_longer_than_a_light_may_be_on() {
    let (procedure, space) = procedure();
    let limits = Limits { max_light_s: 20.0, ..Limits::default() };
    let mut lab = Guarded::new(ToyLab::new(), limits);
    let blank = procedure.prime(&mut lab).unwrap();
    let (from, to) = (space.conditions(vec![40.0, 30.0]), space.conditions(vec![40.0, 40.0]));
    let ramp = RampSpec { duration_s: 60.0, step_s: 1.0, every_s: 5.0 };
    let points = procedure.ramp(&mut lab, &blank, &space, (&from, &to), &ramp).unwrap();
    assert!(points.len() > 8, "{} points", points.len());
}

#[test]
fn a_journal_reads_back_and_answers_like_the_lab_it_recorded() {
    let (bytes, observations, procedure, space) = recorded_run();
    let journal = journal::read(&bytes).unwrap();
    assert_eq!(journal.torn(), 0);
    let mut recorded = Recorded::new(&journal, procedure.analysis());
    for expected in &observations {
        let blank = Blank::default();
        let replayed = procedure.run(&mut recorded, &blank, &expected.conditions);
        assert_eq!(replayed.outcome, expected.outcome);
        assert_eq!(replayed.ended, expected.ended);
        assert_eq!(replayed.consumed_ml, expected.consumed_ml);
    }
    let other = space.centre();
    let blank = Blank::default();
    let refused = procedure.run(&mut recorded, &blank, &other).fault.unwrap();
    assert!(matches!(refused.kind, FaultKind::Diverged { record: 3, .. }));
}

#[test]
fn a_journal_keeps_the_promises_of_a_lab() {
    let (bytes, observations, procedure, _) = recorded_run();
    let journal = journal::read(&bytes).unwrap();
    let mut recorded = Recorded::new(&journal, procedure.analysis());
    crate::conformance::check(&mut recorded, Some(&observations[0].conditions)).unwrap();
}

#[test]
fn any_flipped_byte_is_found_and_a_torn_line_is_dropped() {
    let (bytes, _, _, _) = recorded_run();
    let lines = bytes.iter().filter(|&&b| b == b'\n').count();
    for at in (0..bytes.len() - 1).step_by(37) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x04;
        let line = bytes[..at].iter().filter(|&&b| b == b'\n').count() + 1;
        // The last line's own content is only vouched for by a line after it; its form still is.
        if line < lines {
            assert!(journal::read(&flipped).is_err(), "byte {at} in line {line}");
        }
    }
    for cut in (1..bytes.len()).step_by(101) {
        match journal::read(&bytes[..cut]) {
            Ok(journal) => assert_eq!(journal.bytes().len() + journal.torn(), cut),
            Err(error) => assert_eq!(error, journal::JournalError::Empty),
        }
    }
}

#[test]
fn the_same_run_gives_the_same_bytes_and_a_continued_one_too() {
    let (bytes, ..) = recorded_run();
    assert_eq!(recorded_run().0, bytes);
    for cut in (0..bytes.len()).step_by(997) {
        let mut sink = journal::Continued::new(bytes[..cut].to_vec(), Vec::new());
        use journal::Sink as _;
        for line in bytes.split_inclusive(|&b| b == b'\n') {
            sink.append(line).unwrap();
        }
        assert!(sink.caught_up());
    }
    let mut other = bytes.clone();
    other[500] ^= 1;
    let mut sink = journal::Continued::new(other, Vec::new());
    use journal::Sink as _;
    let error = bytes.split_inclusive(|&b| b == b'\n').try_for_each(|line| sink.append(line));
    assert!(error.unwrap_err().to_string().contains("departs from the journal at line 1"));
}

mod edges;
mod filled;
mod noted;
mod reality;
mod sensed;
mod valves;
