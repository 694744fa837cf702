//! How many experiments policies need: campaigns on problems with a known optimum.
//!
//! `cargo run --release --example sample_efficiency -- PROBLEM FIRST..LAST [policies…]` with `lab`, `two-optima` (inside the
//! region), `anywhere` in it, `edges` (two optima on edges and in corners), `hartmann`, `ackley`, `levy`, `rosenbrock`, `michalewicz`
//! or `branin`; a policy is written `ei`, `ei@gp` or `ucb=2@modern`. Without policies it prints what other optimisers need to
//! play the campaigns: the instance, the opening design and the noise of every seed, one JSON object a line.
#![expect(clippy::disallowed_types, reason = "timings are printed; no result depends on them")]

mod problem;
mod standard;

use std::time::Instant;

use flowtwin_lab::{Input, Streams};
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

/// What another optimiser needs to play the campaign of `seed` on the problem called `name`.
fn print_instance(name: &str, problem: &Problem, instance: Option<&TwoOptima>, seed: u64) {
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
    let mut line = json!({ "opening": opening, "noise": noise });
    if let Some(instance) = instance {
        line["instance"] = json!(instance);
    } else {
        let ends =
            |of: fn(&Input) -> f64| -> Vec<f64> { problem.space.inputs().iter().map(of).collect() };
        line["standard"] = json!({
            "name": name, "seed": seed, "low": ends(|i| i.low), "high": ends(|i| i.high),
            "noise": problem.noise.1, "found": problem.found, "optimum": problem.optimum,
            "typical": problem.typical,
        });
    }
    println!("{line}");
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

/// The problem of this name for a seed, and the instance of it where there are two optima.
fn problem(name: &str, seed: u64) -> (Problem, Option<TwoOptima>) {
    let two = |instance: fn(u64) -> TwoOptima| {
        (problem::two_optima(instance(seed)), Some(instance(seed)))
    };
    match name {
        "lab" => (problem::lab(), None),
        "two-optima" => two(TwoOptima::draw),
        "anywhere" => two(TwoOptima::anywhere),
        "edges" => two(TwoOptima::edges),
        other => {
            let problem = standard::problem(other, seed);
            (problem.unwrap_or_else(|| panic!("{other} is no problem")), None)
        }
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().expect("a problem, such as two-optima");
    let seeds = arguments.next().expect("seeds, such as 0..40");
    let (first, last) = seeds.split_once("..").expect("seeds, such as 0..40");
    let seeds: Vec<u64> =
        (first.parse().expect("a number")..last.parse().expect("a number")).collect();
    let policies: Vec<String> = arguments.collect();
    if policies.is_empty() {
        for seed in seeds {
            let (problem, instance) = problem(&name, seed);
            print_instance(&name, &problem, instance.as_ref(), seed);
        }
        return;
    }
    for policy_name in &policies {
        let policy = policy(policy_name);
        let begun = Instant::now();
        let mut lines: Vec<(usize, f64)> = Vec::new();
        for seed in &seeds {
            let problem = problem(&name, *seed).0;
            let run = campaign(&problem, &*policy, *seed);
            let regret = (problem.optimum - run.best) / (problem.optimum - problem.typical);
            lines.push((run.reached, regret));
        }
        let ms = begun.elapsed().as_secs_f64() * 1e3 / (seeds.len() * BUDGET) as f64;
        let found = lines.iter().filter(|line| line.0 <= BUDGET).count();
        let reached: Vec<usize> = lines.iter().map(|line| line.0).collect();
        println!(
            "{name} {policy_name:<14} found {found} of {}, median {} experiments, median regret {:.4}, {ms:.1} ms a step\n  {reached:?}",
            lines.len(),
            median(&mut reached.iter().map(|r| *r as f64).collect::<Vec<_>>()),
            median(&mut lines.iter().map(|line| line.1).collect::<Vec<_>>()),
        );
        let regrets: Vec<String> = lines.iter().map(|line| format!("{:.4}", line.1)).collect();
        println!("  [{}]", regrets.join(", "));
    }
}
