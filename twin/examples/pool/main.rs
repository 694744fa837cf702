//! Pool-based replay: how many evaluations of a table until 80 % of its best 5 % are found.
//!
//! `cargo run --release --example pool -- FILE SEEDS POLICY…`; a policy is written `ei`, `ei@gp` or `ucb=2@modern`.

use flowtwin_lab::{Input, Space, Streams};
use flowtwin_twin::{Aim, Context, Guided, History, SurrogateSpec, Trial};

/// Random evaluations before the policy takes over.
const START: usize = 5;

fn read(path: &str) -> (Vec<Vec<f64>>, Vec<f64>) {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let mut lines = text.lines();
    let header = lines.next().expect("a header").split(',');
    let columns = header.filter(|name| *name != "n_replicates").count();
    let parse = |line: &str| -> Vec<f64> {
        line.split(',').take(columns).map(|v| v.parse().expect("a number")).collect()
    };
    let mut rows: Vec<Vec<f64>> = lines.map(parse).collect();
    let y = rows.iter_mut().map(|row| row.pop().expect("an outcome")).collect();
    for j in 0..columns - 1 {
        let low = rows.iter().map(|r| r[j]).fold(f64::INFINITY, f64::min);
        let high = rows.iter().map(|r| r[j]).fold(f64::NEG_INFINITY, f64::max);
        rows.iter_mut().for_each(|r| r[j] = (r[j] - low) / (high - low));
    }
    (rows, y)
}

fn evaluations(x: &[Vec<f64>], y: &[f64], policy: &Guided, seed: u64) -> usize {
    let context = Context::new(Streams::new(seed));
    let inputs = (0..x[0].len()).map(|j| Input::number(format!("x{j}"), 0.0, 1.0, 0.0)).collect();
    let space = Space::new(inputs, Vec::new()).expect("the ranges are in order");
    let mut ranked = y.to_vec();
    ranked.sort_by(|a, b| b.total_cmp(a));
    let top = (y.len() / 20).max(1);
    let (bar, wanted) = (ranked[top - 1], (0.8 * top as f64).ceil() as usize);
    let mut left: Vec<usize> = context.streams.open("pool", 0).permutation(y.len());
    let mut history = History::default();
    let mut hits = 0;
    while !left.is_empty() {
        let place = if history.trials.len() < START {
            left.len() - 1
        } else {
            let candidates: Vec<Vec<f64>> = left.iter().map(|i| x[*i].clone()).collect();
            policy
                .choose(&space, &history, &candidates, &context)
                .expect("the pool can be learnt")
                .0
        };
        let i = left.swap_remove(place);
        hits += usize::from(y[i] >= bar);
        history.trials.push(Trial::at(x[i].clone(), Some(y[i])));
        if hits >= wanted {
            break;
        }
    }
    history.trials.len()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (x, y) = read(&arguments.next().expect("a file"));
    let seeds: u64 = arguments.next().expect("a number of seeds").parse().expect("a number");
    for name in arguments {
        let (policy, surrogate) = name.split_once('@').unwrap_or((&name, "gp"));
        let surrogate: SurrogateSpec = surrogate.parse().expect("a surrogate");
        let aim = match policy.split_once('=') {
            Some(("ucb", lambda)) => Aim::Ucb { lambda: lambda.parse().expect("a number") },
            _ if policy == "exploit" => Aim::Exploit,
            _ if policy == "thompson" => Aim::Thompson,
            _ if policy == "balanced" => Aim::Balanced,
            _ => Aim::LogEi,
        };
        let policy = Guided { name: "pool", aim, surrogate };
        let mut found: Vec<usize> =
            (0..seeds).map(|seed| evaluations(&x, &y, &policy, seed)).collect();
        found.sort_unstable();
        let quartile = |q: usize| found[(found.len() - 1) * q / 4];
        println!(
            "{name:<20} median {:>4}  quartiles {:>4} {:>4}",
            quartile(2),
            quartile(1),
            quartile(3)
        );
    }
}
