//! A bench of instruments that write down what they are told.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, Exposure, Fault, FaultKind, FlowRate, Frames, Instant, Lab as _, Manifest, Reply,
    Setting, Span, SpectrometerInfo, Temperature, Volume,
};

use super::doubles::Acts;
use super::{Bench, Cable, Instruments, Pulse, SAFE_WITHIN};
use crate::clock::Clock;
use crate::instrument::{Analyser, Heater, Light, Permit, Pump, Spectrometer, Valve};
use crate::transport::{Hurry, LONGEST_REPLY};

type Done = Result<(), FaultKind>;

/// What instruments and the clock were told, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Told(Rc<RefCell<Vec<&'static str>>>);

impl Told {
    fn told(&self, what: &'static str) -> Done {
        self.0.borrow_mut().push(what);
        Ok(())
    }

    fn taken(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.borrow_mut())
    }
}

impl Pump for Told {
    fn dispense(&mut self, _: FlowRate, _: Volume) -> Done {
        self.told("dispense")
    }
    fn withdraw(&mut self, _: FlowRate, _: Volume) -> Done {
        self.told("withdraw")
    }
    fn stop(&mut self) -> Done {
        self.told("stop")
    }
    fn status(&mut self) -> Result<u8, FaultKind> {
        Ok(3)
    }
    fn dispensed_ul(&mut self) -> Result<f64, FaultKind> {
        Ok(7.5)
    }
    fn rate_ul_per_min(&mut self) -> Result<f64, FaultKind> {
        Ok(60.0)
    }
}

impl Heater for Told {
    fn heat(&mut self, to: Temperature) -> Done {
        self.told(if to.c() > 50.0 { "heat" } else { "cool" })
    }
    fn off(&mut self) -> Done {
        self.told("off")
    }
    fn temperature_c(&mut self) -> Result<f64, FaultKind> {
        Ok(21.5)
    }
    fn power_percent(&mut self) -> Result<f64, FaultKind> {
        Ok(40.0)
    }
    fn set_point_c(&mut self) -> Result<f64, FaultKind> {
        Ok(42.0)
    }
    fn mode(&mut self) -> Result<f64, FaultKind> {
        Ok(2.0)
    }
}

impl Light for Told {
    fn switch(&mut self, on: bool) -> Done {
        self.told(if on { "light" } else { "dark" })
    }
    fn is_on(&mut self) -> Result<bool, FaultKind> {
        Ok(true)
    }
}

impl Valve for Told {
    fn turn(&mut self, position: usize) -> Done {
        self.told(["turned to 0", "turned to 1", "turned to 2"][position])
    }
    fn position(&mut self) -> Result<Option<usize>, FaultKind> {
        Ok(Some(2))
    }
}

impl Permit for Told {
    fn granted(&mut self) -> Result<bool, FaultKind> {
        Ok(true)
    }
}

impl Spectrometer for Told {
    fn describe(&mut self, _: &str) -> Result<SpectrometerInfo, FaultKind> {
        Ok(ToyLab::new().manifest().spectrometers[0].clone())
    }
    fn arm(&mut self, _: Exposure) -> Result<Span, FaultKind> {
        self.told("arm").map(|()| Span::from_secs(2.0))
    }
    fn fetch(&mut self) -> Result<Frames, FaultKind> {
        self.told("fetch").map(|()| Frames::new(1, Vec::new()))
    }
    fn integration_us(&mut self) -> Result<u32, FaultKind> {
        Ok(1000)
    }
}

impl Analyser for Told {
    fn inject(&mut self) -> Result<Span, FaultKind> {
        Ok(Span::from_secs(3.0))
    }
    fn results(&mut self) -> Result<Vec<f64>, FaultKind> {
        Ok(vec![0.25, 0.5])
    }
}

