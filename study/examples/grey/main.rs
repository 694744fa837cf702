//! What a simulator is worth to a campaign: policies with and without one, on rigs that are not quite as it says.
//!
//! ```sh
//! cargo run --release -p flowtwin-study --example grey -- OUT SEEDS EXPERIMENTS POLICIES BELIEVED [TRUE]
//! ```
//!
//! All campaigns begin with five experiments that all policies share, and the policies believe the simulator of the scenario
//! BELIEVED, whose free keys they do not know. Without TRUE each seed has a rig of its own: every free key is 30 % more or
//! less than BELIEVED says, up or down at random. With it, the rig is that of the scenario TRUE, which may have another structure.
#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use flowtwin_campaign::scenario::{Entrant, Scenario, free};
use flowtwin_lab::Streams;
use flowtwin_statistics::{median, signed_rank};
use flowtwin_study::benchmark::{Contest, Maker, Results, Shard, Steps, Store, Truth};
use flowtwin_twin::{Ask, Context, Policy, PolicyError, Proposals, SurrogateSpec};

/// By how much the true keys are off.
const OFF: f64 = 0.3;
/// Experiments that all policies share.
const OPENING: usize = 5;
/// Nearness: regret over the best known value.
const NEAR: f64 = 0.05;

/// What a campaign took after the opening until it was near: experiments, hours, millilitres; infinite where it never was.
type Taken = [f64; 3];

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (out, seeds, own) = (Path::new(&args[0]), args[1].parse::<u64>()?, args[2].parse()?);
    let entrants: Vec<Entrant> = args[3].split(',').map(str::parse).collect::<Result<_, _>>()?;
    let believed = Scenario::load(Path::new(&args[4]))?;
    let truth = args.get(5).map(|path| Scenario::load(Path::new(path))).transpose()?;
    let mut taken: Vec<Vec<Taken>> = vec![Vec::new(); entrants.len()];
    for seed in 1..=seeds {
        let rig = match &truth {
            Some(truth) => believing(truth, &believed)?,
            None => off(&believed, seed)?,
        };
        let (opening, patience) = (Some(OPENING), Duration::from_secs(60));
        let level = near_level(&rig)?;
        let all = vec![rig.clone()];
        let mut contest =
            Contest::new(all, entrants.clone(), &[seed], opening, Some(own), patience);
        for entrant in &entrants {
            contest = contest.with_policy(&entrant.name, until(entrant.clone(), &rig, level));
        }
        let store = Store::new(&out.join(seed.to_string()));
        let stop = AtomicBool::new(false);
        let jobs = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        for failure in contest.run(&store, Shard::ALL, jobs, &stop, &|_, _| {})? {
            println!("failed: {}: {}", failure.campaign, failure.error);
        }
        let results = Results::read(&store)?;
        for (policy, taken) in taken.iter_mut().enumerate() {
            taken.extend(results.of(0, policy).map(|campaign| near(&results, campaign)));
        }
    }
    tell(&entrants, &taken);
    Ok(())
}

/// A rig whose free keys are off, and whose policies believe what the scenario says.
fn off(believed: &Scenario, seed: u64) -> Result<Scenario, Box<dyn Error>> {
    let mut definition = believed.believing()?.definition();
    let mut draws = Streams::new(77).open("rig", seed);
    for key in free(believed, &[])? {
        let sign = if draws.uniform() < 0.5 { -1.0 } else { 1.0 };
        key.put(&mut definition, key.start * (1.0 + sign * OFF));
    }
    Ok(Scenario::recorded(&definition)?)
}

/// The rig of one scenario, whose policies believe another.
fn believing(truth: &Scenario, believed: &Scenario) -> Result<Scenario, Box<dyn Error>> {
    let mut definition = truth.definition();
    let twin = &believed.believing()?.definition()["twin"];
    definition["twin"]["believed"] = twin["believed"].clone();
    Ok(Scenario::recorded(&definition)?)
}

/// The score from which on a campaign on a rig is near.
fn near_level(rig: &Scenario) -> Result<f64, Box<dyn Error>> {
    let best = Truth::optimum(rig, NonZeroUsize::MIN)?.value;
    Ok(rig.objective().goal.score(best) - NEAR * best.abs())
}

/// Makes the policy of an entrant, which is asked nothing more once its campaign is near.
fn until(entrant: Entrant, rig: &Scenario, level: f64) -> Maker {
    let rig = rig.clone();
    Box::new(move |wanted| {
        let policy = entrant.build(SurrogateSpec::Gp, wanted, Duration::ZERO);
        Box::new(Until { policy, rig: rig.clone(), level })
    })
}

/// A policy that repeats its best experiment once that is near the optimum: what comes after counts for nothing.
#[derive(Debug)]
struct Until {
    policy: Box<dyn Policy>,
    rig: Scenario,
    level: f64,
}

impl Policy for Until {
    fn name(&self) -> &str {
        self.policy.name()
    }

    fn propose(&self, ask: &Ask<'_>, context: &Context) -> Result<Proposals, PolicyError> {
        if let Some((place, _)) = ask.history.best() {
            let best = ask.space.from_unit(&ask.history.trials[place].x);
            let score = Truth::new(&self.rig).at(&best).map(|v| self.rig.objective().goal.score(v));
            if score.is_some_and(|score| score >= self.level) {
                return Ok(Proposals { conditions: vec![best; ask.count], ..Proposals::default() });
            }
        }
        self.policy.propose(ask, context)
    }
}

fn near(results: &Results, campaign: &Steps) -> Taken {
    let level = NEAR * results.optima[0].abs();
    let steps = &campaign.steps[OPENING - 1..];
    let is_near = |i: &usize| results.regret(0, &steps[*i]).is_some_and(|regret| regret <= level);
    let volume = |i: usize| steps[i].consumed_ml.iter().sum::<f64>();
    (0..steps.len()).find(is_near).map_or([f64::INFINITY; 3], |i| {
        let hours = steps[i].lab_time_h - steps[0].lab_time_h;
        [i as f64, hours, volume(i) - volume(0)]
    })
}

fn tell(entrants: &[Entrant], taken: &[Vec<Taken>]) {
    let middle = |all: &[Taken], of: usize| median(&all.iter().map(|t| t[of]).collect::<Vec<_>>());
    for (entrant, all) in entrants.iter().zip(taken) {
        let reached = all.iter().filter(|taken| taken[0].is_finite()).count();
        let mean = all.iter().map(|t| t[0].min(1e3)).sum::<f64>() / all.len() as f64;
        println!(
            "{:12} near in {reached} of {}; medians: {} experiments (mean {mean:.1}), {:.2} h, {:.1} mL",
            entrant.name,
            all.len(),
            middle(all, 0),
            middle(all, 1),
            middle(all, 2)
        );
    }
    for (entrant, all) in entrants.iter().zip(taken).skip(1) {
        let gap = |(a, b): (&Taken, &Taken)| {
            if a[0].total_cmp(&b[0]).is_eq() { 0.0 } else { a[0] - b[0] }
        };
        let gaps: Vec<f64> = all.iter().zip(&taken[0]).map(gap).collect();
        let less = gaps.iter().filter(|gap| **gap < 0.0).count();
        let more = gaps.iter().filter(|gap| **gap > 0.0).count();
        println!(
            "{} against {}: fewer experiments in {less} seeds, more in {more}, p = {:.2e}",
            entrant.name,
            entrants[0].name,
            signed_rank(&gaps).p
        );
    }
}
