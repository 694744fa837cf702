//! What people do to a rig: words the wrong way round, cables in each other's sockets, a second campaign, and a tube
//! that is left full. Each over TCP and over serial lines, and the rinse with what may befall it.

use std::fs;
use std::process::Stdio;

use flowtwin_backends::Wiring;
use flowtwin_backends::emulator::faulty::Mischief;

use crate::support::{Done, done, flowtwin};
use crate::table::cell::{
    Cables, What, last_word, moment_s, nothing_untold, place, place_with, wiring,
};
use crate::table::rig::{Fate, Rig, signal};
use crate::table::world::{Known, Seen};

/// How often somebody looks at a controller whose words come the wrong way round: two swapped floats are both near 0, so
/// that a look at one value lets every second one pass.
const LOOKS: usize = 30;
const BOTH: [Cables; 2] = [Cables::Tcp, Cables::Serial];

/// A rig that nothing befalls.
fn calm(name: &str, cables: Cables) -> Rig {
    let (dir, file) = place(name);
    let never = Fate { when: (1e9, 2e9), ..Fate::default() };
    Rig::serve(dir, file, wiring(cables), &never)
}

fn check(rig: &Rig, more: &[&str]) -> Done {
    let mut command = flowtwin(&rig.dir);
    command.args(["check", "wired.toml"]).args(more).stdin(Stdio::null());
    done(command.output().expect("it starts"))
}

#[test]
fn the_wrong_word_order_is_refused_whenever_somebody_looks_and_by_every_campaign() {
    for cables in BOTH {
        let rig = calm(&format!("words-{cables:?}"), cables);
        let right = rig.wiring();
        let mut wrong = right.clone();
        let oven = wrong.f4t.get_mut("oven").expect("an oven");
        oven.word_order = oven.word_order.other();
        for (wiring, passes) in [(&right, true), (&wrong, false)] {
            rig.rewire(wiring);
            let passed = (0..LOOKS).filter(|_| check(&rig, &["--connect"]).code == Some(0)).count();
            println!(
                "| words {} | {cables:?} | {passed} of {LOOKS} pass |",
                if passes { "right" } else { "wrong" }
            );
            assert_eq!(passed, if passes { LOOKS } else { 0 }, "{cables:?}");
        }
        let code = rig.start().ended(&rig, None);
        assert_eq!(code, Some(1), "{cables:?}: {}", rig.said());
        assert!(rig.said().contains("wrong word order"), "{cables:?}: {}", rig.said());
        let known = rig.known();
        assert!(known.first(0, |it| *it == Seen::Hot).is_none() && known.starts.is_empty());
    }
}

/// Puts the plugs of two pumps into each other's sockets.
fn swapped(wiring: &Wiring, cables: Cables) -> Wiring {
    let (a, b) = match cables {
        Cables::Tcp => ("cui", "pfo"),
        _ => ("ode_cs", "pfo"),
    };
    let link = |name: &str| wiring.chemyx[name].link.clone().expect("wired");
    let mut swapped = wiring.clone();
    swapped.set_link(a, link(b));
    swapped.set_link(b, link(a));
    swapped
}

#[test]
fn swapped_cables_of_pumps_stop_the_run_after_its_first_experiment_which_is_no_observation() {
    for cables in BOTH {
        let rig = calm(&format!("swapped-{cables:?}"), cables);
        rig.rewire(&swapped(&rig.wiring(), cables));
        let mut campaign = rig.start_with(&[]);
        rig.until("flow", |known| known.hot && !known.flows(known.now).is_empty());
        let watch = campaign.watch();
        let code = campaign.ended(&rig, watch);
        println!("| swapped cables | {cables:?} | {code:?} | {} |", last_word(&rig));
        assert_eq!(code, Some(3), "{}", rig.said());
        let journal = rig.journal();
        let counts = (journal.experiments().count(), journal.spoiled().count());
        assert_eq!(counts, (0, 1), "{cables:?}: {}", rig.said());
        is_at_rest(&rig);
    }
}

#[test]
fn a_second_campaign_on_the_same_instruments_is_refused_and_the_first_completes() {
    for cables in BOTH {
        let rig = calm(&format!("second-{cables:?}"), cables);
        let mut first = rig.start();
        rig.until("heat", |known| known.hot);
        fs::copy(rig.dir.join("wired.toml"), rig.dir.join("copy.toml")).unwrap();
        let mut second = flowtwin(&rig.dir);
        second.arg("run").arg(&rig.file).args(["--backend", "hardware", "--yes", "--out", "other"]);
        let second = done(second.args(["--wiring", "copy.toml"]).output().expect("it starts"));
        assert_eq!(second.code, Some(2), "{cables:?}: {}", second.stderr);
        let holder = format!("process {}", first.process());
        assert!(second.stderr.contains(&holder), "{cables:?}: {}", second.stderr);
        let watch = first.watch();
        assert_eq!(first.ended(&rig, watch), Some(0), "{cables:?}: {}", rig.said());
        println!("| a second campaign | {cables:?} | refused; the first completes |");
        let journal = rig.journal();
        assert!(journal.complete() && journal.experiments().all(|e| e.fault.is_none()));
        is_at_rest(&rig);
    }
}

/// What the tube is rinsed with, for a little more than a minute and a half.
const RINSE_UL: f64 = 500.0;
const RINSED: &str = "[procedure]\non_fault = { flush = { pump = \"pfo\", ul_per_min = 300.0, volume_ul = 500.0 } }\n";

/// How long the spectrometer is at fault, until somebody asks it: on a slow line that takes longer than a minute \[s\].
const SILENT_S: f64 = 300.0;

