//! The commands of an experiment, each at its moment.

use super::played::*;
use crate::command::{Command, Reply};
use crate::fault::FaultKind;
use crate::lab::Lab as _;
use crate::path::{Liquid, Train, Tube};
use crate::procedure::{OnFault, ProcedureSpec, RinseSpec, WaitSpec};

/// τ = 60 · 40/100 + 60 · 80/300 = 40 s; flow begins 0.4 s after that of the pump before.
#[test]
fn an_experiment_is_these_commands_at_these_moments() {
    let mut rig = rig();
    let blank = blank();
    let observation = procedure().run(&mut rig, &blank, &rates(100.0, 0.0, 200.0));
    // Longest: (1.2 · 40 + 60 · 0.02 + 58 · 0.05 + 4 · 0.5 + 10) s · 1.25 = 80.125 s.
    let expected = [
        "0 plate to 80",
        "0 cell to 30",
        "60 a runs at 100 for 133.54167",
        "60.4 oil runs at 200 for 267.08333",
        "60.4 lamp dark",
        "60.4 led dark",
        "60.4 eye takes 50 of 20000",
        "60.4 ear takes 50 of 50000",
        "62.9 eye hands over",
        "62.9 ear hands over",
        "107.9 lamp on",
        "107.9 led on",
        "108.4 eye takes 10 of 20000",
        "108.4 ear takes 8 of 50000",
        "108.8 eye hands over",
        "108.8 ear hands over",
        "108.8 lamp dark",
        "108.8 led dark",
        "108.8 a stops",
        "108.8 oil stops",
    ];
    assert_eq!(rig.said(), expected);
    assert_eq!(observation.fault, None);
    assert!(close(observation.residence_time_s, 40.0) && close(observation.reaction_time_s, 16.0));
    assert!(close(observation.lab_time_s(), 108.8));
    assert!(close(observation.feature("level").unwrap(), 0.0), "flat after its baseline");
    // One pump tells its volume, of the other it follows from its rate.
    let [salt, oil] = &observation.consumed_ml[..] else { panic!("two stocks") };
    assert!(salt.0 == "salt" && close(salt.1, 0.1 * 48.8 / 60.0), "{salt:?}");
    assert!(oil.0 == "oil" && close(oil.1, 0.2 * 48.4 / 60.0), "{oil:?}");
    assert!(!observation.outcome.quality.not_steady);
}

#[test]
fn priming_fills_the_lines_then_the_cells_and_takes_the_reference() {
    let spec = ProcedureSpec {
        fill: flush(&[("a", 60.0), ("b", 0.0), ("oil", 120.0)], 100.0),
        blank: flush(&[("oil", 300.0)], 40.0),
        ..ProcedureSpec::default()
    };
    let mut rig = rig();
    let blank = procedure_of(spec).prime(&mut rig).expect("nothing goes wrong");
    let expected = [
        // For at most 1.25 · 100 + 30 s.
        "0 a runs at 60 for 155",
        "0.4 oil runs at 120 for 310",
        "100.4 a stops",
        "100.4 b stops",
        "100.4 oil stops",
        "100.4 oil runs at 300 for 400",
        "140.4 lamp dark",
        "140.4 led dark",
        "140.4 eye takes 50 of 20000",
        "140.4 ear takes 50 of 50000",
        "142.9 eye hands over",
        "142.9 ear hands over",
        "142.9 lamp on",
        "142.9 led on",
        "143.4 eye takes 10 of 20000",
        "143.4 ear takes 8 of 50000",
        "143.8 eye hands over",
        "143.8 ear hands over",
        "143.8 lamp dark",
        "143.8 led dark",
        "143.8 a stops",
        "143.8 b stops",
        "143.8 oil stops",
    ];
    assert_eq!(rig.said(), expected);
    assert_eq!(blank.reference, [vec![1_000.0; 8], vec![1_000.0; 8]]);
    assert!(!blank.stale);
}

