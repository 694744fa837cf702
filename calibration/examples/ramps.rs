//! What ramps tell of the free keys of a scenario, beside steady experiments: rigs drawn about a scenario's, each measured by
//! some ramps and by steady experiments, and calibrated blind.
//!
//! ```sh
//! cargo run --release -p flowtwin-calibration --example ramps -- SCENARIO RIGS RAMPS [adaptive]
//! ```
//!
//! With `adaptive`, each ramp but the first is chosen after a calibration with those before it. Free keys are those of the scenario; a
//! true value lies within 20 % of the scenario's. The ramps are those that are expected to tell most for their lab time, as `flowtwin
//! study ramp --design RAMPS` has them; the steady experiments are those of the policy `calibrate`, which are expected to tell most, in
//! runs of 2, 4, 6, … For each rig it prints what the ramps took and told, what the first steady run took that told as much (the standard
//! deviation of all keys together, the 2p-th root of the determinant of their covariance), and in the end the ratios over rigs, and how
//! many intervals hold. Lab time and liquid are those after the reference spectra.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use flowtwin_calibration::study::{Design, Study, Wishes, best_ramps};
use flowtwin_calibration::{Calibration, Experiment, Free, Measured, calibrate, free};
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::{self, Journal, Record, Writer, pumped};
use flowtwin_lab::layer::Told;
use flowtwin_lab::{Command, Conditions, Lab as _, Streams, Volume, math};
use flowtwin_sim::{Plan, SimLab};
use flowtwin_statistics::estimate::Estimate;
use flowtwin_twin::{Ask, Context, History, PolicySpec, SurrogateSpec};

/// Most steady experiments of a rig.
const MOST: usize = 24;
/// Steady experiments are calibrated after each so many.
const EACH: usize = 2;

/// What was measured: how precisely it tells all keys together, lab time [h], liquid [mL], and how many intervals hold.
struct Measure {
    deviation: f64,
    hours: f64,
    ml: f64,
    held: usize,
    told: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenario = Scenario::load(Path::new(&args[0]))?;
    let rigs: u64 = args[1].parse()?;
    let keys = free(&scenario, &[])?;
    let count: usize = args[2].parse()?;
    let before = if args.get(3).is_some_and(|word| word == "adaptive") { 1 } else { count };
    let ramps = best_ramps(&scenario, &keys, None, before)?;
    for ramp in &ramps {
        println!("{:?} to {:?} in {:.1} min", ramp.from.values(), ramp.to.values(), ramp.minutes);
        println!("expected within (95 %) {:?}", ramp.within);
    }
    let (choose, free) = (count - before, keys.clone());
    let wishes = Wishes { ramps, choose, free, ..Wishes::default() };
    let (mut hours, mut mls, mut held) = (Vec::new(), Vec::new(), [(0, 0); 2]);
    for rig in 0..rigs {
        let truth = truth(&keys, rig);
        let plan = Free::rig(&scenario, &keys, &truth)?;
        let ramp = of_ramp(&scenario, (&keys, &truth), &plan, &wishes, rig)?;
        let steady = of_steady(&scenario, (&keys, &truth), &plan, ramp.deviation, rig)?;
        held[0] = (held[0].0 + ramp.held, held[0].1 + ramp.told);
        held[1] = (held[1].0 + steady.1.held, held[1].1 + steady.1.told);
        let (n, steady) = steady;
        println!(
            "rig {rig}: ramp {:.4} in {:.2} h and {:.1} mL; {n} steady {:.4} in {:.2} h and {:.1} mL",
            ramp.deviation, ramp.hours, ramp.ml, steady.deviation, steady.hours, steady.ml
        );
        // As if precision went with the root of what is spent, where the steady runs came no closer.
        let more = (steady.deviation / ramp.deviation).powi(2).max(1.0);
        hours.push(ramp.hours / (steady.hours * more));
        mls.push(ramp.ml / (steady.ml * more));
    }
    for (what, ratios) in [("lab time", hours), ("liquid", mls)] {
        let Estimate { value, low, high } = Estimate::geometric_mean(&ratios);
        println!(
            "{what} of the ramp, in parts of steady experiments: {value:.2} ({low:.2} to {high:.2})"
        );
    }
    println!(
        "intervals that hold: ramps {} of {}, steady {} of {}",
        held[0].0, held[0].1, held[1].0, held[1].1
    );
    Ok(())
}

/// True values: within 20 % of the scenario's.
fn truth(keys: &[Free], rig: u64) -> Vec<f64> {
    let mut draws = Streams::new(7).open("truth", rig);
    keys.iter().map(|key| key.start * (1.0 + 0.2 * draws.between(-1.0, 1.0))).collect()
}

fn lab(plan: &Plan, rig: u64) -> SimLab {
    SimLab::new(Arc::new(plan.clone()), Streams::new(1000 + rig).child("world", 0))
}

