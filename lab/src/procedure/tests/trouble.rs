//! What is left behind by an experiment that goes wrong, and labs that run whole experiments by themselves.

use super::played::*;
use crate::analysis::Blank;
use crate::command::{Command, Reply, Report};
use crate::fault::{Fault, FaultKind};
use crate::lab::Lab as _;
use crate::manifest::{Level, SensorInfo, SensorKind};
use crate::observation::{Observation, Outcome};
use crate::procedure::{OnFault, ProcedureSpec, RinseSpec};
use crate::time::Instant;

fn lost() -> FaultKind {
    FaultKind::LinkLost { detail: "unplugged".into() }
}

/// An experiment in which these commands fail, each with its fault.
fn failing(
    spec: ProcedureSpec,
    fails: impl Fn(f64, &Command) -> Option<FaultKind> + 'static,
) -> (Observation, Vec<String>) {
    let mut rig = rig();
    rig.played = Box::new(move |at, command| fails(at, command).map(Err));
    let blank = blank();
    let observation = procedure_of(spec).run(&mut rig, &blank, &rates(100.0, 0.0, 200.0));
    (observation, rig.said())
}

/// The lamp is dark, or fails when it is asked.
fn fails_to_shine(kind: FaultKind) -> impl Fn(f64, &Command) -> Option<FaultKind> {
    move |_, command| matches!(command, Command::Light { on: true, .. }).then(|| kind.clone())
}

#[test]
fn after_a_fault_that_the_campaign_survives_lights_and_pumps_are_off() {
    let fails = fails_to_shine(FaultKind::NoLight { counts: 3.0 });
    let (observation, said) = failing(ProcedureSpec::default(), fails);
    assert_eq!(observation.fault.unwrap().kind, FaultKind::NoLight { counts: 3.0 });
    let left = ["107.9 lamp dark", "107.9 led dark", "107.9 a stops", "107.9 oil stops"];
    assert!(said.ends_with(&left.map(String::from)), "{said:?}");
    assert!(close(observation.consumed_ml[0].1, 0.1 * 47.9 / 60.0));
}

#[test]
fn after_a_fault_that_ends_the_campaign_everything_is_safe() {
    let (observation, said) = failing(ProcedureSpec::default(), fails_to_shine(lost()));
    assert_eq!(said.last().unwrap(), "107.9 all safe");
    assert!(!said.iter().any(|it| it.ends_with("stops")), "{said:?}");
    // Every pump counts as stopped then.
    assert!(close(observation.consumed_ml[0].1, 0.1 * 47.9 / 60.0));
    assert!(close(observation.consumed_ml[1].1, 0.2 * 47.5 / 60.0));
}

/// Whatever does not go dark, or does not stop, everything is made safe.
#[test]
fn what_cannot_be_left_in_order_is_made_safe() {
    type Fails = fn(&Command) -> bool;
    let fails: [Fails; 2] = [
        |command| matches!(command, Command::Light { on: false, .. }),
        |command| matches!(command, Command::Stop { .. }),
    ];
    for also in fails {
        let dark = FaultKind::NoLight { counts: 3.0 };
        let (observation, said) = failing(ProcedureSpec::default(), move |at, command| {
            let shines = matches!(command, Command::Light { on: true, .. });
            match shines || at > 100.0 && also(command) {
                true => Some(dark.clone()),
                false => None,
            }
        });
        assert_eq!(said.last().unwrap(), "107.9 all safe");
        assert!(matches!(observation.fault.unwrap().kind, FaultKind::NoLight { .. }));
    }
}

#[test]
fn a_pump_that_cannot_be_stopped_fails_the_experiment() {
    let (observation, said) = failing(ProcedureSpec::default(), |_, command| {
        matches!(command, Command::Stop { .. }).then(lost)
    });
    assert_eq!(observation.fault.unwrap().origin, "a");
    assert!(said.contains(&"108.8 a stops".into()), "{said:?}");
}

