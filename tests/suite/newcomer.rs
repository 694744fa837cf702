//! A lab without one instrument that is built in, from unpacking to a campaign on emulated instruments that is its
//! rehearsal, byte for byte: `docs/protocol-files.md` says how.

use std::fs;

use flowtwin_backends::Wiring;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Lab as _;

use crate::support::{folder, root, run, scenario};

/// New Era pumps count four digits.
const MINE: &str = r#"
[rig.pumps]
dye = { digits = 4 }
water = { digits = 4 }
base = { digits = 4 }
late = { digits = 4 }

[[phases]]
name = "first"
policy = "lhs"
experiments = 3
"#;

#[test]
fn a_lab_of_files_and_programs_runs_as_its_rehearsal_says() {
    let dir = folder("newcomer");
    scenario(&dir, "mine", "fading-coil.toml", MINE);
    let wiring = fs::read_to_string(root().join("scenarios/wirings/newcomer.toml")).unwrap();
    fs::write(dir.join("rig.toml"), &wiring).unwrap();
    for words in [
        &["check", "mine.toml", "rig.toml"][..],
        &["run", "mine.toml", "--out", "sim"],
        &["run", "mine.toml", "--backend", "emulated", "--wiring", "rig.toml", "--out", "emulated"],
    ] {
        let done = run(&dir, words);
        assert_eq!(done.code, Some(0), "{words:?}: {}", done.stderr);
    }
    let journal = |name: &str| fs::read(dir.join(name).join("journal.jsonl")).unwrap();
    assert!(journal("sim") == journal("emulated"), "the journals differ");
    let page = fs::read_to_string(root().join("docs/protocol-files.md")).unwrap();
    let is_line = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let (wired, written) = (wiring.lines().filter(is_line).count(), MINE.lines().filter(is_line));
    let said = format!("{wired} lines; its scenario has {}", written.count() + 3);
    assert!(page.contains(&said), "docs/protocol-files.md does not say {said:?}");
}

/// A mass-flow controller by its file, and the other instruments of the rig as usual. It counts in single precision.
#[test]
fn a_gas_by_a_protocol_file_flows_as_its_rehearsal_says() {
    let dir = folder("gas-by-file");
    let few = "[[phases]]\nname = \"a\"\npolicy = \"lhs\"\nexperiments = 2\n";
    let file = scenario(&dir, "gas", "gas-liquid.toml", few);
    let loaded = Scenario::load(&file).unwrap();
    let usual = Wiring::of(loaded.simulated().unwrap().lab(1).manifest());
    let mut text = toml::to_string(&usual).unwrap().parse::<toml::Table>().unwrap();
    let sections = text.iter_mut().filter_map(|(_, section)| section.as_table_mut());
    assert_eq!(sections.filter_map(|section| section.remove("oxygen")).count(), 1);
    let gas = "[oxygen]\nfile = \"bronkhorst-modbus\"\n".parse::<toml::Table>().unwrap();
    text.insert("protocol".into(), toml::Value::Table(gas));
    fs::write(dir.join("rig.toml"), text.to_string()).unwrap();
    for words in [
        &["run", "gas.toml", "--out", "sim"][..],
        &["run", "gas.toml", "--backend", "emulated", "--wiring", "rig.toml", "--out", "emulated"],
    ] {
        let done = run(&dir, words);
        assert_eq!(done.code, Some(0), "{words:?}: {}", done.stderr);
    }
    let cells = |name: &str| -> Vec<String> {
        let text = fs::read_to_string(dir.join(name).join("observations.csv")).unwrap();
        text.split([',', '\n']).map(str::to_owned).collect()
    };
    let (sim, emulated) = (cells("sim"), cells("emulated"));
    assert_eq!(sim.len(), emulated.len());
    let differ = sim.iter().zip(&emulated).filter(|(a, b)| a != b);
    let off = differ.map(|(a, b)| {
        let (a, b): (f64, f64) = (a.parse().unwrap(), b.parse().unwrap());
        (a / b - 1.0).abs()
    });
    let off: Vec<f64> = off.collect();
    assert!(
        off.len() <= 2 && off.iter().all(|off| *off < 1e-7),
        "only what it has counted: {off:?}"
    );
}
