//! A policy that other programs ask and tell, one JSON object per line: how it is compared with other optimisers.
//!
//! `cargo run --release -p flowtwin-twin --example ask_tell -- POLICY[@SURROGATE] INPUTS SEED [OUTCOMES]`, inputs on 0..1.
//! Without `OUTCOMES` one outcome is maximised. Otherwise it is a JSON list with an object for each outcome:
//! `{"goal": "minimize", "worst": 3.0}` is an objective, `{"at_most": 1.0}` or `{"at_least": 1.0}` a limit.
//!
//! `{"tell": {"x": […], "y": 1.5}}` is an experiment, with a list for `y` where there are several outcomes. `"ask"` is answered
//! by `{"x": […]}`, `"spent"` by processor time and peak memory so far, `{"cpu_s": …, "peak_mb": …}`, as Linux counts them.

use std::io::{BufRead as _, Write as _};

use flowtwin_lab::{Goal, Goals, Input, Limit, Objective, Space, Streams};
use flowtwin_twin::{Ask, Context, History, Policy, PolicySpec, SurrogateSpec, Trial};
use serde_json::{Value, json};

fn policy(name: &str, goals: &Goals) -> Box<dyn Policy> {
    let (policy, surrogate) = name.split_once('@').unwrap_or((name, "modern"));
    let spec: PolicySpec = policy.parse().expect("a policy");
    let surrogate: SurrogateSpec = surrogate.parse().expect("a surrogate");
    spec.build_for(surrogate, goals)
}

/// What is wanted of the outcomes; one that is maximised where nothing is said.
fn goals(outcomes: Option<&String>) -> Goals {
    let text = outcomes.map_or(r#"[{"goal": "maximize"}]"#, String::as_str);
    let outcomes: Vec<Value> = serde_json::from_str(text).expect("a list of outcomes");
    let mut goals = Goals { objectives: Vec::new(), limits: Vec::new() };
    for (outcome, said) in outcomes.iter().enumerate() {
        let number = |key: &str| said[key].as_f64();
        if let Some(goal) = said.get("goal") {
            let goal: Goal = serde_json::from_value(goal.clone()).expect("a goal");
            goals.objectives.push(Objective { outcome, goal, worst: number("worst") });
        }
        let (at_least, at_most) = (number("at_least"), number("at_most"));
        if at_least.or(at_most).is_some() {
            goals.limits.push(Limit { outcome, at_least, at_most });
        }
    }
    goals
}

fn cube(dim: usize) -> Space {
    let input = |i: usize| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
    Space::new((0..dim).map(input).collect(), vec![]).expect("the ranges are in order")
}

fn trial(told: &Value, goals: &Goals) -> Trial {
    let number = |value: &Value| value.as_f64().expect("a number");
    let x = told["x"].as_array().expect("a point").iter().map(number).collect();
    match told["y"].as_array() {
        Some(values) => {
            let values: Vec<Option<f64>> = values.iter().map(Value::as_f64).collect();
            Trial::at(x, goals.merit(&values)).with_values(values)
        }
        None => Trial::at(x, told["y"].as_f64()),
    }
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
    let [name, dim, seed, outcomes @ ..] = &arguments[..] else {
        panic!("POLICY[@SURROGATE] INPUTS SEED [OUTCOMES]")
    };
    let goals = goals(outcomes.first());
    let (policy, space) = (policy(name, &goals), cube(dim.parse().expect("a number of inputs")));
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
                history.trials.push(trial(&said["tell"], &goals));
                continue;
            }
        };
        writeln!(answers, "{answer}").expect("someone reads");
    }
}
