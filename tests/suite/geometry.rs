//! What a rig cannot do anywhere in its space is an error of `check`; what it cannot do somewhere is told by it.

use std::fs;

use crate::support::{folder, root, run};

/// The scenario of the paper with some lines replaced.
fn check(name: &str, changes: &[(&str, &str)]) -> (Option<i32>, String) {
    let dir = folder(name);
    let mut text = fs::read_to_string(root().join("scenarios/cs3cu2i5.toml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    fs::write(dir.join("rig.toml"), text).unwrap();
    let done = run(&dir, &["check", "rig.toml"]);
    (done.code, done.stdout + &done.stderr)
}

/// An error at a line of the file, with these words.
fn refused(name: &str, changes: &[(&str, &str)], line: &str, words: &str) {
    let (code, said) = check(name, changes);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(line) && said.contains(words), "{said}");
}

const REACTOR: &str = "name = \"reactor\"\nbore_mm = 0.762\nvolume_ul = 434.0";

#[test]
fn a_reference_that_the_carrier_has_not_reached_is_an_error() {
    let long = "name = \"reactor\"\nbore_mm = 0.762\nvolume_ul = 1736.0";
    let free = ("reaction_time_s = { low = 25.0, high = 42.0 }", "");
    let long = (REACTOR, long);
    refused("long", &[long, free], "flush_s = 90.0", "it takes 206 s to fill the tube");
    let patient = ("flush_s = 90.0 }", "flush_s = 210.0 }");
    assert_eq!(check("patient", &[long, free, patient]).0, Some(0));
    let brief = ("fill = { flush_s = 120.0", "fill = { flush_s = 40.0");
    refused("brief", &[brief], "fill = {", "to fill the cu line");
    let none =
        ("rates = [{ pump = \"pfo\", ul_per_min = 600.0 }], flush_s = 90.0", "flush_s = 90.0");
    refused("none", &[none], "blank = { flush_s", "the fill leaves slugs in the flow cells");
}

#[test]
fn a_bore_that_no_train_passes_is_an_error() {
    let bore = |mm: &str| REACTOR.replace("0.762", mm);
    refused("narrow", &[(REACTOR, &bore("0.05"))], "fill = {", "kPa to drive these flows");
    refused("wide", &[(REACTOR, &bore("5.0"))], "bore_mm = 5.0", "a Bond number of");
}

#[test]
fn a_slug_shorter_than_a_frame_is_an_error() {
    let slow = ("integration_us = 20000", "integration_us = 80000");
    refused("short", &[slow], "exposure = {", "take shorter frames");
}

/// Twice the highest flows: slugs are too short for the frames there, and only there.
#[test]
fn what_some_conditions_cannot_do_is_told() {
    let wide = ("low = 85.0, high = 100.0", "low = 85.0, high = 400.0");
    let free = ("reaction_time_s = { low = 25.0, high = 42.0 }", "");
    let (code, said) = check("fast", &[wide, free]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("flagged `unresolved`"), "{said}");
}
