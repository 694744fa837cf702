//! Waiting: for temperatures, for steady state, for instruments that are late.

use super::played::*;
use crate::analysis::{Feature, Measure};
use crate::command::{Command, Reply};
use crate::fault::FaultKind;
use crate::frames::Frames;
use crate::lab::Lab as _;
use crate::procedure::{Procedure, ProcedureSpec, SteadySpec, WaitSpec};

/// The rig whose plate reads this at a moment [s].
fn warming(reads: impl Fn(f64) -> f64 + 'static) -> Rig {
    let mut rig = rig();
    rig.played = Box::new(move |at, command| match command {
        Command::Read { sensor } if sensor.as_str() == "plate.temperature" => {
            Some(Ok(Reply::Reading(reads(at))))
        }
        _ => None,
    });
    rig
}

fn fault_of(rig: &mut Rig, procedure: &Procedure) -> Option<crate::fault::Fault> {
    procedure.run(rig, &blank(), &rates(100.0, 0.0, 200.0)).fault
}

/// Readings come every 5 s: within 1 K from 20 s on, with a slip at 50 s, the 60 s begin at 55 s.
#[test]
fn a_temperature_has_settled_when_it_has_stayed_within_the_band() {
    let mut rig = warming(|at| match at {
        at if at < 20.0 => 60.0,
        50.0 => 78.9,
        at if at < 30.0 => 79.0,
        _ => 81.0,
    });
    assert_eq!(fault_of(&mut rig, &procedure()), None);
    assert_eq!(rig.times("a runs"), [115.0]);
}

#[test]
fn a_temperature_that_does_not_settle_in_time_fails_the_experiment() {
    let spec = ProcedureSpec { settle_timeout_s: 100.0, ..ProcedureSpec::default() };
    let mut rig = warming(|at| 60.0 + 0.1 * at);
    let fault = fault_of(&mut rig, &procedure_of(spec)).expect("it is too cold");
    assert_eq!(fault.origin, "plate");
    let kind = FaultKind::NotSettled { value: 70.0, set_point: 80.0, off: 10.0, waited_s: 100.0 };
    assert_eq!((fault.kind, fault.at.as_secs()), (kind, 100.0));
    assert_eq!(rig.times("a runs"), [0.0; 0]);
    assert_eq!(rig.times("all safe"), [0.0; 0], "the next conditions may settle");
}

/// Of two that are equally far off the first is told; of others the farther.
#[test]
fn the_heater_that_is_farthest_off_is_told() {
    for (cell_c, told) in
        [(33.0, "plate"), (28.0, "plate"), (27.0, "plate"), (35.0, "cell"), (25.0, "cell")]
    {
        let mut rig = rig();
        rig.played = Box::new(move |_, command| match command {
            Command::Read { sensor } if sensor.as_str() == "plate.temperature" => {
                Some(Ok(Reply::Reading(77.0)))
            }
            Command::Read { sensor } if sensor.as_str() == "cell.temperature" => {
                Some(Ok(Reply::Reading(cell_c)))
            }
            _ => None,
        });
        let fault = fault_of(&mut rig, &procedure()).expect("both are off");
        assert_eq!(fault.origin, told, "{cell_c}");
    }
}

#[test]
fn a_reading_that_is_no_temperature_is_an_open_sensor() {
    for reads in [f64::NAN, f64::INFINITY, -60.1] {
        let fault = fault_of(&mut warming(move |_| reads), &procedure()).expect("it is open");
        assert_eq!(
            (fault.origin.as_str(), fault.kind),
            ("plate.temperature", FaultKind::SensorOpen)
        );
    }
    let mut rig = rig();
    rig.played = Box::new(|_, command| match command {
        Command::Read { .. } => Some(Ok(Reply::Done)),
        _ => None,
    });
    assert_eq!(fault_of(&mut rig, &procedure()).unwrap().kind, FaultKind::SensorOpen);
    // Cold is no fault of the sensor.
    let mut rig = warming(|_| -60.0);
    assert!(matches!(fault_of(&mut rig, &procedure()).unwrap().kind, FaultKind::NotSettled { .. }));
}

#[test]
fn a_heater_without_a_thermometer_cannot_be_waited_for() {
    let mut rig = rig();
    rig.manifest.sensors.remove(0);
    let fault = fault_of(&mut rig, &procedure()).expect("nobody knows when it is warm");
    assert_eq!(fault.origin, "plate");
    assert!(matches!(fault.kind, FaultKind::Unsupported { .. }));
}

#[test]
fn where_nothing_is_heated_nothing_is_waited_for() {
    let recipe = crate::settings::Recipe { heaters: vec![], ..recipe() };
    let mut rig = rig();
    let analysis = analysis(vec![level()], rig.manifest());
    let procedure = Procedure::new(ProcedureSpec::default(), recipe, analysis);
    assert_eq!(fault_of(&mut rig, &procedure), None);
    assert_eq!(rig.times("a runs"), [0.0]);
}

