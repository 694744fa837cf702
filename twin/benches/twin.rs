//! Processor time to refit and to propose: 60 experiments of seven inputs, one thread. Mean of
//! twenty runs, best of five such. (Wall time where the
//! system does not count processor time as Linux does.)
//!
//! `cargo bench -p flowtwin-twin --bench twin -- [PART OF A NAME]`
#![expect(
    clippy::disallowed_types,
    reason = "a benchmark reads the clock; no result depends on it"
)]

use std::hint::black_box;
use std::time::Instant;

use flowtwin_lab::{Input, Space, Streams};
use flowtwin_twin::{
    Ask, Context, Ensemble, Goal, Goals, History, Objective, PolicySpec, Posterior, Surrogate,
    SurrogateSpec, Trial, Work,
};

fn main() {
    let modern = Ensemble::default();
    println!("60 experiments, 7 inputs; modern: {} members", modern.members);
    println!("{:>47} {:>12} {:>13}", "best of 5", "likelihoods", "acquisitions");
    for name in ["modern", "gp", "forest", "stack"] {
        refit(name);
    }
    for surrogate in ["modern", "gp"] {
        for name in ["ei", "ucb", "max_variance", "thompson", "balanced"] {
            refit_and_propose(name, surrogate.parse().expect("a surrogate"));
        }
    }
    for objectives in [2, 3] {
        propose_for(objectives);
    }
}

/// Runs of a task that are timed together, because the system counts processor time in steps.
const RUNS: u32 = 20;

fn report(what: &str, mut task: impl FnMut() -> Work) {
    let mut wanted = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    if !wanted.next().is_none_or(|part| what.contains(&part)) {
        return;
    }
    let time = |_| {
        let (begun, ran) = (Instant::now(), processor_ms());
        (0..RUNS).for_each(|_| {
            black_box(task());
        });
        let ms = match (ran, processor_ms()) {
            (Some(before), Some(after)) => after - before,
            _ => begun.elapsed().as_secs_f64() * 1e3,
        };
        ms / f64::from(RUNS)
    };
    let best = (0..5).map(time).fold(f64::INFINITY, f64::min);
    let Work { likelihoods, acquisitions, .. } = task();
    println!("{what:<36} {best:>8.2} ms {likelihoods:>12} {acquisitions:>13}");
}

/// Time that this thread has run for [ms]; others on the machine do not change it much.
fn processor_ms() -> Option<f64> {
    let counters = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns: f64 = counters.split_whitespace().next()?.parse().ok()?;
    Some(ns / 1e6)
}

fn history() -> History {
    let mut stream = Streams::new(1).open("history", 0);
    let mut trial = || {
        let x: Vec<f64> = (0..7).map(|_| stream.uniform()).collect();
        let outcome = x[0] * x[1] + 0.5 * x[2] - x[3] * x[3] + 0.02 * stream.normal();
        Trial::at(x, Some(outcome))
    };
    History { trials: (0..60).map(|_| trial()).collect(), ..History::default() }
}

fn refit(name: &str) {
    let surrogate: SurrogateSpec = name.parse().expect("a surrogate");
    let (x, y) = history().succeeded(7);
    let context = Context::new(Streams::new(1));
    report(&format!("refit {name}"), || {
        let model = surrogate.fit(black_box(x.view()), &y, &context).expect("finite data");
        black_box(model).work()
    });
}

/// Refits a Gaussian process to each of several outcomes and proposes by the expected hypervolume improvement.
fn propose_for(objectives: usize) {
    let input = |i: usize| Input::number(format!("input_{i}"), 0.0, 1.0, 0.001);
    let space = Space::new((0..7).map(input).collect(), vec![]).expect("ranges are in order");
    let mut history = history();
    let mut stream = Streams::new(2).open("noise", 0);
    for trial in &mut history.trials {
        let x = &trial.x;
        let clean = [x[0] * x[1] + x[2], x[3] - x[0] * x[4], x[5] * x[5] - x[1]];
        let measured = clean.map(|value| Some(value + 0.02 * stream.normal()));
        trial.values = measured[..objectives].to_vec();
    }
    let wanted = |outcome| Objective { outcome, goal: Goal::Maximize, worst: None };
    let goals = Goals { objectives: (0..objectives).map(wanted).collect(), limits: Vec::new() };
    let policy = PolicySpec::Ei {}.build_for(SurrogateSpec::Gp, &goals);
    let ask = Ask { space: &space, history: &history, count: 1, asked: 0, planned: 1, cost: None };
    let context = Context::new(Streams::new(1));
    report(&format!("refit and propose, {objectives} objectives@gp"), || {
        policy.propose(black_box(&ask), &context).expect("no constraints").work
    });
}

fn refit_and_propose(name: &str, surrogate: SurrogateSpec) {
    let input = |i: usize| Input::number(format!("input_{i}"), 0.0, 1.0, 0.001);
    let space = Space::new((0..7).map(input).collect(), vec![]).expect("ranges are in order");
    let history = history();
    let ask = Ask { space: &space, history: &history, count: 1, asked: 0, planned: 1, cost: None };
    let policy = name.parse::<PolicySpec>().expect("a policy").build(surrogate);
    let context = Context::new(Streams::new(1));
    report(&format!("refit and propose {name}@{}", surrogate.name()), || {
        policy.propose(black_box(&ask), &context).expect("no constraints").work
    });
}
