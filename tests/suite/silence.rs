//! Campaign and watch hear each other: whichever of the two falls silent, the rig becomes safe, and nothing that was measured
//! meanwhile is an observation. Nothing here depends on how busy the machine is: every wait is for something that happens.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use flowtwin_backends::clock::WallClock;
use flowtwin_backends::wiring::Link;
use flowtwin_backends::{Wiring, connect};
use flowtwin_campaign::folder::read_journal;
use flowtwin_campaign::scenario::Scenario;
use flowtwin_lab::journal::Record;
use flowtwin_lab::{Command as Order, Lab as _, Reply, SensorKind, Setting};

use crate::killing::{is_alive, watch_of};
use crate::served::Served;
use crate::support::{folder, root, scenario};

/// So many experiments that they cannot be done by the time somebody falls silent.
const BODY: &str = "[[phases]]\nname = \"start\"\npolicy = \"lhs\"\nexperiments = 12\n";

/// A campaign on a rig of emulated instruments, at work, and its watch.
struct AtWork {
    served: Served,
    dir: PathBuf,
    file: PathBuf,
    campaign: Child,
    watch: u32,
}

impl AtWork {
    /// Starts a campaign and waits until it has told the heater to heat.
    fn new(name: &str, wiring: &Wiring) -> Self {
        let dir = folder(name);
        let file = scenario(&dir, "many", "cs3cu2i5.toml", BODY);
        let wiring_file = dir.join("wiring.toml");
        fs::write(&wiring_file, toml::to_string(wiring).unwrap()).unwrap();
        let served = Served::start(&dir, &file, &wiring_file, 100.0);
        let log = File::create(dir.join("said.log")).unwrap();
        let mut command = served.campaign(&dir, &file);
        let campaign = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut at_work = Self { served, dir, file, campaign, watch: 0 };
        at_work.until("heat", |it| it.has_heated());
        at_work.watch = watch_of(at_work.campaign.id()).expect("it has a watch");
        at_work
    }

    /// Waits for something, as long as the campaign is there.
    fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            let ended = self.campaign.try_wait().unwrap();
            assert!(ended.is_none() || is_so(self), "{what} never came: {}", self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.dir.join("said.log")).unwrap()
    }

    /// Whether the journal says that the heater was given a set point at which something may react.
    fn has_heated(&self) -> bool {
        let heats = |record: &Record| match record {
            Record::Command(c) => {
                matches!(c.send, Order::Heat { set_point_c, .. } if set_point_c.c() > 60.0)
            }
            _ => false,
        };
        read_journal(&self.dir.join("run")).is_ok_and(|j| j.records().iter().any(heats))
    }

    fn experiments(&self) -> usize {
        read_journal(&self.dir.join("run")).unwrap().experiments().count()
    }

    /// Waits for the end of the campaign and of its watch: the heater must be off then, and every pump stand still. Returns
    /// the exit code.
    fn ended(&mut self) -> Option<i32> {
        let status = self.campaign.wait().unwrap();
        while is_alive(self.watch) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let scenario = Scenario::load(&self.file).unwrap();
        let (heaters, sensors) =
            (scenario.manifest().heaters.clone(), scenario.manifest().sensors.clone());
        let wiring = self.served.wiring();
        let clock = Box::new(WallClock::real());
        let mut rig = connect(&wiring, scenario.manifest().clone(), clock).unwrap();
        for heater in heaters {
            let mut read = |setting: Setting| match rig.send(&Order::ReadBack { setting }).unwrap()
            {
                Reply::Reading(value) => value,
                other => panic!("{other:?}"),
            };
            let is_off = (read(Setting::Mode(heater.name.clone())) - Setting::OFF).abs() < 0.5;
            assert!(is_off, "nobody is left to turn it off: {}", self.said());
        }
        for sensor in sensors.iter().filter(|it| matches!(it.kind, SensorKind::Status(_))) {
            let reply = rig.send(&Order::Read { sensor: sensor.name.clone() }).unwrap();
            let Reply::Reading(status) = reply else { panic!("no status") };
            assert!(status.abs() < 0.5, "{}: {status}: {}", sensor.name, self.said());
        }
        status.code()
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // Where a test has failed; one that has ended is not there any more.
        if self.campaign.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _gone = self.campaign.kill();
            let _gone = self.campaign.wait();
        }
    }
}

fn signal(process: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(sent.unwrap().success(), "{signal} to {process}");
}

fn wiring(name: &str) -> Wiring {
    let text = fs::read_to_string(root().join("scenarios/wirings").join(name)).unwrap();
    Wiring::parse(&text).unwrap()
}

/// The reference rig without a cable that only one program can hold.
fn on_the_network() -> Wiring {
    let mut wiring = wiring("cs3cu2i5.toml");
    for pump in wiring.chemyx.keys().cloned().collect::<Vec<_>>() {
        wiring.set_link(&pump, Link::Tcp("emulated".into()));
    }
    wiring
}

/// As Ctrl-Z and `fg` do, or a computer that swaps.
#[test]
fn a_campaign_that_is_paused_ends_safe_when_it_goes_on_and_has_measured_nothing() {
    let mut rig = AtWork::new("paused", &on_the_network());
    signal(rig.campaign.id(), "-STOP");
    let before = rig.experiments();
    // The watch makes the rig safe, and its work is done.
    while is_alive(rig.watch) {
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(rig.campaign.id(), "-CONT");
    let code = rig.ended();
    let said = rig.said();
    // Where everything is so slow that not all has acknowledged soon, the watch ends it.
    let words = if code.is_none() { "keeps ports of the rig" } else { "then resume" };
    assert!(matches!(code, Some(3) | None) && said.contains(words), "{code:?}: {said}");
    assert_eq!(rig.experiments(), before, "{said}");
}

#[test]
fn a_watch_that_stands_still_ends_the_campaign() {
    let mut rig = AtWork::new("deaf-watch", &on_the_network());
    let before = rig.experiments();
    signal(rig.watch, "-STOP");
    let code = rig.ended();
    let said = rig.said();
    assert_eq!(code, Some(3), "{said}");
    assert!(
        said.contains(&format!("the watch (process {}) has not answered", rig.watch)),
        "{said}"
    );
    assert_eq!(rig.experiments(), before, "{said}");
}

/// It can only be reached by a port that the campaign holds.
#[test]
fn a_campaign_that_hangs_and_holds_the_port_of_the_heater_is_ended_by_its_watch() {
    let mut rig = AtWork::new("hung-serial", &wiring("serial-only.toml"));
    signal(rig.campaign.id(), "-STOP");
    let before = rig.experiments();
    let code = rig.ended();
    let said = rig.said();
    assert_eq!(code, None, "a signal has ended it: {said}");
    let ended = format!("the campaign (process {}) keeps ports of the rig", rig.campaign.id());
    assert!(said.contains(&ended), "{said}");
    assert_eq!(rig.experiments(), before);
}
