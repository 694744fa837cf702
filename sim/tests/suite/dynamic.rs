//! Steady state watched for, and dynamic flow experiments, beside the fixed wait of the paper.

use flowtwin_lab::procedure::{RampSpec, SteadySpec, WaitSpec};
use flowtwin_lab::{Blank, Conditions, Input, Observation, Procedure, Space};
use flowtwin_sim::SimLab;

use crate::support::{CENTRE, conditions, lab, procedure};

fn waiting(lab: &SimLab, wait: WaitSpec) -> Procedure {
    let base = procedure(lab.plan());
    let mut spec = base.spec().clone();
    spec.wait = wait;
    Procedure::new(spec, base.recipe().clone(), base.analysis().clone())
}

fn watched() -> WaitSpec {
    WaitSpec::Steady(SteadySpec {
        features: vec!["abs_300".into(), "pli".into()],
        band: 0.03,
        window: 3,
        every_residence_times: 0.1,
        from_residence_times: 0.9,
        at_most_residence_times: 2.4,
    })
}

/// Conditions that alternate between two compositions, so that each has to become steady anew.
fn course() -> Vec<Conditions> {
    let (mut weak, mut strong) = (CENTRE, CENTRE);
    (weak[1], weak[6]) = (70.0, 112.5);
    (strong[1], strong[6]) = (110.0, 72.5);
    [weak, strong, weak, strong].map(conditions).into()
}

fn run(wait: WaitSpec, seed: u64) -> Vec<Observation> {
    let mut lab = lab(seed);
    let procedure = waiting(&lab, wait);
    let blank = procedure.prime(&mut lab).unwrap();
    procedure.run(&mut lab, &blank, &conditions(CENTRE));
    course().iter().map(|c| procedure.run(&mut lab, &blank, c)).collect()
}

fn feature(observation: &Observation, name: &str) -> f64 {
    observation.feature(name).unwrap_or_else(|| panic!("{:?}", observation.fault))
}

/// Lab time of a course [s].
fn lab_time_s(seen: &[Observation]) -> f64 {
    seen.iter().map(Observation::lab_time_s).sum()
}

/// Watching costs time where 1.2 residence times already do, and agrees with it: it is a check on
/// the fixed rule, and it is what to use where no rule is known.
#[test]
fn watched_steady_state_costs_some_lab_time_and_measures_the_same() {
    let fixed = run(WaitSpec::ResidenceTimes(1.2), 1);
    let watched = run(watched(), 1);
    assert!(watched.iter().all(|o| !o.outcome.quality.not_steady));
    let cost = lab_time_s(&watched) / lab_time_s(&fixed);
    println!("watching takes {cost:.3} times the lab time of the fixed wait");
    assert!((0.9..1.25).contains(&cost), "{cost} times the lab time of the fixed rule");
    for (name, noise) in [("abs_300", 0.05), ("pli", 0.05)] {
        for (f, w) in fixed.iter().zip(&watched) {
            let off = feature(w, name) / feature(f, name) - 1.0;
            assert!(off.abs() < noise, "{name} is off by {off}");
        }
    }
}

/// 0.7 residence times are too short, and flagged: what is in the cell then met before. Watching must begin when the first
/// new slugs arrive: before, the features are steady at what they were.
#[test]
fn too_short_a_wait_is_flagged() {
    let hasty = run(WaitSpec::ResidenceTimes(0.7), 1);
    assert!(hasty.iter().all(|o| o.outcome.quality.flags() == ["not_steady"]));
    let fixed = run(WaitSpec::ResidenceTimes(1.2), 1);
    let off: Vec<f64> = hasty
        .iter()
        .zip(&fixed)
        .map(|(h, f)| (feature(h, "abs_300") / feature(f, "abs_300") - 1.0).abs())
        .collect();
    assert!(off[1..].iter().all(|off| *off > 0.1), "{off:?}");
    let impatient = WaitSpec::Steady(SteadySpec {
        from_residence_times: 0.8,
        every_residence_times: 0.05,
        at_most_residence_times: 0.96,
        ..match watched() {
            WaitSpec::Steady(rule) => rule,
            WaitSpec::ResidenceTimes(_) => unreachable!("it is a rule"),
        }
    });
    assert!(run(impatient, 1)[1..].iter().all(|o| o.outcome.quality.not_steady));
}

fn space() -> Space {
    let names = conditions(CENTRE);
    let input = |name: &str| Input::number(name, 0.0, 1000.0, 0.0);
    Space::new(names.names().iter().map(|n| input(n)).collect(), vec![]).unwrap()
}

/// CuI from 70 to 110 µL/min at a constant total.
fn at_cui(flow: f64) -> Conditions {
    let mut inputs = CENTRE;
    (inputs[1], inputs[6]) = (flow, 182.5 - flow);
    conditions(inputs)
}

/// Every slug of a ramp is mapped back to what formed it: one ramp gives a curve, each point of it
/// as good as a steady-state experiment.
#[test]
fn a_ramp_agrees_with_steady_state_within_noise_at_a_fraction_of_the_lab_time() {
    let mut lab = lab(2);
    let procedure = procedure(lab.plan());
    let blank: Blank = procedure.prime(&mut lab).unwrap();
    procedure.run(&mut lab, &blank, &at_cui(70.0));
    let steady: Vec<(f64, Observation)> = [70.0, 80.0, 90.0, 100.0, 110.0]
        .map(|flow| (flow, procedure.run(&mut lab, &blank, &at_cui(flow))))
        .into();
    let steady_s: f64 = steady.iter().map(|(_, o)| o.lab_time_s()).sum();
    let began = flowtwin_lab::Lab::now(&lab);
    let spec = RampSpec { duration_s: 420.0, step_s: 5.0, every_s: 15.0 };
    let ends = (&at_cui(70.0), &at_cui(110.0));
    let points = procedure.ramp(&mut lab, &blank, &space(), ends, &spec).unwrap();
    let ramp_s = flowtwin_lab::Lab::now(&lab).since(began).as_secs();
    assert!(points.len() > 20, "{} points", points.len());
    let gain = (points.len() as f64 / ramp_s) / (steady.len() as f64 / steady_s);
    assert!(gain > 3.0, "{gain} times as many points an hour");
    for (name, scatter) in [("abs_300", 0.06), ("pli", 0.04)] {
        let off: Vec<f64> = points
            .iter()
            .map(|point| {
                let flow = point.conditions.get("cui_ul_per_min").unwrap();
                let value = point.outcome.features.iter().find(|(n, _)| n == name).unwrap().1;
                value / between(&steady, flow, name) - 1.0
            })
            .collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        println!("{name}: {} points, mean {mean:.4}, {gain:.1} times as many an hour", off.len());
        assert!(mean.abs() < 0.5 * scatter, "{name}: mean {mean}");
        assert!(off.iter().all(|off| off.abs() < 2.0 * scatter), "{name}: {off:?}");
    }
}

/// A feature at a flow, on straight lines between steady-state points.
fn between(steady: &[(f64, Observation)], flow: f64, name: &str) -> f64 {
    let above = steady.partition_point(|(x, _)| *x < flow).clamp(1, steady.len() - 1);
    let ((x0, a), (x1, b)) = (&steady[above - 1], &steady[above]);
    let share = (flow - x0) / (x1 - x0);
    feature(a, name) + share * (feature(b, name) - feature(a, name))
}
