//! Bad input is refused with exit code 2, at its place, and nothing is written.

use std::fs;
use std::path::Path;

use crate::support::{compare, files, folder, root, run, scenario};

/// A scenario of two short experiments whose text is changed.
fn refused(name: &str, body: &str) {
    let dir = folder(&format!("bad-{name}"));
    scenario(&dir, name, "cs3cu2i5.toml", body);
    refuse(&dir, name, &["run", &format!("{name}.toml")]);
    assert!(!dir.join("runs").exists(), "nothing may be written");
}

/// Runs the command, which must fail with exit code 2, and compares what it says.
fn refuse(dir: &Path, name: &str, args: &[&str]) {
    let done = run(dir, args);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert_eq!(done.stdout, "");
    let said = done.stderr.replace(&dir.display().to_string(), "DIR");
    compare("messages", name, &said.replace(&root().display().to_string(), "ROOT"));
}

const PHASE: &str = "[[phases]]\nname = \"only\"\npolicy = \"random\"\nexperiments = 2\n";

#[test]
fn an_unknown_key() {
    refused("unknown-key", &format!("sede = 4\n{PHASE}"));
}

#[test]
fn an_unknown_key_of_the_world() {
    refused("unknown-world-key", &format!("[rig.mixing]\npwer = 1.5\n{PHASE}"));
}

#[test]
fn a_wrong_unit_suffix() {
    refused("wrong-unit", &format!("[procedure]\nsettle_for_min = 1.0\n{PHASE}"));
}

#[test]
fn a_wrong_unit_suffix_of_an_input() {
    let body =
        "[space.inputs]\noam_ml_per_min = { low = 5.0, high = 20.0, sets = { pump = \"oam\" } }\n";
    refused("wrong-unit-of-input", &format!("{body}{PHASE}"));
}

#[test]
fn a_protocol_file_whose_driver_does_not_understand_its_emulator() {
    let lauda = fs::read_to_string(root().join("backends/protocols/lauda.toml")).unwrap();
    let dir = folder("bad-protocol");
    fs::write(dir.join("mine.toml"), &lauda).unwrap();
    let fits = run(&dir, &["check", "mine.toml"]);
    assert_eq!(fits.code, Some(0), "{}", fits.stderr);
    assert!(fits.stdout.contains("its driver and its emulator fit"), "{}", fits.stdout);
    fs::write(dir.join("mine.toml"), lauda.replace("text = \"ECO\"", "text = \"ECO > 1\""))
        .unwrap();
    refuse(&dir, "protocol-file", &["check", "mine.toml"]);
    fs::write(dir.join("rig.toml"), "schema = 1\n[protocol.plate]\nfile = \"mine.toml\"\n")
        .unwrap();
    refuse(&dir, "protocol-of-wiring", &["check", "rig.toml"]);
    fs::write(dir.join("rig.toml"), "schema = 1\n[protocol.plate]\nfile = \"o2.toml\"\n").unwrap();
    refuse(&dir, "protocol-of-none", &["check", "rig.toml"]);
}

#[test]
fn an_inverted_range() {
    refused(
        "inverted-range",
        &format!("[space.inputs.temperature_c]\nlow = 150.0\nhigh = 120.0\n{PHASE}"),
    );
}

#[test]
fn a_range_beyond_the_rig() {
    refused("beyond-the-rig", &format!("[space.inputs.temperature_c]\nhigh = 250.0\n{PHASE}"));
}

#[test]
fn a_value_out_of_range() {
    refused("out-of-range", &format!("[rig]\nambient_c = 60.0\n{PHASE}"));
}

/// It would read for ever, and report what stands in the tube once pumps have run dry.
#[test]
fn a_watch_that_never_moves_on() {
    let watch = "features = [\"pli\"]\nband = 0.03\nwindow = 3\nevery_residence_times = 0.0\n\
                 from_residence_times = 0.9\nat_most_residence_times = 2.4\n";
    refused("watch-that-stands", &format!("[procedure.wait.steady]\n{watch}{PHASE}"));
}

#[test]
fn a_watch_that_ends_before_it_begins() {
    let watch = "features = [\"pli\"]\nband = 0.03\nwindow = 3\nevery_residence_times = 0.1\n\
                 from_residence_times = 0.9\nat_most_residence_times = 0.5\n";
    refused("watch-that-ends-first", &format!("[procedure.wait.steady]\n{watch}{PHASE}"));
}

#[test]
fn a_feature_between_two_pixels() {
    let feature = "[[analysis.features]]\nname = \"pli\"\nchannel = \"absorbance\"\n\
                   measure = { value_at = { nm = 300.03, width_nm = 0.1 } }\n";
    refused("between-pixels", &format!("{feature}{PHASE}"));
}

#[test]
fn an_infeasible_box() {
    let body = "[space.constraints]\nreaction_time_s = { low = 5.0, high = 8.0 }\n";
    refused("infeasible-box", &format!("{body}{PHASE}"));
}

#[test]
fn a_missing_file() {
    let dir = folder("bad-missing-file");
    refuse(&dir, "missing-file", &["run", "nowhere.toml"]);
    assert_eq!(files(&dir), []);
}

