//! The paper's campaign through pseudo-terminals and loopback TCP, driver process and emulator process apart.

use std::time::Instant;

use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;

use crate::served::{Served, simulated};
use crate::support::{done, folder, root};

/// Lab time in a second of wall time.
const SPEED: f64 = 500.0;

#[test]
fn the_papers_campaign_completes_through_real_ports() {
    let dir = folder("ports");
    let file = root().join("scenarios/cs3cu2i5.toml");
    let wiring_file = root().join("scenarios/wirings/cs3cu2i5.toml");
    let served = Served::start(&dir, &file, &wiring_file, SPEED);
    let begun = Instant::now();
    let ran = done(served.campaign(&dir, &file).output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let took_s = begun.elapsed().as_secs_f64();
    let journal = read_journal(&dir.join("run")).unwrap();
    let scenario = Scenario::load(&file).unwrap();
    let first = scenario.phases()[0].experiments;
    let conditions: Vec<_> = journal.experiments().map(|e| e.conditions.clone()).collect();
    assert_eq!(conditions[..first], simulated(&file, first), "the design of the simulation");
    assert!(journal.complete() && conditions.len() == scenario.experiments());
    let failed = journal.experiments().filter(|e| e.fault.is_some()).count();
    let last = journal.experiments().last().unwrap().ended_ns.as_secs();
    println!(
        "{} experiments, {failed} failed, {:.1} h of lab time in {took_s:.0} s at speed {SPEED}",
        conditions.len(),
        last / 3600.0
    );
}
