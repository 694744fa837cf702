//! Instruments by file that lose their power, fall silent or are worked by hand: nothing runs on, and no number is taken for
//! another.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::codec::chemyx::Dialect;
use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::codec::rtu;
use flowtwin_backends::driver::protocol::{ProtocolDriver, ProtocolHost};
use flowtwin_backends::emulator::chemyx::ChemyxEmulator;
use flowtwin_backends::emulator::protocol::ProtocolEmulator;
use flowtwin_backends::emulator::{Ailment, Emulator, Line, MemoryWire, World, WorldBehind};
use flowtwin_backends::instrument::{Heater as _, Probe as _, Pump as _};
use flowtwin_backends::protocol::Protocol;
use flowtwin_backends::transport::{Dialog, Scripted, Transport};
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{
    Command, FaultKind, FlowRate, Lab, Reply, SensorKind, Setting, Span, Temperature, Volume,
};

const PATIENCE: Duration = Duration::from_secs(1);

fn file(name: &str) -> Rc<Protocol> {
    Rc::new(Protocol::load(name, "".as_ref()).expect("it comes with flowtwin"))
}

fn driver(name: &str, wire: Box<dyn Transport>) -> ProtocolDriver {
    let protocol = file(name);
    let address = if protocol.line.is_some() { 0 } else { 1 };
    let host = ProtocolHost::new(&protocol, Dialog::new(wire, PATIENCE), Framing::Rtu, 1);
    ProtocolDriver::new(protocol, ProtocolDriver::line(host), address)
}

/// An emulator that a test keeps hold of.
type Held = Rc<RefCell<Box<dyn Emulator>>>;

fn held(emulator: impl Emulator + 'static) -> (Held, World) {
    let world = Rc::new(RefCell::new(WorldBehind::new(Box::new(ToyLab::new()))));
    (Rc::new(RefCell::new(Box::new(emulator))), world)
}

fn wire(held: &Held, world: &World) -> Box<dyn Transport> {
    Box::new(MemoryWire::new(held.clone(), world.clone()))
}

fn lose_power(held: &Held, world: &World) {
    for begins in [true, false] {
        assert!(held.borrow_mut().afflict(Ailment::PowerLoss, begins, &mut *world.borrow_mut()));
    }
}

fn delivered_ul(world: &World) -> f64 {
    let mut world = world.borrow_mut();
    let kind = SensorKind::Dispensed("water".into());
    let sensor = world.manifest().sensor(&kind).expect("the toy has one").clone();
    match world.send(&Command::Read { sensor }) {
        Ok(Reply::Reading(ul)) => ul,
        other => panic!("{other:?}"),
    }
}

/// A pump that has lost its power comes back in mL/min: the same number would be a thousand times as much.
#[test]
fn a_pump_by_file_that_lost_its_power_pumps_what_it_is_told_to() {
    let (emulator, world) = held(ChemyxEmulator::single(Dialect::Classic, "water".into()));
    let mut pump = driver("chemyx-fusion", wire(&emulator, &world)).with_bore(Some(20.0));
    let (rate, volume) = (FlowRate::from_ul_per_min(5.0), Volume::from_ul(4.0));
    pump.dispense(rate, volume).expect("it runs");
    lose_power(&emulator, &world);
    let noticed = pump.rate_ul_per_min().expect_err("it has other units");
    assert!(matches!(&noticed, FaultKind::Refused { detail } if detail.contains("units is 0")));
    lose_power(&emulator, &world);
    pump.dispense(rate, volume).expect("it runs");
    world.borrow_mut().wait(Span::from_secs(12.0)).expect("time passes");
    let ul = delivered_ul(&world);
    assert!((ul - 1.0).abs() < 0.01, "{ul} µL in 12 s, at 5 µL/min");
}

