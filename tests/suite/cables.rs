//! Cables that were swapped are found before they cost anything, and a plug that was out costs one experiment and no truth.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

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
    // A tenth of the copper flows, whatever else this machine does: far beyond what moves an outcome.
    rig.swap("cui", "oa_cu");
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

/// A plug between a campaign and an instrument on the network. It comes out in the second experiment, and is put back once
/// the journal says that this has spoiled it: whatever passes it looks for that, so that nobody need be in time.
#[derive(Clone)]
struct Plug {
    journal: PathBuf,
    state: Arc<AtomicU8>,
}

const IN: u8 = 0;
const OUT: u8 = 1;
const BACK: u8 = 2;

impl Plug {
    /// A plug before `target`; the address before it.
    fn before(target: &str, journal: PathBuf) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let plug = Self { journal, state: Arc::new(AtomicU8::new(IN)) };
        let target = target.to_owned();
        std::thread::spawn(move || {
            for host in listener.incoming().map_while(Result::ok) {
                if !plug.is_out() {
                    let instrument = TcpStream::connect(&target).expect("it listens");
                    plug.join(&host, &instrument);
                    plug.join(&instrument, &host);
                }
            }
        });
        address
    }

    /// Whether it is out now.
    fn is_out(&self) -> bool {
        let (words, next) = match self.state.load(Ordering::SeqCst) {
            IN => (&["\"proposal\":{\"experiment\":2", "\"dispense\""][..], OUT),
            OUT => (&["\"spoiled\""][..], BACK),
            _ => return false,
        };
        let text = fs::read_to_string(&self.journal).unwrap_or_default();
        let found =
            words.iter().try_fold(0, |at, word| text[at..].find(word).map(|found| at + found));
        if found.is_some() {
            self.state.store(next, Ordering::SeqCst);
        }
        self.state.load(Ordering::SeqCst) == OUT
    }

    /// Passes on what comes, until one hangs up or the plug is out.
    fn join(&self, from: &TcpStream, to: &TcpStream) {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        let plug = self.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = from.read(&mut bytes) {
                if plug.is_out() || to.write_all(&bytes[..n]).is_err() {
                    break;
                }
            }
            let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
        });
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
        let plug = Plug::before(&target, rig.dir.join("run/journal.jsonl"));
        wiring.set_link(name, Link::Tcp(plug));
        fs::write(rig.dir.join("wired.toml"), toml::to_string(&wiring).unwrap()).unwrap();

        let Done { code, stderr: said, .. } = rig.campaign(&[]);
        assert_eq!(code, Some(0), "{name}: {said}");
        assert!(said.contains("everybody answers again and is who it was"), "{name}: {said}");
        let journal = rig.journal();
        assert!(journal.complete() && journal.experiments().all(|e| e.fault.is_none()), "{name}");
        assert_eq!(journal.experiments().count(), 2, "{name}");
        let spoiled: Vec<_> = journal.spoiled().collect();
        assert!(!spoiled.is_empty(), "{name}: the plug was out");
        assert!(spoiled.iter().all(|s| s.experiment == 2 && s.fault.is_of_the_rig()), "{name}");
    }
}
