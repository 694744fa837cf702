//! `run --review`: people decide on every proposal, in the terminal, through a pipe, or on the live page.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use flowtwin_campaign::folder::{JOURNAL, read_journal};
use flowtwin_lab::journal::{Decision, Journal};
use serde_json::Value;

use crate::support::{flowtwin, folder, run, scenario, typed};

const PHASES: &str = r#"
[[phases]]
name = "survey"
policy = "lhs"
experiments = 3
"#;

fn small(dir: &Path) -> PathBuf {
    scenario(dir, "small", "dye-mixing.toml", PHASES)
}

fn journal(dir: &Path, out: &str) -> Journal {
    read_journal(&dir.join(out)).unwrap()
}

fn words(journal: &Journal) -> Vec<&'static str> {
    journal.decided().map(|decided| decided.decision.word()).collect()
}

#[test]
fn decisions_are_typed_line_by_line_and_what_is_no_answer_is_asked_again() {
    let dir = folder("review-typed");
    let file = small(&dir).display().to_string();
    let notify = "echo $FLOWTWIN_EVENT >> told";
    let args = ["run", &file, "--out", "run", "--review", "--notify", notify];
    let lines =
        "yes\nc blue_ul_per_min=401\nc blue_ul_per_min=150.4\ns\n+ blue_ul_per_min=150\na\na\n";
    let reviewed = typed(&dir, &args, lines);
    assert_eq!(reviewed.code, Some(0), "{}", reviewed.stderr);
    for words in [
        "experiment 1 is proposed: number 1 of 3 of phase survey, by lhs",
        "`yes` is not an answer; ? shows what may be typed",
        "blue_ul_per_min = 401 is outside 50 to 400",
        "experiment 1, changed: blue_ul_per_min=150",
        "skipped: another is proposed",
    ] {
        assert!(reviewed.stderr.contains(words), "{words} is missing: {}", reviewed.stderr);
    }
    let journal = journal(&dir, "run");
    assert_eq!(words(&journal), ["changed", "skipped", "added", "accepted", "accepted"]);
    let done: Vec<f64> = journal.experiments().map(|e| e.conditions.values()[0]).collect();
    assert_eq!(done.len(), 4, "three of the phase and one more");
    assert_eq!(done[..2], [150.0, 150.0]);
    let told = std::fs::read_to_string(dir.join("told")).unwrap();
    assert_eq!(told.lines().filter(|event| *event == "asks").count(), 5);
    let summary = std::fs::read_to_string(dir.join("run/summary.json")).unwrap();
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let counts = r#"{"accepted":2,"changed":1,"skipped":1,"added":1}"#;
    assert_eq!(summary["decisions"], serde_json::from_str::<Value>(counts).unwrap());
    assert_eq!(summary["planned"], 4);
    let report = std::fs::read_to_string(dir.join("run/report.html")).unwrap();
    for words in ["What people decided", "changed it", "skipped it", "added one before"] {
        assert!(report.contains(words), "{words} is missing");
    }
    assert_eq!(run(&dir, &["replay", "run"]).code, Some(0));
}

