//! Drivers, bytes and emulators change no byte of a journal.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use flowtwin_backends::EmulatedRig;
use flowtwin_campaign::campaign::{Campaign, Silent};
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Lab;
use flowtwin_lab::journal::{self, Journal, Writer};

use crate::support::{folder, root, run, scenario, scenario_files};

/// The journal of a scenario on a lab; experiments of `known` are not asked for again.
fn journal_of(scenario: &Scenario, lab: impl Lab, known: Option<&Journal>) -> Vec<u8> {
    let never = AtomicBool::new(false);
    let campaign = Campaign::new(scenario, scenario.file().seed, NonZeroUsize::MIN, &never);
    let ran = campaign.run(lab, Writer::new(Vec::new()), known, &mut Silent);
    ran.expect("a policy answers").1.into_sink()
}

#[test]
fn every_scenario_gives_one_journal_on_both_backends() {
    for file in scenario_files() {
        let scenario = Scenario::load(&file).unwrap();
        let seed = scenario.file().seed;
        let sim = journal_of(&scenario, scenario.simulated().unwrap().lab(seed), None);
        let rig = EmulatedRig::usual(Box::new(scenario.simulated().unwrap().lab(seed)))
            .expect("it can be wired");
        let known = journal::read(&sim).unwrap();
        // A recorded fault does not stop a resumed run, so a campaign that a fault stops is asked anew.
        let emulated = journal_of(&scenario, rig, Some(&known).filter(|known| known.complete()));
        let line = sim.split(|&b| b == b'\n').zip(emulated.split(|&b| b == b'\n'));
        let differs = line.enumerate().find(|(_, (a, b))| a != b);
        if let Some((number, (a, b))) = differs {
            let text =
                |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
            panic!("{} line {}:\n{}\n{}", scenario.name(), number + 1, text(a), text(b));
        }
        assert_eq!(sim.len(), emulated.len(), "{}", scenario.name());
    }
}

#[test]
fn the_flag_changes_no_byte() {
    let dir = folder("flag");
    let file = root().join("scenarios/noise-free.toml");
    let file = file.to_str().unwrap();
    assert_eq!(run(&dir, &["run", file, "--out", "sim"]).code, Some(0));
    let done = run(&dir, &["run", file, "--out", "emulated", "--backend", "emulated"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    for name in ["journal.jsonl", "observations.csv", "spectra.parquet"] {
        let read = |folder: &str| std::fs::read(dir.join(folder).join(name)).unwrap();
        assert!(read("sim") == read("emulated"), "{name} differs");
    }
    assert_eq!(run(&dir, &["replay", "sim", "--backend", "emulated"]).code, Some(0));
}

#[test]
fn a_wiring_file_says_which_instruments_are_emulated() {
    let dir = folder("wired");
    scenario(
        &dir,
        "one",
        "cs3cu2i5.toml",
        "[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 1\n",
    );
    let wiring_file = root().join("scenarios/wirings/bad-cables.toml");
    let args = ["run", "one.toml", "--backend", "emulated", "--wiring"];
    let done = run(&dir, &[&args[..], &[wiring_file.to_str().unwrap(), "--out", "bad"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let without = std::fs::read_to_string(&wiring_file).unwrap().replace("cui = {}\n", "");
    std::fs::write(dir.join("without.toml"), without).unwrap();
    let done = run(&dir, &[&args[..], &["without.toml", "--out", "without"]].concat());
    assert_eq!(done.code, Some(2));
    assert!(done.stderr.contains("pump cui of the scenario is not wired"), "{}", done.stderr);
}
