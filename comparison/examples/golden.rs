//! How often a golden run finds what has moved, and names it.
//!
//! ```text
//! cargo run --release -p flowtwin-comparison --example golden -- [SCENARIO] [SEEDS] [MINUTES]
//! ```
//!
//! Each seed is a rig: a run of 24 experiments is recorded on it. Then it stays as it is, or one of its parts moves, and a golden
//! run is done with fresh syringes: another seed.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::{Cause, Plan, Verdict};
use flowtwin_lab::journal::{self, Journal, Writer};
use serde_json::{Value, json};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml");
    let path = args.first().map_or(default, String::as_str);
    let seeds: u64 = args.get(1).map_or(10, |n| n.parse().unwrap());
    let minutes: f64 = args.get(2).map_or(10.0, |n| n.parse().unwrap());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut definition = Scenario::load(Path::new(path)).unwrap().definition();
    definition["phases"] = json!([{ "name": "survey", "policy": "lhs", "experiments": 24 }]);
    let planted = planted(&definition);
    let mut counts = vec![[0; 3]; planted.len() + 1];
    for seed in 1..=seeds {
        let recorded = run(&definition, &definition, seed);
        let plan = Plan::of(&recorded, minutes, threads).unwrap();
        let golden = plan.scenario.definition();
        let [first, last] = plan.lab_time_s;
        println!("seed {seed}: experiments {:?}, {first:.0} to {last:.0} s", plan.experiments);
        let still = plan.verdict(&recorded, &run(&golden, &golden, 100_000 + seed));
        tell(&still, None, &mut counts[0]);
        for (place, (cause, amount)) in planted.iter().enumerate() {
            let mut rig = golden.clone();
            cause.apply(&mut rig, *amount);
            let moved = run(&golden, &rig, 100_000 * (2 + place as u64) + seed);
            tell(&plan.verdict(&recorded, &moved), Some(cause), &mut counts[place + 1]);
        }
        if seed == 1 {
            println!("{}", still.text("the run"));
        }
    }
    println!("nothing moved: {} of {seeds} alarms", counts[0][0]);
    for ((cause, amount), [found, first, among]) in planted.iter().zip(&counts[1..]) {
        println!(
            "{}: found {found}, named first {first}, among those that explain as well {among}, of {seeds}",
            cause.moved_by(*amount)
        );
    }
}

/// What is moved: each light and heater, each pump, each stock.
fn planted(definition: &Value) -> Vec<(Cause, f64)> {
    let amount = |cause: &Cause| match cause {
        Cause::Light(_) | Cause::Stock(_) => -5.0,
        Cause::Pump(_) | Cause::Gas(_) | Cause::Heater(_) => 3.0,
    };
    Cause::all(definition).into_iter().map(|cause| (cause.clone(), amount(&cause))).collect()
}

/// The journal of a scenario on a rig that may be another.
fn run(scenario: &Value, rig: &Value, seed: u64) -> Journal {
    let (scenario, rig) = (Scenario::recorded(scenario).unwrap(), Scenario::recorded(rig).unwrap());
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&scenario, seed, NonZeroUsize::MIN, &never);
    let lab = rig.simulated().unwrap().lab(seed);
    let (_, writer) = campaign.run(lab, Writer::new(Vec::new()), None, &mut Silent).unwrap();
    journal::read(writer.sink()).unwrap()
}

fn tell(verdict: &Verdict, planted: Option<&Cause>, counts: &mut [u64; 3]) {
    let said: Vec<String> = verdict
        .moved
        .iter()
        .map(|moved| {
            let or: Vec<String> = moved.or.iter().map(|(cause, _)| cause.name()).collect();
            let or = if or.is_empty() { String::new() } else { format!(" (or {})", or.join(", ")) };
            format!("{}{or} {:.1} SD", moved.cause.moved_by(moved.amount), moved.deviations)
        })
        .collect();
    let more = if verdict.unexplained { " +unexplained" } else { "" };
    let what = planted.map_or("nothing".into(), Cause::name);
    println!("  {what:<20} {}{more}", said.join("; "));
    let found = !verdict.is_as_it_was();
    let first = verdict.moved.first().filter(|moved| Some(&moved.cause) == planted);
    let among = verdict.moved.first().filter(|moved| {
        moved.or.iter().any(|(cause, _)| Some(cause) == planted) || Some(&moved.cause) == planted
    });
    let one = |yes: bool| u64::from(yes);
    for (count, more) in
        counts.iter_mut().zip([one(found), one(first.is_some()), one(among.is_some())])
    {
        *count += more;
    }
}
