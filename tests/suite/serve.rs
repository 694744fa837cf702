//! The live page: it reads, and nothing else changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;

use crate::support::{done, files, flowtwin, folder, root, run};

fn small() -> String {
    root().join("scenarios/dye-mixing.toml").display().to_string()
}

fn get(address: &str, target: &str) -> String {
    get_from(address, address, target)
}

/// As a browser asks that was led to `address` by the name `host`.
fn get_from(address: &str, host: &str, target: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
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
fn a_run_that_a_network_may_watch_warns_and_writes_the_same_bytes() {
    let dir = folder("serve-network");
    assert_eq!(run(&dir, &["run", &small(), "--out", "alone"]).code, Some(0));
    let network = ["--serve=0.0.0.0:0", "--allow-network", "--host", "lab-pc"];
    let done = run(&dir, &[&["run", &small(), "--out", "watched"], &network[..]].concat());
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let words = ["everybody who can reach 0.0.0.0:", "encrypts nothing", "the token (after '#')"];
    for warning in words {
        assert!(done.stderr.contains(warning), "{warning}: {}", done.stderr);
    }
    let token = done.stderr.split("live page: http://lab-pc:").nth(1).unwrap();
    let token = token.split("#token=").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(token.len(), 32);
    let bytes = files(&dir.join("watched"));
    assert_eq!(bytes, files(&dir.join("alone")));
    let holds = |bytes: &[u8]| bytes.windows(token.len()).any(|at| at == token.as_bytes());
    assert!(!bytes.iter().any(|(_, bytes)| holds(bytes)), "the token is in no file");
}

#[test]
fn a_network_comes_by_the_names_that_were_listed() {
    let dir = folder("serve-names");
    let mut server = flowtwin(&dir)
        .args(["serve", ".", "--address", "0.0.0.0:0", "--allow-network"])
        .args(["--host", "lab-pc", "--host", "https://twin.example.org"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let named = url.trim().strip_prefix("http://").unwrap().trim_end_matches('/');
    let port = named.strip_prefix("lab-pc:").unwrap();
    let at = format!("127.0.0.1:{port}");
    let status = |host: &str| get_from(&at, host, "/api/runs")[9..12].to_owned();
    assert_eq!([status(named), status("twin.example.org")], ["200", "200"]);
    assert_eq!([status(&format!("rebound.example:{port}")), status("lab-pc")], ["421", "421"]);
    let pid = rustix::process::Pid::from_child(&server);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let done = done(server.wait_with_output().unwrap());
    assert!(done.stderr.contains("warning: everybody who can reach"), "{}", done.stderr);
    assert!(!done.stderr.contains("token"), "a recorded run is not controlled: {}", done.stderr);
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
    let alone = run(&dir, &["report", "1"]);
    assert!(!alone.stderr.contains("page:"), "{}", alone.stderr);
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    // What has the page's name already stays, and the same page is written once.
    std::fs::write(dir.join("1-and-2.html"), "mine").unwrap();
    for _ in 0..2 {
        let done = run(&dir, &["report", "1", "2"]);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        let words = "1-and-2.html is something else, which stays: see 1-and-2-2.html";
        assert!(done.stderr.contains(words), "{}", done.stderr);
        assert!(done.stderr.contains("page: 1-and-2-2.html"), "{}", done.stderr);
    }
    assert_eq!(read("1-and-2.html"), "mine");
    assert!(!dir.join("1-and-2-3.html").exists());
    let done = run(&dir, &["report", "1", "2", "--page", "both.html"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(read("both.html"), read("1-and-2-2.html"));
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
    let all = ["serve", ".", "--address", "0.0.0.0:8750"];
    let network = ["serve", ".", "--allow-network"];
    let cases: [(&[&str], &str); 6] = [
        (&["serve", "nowhere"], "there is no folder nowhere"),
        (&all, "can be reached from other computers"),
        (&[&all[..], &["--allow-network"]].concat(), "0.0.0.0:8750 is every address"),
        (&network, "--allow-network: nobody else can reach 127.0.0.1"),
        (&[&network[..], &["--host", "*.example.org"]].concat(), "give a name as browsers show it"),
        (&["serve", ".", "--host", "lab-pc"], "--allow-network"),
    ];
    for (args, words) in cases {
        let done = run(&dir, args);
        assert_eq!(done.code, Some(2), "{args:?}: {}", done.stderr);
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
    assert!(files(Path::new(&dir)).is_empty());
}
