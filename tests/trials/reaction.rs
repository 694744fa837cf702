//! How soon a rig reacts: to an over-temperature while others do not answer, and to Ctrl-C in whatever state.

use flowtwin_backends::emulator::faulty::Mischief;

use crate::table::cell::{Cables, Whom, instruments, moment_s, place, wiring};
use crate::table::rig::{Fate, Rig, signal};
use crate::table::world::{Known, Lie, Seen};

/// How long instruments stay dead, in lab time \[s\].
const DEAD_S: f64 = 3_600.0;

/// A rig with so much patience, some of whose instruments fall silent when liquid flows in the second experiment.
fn rig(name: &str, cables: Cables, patience_s: f64, dead: &[String], lie: Option<Lie>) -> Rig {
    let (dir, file) = place(name);
    let from = moment_s(&file);
    let mut wiring = wiring(cables);
    wiring.patience_s = patience_s;
    let wires = dead.iter().map(|name| (name.clone(), Mischief::Drop)).collect();
    let in_real_time = lie.is_some();
    Rig::serve(dir, file, wiring, &Fate { when: (from, from + DEAD_S), wires, lie, in_real_time })
}

/// Halves of the rig that leave the controller of the heater alive: the light, and with it half of the others.
fn halves(cables: Cables) -> Vec<(&'static str, Vec<String>)> {
    let wiring = wiring(cables);
    let light = instruments(&wiring, Whom::Light);
    let pumps: Vec<String> = wiring.chemyx.keys().cloned().collect();
    let eyes: Vec<String> = wiring.hdx.keys().cloned().collect();
    let with = |more: &[String]| [&light[..], more].concat();
    let half = pumps.len() / 2;
    vec![
        ("the light", light.clone()),
        ("light, spectrometers and first pumps", with(&[&eyes[..], &pumps[..half]].concat())),
        ("light and last pumps", with(&pumps[half..])),
        ("light and all pumps", with(&pumps)),
    ]
}

#[test]
fn an_over_temperature_turns_the_heater_off_although_half_of_the_rig_is_dead() {
    println!(
        "| silent | cables | patience [s] | heater off after [s] | after it was told [s] | how it ends |\n|---|---|---|---|---|---|"
    );
    for cables in [Cables::Tcp, Cables::Serial] {
        for (i, (silent, dead)) in halves(cables).into_iter().enumerate() {
            for patience_s in [1.0, 20.0] {
                let name = format!("hot-{i}-{patience_s}-{cables:?}");
                let rig = rig(&name, cables, patience_s, &dead, Some(Lie::TooHot));
                let mut campaign = rig.start();
                rig.until("the fault", |known| is_seen(known, &Seen::Fault));
                let watch = campaign.watch();
                rig.until("the end of heat", |known| !known.hot);
                // The dead stay dead: somebody ends it, and the watch ends with the instruments.
                signal(campaign.process(), "-INT");
                let code = campaign.ended(&rig, None);
                let known = rig.known();
                let off_s = known.off_s(false).expect("it is off");
                let told_s = known.told_s().expect("somebody has read the thermometer");
                println!(
                    "| {silent} | {cables:?} | {patience_s} | {off_s:.1} | {told_s:.1} | {code:?} |"
                );
                assert!(!known.hot && off_s <= 2.0, "{name}: {off_s} s");
                drop(known);
                rig.gone(watch);
            }
        }
    }
}

fn is_seen(known: &Known, what: &Seen) -> bool {
    known.first(0, |it| it == what).is_some()
}

/// Moments at which somebody asks for the end.
const MOMENTS: [&str; 9] = [
    "rehearsing",
    "heating",
    "pumping",
    "taking frames",
    "a silent pump",
    "a silent spectrometer",
    "a silent controller",
    "waiting for a link",
    "a heater that is NOT SAFE",
];

#[test]
fn somebody_who_asks_for_the_end_is_obeyed_in_every_state() {
    println!("| state | patience [s] | ended after [s] | exit code |\n|---|---|---|---|");
    for (i, state) in MOMENTS.into_iter().enumerate() {
        let whom = match i {
            4 => Whom::Pump,
            5 | 7 => Whom::Spectrometer,
            6 | 8 => Whom::Heater,
            _ => Whom::Watch,
        };
        for patience_s in [1.0, 20.0] {
            let dead = instruments(&wiring(Cables::Tcp), whom);
            let rig = rig(&format!("asked-{i}-{patience_s}"), Cables::Tcp, patience_s, &dead, None);
            let mut campaign = rig.start();
            until(&rig, i);
            let (watch, begun) = (campaign.watch(), std::time::Instant::now());
            signal(campaign.process(), "-INT");
            let code = campaign.ended(&rig, None);
            let after_s = begun.elapsed().as_secs_f64();
            println!("| {state} | {patience_s} | {after_s:.2} | {code:?} |");
            assert!(matches!(code, Some(130 | 1)), "{state}: {code:?} {}", rig.said());
            let alive = !matches!(i, 6 | 8);
            // The watch goes on where the campaign could not: a controller that answers is off in the end.
            rig.until("the end of heat", |known| !known.hot || !alive);
            rig.gone(watch);
        }
    }
}

/// Waits for a state.
fn until(rig: &Rig, state: usize) {
    let says = |words: &str| {
        let said = || rig.said().contains(words);
        rig.until(words, |_| said());
    };
    match state {
        0 => says("rehearsing"),
        1 => rig.until("heat", |known| known.hot),
        2 => rig.until("flow", |known| known.hot && !known.running.is_empty()),
        3 => rig.until("frames", |known| {
            known.hot && matches!(known.log.last().map(|it| &it.what), Some(Seen::Frames(_)))
        }),
        7 => says("it is repeated once everybody answers"),
        8 => says("NOT SAFE"),
        _ => {
            rig.until("the fault", |known| is_seen(known, &Seen::Fault));
            let begun = rig.known().wall_s;
            rig.until("a silence", |known| known.wall_s > begun + 2.0);
        }
    }
}
