//! A rig of emulated instruments in this process, and campaigns in others that drive it over real ports.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command as Program, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as WallInstant};

use flowtwin_backends::emulator::faulty::{Mischief, ScriptedFault};
use flowtwin_backends::{EmulatorServer, Wiring};
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::Instant;
use flowtwin_lab::journal::Journal;

use super::world::{Known, Lie, World};
use crate::killing::{is_alive, watch_of};
use crate::support::flowtwin;

/// Lab time in a second of wall time.
const SPEED: f64 = 300.0;
/// Time in which a campaign gets used to real time [s].
const REAL_BEFORE_S: f64 = 8.0;
/// A turn of the server that took longer was held up by something else than the campaign.
const LONGEST_TURN_S: f64 = 0.05;
/// No trial takes longer, unless something hangs that must not.
const ENDLESS: Duration = Duration::from_secs(400);

/// The rig of a trial, with what befalls it.
pub(crate) struct Rig {
    pub(crate) dir: PathBuf,
    pub(crate) file: PathBuf,
    known: Arc<Mutex<Known>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// What befalls a rig: in lab time, on the wires of these instruments, and behind them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) when: (f64, f64),
    pub(crate) wires: Vec<(String, Mischief)>,
    pub(crate) lie: Option<Lie>,
    /// Whether time passes as it does on a real rig from a moment before that: what looks at a rig twice a second of the wall
    /// would look twice in minutes.
    pub(crate) in_real_time: bool,
}

impl Rig {
    /// Serves the instruments of `wiring` over the world of a scenario, and writes the wiring file that leads there.
    pub(crate) fn serve(dir: PathBuf, file: PathBuf, mut wiring: Wiring, fate: &Fate) -> Self {
        let (from, to) = (Instant::from_secs(fate.when.0), Instant::from_secs(fate.when.1));
        wiring.faults = fate.wires.iter().map(|(name, what)| scripted(name, *what, fate)).collect();
        let known = Arc::new(Mutex::new(Known::new((from, to), fate.lie)));
        let stop = Arc::new(AtomicBool::new(false));
        let (ready, served) = channel();
        let scenario = file.clone();
        let (wired, seen, asked) = (wiring.clone(), known.clone(), stop.clone());
        let slow = fate.in_real_time.then(|| Instant::from_secs(fate.when.0 - REAL_BEFORE_S));
        let thread = std::thread::spawn(move || {
            let scenario = Scenario::load(&scenario).expect("a scenario");
            let lab = Box::new(scenario.simulated().unwrap().lab(scenario.file().seed));
            let world = Box::new(World::new(lab, seen.clone()));
            let mut server = EmulatorServer::open(world, &wired, SPEED).expect("ports");
            let clock = server.clock().expect("a port").to_string();
            ready.send((server.endpoints().clone(), clock)).expect("the trial waits");
            serve(&mut server, &seen, &asked, slow);
        });
        let (endpoints, clock) = served.recv().expect("the server starts");
        wiring.faults.clear();
        (wiring.simulated, wiring.clock) = (true, Some(clock));
        for (name, at) in endpoints {
            wiring.set_link(&name, at.link().expect("a place to be found"));
        }
        fs::write(dir.join("wired.toml"), toml::to_string(&wiring).unwrap()).unwrap();
        Self { dir, file, known, stop, thread: Some(thread) }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nobody panics while looking")
    }

    /// Starts the campaign, or goes on with it.
    pub(crate) fn start(&self) -> Campaign {
        self.start_with(&["--accept-first"])
    }

