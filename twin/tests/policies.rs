//! What every policy promises.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroUsize;

use flowtwin_lab::{Conditions, Constraint, Input, Linear, Space, Streams, math};
use flowtwin_twin::{
    Ask, Context, Cost, History, PolicyError, PolicySpec, Proposals, SurrogateSpec, Trial,
};

/// Every policy that can be had by its name, except those that need a table or a simulator.
fn names() -> impl Iterator<Item = &'static str> {
    PolicySpec::NAMES.iter().copied().filter(|name| !["list", "top", "calibrate"].contains(name))
}

/// Three inputs, rounded, whose first two must not sum to more than 12.
fn space() -> Space {
    let input = |name: &str| Input::number(name, 0.0, 10.0, 0.1);
    let of = Linear { constant: 0.0, factors: vec![1.0, 1.0, 0.0] };
    let total = Constraint::linear("total", of, 2.0, 12.0);
    Space::new(["a", "b", "c"].map(input).to_vec(), vec![total]).expect("the ranges are in order")
}

/// Experiments on a plane that rises with the first input; every fifth failed.
fn history(count: usize) -> History {
    let mut stream = Streams::new(11).open("history", 0);
    let mut trial = |i: usize| {
        let x: Vec<f64> = (0..3).map(|_| stream.uniform()).collect();
        let outcome = (i % 5 != 4).then(|| 10.0 * x[0] + x[2] + 0.1 * stream.normal());
        Trial::at(x, outcome)
    };
    let (trials, pending) = ((0..count).map(&mut trial).collect(), vec![vec![0.5; 3]]);
    History { trials, pending, ..History::default() }
}

fn cost(conditions: &Conditions) -> Cost {
    Cost {
        lab_time_s: 60.0 + 10.0 * conditions.values()[2],
        reagent_ml: 1.0 + conditions.values()[1],
    }
}

fn propose(name: &str, history: &History, count: usize, threads: usize) -> Proposals {
    let space = space();
    let ask = Ask { space: &space, history, count, asked: 0, planned: 8, cost: Some(&cost) };
    let spec: PolicySpec = name.parse().expect("a policy");
    let context = Context::new(Streams::new(5)).with_threads(NonZeroUsize::new(threads).unwrap());
    spec.build(SurrogateSpec::Modern).propose(&ask, &context).expect("the space is feasible")
}

