//! What a shadow tells: false alarms of rigs that stay as they are, and how soon and how rightly it names what has moved.
//!
//! ```sh
//! cargo run --release -p flowtwin-calibration --example moved_rigs -- scenarios/cs3cu2i5.toml 10 100
//! ```
//!
//! The numbers: runs for each change, hours without one.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use flowtwin_calibration::{Experiment, Shadow};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_comparison::Cause;
use flowtwin_lab::{Blank, Command, Conditions, Instant, Lab as _, Stream, Streams, Volume};
use flowtwin_sim::{Plan, SimLab, spec::World};
use serde::Deserialize as _;
use serde_json::Value;

/// Experiments before something moves, and after which nobody waits for an alarm any more.
const BEFORE: usize = 20;
const AFTER: usize = 60;
/// Experiments in which a slow change is complete, and in how many steps.
const SLOW: usize = 40;
const STEPS: usize = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let scenario = Scenario::load(Path::new(&args[0]))?;
    let (runs, hours): (u64, f64) = (args[1].parse()?, args[2].parse()?);
    quiet(&scenario, hours)?;
    // A change in steps is one rig after another, and each would have pumps and instruments of its own.
    let mut alike = scenario.definition();
    alike["noise"]["pumps"]["bias_percent"] = 0.0.into();
    for (table, keys) in
        [("analysers", &["calibration_percent"][..]), ("sensors", &["gain_percent", "offset"][..])]
    {
        let instruments = alike["noise"].get_mut(table).and_then(Value::as_object_mut);
        for own in instruments.into_iter().flat_map(|all| all.values_mut()) {
            keys.iter().for_each(|key| own[*key] = 0.0.into());
        }
    }
    let alike = Scenario::recorded(&alike)?;
    for cause in Cause::all(&scenario.definition()) {
        let amount = if matches!(cause, Cause::Light(_) | Cause::Stock(_)) { -5.0 } else { 3.0 };
        for slow in [false, true] {
            let mut told = Told::default();
            for seed in 0..runs {
                told.add(
                    &cause,
                    moved(
                        if slow { &alike } else { &scenario },
                        &cause,
                        amount,
                        slow,
                        1000 + seed,
                    )?,
                );
            }
            println!(
                "{:24} {amount:+} {} {}  {}",
                cause.name(),
                cause.unit(),
                way(slow),
                told.text()
            );
        }
    }
    Ok(())
}

fn way(slow: bool) -> &'static str {
    if slow { "slow  " } else { "sudden" }
}

/// Nothing moves, for so many hours of lab time in runs of a hundred experiments.
fn quiet(scenario: &Scenario, hours: f64) -> Result<(), Box<dyn Error>> {
    let (mut passed, mut alarms, mut experiments, mut seed) = (0.0, 0, 0, 0);
    let mut off = Vec::new();
    while passed < hours {
        let mut run = Run::new(scenario, seed)?;
        let mut shadow = Shadow::new(scenario)?;
        for _ in 0..100 {
            let Some(experiment) = run.next(scenario) else { continue };
            shadow.look(experiments, &experiment);
            experiments += 1;
        }
        passed += run.hours;
        let account = shadow.account("quiet");
        off.extend(account.looks.iter().flat_map(|l| &l.features).map(|feature| feature.off));
        alarms += shadow.alarms().len();
        for alarm in shadow.alarms() {
            println!("  seed {seed}, after {}: {}", alarm.experiment, alarm.words());
        }
        seed += 1;
    }
    let within = off.iter().filter(|off| off.abs() < 1.96).count() as f64 / off.len() as f64;
    println!(
        "nothing moved: {alarms} alarms in {passed:.0} h, {experiments} experiments; {:.1} % of features within 1.96 deviations",
        100.0 * within
    );
    Ok(())
}

/// What became of one change: experiments until the alarm, and the name of the most likely cause and of those as good.
type Outcome = (Option<usize>, bool, Vec<(String, f64)>);

fn moved(
    scenario: &Scenario,
    cause: &Cause,
    amount: f64,
    slow: bool,
    seed: u64,
) -> Result<Outcome, Box<dyn Error>> {
    let mut run = Run::new(scenario, seed)?;
    let mut shadow = Shadow::new(scenario)?;
    for number in 0..BEFORE + AFTER {
        if number >= BEFORE {
            let after = number - BEFORE;
            let steps = STEPS * after / SLOW + 1;
            let begins = after.is_multiple_of(SLOW / STEPS) && steps <= STEPS;
            match slow {
                true if begins => {
                    let part = amount * steps as f64 / STEPS as f64;
                    run.change(scenario, cause, part, seed + 100 * steps as u64)?;
                }
                false if after == 0 => run.change(scenario, cause, amount, seed)?,
                _ => {}
            }
        }
        let Some(experiment) = run.next(scenario) else { continue };
        shadow.look(number as u64, &experiment);
        if let Some(alarm) = shadow.alarms().first() {
            let early = number < BEFORE;
            let causes = alarm.causes.iter().map(|c| (c.name.clone(), c.probability)).collect();
            return Ok(((!early).then(|| number + 1 - BEFORE), early, causes));
        }
    }
    Ok((None, false, Vec::new()))
}