    /// Starts the campaign with more options, or goes on with it.
    pub(crate) fn start_with(&self, more: &[&str]) -> Campaign {
        let mut command: Program = flowtwin(&self.dir);
        command.arg("run").arg(&self.file).args(["--backend", "hardware", "--yes", "--out", "run"]);
        command.args(["--wiring", "wired.toml"]).args(more);
        if self.dir.join("run/journal.jsonl").exists() {
            command.arg("--resume");
        }
        let log = fs::File::options().create(true).append(true).open(self.dir.join("said.log"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log.expect("a log"));
        Campaign { process: command.spawn().expect("it starts"), begun: WallInstant::now() }
    }

    /// The wiring file that leads to the instruments.
    pub(crate) fn wiring(&self) -> Wiring {
        Wiring::parse(&fs::read_to_string(self.dir.join("wired.toml")).unwrap()).unwrap()
    }

    /// Writes another one.
    pub(crate) fn rewire(&self, wiring: &Wiring) {
        fs::write(self.dir.join("wired.toml"), toml::to_string(wiring).unwrap()).unwrap();
    }

    pub(crate) fn journal(&self) -> Journal {
        read_journal(&self.dir.join("run")).expect("the journal holds")
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.dir.join("said.log")).unwrap_or_default()
    }

    /// Waits for something that must come.
    pub(crate) fn until(&self, what: &str, mut is_so: impl FnMut(&Known) -> bool) {
        let begun = WallInstant::now();
        while !is_so(&self.known()) {
            assert!(
                begun.elapsed() < ENDLESS,
                "{}: {what} never came: {}",
                self.dir.display(),
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Rig {
    /// Takes its instruments away, and waits for the end of a watch that has asked them in vain: it keeps their ports, whose names
    /// another rig may get.
    pub(crate) fn gone(self, watch: Option<u32>) {
        drop(self);
        let begun = WallInstant::now();
        while watch.is_some_and(is_alive) {
            assert!(begun.elapsed() < ENDLESS, "a watch goes on without instruments");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

fn scripted(name: &str, what: Mischief, fate: &Fate) -> ScriptedFault {
    let (from, to) = fate.when;
    ScriptedFault { instrument: name.into(), at_s: from, for_s: to - from, share: 1.0, what }
}

/// Serves, and counts the clock of the rig.
fn serve(
    server: &mut EmulatorServer,
    known: &Mutex<Known>,
    stop: &AtomicBool,
    mut slow: Option<Instant>,
) {
    while !stop.load(Ordering::SeqCst) {
        if slow.is_some_and(|from| server.now() >= from) {
            server.set_speed(1.0);
            slow = None;
        }
        let (lab, wall) = (server.now(), WallInstant::now());
        server.turn().expect("the ports can be waited for");
        let lab_s = server.now().since(lab).as_secs();
        let wall_s = wall.elapsed().as_secs_f64().min(LONGEST_TURN_S);
        let mut known = known.lock().expect("nobody panics while looking");
        if known.begun {
            known.rig_s += lab_s.max(wall_s);
            known.wall_s += wall_s;
            known.turned_at = server.now();
        }
    }
}

/// A campaign under way.
pub(crate) struct Campaign {
    process: Child,
    begun: WallInstant,
}

impl Campaign {
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    /// Ends it without asking; its watch sees to the rest.
    pub(crate) fn kill(&mut self) {
        // One that has ended need not be killed.
        let _ended = self.process.kill();
        self.process.wait().expect("a killed child ends");
    }

    pub(crate) fn watch(&self) -> Option<u32> {
        watch_of(self.process.id())
    }

    /// Waits for its end, and for that of its watch.
    pub(crate) fn ended(&mut self, rig: &Rig, watch: Option<u32>) -> Option<i32> {
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a child") {
                break status;
            }
            if self.begun.elapsed() > ENDLESS {
                let _killed = self.process.kill();
                panic!("{}: it never ended: {}", rig.dir.display(), rig.said());
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        while watch.is_some_and(is_alive) {
            assert!(self.begun.elapsed() < ENDLESS, "{}: the watch never ended", rig.dir.display());
            std::thread::sleep(Duration::from_millis(5));
        }
        status.code()
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(process: u32, signal: &str) {
    let sent = Program::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.expect("kill is there").success(), "{signal} to {process}");
}
