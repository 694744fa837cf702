//! How many experiments policies need: campaigns on problems with a known optimum.
//!
//! `cargo run --release --example sample_efficiency -- PROBLEM FIRST..LAST [policies…]` with `lab` or `two-optima`; a
//! policy is written `ei`, `ei@gp` or `ucb=2@modern`. Without policies it prints what other optimisers need to play the
//! same campaigns: the instance, the opening design and the noise of every seed, one JSON object a line.
#![expect(clippy::disallowed_types, reason = "timings are printed; no result depends on them")]

mod problem;

use std::time::Instant;

use flowtwin_lab::Streams;
use flowtwin_twin::{
    Ask, Context, History, LatinHypercube, Policy, PolicySpec, SurrogateSpec, Trial,
};
use problem::{Problem, TwoOptima};
use serde_json::json;

const START: usize = 10;
const BUDGET: usize = 70;

/// Experiments until the optimum is found (one more than there are where it is not), and the best true value.
struct Campaign {
    reached: usize,
    best: f64,
}

fn campaign(problem: &Problem, policy: &dyn Policy, seed: u64) -> Campaign {
    let streams = Streams::new(seed);
    let context = Context::new(streams);
    let mut history = History::default();
    let mut result = Campaign { best: f64::NEG_INFINITY, reached: BUDGET + 1 };
    for i in 0..BUDGET {
        let (asked, planned) = if i < START { (i, START) } else { (i - START, BUDGET - START) };
        let ask =
            Ask { space: &problem.space, history: &history, count: 1, asked, planned, cost: None };
        let policy: &dyn Policy = if i < START { &LatinHypercube } else { policy };
        let proposals = policy.propose(&ask, &context).expect("the problem has no constraints");
        let conditions = &proposals.conditions[0];
        let y = problem.measure(conditions.values(), &mut streams.open("noise", i as u64));
        result.best = result.best.max((problem.f)(conditions.values()));
        if result.best >= problem.found {
            result.reached = result.reached.min(i + 1);
        }
        history.trials.push(Trial::at(problem.space.to_unit(conditions), Some(y)));
    }
    result
}

/// What another optimiser needs to play the campaign of `seed`.
fn print_instance(problem: &Problem, seed: u64) {
    let streams = Streams::new(seed);
    let history = History::default();
    let ask = Ask {
        space: &problem.space,
        history: &history,
        count: START,
        asked: 0,
        planned: START,
        cost: None,
    };
    let opening =
        LatinHypercube.propose(&ask, &Context::new(streams)).expect("there are no constraints");
    let opening: Vec<&[f64]> = opening.conditions.iter().map(|c| c.values()).collect();
    let noise: Vec<f64> = (0..BUDGET).map(|i| streams.open("noise", i as u64).normal()).collect();
    let instance = TwoOptima::draw(seed);
    println!("{}", json!({ "instance": instance, "opening": opening, "noise": noise }));
}

fn policy(name: &str) -> Box<dyn Policy> {
    let (policy, surrogate) = name.split_once('@').unwrap_or((name, "gp"));
    let spec: PolicySpec = match policy.split_once('=') {
        Some(("ucb", lambda)) => PolicySpec::Ucb { lambda: lambda.parse().expect("a number") },
        _ => policy.parse().expect("a policy"),
    };
    let surrogate: SurrogateSpec = surrogate.parse().expect("a surrogate");
    spec.build(surrogate)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let problem: fn(u64) -> Problem = match arguments.next().as_deref() {
        Some("lab") => |_| problem::lab(),
        Some("two-optima") => problem::two_optima,
        other => panic!("{other:?} is no problem: lab, two-optima"),
    };
    let seeds = arguments.next().expect("seeds, such as 0..40");
    let (first, last) = seeds.split_once("..").expect("seeds, such as 0..40");
    let seeds: Vec<u64> =
        (first.parse().expect("a number")..last.parse().expect("a number")).collect();
    let names: Vec<String> = arguments.collect();
    if names.is_empty() {
        return seeds.iter().for_each(|seed| print_instance(&problem(*seed), *seed));
    }
    for name in &names {
        let policy = policy(name);
        let begun = Instant::now();
        let runs: Vec<Campaign> =
            seeds.iter().map(|seed| campaign(&problem(*seed), &*policy, *seed)).collect();
        let ms = begun.elapsed().as_secs_f64() * 1e3 / (seeds.len() * BUDGET) as f64;
        let found = runs.iter().filter(|r| r.reached <= BUDGET).count();
        let reached: Vec<usize> = runs.iter().map(|r| r.reached).collect();
        let best = runs.iter().map(|r| r.best / problem(0).optimum);
        println!(
            "{name:<20} found {found} of {}, median {} experiments, median best {:.3}, {ms:.1} ms a step\n  {reached:?}",
            runs.len(),
            median(&mut reached.iter().map(|r| *r as f64).collect::<Vec<_>>()),
            median(&mut best.collect::<Vec<_>>()),
        );
    }
}