/// Folds the bits of all proposed values into one number (Fowler, Noll and Vo).
fn digest(proposals: &Proposals) -> u64 {
    let values = proposals.conditions.iter().flat_map(|c| c.values().to_vec());
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        (hash ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn proposals_are_feasible_rounded_and_as_many_as_asked_for() {
    let (space, history) = (space(), history(15));
    for name in names() {
        let proposals = propose(name, &history, 3, 1);
        assert_eq!(proposals.conditions.len(), 3, "{name}");
        for conditions in &proposals.conditions {
            assert!(space.contains(conditions), "{name}: {conditions:?}");
            for (value, input) in conditions.values().iter().zip(space.inputs()) {
                assert_eq!(input.round(*value).to_bits(), value.to_bits(), "{name}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_proposal() {
    let history = history(12);
    for name in names() {
        assert_eq!(propose(name, &history, 2, 1), propose(name, &history, 2, 2), "{name}");
    }
}

#[test]
fn proposals_are_the_same_bits_as_ever() {
    let history = history(14);
    let found: Vec<String> = names()
        .map(|name| format!("{name} {:016x}", digest(&propose(name, &history, 1, 1))))
        .collect();
    let lost: Vec<&&str> = GOLDEN.iter().filter(|line| !found.iter().any(|f| f == *line)).collect();
    assert!(lost.is_empty(), "{lost:?} of {found:#?}");
}

const GOLDEN: [&str; 14] = [
    "random d9c5c2a41208928d",
    "lhs 4f5d266971b631bd",
    "sobol 6fb645080b4ee760",
    "max_variance e302f37d241e53f3",
    "exploit bf809b38c5a73731",
    "ucb 0a7cf842d4a5cd3a",
    "ei 1d3912186c0f2fb7",
    "log_ei 1d3912186c0f2fb7",
    "thompson 21aec2a41208928d",
    "trust_region 841512186c0f2fb7",
    "balanced 14ba12186c0f2fb7",
    "auto 96ccbf042be2ebaf",
    "ei_per_time c0f0a88ce2645576",
    "ei_per_ml 3a48d5c9a42fadf2",
];

#[test]
fn experiments_asked_for_together_differ() {
    let history = history(15);
    for name in names() {
        let conditions = propose(name, &history, 3, 1).conditions;
        let same = conditions[0] == conditions[1] && conditions[1] == conditions[2];
        assert!(!same, "{name}: {conditions:?}");
    }
}

#[test]
fn work_is_counted_and_one_experiment_takes_two_fits_at_most() {
    let work = propose("ei", &history(15), 1, 1).work;
    assert_eq!(work.fits, 2, "one fit, and one with the pending experiment");
    assert!(work.likelihoods > 0 && work.likelihoods < 160, "{work:?}");
    assert!(work.acquisitions > 256 && work.acquisitions < 1500, "{work:?}");
}

#[test]
fn exploitation_goes_uphill_as_far_as_the_constraint() {
    let best = propose("exploit", &history(40), 1, 1).conditions.remove(0);
    assert!(best.values()[0] > 8.0, "{best:?}");
}

/// The largest value of a hill in five inputs that `auto` finds in 40 experiments with noise of 1 %. Its top, of 1, is where three inputs
/// end.
fn highest_of_a_hill_in_a_corner(seed: u64) -> f64 {
    const TOP: [f64; 5] = [1.0, 0.0, 0.4, 1.0, 0.6];
    let input = |i: usize| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
    let space = Space::new((0..5).map(input).collect(), vec![]).expect("the ranges are in order");
    let context = Context::new(Streams::new(seed));
    let mut noise = Streams::new(seed).open("noise", 0);
    let policy = "auto".parse::<PolicySpec>().expect("a policy").build(SurrogateSpec::Gp);
    let (mut history, mut highest) = (History::default(), 0.0_f64);
    for asked in 0..40 {
        let ask =
            Ask { space: &space, history: &history, count: 1, asked, planned: 40, cost: None };
        let proposals = policy.propose(&ask, &context).expect("the space is feasible");
        let x = proposals.conditions[0].values().to_vec();
        let off: f64 = x.iter().zip(TOP).map(|(x, top)| (x - top) * (x - top)).sum();
        let outcome = math::exp(-2.0 * off);
        highest = highest.max(outcome);
        history.trials.push(Trial::at(x, Some(outcome + 0.01 * noise.normal())));
    }
    highest
}

#[test]
fn auto_refines_an_optimum_in_a_corner_to_the_end() {
    let highest: Vec<f64> = (0..8).map(highest_of_a_hill_in_a_corner).collect();
    assert!(highest.iter().all(|y| *y > 0.995), "{highest:?}");
}

#[test]
fn auto_opens_with_points_spread_evenly_that_earlier_phases_count_for() {
    let empty = History::default();
    let opening = |planned| {
        let space = space();
        let ask = Ask { space: &space, history: &empty, count: 5, asked: 0, planned, cost: None };
        let policy = "auto".parse::<PolicySpec>().expect("a policy").build(SurrogateSpec::Gp);
        policy.propose(&ask, &Context::new(Streams::new(5))).expect("the space is feasible")
    };
    let thirds = |proposals: &Proposals, count: usize| {
        let values = proposals.conditions.iter().take(count).map(|c| c.values()[2]);
        let mut strata: Vec<usize> = values.map(|c| (c / 10.0 * count as f64) as usize).collect();
        strata.sort_unstable();
        strata
    };
    // Five at once, where nothing is known yet, are one design of five.
    assert_eq!(thirds(&opening(20), 5), [0, 1, 2, 3, 4]);
    assert_eq!(thirds(&opening(3), 5), [0, 1, 2, 3, 4]);
    assert_eq!(opening(20).work.fits, 0);
    assert!(propose("auto", &history(15), 1, 1).work.fits >= 1);
}

#[test]
fn an_expensive_direction_is_avoided_by_the_policy_that_pays_for_it() {
    let history = history(40);
    let cheap = propose("ei_per_ml", &history, 1, 1).conditions.remove(0);
    assert!(cheap.values()[1] < 3.0, "{cheap:?}");
}

#[test]
fn a_policy_that_weighs_costs_says_so_where_it_is_not_told_them() {
    let (space, history) = (space(), history(10));
    let ask = Ask { space: &space, history: &history, count: 1, asked: 0, planned: 1, cost: None };
    let spec: PolicySpec = "ei_per_time".parse().expect("a policy");
    let answer = spec.build(SurrogateSpec::Gp).propose(&ask, &Context::new(Streams::new(1)));
    assert_eq!(answer, Err(PolicyError::NoCost { policy: "ei_per_time".into() }));
}

#[test]
fn a_design_asked_for_one_by_one_is_the_design_asked_for_at_once() {
    let space = space();
    for name in ["lhs", "sobol", "random"] {
        let policy = name.parse::<PolicySpec>().expect("a policy").build(SurrogateSpec::Gp);
        let context = Context::new(Streams::new(5));
        let mut history = History::default();
        let ask = |history: &History, count, asked| {
            let ask = Ask { space: &space, history, count, asked, planned: 6, cost: None };
            policy.propose(&ask, &context).expect("the space is feasible").conditions
        };
        let at_once = ask(&history, 6, 0);
        for (i, expected) in at_once.iter().enumerate() {
            assert_eq!(&ask(&history, 1, i)[0], expected, "{name} {i}");
            let x = space.to_unit(expected);
            history.trials.push(Trial::at(x, Some(1.0)));
        }
    }
}

/// How many of `asked` experiments that EI proposes fail, where the outcome rises to 0.7 of the first of five inputs and every
/// experiment beyond fails.
fn failures_at_a_limit(seed: u64, asked: usize) -> usize {
    let input = |i: usize| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
    let space = Space::new((0..5).map(input).collect(), vec![]).expect("the ranges are in order");
    let context = Context::new(Streams::new(seed));
    let mut noise = Streams::new(seed).open("noise", 0);
    let mut history = History::default();
    let mut failures = 0;
    for i in 0..10 + asked {
        let policy = if i < 10 { "lhs" } else { "ei" };
        let policy = policy.parse::<PolicySpec>().expect("a policy").build(SurrogateSpec::Gp);
        let (asked, planned) = if i < 10 { (i, 10) } else { (i - 10, asked) };
        let ask = Ask { space: &space, history: &history, count: 1, asked, planned, cost: None };
        let proposals = policy.propose(&ask, &context).expect("the space is feasible");
        let x = proposals.conditions[0].values().to_vec();
        let outcome = 10.0 * x[0] - 3.0 * (x[1] - 0.4).abs() + x[2] + 0.1 * noise.normal();
        let failed = x[0] > 0.7;
        failures += usize::from(failed && i >= 10);
        history.trials.push(Trial::at(x, (!failed).then_some(outcome)));
    }
    failures
}

#[test]
fn experiments_beyond_a_limit_are_few_though_the_outcome_rises_towards_it() {
    let failures: Vec<usize> = (0..8).map(|seed| failures_at_a_limit(seed, 20)).collect();
    assert!(failures.iter().sum::<usize>() <= 48, "of 160: {failures:?}");
}

/// The values that a design of four experiments proposes next.
fn designed(name: &str, history: &History, asked: usize) -> Vec<f64> {
    let space = space();
    let ask = Ask { space: &space, history, count: 1, asked, planned: 4, cost: Some(&cost) };
    let policy = name.parse::<PolicySpec>().expect("a policy").build(SurrogateSpec::Gp);
    let answer = policy.propose(&ask, &Context::new(Streams::new(5))).expect("a region");
    answer.conditions[0].values().to_vec()
}

#[test]
fn a_design_goes_on_where_it_was_whatever_a_person_adds_or_skips() {
    let trial = || Trial::at(vec![0.5; 3], Some(1.0));
    for name in ["lhs", "sobol"] {
        let history = |trials: usize, pending: usize, added: usize| {
            let trials = (0..trials).map(|_| trial()).collect();
            History { trials, pending: vec![vec![0.5; 3]; pending], added, ..History::default() }
        };
        let (second, third) =
            (designed(name, &history(1, 0, 0), 1), designed(name, &history(2, 0, 0), 2));
        assert_eq!(designed(name, &history(2, 0, 1), 1), second, "{name}: one was added");
        assert_eq!(designed(name, &history(1, 1, 0), 2), third, "{name}: one was skipped");
    }
}