#[test]
fn a_pump_that_came_back_with_another_unit_of_volume_is_told_the_unit_again() {
    let chain = [("water".to_owned(), 0)];
    let (emulator, world) =
        held(ProtocolEmulator::new(file("new-era-ne1000"), Framing::Rtu, chain));
    let mut pump = driver("new-era-ne1000", wire(&emulator, &world)).with_bore(Some(20.0));
    let (rate, volume) = (FlowRate::from_ul_per_min(500.0), Volume::from_ul(20_000.0));
    pump.dispense(rate, volume).expect("it runs");
    lose_power(&emulator, &world);
    assert_eq!(pump.dispense(rate, volume), Ok(()), "it counts in µL again, and is told mL");
}

#[test]
fn a_pump_is_told_to_stop_although_its_status_cannot_be_read() {
    let (status, silence): (&[u8], &[u8]) = (b"0\r", b"");
    let unread = [(status, silence); 3];
    let mut script = unread.to_vec();
    script.push((b"0STP\r", b"\x0200P\x03"));
    script.extend(unread);
    script.push((b"0STP\r", b"\x0200S\x03"));
    script.push((status, b"\x0200S\x03"));
    let mut pump = driver("new-era-ne1000", Box::new(Scripted::new(&script)));
    assert_eq!(pump.stop(), Ok(()));
}

/// A frame of unit 1.
fn frame(pdu: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    rtu::write(&mut bytes, 1, pdu);
    bytes
}

#[test]
fn a_controller_that_somebody_has_set_to_a_power_by_hand_is_not_off() {
    let (mode, power) = (frame(&[3, 0x01, 0x11, 0, 1]), frame(&[3, 0x80, 0x06, 0, 2]));
    let by_hand = frame(&[3, 2, 0, 1]);
    for (percent, expected) in [(60.0_f32, Setting::FIXED_POWER), (0.0, Setting::OFF)] {
        let said = frame(&[&[3, 4], &percent.to_be_bytes()[..]].concat());
        let script = [(&mode[..], &by_hand[..]), (&power, &said)];
        let mut heater = driver("eurotherm-2000", Box::new(Scripted::new(&script)));
        assert_eq!(heater.mode(), Ok(expected), "{percent} %");
    }
}

/// An emulator to which a request is lost, and that writes down what came after.
struct Hard {
    inner: Box<dyn Emulator>,
    lost: Rc<Cell<u32>>,
    came: Rc<RefCell<Vec<u8>>>,
}

impl Emulator for Hard {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        if self.lost.get() > 0 && !line.input.is_empty() {
            self.lost.set(self.lost.get() - 1);
            line.input.clear();
        }
        self.came.borrow_mut().extend_from_slice(&line.input);
        self.inner.serve(line, world);
    }
}

/// By hand a controller keeps the output that it had: without the second step it would heat on.
#[test]
fn the_output_is_set_to_zero_although_the_mode_was_not_acknowledged() {
    let plate = [("plate".to_owned(), 1)];
    let inner = Box::new(ProtocolEmulator::new(file("eurotherm-2000"), Framing::Rtu, plate));
    let (lost, came) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
    let (emulator, world) = held(Hard { inner, lost: lost.clone(), came: came.clone() });
    let mut heater = driver("eurotherm-2000", wire(&emulator, &world));
    heater.heat(Temperature::from_c(80.0)).expect("it takes it");
    came.borrow_mut().clear();
    lost.set(1);
    heater.off().expect_err("it is still on");
    let output = [1, 16, 0x80, 0x06];
    assert!(came.borrow().windows(4).any(|sent| sent == output), "{:02X?}", came.borrow());
}

/// A wire on which nobody answers, and that counts what is sent.
#[derive(Debug)]
struct Silent(Rc<Cell<u32>>);

impl Transport for Silent {
    fn write(&mut self, _: &[u8]) -> Result<(), FaultKind> {
        self.0.set(self.0.get() + 1);
        Ok(())
    }
    fn read(&mut self, _: &mut Vec<u8>, _: Duration) -> Result<usize, FaultKind> {
        Ok(0)
    }
}

