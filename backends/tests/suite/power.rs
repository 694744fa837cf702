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
use flowtwin_backends::instrument::{Heater as _, Pump as _};
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
