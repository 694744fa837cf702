//! How emulated instruments answer on Modbus, RTU or TCP.

use flowtwin_lab::Lab;

use super::Line;
use crate::codec::modbus::{Exception, Framing, MOST_REGISTERS, Reply, Request};
use crate::codec::{Scan, rtu, take, tcp};

/// The registers of an instrument.
pub(super) trait Registers {
    /// What stands in `count` registers.
    fn read(
        &mut self,
        register: u16,
        count: u16,
        world: &mut dyn Lab,
    ) -> Result<Vec<u16>, Exception>;

    /// Writes registers.
    fn write(
        &mut self,
        register: u16,
        values: &[u16],
        world: &mut dyn Lab,
    ) -> Result<(), Exception>;
}

/// The answer of an instrument to a request.
pub(super) fn answer(
    registers: &mut impl Registers,
    pdu: &[u8],
    busy: bool,
    world: &mut dyn Lab,
) -> Vec<u8> {
    let function = pdu.first().copied().unwrap_or(0);
    let done = match Request::from_bytes(pdu) {
        Err(exception) => Err(exception),
        Ok(_) if busy => Err(Exception::BUSY),
        Ok(request) => carry_out(registers, request, world),
    };
    done.unwrap_or_else(Reply::Exception).to_bytes(function)
}

fn carry_out(
    registers: &mut impl Registers,
    request: Request,
    world: &mut dyn Lab,
) -> Result<Reply, Exception> {
    match request {
        Request::Unknown { .. } => Err(Exception::FUNCTION),
        Request::Read { count, .. } if !(1..=MOST_REGISTERS).contains(&count) => {
            Err(Exception::VALUE)
        }
        Request::Read { register, count, .. } => {
            registers.read(register, count, world).map(Reply::Registers)
        }
        Request::WriteOne { register, value } => {
            registers.write(register, &[value], world)?;
            Ok(Reply::Written { register, echo: value })
        }
        Request::WriteMany { register, values } => {
            registers.write(register, &values, world)?;
            Ok(Reply::Written { register, echo: values.len() as u16 })
        }
    }
}

/// Serves a line: `answer` has the answer of a unit to a request, none where it is for nobody here.
pub(super) fn serve(
    framing: Framing,
    line: &mut Line,
    answer: impl FnMut(u8, &[u8]) -> Option<Vec<u8>>,
) {
    match framing {
        Framing::Rtu => serve_rtu(line, answer),
        Framing::Tcp => serve_tcp(line, answer),
    }
}

fn serve_rtu(line: &mut Line, mut answer: impl FnMut(u8, &[u8]) -> Option<Vec<u8>>) {
    let mut at = 0;
    while at < line.input.len() {
        match rtu::scan_request(&line.input[at..]) {
            Scan::Incomplete => break,
            Scan::Junk(bytes) => at += bytes.max(1),
            Scan::Frame(frame, bytes) => {
                at += bytes;
                if let Some(reply) = answer(frame.unit, &frame.pdu) {
                    rtu::write(&mut line.output, frame.unit, &reply);
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

fn serve_tcp(line: &mut Line, mut answer: impl FnMut(u8, &[u8]) -> Option<Vec<u8>>) {
    while let Some(frame) = take(&mut line.input, tcp::scan) {
        if let Some(reply) = answer(frame.unit, &frame.pdu) {
            tcp::write(&mut line.output, frame.transaction, frame.unit, &reply);
        }
    }
}
