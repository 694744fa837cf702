//! A controller whose floats come the other way round is found out, whatever it reads.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use flowtwin_backends::codec::modbus::Framing;
use flowtwin_backends::codec::modbus::WordOrder;
use flowtwin_backends::driver::f4t::F4t;
use flowtwin_backends::driver::modbus::ModbusHost;
use flowtwin_backends::emulator::MemoryWire;
use flowtwin_backends::emulator::f4t::{F4tEmulator, F4tTerminals};
use flowtwin_backends::emulator::{Emulator, WorldBehind};
use flowtwin_backends::transport::Dialog;
use flowtwin_lab::toy::ToyLab;
use flowtwin_lab::{Command, Fault, Instant, Lab, Manifest, Reply, SensorKind, Streams};

/// Values for each order and framing.
const SEEDS: u64 = 500;

/// A lab whose plate has one temperature.
struct Plate {
    lab: ToyLab,
    c: f64,
}

impl Lab for Plate {
    fn manifest(&self) -> &Manifest {
        self.lab.manifest()
    }
    fn now(&self) -> Instant {
        self.lab.now()
    }
    fn send(&mut self, command: &Command) -> Result<Reply, Fault> {
        match command {
            Command::Read { sensor } if self.is_thermometer(sensor) => Ok(Reply::Reading(self.c)),
            _ => self.lab.send(command),
        }
    }
    fn wait_until(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.lab.wait_until(deadline)
    }
}

impl Plate {
    fn is_thermometer(&self, sensor: &flowtwin_lab::SensorId) -> bool {
        let found = self.manifest().sensors.iter().find(|info| info.name == *sensor);
        found.is_some_and(|info| matches!(info.kind, SensorKind::Temperature(_)))
    }
}

/// What is said of a controller that reads `c` and sends floats in the order `sent`, by a driver that expects `expected`.
fn identified(
    c: f64,
    framing: Framing,
    sent: WordOrder,
    expected: WordOrder,
) -> Result<(), String> {
    let lab = ToyLab::new();
    let plate = lab.manifest().heaters[0].name.clone();
    let wiring = F4tTerminals {
        loops: vec![Some(plate)],
        order: sent,
        serial_number: 4711,
        ..F4tTerminals::default()
    };
    let emulator: Box<dyn Emulator> = Box::new(F4tEmulator::new(framing, 1, wiring));
    let world = Rc::new(RefCell::new(WorldBehind::new(Box::new(Plate { lab, c }))));
    let wire = MemoryWire::new(Rc::new(RefCell::new(emulator)), world);
    let dialog = Dialog::new(Box::new(wire), Duration::from_millis(20));
    let host = ModbusHost::new(dialog, framing, 1);
    F4t::new(host, expected).identify().map(drop).map_err(|kind| kind.to_string())
}

#[test]
fn the_wrong_word_order_never_passes_and_the_right_one_always_does() {
    let mut stream = Streams::new(7).open("temperature", 0);
    for _ in 0..SEEDS {
        let c = -20.0 + 280.0 * stream.uniform();
        for framing in [Framing::Rtu, Framing::Tcp] {
            for sent in [WordOrder::LowFirst, WordOrder::HighFirst] {
                assert_eq!(identified(c, framing, sent, sent), Ok(()), "{c} {framing:?} {sent:?}");
                let said = identified(c, framing, sent, sent.other()).unwrap_err();
                let advice = format!("say word_order = \"{}\"", sent.key());
                assert!(said.contains("wrong word order") && said.contains(&advice), "{c}: {said}");
            }
        }
    }
}