#[test]
fn a_reading_is_tried_three_times_on_every_kind_of_line() {
    for name in ["eurotherm-2000", "new-era-ne1000"] {
        let sent = Rc::new(Cell::new(0));
        let mut it = driver(name, Box::new(Silent(sent.clone())));
        let silent = if name == "eurotherm-2000" { it.set_point_c() } else { it.dispensed_ul() };
        assert!(matches!(silent, Err(FaultKind::NoReply { .. })), "{silent:?}");
        assert_eq!(sent.get(), 3, "{name}");
    }
}

/// A wire whose connection a test renews.
#[derive(Debug)]
struct Renewed(Box<dyn Transport>, Rc<Cell<u64>>);

impl Transport for Renewed {
    fn reach(&mut self) -> Result<u64, FaultKind> {
        Ok(self.1.get())
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        self.0.write(bytes)
    }
    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        self.0.read(into, patience)
    }
}

/// A cable that was pulled may have been put into another instrument.
#[test]
fn a_pump_by_file_is_asked_who_it_is_after_every_connection() {
    let chain = || [("water".to_owned(), 0)];
    let (emulator, world) =
        held(ProtocolEmulator::new(file("new-era-ne1000"), Framing::Rtu, chain()));
    let connections = Rc::new(Cell::new(1));
    let wire = Renewed(wire(&emulator, &world), connections.clone());
    let mut pump = driver("new-era-ne1000", Box::new(wire)).with_bore(Some(20.0));
    let (rate, volume) = (FlowRate::from_ul_per_min(5.0), Volume::from_ul(4.0));
    pump.dispense(rate, volume).expect("it runs");
    connections.set(2);
    pump.dispense(rate, volume).expect("it is the same");
    let mut other = Protocol::clone(&file("new-era-ne1000"));
    let version = other.fields.get_mut("version").expect("it has one");
    version.text = Some("NE500V3.7".into());
    *emulator.borrow_mut() = Box::new(ProtocolEmulator::new(Rc::new(other), Framing::Rtu, chain()));
    connections.set(3);
    let refused = pump.dispense(rate, volume).expect_err("it is another");
    let FaultKind::Refused { detail } = refused else { panic!("{refused:?}") };
    assert_eq!(detail, "NE500V3.7 answers, and before it was NE1000V3.928");
}

/// What happens once.
type Swap = Rc<RefCell<Option<Box<dyn FnOnce()>>>>;

/// A wire that is lost at a request, and that then leads to another instrument, or to the same after a power cut.
struct Swapped {
    wire: Box<dyn Transport>,
    connections: u64,
    /// The request at which it is lost, and what happens then.
    at: &'static [u8],
    swap: Swap,
}

impl std::fmt::Debug for Swapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Swapped").field(&self.connections).finish()
    }
}

impl Transport for Swapped {
    fn reach(&mut self) -> Result<u64, FaultKind> {
        Ok(self.connections)
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), FaultKind> {
        let swap = if bytes == self.at { self.swap.take() } else { None };
        let Some(swap) = swap else { return self.wire.write(bytes) };
        swap();
        self.connections += 1;
        Err(FaultKind::LinkLost { detail: "the cable was pulled".into() })
    }
    fn read(&mut self, into: &mut Vec<u8>, patience: Duration) -> Result<usize, FaultKind> {
        self.wire.read(into, patience)
    }
}