/// A clock that jumps to the end of every wait.
#[derive(Clone, Debug)]
struct Jumps {
    now: Instant,
    told: Told,
    /// How often it is asked whether a stop was requested, and from which time on one was.
    asked: Arc<AtomicU32>,
    stops_at: Option<u32>,
}

impl Default for Jumps {
    fn default() -> Self {
        Self { now: Instant::START, told: Told::default(), asked: Arc::default(), stops_at: None }
    }
}

impl Clock for Jumps {
    fn now(&self) -> Instant {
        self.now
    }
    fn tick(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.now = deadline;
        Ok(())
    }
    fn is_interrupted(&self) -> bool {
        let asked = 1 + self.asked.fetch_add(1, Ordering::SeqCst);
        self.stops_at.is_some_and(|at| asked >= at)
    }
    fn filled(&mut self, _: &flowtwin_lab::PumpId, _: Volume) -> Result<(), Fault> {
        self.told.told("filled").map_err(|kind| Fault::new(self.now, "clock", kind))
    }
}

fn manifest() -> Manifest {
    ToyLab::new().with_valve().with_analyser().manifest().clone()
}

/// Everything that the toy has.
fn instruments(told: &Told) -> Instruments {
    let (manifest, mut all) = (manifest(), Instruments::default());
    for info in manifest.pumps {
        all.pumps.insert(info.name, Box::new(told.clone()));
    }
    for info in manifest.valves {
        all.valves.insert(info.name, Box::new(told.clone()));
    }
    for info in manifest.analysers {
        all.analysers.insert(info.name, Box::new(told.clone()));
    }
    all.heaters.insert("plate".into(), Box::new(told.clone()));
    all.lights.insert("lamp".into(), Box::new(told.clone()));
    all.spectrometers.insert("eye".into(), Box::new(told.clone()));
    all.permits.insert("door".into(), Box::new(told.clone()));
    all
}

fn bench() -> (Bench, Told) {
    let told = Told::default();
    let clock = Jumps { told: told.clone(), ..Jumps::default() };
    (Bench::new(manifest(), instruments(&told), Box::new(clock)), told)
}

fn rate(ul_per_min: f64) -> FlowRate {
    FlowRate::from_ul_per_min(ul_per_min)
}

fn dispense(ul_per_min: f64) -> Command {
    let at_most_ul = Volume::from_ul(10.0);
    Command::Dispense { pump: "water".into(), rate_ul_per_min: rate(ul_per_min), at_most_ul }
}

fn withdraw(ul_per_min: f64) -> Command {
    let volume_ul = Volume::from_ul(10.0);
    Command::Withdraw { pump: "water".into(), rate_ul_per_min: rate(ul_per_min), volume_ul }
}

fn heat() -> Command {
    Command::Heat { heater: "plate".into(), set_point_c: Temperature::from_c(100.0) }
}

fn arm() -> Command {
    let exposure = Exposure { integration_us: 1000, frames: 1 };
    Command::Arm { spectrometer: "eye".into(), exposure }
}

fn light(on: bool) -> Command {
    Command::Light { light: "lamp".into(), on }
}

fn off() -> Command {
    Command::HeaterOff { heater: "plate".into() }
}

fn stop() -> Command {
    Command::Stop { pump: "water".into() }
}

fn fetch() -> Command {
    Command::Fetch { spectrometer: "eye".into() }
}

#[test]
fn what_was_set_to_work_is_made_safe_when_the_bench_is_dropped_and_nothing_else() {
    for works in [dispense(60.0), withdraw(60.0), heat(), arm(), light(true)] {
        let (mut bench, told) = bench();
        bench.send(&works).expect("it does");
        told.taken();
        drop(bench);
        let safe = told.taken();
        assert!(safe.starts_with(&["cool"]) && safe.ends_with(&["dark"]), "{works:?}: {safe:?}");
        assert!(safe.contains(&"stop"), "{works:?}: {safe:?}");
    }
    for rests in [off(), stop(), light(false), fetch(), Command::MakeSafe] {
        let (mut bench, told) = self::bench();
        bench.send(&rests).expect("it does");
        told.taken();
        drop(bench);
        assert_eq!(told.taken(), [""; 0], "{rests:?}");
    }
    let (mut bench, told) = bench();
    bench.send(&heat()).and_then(|_| bench.send(&Command::MakeSafe)).expect("it does");
    told.taken();
    drop(bench);
    assert_eq!(told.taken(), [""; 0], "it is safe already");
}