#[test]
fn a_run_whose_input_ends_stops_and_goes_on_to_the_same_bytes() {
    let dir = folder("review-end");
    let file = small(&dir).display().to_string();
    let args = |out| ["run", &file, "--out", out, "--review"];
    let whole = typed(&dir, &args("whole"), "a\ns\nc blue_ul_per_min=150\na\n");
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let stopped = typed(&dir, &args("cut"), "a\ns\n");
    assert_eq!(stopped.code, Some(130), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("the input has come to its end"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("go on with --resume"), "{}", stopped.stderr);
    let resume = [&args("cut")[..], &["--resume"]].concat();
    let resumed = typed(&dir, &resume, "c blue_ul_per_min=150\na\n");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    let bytes = |out: &str| std::fs::read(dir.join(out).join(JOURNAL)).unwrap();
    assert!(bytes("cut") == bytes("whole"));
    // Nobody decides the same again for sure: what is there stays, and can go on.
    let again = typed(&dir, &args("whole"), "q\n");
    assert_eq!(again.code, Some(130), "{}", again.stderr);
    assert!(again.stderr.contains("this run is in whole-2"), "{}", again.stderr);
}

#[test]
fn what_was_accepted_is_no_difference_and_what_was_changed_is_named() {
    let dir = folder("review-diff");
    let file = small(&dir).display().to_string();
    assert_eq!(run(&dir, &["run", &file, "--out", "alone"]).code, Some(0));
    for (out, lines) in [("same", "a\na\na\n"), ("other", "a\nc blue_ul_per_min=150\na\n")] {
        let done = typed(&dir, &["run", &file, "--out", out, "--review"], lines);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }
    let same = run(&dir, &["diff", "alone", "same", "--json"]);
    let same: Value = serde_json::from_str(&same.stdout).unwrap();
    assert_eq!(same["parting"], Value::Null);
    let other = run(&dir, &["diff", "same", "other", "--json"]);
    let other: Value = serde_json::from_str(&other.stdout).unwrap();
    assert_eq!(other["parting"]["sort"], "decision", "{}", other["parting"]);
    assert_eq!(other["parting"]["experiment"], 2);
}

/// A run with a live page, and no terminal.
struct Served {
    run: Child,
    address: String,
    token: String,
    /// What it says on standard error; kept open, so that it can go on saying it.
    said: BufReader<std::process::ChildStderr>,
}

impl Served {
    fn start(dir: &Path, args: &[&str]) -> Self {
        let mut command = flowtwin(dir);
        command.args(args).args(["--serve=127.0.0.1:0", "--review"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut run = command.spawn().unwrap();
        let mut said = BufReader::new(run.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("live page: ") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it serves no page");
        }
        let url = line.trim().split("http://").nth(1).unwrap();
        let (address, token) = url.split_once("/#token=").unwrap();
        Self { run, address: address.into(), token: token.into(), said }
    }

    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, length) = (&self.address, body.len());
        let rest =
            format!("host: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(format!("{head}\r\n{rest}{body}").as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    /// The status and the text that answer a decision, given with a token.
    fn decide(&self, token: &str, body: &str) -> (u16, String) {
        let head = format!("POST /api/decide HTTP/1.1\r\nauthorization: Bearer {token}");
        let answer = self.ask(&head, body);
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().trim().to_owned())
    }

    /// The next proposal behind a number, once it waits.
    fn proposal(&self, behind: u64) -> Value {
        loop {
            let answer = self.ask("GET /api/runs HTTP/1.1", "");
            let body = answer.split("\r\n\r\n").nth(1).unwrap();
            let list: Value = serde_json::from_str(body).unwrap();
            let proposal = &list["proposal"];
            if proposal["number"].as_u64().is_some_and(|number| number > behind) {
                return proposal.clone();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    fn ended(mut self) -> Option<i32> {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).unwrap();
        self.run.wait().unwrap().code()
    }
}

#[test]
fn whoever_has_the_token_decides_on_the_live_page() {
    let dir = folder("review-page");
    let file = small(&dir).display().to_string();
    let page = Served::start(&dir, &["run", &file, "--out", "run"]);
    let first = page.proposal(0);
    assert_eq!((&first["of"]["experiment"], &first["of"]["phase"]), (&1.into(), &"survey".into()));
    assert_eq!(first["of"]["inputs"][0]["name"], "blue_ul_per_min");
    let accept = r#"{"proposal":1,"decision":"accept"}"#;
    assert_eq!(page.decide("0123", accept).0, 401);
    let token = page.token.clone();
    let hot = r#"{"proposal":1,"decision":{"change":{"blue_ul_per_min":"401"}}}"#;
    let refused = page.decide(&token, hot);
    assert_eq!(refused, (422, "blue_ul_per_min = 401 is outside 50 to 400".into()));
    let unknown = r#"{"proposal":1,"decision":{"add":{"blu_ul_per_min":"100"}}}"#;
    assert!(page.decide(&token, unknown).1.contains("did you mean `blue_ul_per_min`?"));
    assert_eq!(page.decide(&token, r#"{"proposal":9,"decision":"accept"}"#).0, 409);
    let change = r#"{"proposal":1,"decision":{"change":{"blue_ul_per_min":"150"}}}"#;
    assert_eq!(page.decide(&token, change).0, 204);
    page.proposal(1);
    assert_eq!(page.decide(&token, accept).0, 409, "that was decided");
    assert_eq!(page.decide(&token, r#"{"proposal":2,"decision":"skip"}"#).0, 204);
    page.proposal(2);
    let head = format!("POST /api/stop HTTP/1.1\r\nauthorization: Bearer {token}");
    assert!(page.ask(&head, "").starts_with("HTTP/1.1 204"));
    assert_eq!(page.ended(), Some(130));
    let journal = journal(&dir, "run");
    assert_eq!(words(&journal), ["changed", "skipped"]);
    assert_eq!(journal.experiments().count(), 1);
    assert!(matches!(&journal.decided().next().unwrap().decision,
        Decision::Change(conditions) if conditions.get("blue_ul_per_min") == Some(150.0)));
}

#[test]
fn a_run_that_is_killed_while_it_waits_asks_what_was_not_decided() {
    let dir = folder("review-killed");
    let file = small(&dir).display().to_string();
    let whole = typed(&dir, &["run", &file, "--out", "whole", "--review"], "a\ns\na\na\n");
    assert_eq!(whole.code, Some(0), "{}", whole.stderr);
    let mut page = Served::start(&dir, &["run", &file, "--out", "run"]);
    page.proposal(0);
    assert_eq!(page.decide(&page.token, r#"{"proposal":1,"decision":"accept"}"#).0, 204);
    page.proposal(1);
    assert_eq!(page.decide(&page.token, r#"{"proposal":2,"decision":"skip"}"#).0, 204);
    page.proposal(2);
    page.run.kill().unwrap();
    page.run.wait().unwrap();
    let resume = ["run", &file, "--out", "run", "--resume", "--review"];
    let resumed = typed(&dir, &resume, "a\na\n");
    assert_eq!(resumed.code, Some(0), "{}", resumed.stderr);
    assert!(!resumed.stderr.contains("experiment 1 is proposed"), "{}", resumed.stderr);
    let bytes = |out: &str| std::fs::read(dir.join(out).join(JOURNAL)).unwrap();
    assert!(bytes("run") == bytes("whole"));
}
