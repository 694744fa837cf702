//! What the experiments of several policies tell of the free keys: rigs drawn about a scenario's, each measured by each policy
//! and calibrated blind.
//!
//! ```sh
//! cargo run --release -p flowtwin-calibration --example taught_rigs -- SCENARIO RIGS EXPERIMENTS POLICY …
//! ```
//!
//! The first policy is the one that the others are compared with. Free keys are those of the scenario; a true value lies within
//! 30 % of the scenario's. For each key it prints the geometric mean of the width of the 95 % interval, and of all keys
//! together the standard deviation that is the 2p-th root of the determinant of their covariance, with the ratio to the first
//! policy and its 95 % interval over rigs.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use flowtwin_calibration::{Calibration, Experiment, Free, Measured, calibrate, free};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::{Command, Conditions, Lab as _, Streams, Volume, math};
use flowtwin_sim::SimLab;
use flowtwin_statistics::estimate::Estimate;
use flowtwin_twin::{Ask, Context, History, Policy, PolicySpec, SurrogateSpec};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenario = Scenario::load(Path::new(&args[0]))?.believing()?;
    let (rigs, experiments): (u64, usize) = (args[1].parse()?, args[2].parse()?);
    let policies: Vec<PolicySpec> =
        args[3..].iter().map(|p| p.parse()).collect::<Result<_, _>>()?;
    let keys = free(&scenario, &[])?;
    let mut tallies: Vec<Tally> = policies.iter().map(|_| Tally::default()).collect();
    for rig in 0..rigs {
        let truth = truth(&keys, rig);
        for (spec, tally) in policies.iter().zip(&mut tallies) {
            let policy = spec.build_for(SurrogateSpec::Gp, &scenario.wanted().goals);
            let measured = measured(&scenario, (&keys, &truth), &*policy, experiments, rig)?;
            let calibration = calibrate(&scenario, &keys, &measured)?;
            tally.add(&keys, &calibration, &truth);
            println!("rig {rig} {:14} {:.4}", policy.name(), tally.together.last().unwrap_or(&0.0));
        }
    }
    tell(&keys, &policies, &tallies);
    Ok(())
}

/// True values: within 30 % of the scenario's.
fn truth(keys: &[Free], rig: u64) -> Vec<f64> {
    let mut draws = Streams::new(7).open("truth", rig);
    keys.iter().map(|key| key.start * (1.0 + 0.3 * draws.between(-1.0, 1.0))).collect()
}

/// What a policy measures on a rig.
fn measured(
    scenario: &Scenario,
    (keys, truth): (&[Free], &[f64]),
    policy: &dyn Policy,
    planned: usize,
    rig: u64,
) -> Result<Measured, Box<dyn Error>> {
    let plan = Free::rig(scenario, keys, truth)?;
    let mut lab = SimLab::new(Arc::new(plan), Streams::new(1000 + rig).child("world", 0));
    let context = Context::new(Streams::new(rig)).with_mechanism(scenario.mechanism());
    let procedure = scenario.procedure();
    let blank = procedure.prime(&mut lab)?;
    let ready = lab.now();
    let mut measured = Measured { simulated: true, ..Measured::default() };
    let (mut history, mut before) = (History::default(), None::<Conditions>);
    for asked in 0..planned {
        let space = scenario.space();
        let ask = Ask { space, history: &history, count: 1, asked, planned, cost: None };
        let conditions = policy.propose(&ask, &context)?.conditions.remove(0);
        for pump in lab.manifest().pumps.clone() {
            let holds_ul = Volume::from_ul(1e3 * pump.fill_ml);
            lab.send(&Command::Fill { pump: pump.name, holds_ul })?;
        }
        let seen = procedure.run(&mut lab, &blank, &conditions);
        let hours = seen.ended.since(ready).as_secs() / 3600.0;
        measured.experiments.extend(Experiment::observed(scenario, &seen, before.as_ref(), hours));
        history.trials.push(scenario.trial(&seen));
        before = Some(conditions);
    }
    Ok(measured)
}

/// What calibrations with one policy have told.
#[derive(Default)]
struct Tally {
    /// Width of the interval of each key on its scale, as a standard deviation [rigs][keys].
    widths: Vec<Vec<f64>>,
    /// Of all keys together [rigs].
    together: Vec<f64>,
    told: usize,
    covered: usize,
}

impl Tally {
    fn add(&mut self, keys: &[Free], calibration: &Calibration, truth: &[f64]) {
        let all = calibration.parameters.iter().zip(keys).zip(truth);
        let width = |(it, key): (&flowtwin_calibration::Parameter, &Free)| {
            key.scaled(it.high) - key.scaled(it.low)
        };
        self.widths.push(all.clone().map(|((it, key), _)| width((it, key))).collect());
        for ((it, _), truth) in all.filter(|((it, _), _)| it.identifiable) {
            self.told += 1;
            self.covered += usize::from((it.low..=it.high).contains(truth));
        }
        let p = keys.len();
        let covariance = nalgebra::DMatrix::from_fn(p, p, |i, j| calibration.covariance[i][j]);
        let logarithm: f64 =
            covariance.symmetric_eigen().eigenvalues.iter().map(|v| math::ln(*v)).sum();
        self.together.push(math::exp(logarithm / (2.0 * p as f64)));
    }
}

fn tell(keys: &[Free], policies: &[PolicySpec], tallies: &[Tally]) {
    let ratio = |a: &[f64], b: &[f64]| {
        let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
        let Estimate { value, low, high } = Estimate::geometric_mean(&ratios);
        format!("{value:.2} ({low:.2} to {high:.2})")
    };
    let column = |tally: &Tally, key: usize| -> Vec<f64> {
        tally.widths.iter().map(|widths| widths[key]).collect()
    };
    for (spec, tally) in policies.iter().zip(tallies) {
        let all = keys.len() * tally.together.len();
        println!(
            "\n{}: told {} of {all}, of these {} in their intervals",
            spec.name(),
            tally.told,
            tally.covered
        );
        for (place, key) in keys.iter().enumerate() {
            let (own, first) = (column(tally, place), column(&tallies[0], place));
            let width = Estimate::geometric_mean(&own).value;
            println!("  {:45} width {width:.4}, ratio {}", key.key, ratio(&own, &first));
        }
        let together = Estimate::geometric_mean(&tally.together).value;
        let ratio = ratio(&tally.together, &tallies[0].together);
        println!("  {:45} deviation {together:.4}, ratio {ratio}", "all together");
    }
}
