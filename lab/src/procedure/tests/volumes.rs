//! What syringes must hold, and what is taken from them.

use super::played::*;
use crate::analysis::{Analysis, AnalysisSpec, Feature, Measure};
use crate::command::Command;
use crate::lab::Lab as _;
use crate::manifest::{Level, Manifest};
use crate::procedure::{Needs, Procedure, ProcedureSpec, SteadySpec, WaitSpec};

fn near(found: &Needs, expected: &[(&str, f64)]) {
    let same = |((pump, ul), (name, expected)): (&(crate::id::PumpId, f64), &(&str, f64))| {
        pump.as_str() == *name && close(*ul, *expected)
    };
    let all = found.len() == expected.len() && found.iter().zip(expected).all(same);
    assert!(all, "{found:?} for {expected:?}");
}

fn whole(manifest: &Manifest) -> Manifest {
    Manifest { level: Level::Experiments, ..manifest.clone() }
}

fn steady() -> ProcedureSpec {
    let wait = WaitSpec::Steady(SteadySpec {
        features: vec!["level".into()],
        band: 0.01,
        window: 3,
        every_residence_times: 0.5,
        from_residence_times: 1.5,
        at_most_residence_times: 4.5,
    });
    ProcedureSpec { wait, ..ProcedureSpec::default() }
}

#[test]
fn an_experiment_needs_what_its_pumps_are_given() {
    let mut rig = rig();
    let conditions = rates(100.0, 0.0, 200.0);
    let procedure = procedure();
    let needs = procedure.needs_ul(rig.manifest(), &conditions);
    near(&needs, &[("a", 133.54167), ("oil", 267.08333)]);
    let blank = blank();
    procedure.run(&mut rig, &blank, &conditions);
    let given = |command: &Command| match command {
        Command::Dispense { pump, at_most_ul, .. } => Some((pump.clone(), at_most_ul.ul())),
        _ => None,
    };
    let given: Needs = rig.log.iter().filter_map(|(_, command)| given(command)).collect();
    assert_eq!(given, needs);
    assert_eq!(procedure.needs_ul(rig.manifest(), &rates(0.0, 0.0, 200.0)), []);
    assert_eq!(procedure.needs_ul(&whole(rig.manifest()), &conditions), []);
}

#[test]
fn where_steady_state_is_watched_for_the_longest_wait_counts() {
    let rig = rig();
    // (4.5 · 40 + 1.2 + 2.9 + 2 + 10) s · 1.25 = 245.125 s.
    let needs = procedure_of(steady()).needs_ul(rig.manifest(), &rates(100.0, 0.0, 200.0));
    near(&needs, &[("a", 408.54167), ("oil", 817.08333)]);
}

#[test]
fn an_experiment_uses_what_flows_until_its_spectra_are_taken() {
    let rig = rig();
    let conditions = rates(100.0, 0.0, 200.0);
    // 1.2 · 40 + 0.4 s, the longer of the two exposures; and half way from 1.5 to 4.5 residence times.
    let used = |spec| procedure_of(spec).uses_ul(rig.manifest(), &conditions);
    near(&used(ProcedureSpec::default()), &[("a", 80.66667), ("oil", 161.33333)]);
    near(&used(steady()), &[("a", 200.66667), ("oil", 401.33333)]);
    let still = procedure().uses_ul(rig.manifest(), &rates(0.0, 0.0, 200.0));
    assert_eq!(still, [], "these conditions are refused");
}

