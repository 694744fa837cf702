//! A Modbus host: requests and replies over RTU or TCP.

use std::time::Duration;

use flowtwin_lab::FaultKind;

use crate::codec::modbus::{Framing, Reply, Request};
use crate::codec::{rtu, tcp};
use crate::transport::{Dialog, garbled, read_again};

/// A host that talks to one unit.
#[derive(Debug)]
pub struct ModbusHost {
    dialog: Dialog,
    framing: Framing,
    unit: u8,
    transaction: u16,
}

impl ModbusHost {
    /// A host for `unit` at the other end of `dialog`.
    pub fn new(dialog: Dialog, framing: Framing, unit: u8) -> Self {
        Self { dialog, framing, unit, transaction: 0 }
    }

    /// Makes the connection where there is none; the number of connections that were made so far.
    ///
    /// # Errors
    /// If there is none to be had.
    pub fn reach(&mut self) -> Result<u64, FaultKind> {
        self.dialog.reach()
    }

    /// Reads `count` registers, again if the wire fails.
    ///
    /// # Errors
    /// If there is no reply, or the instrument answers with an exception.
    pub fn read(&mut self, register: u16, count: u16) -> Result<Vec<u16>, FaultKind> {
        read_again(|| self.read_once(register, count))
    }

    /// Reads `count` registers, once.
    ///
    /// # Errors
    /// As [`ModbusHost::read`].
    pub(crate) fn read_once(&mut self, register: u16, count: u16) -> Result<Vec<u16>, FaultKind> {
        let request = Request::Read { function: 3, register, count };
        match self.ask(&request)? {
            Reply::Registers(values) => Ok(values),
            other => Err(garbled(format!("registers were asked for, not {other:?}"))),
        }
    }

    /// Writes registers, once.
    ///
    /// While the rig is made safe this is sent even to an instrument whose answers do not come: it may hear all the same.
    ///
    /// # Errors
    /// If there is no acknowledgement, or the instrument answers with an exception.
    pub fn write(&mut self, register: u16, values: &[u16]) -> Result<(), FaultKind> {
        let request = match *values {
            [value] => Request::WriteOne { register, value },
            _ => Request::WriteMany { register, values: values.to_vec() },
        };
        if !self.dialog.is_clean() && self.dialog.is_hurried() {
            return self.write_anyway(&request);
        }
        self.ask(&request).map(|_| ())
    }

    fn write_anyway(&mut self, request: &Request) -> Result<(), FaultKind> {
        let Err(silent) = self.resynchronise() else { return self.ask(request).map(|_| ()) };
        let (pdu, mut bytes) = (request.to_bytes(), Vec::new());
        match self.framing {
            Framing::Rtu => rtu::write(&mut bytes, self.unit, &pdu),
            Framing::Tcp => {
                self.transaction = self.transaction.wrapping_add(1);
                tcp::write(&mut bytes, self.transaction, self.unit, &pdu);
            }
        }
        self.dialog.tell(&bytes)?;
        Err(silent)
    }

    fn ask(&mut self, request: &Request) -> Result<Reply, FaultKind> {
        if !self.dialog.is_clean() {
            self.resynchronise()?;
        }
        match self.exchange(request)? {
            Reply::Exception(exception) => {
                Err(FaultKind::Refused { detail: exception.to_string() })
            }
            reply => Ok(reply),
        }
    }

    /// Waits until nothing comes any more, then asks for something no other reply can be taken for.
    ///
    /// A reply on a serial line does not say which register it is of: a late one would be believed.
    fn resynchronise(&mut self) -> Result<(), FaultKind> {
        let quiet = self.dialog.patience().max(Duration::from_millis(50));
        self.dialog.drain(quiet)?;
        if self.framing == Framing::Rtu {
            let part_number = Request::Read { function: 3, register: 16, count: 15 };
            self.exchange(&part_number)?;
        }
        Ok(())
    }

    fn exchange(&mut self, request: &Request) -> Result<Reply, FaultKind> {
        let pdu = request.to_bytes();
        let mut bytes = Vec::new();
        match self.framing {
            Framing::Rtu => self.exchange_rtu(request, &pdu, &mut bytes),
            Framing::Tcp => self.exchange_tcp(request, &pdu, &mut bytes),
        }
    }

    fn exchange_rtu(
        &mut self,
        request: &Request,
        pdu: &[u8],
        bytes: &mut Vec<u8>,
    ) -> Result<Reply, FaultKind> {
        let unit = self.unit;
        rtu::write(bytes, unit, pdu);
        self.dialog.ask(
            bytes,
            |input| rtu::scan_reply(input, unit, request),
            |frame| Ok(Reply::from_bytes(&frame.pdu, request)),
        )
    }

    fn exchange_tcp(
        &mut self,
        request: &Request,
        pdu: &[u8],
        bytes: &mut Vec<u8>,
    ) -> Result<Reply, FaultKind> {
        self.transaction = self.transaction.wrapping_add(1);
        let (transaction, unit) = (self.transaction, self.unit);
        tcp::write(bytes, transaction, unit, pdu);
        self.dialog.ask(bytes, tcp::scan, |frame| {
            if frame.transaction != transaction || frame.unit != unit {
                return Ok(None);
            }
            match Reply::from_bytes(&frame.pdu, request) {
                Some(reply) => Ok(Some(reply)),
                None => Err(garbled(format!("{:02X?} answers no {request:?}", frame.pdu))),
            }
        })
    }
}
