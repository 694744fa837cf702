//! How often the truth lies in the intervals: rigs drawn about a scenario's, each measured and calibrated blind.
//!
//! ```sh
//! cargo run --release -p flowtwin-calibration --example known_rigs -- scenarios/cs3cu2i5.toml 20 20 KEY …
//! ```
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use flowtwin_calibration::{Experiment, Free, Measured, calibrate, free};
use flowtwin_campaign::scenario::{FreeSpec, Scenario};
use flowtwin_lab::{Conditions, Streams};
use flowtwin_sim::{Plan, SimLab};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenario = Scenario::load(Path::new(&args[0]))?;
    let (rigs, experiments): (u64, usize) = (args[1].parse()?, args[2].parse()?);
    let specs: Vec<FreeSpec> = args[3..].iter().map(|key| FreeSpec::new(key.as_str())).collect();
    let keys = free(&scenario, &specs)?;
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
        }
        println!(
            "rig {rig}: {seconds:.2} s, {} predictions, chi2/dof {:.2}, p {:.3}",
            calibration.evaluations,
            calibration.chi2_per_dof,
            calibration.lack_of_fit_p.unwrap_or(f64::NAN)
        );
    }
    println!("explained (p > 0.01): {explained} of {rigs}");
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
