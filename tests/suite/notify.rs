//! Somebody is told of a run that nobody watches.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::thread;

use serde_json::Value;

use crate::support::{done, files, flowtwin, folder, run, scenario};

/// CuI runs out before the last experiment; what the lines were filled with counts too.
const DRY: &str = r#"
[rig.pumps.cui]
fill_ml = 3.4

[[phases]]
name = "start"
policy = "lhs"
experiments = 24
"#;

const FEW: &str = r#"
[[phases]]
name = "start"
policy = "lhs"
experiments = 2
"#;

/// Somebody fills the syringes whenever one is too empty for the next experiment.
const REFILLED: &str = "\n[refill]\ntakes_min = 5.0\n";

#[test]
fn a_command_hears_of_the_end_and_of_what_is_nearly_used_up() {
    let dir = folder("notify");
    let dry = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let few = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let filled = scenario(
        &dir,
        "filled",
        "cs3cu2i5.toml",
        &format!("{}{REFILLED}", DRY.replace("24", "40")),
    );
    let heard = |file: &std::path::Path, out: &str| -> Vec<(String, String)> {
        let note = dir.join(format!("{out}.txt"));
        // What it prints must not come between the data of the run.
        let command =
            format!("test \"$FLOWTWIN_RUN\" = {out} && cat >> {} && echo stray", note.display());
        let out = ["run", file.to_str().unwrap(), "--json", "--out", out, "--notify", &command];
        let done = run(&dir, &out);
        assert!(!done.stdout.contains("stray"), "{}", done.stdout);
        let lines = fs::read_to_string(note).unwrap();
        let line = |line: &str| {
            let told: Value = serde_json::from_str(line).expect(line);
            let text = |key: &str| told[key].as_str().unwrap().to_owned();
            (text("event"), text("text"))
        };
        let mut all: Vec<(String, String)> = lines.lines().map(line).collect();
        // The commands run beside each other.
        all.sort();
        all
    };
    let few = heard(&few, "few");
    assert_eq!(few, [("done".to_owned(), "the run is complete".to_owned())]);
    let dry = heard(&dry, "dry");
    assert!(dry.iter().any(|(event, text)| event == "stopped" && text.contains("cui")), "{dry:?}");
    assert!(dry.iter().all(|(event, _)| event != "done"));
    let low = |heard: &[(String, String)]| {
        let cui = |(event, text): &&(String, String)| event == "low" && text.starts_with("cui ");
        heard.iter().filter(cui).count()
    };
    assert_eq!(low(&dry), 1, "{dry:?}");
    let filled = heard(&filled, "filled");
    assert!(low(&filled) > 1, "after every filling: {filled:?}");
    assert!(filled.iter().any(|(event, _)| event == "done"), "{filled:?}");
}

/// The report cannot be written where a folder has its name.
#[test]
fn a_run_that_is_complete_is_not_said_to_have_stopped() {
    let dir = folder("notify-complete");
    let file = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let note = dir.join("note.txt");
    let command = format!("cat >> {}", note.display());
    let args = ["run", file.to_str().unwrap(), "--out", "few"];
    assert_eq!(run(&dir, &args).code, Some(0));
    fs::remove_file(dir.join("few/report.html")).unwrap();
    fs::create_dir(dir.join("few/report.html")).unwrap();
    let again = run(&dir, &[&args[..], &["--resume", "--notify", &command]].concat());
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    let told = fs::read_to_string(note).unwrap();
    assert!(told.contains("\"done\"") && told.contains("cannot write"), "{told}");
    assert!(!told.contains("stopped"), "{told}");
}

/// A hand-off folder that is not a folder: found out after somebody has said that the run may begin.
#[test]
fn a_command_hears_of_a_rig_that_cannot_begin() {
    let dir = folder("notify-rig");
    let file = scenario(&dir, "few", "cs3cu2i5.toml", FEW);
    let wiring = "schema = 1\n[folder]\npath = \"handoff\"\nexpected_s = 0.0\npatience_s = 60.0\n";
    fs::write(dir.join("rig.toml"), wiring).unwrap();
    fs::write(dir.join("handoff"), "a file").unwrap();
    let note = dir.join("note.txt");
    let command = format!("cat >> {}", note.display());
    let rig = ["--backend", "hardware", "--wiring", "rig.toml", "--yes", "--notify", &command];
    let done = run(&dir, &[&["run", file.to_str().unwrap()], &rig[..]].concat());
    assert_ne!(done.code, Some(0));
    let told = fs::read_to_string(&note).unwrap_or_default();
    assert!(told.contains("\"stopped\""), "{told}{}", done.stderr);
}

#[test]
fn a_command_that_fails_or_is_not_there_changes_nothing() {
    let dir = folder("notify-fails");
    let file = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let file = file.to_str().unwrap();
    let alone = run(&dir, &["run", file, "--out", "alone"]);
    let failing = run(&dir, &["run", file, "--out", "failing", "--notify", "no-such-program"]);
    assert_eq!((alone.code, failing.code), (Some(0), Some(0)));
    assert!(failing.stderr.contains("--notify"), "{}", failing.stderr);
    assert_eq!(files(&dir.join("alone")), files(&dir.join("failing")));
}

