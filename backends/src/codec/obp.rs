//! Ocean Binary Protocol: the messages of Ocean spectrometers, the same over TCP, USB and RS-232.
//!
//! A message is a header of 44 bytes, a payload, a checksum of 16 bytes and a footer of 4,
//! little-endian. Data of up to 16 bytes travels inside the header.

pub mod kind;

use md5::{Digest as _, Md5};

use super::Scan;

/// Bytes before the payload.
pub const HEADER: usize = 44;
/// Bytes of checksum and footer.
pub const TRAILER: usize = 20;
/// Largest payload that is accepted \[bytes\].
pub const LARGEST: usize = 64 * 1024;

const START: [u8; 2] = [0xC1, 0xC0];
const VERSION: [u8; 2] = [0x00, 0x11];
const FOOTER: [u8; 4] = [0xC5, 0xC4, 0xC3, 0xC2];
const IMMEDIATE: usize = 16;

/// Flag: this is a reply.
pub const RESPONSE: u16 = 1;
/// Flag: the command was carried out.
pub const ACK: u16 = 2;
/// Flag: the host wants an acknowledgement.
pub const ACK_REQUESTED: u16 = 4;
/// Flag: the command was not carried out.
pub const NACK: u16 = 8;

/// Which checksum protects a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksum {
    /// None: TCP and USB have their own.
    #[default]
    None,
    /// MD5 of all bytes before it.
    Md5,
}

/// What is in a header besides lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Message type, see [`kind`].
    pub kind: u32,
    /// Flags.
    pub flags: u16,
    /// Error number, zero for success.
    pub error: u16,
    /// Chosen by the host, echoed by the instrument.
    pub regarding: u32,
    /// How the message is protected.
    pub checksum: Checksum,
}

/// A message with its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its header.
    pub header: Header,
    /// Its data, wherever it travelled.
    pub data: Vec<u8>,
    /// Whether its checksum is right; true where it has none.
    pub intact: bool,
}

/// Appends a message to `out`; its data is what `fill` appends, `length` bytes.
///
/// # Panics
/// If `fill` appends another number of bytes.
pub fn write(out: &mut Vec<u8>, header: Header, length: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    let immediate = length <= IMMEDIATE;
    let payload = if immediate { 0 } else { length };
    out.reserve(HEADER + payload + TRAILER);
    out.extend_from_slice(&START);
    out.extend_from_slice(&VERSION);
    out.extend_from_slice(&header.flags.to_le_bytes());
    out.extend_from_slice(&header.error.to_le_bytes());
    out.extend_from_slice(&header.kind.to_le_bytes());
    out.extend_from_slice(&header.regarding.to_le_bytes());
    out.extend_from_slice(&[0; 6]);
    out.push(u8::from(header.checksum == Checksum::Md5));
    out.push(if immediate { length as u8 } else { 0 });
    let remaining = ((payload + TRAILER) as u32).to_le_bytes();
    let data_at = start + HEADER - 4;
    if immediate {
        fill(out);
        out.resize(data_at, 0);
        out.extend_from_slice(&remaining);
    } else {
        out.resize(data_at, 0);
        out.extend_from_slice(&remaining);
        fill(out);
    }
    assert_eq!(out.len(), start + HEADER + payload, "data of the length announced");
    let sum = match header.checksum {
        Checksum::None => [0; 16],
        Checksum::Md5 => Md5::digest(&out[start..]).into(),
    };
    out.extend_from_slice(&sum);
    out.extend_from_slice(&FOOTER);
}

/// Scans for a message, on either side.
pub fn scan(bytes: &[u8]) -> Scan<Message> {
    if let Some(junk) = before_start(bytes) {
        return Scan::Junk(junk);
    }
    if bytes.len() < HEADER {
        return Scan::Incomplete;
    }
    let remaining = u32::from_le_bytes(four(bytes, 40)) as usize;
    let immediate = usize::from(bytes[23]);
    if bytes[2..4] != VERSION
        || !(TRAILER..=TRAILER + LARGEST).contains(&remaining)
        || immediate > IMMEDIATE
        || (immediate > 0 && remaining > TRAILER)
    {
        return Scan::Junk(START.len());
    }
    let length = HEADER + remaining;
    if bytes.len() < length {
        return Scan::Incomplete;
    }
    if bytes[length - 4..length] != FOOTER {
        return Scan::Junk(START.len());
    }
    Scan::Frame(message(&bytes[..length], immediate), length)
}

/// Bytes to drop before what may be the start of a message; none if one is in place or may be.
fn before_start(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|&b| b == START[0]).unwrap_or(bytes.len());
    match bytes.get(at + 1) {
        _ if at > 0 => Some(at),
        Some(&second) if second != START[1] => Some(1),
        _ => None,
    }
}

fn message(bytes: &[u8], immediate: usize) -> Message {
    let body = &bytes[..bytes.len() - TRAILER];
    let checksum = match bytes[22] {
        1 => Checksum::Md5,
        _ => Checksum::None,
    };
    let data =
        if immediate > 0 { bytes[24..24 + immediate].to_vec() } else { body[HEADER..].to_vec() };
    let sum = &bytes[body.len()..body.len() + 16];
    Message {
        header: Header {
            kind: u32::from_le_bytes(four(bytes, 8)),
            flags: u16::from_le_bytes([bytes[4], bytes[5]]),
            error: u16::from_le_bytes([bytes[6], bytes[7]]),
            regarding: u32::from_le_bytes(four(bytes, 12)),
            checksum,
        },
        data,
        intact: checksum == Checksum::None || sum == Md5::digest(body).as_slice(),
    }
}

fn four(bytes: &[u8], at: usize) -> [u8; 4] {
    [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
}

/// Error numbers that somebody decides by.
pub mod error {
    /// The message is not known.
    pub const UNKNOWN: u16 = 2;
    /// The checksum is wrong.
    pub const CHECKSUM: u16 = 3;
    /// The payload has another length.
    pub const LENGTH: u16 = 5;
    /// The payload is invalid.
    pub const INVALID: u16 = 6;
    /// There is nothing yet.
    pub const NOT_READY: u16 = 7;
    /// There is no such information.
    pub const MISSING: u16 = 12;
    /// Something has failed within.
    pub const INTERNAL: u16 = 13;
}

/// The meaning of an error number.
pub(crate) fn error_text(error: u16) -> &'static str {
    match error {
        0 => "success",
        1 => "protocol error",
        2 => "unknown message",
        3 => "bad checksum",
        4 => "message too large",
        5 => "payload length does not fit the message type",
        6 => "payload invalid",
        7 => "not ready",
        8 => "unknown checksum type",
        9 => "unexpected reset",
        11 => "out of memory",
        12 => "no such information",
        13 => "internal error",
        _ => "unknown error",
    }
}