fn rinsing() -> ProcedureSpec {
    let rinse = RinseSpec { pump: "oil".into(), ul_per_min: 120.0, volume_ul: 50.0 };
    ProcedureSpec { on_fault: OnFault::Flush(rinse), ..ProcedureSpec::default() }
}

#[test]
fn reagents_are_rinsed_out_once_all_is_safe_with_the_heaters_off() {
    let (_, said) = failing(rinsing(), fails_to_shine(lost()));
    let rinse = [
        "107.9 all safe",
        "107.9 plate off",
        "107.9 cell off",
        "107.9 oil runs at 120 for 50",
        "132.9 a stops",
        "132.9 b stops",
        "132.9 oil stops",
        "132.9 all safe",
    ];
    assert!(said.ends_with(&rinse.map(String::from)), "{said:?}");
}

#[test]
fn what_is_not_safe_is_not_rinsed_nor_after_a_fault_of_the_pump_itself() {
    let (_, said) = failing(rinsing(), |_, command| match command {
        Command::Light { on: true, .. } | Command::MakeSafe | Command::HeaterOff { .. } => {
            Some(lost())
        }
        _ => None,
    });
    assert!(!said.iter().any(|it| it.contains("oil runs at 120")), "{said:?}");
    let (_, said) = failing(rinsing(), |_, command| match command {
        Command::Light { on: true, .. } | Command::MakeSafe => Some(lost()),
        Command::Stop { pump } if pump.as_str() == "b" => Some(lost()),
        _ => None,
    });
    assert!(!said.iter().any(|it| it.contains("oil runs at 120")), "{said:?}");
    let (_, said) = failing(rinsing(), |_, command| match command {
        Command::Dispense { pump, .. } if pump.as_str() == "oil" => Some(lost()),
        _ => None,
    });
    assert_eq!(said.last().unwrap(), "60.4 all safe");
}

/// Lights alone are left: the lamp hangs on a spectrometer that has fallen silent. The next command tells so, or the guard when it
/// looks, which has not been able to make that light safe.
#[test]
fn a_light_that_does_not_answer_keeps_nobody_from_rinsing() {
    let by_guard =
        FaultKind::NotSafe { because: Some(Box::new(lost())), left: "led (unplugged)".into() };
    for told in [lost(), by_guard] {
        let words = told.to_string();
        let (_, said) = failing(rinsing(), move |_, command| match command {
            Command::Light { on: true, .. } => Some(told.clone()),
            Command::MakeSafe => Some(lost()),
            _ => None,
        });
        let rinse = [
            "107.9 oil runs at 120 for 50",
            "132.9 a stops",
            "132.9 b stops",
            "132.9 oil stops",
            "132.9 all safe",
        ];
        assert!(said.ends_with(&rinse.map(String::from)), "{words}: {said:?}");
        let off = said.iter().position(|it| it == "107.9 plate off").expect("off first");
        assert!(off < said.iter().position(|it| it.contains("oil runs at 120")).unwrap());
    }
}

/// A rinse that goes wrong ends safe as well, and says so.
#[test]
fn a_rinse_that_fails_is_made_safe() {
    let mut rig = rig();
    rig.played =
        Box::new(|_, command| matches!(command, Command::Dispense { .. }).then(|| Err(lost())));
    let spec = RinseSpec { pump: "oil".into(), ul_per_min: 120.0, volume_ul: 50.0 };
    let fault = crate::procedure::rinse::rinse(&mut rig, &spec).expect_err("it did not run");
    assert_eq!(fault.kind, lost());
    assert_eq!(rig.times("all safe"), [0.0]);
}