/// One at a time may take long, all side by side take as long as the longest.
#[test]
fn analysers_hold_up_the_flow_only_where_steady_state_is_watched_for() {
    let mut rig = rig();
    let mut slow = rig.manifest.analysers[0].clone();
    (slow.name, slow.run_s) = ("slow".into(), 600.0);
    rig.manifest.analysers.insert(0, slow);
    let feature = |name: &str| Feature {
        name: name.into(),
        channel: name.into(),
        measure: Measure::Concentration { of: "salt".into() },
    };
    let features = vec![feature("slow"), feature("column")];
    let spec = AnalysisSpec { channels: vec![], features };
    let analysis = Analysis::new(spec, rig.manifest()).unwrap();
    let conditions = rates(60.0, 0.0, 0.0);
    // τ = 40 + 80 s at 1 µL/s: volumes are seconds.
    let of = |spec: ProcedureSpec| Procedure::new(spec, recipe(), analysis.clone());
    let needs = |spec| of(spec).needs_ul(rig.manifest(), &conditions);
    near(&needs(ProcedureSpec::default()), &[("a", (1.2 * 120.0 + 12.0) * 1.25)]);
    near(&needs(steady()), &[("a", (4.5 * 120.0 + 610.0 + 12.0) * 1.25)]);
    let used = |spec| of(spec).uses_ul(rig.manifest(), &conditions);
    near(&used(ProcedureSpec::default()), &[("a", 144.0)]);
    near(&used(steady()), &[("a", 3.0 * 120.0 + 610.0)]);
    // Without analysers nothing is waited for.
    near(&procedure_of(steady()).uses_ul(rig.manifest(), &conditions), &[("a", 360.4)]);
}

fn priming() -> ProcedureSpec {
    ProcedureSpec {
        fill: flush(&[("a", 60.0), ("b", 120.0), ("oil", 0.0)], 100.0),
        blank: flush(&[("b", 30.0), ("oil", 300.0)], 40.0),
        ..ProcedureSpec::default()
    }
}

/// The reference takes 2.5 + 0.5 + 0.4 s; a pump that starts before another runs longer by the gap.
#[test]
fn priming_takes_from_each_stock_what_its_pumps_deliver() {
    let rig = rig();
    let primes = procedure_of(priming()).primes_ml(rig.manifest());
    let salt = 0.06 * 100.4 / 60.0 + 0.12 * 100.0 / 60.0 + 0.03 * 43.8 / 60.0;
    let [(first, first_ml), (second, second_ml)] = &primes[..] else { panic!("{primes:?}") };
    assert!(first == "salt" && close(*first_ml, salt), "{first_ml} for {salt}");
    assert!(second == "oil" && close(*second_ml, 0.3 * 43.4 / 60.0), "{second_ml}");
}

/// 1.25 · 100 + 30 s after its start a pump has delivered all that it was given.
#[test]
fn a_pump_takes_no_more_than_it_is_given_however_long_the_reference_takes() {
    let mut rig = rig();
    let spec = ProcedureSpec { light_settle_s: 3_000.0, ..priming() };
    let procedure = procedure_of(spec);
    let primes = procedure.primes_ml(rig.manifest());
    let salt = 0.06 * 100.4 / 60.0 + 0.12 * 100.0 / 60.0 + 0.03 * 80.0 / 60.0;
    assert!(close(primes[0].1, salt) && close(primes[1].1, 0.3 * 80.0 / 60.0), "{primes:?}");
    procedure.prime(&mut rig).expect("nothing goes wrong");
}

#[test]
fn priming_needs_the_larger_of_the_fill_and_what_is_left_for_the_blank() {
    let rig = rig();
    let needs = |spec| procedure_of(spec).priming_needs_ul(rig.manifest());
    // a: 155 s of the fill; b: 2 µL/s for 155 s, more than 200 µL and then 0.5 µL/s for 80 s; oil: 5 µL/s for 80 s.
    near(&needs(priming()), &[("a", 155.0), ("b", 310.0), ("oil", 400.0)]);
    let blank = flush(&[("b", 300.0)], 40.0);
    near(&needs(ProcedureSpec { blank, ..priming() }), &[("a", 155.0), ("b", 200.0 + 400.0)]);
    assert_eq!(needs(ProcedureSpec::default()), []);
    let nothing = flush(&[("b", 300.0)], 0.0);
    let spec = ProcedureSpec { fill: nothing.clone(), blank: nothing, ..priming() };
    assert_eq!(needs(spec), []);
    assert_eq!(procedure_of(priming()).priming_needs_ul(&whole(rig.manifest())), []);
}

/// A pump that is named twice runs as it was told last.
#[test]
fn the_last_rate_of_a_pump_counts() {
    let rig = rig();
    let blank = flush(&[("oil", 60.0), ("oil", 0.0), ("oil", 120.0), ("oil", 0.0)], 40.0);
    let spec = ProcedureSpec { blank, ..ProcedureSpec::default() };
    near(&procedure_of(spec).priming_needs_ul(rig.manifest()), &[("oil", 160.0)]);
}