fn of_ramp(
    scenario: &Scenario,
    (keys, truth): (&[Free], &[f64]),
    plan: &Plan,
    wishes: &Wishes,
    rig: u64,
) -> Result<Measure, Box<dyn Error>> {
    let design = Design::of(scenario, Study::Ramp, wishes)?;
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(&design.scenario, 1000 + rig, NonZeroUsize::MIN, &never);
    let lab = Told::new(lab(plan, rig), scenario.manifest().clone());
    let (_, writer) = campaign.run(lab, Writer::new(Vec::new()), None, &mut Silent)?;
    let bytes = writer.into_sink();
    let folder = folder()?;
    std::fs::write(folder.join("journal.jsonl"), &bytes)?;
    let measured = Measured::read(scenario, &[&folder])?;
    let calibration = calibrate(scenario, keys, &measured)?;
    let journal = journal::read(&bytes)?;
    Ok(tell(keys, truth, &calibration, spent(&journal)))
}

/// Lab time [h] and liquid [mL] after the reference spectra: before them pumps run to the end of what they were told.
fn spent(journal: &Journal) -> (f64, f64) {
    let ready = journal.blank().map_or(0.0, |blank| blank.at_ns.as_secs());
    let primed_ul = |record: &Record| match record {
        Record::Command(it) if it.at_ns.as_secs() <= ready => match &it.send {
            Command::Dispense { at_most_ul, .. } => at_most_ul.ul(),
            _ => 0.0,
        },
        _ => 0.0,
    };
    let blank = |record: &&Record| !matches!(record, Record::Blank(_));
    let before: f64 = journal.records().iter().take_while(blank).map(primed_ul).sum();
    let all: f64 = pumped(journal).values().sum();
    ((journal.last_at().as_secs() - ready) / 3600.0, 1e-3 * (all - before))
}

fn folder() -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("flowtwin-ramps-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Steady experiments, each expected to tell most, until they tell as much; and their number.
fn of_steady(
    scenario: &Scenario,
    (keys, truth): (&[Free], &[f64]),
    plan: &Plan,
    wanted: f64,
    rig: u64,
) -> Result<(usize, Measure), Box<dyn Error>> {
    let believed = scenario.believing()?;
    let policy = "calibrate".parse::<PolicySpec>()?;
    let policy = policy.build_for(SurrogateSpec::Gp, &believed.wanted().goals);
    let mut lab = lab(plan, rig);
    let context = Context::new(Streams::new(rig)).with_mechanism(believed.mechanism());
    let procedure = scenario.procedure();
    let blank = procedure.prime(&mut lab)?;
    let ready = lab.now();
    let mut measured = Measured { simulated: true, ..Measured::default() };
    let (mut history, mut before, mut ml) = (History::default(), None::<Conditions>, 0.0);
    let mut last = None;
    for asked in 0..MOST {
        let space = scenario.space();
        let ask = Ask { space, history: &history, count: 1, asked, planned: MOST, cost: None };
        let conditions = policy.propose(&ask, &context)?.conditions.remove(0);
        for pump in lab.manifest().pumps.clone() {
            let holds_ul = Volume::from_ul(1e3 * pump.fill_ml);
            lab.send(&Command::Fill { pump: pump.name, holds_ul })?;
        }
        let seen = procedure.run(&mut lab, &blank, &conditions);
        let hours = seen.ended.since(ready).as_secs() / 3600.0;
        ml += procedure
            .uses_ul(scenario.manifest(), &conditions)
            .iter()
            .map(|(_, ul)| 1e-3 * ul)
            .sum::<f64>();
        measured.experiments.extend(Experiment::observed(scenario, &seen, before.as_ref(), hours));
        history.trials.push(believed.trial(&seen));
        before = Some(conditions);
        if measured.experiments.len() <= keys.len() || (asked + 1) % EACH > 0 {
            continue;
        }
        let told = tell(keys, truth, &calibrate(scenario, keys, &measured)?, (hours, ml));
        let enough = told.deviation <= wanted;
        last = Some((asked + 1, told));
        if enough {
            break;
        }
    }
    last.ok_or_else(|| "too few experiments".into())
}

fn tell(keys: &[Free], truth: &[f64], found: &Calibration, (hours, ml): (f64, f64)) -> Measure {
    let p = keys.len();
    let covariance = nalgebra::DMatrix::from_fn(p, p, |i, j| found.covariance[i][j]);
    let logarithm: f64 =
        covariance.symmetric_eigen().eigenvalues.iter().map(|v| math::ln(*v)).sum();
    let told = found.parameters.iter().zip(truth).filter(|(it, _)| it.identifiable);
    let held = told.clone().filter(|(it, truth)| (it.low..=it.high).contains(truth)).count();
    let deviation = math::exp(logarithm / (2.0 * p as f64));
    Measure { deviation, hours, ml, held, told: told.count() }
}
