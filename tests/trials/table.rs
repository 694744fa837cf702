//! The table of trials: whatever hangs, dies, comes loose, garbles or lies, the rig ends safe in time or the campaign
//! completes; nothing is lost or done twice, and no observation is false.

pub(crate) mod cell;
mod others;
pub(crate) mod rig;
pub(crate) mod world;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cell::{Cables, Cell, Outcome, What, Whom};
use world::Lie;

/// What the table says of a trial that found a promise broken; the words above it say which.
const BROKEN: &str = "**BROKEN PROMISE**";

/// Trials that are made at a time: most of their time they wait.
const AT_A_TIME: usize = 4;

/// Longest time from a fault until the heater is off, as docs/validation.md states it [s].
fn limit_s(cell: &Cell) -> f64 {
    match (cell.whom, cell.what) {
        // The silence after which the watch acts, the grace of a campaign that keeps ports, and making safe.
        (Whom::Campaign, What::Hang) => 15.0,
        // Nobody is there for half a minute.
        (Whom::Both, What::Hang) => 35.0,
        // A lamp that gives no light is tried again: nothing is wrong with what heats.
        (Whom::Light, What::Lie(_)) => 900.0,
        // A balance of heat is drawn over minutes: docs/wiring.md states after how many it tells.
        (Whom::Heater, What::Lie(Lie::Sticks)) => 300.0,
        (Whom::Heater, What::Lie(Lie::Slips)) => 1_200.0,
        // What somebody lies about is found when frames are taken, and a light is asked for when it is needed.
        (_, What::Lie(_)) | (Whom::Light, What::Garble) => 120.0,
        _ => 15.0,
    }
}

/// Makes every trial, some at a time, and returns what became of each, in order.
fn all(cells: &[Cell]) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<Option<Outcome>>> = Mutex::new(vec![None; cells.len()]);
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(cell) = cells.get(at) else { break };
                    let ran = std::panic::catch_unwind(|| cell.run());
                    let outcome =
                        ran.unwrap_or_else(|_| Outcome { off_s: None, end: BROKEN.into() });
                    eprintln!("{}: {:?} {}", cell.name(), outcome.off_s, outcome.end);
                    found.lock().expect("nobody panics meanwhile")[at] = Some(outcome);
                }
            });
        }
    });
    let found = found.into_inner().expect("nobody has panicked");
    found.into_iter().map(|outcome| outcome.expect("every trial was made")).collect()
}

/// The cells of the table, in order.
fn cells() -> Vec<Cell> {
    let of = |whom: Whom| -> Vec<What> {
        let wires = [What::Hang, What::Kill, What::Cut, What::Garble];
        let lies: &[Lie] = match whom {
            Whom::Heater => &[Lie::HoldsLower, Lie::ReadsHigher, Lie::Sticks, Lie::Slips],
            Whom::Pump => &[Lie::DeliversMore],
            Whom::Spectrometer => &[Lie::OldFrames],
            Whom::Light => &[Lie::StaysDark],
            Whom::Everything => &[],
            Whom::Campaign => return vec![What::Hang, What::Kill, What::Ask],
            Whom::Watch => return vec![What::Hang, What::Kill],
            Whom::Both => return vec![What::Hang],
        };
        let meddled = matches!(whom, Whom::Heater | Whom::Pump).then_some(What::Meddle);
        wires.into_iter().chain(lies.iter().copied().map(What::Lie)).chain(meddled).collect()
    };
    let whom = [
        Whom::Heater,
        Whom::Pump,
        Whom::Spectrometer,
        Whom::Light,
        Whom::Everything,
        Whom::Campaign,
        Whom::Watch,
        Whom::Both,
    ];
    let both = [Cables::Tcp, Cables::Serial];
    let every = both.into_iter().flat_map(|cables| {
        whom.into_iter()
            .flat_map(move |whom| of(whom).into_iter().map(move |what| Cell { whom, what, cables }))
    });
    // Those of one name, for who looks into one.
    let only = std::env::var("TRIALS").unwrap_or_default();
    every.filter(|cell| cell.name().contains(&only)).collect()
}

#[test]
fn whatever_hangs_dies_or_lies_the_rig_ends_safe_in_time_or_the_campaign_completes() {
    let cells = cells();
    let found = all(&cells);
    println!("| what | cables | heater off after [s] | at most [s] | how it ends |");
    println!("|---|---|---|---|---|");
    for (cell, outcome) in cells.iter().zip(&found) {
        let off = outcome.off_s.map_or("–".into(), |s| format!("{s:.1}"));
        let Cell { whom, what, cables } = cell;
        let limit_s = limit_s(cell);
        println!("| {whom:?}: {what:?} | {cables:?} | {off} | {limit_s:.0} | {} |", outcome.end);
    }
    for (cell, outcome) in cells.iter().zip(&found) {
        let (name, limit_s) = (cell.name(), limit_s(cell));
        assert!(outcome.off_s.is_none_or(|s| s <= limit_s), "{name}: {:?} s", outcome.off_s);
        assert_ne!(outcome.end, BROKEN, "{name}");
    }
}