#[test]
fn a_missing_base() {
    let dir = folder("bad-missing-base");
    fs::write(dir.join("x.toml"), "schema = 1\nextends = \"nowhere.toml\"\n").unwrap();
    refuse(&dir, "missing-base", &["run", "x.toml"]);
}

#[test]
fn a_scenario_that_extends_itself() {
    let dir = folder("bad-cycle");
    fs::write(dir.join("a.toml"), "schema = 1\nextends = \"b.toml\"\n").unwrap();
    fs::write(dir.join("b.toml"), "schema = 1\nextends = \"a.toml\"\n").unwrap();
    refuse(&dir, "cycle", &["run", "a.toml"]);
}

#[test]
fn a_newer_schema() {
    let dir = folder("bad-newer-schema");
    fs::write(dir.join("x.toml"), "# from the future\nschema = 2\nname = \"x\"\n").unwrap();
    refuse(&dir, "newer-schema", &["run", "x.toml"]);
}

#[test]
fn no_schema() {
    let dir = folder("bad-no-schema");
    fs::write(dir.join("x.toml"), "name = \"x\"\n").unwrap();
    refuse(&dir, "no-schema", &["run", "x.toml"]);
}

#[test]
fn no_toml() {
    let dir = folder("bad-no-toml");
    fs::write(dir.join("x.toml"), "schema = 1\nname = x\n").unwrap();
    refuse(&dir, "no-toml", &["run", "x.toml"]);
}

#[test]
fn a_number_that_is_none() {
    refused("nan", &format!("[rig.mixing]\npower = nan\n{PHASE}"));
}

#[test]
fn an_empty_phase() {
    refused("empty-phase", &PHASE.replace("= 2", "= 0"));
}

#[test]
fn no_phase() {
    refused("no-phase", "phases = []\n");
}

#[test]
fn a_phase_that_starts_from_nowhere() {
    refused("from-nowhere", &format!("{PHASE}from = \"exlore\"\n"));
}

#[test]
fn an_unknown_policy() {
    refused("unknown-policy", &PHASE.replace("random", "randm"));
}

#[test]
fn a_listed_point_outside_the_space() {
    let head = "[[phases]]\nname = \"a\"\nexperiments = 1\n";
    let body = "[[phases.policy.list.conditions]]\ntemperature_c = 335.0\n";
    refused("listed-outside", &format!("{head}{body}"));
}

#[test]
fn a_list_that_is_too_short() {
    let head = "[[phases]]\nname = \"a\"\nexperiments = 2\n";
    refused("list-too-short", &format!("{head}policy.list.conditions = []\n"));
}

#[test]
fn an_unknown_objective() {
    refused("unknown-objective", &format!("[objective]\nfeature = \"plx\"\n{PHASE}"));
}

#[test]
fn an_input_that_is_not_there() {
    let dir = folder("bad-set");
    let file = root().join("scenarios/noise-free.toml");
    let args = ["experiment", file.to_str().unwrap(), "--set", "temperature_k=400"];
    refuse(&dir, "unknown-input", &args);
}

#[test]
fn a_resolution_that_is_coarser_than_its_range() {
    let body = "[space.inputs]\noam_ul_per_min = { low = 5.0, high = 20.0, resolution = 30.0 }\n";
    refused("coarse-resolution", &format!("{body}{PHASE}"));
}

/// A scenario of a lab outside with this one input.
fn outside_refused(name: &str, input: &str) {
    let dir = folder(&format!("bad-{name}"));
    let text = format!(
        "schema = 1\nname = \"outside\"\ntitle = \"t\"\nseed = 1\n[space.inputs]\n{input} = {{ low = 0.0, high = 1.0 }}\n\
         [objective]\nfeature = \"yield\"\n{PHASE}"
    );
    fs::write(dir.join("outside.toml"), text).unwrap();
    refuse(&dir, name, &["run", "outside.toml", "--lab-command", "true"]);
}

#[test]
fn an_input_with_the_name_of_an_outcome() {
    outside_refused("input-outcome", "yield");
}

#[test]
fn an_input_without_a_name() {
    outside_refused("input-unnamed", "\"\"");
}

/// What is typed wrongly on the command line is said in the words of whoever types it.
#[test]
fn slips_on_the_command_line_are_told_in_plain_words() {
    let dir = folder("slips");
    let scenario = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/dye-mixing.toml");
    std::fs::create_dir(dir.join("empty")).unwrap();
    for (args, words) in [
        (&["emulate", scenario][..], "is a scenario, and a wiring file is wanted"),
        (&["report", "nowhere"], "there is no folder nowhere"),
        (&["report", "empty"], "empty is not a run folder: it has no journal.jsonl"),
        (&["paper", "--seeds", "0"], "it must be a whole number of at least 1"),
        (&["run", scenario, "--jobs", "none"], "it must be a whole number of at least 1"),
    ] {
        let refused = run(&dir, args);
        assert_eq!(refused.code, Some(2), "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(words), "{args:?}: {}", refused.stderr);
    }
}
