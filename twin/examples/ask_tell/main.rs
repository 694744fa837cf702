//! A policy that other programs ask and tell, one JSON object per line: how it is compared with other optimisers.
//!
//! `cargo run --release -p flowtwin-twin --example ask_tell -- POLICY[@SURROGATE] INPUTS SEED`, inputs on 0..1, the outcome
//! maximised. `{"tell": {"x": […], "y": 1.5}}` is an experiment; `"ask"` is answered by `{"x": […]}`, `"spent"` by processor
//! time and peak memory so far, `{"cpu_s": …, "peak_mb": …}`, as Linux counts them.

use std::io::{BufRead as _, Write as _};

use flowtwin_lab::{Input, Space, Streams};
use flowtwin_twin::{Ask, Context, History, Policy, PolicySpec, SurrogateSpec, Trial};
use serde_json::{Value, json};

fn policy(name: &str) -> Box<dyn Policy> {
    let (policy, surrogate) = name.split_once('@').unwrap_or((name, "modern"));
    let spec: PolicySpec = policy.parse().expect("a policy");
    let surrogate: SurrogateSpec = surrogate.parse().expect("a surrogate");
    spec.build(surrogate)
}

fn cube(dim: usize) -> Space {
    let input = |i: usize| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
    Space::new((0..dim).map(input).collect(), vec![]).expect("the ranges are in order")
}

fn trial(told: &Value) -> Trial {
    let number = |value: &Value| value.as_f64().expect("a number");
    let x = told["x"].as_array().expect("a point").iter().map(number).collect();
    Trial::at(x, told["y"].as_f64())
}

/// Processor time [s] and peak resident memory [MB] of this process.
fn spent() -> Value {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let ns = read("/proc/self/schedstat").split_whitespace().next().and_then(|v| v.parse().ok());
    let status = read("/proc/self/status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb: Option<f64> = peak.and_then(|p| p.split_whitespace().next()?.parse().ok());
    json!({ "cpu_s": ns.map(|ns: f64| ns / 1e9), "peak_mb": kb.map(|kb| kb / 1024.0) })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, dim, seed] = &arguments[..] else { panic!("POLICY[@SURROGATE] INPUTS SEED") };
    let (policy, space) = (policy(name), cube(dim.parse().expect("a number of inputs")));
    let context = Context::new(Streams::new(seed.parse().expect("a seed")));
    let mut history = History::default();
    let mut answers = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let said: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
        let answer = match said.as_str() {
            Some("ask") => {
                let ask = Ask {
                    space: &space,
                    history: &history,
                    count: 1,
                    asked: 0,
                    planned: 1,
                    cost: None,
                };
                let proposals = policy.propose(&ask, &context).expect("the cube is feasible");
                json!({ "x": proposals.conditions[0].values() })
            }
            Some("spent") => spent(),
            _ => {
                history.trials.push(trial(&said["tell"]));
                continue;
            }
        };
        writeln!(answers, "{answer}").expect("someone reads");
    }
}
