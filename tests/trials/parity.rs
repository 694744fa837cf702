//! Drivers, bytes and emulators change no byte of a journal, for five seeds and every scenario; and what they cost.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use flowtwin::campaign::{Campaign, Silent};
use flowtwin::scenario::Scenario;
use flowtwin_backends::EmulatedRig;
use flowtwin_lab::Lab;
use flowtwin_lab::journal::{self, Journal, Writer};

use crate::support::scenario_files;

const SEEDS: u64 = 5;

/// The journal of a campaign, and the wall time it took [s].
fn timed(scenario: &Scenario, seed: u64, lab: impl Lab, known: Option<&Journal>) -> (Vec<u8>, f64) {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, seed, NonZeroUsize::MIN, &never);
    let begun = Instant::now();
    let ran = campaign.run(lab, Writer::new(Vec::new()), known, &mut Silent);
    let journal = ran.expect("a policy answers").1.into_sink();
    (journal, begun.elapsed().as_secs_f64())
}

fn emulated(scenario: &Scenario, seed: u64) -> EmulatedRig {
    EmulatedRig::usual(Box::new(scenario.sim_lab(seed))).expect("it can be wired")
}

#[test]
fn five_seeds_of_every_scenario_give_one_journal_at_most_at_twice_the_time() {
    let (mut all_sim_s, mut all_emulated_s) = (0.0, 0.0);
    for file in scenario_files() {
        let scenario = Scenario::load(&file).unwrap();
        for seed in (0..SEEDS).map(|i| scenario.file().seed + i) {
            let (sim, _) = timed(&scenario, seed, scenario.sim_lab(seed), None);
            // The twin's part is the same on both; a campaign that a fault stops is asked anew.
            let known = journal::read(&sim).unwrap();
            let known = Some(&known).filter(|known| known.complete());
            let (again, sim_s) = timed(&scenario, seed, scenario.sim_lab(seed), known);
            let (rig, emulated_s) = timed(&scenario, seed, emulated(&scenario, seed), known);
            assert!(sim == again && sim == rig, "{} with seed {seed}", scenario.name());
            all_sim_s += sim_s;
            all_emulated_s += emulated_s;
            println!(
                "{} seed {seed}: {} bytes identical; experiments alone {sim_s:.2} s on sim, \
                 {emulated_s:.2} s emulated",
                scenario.name(),
                sim.len()
            );
        }
    }
    let ratio = all_emulated_s / all_sim_s;
    println!("all: {all_sim_s:.1} s on sim, {all_emulated_s:.1} s emulated, ratio {ratio:.2}");
    assert!(ratio <= 2.0, "the emulated rig takes {ratio:.2} times as long");
}
