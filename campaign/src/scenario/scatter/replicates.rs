//! Complete experiments, simulated with one source of noise at a time.

use std::sync::Arc;

use flowtwin_lab::{Conditions, Lab as _, Outcome, Streams};
use flowtwin_sim::{Plan, SimLab, spec};

use crate::scenario::{Expected, Moment, Scenario};

/// Conditions at which replicates are simulated, at most.
const PLACES: usize = 6;
/// Replicates at each.
const SEEDS: u64 = 8;
/// Steps of a tenth of a logarithmic unit in which variances are searched.
const STEPS: u32 = 140;

/// What replicates differ by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Light, detectors, windows and slugs; injections and areas of analysers; sensors.
    Light,
    /// Ripple and jitter of the pumps.
    Flows,
    /// Plates about their set points.
    Plates,
}

impl Source {
    /// The noise of this source alone; what is common to a run is left out.
    fn of(self, noise: &spec::Noise) -> spec::Noise {
        let mut noise = noise.clone();
        noise.analysers.values_mut().for_each(|own| own.calibration_percent = 0.0);
        for own in noise.sensors.values_mut() {
            (own.gain_percent, own.offset) = (0.0, 0.0);
        }
        let mut pumps = noise.pumps.clone();
        pumps.bias_percent = 0.0;
        pumps.each.values_mut().for_each(|each| each.bias_percent = None);
        let none = spec::Noise::default();
        match self {
            Self::Light => spec::Noise { pumps: none.pumps, heaters: none.heaters, ..noise },
            Self::Flows => spec::Noise { pumps, ..none },
            Self::Plates => spec::Noise { heaters: noise.heaters, ..none },
        }
    }
}

/// Simulated experiments at one of the places.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Which one.
    pub(super) place: usize,
    /// What is expected [features].
    pub(super) expected: Vec<f64>,
    /// What each is off from what is expected of it [seeds][features].
    pub(super) off: Vec<Vec<f64>>,
}

impl Group {
    pub(super) fn variance(&self, feature: usize) -> f64 {
        let squares: f64 = self.off.iter().map(|off| off[feature] * off[feature]).sum();
        squares / self.off.len() as f64
    }
}

/// Simulated experiments with one source of noise, in runs that go from one place to the next.
pub(super) fn replicates(
    scenario: &Scenario,
    plan: &Plan,
    all: &[&Conditions],
    source: Source,
) -> Vec<Group> {
    let mut world = plan.world().clone();
    world.noise = source.of(&world.noise);
    world.faults = spec::Faults::default();
    if world.noise == spec::Noise::default() {
        return Vec::new();
    }
    let Ok(plan) = Plan::new(&world) else { return Vec::new() };
    let mut expected = Expected::on(scenario, &plan);
    let plan = Arc::new(plan);
    let places = all.len().min(PLACES);
    let group = |i: usize| {
        let place = i * all.len() / places;
        let outcome = expected.outcome(all[place]);
        Group { place, expected: values(&outcome), off: Vec::new() }
    };
    let mut groups: Vec<Group> = (0..places).map(group).collect();
    for seed in 0..SEEDS {
        let mut lab = SimLab::new(plan.clone(), Streams::new(seed).child("replicates", 0));
        let Ok(blank) = scenario.procedure().prime(&mut lab) else { continue };
        let (ready, mut before) = (lab.now(), None);
        for group in &mut groups {
            let conditions = all[group.place];
            let seen = scenario.procedure().run(&mut lab, &blank, conditions);
            let hours = seen.ended.since(ready).as_secs() / 3600.0;
            let said = values(&expected.at(conditions, &Moment { before, hours }));
            // What cannot be expected of one experiment alone, such as a level, has no scatter either.
            let off = |(seen, said): (&f64, &f64)| if said.is_finite() { seen - said } else { 0.0 };
            let off: Vec<f64> = values(&seen.outcome).iter().zip(&said).map(off).collect();
            before = Some(conditions);
            let complete = seen.fault.is_none() && off.len() == said.len();
            if complete && off.iter().all(|off| off.is_finite()) {
                group.off.push(off);
            }
        }
    }
    groups.retain(|group| group.off.len() > 2);
    groups
}

fn values(outcome: &Outcome) -> Vec<f64> {
    outcome.features.iter().map(|(_, value)| *value).collect()
}

/// Floor of a feature and part of its value: those that make the variances of the groups most probable, each group's being
/// floor² + part² × expected².
pub(super) fn spread(groups: &[Group], feature: usize) -> (f64, f64) {
    let group = |group: &Group| {
        let expected = group.expected[feature];
        (expected * expected, group.variance(feature), group.off.len() as f64)
    };
    let all: Vec<(f64, f64, f64)> = groups.iter().map(group).collect();
    let most = |of: fn(&(f64, f64, f64)) -> f64| all.iter().map(of).fold(0.0, f64::max);
    let (floor, part) =
        (most(|(_, v, _)| *v), most(|(x, v, _)| if *x > 0.0 { v / x } else { 0.0 }));
    let improbable = |&(floor, part): &(f64, f64)| -> f64 {
        let one = |(x, v, n): &(f64, f64, f64)| {
            let variance = (floor + part * x).max(f64::MIN_POSITIVE);
            n * (flowtwin_lab::math::ln(variance) + v / variance)
        };
        all.iter().map(one).sum()
    };
    // Variances that are the largest there are, and from there down to a millionth of them; then nothing.
    let steps = |largest: f64| {
        let down = (0..=STEPS).map(move |i| largest * flowtwin_lab::math::exp(-0.1 * f64::from(i)));
        down.chain([0.0]).collect::<Vec<f64>>()
    };
    let (floors, parts) = (steps(floor), steps(part));
    let pairs = floors.iter().flat_map(|floor| parts.iter().map(move |part| (*floor, *part)));
    let best = pairs.min_by(|a, b| improbable(a).total_cmp(&improbable(b)));
    best.map_or((0.0, 0.0), |(floor, part)| (floor.sqrt(), part.sqrt()))
}
