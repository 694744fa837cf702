//! Cables that were swapped are found before they cost anything, and a plug that was out costs one experiment and no truth.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowtwin_backends::wiring::Link;
use flowtwin_campaign::folder::read_journal;
use flowtwin_lab::Command as Act;
use flowtwin_lab::journal::{Journal, Record};

use crate::served::Served;
use crate::support::{Done, done, flowtwin, folder, root, scenario};

const SPEED: f64 = 1000.0;
const TWO: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 2\n";

struct Rig {
    dir: PathBuf,
    file: PathBuf,
    served: Served,
}

impl Rig {
    fn new(name: &str) -> Self {
        let dir = folder(name);
        let file = scenario(&dir, "few", "cs3cu2i5.toml", TWO);
        let path = root().join("scenarios/wirings/cs3cu2i5.toml");
        let served = Served::start(&dir, &file, &path, SPEED);
        Self { dir, file, served }
    }

    fn campaign(&self, more: &[&str]) -> Done {
        let mut command = self.served.campaign(&self.dir, &self.file);
        done(command.args(more).stdin(Stdio::null()).output().expect("it starts"))
    }

    /// Identifies the pumps, somebody giving these answers.
    fn identify(&self, answers: &[String]) -> Done {
        let mut command = flowtwin(&self.dir);
        command.args(["check", "wired.toml", "--identify"]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = piped.spawn().expect("it starts");
        let mut input = program.stdin.take().expect("a pipe was asked for");
        input.write_all((answers.join("\n") + "\n").as_bytes()).expect("it reads its answers");
        drop(input);
        done(program.wait_with_output().expect("it ends"))
    }

    fn journal(&self) -> Journal {
        read_journal(&self.dir.join("run")).unwrap()
    }

    /// Puts the plugs of two pumps into each other's sockets.
    fn swap(&self, a: &str, b: &str) {
        let mut wiring = self.served.wiring();
        let link = |name: &str| -> Link { wiring.chemyx[name].link.clone().expect("wired") };
        let (to_a, to_b) = (link(b), link(a));
        wiring.set_link(a, to_a);
        wiring.set_link(b, to_b);
        fs::write(self.dir.join("wired.toml"), toml::to_string(&wiring).unwrap()).unwrap();
    }
}

#[test]
fn pumps_are_identified_by_who_sees_them_move_and_asked_for_again_after_any_change() {
    let rig = Rig::new("identified");
    let names: Vec<String> = rig.served.wiring().pumps().iter().map(ToString::to_string).collect();
    let nobody = rig.identify(&names[..3]);
    assert_eq!(nobody.code, Some(2), "{}", nobody.stderr);
    assert!(nobody.stderr.contains("nobody is there"), "{}", nobody.stderr);
    assert!(!rig.dir.join("wired.toml.identified.json").exists(), "nothing half done is kept");

    let right = rig.identify(&names);
    assert_eq!(right.code, Some(0), "{}", right.stderr);
    let ran = rig.campaign(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    rig.swap("cui", "pfo");
    fs::remove_dir_all(rig.dir.join("run")).unwrap();
    let changed = rig.campaign(&[]);
    assert_eq!(changed.code, Some(2), "{}", changed.stderr);
    assert!(changed.stderr.contains("the wiring has changed"), "{}", changed.stderr);
    let seen: Vec<String> = names
        .iter()
        .map(|name| match name.as_str() {
            "cui" => "pfo".into(),
            "pfo" => "cui".into(),
            other => other.to_owned(),
        })
        .collect();
    let swapped = rig.identify(&seen);
    assert_eq!(swapped.code, Some(1), "{}", swapped.stderr);
    assert!(swapped.stderr.contains("the cable of cui moves pfo"), "{}", swapped.stderr);
    let refused = rig.campaign(&[]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(!rig.dir.join("run/journal.jsonl").exists(), "nothing has moved");
}

#[test]
fn a_first_experiment_that_is_unlike_its_rehearsal_stops_the_run_and_is_no_observation() {
    let rig = Rig::new("unlike");
    rig.swap("cui", "pfo");
    let stopped = rig.campaign(&[]);
    assert_eq!(stopped.code, Some(3), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("unlike its rehearsal"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("standard deviations"), "{}", stopped.stderr);
    let journal = rig.journal();
    assert_eq!((journal.experiments().count(), journal.spoiled().count()), (0, 1));
    match journal.records().last() {
        Some(Record::Command(command)) => assert_eq!(command.send, Act::MakeSafe),
        other => panic!("the last record is {other:?}"),
    }
    // Who knows better may say so.
    let accepted = rig.campaign(&["--accept-first"]);
    assert_eq!(accepted.code, Some(0), "{}", accepted.stderr);
    assert_eq!(rig.journal().experiments().count(), 2);
}

/// A plug between a campaign and an instrument on the network, which somebody can pull out.
struct Plug {
    address: String,
    out: Arc<AtomicBool>,
}

impl Plug {
    fn before(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let out = Arc::new(AtomicBool::new(false));
        let (pulled, target) = (out.clone(), target.to_owned());
        std::thread::spawn(move || {
            for host in listener.incoming().map_while(Result::ok) {
                if !pulled.load(Ordering::SeqCst) {
                    let instrument = TcpStream::connect(&target).expect("it listens");
                    join(&host, &instrument, &pulled);
                    join(&instrument, &host, &pulled);
                }
            }
        });
        Self { address, out }
    }

    fn pull(&self, out: bool) {
        self.out.store(out, Ordering::SeqCst);
    }
}

/// Passes on what comes, until one hangs up or the plug is out.
fn join(from: &TcpStream, to: &TcpStream, pulled: &Arc<AtomicBool>) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    let pulled = pulled.clone();
    from.set_read_timeout(Some(Duration::from_millis(5))).expect("a time-out");
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while !pulled.load(Ordering::SeqCst) {
            match from.read(&mut bytes) {
                Ok(0) => break,
                Ok(n) => to.write_all(&bytes[..n]).unwrap_or(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    });
}

/// Waits until the journal holds these words, behind those.
fn until(rig: &Rig, program: &mut std::process::Child, words: &[&str]) {
    loop {
        let text = fs::read_to_string(rig.dir.join("run/journal.jsonl")).unwrap_or_default();
        let found =
            words.iter().try_fold(0, |at, word| text[at..].find(word).map(|found| at + found));
        if found.is_some() {
            return;
        }
        assert!(program.try_wait().expect("a child").is_none(), "it has ended without {words:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_plug_that_was_out_costs_one_experiment_which_is_repeated_when_it_is_back() {
    for name in ["oven", "absorption"] {
        let rig = Rig::new(&format!("plug-{name}"));
        let mut wiring = rig.served.wiring();
        let link = match name {
            "oven" => wiring.f4t["oven"].link.clone(),
            _ => wiring.hdx["absorption"].link.clone(),
        };
        let Some(Link::Tcp(target)) = link else { panic!("{name} is on the network") };
        let plug = Plug::before(&target);
        wiring.set_link(name, Link::Tcp(plug.address.clone()));
        fs::write(rig.dir.join("wired.toml"), toml::to_string(&wiring).unwrap()).unwrap();

        let mut command = rig.served.campaign(&rig.dir, &rig.file);
        let log = fs::File::create(rig.dir.join("said.log")).unwrap();
        let piped = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut program = piped.spawn().expect("it starts");
        until(&rig, &mut program, &["\"proposal\":{\"experiment\":2", "\"dispense\""]);
        plug.pull(true);
        until(&rig, &mut program, &["\"spoiled\""]);
        plug.pull(false);
        let status = program.wait().expect("it ends");
        let said = fs::read_to_string(rig.dir.join("said.log")).unwrap();
        assert_eq!(status.code(), Some(0), "{name}: {said}");
        assert!(said.contains("everybody answers again and is who it was"), "{name}: {said}");
        let journal = rig.journal();
        assert!(journal.complete() && journal.experiments().all(|e| e.fault.is_none()), "{name}");
        assert_eq!(journal.experiments().count(), 2, "{name}");
        let spoiled: Vec<_> = journal.spoiled().collect();
        assert!(spoiled.iter().all(|s| s.experiment == 2 && s.fault.is_of_the_rig()), "{name}");
    }
}
