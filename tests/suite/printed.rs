//! Reports as PDF and PNG. The browser is a script here; the tests of pages print with a real one.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::{files, folder, run, scenario};

const SHORT: &str = "[[phases]]\nname = \"look\"\npolicy = \"lhs\"\nexperiments = 2\n";

/// A browser that does what `body` says with `$to`, the file that it was told to write.
fn browser(dir: &Path, body: &str) {
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\nfor a; do case $a in --print-to-pdf=*|--screenshot=*) to=${{a#*=}};; esac; done\n{body}\n"
    );
    let path = dir.join("browser");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_report_is_printed_beside_itself_or_not_at_all() {
    let dir = folder("printed");
    let file = scenario(&dir, "short", "dye-mixing.toml", SHORT).display().to_string();
    assert_eq!(run(&dir, &["run", &file, "--out", "run"]).code, Some(0));
    let names = || files(&dir.join("run")).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let before = names();
    let print = || run(&dir, &["report", "run", "--pdf", "--png", "--browser", "./browser"]);

    for (written, code) in [("%%PDF-1.4", 1), ("%%PD", 0)] {
        browser(&dir, &format!("printf '{written}' >\"$to\"; echo 'no room' >&2; exit {code}"));
        let done = print();
        assert_eq!(done.code, Some(1), "{}", done.stderr);
        assert!(
            done.stderr.contains("did not print") && done.stderr.contains("no room"),
            "{}",
            done.stderr
        );
        assert_eq!(names(), before, "nothing half-written is left");
    }

    browser(
        &dir,
        "case $to in *.pdf) printf '%%PDF-1.4' >\"$to\";; *) printf '\\211PNG' >\"$to\";; esac",
    );
    let done = print();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stderr.contains("printed: run/report.pdf"), "{}", done.stderr);
    assert!(done.stderr.contains("printed: run/report.png"), "{}", done.stderr);
    assert_eq!(names().len(), before.len() + 2);
}

#[test]
fn a_browser_that_is_not_there_is_told_before_anything_is_done() {
    let dir = folder("printed-not");
    let done = run(&dir, &["report", "nowhere", "--pdf", "--browser", "./browser"]);
    assert_eq!(done.code, Some(2), "{}", done.stderr);
    assert!(done.stderr.contains("--browser ./browser: this program does not run"));
    assert!(done.stderr.contains("give the path of Chromium"), "{}", done.stderr);
}
