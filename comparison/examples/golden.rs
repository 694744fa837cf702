//! How often a golden run finds what has moved, and names it.
//!
//! ```text
//! cargo run --release -p flowtwin-comparison --example golden -- [SCENARIO] [DESIGNS] [RIGS] [MINUTES] [FIRST] [still]
//! ```
//!
//! Each design is a Latin hypercube of 24 experiments, with seeds from FIRST. On each of so many rigs, which are seeds of their own, it is
//! recorded. Then the rig stays as it is, or one of its parts moves, and a golden run is done with fresh syringes: another seed. With
//! `still` nothing moves on any rig, so that false alarms are counted.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::{Cause, Plan, Verdict};
use flowtwin_lab::journal::{self, Journal, Writer};
use flowtwin_lab::queue::in_order;
use flowtwin_statistics::Estimate;
use serde_json::{Value, json};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/cs3cu2i5.toml");
    let path = args.first().map_or(default, String::as_str);
    let designs: u64 = args.get(1).map_or(2, |n| n.parse().unwrap());
    let rigs: u64 = args.get(2).map_or(10, |n| n.parse().unwrap());
    let minutes: f64 = args.get(3).map_or(10.0, |n| n.parse().unwrap());
    let from: u64 = args.get(4).map_or(1, |n| n.parse().unwrap());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let mut definition = Scenario::load(Path::new(path)).unwrap().definition();
    let mut planted = planted(&definition);
    if args.get(5).is_some_and(|word| word == "still") {
        planted.clear();
    }
    let mut counts = vec![[0; 3]; planted.len() + 1];
    let mut still: Vec<(String, Vec<f64>)> = Vec::new();
    for design in from..from + designs {
        definition["phases"] = json!([{ "name": "survey", "policy": "lhs", "experiments": 24 }]);
        let survey = run(&definition, &definition, design);
        let conditions: Vec<_> = survey.experiments().map(|it| it.conditions.clone()).collect();
        definition["phases"] = json!([{
            "name": "survey", "experiments": conditions.len(), "policy": { "list": { "conditions": conditions } },
        }]);
        let plan = Plan::of(&survey, minutes, threads).unwrap();
        let golden = plan.scenario.definition();
        let [first, last] = plan.lab_time_s;
        println!("design {design}: experiments {:?}, {first:.0} to {last:.0} s", plan.experiments);
        let all: Vec<Option<&(Cause, f64)>> =
            [None].into_iter().chain(planted.iter().map(Some)).collect();
        let of_rig = |rig: usize| {
            let seed = 1_000 * design + rig as u64;
            let recorded = run(&definition, &definition, seed);
            let verdict = |(place, moved): (usize, &Option<&(Cause, f64)>)| {
                let mut now = golden.clone();
                if let Some((cause, amount)) = moved {
                    cause.apply(&mut now, *amount);
                }
                let moved = run(&golden, &now, 1_000_000 * (1 + place as u64) + seed);
                plan.verdict(&recorded, &moved)
            };
            all.iter().enumerate().map(verdict).collect::<Vec<Verdict>>()
        };
        for (rig, verdicts) in in_order(rigs as usize, threads, of_rig).iter().enumerate() {
            println!("rig {rig}");
            add(&verdicts[0].features, &mut still);
            for ((verdict, moved), counts) in verdicts.iter().zip(&all).zip(&mut counts) {
                tell(verdict, moved.map(|(cause, _)| cause), counts);
            }
            if design == from && rig == 0 {
                println!("{}", verdicts[0].text("the run"));
            }
        }
    }
    let of = designs * rigs;
    println!("nothing moved: {} alarms", rate(counts[0][0], of));
    tell_spread(&still);
    for ((cause, amount), [found, first, among]) in planted.iter().zip(&counts[1..]) {
        println!(
            "{}: found {}, named first {}, among those that explain as well {}",
            cause.moved_by(*amount),
            rate(*found, of),
            rate(*first, of),
            rate(*among, of)
        );
    }
}

/// By how much the features of rigs that stood still changed.
fn tell_spread(still: &[(String, Vec<f64>)]) {
    for (feature, changes) in still {
        let squares: f64 = changes.iter().map(|change| change * change).sum();
        let spread = (squares / changes.len() as f64).sqrt();
        println!(
            "{feature}: its changes spread by {spread:.3} of what chance is said to be ({})",
            changes.len()
        );
    }
}

/// Adds the changes of the features of one golden run \[standard deviations of chance\].
fn add(features: &[(String, Vec<Option<f64>>)], to: &mut Vec<(String, Vec<f64>)>) {
    for (name, changes) in features {
        let known = changes.iter().flatten().copied();
        match to.iter_mut().find(|(known, _)| known == name) {
            Some((_, all)) => all.extend(known),
            None => to.push((name.clone(), known.collect())),
        }
    }
}

/// A count with Wilson's 95 % interval of its rate.
fn rate(count: u64, of: u64) -> String {
    let hits = [vec![1.0; count as usize], vec![0.0; (of - count) as usize]].concat();
    let Estimate { low, high, .. } = Estimate::share(&hits);
    let [low, high] = [low, high].map(|end| 100.0 * end);
    format!("{count} of {of} ({low:.0} to {high:.0} %)")
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
