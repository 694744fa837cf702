//! Drivers and emulators in two threads, over real pseudo-terminals and loopback TCP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use flowtwin_backends::bench::{Herald, Unsafe};
use flowtwin_backends::clock::{Clock as _, SharedClock, WallClock};
use flowtwin_backends::connect::discover;
use flowtwin_backends::heartbeat::{Alarm, Duty, Introduction, stand_watch};
use flowtwin_backends::wiring::Link;
use flowtwin_backends::{Bench, EmulatorServer, Wiring, connect, identify};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Fault, FaultKind, Instant, Lab, Manifest, Reply, Span, Temperature, conformance,
};

/// A toy lab that says whether it is safe: pump still, heater cool, lamp dark.
struct Observed(ToyLab, Arc<AtomicBool>);

impl Lab for Observed {
    fn manifest(&self) -> &Manifest {
        self.0.manifest()
    }
    fn now(&self) -> Instant {
        self.0.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        let reply = self.0.send(command);
        self.1.store(self.0.is_safe(), Ordering::Relaxed);
        reply
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        let waited = self.0.wait_until(deadline);
        self.1.store(self.0.is_safe(), Ordering::Relaxed);
        waited
    }
}

/// However busy the machine is, nothing that answers takes so long.
const LONG: std::time::Duration = std::time::Duration::from_secs(600);

/// Emulators in a thread of their own, until dropped.
struct Rig {
    wiring: Wiring,
    clock: String,
    speed: f64,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<bool>>,
}

impl Rig {
    /// Serves a toy lab as `text` wires it, and turns what is served into links.
    fn serve(text: &str, speed: f64) -> Self {
        let mut wiring = Wiring::parse(text).expect("a wiring file");
        let stop = Arc::new(AtomicBool::new(false));
        let (ready, served) = channel();
        let (asked, wired) = (stop.clone(), wiring.clone());
        let thread = std::thread::spawn(move || {
            let safe = Arc::new(AtomicBool::new(true));
            let world = Box::new(Observed(ToyLab::new(), safe.clone()));
            let mut server = EmulatorServer::open(world, &wired, speed).expect("ports");
            let clock = server.clock().expect("a port").to_string();
            ready.send((server.endpoints().clone(), clock)).expect("the test waits");
            server.run(&asked).expect("the ports can be waited for");
            drop(server);
            safe.load(Ordering::Relaxed)
        });
        let (endpoints, clock) = served.recv().expect("the server starts");
        for (name, at) in endpoints {
            wiring.set_link(&name, at.link().expect("a place to be found"));
        }
        Self { wiring, clock, speed, stop, thread: Some(thread) }
    }

    fn bench(&self, interrupt: Arc<AtomicBool>) -> Bench {
        let clock = WallClock::new(Instant::START, self.speed, interrupt);
        let manifest = ToyLab::new().manifest().clone();
        let bench = connect(&self.wiring, manifest, Box::new(clock)).expect("the wiring fits");
        bench.with_safe_within(LONG)
    }

    /// The time of the emulators, which this process then shares.
    fn clock(&self) -> SharedClock {
        SharedClock::connect(&self.clock, Instant::START, Arc::default())
            .expect("it tells the time")
    }