#[test]
fn what_flows_in_no_time_or_without_pumps_is_no_flush() {
    for fill in [flush(&[("a", 60.0)], 0.0), flush(&[], 100.0)] {
        let mut rig = rig();
        procedure_of(ProcedureSpec { fill, ..ProcedureSpec::default() }).prime(&mut rig).unwrap();
        assert_eq!(rig.times("a runs"), [0.0; 0]);
        assert_eq!(rig.times("lamp on"), [2.5]);
    }
    // Without a gap the pumps start together.
    let fill = flush(&[("a", 60.0), ("oil", 60.0)], 10.0);
    let spec = ProcedureSpec { fill, pump_gap_s: 0.0, ..ProcedureSpec::default() };
    let mut rig = rig();
    procedure_of(spec.clone()).prime(&mut rig).unwrap();
    assert_eq!(rig.times("oil runs"), [0.0]);
    let mut rig = super::played::rig();
    procedure_of(spec).run(&mut rig, &blank(), &rates(100.0, 100.0, 200.0));
    assert_eq!([rig.times("a runs"), rig.times("oil runs")], [[60.0], [60.0]]);
}

#[test]
fn waiting_for_less_than_one_residence_time_is_flagged() {
    for (factor, flagged) in [(0.9, true), (1.0, false), (1.1, false)] {
        let wait = WaitSpec::ResidenceTimes(factor);
        let spec = ProcedureSpec { wait, ..ProcedureSpec::default() };
        let observation = procedure_of(spec).run(&mut rig(), &blank(), &rates(100.0, 0.0, 200.0));
        assert_eq!(observation.outcome.quality.not_steady, flagged, "{factor}");
    }
}

#[test]
fn conditions_that_leave_a_part_of_the_rig_without_flow_move_nothing() {
    let mut rig = rig();
    let observation = procedure().run(&mut rig, &blank(), &rates(0.0, 0.0, 200.0));
    let fault = observation.fault.expect("no liquid would ever arrive");
    assert!(matches!(fault.kind, FaultKind::Refused { .. }), "{fault}");
    assert!(rig.times("oil runs").is_empty() && !fault.is_of_the_rig());
}

/// One liquid in a tube as long as its pressure: 8 µ U L/R².
fn train(bears_kpa: f64) -> Train {
    let pumps = vec!["a".into(), "b".into(), "oil".into()];
    let tube = Tube { name: "tube".into(), bore_mm: 0.5, volume_ul: 80.0, pumps, bed: None };
    let liquid = Liquid { density_kg_per_m3: 1_000.0, viscosity_mpa_s: 1.0 };
    Train {
        segmented: None,
        liquid,
        carriers: None,
        lines: vec![],
        tube: vec![tube],
        bears_kpa,
        phases: None,
        gas: None,
    }
}

#[test]
fn flows_whose_pressure_the_rig_does_not_bear_are_not_begun() {
    let conditions = rates(100.0, 0.0, 200.0);
    let settings = recipe().settings(&conditions);
    let kpa = train(0.0).pressure_kpa(&settings);
    assert!(kpa > 1.0, "{kpa}");
    for (bears_kpa, begins) in [(kpa, true), (0.99 * kpa, false)] {
        let mut rig = rig();
        rig.manifest.path.train = Some(train(bears_kpa));
        let observation = procedure().run(&mut rig, &blank(), &conditions);
        assert_eq!(observation.fault.is_none(), begins, "{bears_kpa}");
        assert_eq!(rig.times("a runs").len(), usize::from(begins));
        assert!(observation.fault.is_none_or(|it| matches!(it.kind, FaultKind::Failed { .. })));
    }
}

/// A turbulent flow, and slugs that pass faster than frames are taken.
#[test]
fn a_train_that_is_none_or_that_frames_cannot_show_is_flagged() {
    let flags = |train: Option<Train>| {
        let mut rig = rig();
        rig.manifest.path.train = train;
        let observation = procedure().run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
        assert_eq!(observation.fault, None);
        (observation.outcome.quality.unresolved, observation.outcome.quality.out_of_regime)
    };
    assert_eq!(flags(None), (false, false));
    assert_eq!(flags(Some(train(1e6))), (false, false));
    let mut thin = train(1e9);
    thin.liquid.viscosity_mpa_s = 1e-5;
    assert_eq!(flags(Some(thin)), (false, true));
    let mut slugs = train(1e6);
    let carrier = "oil".into();
    slugs.carriers = Some(slugs.liquid);
    slugs.segmented = Some(crate::path::Segmented {
        carrier,
        slug_ul: 0.01,
        growth_ul: 0.0,
        longest_ul: 1.0,
        tension_mn_per_m: 30.0,
    });
    assert!(flags(Some(slugs)).0, "a slug passes in 2 ms, a frame takes 20");
}

