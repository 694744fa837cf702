//! Modbus TCP frames: transaction, protocol 0, length, unit, protocol data unit.

use super::Scan;

/// Longest protocol data unit [bytes].
const LONGEST: usize = 253;

/// An application data unit (ADU): which transaction, for which unit, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adu {
    /// Chosen by the host, echoed by the instrument.
    pub transaction: u16,
    /// Address of the instrument.
    pub unit: u8,
    /// Function code and data.
    pub pdu: Vec<u8>,
}

/// Appends a frame to `out`.
pub fn write(out: &mut Vec<u8>, transaction: u16, unit: u8, pdu: &[u8]) {
    out.extend_from_slice(&transaction.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&(pdu.len() as u16 + 1).to_be_bytes());
    out.push(unit);
    out.extend_from_slice(pdu);
}

/// Scans for a frame, on either side.
pub fn scan(bytes: &[u8]) -> Scan<Adu> {
    if bytes.len() < 4 {
        return Scan::Incomplete;
    }
    if bytes[2..4] != [0, 0] {
        return Scan::Junk(1);
    }
    if bytes.len() < 8 {
        return Scan::Incomplete;
    }
    let length = usize::from(u16::from_be_bytes([bytes[4], bytes[5]]));
    if !(2..=LONGEST + 1).contains(&length) {
        return Scan::Junk(1);
    }
    if bytes.len() < 6 + length {
        return Scan::Incomplete;
    }
    let frame = Adu {
        transaction: u16::from_be_bytes([bytes[0], bytes[1]]),
        unit: bytes[6],
        pdu: bytes[7..6 + length].to_vec(),
    };
    Scan::Frame(frame, 6 + length)
}
