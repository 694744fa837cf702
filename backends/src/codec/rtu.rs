//! Modbus RTU frames: unit, protocol data unit, CRC.

use super::Scan;
use super::crc::crc16;
use super::modbus::Request;

/// Longest frame [bytes].
const LONGEST: usize = 256;

/// An application data unit (ADU): for which unit, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adu {
    /// Address of the instrument.
    pub unit: u8,
    /// Function code and data.
    pub pdu: Vec<u8>,
}

/// Appends a frame to `out`.
pub fn write(out: &mut Vec<u8>, unit: u8, pdu: &[u8]) {
    let start = out.len();
    out.push(unit);
    out.extend_from_slice(pdu);
    let crc = crc16(&out[start..]);
    out.extend_from_slice(&crc.to_le_bytes());
}

/// Scans for a request, on the instrument's side.
pub fn scan_request(bytes: &[u8]) -> Scan<Adu> {
    let Some(&function) = bytes.get(1) else {
        return Scan::Incomplete;
    };
    let length = match function {
        1..=6 => 8,
        15 | 16 => match bytes.get(6) {
            Some(&count) => 9 + usize::from(count),
            None => return Scan::Incomplete,
        },
        _ => return unknown(bytes),
    };
    whole(bytes, length)
}

/// Scans for the reply of `unit` to `request`, on the host's side.
pub fn scan_reply(bytes: &[u8], unit: u8, request: &Request) -> Scan<Adu> {
    let (Some(&from), Some(&function)) = (bytes.first(), bytes.get(1)) else {
        return Scan::Incomplete;
    };
    if from != unit || function & 0x7F != request.function() {
        return Scan::Junk(1);
    }
    let length = match (function, request) {
        (0x80.., _) => 5,
        (_, Request::Read { count, .. }) => match bytes.get(2) {
            None => return Scan::Incomplete,
            Some(&n) if u16::from(n) == 2 * count => 5 + usize::from(n),
            Some(_) => return Scan::Junk(1),
        },
        _ => 8,
    };
    whole(bytes, length)
}

/// A function of unknown length: taken as a frame where a CRC fits, which ends it.
fn unknown(bytes: &[u8]) -> Scan<Adu> {
    match (4..=bytes.len().min(LONGEST)).find(|&n| fits(&bytes[..n])) {
        Some(n) => frame(bytes, n),
        None if bytes.len() >= LONGEST => Scan::Junk(1),
        None => Scan::Incomplete,
    }
}

fn whole(bytes: &[u8], length: usize) -> Scan<Adu> {
    if length > LONGEST {
        Scan::Junk(1)
    } else if bytes.len() < length {
        Scan::Incomplete
    } else if fits(&bytes[..length]) {
        frame(bytes, length)
    } else {
        Scan::Junk(1)
    }
}

fn frame(bytes: &[u8], length: usize) -> Scan<Adu> {
    let pdu = bytes[1..length - 2].to_vec();
    Scan::Frame(Adu { unit: bytes[0], pdu }, length)
}

fn fits(bytes: &[u8]) -> bool {
    let (body, crc) = bytes.split_at(bytes.len() - 2);
    crc16(body).to_le_bytes() == crc
}