#[derive(Default)]
struct Told {
    after: Vec<f64>,
    right: usize,
    among: usize,
    early: usize,
    missed: usize,
    wrong: Vec<String>,
}

impl Told {
    fn add(&mut self, cause: &Cause, (after, early, causes): Outcome) {
        let Some(after) = after else {
            self.early += usize::from(early);
            self.missed += usize::from(!early);
            return;
        };
        self.after.push(after as f64);
        let first = causes.first().is_some_and(|(name, _)| *name == cause.name());
        self.right += usize::from(first);
        self.among += usize::from(causes.iter().any(|(n, p)| *n == cause.name() && *p > 0.1));
        if let (false, Some((name, _))) = (first, causes.first()) {
            self.wrong.push(name.clone());
        }
    }

    fn text(&self) -> String {
        let after = match self.after.is_empty() {
            true => f64::NAN,
            false => flowtwin_statistics::median(&self.after),
        };
        format!(
            "told {:3}, after {after:4.1} (median), right {:3}, among those above 10 % {:3}; missed {}, before {}; else {:?}",
            self.after.len(),
            self.right,
            self.among,
            self.missed,
            self.early,
            self.wrong
        )
    }
}

/// A run of random conditions.
struct Run {
    lab: SimLab,
    blank: Blank,
    ready: Instant,
    draws: Stream,
    before: Option<Conditions>,
    hours: f64,
}

impl Run {
    fn new(scenario: &Scenario, seed: u64) -> Result<Self, Box<dyn Error>> {
        let mut lab = lab(&scenario.definition(), seed)?;
        let blank = scenario.procedure().prime(&mut lab).map_err(|fault| fault.to_string())?;
        let ready = lab.now();
        let draws = Streams::new(seed).open("conditions", 0);
        Ok(Self { lab, blank, ready, draws, before: None, hours: 0.0 })
    }

    /// The rig goes on with one part changed, lamps as old as they were.
    fn change(
        &mut self,
        scenario: &Scenario,
        cause: &Cause,
        amount: f64,
        seed: u64,
    ) -> Result<(), Box<dyn Error>> {
        let mut definition = scenario.definition();
        cause.apply(&mut definition, amount);
        let now = self.lab.now();
        let mut lab = lab(&definition, seed)?;
        scenario.procedure().prime(&mut lab).map_err(|fault| fault.to_string())?;
        lab.wait_until(now).map_err(|fault| fault.to_string())?;
        self.lab = lab;
        Ok(())
    }

    fn next(&mut self, scenario: &Scenario) -> Option<Experiment> {
        let conditions = loop {
            let dim = scenario.space().dim();
            let unit: Vec<f64> = (0..dim).map(|_| self.draws.uniform()).collect();
            let conditions = scenario.space().from_unit(&unit);
            if scenario.space().contains(&conditions) {
                break conditions;
            }
        };
        for pump in self.lab.manifest().pumps.clone() {
            let holds_ul = Volume::from_ul(1e3 * pump.fill_ml);
            let full = Command::Fill { pump: pump.name, holds_ul };
            self.lab.send(&full).expect("a syringe can be filled");
        }
        let seen = scenario.procedure().run(&mut self.lab, &self.blank, &conditions);
        self.hours = seen.ended.since(self.ready).as_secs() / 3600.0;
        let before = self.before.replace(conditions.clone());
        let good = seen.fault.is_none() && seen.outcome.quality.flags().is_empty();
        good.then(|| Experiment {
            source: "simulated".to_owned(),
            run: 0,
            ramp: None,
            conditions,
            before,
            hours: self.hours,
            features: seen.outcome.features.iter().map(|(_, value)| Some(*value)).collect(),
        })
    }
}

fn lab(definition: &Value, seed: u64) -> Result<SimLab, Box<dyn Error>> {
    let mut world = definition.clone();
    let tables = ["rig", "stocks", "chemistry", "optics", "noise", "faults"];
    if let Some(world) = world.as_object_mut() {
        world.retain(|name, _| tables.contains(&name.as_str()));
    }
    let plan = Plan::new(&World::deserialize(&world)?)?;
    Ok(SimLab::new(Arc::new(plan), Streams::new(seed).child("world", 0)))
}
