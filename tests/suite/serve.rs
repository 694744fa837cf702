//! The live page: it reads, and nothing else changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use crate::support::{Done, done, files, flowtwin, folder, root, run};

fn small() -> String {
    root().join("scenarios/dye-mixing.toml").display().to_string()
}

fn get(address: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_run_with_a_page_writes_the_same_bytes_as_one_without() {
    let dir = folder("serve-bytes");
    for (out, more) in [("without", &[][..]), ("with", &["--serve=127.0.0.1:0"])] {
        let done = run(&dir, &[&["run", &small(), "--out", out], more].concat());
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        assert_eq!(done.stderr.contains("live page: http://127.0.0.1:"), out == "with");
    }
    let bytes = |out: &str| files(&dir.join(out));
    assert!(bytes("without").iter().any(|(name, _)| name == "journal.jsonl"));
    assert_eq!(bytes("without"), bytes("with"));
}

#[test]
fn a_recorded_run_is_served_until_somebody_ends_it() {
    let dir = folder("serve-recorded");
    assert_eq!(run(&dir, &["run", &small(), "--out", "runs/dyes"]).code, Some(0));
    let mut server = flowtwin(&dir)
        .args(["serve", "runs", "--address", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let address = url.trim().strip_prefix("http://").unwrap().trim_end_matches('/');
    let runs = get(address, "/api/runs");
    assert!(runs.contains("\"name\":\"dyes\"") && runs.contains("\"experiments\":10"), "{runs}");
    let metrics = get(address, "/metrics");
    assert!(metrics.contains("flowtwin_experiments_total{run=\"dyes\"} 10\n"), "{metrics}");
    assert!(metrics.contains("flowtwin_best{run=\"dyes\",feature=\"red\"} 0.05758\n"), "{metrics}");
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let done = done(server.wait_with_output().unwrap());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn several_runs_make_one_page_with_what_differs() {
    let dir = folder("report-together");
    for seed in ["1", "2"] {
        let done = run(&dir, &["run", &small(), "--quiet", "--seed", seed, "--out", seed]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let planned = ["phase", "left"];
        assert!(planned.iter().all(|word| !done.stderr.contains(word)), "{}", done.stderr);
    }
    let told = |done: &Done| done.stderr.contains("`--page FILE` writes one page about these runs");
    assert!(told(&run(&dir, &["report", "1", "2"])) && !told(&run(&dir, &["report", "1"])));
    let done = run(&dir, &["report", "1", "2", "--page", "both.html"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(!told(&done));
    let page = std::fs::read_to_string(dir.join("both.html")).unwrap();
    for words in ["Runs side by side", "What differs between", "seed"] {
        assert!(page.contains(words), "{words} is missing");
    }
    let again = run(&dir, &["report", "1", "2", "--page", "again.html"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(dir.join("again.html")).unwrap(), page);
}

#[test]
fn what_cannot_be_served_is_bad_input() {
    let dir = folder("serve-bad");
    let cases: [(&[&str], &str); 2] = [
        (&["serve", "nowhere"], "there is no folder nowhere"),
        (&["serve", ".", "--address", "0.0.0.0:8750"], "can be reached from other computers"),
    ];
    for (args, words) in cases {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
    assert!(files(Path::new(&dir)).is_empty());
}