#[test]
fn a_rate_that_a_pump_does_not_reach_is_refused_before_it_is_told() {
    for command in [dispense, withdraw] {
        let (mut bench, told) = bench();
        for allowed in [0.0, 1.0, 1000.0] {
            bench.send(&command(allowed)).expect("it is in the range");
        }
        assert_eq!(told.taken().len(), 3);
        for refused in [0.5, 1000.5] {
            let fault = bench.send(&command(refused)).expect_err("it is out of the range");
            assert!(matches!(fault.kind, FaultKind::OutOfRange { .. }), "{fault}");
        }
        assert_eq!(told.taken(), [""; 0]);
    }
}

#[test]
fn a_syringe_that_was_filled_is_told_to_who_keeps_the_time() {
    let (mut bench, told) = bench();
    let fill = |pump: &str| Command::Fill { pump: pump.into(), holds_ul: Volume::from_ul(500.0) };
    assert_eq!(bench.send(&fill("water")), Ok(Reply::Done));
    assert_eq!(told.taken(), ["filled"]);
    let fault = bench.send(&fill("wine")).expect_err("there is none");
    assert!(fault.to_string().contains("there is no wine"), "{fault}");
    assert_eq!(told.taken(), [""; 0]);
}

#[test]
fn a_valve_turns_to_a_position_by_its_name() {
    let (mut bench, told) = bench();
    let valve = bench.manifest().valves[0].clone();
    let turn = |position: &str| {
        let (valve, position) = (valve.name.clone(), position.into());
        Command::Turn { valve, position }
    };
    assert_eq!(bench.send(&turn(&valve.positions[1].name)), Ok(Reply::Done));
    assert_eq!(told.taken(), ["turned to 1"]);
    let fault = bench.send(&turn("nowhere")).expect_err("there is no such position");
    assert!(fault.to_string().contains("it has no position \"nowhere\""), "{fault}");
}

#[test]
fn sensors_are_read_where_they_are() {
    let (mut bench, _) = bench();
    let mut read = |sensor: &str| bench.send(&Command::Read { sensor: sensor.into() });
    let values = [
        ("plate.temperature", 21.5),
        ("water.status", 3.0),
        ("water.dispensed", 7.5),
        ("door", 1.0),
    ];
    for (sensor, value) in values {
        assert_eq!(read(sensor), Ok(Reply::Reading(value)), "{sensor}");
    }
    let fault = read("window").expect_err("there is none");
    assert!(fault.to_string().contains("there is no window"), "{fault}");
}

#[test]
fn settings_are_read_back_where_they_are_kept() {
    let (mut bench, _) = bench();
    let valve = bench.manifest().valves[0].name.clone();
    for (setting, value) in [
        (Setting::SetPoint("plate".into()), 42.0),
        (Setting::Mode("plate".into()), 2.0),
        (Setting::Rate("water".into()), 60.0),
        (Setting::Position(valve), 2.0),
        (Setting::Light("lamp".into()), 1.0),
        (Setting::Integration("eye".into()), 1000.0),
    ] {
        let asked = Command::ReadBack { setting };
        assert_eq!(bench.send(&asked), Ok(Reply::Reading(value)), "{asked:?}");
    }
}

