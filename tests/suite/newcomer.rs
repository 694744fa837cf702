//! A lab without one instrument that is built in, from unpacking to a campaign on emulated instruments that is its
//! rehearsal, byte for byte: `docs/protocol-files.md` says how.

use std::fs;

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
