//! Watlow F4T controllers on Modbus.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::{FaultKind, HeaterId, Manifest, SensorId};
use serde::{Deserialize, Serialize};

use crate::bench::Instruments;
use crate::codec::modbus::{Framing, WordOrder};
use crate::driver::f4t::{F4t, F4tInput, F4tLoop};
use crate::driver::modbus::ModbusHost;
use crate::emulator::Emulator;
use crate::emulator::f4t::{F4tEmulator, F4tTerminals};
use crate::instrument::Identity;
use crate::transport::Dialog;
use crate::wiring::{InstrumentWiring, Job, Link, Ranged, SerialTry};

/// Serial number of an emulated controller that is expected to have no particular one.
const SERIAL_NUMBER: u32 = 4711;

/// A Watlow F4T on Modbus: TCP over a TCP link, RTU over a serial one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct F4tWiring {
    /// Its cable.
    pub link: Option<Link>,
    /// Modbus address.
    #[serde(default = "default_unit")]
    pub unit: u8,
    /// Which half of a float comes first.
    #[serde(default)]
    pub word_order: WordOrder,
    /// The serial number it must show.
    pub serial_number: Option<String>,
    /// The control loop of each heater, from 1.
    pub loops: BTreeMap<HeaterId, u16>,
    /// The digital input of each switch that permits to run.
    #[serde(default)]
    pub inputs: BTreeMap<SensorId, DigitalInput>,
}

fn default_unit() -> u8 {
    1
}

/// A digital input of an F4T.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitalInput {
    /// Module, from 1.
    pub module: u16,
    /// Input of the module, from 1.
    pub io: u16,
}

impl Default for F4tWiring {
    fn default() -> Self {
        Self {
            link: None,
            unit: default_unit(),
            word_order: WordOrder::default(),
            serial_number: None,
            loops: BTreeMap::new(),
            inputs: BTreeMap::new(),
        }
    }
}

impl F4tWiring {
    /// Modbus RTU on a serial line, Modbus TCP otherwise.
    fn framing(&self) -> Framing {
        match self.link {
            Some(Link::Serial(_)) => Framing::Rtu,
            _ => Framing::Tcp,
        }
    }

    fn controller(&self, dialog: Dialog) -> F4t {
        F4t::new(ModbusHost::new(dialog, self.framing(), self.unit), self.word_order)
    }
}

/// The serial number that an emulated F4T shows.
pub(super) fn shown(serial_number: Option<&str>) -> u32 {
    serial_number.and_then(|text| text.parse().ok()).unwrap_or(SERIAL_NUMBER)
}

impl InstrumentWiring for F4tWiring {
    crate::reached_by!(link, serial_number);

    fn unit(&self) -> u8 {
        self.unit
    }

    fn ranges(&self) -> Vec<Ranged> {
        let mut ranges = Vec::new();
        for (heater, number) in &self.loops {
            ranges.push(Ranged::new(format!("loops.{heater}"), *number, 1.0, 4.0));
        }
        for (sensor, input) in &self.inputs {
            ranges.push(Ranged::new(format!("inputs.{sensor}.module"), input.module, 1.0, 6.0));
            ranges.push(Ranged::new(format!("inputs.{sensor}.io"), input.io, 1.0, 6.0));
        }
        ranges.push(Ranged::new("unit", self.unit, 1.0, 247.0));
        ranges
    }

    fn jobs(&self, _name: &str) -> Vec<Job> {
        let heaters = self.loops.keys().cloned().map(Job::Heater);
        heaters.chain(self.inputs.keys().cloned().map(Job::Switch)).collect()
    }

    fn places(&self) -> Vec<String> {
        let loops = self.loops.values().map(|number| format!("loop {number}"));
        let input = |i: &DigitalInput| format!("input {} of module {}", i.io, i.module);
        loops.chain(self.inputs.values().map(input)).collect()
    }

    fn drive(&self, _name: &str, dialog: Dialog, _manifest: &Manifest, drivers: &mut Instruments) {
        let controller = Rc::new(RefCell::new(self.controller(dialog)));
        for (heater, number) in &self.loops {
            let driver = F4tLoop::new(controller.clone(), *number);
            drivers.heaters.insert(heater.clone(), Box::new(driver));
        }
        for (sensor, input) in &self.inputs {
            let driver = F4tInput::new(controller.clone(), input.module, input.io);
            drivers.permits.insert(sensor.clone(), Box::new(driver));
        }
    }

    fn identify(&self, dialog: Dialog) -> Result<Identity, FaultKind> {
        self.controller(dialog).identify()
    }

    fn emulator(&self, _name: &str) -> Box<dyn Emulator> {
        let loop_of = |number: u16| {
            self.loops.iter().find(|(_, n)| **n == number).map(|(heater, _)| heater.clone())
        };
        let input =
            |(sensor, input): (&SensorId, &DigitalInput)| (input.module, input.io, sensor.clone());
        let terminals = F4tTerminals {
            loops: (1..=4).map(loop_of).collect(),
            inputs: self.inputs.iter().map(input).collect(),
            order: self.word_order,
            serial_number: shown(self.serial_number.as_deref()),
        };
        Box::new(F4tEmulator::new(self.framing(), self.unit, terminals))
    }

    fn example() -> &'static str {
        "loops = { plate = 1 }\ninputs = { door = { module = 1, io = 1 } }"
    }

    fn serial_try() -> Option<SerialTry> {
        let instrument = Box::new(Self::default());
        Some(SerialTry { instrument, bauds: &[9_600, 38_400, 19_200], turn: 1 })
    }
}
