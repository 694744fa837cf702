//! What the server answers, asked over the network as a browser does.
#![expect(clippy::unwrap_used, reason = "a test fails by unwrapping")]

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtwin_serve::{Computed, Control, Reach, Runs, ServeError, Server, Teller};

/// Long enough for the slowest machine; nothing waits for it where all is well.
const LONG: Duration = Duration::from_secs(60);

fn base(name: &str) -> PathBuf {
    let base = std::env::temp_dir().join(format!("flowtwin-page-{name}-{}", std::process::id()));
    fs::create_dir_all(base.join("runs/one")).unwrap();
    base
}

fn serve(folder: &Path) -> Server {
    Server::start(
        "127.0.0.1:0".parse().unwrap(),
        Reach::ThisComputer,
        Runs::new([folder.to_owned()]),
        None,
        Computed::default(),
    )
    .unwrap()
}

fn append(base: &Path, text: &str) {
    let journal = base.join("runs/one/journal.jsonl");
    let mut file = OpenOptions::new().create(true).append(true).open(journal).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn send(address: SocketAddr, target: &str, more: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let host = if more.contains("host:") { String::new() } else { format!("host: {address}\r\n") };
    stream.write_all(format!("GET {target} HTTP/1.1\r\n{host}{more}\r\n").as_bytes()).unwrap();
    BufReader::new(stream)
}

/// The whole answer.
fn ask(address: SocketAddr, target: &str, more: &str) -> String {
    let mut text = Vec::new();
    send(address, target, &format!("connection: close\r\n{more}")).read_to_end(&mut text).unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// The next events of a stream: their numbers and texts.
fn events(stream: &mut BufReader<TcpStream>, count: usize) -> Vec<(u64, String)> {
    numbered(stream, count).0
}

/// The next events of a stream, and the number of the last, by which a browser goes on.
fn numbered(stream: &mut BufReader<TcpStream>, count: usize) -> (Vec<(u64, String)>, String) {
    let (mut found, mut id, mut last) = (Vec::new(), 0, String::new());
    while found.len() < count {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0, "the stream ended");
        if let Some(number) = line.strip_prefix("id: ") {
            number.trim().clone_into(&mut last);
            // The end of the line, and by what it is known again.
            id = number.split('-').next().unwrap().parse().unwrap();
        }
        if let Some(text) = line.strip_prefix("data: ").filter(|text| !text.trim().is_empty()) {
            found.push((id, text.trim_end().to_owned()));
        }
    }
    (found, last)
}

#[test]
fn a_browser_sees_what_is_written_and_goes_on_where_it_was() {
    let base = base("follow");
    append(&base, "{\"n\":0}\n{\"n\":1}\n{\"n\"");
    let server = serve(&base.join("runs"));
    let mut first = send(server.address(), "/api/runs/one/events", "");
    let (seen, last) = numbered(&mut first, 2);
    assert_eq!(seen, [(8, "{\"n\":0}".to_owned()), (16, "{\"n\":1}".to_owned())]);
    append(&base, ":2}\n");
    assert_eq!(events(&mut first, 1), [(24, "{\"n\":2}".to_owned())]);
    drop(first);
    append(&base, "{\"n\":3}\n");
    let back = format!("last-event-id: {last}\r\n");
    let mut back = send(server.address(), "/api/runs/one/events", &back);
    let numbers: Vec<u64> = events(&mut back, 2).into_iter().map(|(id, _)| id).collect();
    assert_eq!(numbers, [24, 32], "nothing is missed and nothing comes twice");
    drop(server);
    fs::remove_dir_all(base).unwrap();
}

#[test]
fn a_stranger_can_neither_read_nor_reach_a_file() {
    let base = base("stranger");
    append(&base, "{\"n\":0,\"secret\":1}\n");
    fs::write(base.join("runs/secret.txt"), "secret").unwrap();
    let server = serve(&base.join("runs"));
    let at = server.address();
    let events = "/api/runs/one/events";
    for more in [
        "origin: http://stranger.example\r\n",
        "origin: null\r\n",
        "sec-fetch-site: cross-site\r\n",
        "host: stranger.example\r\n",
    ] {
        for target in ["/", "/api/runs", events, "/metrics"] {
            let answer = ask(at, target, more);
            let refused = answer.starts_with("HTTP/1.1 403") || answer.starts_with("HTTP/1.1 421");
            assert!(refused && !answer.contains("secret"), "{target} {more}: {answer}");
            assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
        }
    }
    for target in [
        "/api/runs/..%2Fsecret.txt/events",
        "/api/runs/..%2F..%2Fetc/line?at=0",
        "/api/runs/%2Fetc%2Fpasswd/events",
        "/../secret.txt",
        "/secret.txt",
        "/api/runs/one/../../secret.txt",
    ] {
        let answer = ask(at, target, "");
        assert!(answer.starts_with("HTTP/1.1 40") && !answer.contains("secret\n"), "{answer}");
    }
    // Nothing is ordered: there is only reading.
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let post = format!("POST {events} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n\r\n");
    stream.write_all(post.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    drop(server);
    fs::remove_dir_all(base).unwrap();
}

#[test]
fn garbage_and_many_connections_leave_the_page_in_order() {
    let base = base("garbage");
    append(&base, "{\"n\":0}\n");
    let server = serve(&base.join("runs"));
    let at = server.address();
    for bytes in [&b"\0\xff\r\n\r\n"[..], b"GET\r\n\r\n", b"GET / HTTP/9\r\n\r\n", &[b'x'; 40_000]]
    {
        let mut stream = TcpStream::connect(at).unwrap();
        // The server may close before all is written.
        let _refused = stream.write_all(bytes);
        let _refused = stream.read_to_end(&mut Vec::new());
    }
    let gone: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(at).unwrap()).collect();
    drop(gone);
    let mut watching: Vec<_> = (0..50).map(|_| send(at, "/api/runs/one/events", "")).collect();
    for stream in &mut watching {
        assert_eq!(events(stream, 1).len(), 1);
    }
    assert!(ask(at, "/metrics", "").contains("\nflowtwin_watchers 50\n"));
    assert!(ask(at, "/", "").contains("<title>flowtwin</title>"));
    drop(server);
    fs::remove_dir_all(base).unwrap();
}

#[test]
fn what_others_could_reach_is_served_if_that_was_said_and_by_the_names_listed() {
    let start = |address: &str, reach| {
        Server::start(address.parse().unwrap(), reach, Runs::new([]), None, Computed::default())
    };
    for address in ["0.0.0.0:0", "[::]:0"] {
        let refused = start(address, Reach::Network(Vec::new()));
        assert!(matches!(refused, Err(ServeError::NoName(_))), "{address}");
    }
    let names = ["lab-pc", "https://twin.example.org"];
    let names = names.map(|name| name.parse().unwrap()).to_vec();
    let server = start("0.0.0.0:0", Reach::Network(names)).unwrap();
    let port = server.address().port();
    assert_eq!(server.url(), format!("http://lab-pc:{port}/"));
    let at = SocketAddr::from(([127, 0, 0, 1], port));
    let status = |more: &str| ask(at, "/api/runs", more).split(' ').nth(1).unwrap().to_owned();
    let own = format!("host: lab-pc:{port}\r\n");
    assert_eq!(status(&own), "200");
    assert_eq!(status(&format!("{own}origin: http://lab-pc:{port}\r\n")), "200");
    assert_eq!(status("host: twin.example.org\r\norigin: https://twin.example.org\r\n"), "200");
    // A foreign name that points here, what is no address of anything, and foreign pages.
    assert_eq!(status(&format!("host: stranger.example:{port}\r\n")), "421");
    assert_eq!(status(&format!("host: 0.0.0.0:{port}\r\n")), "421");
    assert_eq!(status(&format!("{own}origin: http://stranger.example\r\n")), "403");
    assert_eq!(status(&format!("{own}origin: https://lab-pc:{port}\r\n")), "403");
    assert_eq!(status(&format!("{own}origin: http://localhost:{port}\r\n")), "403");
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let refused = start(address, Reach::ThisComputer);
        assert!(matches!(refused, Err(ServeError::NotLoopback(_))), "{address}");
    }
}

