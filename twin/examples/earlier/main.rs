//! What an earlier campaign is worth to the next, and what it costs where it misleads.
//!
//! `cargo run --release -p flowtwin-twin --example earlier -- FIRST..LAST [POLICY@SURROGATE]`: 40 earlier experiments of a Latin
//! hypercube and
//! 25 new ones, on a function of five inputs with noise of 2 %, of which the earlier campaign saw the same, half of it, it
//! with an offset, with its optimum moved by a tenth of each range, or another function. For each: the median regret
//! after 5, 10 and 25 experiments, in percent of the optimum, of a cold start, of earlier experiments pooled with the new
//! ones, and of a related task.

use flowtwin_lab::{Input, Space, Streams, math};
use flowtwin_twin::{
    Ask, Context, History, LatinHypercube, Policy, PolicySpec, SurrogateSpec, Trial,
};

const DIM: usize = 5;
const EARLIER: usize = 40;
const OWN: usize = 25;
const NOISE: f64 = 0.02;

/// Two hills of another place and width for every seed, the higher one of 1.
struct Hills {
    tops: [[f64; DIM]; 2],
    steepness: [[f64; DIM]; 2],
}

impl Hills {
    fn draw(seed: u64, name: &str) -> Self {
        let mut stream = Streams::new(seed).open(name, 0);
        let mut row = |low: f64, high: f64| -> [f64; DIM] {
            std::array::from_fn(|_| stream.between(low, high))
        };
        let tops = [row(0.15, 0.85), row(0.15, 0.85)];
        Self { tops, steepness: [row(1.5, 2.5), row(1.0, 2.0)] }
    }

    fn at(&self, x: &[f64]) -> f64 {
        let hill = |k: usize| {
            let parts = x.iter().zip(&self.tops[k]).zip(&self.steepness[k]);
            let off: f64 = parts.map(|((x, top), s)| (x - top) * s * ((x - top) * s)).sum();
            math::exp(-0.5 * off)
        };
        hill(0).max(0.6 * hill(1))
    }
}

/// What the earlier campaign saw of the function.
fn seen(relation: &str, hills: &Hills, other: &Hills, x: &[f64]) -> f64 {
    match relation {
        "same" => hills.at(x),
        "gain" => 0.5 * hills.at(x),
        "offset" => hills.at(x) + 0.5,
        "shifted" => hills.at(&x.iter().map(|x| x - 0.1).collect::<Vec<_>>()),
        _ => other.at(x),
    }
}

fn space() -> Space {
    let input = |i: usize| Input::number(format!("x{i}"), 0.0, 1.0, 0.0);
    Space::new((0..DIM).map(input).collect(), vec![]).expect("the ranges are in order")
}

fn earlier(relation: &str, seed: u64) -> Vec<Trial> {
    let (hills, other) = (Hills::draw(seed, "hills"), Hills::draw(seed, "other"));
    let (space, history) = (space(), History::default());
    let count = EARLIER;
    let ask = Ask { space: &space, history: &history, count, asked: 0, planned: count, cost: None };
    let streams = Streams::new(seed + 1_000_000);
    let design = LatinHypercube.propose(&ask, &Context::new(streams)).expect("no constraints");
    let mut noise = streams.open("noise", 0);
    let trial = |conditions: &flowtwin_lab::Conditions| {
        let x = conditions.values().to_vec();
        let y = seen(relation, &hills, &other, &x) + NOISE * noise.normal();
        Trial::at(x, Some(y))
    };
    design.conditions.iter().map(trial).collect()
}

/// The best true value after each experiment.
fn campaign(policy: &dyn Policy, start: History, opening: usize, seed: u64) -> Vec<f64> {
    let (space, hills, streams) = (space(), Hills::draw(seed, "hills"), Streams::new(seed));
    let context = Context::new(streams);
    let pooled = start.trials.len();
    let (mut history, mut best, mut curve) = (start, 0.0_f64, Vec::new());
    for i in 0..OWN {
        let opens = i < opening;
        let (asked, planned) = if opens { (i, opening) } else { (i - opening, OWN - opening) };
        let ask = Ask { space: &space, history: &history, count: 1, asked, planned, cost: None };
        let policy: &dyn Policy = if opens { &LatinHypercube } else { policy };
        let proposals = policy.propose(&ask, &context).expect("no constraints");
        let x = proposals.conditions[0].values().to_vec();
        let y = hills.at(&x) + NOISE * streams.open("noise", i as u64).normal();
        best = best.max(hills.at(&x));
        curve.push(best);
        history.trials.push(Trial::at(x, Some(y)));
    }
    debug_assert_eq!(history.trials.len(), pooled + OWN);
    curve
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().expect("seeds, such as 0..20");
    let (first, last) = seeds.split_once("..").expect("seeds, such as 0..20");
    let seeds = first.parse().expect("a number")..last.parse::<u64>().expect("a number");
    let name = arguments.next().unwrap_or_else(|| "ei@gp".into());
    let (policy, surrogate) = name.split_once('@').unwrap_or((&name, "gp"));
    let policy: PolicySpec = policy.parse().expect("a policy");
    let policy = policy.build(surrogate.parse::<SurrogateSpec>().expect("a surrogate"));
    for relation in ["same", "gain", "offset", "shifted", "unrelated"] {
        for start in ["cold", "pooled", "related"] {
            let run = |seed: u64| {
                let trials = earlier(relation, seed);
                let (history, opening) = match start {
                    "cold" => (History::default(), DIM + 1),
                    "pooled" => (History { trials, ..History::default() }, 0),
                    _ => (History { earlier: vec![trials], ..History::default() }, 0),
                };
                campaign(&*policy, history, opening, seed)
            };
            let curves: Vec<Vec<f64>> = seeds.clone().map(run).collect();
            let at = |n: usize| {
                let mut regrets: Vec<f64> =
                    curves.iter().map(|c| 100.0 * (1.0 - c[n - 1])).collect();
                regrets.sort_by(f64::total_cmp);
                (regrets[regrets.len() / 2], regrets.iter().sum::<f64>() / regrets.len() as f64)
            };
            let cells = [5, 10, 25].map(|n| format!("{:.1} ({:.1})", at(n).0, at(n).1));
            println!("{relation:<10} {start:<8} {}", cells.join("  "));
        }
    }
}
