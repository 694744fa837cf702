//! An emulated Watlow F4T on Modbus, RTU or TCP.

use flowtwin_lab::{HeaterId, Lab, SensorId};

mod map;

pub use map::F4tMap;

use super::{Ailment, Emulator, Line};
use crate::codec::modbus::Framing;
use crate::codec::modbus::{Exception, MOST_REGISTERS, Reply, Request, WordOrder};
use crate::codec::{Scan, rtu, tcp};

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

    /// Answers a request to this unit.
    fn answer(&mut self, pdu: &[u8], world: &mut dyn Lab) -> Vec<u8> {
        let function = pdu.first().copied().unwrap_or(0);
        let reply = match Request::from_bytes(pdu) {
            Err(exception) => Reply::Exception(exception),
            Ok(_) if self.busy => Reply::Exception(Exception::BUSY),
            Ok(request) => self.carry_out(request, world).unwrap_or_else(Reply::Exception),
        };
        reply.to_bytes(function)
    }

    fn carry_out(&mut self, request: Request, world: &mut dyn Lab) -> Result<Reply, Exception> {
        match request {
            Request::Unknown { .. } => Err(Exception::FUNCTION),
            Request::Read { register, count, .. } => {
                if !(1..=MOST_REGISTERS).contains(&count) {
                    return Err(Exception::VALUE);
                }
                self.map.read(register, count, world).map(Reply::Registers)
            }
            Request::WriteOne { register, value } => {
                self.map.write(register, &[value], world)?;
                Ok(Reply::Written { register, echo: value })
            }
            Request::WriteMany { register, values } => {
                self.map.write(register, &values, world)?;
                Ok(Reply::Written { register, echo: values.len() as u16 })
            }
        }
    }

    fn serve_rtu(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let mut at = 0;
        while at < line.input.len() {
            match rtu::scan_request(&line.input[at..]) {
                Scan::Incomplete => break,
                Scan::Junk(bytes) => at += bytes.max(1),
                Scan::Frame(frame, bytes) => {
                    at += bytes;
                    if frame.unit == self.unit && self.powered {
                        let reply = self.answer(&frame.pdu, world);
                        rtu::write(&mut line.output, self.unit, &reply);
                    }
                }
            }
        }
        // Silence on the line ends a frame: what is left is half a frame or noise.
        if line.quiet {
            at = line.input.len();
        }
        line.input.drain(..at.min(line.input.len()));
    }

    fn serve_tcp(&mut self, line: &mut Line, world: &mut dyn Lab) {
        while let Some(frame) = crate::codec::take(&mut line.input, tcp::scan) {
            if frame.unit == self.unit && self.powered {
                let reply = self.answer(&frame.pdu, world);
                tcp::write(&mut line.output, frame.transaction, self.unit, &reply);
            }
        }
    }
}

impl Emulator for F4tEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        match self.framing {
            Framing::Rtu => self.serve_rtu(line, world),
            Framing::Tcp => self.serve_tcp(line, world),
        }
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
