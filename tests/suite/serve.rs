//! The live page: it reads, and nothing else changes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use crate::support::{Done, done, files, flowtwin, folder, root, run};

/// Long enough for the slowest machine; nothing waits for it where all is well.
const LONG: Duration = Duration::from_secs(120);

/// How long what is waited for is left alone before it is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// `flowtwin serve` as a process, which ends with the test, however that ends.
struct Serving {
    process: Option<Child>,
    /// Where it says that the page is.
    url: String,
}

impl Serving {
    fn start(dir: &Path, args: &[&str]) -> Self {
        let mut command = flowtwin(dir);
        command.arg("serve").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let stdout = process.stdout.take().unwrap();
        let mut serving = Self { process: Some(process), url: String::new() };
        let (told, heard) = channel();
        spawn(move || {
            let mut url = String::new();
            let _read = BufReader::new(stdout).read_line(&mut url);
            told.send(url)
        });
        serving.url = heard.recv_timeout(LONG).expect("it says where the page is");
        serving
    }

    /// Name and port of the page.
    fn place(&self) -> &str {
        self.url.trim().strip_prefix("http://").unwrap().trim_end_matches('/')
    }

    #[cfg(target_os = "linux")]
    fn id(&self) -> u32 {
        self.process.as_ref().unwrap().id()
    }

    /// What it has done, once Ctrl-C has ended it.
    fn end(mut self) -> Done {
        let process = self.process.as_mut().unwrap();
        let pid = rustix::process::Pid::from_child(process);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let until = Instant::now() + LONG;
        while process.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "Ctrl-C does not end it");
            sleep(PAUSE / 10);
        }
        done(self.process.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ended = process.kill();
            let _ended = process.wait();
        }
    }
}

fn small() -> String {
    root().join("scenarios/dye-mixing.toml").display().to_string()
}

fn get(address: &str, target: &str) -> String {
    get_from(address, address, target)
}

/// A connection that does not wait for ever.
fn connected(address: &str) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address.parse().unwrap(), LONG).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.set_write_timeout(Some(LONG)).unwrap();
    stream
}