#[test]
fn a_lamp_that_gives_too_little_light_fails_the_experiment() {
    for (level, enough) in [(999, false), (1_000, true)] {
        let mut rig = rig();
        rig.played = Box::new(move |at, command| match command {
            Command::Fetch { spectrometer } if at > 100.0 && spectrometer.as_str() == "ear" => {
                Some(Ok(Reply::Frames(crate::frames::Frames::new(8, vec![level; 64]))))
            }
            _ => None,
        });
        let observation = procedure().run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
        match observation.fault {
            None => assert!(enough),
            Some(fault) => {
                assert_eq!((fault.origin.as_str(), enough), ("led", false));
                assert_eq!(fault.kind, FaultKind::NoLight { counts: 899.0 });
            }
        }
    }
}

#[test]
fn a_procedure_is_made_of_the_parts_it_was_given() {
    let spec = ProcedureSpec { poll_s: 7.0, ..ProcedureSpec::default() };
    let procedure = procedure_of(spec.clone());
    assert_eq!(procedure.spec(), &spec);
    assert_eq!(procedure.recipe(), &recipe());
    assert_eq!(procedure.analysis().channels().len(), 2);
}

#[test]
fn what_flows_after_a_fault_is_written_only_where_something_does() {
    let text = |on_fault| {
        let spec = ProcedureSpec { on_fault, ..ProcedureSpec::default() };
        serde_json::to_string(&spec).expect("a spec is plain data")
    };
    assert!(!text(OnFault::Stop).contains("on_fault"));
    let rinse = RinseSpec { pump: "oil".into(), ul_per_min: 100.0, volume_ul: 50.0 };
    assert!(text(OnFault::Flush(rinse)).contains("on_fault"));
}

#[test]
fn samples_and_sensors_are_read_where_features_come_from_them() {
    use crate::analysis::{Feature, Measure};
    let mut rig = rig();
    let of = |name: &str, channel: &str, measure| Feature {
        name: name.into(),
        channel: channel.into(),
        measure,
    };
    let features = vec![
        of("salt", "column", Measure::Concentration { of: "salt".into() }),
        of("kpa", "gauge", Measure::Reading),
    ];
    let analysis = analysis(features, rig.manifest());
    let procedure = crate::procedure::Procedure::new(ProcedureSpec::default(), recipe(), analysis);
    let observation = procedure.run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
    assert_eq!(observation.fault, None);
    assert_eq!(observation.feature("salt"), Some(0.25));
    assert_eq!(observation.feature("kpa"), Some(12.5));
    // The sample is taken before the frames, the flow stops after them, and only then the results are waited for.
    let at = |what: &str| rig.times(what);
    assert_eq!(at("column takes a sample"), [108.4]);
    assert_eq!([at("eye takes 10"), at("a stops")], [[108.4], [108.8]]);
    assert_eq!(at("column has results"), [138.4]);
}

#[test]
fn a_sensor_alone_is_read_as_well() {
    use crate::analysis::{Feature, Measure};
    let mut rig = rig();
    let kpa = Feature { name: "kpa".into(), channel: "gauge".into(), measure: Measure::Reading };
    let analysis = analysis(vec![kpa], rig.manifest());
    let procedure = crate::procedure::Procedure::new(ProcedureSpec::default(), recipe(), analysis);
    let observation = procedure.run(&mut rig, &blank(), &rates(100.0, 0.0, 200.0));
    assert_eq!(observation.feature("kpa"), Some(12.5));
}

#[test]
fn two_pumps_of_one_stock_take_from_it_together() {
    let observation = procedure().run(&mut rig(), &blank(), &rates(100.0, 50.0, 200.0));
    // τ = 60 · 40/150 + 60 · 80/350 s; b starts 0.4 s after a, oil 0.4 s later, and the dark takes no time of it.
    let flows_s = 1.2 * (16.0 + 60.0 * 80.0 / 350.0) + 0.4;
    let salt = 0.1 * (flows_s + 0.8) / 60.0 + 0.05 * (flows_s + 0.4) / 60.0;
    let (stock, ml) = &observation.consumed_ml[0];
    assert!(stock == "salt" && close(*ml, salt), "{ml} for {salt}");
}