/// What befalls the rig while it is rinsed.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    Nothing,
    /// The pump of the rinse does not answer either.
    PumpHangs,
    /// The lamp does not answer either.
    LampHangs,
    CampaignKilled,
    CampaignHangs,
    Asked,
}

/// A fault of a spectrometer, after which the tube is rinsed, and what befalls the rinse.
fn rinse(cables: Cables, what: What, then: Then) {
    let name = format!("rinse-{what:?}-{then:?}-{cables:?}");
    let (dir, file) = place_with(&name, RINSED);
    let from = moment_s(&file);
    let mut wires = vec![("emission".to_owned(), what.mischief().expect("a fault of a wire"))];
    if then == Then::PumpHangs {
        wires.push(("pfo".into(), Mischief::Drop));
    }
    if then == Then::LampHangs {
        wires.push(("absorption".into(), Mischief::Drop));
    }
    let when = (from, from + SILENT_S);
    let fate = Fate { when, wires, ..Fate::default() };
    let rig = Rig::serve(dir, file, wiring(cables), &fate);
    let mut campaign = rig.start();
    rig.until("the fault", |known| known.first(0, |it| *it == Seen::Fault).is_some());
    let watch = campaign.watch();
    if matches!(then, Then::CampaignKilled | Then::CampaignHangs | Then::Asked) {
        rig.until("the rinse", |known| rinsed(known).is_some());
        let word = match then {
            Then::CampaignKilled => "-KILL",
            Then::CampaignHangs => "-STOP",
            _ => "-INT",
        };
        signal(campaign.process(), word);
        if then == Then::CampaignHangs {
            rig.until("the end of the rinse", |known| known.flows(known.now).is_empty());
            while watch.is_some_and(crate::killing::is_alive) {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            // A watch that needs its ports has ended it.
            let _gone = std::process::Command::new("kill")
                .args(["-CONT", &campaign.process().to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }
    let code = campaign.ended(&rig, watch);
    let off_s = rig.known().off_s(false).expect("it is off");
    println!("| rinse after {what:?}, {then:?} | {cables:?} | off after {off_s:.1} s | {code:?} |");
    assert!(off_s <= 15.0, "{name}: {off_s} s");
    cold_while_rinsed(&name, &rig.known(), then);
    is_at_rest(&rig);
    nothing_untold(&name, &rig, &rig.journal(), 0);
    if code != Some(0) {
        rig.until("the end of the fault", |known| {
            known.first(0, |it| *it == Seen::Cured).is_some()
        });
        let again = rig.start().ended(&rig, None);
        assert_eq!(again, Some(0), "{name}, resumed: {}", rig.said());
        nothing_untold(&name, &rig, &rig.journal(), 0);
    }
    let numbers: Vec<u64> = rig.journal().experiments().map(|e| e.experiment).collect();
    assert_eq!(numbers, [1, 2], "{name}");
}

/// Number of the entry at which the tube began to be rinsed, after the fault and with the heater off.
fn rinsed(known: &Known) -> Option<usize> {
    let (fault, _) = known.first(0, |it| *it == Seen::Fault)?;
    let (off, _) = known.first(fault, |it| *it == Seen::Cold)?;
    let is_rinse = |it: &Seen| matches!(it, Seen::Flow(pump, ul) if pump.as_str() == "pfo" && (ul - RINSE_UL).abs() < 1e-6);
    known.first(off, is_rinse).map(|(at, _)| at)
}

/// From the fault on only the rinse flows, and the heater stays off while it does.
fn cold_while_rinsed(name: &str, known: &Known, then: Then) {
    let Some(at) = rinsed(known) else {
        assert_eq!(then, Then::PumpHangs, "{name}: it was not rinsed");
        return;
    };
    let (fault, _) = known.first(0, |it| *it == Seen::Fault).expect("a fault");
    let (off, _) = known.first(fault, |it| *it == Seen::Cold).expect("off");
    let others = known.log[off..at].iter().filter(|entry| matches!(entry.what, Seen::Flow(..)));
    assert_eq!(others.count(), 0, "{name}: something else flowed before the rinse");
    let began = known.log[at].at;
    let lasts_s = 60.0 * RINSE_UL / 300.0;
    let heated = known.log[at..].iter().find(|entry| entry.what == Seen::Hot);
    let heated_s = heated.map(|entry| entry.at.since(began).as_secs());
    let cut_short = matches!(then, Then::CampaignKilled | Then::CampaignHangs | Then::Asked);
    assert!(cut_short || heated_s.is_none_or(|s| s >= lasts_s), "{name}: hot after {heated_s:?} s");
}

#[test]
fn a_tube_is_rinsed_cold_after_every_fault_of_a_wire_and_whatever_befalls_the_rinse_ends_safe() {
    for cables in BOTH {
        for what in [What::Hang, What::Kill, What::Cut, What::Garble] {
            rinse(cables, what, Then::Nothing);
        }
        let befalls = [
            Then::PumpHangs,
            Then::LampHangs,
            Then::CampaignKilled,
            Then::CampaignHangs,
            Then::Asked,
        ];
        for then in befalls {
            rinse(cables, What::Hang, then);
        }
    }
}

/// Nothing heats or flows.
fn is_at_rest(rig: &Rig) {
    let known = rig.known();
    assert!(!known.hot, "{}: it heats: {}", rig.dir.display(), rig.said());
    let flows = known.flows(known.now);
    assert!(flows.is_empty(), "{}: {flows:?} run", rig.dir.display());
}
