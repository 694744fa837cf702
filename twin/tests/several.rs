//! What policies promise that weigh several outcomes, and choose by name.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::num::NonZeroUsize;

use flowtwin_lab::{Choice, Conditions, Input, Space, Streams};
use flowtwin_statistics::front::hypervolume;
use flowtwin_twin::{
    Ask, Context, Cost, Goal, Goals, History, Limit, Objective, Policy, PolicySpec, Proposals,
    SurrogateSpec, Trial,
};

/// Every policy that learns, except those that need a table or a simulator.
fn names() -> impl Iterator<Item = &'static str> {
    let unguided = ["list", "random", "lhs", "sobol", "top", "calibrate"];
    PolicySpec::NAMES.iter().copied().filter(move |name| !unguided.contains(name))
}

/// A temperature, a loading on a logarithmic scale, a number of turns and a ligand.
fn space() -> Space {
    let option = |name: &str| Choice { name: name.into(), descriptors: Vec::new() };
    let inputs = vec![
        Input::number("t_c", 20.0, 100.0, 1.0),
        Input::logarithmic("loading_percent", 0.1, 10.0, 0.01),
        Input::levels("turns", vec![1.0, 2.0, 4.0]),
        Input::choice("ligand", ["XPhos", "SPhos", "dppf", "BINAP"].map(option).to_vec()),
    ];
    Space::new(inputs, vec![]).unwrap()
}

/// Yield, cost and a colour; a yield is high with SPhos and heat, a cost with loading.
fn measure(u: &[f64]) -> [f64; 3] {
    let ligand = [0.3, 1.0, 0.6, 0.1][((4.0 * u[3]) as usize).min(3)];
    let yields = 100.0 * ligand * (1.0 - (u[0] - 0.7) * (u[0] - 0.7)) * (0.4 + 0.6 * u[1]);
    let cost = 10.0 * u[1] + 3.0 * u[2] + 5.0 * ligand;
    [yields, cost, 500.0 + 40.0 * u[0] + 10.0 * u[2]]
}

fn goals() -> Goals {
    let objective = |outcome, goal, worst| Objective { outcome, goal, worst };
    Goals {
        objectives: vec![
            objective(0, Goal::Maximize, Some(0.0)),
            objective(1, Goal::Minimize, Some(20.0)),
        ],
        limits: vec![Limit { outcome: 2, at_least: None, at_most: Some(535.0) }],
    }
}

fn tried(u: Vec<f64>, fails: bool) -> Trial {
    if fails {
        return Trial::at(u, None);
    }
    let values = measure(&u);
    Trial::at(u, Some(values[0])).with_values(values.map(Some).to_vec())
}

/// Experiments at random points of the space; every seventh failed.
fn history(count: usize) -> History {
    let space = space();
    let mut stream = Streams::new(3).open("history", 0);
    let mut trial = |i: usize| {
        let u: Vec<f64> = (0..4).map(|_| stream.uniform()).collect();
        tried(space.to_unit(&space.from_unit(&u)), i % 7 == 6)
    };
    History {
        trials: (0..count).map(&mut trial).collect(),
        pending: vec![space.to_unit(&space.centre())],
        ..History::default()
    }
}

fn cost(conditions: &Conditions) -> Cost {
    Cost { lab_time_s: 60.0 + conditions.values()[0], reagent_ml: 1.0 + conditions.values()[1] }
}

fn ask<'a>(space: &'a Space, history: &'a History, count: usize) -> Ask<'a> {
    Ask { space, history, count, asked: 0, planned: 8, cost: Some(&cost) }
}

fn policy(name: &str, goals: &Goals) -> Box<dyn Policy> {
    name.parse::<PolicySpec>().unwrap().build_for(SurrogateSpec::Gp, goals)
}

fn propose(
    name: &str,
    goals: &Goals,
    history: &History,
    count: usize,
    threads: usize,
) -> Proposals {
    let space = space();
    let context = Context::new(Streams::new(5)).with_threads(NonZeroUsize::new(threads).unwrap());
    policy(name, goals).propose(&ask(&space, history, count), &context).unwrap()
}

#[test]
fn proposals_are_of_the_space_and_different_and_as_many_as_asked_for() {
    let (space, history) = (space(), history(20));
    for name in names() {
        let found = propose(name, &goals(), &history, 4, 1).conditions;
        assert_eq!(found.len(), 4, "{name}");
        for (i, conditions) in found.iter().enumerate() {
            assert!(space.contains(conditions), "{name}: {conditions:?}");
            assert!(!found[..i].contains(conditions), "{name}: {conditions:?} twice");
        }
    }
}