/// As a browser asks that has come to `address` by the name `host`.
fn get_from(address: &str, host: &str, target: &str) -> String {
    let mut stream = connected(address);
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
    let server = Serving::start(&dir, &["runs", "--address", "127.0.0.1:0"]);
    let address = server.place();
    let runs = get(address, "/api/runs");
    assert!(runs.contains("\"name\":\"dyes\"") && runs.contains("\"experiments\":10"), "{runs}");
    let metrics = get(address, "/metrics");
    assert!(metrics.contains("flowtwin_experiments_total{run=\"dyes\"} 10\n"), "{metrics}");
    assert!(metrics.contains("flowtwin_best{run=\"dyes\",feature=\"red\"} 0.05758\n"), "{metrics}");
    let done = server.end();
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

/// Most memory that a process has had so far \[MB\].
#[cfg(target_os = "linux")]
fn peak_mb(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

/// Processor time that a process has taken so far, by itself and in the system \[ticks\].
#[cfg(target_os = "linux")]
fn worked(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // They are the fields 14 and 15; the second, a name in brackets, may have blanks.
    let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
    fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// A connection for whose answers the operating system has little room.
#[cfg(target_os = "linux")]
fn narrow(place: std::net::SocketAddr) -> Option<TcpStream> {
    use rustix::net::{AddressFamily, SocketType, connect, socket, sockopt};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).ok()?;
    sockopt::set_socket_recv_buffer_size(&socket, 4096).ok()?;
    connect(&socket, &place).ok()?;
    Some(TcpStream::from(socket))
}

/// This many clients who ask for the journal `long` and read nothing, as they come through to the server.
#[cfg(target_os = "linux")]
fn slow_clients(clients: usize, address: &str) -> std::sync::mpsc::Receiver<TcpStream> {
    let ask = format!("GET /api/runs/long/events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let place: std::net::SocketAddr = address.parse().unwrap();
    let (told, taken) = channel();
    for _ in 0..clients {
        let (ask, told) = (ask.clone(), told.clone());
        spawn(move || {
            let mut stream = narrow(place)?;
            stream.write_all(ask.as_bytes()).ok()?;
            told.send(stream).ok()
        });
    }
    taken
}

/// Waits until a server has as many connections as it takes, and has done for each what it can: it rests for a second.
#[cfg(target_os = "linux")]
fn rests_with_all_it_takes(server: u32) {
    /// Most connections at a time.
    const CONNECTIONS: usize = 256;
    let until = Instant::now() + LONG;
    let (mut before, mut rested) = (0, 0);
    while rested < 10 {
        sleep(PAUSE);
        let open = std::fs::read_dir(format!("/proc/{server}/fd")).unwrap().count();
        let now = worked(server);
        rested = if open > CONNECTIONS && now == before { rested + 1 } else { 0 };
        before = now;
        assert!(Instant::now() < until, "{open} files are open, and it has worked {now} ticks");
    }
}

/// A thousand clients who ask for a journal of 48 MB and read nothing, and floods of garbage: neither is kept in memory.
#[cfg(target_os = "linux")]
#[test]
fn slow_clients_a_thousand_connections_and_garbage_take_little_memory() {
    const CLIENTS: usize = 1000;
    /// More than all buffers of 256 connections \[MB\].
    const ROOM_MB: f64 = 48.0;
    let dir = folder("serve-memory");
    std::fs::create_dir_all(dir.join("runs/long")).unwrap();
    let line = format!("{{\"n\":1,\"of\":\"{}\"}}\n", "x".repeat(4000));
    std::fs::write(dir.join("runs/long/journal.jsonl"), line.repeat(12_000)).unwrap();
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let more = rustix::process::Rlimit { current: limit.maximum.or(Some(4096)), ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, more).unwrap();
    let server = Serving::start(&dir, &["runs", "--address", "127.0.0.1:0"]);
    let address = server.place();
    assert!(get(address, "/api/runs").starts_with("HTTP/1.1 200"));
    let before = peak_mb(server.id());

    // Those beyond the first wait in the queue of the operating system, or before it.
    let slow = slow_clients(CLIENTS, address);
    rests_with_all_it_takes(server.id());
    let watched = peak_mb(server.id());
    assert!(watched < before + ROOM_MB, "{CLIENTS} slow clients: {before} to {watched} MB");
    // It holds the connections. Those that come through from now on end at once.
    drop(slow);

    let flood = vec![b'x'; 1 << 20];
    let large = format!(
        "POST /api/decide HTTP/1.1\r\nhost: {address}\r\ncontent-length: 99999999999\r\n\r\n"
    );
    for begin in ["", "GET /", "GET / HTTP/1.1\r\nhost: ", large.as_str(), "\0\r\n\r\n"] {
        for _ in 0..20 {
            let mut stream = connected(address);
            // The server may close before all is written.
            let _refused = stream.write_all(begin.as_bytes());
            let _refused = (0..4).try_for_each(|_| stream.write_all(&flood));
        }
    }
    let flooded = peak_mb(server.id());
    assert!(flooded < watched + ROOM_MB, "garbage: {watched} to {flooded} MB");
    assert!(get(address, "/api/runs").starts_with("HTTP/1.1 200"), "it goes on");
    assert_eq!(server.end().code, Some(0));
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
    let network = [".", "--address", "0.0.0.0:0", "--allow-network"];
    let names = ["--host", "lab-pc", "--host", "https://twin.example.org"];
    let server = Serving::start(&dir, &[network, names].concat());
    let named = server.place();
    let port = named.strip_prefix("lab-pc:").unwrap();
    let at = format!("127.0.0.1:{port}");
    let status = |host: &str| get_from(&at, host, "/api/runs")[9..12].to_owned();
    assert_eq!([status(named), status("twin.example.org")], ["200", "200"]);
    assert_eq!([status(&format!("rebound.example:{port}")), status("lab-pc")], ["421", "421"]);
    let done = server.end();
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
    let cases: [(&[&str], &str); 7] = [
        (&["serve", "nowhere"], "there is no folder nowhere"),
        (&all, "can be reached from other computers"),
        (&[&all[..], &["--allow-network"]].concat(), "0.0.0.0:8750 is every address"),
        (&network, "--allow-network: nobody else can reach 127.0.0.1"),
        (&[&network[..], &["--host", "lab-pc"]].concat(), "--host lab-pc: nobody else can reach"),
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