#[test]
fn a_run_is_stopped_with_its_token_and_by_its_own_page_alone() {
    let base = base("stop");
    let stop = Arc::new(AtomicBool::new(false));
    let pause = Arc::new(AtomicBool::new(false));
    let control = Control::new(stop.clone(), pause.clone()).unwrap();
    let token = control.token().to_owned();
    let runs = Runs::new([base.join("runs")]);
    let server = Server::start(
        "127.0.0.1:0".parse().unwrap(),
        Reach::ThisComputer,
        runs,
        Some(control),
        Computed::default(),
    )
    .unwrap();
    let at = server.address();
    let post = |target: &str, more: &str| {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let head = format!("POST {target} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n");
        stream.write_all(format!("{head}{more}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_whitespace().nth(1).unwrap().to_owned()
    };
    let order = |more: &str| post("/api/stop", more);
    let right = format!("authorization: Bearer {token}\r\n");
    for target in ["/api/pause", "/api/continue"] {
        assert_eq!(post(target, ""), "401");
        assert_eq!(post(target, &format!("{right}origin: http://stranger.example\r\n")), "403");
    }
    assert!(ask(at, "/api/runs", "").contains("\"paused\":false"));
    assert_eq!(post("/api/pause", &right), "204");
    assert!(pause.load(Ordering::SeqCst) && ask(at, "/api/runs", "").contains("\"paused\":true"));
    assert_eq!(post("/api/continue", &right), "204");
    assert!(!pause.load(Ordering::SeqCst));
    assert_eq!(order(""), "401");
    assert_eq!(order("authorization: Bearer 0123\r\n"), "401");
    assert_eq!(order(&format!("{right}origin: http://stranger.example\r\n")), "403");
    assert!(ask(at, "/api/stop", &right).starts_with("HTTP/1.1 405"), "a link stops nothing");
    assert!(!ask(at, "/api/runs", "").contains(&token), "the token is told to nobody");
    assert!(!stop.load(Ordering::SeqCst));
    assert_eq!(order(&format!("{right}origin: http://{at}\r\n")), "204");
    assert!(stop.load(Ordering::SeqCst));
    drop(server);
    fs::remove_dir_all(base).unwrap();
}

#[test]
fn a_belief_is_asked_of_whoever_started_the_server() {
    let base = base("belief");
    append(&base, "{\"n\":0}\n");
    let question = "/api/runs/one/belief?feature=pli&x=a&y=b&experiments=5&held=";
    let without = serve(&base.join("runs"));
    assert!(ask(without.address(), &format!("{question}1"), "").starts_with("HTTP/1.1 404"));
    assert!(ask(without.address(), "/api/runs", "").contains("\"believes\":false"));

    let folder = base.join("runs/one");
    let believer = Teller::<flowtwin_serve::Question>::new(move |of, asked| {
        assert_eq!((of, asked.x.as_str(), asked.experiments), (folder.as_path(), "a", 5));
        match asked.held {
            1 => Ok(serde_json::json!({ "mean": [[1.5]] })),
            _ => Err(format!("there is no experiment {}", asked.held)),
        }
    });
    let runs = Runs::new([base.join("runs")]);
    let server = Server::start(
        "127.0.0.1:0".parse().unwrap(),
        Reach::ThisComputer,
        runs,
        None,
        Computed { believer: Some(believer), predictor: None },
    )
    .unwrap();
    let address = server.address();
    assert!(ask(address, "/api/runs", "").contains("\"believes\":true"));
    let told = ask(address, &format!("{question}1"), "");
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("{\"mean\":[[1.5]]}"), "{told}");
    let refused = ask(address, &format!("{question}9"), "");
    assert!(refused.starts_with("HTTP/1.1 422") && refused.ends_with("no experiment 9\n"));
    assert!(ask(address, "/api/runs/one/belief?feature=pli", "").starts_with("HTTP/1.1 400"));
    let other = question.replace("/one/", "/two/");
    assert!(ask(address, &format!("{other}1"), "").starts_with("HTTP/1.1 404"));
    let stranger = ask(address, &format!("{question}1"), "origin: http://example.org\r\n");
    assert!(stranger.starts_with("HTTP/1.1 403"), "{stranger}");
    fs::remove_dir_all(&base).unwrap();
}

#[test]
fn expected_spectra_are_asked_of_whoever_started_the_server() {
    let base = base("expected");
    append(&base, "{\"n\":0}\n");
    let without = serve(&base.join("runs"));
    let question = "/api/runs/one/expected?at=";
    assert!(ask(without.address(), &format!("{question}8"), "").starts_with("HTTP/1.1 404"));
    assert!(ask(without.address(), "/api/runs", "").contains("\"expects\":false"));

    let predictor = Teller::<flowtwin_serve::Measured>::new(|_, asked| match asked.at {
        8 => Ok(serde_json::json!([asked.before])),
        at => Err(format!("no experiment begins at {at}")),
    });
    let computed = Computed { predictor: Some(predictor), ..Computed::default() };
    let runs = Runs::new([base.join("runs")]);
    let server =
        Server::start("127.0.0.1:0".parse().unwrap(), Reach::ThisComputer, runs, None, computed)
            .unwrap();
    let address = server.address();
    assert!(ask(address, "/api/runs", "").contains("\"expects\":true"));
    for (words, wanted) in [("8", "[null]"), ("8&before=3", "[3]")] {
        let told = ask(address, &format!("{question}{words}"), "");
        assert!(told.starts_with("HTTP/1.1 200") && told.ends_with(wanted), "{told}");
    }
    let refused = ask(address, &format!("{question}9"), "");
    assert!(refused.starts_with("HTTP/1.1 422") && refused.ends_with("begins at 9\n"));
    assert!(ask(address, &format!("{question}x"), "").starts_with("HTTP/1.1 400"));
    let stranger = ask(address, &format!("{question}8"), "origin: http://example.org\r\n");
    assert!(stranger.starts_with("HTTP/1.1 403"), "{stranger}");
    fs::remove_dir_all(&base).unwrap();
}