#[test]
fn threads_do_not_change_a_proposal_and_pending_experiments_do() {
    let history = history(20);
    let idle = History { pending: Vec::new(), ..history.clone() };
    for name in names() {
        let one = propose(name, &goals(), &history, 2, 1);
        assert_eq!(one, propose(name, &goals(), &history, 2, 2), "{name}");
        let first = propose(name, &goals(), &idle, 1, 1).conditions;
        let after = History { pending: vec![space().to_unit(&first[0])], ..history.clone() };
        assert_ne!(first, propose(name, &goals(), &after, 1, 1).conditions, "{name}");
    }
}

#[test]
fn an_input_that_was_tried_at_its_ends_alone_and_seems_to_have_no_effect_is_tried_between_them() {
    let input = |name: &str| Input::number(name, 0.0, 1.0, 0.0);
    let space = Space::new(vec![input("a"), input("b")], vec![]).unwrap();
    let objective = |outcome| Objective { outcome, goal: Goal::Minimize, worst: Some(3.0) };
    let goals = Goals { objectives: vec![objective(0), objective(1)], limits: vec![] };
    // What is best lies in the middle of `b`; both ends are nearly alike.
    let tried = |a: f64, b: f64| {
        let off = 4.0 * (b - 0.5) * (b - 0.5) + 0.003 * b;
        let values = vec![Some(a * a + off), Some((1.0 - a) * (1.0 - a) + off)];
        Trial::at(vec![a, b], None).with_values(values)
    };
    let at = |i: usize| tried((i / 2) as f64 / 4.0, (i % 2) as f64);
    let history = History { trials: (0..10).map(at).collect(), ..History::default() };
    for name in ["ei", "auto"] {
        let ask =
            Ask { space: &space, history: &history, count: 1, asked: 0, planned: 9, cost: None };
        let found = policy(name, &goals).propose(&ask, &Context::new(Streams::new(5))).unwrap();
        let b = found.conditions[0].values()[1];
        assert!(b > 0.02 && b < 0.98, "{name}: {b}");
    }
}

