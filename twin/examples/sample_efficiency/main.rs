//! How many experiments policies need: campaigns on problems with a known optimum.
//!
//! `cargo run --release --example sample_efficiency -- [seeds] [policies…]`; a policy is written `ei`, `ei@gp` or
//! `ucb=2@modern`.
#![expect(clippy::disallowed_types, reason = "timings are printed; no result depends on them")]

mod problem;

use std::time::Instant;

use flowtwin_lab::Streams;
use flowtwin_twin::{
    Ask, Context, History, LatinHypercube, Policy, PolicySpec, SurrogateSpec, Trial, Work,
};
use problem::Problem;

const START: usize = 9;
const BUDGET: usize = 70;

struct Campaign {
    best: f64,
    reached: usize,
    work: Work,
}

fn campaign(problem: &Problem, policy: &dyn Policy, seed: u64) -> Campaign {
    let streams = Streams::new(seed);
    let context = Context::new(streams);
    let mut history = History::default();
    let mut result =
        Campaign { best: f64::NEG_INFINITY, reached: BUDGET + 1, work: Work::default() };
    for i in 0..BUDGET {
        let (asked, planned) = if i < START { (i, START) } else { (i - START, BUDGET - START) };
        let ask =
            Ask { space: &problem.space, history: &history, count: 1, asked, planned, cost: None };
        let policy: &dyn Policy = if i < START { &LatinHypercube } else { policy };
        let proposals = policy.propose(&ask, &context).expect("the problem has no constraints");
        result.work += proposals.work;
        let conditions = &proposals.conditions[0];
        let y = problem.measure(conditions.values(), &mut streams.open("noise", i as u64));
        let truth = (problem.f)(conditions.values());
        result.best = result.best.max(truth);
        if result.best >= problem.found {
            result.reached = result.reached.min(i + 1);
        }
        history.trials.push(Trial { x: problem.space.to_unit(conditions), outcome: Some(y) });
    }
    result
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seeds: u64 = arguments.next().map_or(10, |s| s.parse().expect("a number of seeds"));
    let mut names: Vec<String> = arguments.collect();
    if names.is_empty() {
        names = ["random", "ei@gp", "ucb@gp", "exploit@gp"].map(String::from).to_vec();
    }
    println!(
        "{:<12} {:<24} {:>7} {:>9} {:>9} {:>9}",
        "problem", "policy", "found", "median n", "best/opt", "ms/step"
    );
    for problem in [problem::lab(), problem::two_optima()] {
        for name in &names {
            let (policy, surrogate) = name.split_once('@').unwrap_or((name, "gp"));
            let spec: PolicySpec = match policy.split_once('=') {
                Some(("ucb", lambda)) => {
                    PolicySpec::Ucb { lambda: lambda.parse().expect("a number") }
                }
                _ => policy.parse().expect("a policy"),
            };
            let surrogate: SurrogateSpec = surrogate.parse().expect("a surrogate");
            let policy = spec.build(surrogate);
            let begun = Instant::now();
            let runs: Vec<Campaign> =
                (0..seeds).map(|seed| campaign(&problem, &*policy, seed)).collect();
            let ms = begun.elapsed().as_secs_f64() * 1e3 / (seeds as f64 * BUDGET as f64);
            let found = runs.iter().filter(|r| r.reached <= BUDGET).count();
            let reached = median(&mut runs.iter().map(|r| r.reached as f64).collect::<Vec<_>>());
            let best =
                median(&mut runs.iter().map(|r| r.best / problem.optimum).collect::<Vec<_>>());
            println!(
                "{:<12} {name:<24} {found:>4}/{seeds:<2} {reached:>9} {best:>9.3} {ms:>9.2}",
                problem.name
            );
        }
    }
}
