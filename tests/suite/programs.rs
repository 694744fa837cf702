//! Instruments behind programs in other languages: the same journal, and the same faults, as built-in ones.

use std::path::Path;

use crate::support::{folder, root, run, scenario};

/// The pumps of the reference rig.
const PUMPS: [&str; 8] = ["cui", "oa_cu", "oam", "ode_cu", "cs", "oa_cs", "ode_cs", "pfo"];

/// A campaign of one experiment.
const ONE: &str = "[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 1\n";

/// A wiring of the reference rig, with example programs for pumps and LED.
fn wiring(dir: &Path) -> String {
    let examples = root().join("examples/instruments");
    let program = |name: &str, kind: &str, command: &str, (speaks, with): (&str, &str)| {
        format!(
            "[program.{name}]\ncommand = \"python3 {command}\"\nkind = \"{kind}\"\nspeaks.{speaks} = {{{with}}}\nfolder = {:?}\n",
            examples.to_str().unwrap()
        )
    };
    let mut text = String::from("schema = 1\npatience_s = 20.0\n");
    for pump in PUMPS {
        text += &program(pump, "pump", "chemyx.py {port}", ("chemyx", ""));
    }
    text += &program("led", "light", "led.py {address} 0.35", ("dc2200", "current_a = 0.35"));
    text +=
        "[f4t.oven]\nloops = { plate = 1 }\n[hdx.emission]\n[hdx.absorption]\nlamp = \"lamp\"\n";
    let path = dir.join("programs.toml");
    std::fs::write(&path, &text).unwrap();
    text
}

#[test]
fn a_campaign_with_programs_on_emulated_instruments_has_the_journal_of_its_rehearsal() {
    let dir = folder("programs");
    scenario(&dir, "one", "noise-free.toml", ONE);
    wiring(&dir);
    assert_eq!(run(&dir, &["run", "one.toml", "--out", "sim"]).code, Some(0));
    let args = ["run", "one.toml", "--backend", "emulated", "--wiring", "programs.toml"];
    let done = run(&dir, &[&args[..], &["--out", "programs"]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let read =
        |folder: &str| std::fs::read_to_string(dir.join(folder).join("journal.jsonl")).unwrap();
    let (sim, programs) = (read("sim"), read("programs"));
    for (number, (a, b)) in sim.lines().zip(programs.lines()).enumerate() {
        assert_eq!(a, b, "line {}", number + 1);
    }
    assert_eq!(sim.len(), programs.len());
}