/// Late by so many seconds: a spectrometer, from the moment at which its frames should be there.
fn late(by_s: f64) -> Rig {
    let mut rig = rig();
    let mut first = None;
    rig.played = Box::new(move |at, command| match command {
        Command::Fetch { spectrometer } if spectrometer.as_str() == "eye" => {
            let since = *first.get_or_insert(at);
            // Frames that were not there are counted in nanoseconds.
            (at - since < by_s - 1e-9).then_some(Err(FaultKind::NotReady))
        }
        _ => None,
    });
    rig
}

#[test]
fn a_spectrometer_may_be_late_by_ten_seconds() {
    let mut rig = late(0.0);
    assert_eq!(fault_of(&mut rig, &procedure()), None);
    assert_eq!(rig.times("eye hands over").len(), 2);
    let mut rig = late(9.9);
    assert_eq!(fault_of(&mut rig, &procedure()), None);
    assert_eq!(rig.times("eye hands over").len(), 2 + 99, "asked every tenth of a second");
    let fault = fault_of(&mut late(10.2), &procedure()).expect("that is too late");
    assert_eq!(fault.kind, FaultKind::NoReply { waited_s: 10.0 });
    assert_eq!(fault.origin, "eye");
}

#[test]
fn a_spectrometer_that_hands_over_something_else_is_a_fault() {
    let mut rig = rig();
    rig.played = Box::new(|_, command| match command {
        Command::Fetch { .. } => Some(Ok(Reply::Done)),
        _ => None,
    });
    let fault = fault_of(&mut rig, &procedure()).expect("these are no frames");
    assert_eq!((fault.origin.as_str(), fault.at.as_secs()), ("procedure", 62.9));
    assert_eq!(fault.kind, FaultKind::Garbled { detail: "the lab answered with no frames".into() });
}

/// A fault that is none of patience is not waited for.
#[test]
fn any_other_fault_of_a_spectrometer_ends_the_experiment_at_once() {
    let mut rig = rig();
    rig.played = Box::new(|_, command| match command {
        Command::Fetch { .. } => Some(Err(FaultKind::LinkLost { detail: "unplugged".into() })),
        _ => None,
    });
    assert!(matches!(fault_of(&mut rig, &procedure()).unwrap().kind, FaultKind::LinkLost { .. }));
    assert_eq!(rig.times("eye hands over"), [62.9]);
}

fn with_samples(rig: &Rig, spec: ProcedureSpec) -> Procedure {
    let of = |name: &str, channel: &str, measure| Feature {
        name: name.into(),
        channel: channel.into(),
        measure,
    };
    let features = vec![
        of("salt", "column", Measure::Concentration { of: "salt".into() }),
        of("kpa", "gauge", Measure::Reading),
    ];
    Procedure::new(spec, recipe(), analysis(features, rig.manifest()))
}

/// Its run of 30 s and 10 s of patience are waited for, asked every 5 s.
#[test]
fn an_analyser_that_is_still_at_work_is_waited_for() {
    let busy = |until: f64| {
        let mut rig = rig();
        rig.played = Box::new(move |at, command| match command {
            Command::Inject { .. } => (at < until).then_some(Err(FaultKind::NotReady)),
            _ => None,
        });
        let procedure = with_samples(&rig, ProcedureSpec::default());
        let fault = fault_of(&mut rig, &procedure);
        (fault, rig.times("column takes"), rig.times("eye takes 10"))
    };
    let (fault, asked, frames) = busy(148.0);
    assert_eq!((fault, asked.len(), frames), (None, 9, vec![148.4]));
    let (fault, asked, _) = busy(149.0);
    assert_eq!(fault.unwrap().kind, FaultKind::NoReply { waited_s: 40.0 });
    assert_eq!(asked.last(), Some(&148.4));
}

#[test]
fn an_analyser_or_a_sensor_that_answers_something_else_is_a_fault() {
    type Answers = fn(&Command) -> Option<Reply>;
    let cases: [(Answers, &str); 3] = [
        (|c| matches!(c, Command::Inject { .. }).then_some(Reply::Done), "no time of its results"),
        (|c| matches!(c, Command::Results { .. }).then_some(Reply::Done), "no results"),
        (
            |c| {
                let Command::Read { sensor } = c else { return None };
                (sensor.as_str() == "gauge").then_some(Reply::Done)
            },
            "no reading",
        ),
    ];
    for (answers, told) in cases {
        let mut rig = rig();
        rig.played = Box::new(move |_, command| answers(command).map(Ok));
        let procedure = with_samples(&rig, ProcedureSpec::default());
        let fault = fault_of(&mut rig, &procedure).expect("it makes no sense");
        let detail = format!("the lab answered with {told}");
        assert_eq!(fault.kind, FaultKind::Garbled { detail });
    }
    let mut rig = rig();
    rig.played = Box::new(|_, command| match command {
        Command::Inject { .. } => Some(Err(FaultKind::LinkLost { detail: "unplugged".into() })),
        _ => None,
    });
    let procedure = with_samples(&rig, ProcedureSpec::default());
    assert!(matches!(fault_of(&mut rig, &procedure).unwrap().kind, FaultKind::LinkLost { .. }));
}