/// Folds the bits of all proposed values into one number (Fowler, Noll and Vo).
fn digest(proposals: &Proposals) -> u64 {
    let values = proposals.conditions.iter().flat_map(|c| c.values().to_vec());
    values.fold(0xcbf2_9ce4_8422_2325, |hash, value| {
        (hash ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn proposals_are_the_same_bits_as_ever() {
    let history = history(21);
    let found: Vec<String> = names()
        .map(|name| format!("{name} {:016x}", digest(&propose(name, &goals(), &history, 2, 1))))
        .collect();
    let lost: Vec<&&str> = GOLDEN.iter().filter(|line| !found.iter().any(|f| f == *line)).collect();
    assert!(lost.is_empty(), "{lost:?} of {found:#?}");
}

const GOLDEN: [&str; 10] = [
    "max_variance e3899f80d5032f07",
    "exploit 5e1c29bfb5b3e5d7",
    "ucb c3a73f738c60e1bc",
    "ei a69043cf0f0437c3",
    "log_ei a69043cf0f0437c3",
    "thompson 0326625d2cc3d108",
    "trust_region dbb1a9bfb5b3e5d7",
    "balanced a69043cf0f0437c3",
    "ei_per_time fcf5423511365cd5",
    "ei_per_ml 7f83371c046823d3",
];

/// Runs a campaign of `rounds` experiments after ten random ones; the trials.
fn campaign(name: &str, goals: &Goals, seed: u64, rounds: usize) -> Vec<Trial> {
    let space = space();
    let context = Context::new(Streams::new(seed));
    let mut history = History::default();
    for i in 0..10 + rounds {
        let policy = policy(if i < 10 { "random" } else { name }, goals);
        let found = policy.propose(&ask(&space, &history, 1), &context).unwrap();
        history.trials.push(tried(space.to_unit(&found.conditions[0]), false));
    }
    history.trials
}

/// The hypervolume that trials which keep the limits have reached.
fn reached(goals: &Goals, trials: &[Trial]) -> f64 {
    let kept = trials.iter().filter(|trial| goals.allow(&trial.values));
    let scores: Vec<Vec<f64>> = kept.filter_map(|trial| goals.scores(&trial.values)).collect();
    hypervolume(&scores, &goals.reference(&scores))
}

#[test]
fn the_front_is_found_with_a_tenth_of_the_experiments_that_chance_takes() {
    for seed in 0..4 {
        let guided = reached(&goals(), &campaign("ei", &goals(), seed, 30));
        let chance = reached(&goals(), &campaign("random", &goals(), seed, 390));
        assert!(guided > chance, "{seed}: {guided} {chance}");
    }
}

#[test]
fn a_target_is_hit_where_a_limit_holds() {
    let target = Goal::Target { target: 520.0, within: 0.5 };
    let goals = Goals {
        objectives: vec![Objective { outcome: 2, goal: target, worst: None }],
        limits: vec![
            Limit { outcome: 1, at_least: None, at_most: Some(6.0) },
            Limit { outcome: 0, at_least: Some(30.0), at_most: None },
        ],
    };
    let hit =
        |trial: &Trial| goals.allow(&trial.values) && (measure(&trial.x)[2] - 520.0).abs() <= 0.5;
    for seed in 0..4 {
        let trials = campaign("ei", &goals, seed, 15);
        assert!(trials.iter().any(hit), "{seed}");
    }
}

#[test]
fn more_objectives_than_three_are_improved_on_together() {
    let objective = |outcome, goal| Objective { outcome, goal, worst: None };
    let goals = Goals {
        objectives: vec![
            objective(0, Goal::Maximize),
            objective(1, Goal::Minimize),
            objective(2, Goal::Maximize),
            objective(0, Goal::Target { target: 50.0, within: 1.0 }),
        ],
        limits: Vec::new(),
    };
    let reference = [0.0, -20.0, 500.0, -60.0];
    let volume = |trials: &[Trial]| {
        let scores: Vec<Vec<f64>> =
            trials.iter().filter_map(|trial| goals.scores(&trial.values)).collect();
        hypervolume(&scores, &reference)
    };
    let guided = volume(&campaign("ei", &goals, 1, 20));
    let chance = volume(&campaign("random", &goals, 1, 20));
    assert!(guided > chance, "{guided} {chance}");
}

#[test]
fn one_of_given_candidates_is_picked() {
    let space = space();
    let mut stream = Streams::new(8).open("candidates", 0);
    let candidates: Vec<Vec<f64>> = (0..40)
        .map(|_| {
            let u: Vec<f64> = (0..4).map(|_| stream.uniform()).collect();
            space.to_unit(&space.from_unit(&u))
        })
        .collect();
    let context = Context::new(Streams::new(5));
    for name in names() {
        let policy = policy(name, &goals());
        let pick = policy.pick(&space, &history(25), &candidates, &context).unwrap();
        assert!(pick.unwrap().0 < candidates.len(), "{name}");
    }
    let picked = policy("exploit", &goals()).pick(&space, &history(40), &candidates, &context);
    let u = &candidates[picked.unwrap().unwrap().0];
    assert!(measure(u)[2] < 537.0, "{:?}", measure(u));
}

#[test]
fn before_anything_is_known_points_are_random() {
    let empty = History::default();
    for name in names() {
        assert_eq!(propose(name, &goals(), &empty, 3, 1).conditions.len(), 3, "{name}");
    }
}

#[test]
fn one_outcome_that_is_maximised_is_the_policy_it_always_was() {
    let space = space();
    let history = history(20);
    let context = Context::new(Streams::new(5));
    let plain: PolicySpec = "ei".parse().unwrap();
    let ask = ask(&space, &history, 1);
    let one = plain.build_for(SurrogateSpec::Gp, &Goals::maximise()).propose(&ask, &context);
    assert_eq!(one, plain.build(SurrogateSpec::Gp).propose(&ask, &context));
}

/// An earlier campaign whose detector had half the gain for one outcome, and whose prices were others.
fn earlier(count: usize) -> Vec<Trial> {
    let trial = |trial: &Trial| {
        let [yields, cost, colour] = measure(&trial.x);
        let values = [0.5 * yields, cost + 4.0, colour];
        trial.clone().with_values(values.map(Some).to_vec())
    };
    history(count).trials.iter().map(trial).collect()
}

/// Before, earlier experiments were not looked at where several outcomes count.
#[test]
fn every_outcome_is_related_to_what_earlier_campaigns_say_of_it() {
    let (space, goals) = (space(), goals());
    let reached = |name: &str, earlier: Vec<Vec<Trial>>| {
        let mut sum = 0.0;
        for seed in 0..4 {
            let mut stream = Streams::new(seed).open("start", 0);
            let mut start = || {
                tried(space.to_unit(&space.from_unit(&[(); 4].map(|()| stream.uniform()))), false)
            };
            let trials = (0..3).map(|_| start()).collect();
            let mut history = History { trials, earlier: earlier.clone(), ..History::default() };
            let context = Context::new(Streams::new(seed));
            for _ in 0..5 {
                let found =
                    policy(name, &goals).propose(&ask(&space, &history, 1), &context).unwrap();
                history.trials.push(tried(space.to_unit(&found.conditions[0]), false));
            }
            let kept = history.trials.iter().filter(|trial| goals.allow(&trial.values));
            let scores: Vec<_> = kept.filter_map(|trial| goals.scores(&trial.values)).collect();
            sum += hypervolume(&scores, &[0.0, -20.0]);
        }
        sum
    };
    for name in ["ei", "auto"] {
        let (alone, related) = (reached(name, vec![]), reached(name, vec![earlier(40)]));
        assert!(
            related > 1.05 * alone,
            "{name}: {related} with earlier experiments, {alone} without"
        );
    }
    // What says too little of an outcome changes nothing.
    let few = History { earlier: vec![earlier(2)], ..history(12) };
    let conditions = |history| propose("ei", &goals, history, 2, 1).conditions;
    assert_eq!(conditions(&few), conditions(&history(12)));
}
