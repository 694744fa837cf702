//! An emulated Watlow F4T on Modbus, RTU or TCP.

use flowtwin_lab::{HeaterId, Lab, SensorId};

mod map;

pub use map::F4tMap;

use super::modbus::{self, Registers};
use super::{Ailment, Emulator, Line};
use crate::codec::modbus::{Exception, Framing, WordOrder};

/// A controller with one control loop for each heater, in order.
#[derive(Debug)]
pub struct F4tEmulator {
    framing: Framing,
    unit: u8,
    map: F4tMap,
    powered: bool,
    busy: bool,
}

/// What an emulated controller is wired to.
#[derive(Clone, Debug, Default)]
pub struct F4tTerminals {
    /// The heater of each loop, from loop 1.
    pub loops: Vec<Option<HeaterId>>,
    /// Switches at digital inputs: module and input, both from 1.
    pub inputs: Vec<(u16, u16, SensorId)>,
    /// Which half of a float comes first.
    pub order: WordOrder,
    /// Serial number.
    pub serial_number: u32,
}

impl F4tEmulator {
    /// A controller at Modbus address `unit`.
    pub fn new(framing: Framing, unit: u8, wiring: F4tTerminals) -> Self {
        Self { framing, unit, map: F4tMap::new(wiring), powered: true, busy: false }
    }
}

impl Registers for F4tMap {
    fn read(
        &mut self,
        register: u16,
        count: u16,
        world: &mut dyn Lab,
    ) -> Result<Vec<u16>, Exception> {
        self.at(register, count, world)
    }

    fn write(
        &mut self,
        register: u16,
        values: &[u16],
        world: &mut dyn Lab,
    ) -> Result<(), Exception> {
        self.set(register, values, world)
    }
}

impl Emulator for F4tEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let Self { framing, unit, map, powered, busy } = self;
        modbus::serve(*framing, line, |asked, pdu| {
            (asked == *unit && *powered).then(|| modbus::answer(map, pdu, *busy, world))
        });
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.busy = begins,
            Ailment::SensorOpen => self.map.open_sensor(begins),
            Ailment::Alarm => self.map.alarm(begins),
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.map.lose_power(begins, world);
            }
            Ailment::Stall | Ailment::Saturated => return false,
        }
        true
    }
}