/// A reading is repeated where its connection was lost: the next one may lead to another instrument.
#[test]
fn a_reading_that_is_repeated_over_another_connection_is_of_the_same_instrument() {
    let chain = || [("water".to_owned(), 0)];
    let (emulator, world) =
        held(ProtocolEmulator::new(file("new-era-ne1000"), Framing::Rtu, chain()));
    let swap = Swap::default();
    let wire = wire(&emulator, &world);
    let wire = Swapped { wire, connections: 1, at: b"0DIS\r", swap: swap.clone() };
    let mut pump = driver("new-era-ne1000", Box::new(wire));
    assert_eq!(pump.dispensed_ul(), Ok(0.0));
    swap.replace(Some(Box::new(|| ())));
    assert_eq!(pump.dispensed_ul(), Ok(0.0), "the same again");
    let mut other = Protocol::clone(&file("new-era-ne1000"));
    other.fields.get_mut("version").expect("it has one").text = Some("NE500V3.7".into());
    let other = ProtocolEmulator::new(Rc::new(other), Framing::Rtu, chain());
    swap.replace(Some(Box::new(move || *emulator.borrow_mut() = Box::new(other))));
    let refused = pump.dispensed_ul().expect_err("it is another");
    let FaultKind::Refused { detail } = refused else { panic!("{refused:?}") };
    assert_eq!(detail, "NE500V3.7 answers, and before it was NE1000V3.928");
}

/// Without a serial number it is the same one; but it has lost its power, and with it its unit.
#[test]
fn a_reading_that_is_repeated_over_another_connection_is_in_the_unit_that_was_asked_for() {
    let plate = || [("plate".to_owned(), 1)];
    let (emulator, world) = held(ProtocolEmulator::new(fahrenheit(), Framing::Rtu, plate()));
    let (swap, lost) = (Swap::default(), emulator.clone());
    let at: &[u8] = &[1, 3, 0x01, 0x68, 0, 2, 0x44, 0x2B];
    let wire = Swapped { wire: wire(&emulator, &world), connections: 1, at, swap: swap.clone() };
    let mut heater = driver("watlow-ez-zone-pm", Box::new(wire));
    heater.temperature_c().expect("it reads");
    swap.replace(Some(Box::new(move || {
        *lost.borrow_mut() = Box::new(ProtocolEmulator::new(fahrenheit(), Framing::Rtu, plate()));
    })));
    assert!(heater.temperature_c().is_ok(), "it was told its unit before it was read again");
    assert!(heater.set_point_c().is_ok(), "it keeps its unit");
    assert!(swap.borrow().is_none(), "the connection was not lost");
}

/// A controller that speaks °F until it is told otherwise would be heated to 80 °F, or read 176 °C at 80 °C.
#[test]
fn a_controller_is_told_its_unit_before_anything_else() {
    let plate = [("plate".to_owned(), 1)];
    let inner = Box::new(ProtocolEmulator::new(file("watlow-ez-zone-pm"), Framing::Rtu, plate));
    let (lost, came) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
    let (emulator, world) = held(Hard { inner, lost, came: came.clone() });
    let mut heater = driver("watlow-ez-zone-pm", wire(&emulator, &world));
    let celsius = [1, 6, 0x09, 0xBA, 0, 15];
    let times = || came.borrow().windows(6).filter(|sent| *sent == celsius).count();
    heater.heat(Temperature::from_c(80.0)).expect("it takes it");
    assert!(came.borrow().starts_with(&celsius), "{:02X?}", came.borrow());
    assert_eq!(times(), 1, "once is enough on a new connection");
    came.borrow_mut().clear();
    heater.temperature_c().expect("it reads");
    assert_eq!(times(), 0);
    came.borrow_mut().clear();
    heater.heat(Temperature::from_c(90.0)).expect("it takes it");
    assert!(came.borrow().starts_with(&celsius), "{:02X?}", came.borrow());
}

/// A controller that comes back with °F, on a line that shows no new connection.
fn fahrenheit() -> Rc<Protocol> {
    let mut protocol = Protocol::clone(&file("watlow-ez-zone-pm"));
    protocol.fields.get_mut("unit").expect("it has one").words.swap(0, 1);
    Rc::new(protocol)
}