    /// Stops serving; whether the lab behind is safe.
    fn finish(mut self) -> bool {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().expect("still serving").join().expect("the server ends well")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

const NETWORK: &str = "schema = 1\npatience_s = 60\n[chemyx.water]\n[f4t.oven]\nloops = { plate = 1 }\n\
     inputs = { door = { module = 1, io = 2 } }\n[hdx.eye]\nserial_number = \"HDX00007\"\n\
     lamp = \"lamp\"\n";

const SERIAL: &str = "schema = 1\npatience_s = 60\n[chemyx.water]\ndialect = \"x\"\n[f4t.oven]\n\
     link.serial = { port = \"emulated\", baud = 38400 }\nloops = { plate = 1 }\n\
     inputs = { door = { module = 1, io = 2 } }\n\
     [hdx.eye]\nlink.serial = { port = \"emulated\", baud = 921600 }\n\
     [dc4100.leds]\nlights = { lamp = { channel = 0, current_ma = 100 } }\n";

#[test]
fn a_bench_over_tcp_and_pseudo_terminals_conforms() {
    for text in [NETWORK, SERIAL] {
        let rig = Rig::serve(text, 10.0);
        let mut bench = rig.bench(Arc::default());
        bench.ask_spectrometers().unwrap();
        assert_eq!(bench.manifest(), ToyLab::new().manifest());
        conformance::check(&mut bench, None).unwrap();
        assert!(rig.finish());
    }
}

#[test]
fn a_bench_that_shares_the_time_of_the_emulators_conforms_at_any_speed() {
    for text in [NETWORK, SERIAL] {
        let rig = Rig::serve(text, 5_000.0);
        let manifest = ToyLab::new().manifest().clone();
        let clock = Box::new(rig.clock());
        let bench = connect(&rig.wiring, manifest, clock).expect("the wiring fits");
        let mut bench = bench.with_safe_within(LONG);
        conformance::check(&mut bench, None).unwrap();
        assert!(rig.finish());
    }
}

/// Held up for 50 ms at a speed of 5000, a campaign would lose 250 s of lab time.
#[test]
fn a_campaign_that_is_held_up_loses_no_lab_time() {
    let rig = Rig::serve(NETWORK, 5_000.0);
    let mut clock = rig.clock();
    for second in 1..=5 {
        let deadline = Instant::from_secs(20.0 * f64::from(second));
        while clock.now() < deadline {
            clock.tick(deadline).unwrap();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        let late = clock.now().since(deadline).as_secs();
        assert!(late <= 0.6, "{late} s");
    }
    assert!(rig.finish());
}

#[test]
fn when_a_campaign_has_gone_time_passes_without_it() {
    let rig = Rig::serve(NETWORK, 1_000.0);
    let mut bench = rig.bench(Arc::default());
    let mut clock = rig.clock();
    bench.send(&dispense()).unwrap();
    clock.tick(clock.now() + Span::from_secs(1.0)).unwrap();
    let status = Command::Read { sensor: "water.status".into() };
    assert_eq!(bench.send(&status), Ok(Reply::Reading(1.0)));
    drop(clock);
    while bench.send(&status) == Ok(Reply::Reading(1.0)) {}
    assert_eq!(bench.send(&status), Ok(Reply::Reading(0.0)), "it has come to its volume");
    assert!(rig.finish());
}

/// A busy machine may hold up an instrument longer than a question that may not be meant for it can wait.
const TRIES: u32 = 20;

#[test]
fn who_is_there_is_found_without_a_wiring_file() {
    let rig = Rig::serve(SERIAL, 1.0);
    let port = |link: &Option<Link>| match link {
        Some(Link::Serial(settings)) => settings.port.clone(),
        other => panic!("{other:?}"),
    };
    let wiring = &rig.wiring;
    let ports = [
        ("chemyx", port(&wiring.chemyx["water"].link)),
        ("f4t", port(&wiring.f4t["oven"].link)),
        ("dc4100", port(&wiring.dc4100["leds"].link)),
        ("hdx", port(&wiring.hdx["eye"].link)),
    ];
    for (kind, port) in ports {
        let asked = (0..TRIES).find_map(|_| discover::at_serial_port(&port));
        let found = asked.expect("somebody answers");
        assert_eq!((found.kind, found.name, &found.problem), (kind, port, &None));
    }
    let network = Rig::serve(&NETWORK.replace("HDX00007", "HDX00123"), 1.0);
    let serials = |f: &flowtwin_backends::connect::Finding| f.identity.clone()?.serial_number;
    let is_there = |_| {
        let found = discover::on_network(std::net::Ipv4Addr::LOCALHOST).expect("a network");
        found.iter().filter_map(serials).any(|number| number == "HDX00123")
    };
    assert!((0..TRIES).any(is_there), "the spectrometer says who it is");
    assert!(rig.finish() && network.finish(), "nothing was moved, heated or lit");
}

#[test]
fn everybody_is_identified_and_a_swapped_cable_found() {
    let rig = Rig::serve(NETWORK, 1.0);
    let found = identify(&rig.wiring);
    assert!(found.iter().all(|f| f.is_right()), "{found:?}");
    let mut notes = found.iter().filter_map(|f| f.identity.as_ref()).flat_map(|who| &who.notes);
    assert!(notes.any(|note| note == "none of its 14 alarms stands"), "{found:?}");
    let mut swapped = rig.wiring.clone();
    swapped.hdx.get_mut("eye").expect("wired").serial_number = Some("HDX00008".into());
    let problems: Vec<_> = identify(&swapped).into_iter().filter_map(|f| f.problem).collect();
    assert!(matches!(&problems[..], [FaultKind::Refused { detail }]
        if detail.contains("HDX00007 is at the end of this cable")));
}

#[test]
fn an_instrument_that_is_not_there_is_found_without_harm_to_the_others() {
    let rig = Rig::serve(NETWORK, 1.0);
    let mut wiring = rig.wiring.clone();
    wiring.set_link("oven", Link::Tcp("127.0.0.1:1".into()));
    let wrong: Vec<_> = identify(&wiring).into_iter().filter(|f| !f.is_right()).collect();
    assert_eq!(wrong.len(), 1);
    assert!(matches!(wrong[0].problem, Some(FaultKind::LinkLost { .. })));

    let clock = Box::new(WallClock::real());
    let manifest = ToyLab::new().manifest().clone();
    let bench = connect(&wiring, manifest, clock).expect("the wiring fits");
    let mut bench = bench.with_safe_within(LONG);
    let fault = bench.send(&Command::MakeSafe).unwrap_err();
    let said = fault.to_string();
    assert!(said.contains("NOT SAFE: plate (the link is lost"), "{said}");
    assert!(!said.contains("water") && !said.contains("lamp"), "the others are safe: {said}");
}

#[test]
fn an_interrupt_ends_a_wait() {
    let rig = Rig::serve(NETWORK, 1.0);
    let interrupt = Arc::new(AtomicBool::new(false));
    let mut bench = rig.bench(interrupt.clone());
    let set_point_c = Temperature::from_c(60.0);
    bench.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    std::thread::spawn(move || interrupt.store(true, Ordering::Relaxed));
    let fault = bench.wait(Span::from_secs(3600.0)).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Interrupted);
    bench.send(&Command::MakeSafe).unwrap();
}

#[test]
fn a_bench_that_is_dropped_at_work_stops_its_pump() {
    let rig = Rig::serve(NETWORK, 1.0);
    let mut bench = rig.bench(Arc::default());
    bench.send(&dispense()).unwrap();
    drop(bench);
    assert!(rig.finish(), "the pump behind stands still");
}

/// What a campaign that dies at once says to its watch.
fn told(manifest: &flowtwin_lab::Manifest) -> std::io::Cursor<Vec<u8>> {
    told_by(String::new(), manifest)
}

/// The same of a campaign that has started programs as this one.
pub(crate) fn told_by(
    starter: String,
    manifest: &flowtwin_lab::Manifest,
) -> std::io::Cursor<Vec<u8>> {
    let introduction = Introduction { process: 0, starter, manifest: manifest.clone() };
    let mut line = serde_json::to_vec(&introduction).expect("plain data");
    line.push(b'\n');
    std::io::Cursor::new(line)
}

/// Informs nobody.
#[derive(Debug)]
pub(crate) struct Unheard;

impl Herald for Unheard {
    fn not_safe(&mut self, _: &[Unsafe]) {}
    fn safe(&mut self) {}
}

/// Takes down what people are told.
#[derive(Clone, Debug, Default)]
struct Told(Arc<std::sync::Mutex<Vec<Vec<Unsafe>>>>);

impl Herald for Told {
    fn not_safe(&mut self, left: &[Unsafe]) {
        self.0.lock().expect("nobody panics meanwhile").push(left.to_vec());
    }
    fn safe(&mut self) {
        self.0.lock().expect("nobody panics meanwhile").push(Vec::new());
    }
}

#[test]
fn people_are_told_what_is_on_the_heater_first_and_when_all_is_safe() {
    let rig = Rig::serve(&NETWORK.replace("water]", "water]\nlink.tcp = \"\""), 1.0);
    let told = Told::default();
    let mut bench = rig.bench(Arc::default()).with_herald(Box::new(told.clone()));
    bench.send(&dispense()).unwrap();
    bench.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    let set_point_c = Temperature::from_c(60.0);
    bench.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    // What was turned off again is not among what is on.
    bench.send(&Command::MakeSafe).unwrap();
    assert_eq!(told.0.lock().unwrap().pop(), Some(Vec::new()), "all is safe");
    bench.send(&dispense()).unwrap();
    bench.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    assert!(!rig.finish(), "it heats and flows when its cables come loose");
    let fault = bench.send(&Command::MakeSafe).unwrap_err();
    assert!(fault.to_string().contains("NOT SAFE: plate"), "{fault}");
    let left = told.0.lock().unwrap().pop().expect("it is told at once");
    let words: Vec<_> =
        left.iter().map(|it| (it.what, it.name.as_str(), it.does.as_str())).collect();
    let expected = [
        ("heater", "plate", "is on, last set to 60.0 °C"),
        ("pump", "water", "runs at 60.0 µL/min, and stops by itself after 900 µL"),
        ("light", "lamp", "may be on"),
    ];
    assert_eq!(words, expected);
    assert!(left.iter().all(|it| !it.why.is_empty()));
}

/// A watch that ends no campaign, for there is no other process.
fn stand(
    wiring: &Wiring,
    beats: impl std::io::Read + Send + 'static,
    output: &mut Vec<u8>,
) -> Result<Alarm, flowtwin_backends::heartbeat::WatchError> {
    let duty = Duty {
        wiring,
        silence: LONG,
        tries_for: LONG,
        safe_within: LONG,
        on_alarm: &mut |_| {},
        herald: Box::new(Unheard),
        end_campaign: &mut |_| panic!("a campaign that has gone need not be ended"),
    };
    stand_watch(duty, beats, output)
}

#[test]
fn when_a_campaign_dies_the_watch_makes_the_rig_safe() {
    let rig = Rig::serve(&NETWORK.replace("water]", "water]\nlink.tcp = \"\""), 1.0);
    let mut campaign = rig.bench(Arc::default());
    let set_point_c = Temperature::from_c(180.0);
    campaign.send(&Command::Heat { heater: "plate".into(), set_point_c }).unwrap();
    campaign.send(&dispense()).unwrap();
    campaign.send(&Command::Light { light: "lamp".into(), on: true }).unwrap();
    // Killed: nothing of it runs any more, not even what runs on drop.
    std::mem::forget(campaign);
    let manifest = ToyLab::new().manifest().clone();
    let mut said = Vec::new();
    let alarm = stand(&rig.wiring, told(&manifest), &mut said).unwrap();
    assert_eq!(alarm, Alarm::Closed);
    assert!(said.starts_with(b"watching\n!"), "{said:?}");
    let mut visitor = rig.bench(Arc::default());
    let sensor = "water.status".into();
    assert_eq!(visitor.send(&Command::Read { sensor }), Ok(Reply::Reading(0.0)));
    assert!(rig.finish(), "pump still, heater off, light out");
}

/// A campaign that has said what is installed, and then hangs with its pipe open.
struct Hangs(std::io::Cursor<Vec<u8>>);

impl std::io::Read for Hangs {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        if read == 0 {
            // Longer than any test.
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
        Ok(read)
    }
}

/// A watch of a campaign that hangs: how it ends, and whom it has ended.
fn beside_one_that_hangs(wiring: &Wiring, tries_for_s: u64) -> (Result<Alarm, String>, Vec<u32>) {
    let (mut ended, mut alarms, herald) = (Vec::new(), Vec::new(), Told::default());
    let duty = Duty {
        wiring,
        silence: std::time::Duration::from_millis(20),
        tries_for: std::time::Duration::from_secs(tries_for_s),
        safe_within: LONG,
        on_alarm: &mut |alarm| alarms.push(alarm.clone()),
        herald: Box::new(herald.clone()),
        end_campaign: &mut |process| ended.push(process),
    };
    let beats = Hangs(told(ToyLab::new().manifest()));
    let done = stand_watch(duty, beats, std::io::sink()).map_err(|error| error.to_string());
    assert!(matches!(alarms[..], [Alarm::Silent(_)]), "{alarms:?}");
    let said = herald.0.lock().expect("nobody panics meanwhile");
    let is_safe = said.last().expect("people are told").is_empty();
    assert_eq!(is_safe, done.is_ok(), "{said:?}");
    (done, ended)
}

#[test]
fn a_campaign_that_hangs_is_ended_where_it_keeps_what_the_watch_needs_and_not_otherwise() {
    let me = 0;
    // The heater is on a port that has one user.
    let rig = Rig::serve(SERIAL, 1.0);
    let (done, ended) = beside_one_that_hangs(&rig.wiring, 600);
    assert!(matches!(done, Ok(Alarm::Silent(_))), "{done:?}");
    assert_eq!(ended, [me]);
    assert!(rig.finish());
    // Everything can be reached beside it.
    let rig = Rig::serve(&NETWORK.replace("water]", "water]\nlink.tcp = \"\""), 1.0);
    let (done, ended) = beside_one_that_hangs(&rig.wiring, 600);
    assert!(matches!(done, Ok(Alarm::Silent(_))), "{done:?}");
    assert!(ended.is_empty(), "{ended:?}");
    // A pump does not obey: who knows whether the campaign keeps it.
    let mut wiring = rig.wiring.clone();
    wiring.set_link("water", Link::Tcp("127.0.0.1:1".into()));
    let (done, ended) = beside_one_that_hangs(&wiring, 4);
    let said = done.unwrap_err();
    assert!(said.contains("NOT SAFE: water"), "{said}");
    assert_eq!(ended, [me], "once, and not at the first try");
}

#[test]
fn a_campaign_that_has_gone_is_not_ended_where_its_port_is_needed() {
    let rig = Rig::serve(SERIAL, 1.0);
    let mut said = Vec::new();
    let alarm = stand(&rig.wiring, told(ToyLab::new().manifest()), &mut said).unwrap();
    assert_eq!(alarm, Alarm::Closed);
    assert!(rig.finish());
}

/// Beats of a campaign that ends when its rig does.
struct Last(std::io::Cursor<Vec<u8>>, Option<Rig>);

impl std::io::Read for Last {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        if read == 0 {
            assert!(self.1.take().is_none_or(Rig::finish), "nothing was done");
        }
        Ok(read)
    }
}

/// The ports of emulated instruments are given to others when these have gone: nobody may go on talking there.
#[test]
fn a_watch_of_emulated_instruments_ends_when_they_have_gone() {
    let rig = Rig::serve(NETWORK, 1.0);
    let mut wiring = rig.wiring.clone();
    (wiring.simulated, wiring.clock) = (true, Some(rig.clock.clone()));
    let told = told(ToyLab::new().manifest());
    let mut said = Vec::new();
    assert_eq!(stand(&wiring, Last(told, Some(rig)), &mut said).unwrap(), Alarm::Closed);
    assert_eq!(said, b"watching\n", "not even one try");
}

/// Ends its rig once something of it is not safe.
struct Ends(Option<Rig>);

impl std::fmt::Debug for Ends {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ends")
    }
}

