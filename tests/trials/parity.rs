//! Drivers, bytes and emulators change no byte of a journal, for five seeds and every scenario; and what they cost.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::EmulatedRig;
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Lab;
use flowtwin_lab::journal::{self, Journal, Writer};

use crate::support::scenario_files;

const SEEDS: u64 = 5;

/// CPU time that this thread has taken [s]; a busy machine does not lengthen it.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let nanos: f64 = stat.split(' ').next().and_then(|n| n.parse().ok()).expect("nanoseconds");
    nanos * 1e-9
}

/// The journal of a campaign, and the CPU time it took [s].
fn timed(scenario: &Scenario, seed: u64, lab: impl Lab, known: Option<&Journal>) -> (Vec<u8>, f64) {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, &never);
    let begun = cpu_s();
    let ran = campaign.run(lab, Writer::new(Vec::new()), known, &mut Silent);
    let journal = ran.expect("a policy answers").1.into_sink();
    (journal, cpu_s() - begun)
}

fn emulated(scenario: &Scenario, seed: u64) -> EmulatedRig {
    EmulatedRig::usual(Box::new(scenario.simulated().unwrap().lab(seed))).expect("it can be wired")
}

/// What it took on `sim` and on `emulated` [s], measured with the first seed of a scenario.
#[derive(Default)]
struct Times(f64, f64);

/// One seed of a scenario on both backends. The twin's part is the same on both, so that experiments that the first run
/// has proposed are not proposed again; a campaign that a fault stops is asked anew.
fn compare(scenario: &Scenario, seed: u64, times: &mut Times) -> String {
    let (sim, whole_s) = timed(scenario, seed, scenario.simulated().unwrap().lab(seed), None);
    let known = journal::read(&sim).unwrap();
    let known = Some(&known).filter(|known| known.complete());
    let (rig, emulated_s) = timed(scenario, seed, emulated(scenario, seed), known);
    assert!(sim == rig, "{} with seed {seed}", scenario.name());
    let said = format!("{} seed {seed}: {} bytes identical", scenario.name(), sim.len());
    if seed != scenario.file().seed {
        return format!("{said}; {whole_s:.1} s on sim, twin included, {emulated_s:.1} s emulated");
    }
    let (again, sim_s) = timed(scenario, seed, scenario.simulated().unwrap().lab(seed), known);
    assert!(sim == again, "{} once more", scenario.name());
    *times = Times(times.0 + sim_s, times.1 + emulated_s);
    format!(
        "{said}; experiments alone {sim_s:.1} s on sim, {emulated_s:.1} s emulated, ratio {:.2}",
        emulated_s / sim_s
    )
}

#[test]
fn five_seeds_of_every_scenario_give_one_journal_at_most_at_twice_the_time() {
    let mut times = Times::default();
    // Every scenario with its own seed first, so that a run that is cut short has seen them all.
    for i in 0..SEEDS {
        for file in scenario_files() {
            let scenario = Scenario::load(&file).unwrap();
            println!("{}", compare(&scenario, scenario.file().seed + i, &mut times));
        }
    }
    let Times(sim_s, emulated_s) = times;
    let ratio = emulated_s / sim_s;
    println!("all: {sim_s:.1} s on sim, {emulated_s:.1} s emulated, ratio {ratio:.2}");
    assert!(ratio <= 2.0, "the emulated rig takes {ratio:.2} times as long");
}