#[test]
fn no_number_of_a_controller_is_taken_for_degrees_celsius_after_it_has_lost_its_power() {
    let plate = [("plate".to_owned(), 1)];
    let (emulator, world) = held(ProtocolEmulator::new(fahrenheit(), Framing::Rtu, plate));
    let mut heater = driver("watlow-ez-zone-pm", wire(&emulator, &world));
    heater.heat(Temperature::from_c(80.0)).expect("it takes it");
    assert!(heater.set_point_c().is_ok() && heater.temperature_c().is_ok());
    lose_power(&emulator, &world);
    for read in [heater.set_point_c(), heater.temperature_c()] {
        let Err(FaultKind::Refused { detail }) = &read else { panic!("{read:?}") };
        assert!(detail.contains("unit is 30, and not 15"), "{detail}");
    }
    heater.heat(Temperature::from_c(80.0)).expect("it is told its unit again");
    assert!(heater.set_point_c().is_ok() && heater.temperature_c().is_ok());
}

/// A gauge in bar or psi.
const GAUGE: &str = r#"schema = 1
name = "Gauge"
kind = "sensor"
sources = ["made up"]
[line]
baud = 9600
request = "{text}\r"
reply = "{text}\r"
reply_ends = "\r"
[fields.pressure]
means = "value"
get = { sends = "P?", replies = "{pressure}" }
decimals = 2
[fields.unit]
get = { sends = "U?", replies = "{unit}" }
set = { sends = "U {unit}", replies = "" }
words = [["psi", 6.9], ["bar", 100.0]]
[steps]
ready = ["set unit bar"]
"#;

#[test]
fn no_number_of_a_gauge_is_taken_for_another_unit_after_it_has_lost_its_power() {
    let protocol = Rc::new(Protocol::parse(GAUGE, "gauge.toml").expect("it makes sense"));
    let parts = [("gauge".to_owned(), 0)];
    let (emulator, world) = held(ProtocolEmulator::new(protocol.clone(), Framing::Rtu, parts));
    let dialog = Dialog::new(wire(&emulator, &world), PATIENCE);
    let host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, 1);
    let mut gauge = ProtocolDriver::new(protocol, ProtocolDriver::line(host), 0);
    assert_eq!(gauge.value(), Ok(0.0));
    lose_power(&emulator, &world);
    let Err(FaultKind::Refused { detail }) = gauge.value() else { panic!("it reads psi") };
    assert_eq!(detail, "unit is psi, and not bar");
}

/// 0.1 % of a slow rate is little: no distance is the same whatever the rate.
#[test]
fn a_slow_rate_that_is_not_kept_is_a_fault() {
    let text = flowtwin_backends::protocol::built_in("chemyx-fusion").expect("it is there");
    let coarse = text.replacen("decimals = 6", "decimals = 3", 1);
    let protocol = Rc::new(Protocol::parse(&coarse, "coarse").expect("it makes sense"));
    let parts = [("water".to_owned(), 0)];
    let (emulator, world) = held(ProtocolEmulator::new(protocol.clone(), Framing::Rtu, parts));
    let dialog = Dialog::new(wire(&emulator, &world), PATIENCE);
    let host = ProtocolHost::new(&protocol, dialog, Framing::Rtu, 1);
    let mut pump = ProtocolDriver::new(protocol, ProtocolDriver::line(host), 0);
    let kept = pump.dispense(FlowRate::from_ul_per_min(1.0006), Volume::from_ul(4.0));
    assert_eq!(kept, Ok(()), "0.06 % less");
    let kept = pump.dispense(FlowRate::from_ul_per_min(0.2504), Volume::from_ul(4.0));
    let is_less = |kept: f64| (kept - 0.25).abs() < 1e-9;
    assert!(
        matches!(&kept, Err(FaultKind::KeptOther { kept, .. }) if is_less(*kept)),
        "{kept:?}: 0.16 % less"
    );
}