#[test]
fn an_analyser_takes_its_time_and_then_tells_what_it_found() {
    let (mut bench, _) = bench();
    let analyser = bench.manifest().analysers[0].name.clone();
    bench.wait(Span::from_secs(5.0)).expect("time passes");
    let inject = Command::Inject { analyser: analyser.clone() };
    assert_eq!(bench.send(&inject), Ok(Reply::Ready(Instant::from_secs(8.0))));
    let results = Command::Results { analyser };
    assert_eq!(bench.send(&results), Ok(Reply::Results(vec![0.25, 0.5])));
}

#[test]
fn the_instruments_of_a_bench_are_shown_by_their_names() {
    let shown = format!("{:?}", instruments(&Told::default()));
    for name in ["water", "plate", "lamp", "eye", "door"] {
        assert!(shown.contains(name), "{shown}");
    }
}

/// Somebody who hears beats until there are none left, and who confirms at the last but so many questions.
#[derive(Debug, Default)]
struct Heard {
    beats: u32,
    confirms_after: u32,
    gone: bool,
}

impl Pulse for Heard {
    fn beat(&mut self) -> Done {
        self.beats += 1;
        if self.gone { Err(FaultKind::Unwatched { detail: "gone".into() }) } else { Ok(()) }
    }

    fn confirm(&mut self) -> Result<bool, FaultKind> {
        self.confirms_after = self.confirms_after.saturating_sub(1);
        self.beat().map(|()| self.confirms_after == 0)
    }
}

/// A receiver that confirms with every beat.
#[derive(Debug, Default)]
struct Plain(Heard);

impl Pulse for Plain {
    fn beat(&mut self) -> Done {
        self.0.beat()
    }
}

#[test]
fn who_does_not_say_otherwise_confirms_with_a_beat_also_where_it_is_shared() {
    let shared = Rc::new(RefCell::new(Plain::default()));
    let mut pulse = shared.clone();
    assert_eq!((pulse.beat(), pulse.confirm()), (Ok(()), Ok(true)));
    assert_eq!(shared.borrow().0.beats, 2);
    shared.borrow_mut().0.gone = true;
    assert!(pulse.beat().is_err() && pulse.confirm().is_err());
    let mut waits = Rc::new(RefCell::new(Heard { confirms_after: 2, ..Heard::default() }));
    assert_eq!((waits.confirm(), waits.confirm()), (Ok(false), Ok(true)));
}

#[test]
fn frames_are_believed_once_somebody_who_watches_has_confirmed() {
    let waits =
        |confirms_after| Rc::new(RefCell::new(Heard { confirms_after, ..Heard::default() }));
    let (bench, told) = bench();
    let pulse = waits(5);
    let mut bench = bench.with_pulse(Box::new(pulse.clone()));
    assert!(matches!(bench.send(&fetch()), Ok(Reply::Frames(_))));
    assert_eq!((told.taken(), pulse.borrow().confirms_after), (vec!["fetch"], 0));
    // Somebody gives up while nobody confirms.
    let clock = Jumps { stops_at: Some(3), ..Jumps::default() };
    let bench = Bench::new(manifest(), instruments(&told), Box::new(clock));
    let pulse = waits(1000);
    let fault = bench.with_pulse(Box::new(pulse.clone())).send(&fetch()).expect_err("given up");
    assert_eq!((fault.origin.as_str(), fault.kind), ("operator", FaultKind::Interrupted));
    assert_eq!(pulse.borrow().confirms_after, 997, "asked until then");
}

