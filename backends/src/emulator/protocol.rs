//! The emulator that a protocol file makes: the mirror image of the driver.

use std::collections::BTreeMap;
use std::rc::Rc;

use flowtwin_lab::Lab;

mod pump;
mod registers;
mod unit;

use unit::Unit;

use super::modbus::{self, Registers};
use super::{Ailment, Emulator, Line};
use crate::codec::modbus::{Exception, Framing};
use crate::codec::{Scan, take};
use crate::protocol::Protocol;

/// The first and the last byte of a packet.
const STX: u8 = 2;
const ETX: u8 = 3;

/// Longest request \[bytes\].
const LONGEST: usize = 4096;

/// The instruments on a line whose protocol is a file.
#[derive(Debug)]
pub struct ProtocolEmulator {
    protocol: Rc<Protocol>,
    framing: Framing,
    units: Vec<Unit>,
    powered: bool,
    busy: bool,
}

impl ProtocolEmulator {
    /// Instruments by their names in the lab behind and their addresses.
    pub fn new(
        protocol: Rc<Protocol>,
        framing: Framing,
        units: impl IntoIterator<Item = (String, u16)>,
    ) -> Self {
        Self::with_valves(protocol, framing, units, &BTreeMap::new())
    }

    /// The same, with the valves of those that have one.
    pub fn with_valves(
        protocol: Rc<Protocol>,
        framing: Framing,
        units: impl IntoIterator<Item = (String, u16)>,
        valves: &BTreeMap<String, String>,
    ) -> Self {
        let unit = |(name, address): (String, u16)| {
            let valve = valves.get(&name).unwrap_or(&name).clone();
            Unit::new(protocol.clone(), name, valve, address)
        };
        let units = units.into_iter().map(unit).collect();
        Self { protocol, framing, units, powered: true, busy: false }
    }

    fn serve_text(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let Some(spec) = &self.protocol.line else { return };
        // What a request ends with: all that stands after its text.
        let last = spec.request.0.last();
        let end = match last {
            Some(crate::protocol::Token::Text(text)) => text.clone().into_bytes(),
            _ => vec![b'\r'],
        };
        let packets = spec.packets;
        let scan = |bytes: &[u8]| match bytes.first() {
            Some(&STX) if packets => packet(bytes),
            _ => request(bytes, &end),
        };
        while let Some(sent) = take(&mut line.input, scan) {
            if !self.powered {
                continue;
            }
            let busy = self.busy;
            let answers = self.units.iter_mut().filter_map(|unit| unit.text(&sent, busy, world));
            if let Some(answer) = answers.last() {
                line.output.extend_from_slice(answer.as_bytes());
            }
        }
    }

    fn serve_modbus(&mut self, line: &mut Line, world: &mut dyn Lab) {
        let Self { framing, units, powered, busy, .. } = self;
        modbus::serve(*framing, line, |asked, pdu| {
            let unit = units.iter_mut().find(|unit| unit.address == u16::from(asked))?;
            powered.then(|| modbus::answer(unit, pdu, *busy, world))
        });
    }
}

impl Registers for Unit {
    fn read(
        &mut self,
        register: u16,
        count: u16,
        world: &mut dyn Lab,
    ) -> Result<Vec<u16>, Exception> {
        self.registers(register, count, world)
    }

    fn write(
        &mut self,
        register: u16,
        values: &[u16],
        world: &mut dyn Lab,
    ) -> Result<(), Exception> {
        self.write_registers(register, values, world)
    }
}

/// Scans for a packet: STX, its length without the STX, text, CRC with the high byte first, ETX.
fn packet(bytes: &[u8]) -> Scan<String> {
    let Some(&length) = bytes.get(1) else { return Scan::Incomplete };
    let whole = usize::from(length) + 1;
    if whole < 5 {
        return Scan::Junk(1);
    }
    let Some(frame) = bytes.get(..whole) else { return Scan::Incomplete };
    let (text, crc) = (&frame[2..whole - 3], &frame[whole - 3..whole - 1]);
    if frame[whole - 1] != ETX || crc != crc_ccitt(text).to_be_bytes() {
        return Scan::Junk(1);
    }
    Scan::Frame(String::from_utf8_lossy(text).into_owned(), whole)
}

/// The CRC of CCITT: polynomial 0x1021, beginning with zero.
fn crc_ccitt(bytes: &[u8]) -> u16 {
    let mut crc = 0_u16;
    for &byte in bytes {
        crc ^= u16::from(byte) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
        }
    }
    crc
}

/// Scans for a request. A line feed before one belongs to the request before.
fn request(bytes: &[u8], end: &[u8]) -> Scan<String> {
    if bytes.first() == Some(&b'\n') {
        return Scan::Junk(1);
    }
    match bytes.windows(end.len()).position(|window| window == end) {
        Some(at) => Scan::Frame(String::from_utf8_lossy(&bytes[..at]).into_owned(), at + end.len()),
        None if bytes.len() > LONGEST => Scan::Junk(bytes.len()),
        None => Scan::Incomplete,
    }
}

impl Emulator for ProtocolEmulator {
    fn serve(&mut self, line: &mut Line, world: &mut dyn Lab) {
        match self.protocol.line {
            Some(_) => self.serve_text(line, world),
            None => self.serve_modbus(line, world),
        }
    }

    fn afflict(&mut self, ailment: Ailment, begins: bool, world: &mut dyn Lab) -> bool {
        match ailment {
            Ailment::Busy => self.busy = begins,
            Ailment::PowerLoss => {
                self.powered = !begins;
                self.units.iter_mut().for_each(|unit| unit.lose_power(world));
            }
            other => {
                return self.units.iter_mut().all(|unit| unit.afflict(other, begins, world));
            }
        }
        true
    }
}