/// Faults of sensors are of what they read.
#[test]
fn liquid_is_pumped_after_a_fault_of_whatever_is_not_its_pump_by_the_name_of_its_sensor_too() {
    let mut rig = rig();
    let status = |pump: &str| SensorInfo {
        name: format!("{pump}.status").as_str().into(),
        kind: SensorKind::Status(pump.into()),
    };
    rig.manifest.sensors.extend([status("a"), status("oil")]);
    let door = SensorInfo { name: "door".into(), kind: SensorKind::Permit };
    rig.manifest.sensors.push(door);
    let OnFault::Flush(spec) = rinsing().on_fault else { panic!() };
    let allowed = |origin: &str| {
        let fault = Fault::new(Instant::START, origin, lost());
        crate::procedure::rinse::is_allowed(&fault, &spec, rig.manifest())
    };
    for (origin, may) in [
        ("plate", true),
        ("led", true),
        ("ear", true),
        ("a", true),
        ("oil", false),
        ("plate.temperature", true),
        // It reads a pressure.
        ("gauge", false),
        ("a.status", true),
        ("oil.status", false),
        ("oil.dispensed", false),
        ("door", false),
        ("guard", false),
    ] {
        assert_eq!(allowed(origin), may, "{origin}");
    }
}

/// A lab that runs whole experiments by itself, and answers this when it is asked for the outcome.
fn by_itself(
    collects: impl FnMut(f64) -> Result<Reply, FaultKind> + 'static,
) -> (Observation, Rig) {
    let (mut rig, mut collects) = (rig(), collects);
    rig.manifest.level = Level::Experiments;
    rig.played = Box::new(move |at, command| match command {
        Command::Begin { .. } => Some(Ok(Reply::Ready(Instant::from_secs(300.0)))),
        Command::Collect => Some(collects(at)),
        _ => None,
    });
    let procedure = procedure();
    let blank = procedure.prime(&mut rig).expect("it primes itself");
    assert!(rig.log.is_empty() && blank == Blank::default());
    let observation = procedure.run(&mut rig, &blank, &rates(100.0, 0.0, 200.0));
    (observation, rig)
}

fn measured() -> Outcome {
    Outcome { features: vec![("level".into(), 7.0)], ..Outcome::default() }
}

#[test]
fn a_whole_experiment_is_begun_and_its_outcome_collected_when_it_is_due() {
    let (observation, rig) = by_itself(|_| Ok(Reply::Outcome(Box::new(measured()))));
    assert_eq!(rig.said(), ["0 begins", "300 collects"]);
    assert_eq!((observation.fault.as_ref(), observation.feature("level")), (None, Some(7.0)));
    assert!(close(observation.lab_time_s(), 300.0));
}

#[test]
fn a_lab_that_reports_is_believed_what_it_took_and_set() {
    let set = rates(101.0, 0.0, 199.0);
    let report = Report {
        outcome: measured(),
        consumed_ml: vec![("salt".into(), 0.5)],
        fault: None,
        conditions: Some(set.clone()),
    };
    let answer = report.clone();
    let (observation, _) = by_itself(move |_| Ok(Reply::Report(Box::new(answer.clone()))));
    assert_eq!(observation.fault, None);
    assert_eq!((&observation.conditions, observation.feature("level")), (&set, Some(7.0)));
    assert_eq!(observation.consumed_ml, [("salt".to_owned(), 0.5)]);
    let fault = Fault::new(Instant::from_secs(17.0), "robot", lost());
    let failed = Report { fault: Some(fault.clone()), ..report };
    let (observation, rig) = by_itself(move |_| Ok(Reply::Report(Box::new(failed.clone()))));
    assert_eq!(observation.fault, Some(fault));
    assert_eq!(observation.consumed_ml, [("salt".to_owned(), 0.5)]);
    assert_eq!(rig.said().last().unwrap(), "300 collects", "it keeps itself safe");
}

#[test]
fn an_outcome_that_is_late_or_none_is_a_fault() {
    let (observation, _) = by_itself(|_| Ok(Reply::Done));
    let garbled = FaultKind::Garbled { detail: "the lab answered with no outcome".into() };
    assert_eq!(observation.fault.unwrap().kind, garbled);
    let (observation, _) = by_itself(|at| match at < 309.0 {
        true => Err(FaultKind::NotReady),
        false => Ok(Reply::Outcome(Box::new(measured()))),
    });
    assert_eq!(observation.fault, None);
    let (observation, _) = by_itself(|_| Err(FaultKind::NotReady));
    assert_eq!(observation.fault.unwrap().kind, FaultKind::NoReply { waited_s: 10.0 });
}