#[test]
fn every_command_and_every_moment_of_a_wait_shows_that_the_bench_is_alive() {
    let (bench, told) = bench();
    let pulse = Rc::new(RefCell::new(Heard::default()));
    let mut bench = bench.with_pulse(Box::new(pulse.clone()));
    let beats = || std::mem::take(&mut pulse.borrow_mut().beats);
    bench.send(&stop()).expect("it does");
    assert_eq!(beats(), 1);
    bench.wait_until(bench.now()).expect("that is now");
    assert_eq!(beats(), 0, "no time passes");
    bench.wait(Span::from_secs(5.0)).expect("time passes");
    assert_eq!((bench.now(), beats()), (Instant::from_secs(5.0), 1));
    pulse.borrow_mut().gone = true;
    told.taken();
    assert_eq!(bench.send(&stop()).expect_err("nobody watches").origin, "watch");
    assert_eq!(bench.wait(Span::from_secs(5.0)).expect_err("nobody watches").origin, "watch");
    assert_eq!(told.taken(), [""; 0]);
    // Nobody would turn a heater off that has a safe set point.
    bench.send(&Command::MakeSafe).expect("what stops the rig is done all the same");
    assert_eq!(told.taken().first(), Some(&"off"));
}

/// A bench of one heater at the end of a cable, where a stop is requested at this look. It takes its time: until the bench has looked
/// twice whether it must stop, or there is no time left. Its safe set point it takes at once.
fn slow(stops_at: Option<u32>) -> Bench {
    let clock = Jumps { stops_at, ..Jumps::default() };
    let asked = clock.asked.clone();
    let made = move |hurry: &Hurry| {
        let (hurry, asked) = (hurry.clone(), asked.clone());
        let slow = Acts(move |what| {
            while what != "cool" && asked.load(Ordering::SeqCst) < 2 {
                if hurry.grants(Duration::from_secs(3600)).is_zero() {
                    return Err(FaultKind::NoReply { waited_s: 1.0 });
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        });
        let mut instruments = Instruments::default();
        instruments.heaters.insert("plate".into(), Box::new(slow));
        instruments
    };
    let cable: Cable = (made(&Hurry::default()), Box::new(made));
    let mut manifest = ToyLab::new().manifest().clone();
    manifest.pumps.clear();
    let bench = Bench::of_cables(manifest, vec![cable], Box::new(clock));
    bench.with_safe_within(Duration::from_secs(3600))
}

#[test]
fn somebody_who_asks_for_the_end_is_obeyed_but_a_heater_is_turned_off_first() {
    assert_eq!(slow(None).send(&heat()), Ok(Reply::Done), "nobody asks for the end");
    let fault = slow(Some(1)).send(&heat()).expect_err("somebody asks for the end");
    assert_eq!((fault.origin.as_str(), fault.kind), ("plate", FaultKind::Interrupted));
    assert_eq!(slow(Some(1)).send(&off()), Ok(Reply::Done));
}

/// Half of the time belongs to the safe set point, and what is left to the other way; one reply has a share of it.
#[test]
fn replies_share_the_time_in_which_the_rig_must_be_safe() {
    let (sender, granted) = std::sync::mpsc::channel();
    let made = move |hurry: &Hurry| {
        let (hurry, sender) = (hurry.clone(), sender.clone());
        let timed = Acts(move |_| {
            sender.send(hurry.grants(Duration::from_secs(1_000_000))).expect("the test waits");
            Err(FaultKind::NoReply { waited_s: 1.0 })
        });
        let mut instruments = Instruments::default();
        instruments.heaters.insert("plate".into(), Box::new(timed));
        instruments
    };
    let cable = || -> Cable { (made(&Hurry::default()), Box::new(made.clone())) };
    let manifest = ToyLab::new().manifest().clone();
    let bench = Bench::of_cables(manifest, vec![cable()], Box::new(Jumps::default()));
    let mut bench = bench.with_safe_within(SAFE_WITHIN * 100);
    for again in [false, true] {
        if again {
            bench.let_go();
            assert!(bench.send(&off()).expect_err("let go").to_string().contains("no plate"));
            bench.install_cables(vec![cable()]);
        }
        bench.send(&Command::MakeSafe).expect_err("it takes nothing");
        let (set, turned_off) = (granted.recv().unwrap(), granted.recv().unwrap());
        assert_eq!((set, turned_off), (LONGEST_REPLY * 100, LONGEST_REPLY * 100));
    }
}