fn watching(every: f64, from: f64, at_most: f64) -> ProcedureSpec {
    let wait = WaitSpec::Steady(SteadySpec {
        features: vec!["level".into()],
        band: 0.01,
        window: 3,
        every_residence_times: every,
        from_residence_times: from,
        at_most_residence_times: at_most,
    });
    ProcedureSpec { wait, ..ProcedureSpec::default() }
}

/// The lit frames of the eye show these levels above its baseline, one after the other; the last stays.
fn showing(levels: &'static [u16]) -> Rig {
    let mut rig = rig();
    let (mut taken, mut lit) = (0, false);
    rig.played = Box::new(move |_, command| match command {
        Command::Light { light, on } if light.as_str() == "lamp" => {
            lit = *on;
            None
        }
        Command::Fetch { spectrometer } if lit && spectrometer.as_str() == "eye" => {
            let level = levels[taken.min(levels.len() - 1)];
            taken += 1;
            // The last pixel is the baseline.
            let frame = [[1_000 + level; 7].as_slice(), &[1_000]].concat();
            Some(Ok(Reply::Frames(Frames::new(8, frame.repeat(10)))))
        }
        _ => None,
    });
    rig
}

/// τ is 40 s, the flow starts at 60.4 s: readings at 1.5, 2, 2.5 … residence times.
#[test]
fn readings_are_taken_until_they_are_steady() {
    let mut rig = showing(&[300, 600, 800, 804, 806]);
    let procedure = procedure_of(watching(0.5, 1.5, 10.0));
    let observation = procedure.run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
    assert_eq!(observation.fault, None);
    assert_eq!(rig.times("lamp on"), [120.4, 140.4, 160.4, 180.4, 200.4]);
    assert_eq!(observation.feature("level"), Some(806.0), "the last reading is the outcome");
    assert!(!observation.outcome.quality.not_steady);
}

#[test]
fn readings_that_never_become_steady_end_and_are_flagged() {
    let mut rig = showing(&[300, 600, 300, 600, 300, 600, 300, 600]);
    let procedure = procedure_of(watching(0.5, 1.5, 3.0));
    let observation = procedure.run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
    assert_eq!(rig.times("lamp on"), [120.4, 140.4, 160.4, 180.4]);
    assert!(observation.outcome.quality.not_steady);
}

/// Each takes 0.9 s, though they are due every 0.04 s: 3 residence times are over after 60.4 + 120 s.
#[test]
fn where_readings_follow_each_other_the_clock_decides() {
    let levels: Vec<u16> = (0..200).map(|i| 300 + 300 * (i % 2)).collect();
    let mut rig = showing(Vec::leak(levels));
    let procedure = procedure_of(watching(0.001, 1.5, 3.0));
    let observation = procedure.run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
    let readings = rig.times("lamp on");
    assert_eq!(readings.len(), 67);
    assert!(close(*readings.last().unwrap(), 120.4 + 66.0 * 0.9), "{readings:?}");
    assert!(observation.outcome.quality.not_steady);
    // The last one may begin at the last moment, 1.725 · 40 s after the flow.
    let levels: Vec<u16> = (0..200).map(|i| 300 + 300 * (i % 2)).collect();
    let mut rig = showing(Vec::leak(levels));
    let procedure = procedure_of(watching(0.001, 1.5, 1.725));
    procedure.run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
    assert!(close(*rig.times("lamp on").last().unwrap(), 129.4));
}

/// Analysers are asked for every reading.
#[test]
fn what_an_analyser_finds_can_be_watched() {
    let mut rig = rig();
    let mut spec = watching(0.5, 1.5, 10.0);
    let WaitSpec::Steady(rule) = &mut spec.wait else { panic!() };
    rule.features = vec!["kpa".into(), "salt".into()];
    let procedure = with_samples(&rig, spec);
    assert_eq!(fault_of(&mut rig, &procedure), None);
    // A run of 30 s and a reading of 0.9 s are longer than the 20 s between two readings.
    assert_eq!(rig.times("column takes"), [120.9, 151.4, 181.9]);
}
