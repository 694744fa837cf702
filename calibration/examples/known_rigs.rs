//! How often the truth lies in the intervals: rigs drawn about a scenario's, each measured and calibrated blind.
//!
//! ```sh
//! cargo run --release -p flowtwin-calibration --example known_rigs -- scenarios/cs3cu2i5.toml 20 20 KEY …
//! ```
//!
//! `KEY+KEY` are two keys that act only together, by whatever is measured: neither is to get a number, and each is to be named with
//! the other.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use flowtwin_calibration::{Calibration, Experiment, Free, Measured, calibrate, free};
use flowtwin_campaign::scenario::{FreeSpec, Scenario};
use flowtwin_lab::{Conditions, Streams};
use flowtwin_sim::{Plan, SimLab};
use flowtwin_statistics::Estimate;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenario = Scenario::load(Path::new(&args[0]))?;
    let (rigs, experiments): (u64, usize) = (args[1].parse()?, args[2].parse()?);
    let named = args[3..].iter().flat_map(|key| key.split('+'));
    let specs: Vec<FreeSpec> = named.map(FreeSpec::new).collect();
    let keys = free(&scenario, &specs)?;
    let pairs: Vec<(&str, &str)> = args[3..].iter().filter_map(|key| key.split_once('+')).collect();
    let (mut named, mut given, mut squares) = (0, 0, 0.0);
    let mut tallies: Vec<Tally> = keys.iter().map(|_| Tally::default()).collect();
    let mut explained = 0;
    for rig in 0..rigs {
        let truth = truth(&keys, rig);
        let plan = Free::rig(&scenario, &keys, &truth)?;
        let measured = measured(&scenario, plan, experiments, rig);
        let begun = Instant::now();
        let calibration = calibrate(&scenario, &keys, &measured)?;
        let seconds = begun.elapsed().as_secs_f64();
        if let Ok(folder) = std::env::var("RESIDUALS") {
            let table = flowtwin_calibration::residuals_csv(&scenario, &calibration);
            std::fs::write(Path::new(&folder).join(format!("rig-{rig}.csv")), table)?;
        }
        explained += u32::from(calibration.lack_of_fit_p.is_some_and(|p| p > 0.01));
        for ((tally, parameter), truth) in
            tallies.iter_mut().zip(&calibration.parameters).zip(&truth)
        {
            tally.add(parameter.value, (parameter.low, parameter.high), *truth);
            if std::env::var("VALUES").is_ok() {
                let of = |value: f64| value / truth;
                let value = parameter.value.map_or(f64::NAN, of);
                let (low, high) = (of(parameter.low), of(parameter.high));
                println!("    {:45} truth × {value:.4} ({low:.4} to {high:.4})", parameter.key);
            }
        }
        squares += calibration.chi2_per_dof;
        for pair in &pairs {
            let (is_named, are_given) = judged(&calibration, *pair);
            named += u32::from(is_named);
            given += are_given;
        }
        println!(
            "rig {rig}: {seconds:.2} s, {} predictions, chi2/dof {:.2}, p {:.3}",
            calibration.evaluations,
            calibration.chi2_per_dof,
            calibration.lack_of_fit_p.unwrap_or(f64::NAN)
        );
    }
    println!(
        "explained (p > 0.01): {explained} of {rigs}, mean chi2/dof {:.3}",
        squares / rigs as f64
    );
    if !pairs.is_empty() {
        let all = pairs.len() as u64 * rigs;
        println!(
            "pairs named: {named} of {all}; numbers given for their keys: {given} of {}",
            2 * all
        );
    }
    let (told, covered) = tallies.iter().fold((0, 0), |(n, k), it| (n + it.told, k + it.covered));
    let hits = [vec![1.0; covered], vec![0.0; told - covered]].concat();
    let Estimate { low, high, .. } = Estimate::share(&hits);
    println!(
        "in their intervals: {covered} of {told}, 95 % interval of the share {low:.3} to {high:.3}"
    );
    for (key, tally) in keys.iter().zip(&mut tallies) {
        println!("{:45} {}", key.key, tally.text());
    }
    Ok(())
}

/// True values: within 30 % of the scenario's.
fn truth(keys: &[Free], rig: u64) -> Vec<f64> {
    let mut draws = Streams::new(7).open("truth", rig);
    keys.iter().map(|key| key.start * (1.0 + 0.3 * draws.between(-1.0, 1.0))).collect()
}

/// Whether each of two keys is named with the other, and how many of them got a number.
fn judged(calibration: &Calibration, (one, other): (&str, &str)) -> (bool, u32) {
    let of = |key: &str| calibration.parameters.iter().find(|it| it.key == key);
    let named = |key: &str, with: &str| {
        of(key).is_some_and(|it| !it.identifiable && it.correlated_with.iter().any(|k| k == with))
    };
    let given = [one, other].into_iter().filter_map(of).filter(|it| it.value.is_some()).count();
    (named(one, other) && named(other, one), given as u32)
}

fn measured(scenario: &Scenario, plan: Plan, count: usize, rig: u64) -> Measured {
    let mut lab = SimLab::new(Arc::new(plan), Streams::new(1000 + rig).child("world", 0));
    let mut draws = Streams::new(11).open("conditions", rig);
    let procedure = scenario.procedure();
    let blank = procedure.prime(&mut lab).expect("the rig is sound");
    let ready = flowtwin_lab::Lab::now(&lab);
    let mut measured = Measured { simulated: true, ..Measured::default() };
    let mut before: Option<Conditions> = None;
    while measured.experiments.len() < count {
        let unit: Vec<f64> = (0..scenario.space().dim()).map(|_| draws.uniform()).collect();
        let conditions = scenario.space().from_unit(&unit);
        if !scenario.space().contains(&conditions) {
            continue;
        }
        for pump in flowtwin_lab::Lab::manifest(&lab).pumps.clone() {
            let full = flowtwin_lab::Command::Fill {
                pump: pump.name,
                holds_ul: flowtwin_lab::Volume::from_ul(1e3 * pump.fill_ml),
            };
            flowtwin_lab::Lab::send(&mut lab, &full).expect("a syringe can be filled");
        }
        let seen = procedure.run(&mut lab, &blank, &conditions);
        if seen.fault.is_none() && seen.outcome.quality.flags().is_empty() {
            measured.experiments.push(Experiment {
                source: format!("rig {rig}, experiment {}", measured.experiments.len() + 1),
                run: 0,
                ramp: None,
                conditions: conditions.clone(),
                before: before.take(),
                hours: seen.ended.since(ready).as_secs() / 3600.0,
                features: seen.outcome.features.iter().map(|(_, value)| Some(*value)).collect(),
            });
        }
        before = Some(conditions);
    }
    measured
}

#[derive(Default)]
struct Tally {
    covered: usize,
    told: usize,
    all: usize,
    errors: Vec<f64>,
}

impl Tally {
    fn add(&mut self, value: Option<f64>, (low, high): (f64, f64), truth: f64) {
        self.all += 1;
        if let Some(value) = value {
            self.told += 1;
            self.covered += usize::from((low..=high).contains(&truth));
            self.errors.push((value / truth - 1.0).abs());
        }
    }

    fn text(&mut self) -> String {
        self.errors.sort_by(f64::total_cmp);
        let median = self.errors.get(self.errors.len() / 2).copied().unwrap_or(f64::NAN);
        format!(
            "told {} of {}, in its interval {}, median error {:.2} %",
            self.told,
            self.all,
            self.covered,
            100.0 * median
        )
    }
}