/// A server that takes `count` messages and answers each with `status`; heads of requests and what they carry.
fn server(count: usize, status: u16) -> (String, thread::JoinHandle<Vec<(String, Value)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let taken = move |_| {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            stream.read_line(&mut head).unwrap();
        }
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        let answer = format!("HTTP/1.1 {status} said\r\ncontent-length: 0\r\n\r\n");
        stream.get_mut().write_all(answer.as_bytes()).unwrap();
        (head, serde_json::from_slice(&body).unwrap())
    };
    (address, thread::spawn(move || (0..count).map(taken).collect()))
}

#[test]
fn a_webhook_hears_the_same_in_order_and_changes_nothing() {
    let dir = folder("notify-url");
    let dry = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let dry = dry.to_str().unwrap();
    let alone = run(&dir, &["run", dry, "--out", "alone"]);
    let (address, heard) = server(2, 204);
    let url = format!("http://{address}/hook?key=1");
    let done = run(&dir, &["run", dry, "--out", "heard", "--notify-url", &url]);
    assert_eq!(done.code, alone.code, "{}", done.stderr);
    assert!(!done.stderr.contains("--notify"), "{}", done.stderr);
    let heard = heard.join().unwrap();
    let host = format!("host: {address}\r\n");
    for (head, _) in &heard {
        assert!(
            head.starts_with("POST /hook?key=1 HTTP/1.1\r\n") && head.contains(&host),
            "{head}"
        );
        assert!(head.contains("content-type: application/json\r\n"), "{head}");
    }
    let events: Vec<_> = heard.iter().map(|(_, told)| told["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["low", "stopped"]);
    let last = &heard[1].1;
    assert!(last["run"] == "heard" && last["text"].as_str().unwrap().contains("cui"), "{last}");
    assert!(last["experiments"].as_u64().unwrap() > 1);
    assert_eq!(files(&dir.join("alone")), files(&dir.join("heard")));
}

#[test]
fn a_webhook_that_fails_is_told_once_and_changes_nothing() {
    let dir = folder("notify-url-fails");
    let dry = scenario(&dir, "dry", "cs3cu2i5.toml", DRY);
    let dry = dry.to_str().unwrap();
    let alone = run(&dir, &["run", dry, "--out", "alone"]);
    // Nobody listens there any more.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (refuses, heard) = server(2, 500);
    for (out, address, words) in
        [("gone", gone.to_string(), "refused"), ("refuses", refuses, "answers with status 500")]
    {
        let url = format!("http://{address}/s3cret");
        let done = run(&dir, &["run", dry, "--out", out, "--notify-url", &url]);
        assert_eq!(done.code, alone.code, "{}", done.stderr);
        assert_eq!(done.stderr.matches("note: --notify-url").count(), 1, "{}", done.stderr);
        assert!(done.stderr.contains(words) && done.stderr.contains(&address), "{}", done.stderr);
        assert!(!done.stderr.contains("s3cret"), "{}", done.stderr);
        assert_eq!(files(&dir.join("alone")), files(&dir.join(out)));
    }
    assert_eq!(heard.join().unwrap().len(), 2);
}

#[test]
fn a_webhook_with_tls_is_told_by_curl() {
    let dir = folder("notify-url-tls");
    let few = scenario(&dir, "few", "dye-mixing.toml", FEW);
    let args = ["run", few.to_str().unwrap(), "--notify-url", "https://example.org/hook", "--out"];
    let with = |out: &str| {
        let mut command = flowtwin(&dir);
        done(command.args(args).arg(out).env("PATH", dir.join("bin")).output().unwrap())
    };
    fs::create_dir(dir.join("bin")).unwrap();
    let without = with("without");
    assert_eq!(without.code, Some(2), "{}", without.stderr);
    assert!(without.stderr.contains("https needs the program curl"), "{}", without.stderr);
    assert!(!dir.join("without/journal.jsonl").exists(), "nothing has begun");

    let curl = dir.join("bin/curl");
    let note = dir.join("note.txt").display().to_string();
    // It notes its arguments and what it reads.
    let told = |out: &str, ends: &str| {
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho \"$@\" >> {note}\nread -r line; echo \"$line\" >> {note}\n\
             {ends}\n"
        );
        fs::write(&curl, script).unwrap();
        fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
        let told = with(out);
        assert_eq!(told.code, Some(0), "{}", told.stderr);
        told.stderr
    };
    let fails = told("fails", "echo 000; echo 'curl: (6) no such host' >&2; exit 6");
    assert!(fails.contains("example.org: curl: (6) no such host"), "{fails}");
    let note = fs::read_to_string(&note).unwrap();
    assert!(note.starts_with("--disable ") && note.contains(" --globoff "), "{note}");
    assert!(note.contains("--max-time 10 ") && note.contains("--url https://example.org/hook\n"));
    assert!(note.contains("\"event\":\"done\""), "{note}");
    // It is the status that counts, as without TLS.
    for status in ["301", "404", "500"] {
        let refused = told(status, &format!("echo {status}"));
        let words = format!("example.org: answers with status {status}");
        assert!(refused.contains(&words), "{refused}");
    }
    let taken = told("taken", "echo 204");
    assert!(!taken.contains("--notify-url"), "{taken}");
}

#[test]
fn what_is_no_address_of_a_webhook_is_bad_input() {
    let dir = folder("notify-url-bad");
    for url in ["lab.example.org", "ftp://lab/", "http://me:secret@lab/"] {
        let done = run(&dir, &["run", "no.toml", "--notify-url", url]);
        assert_eq!(done.code, Some(2), "{url}: {}", done.stderr);
        assert!(done.stderr.contains("give an address such as http://"), "{}", done.stderr);
    }
}