impl Herald for Ends {
    fn not_safe(&mut self, _: &[Unsafe]) {
        let _safe = self.0.take().map(Rig::finish);
    }
    fn safe(&mut self) {}
}

#[test]
fn what_has_gone_while_it_was_made_safe_is_left_alone() {
    let rig = Rig::serve(&NETWORK.replace("water]", "water]\nlink.tcp = \"\""), 1.0);
    let mut wiring = rig.wiring.clone();
    (wiring.simulated, wiring.clock) = (true, Some(rig.clock.clone()));
    // Without its pump the first try fails.
    wiring.set_link("water", Link::Tcp("127.0.0.1:1".into()));
    let duty = Duty {
        wiring: &wiring,
        silence: LONG,
        tries_for: LONG,
        safe_within: LONG,
        on_alarm: &mut |_| {},
        herald: Box::new(Ends(Some(rig))),
        end_campaign: &mut |_| panic!("a campaign that has gone need not be ended"),
    };
    let alarm = stand_watch(duty, told(ToyLab::new().manifest()), std::io::sink());
    assert_eq!(alarm.expect("nothing is left to be made safe"), Alarm::Closed);
}

#[test]
fn a_watch_that_cannot_reach_the_heater_does_not_begin() {
    let rig = Rig::serve(NETWORK, 1.0);
    let mut wiring = rig.wiring.clone();
    wiring.set_link("oven", Link::Tcp("127.0.0.1:1".into()));
    let manifest = ToyLab::new().manifest().clone();
    let mut said = Vec::new();
    let refused = stand(&wiring, told(&manifest), &mut said);
    assert!(refused.unwrap_err().to_string().starts_with("a heater cannot be reached"));
    assert_eq!(said, b"");
}

fn dispense() -> Command {
    Command::Dispense {
        pump: "water".into(),
        rate_ul_per_min: flowtwin_lab::FlowRate::from_ul_per_min(60.0),
        at_most_ul: flowtwin_lab::Volume::from_ul(900.0),
    }
}
