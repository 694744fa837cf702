//! The commands of Ocean spectrometers that are older than the Ocean Binary Protocol, as they are sent over USB.
//!
//! Sources: *USB2000+ Data Sheet* (Ocean Optics 270-00000-000-05-201502), "USB Command Descriptions" and "Autonulling";
//! *USB4000 Data Sheet* (211-00000-000-05-201210), the same sections; *USB2000 Data Sheet* (170-00000-000-05-201102), "Command
//! Descriptions". Product ids are those of the first two; that of the USB2000 is python-seabreeze's (2.11, class `USB2000`).
//!
//! On USB, replies and spectra have endpoints of their own. To be one stream, what comes from an instrument is put into packets:
//! the endpoint (one byte), the number of bytes (two, low byte first), and the bytes. Requests need no packets: the first byte
//! says how long each is.

use serde::{Deserialize, Serialize};

use super::Scan;

/// The last byte of a spectrum.
pub const SYNC: u8 = 0x69;
/// Bytes of a stored value with its header.
pub const INFORMATION: usize = 17;
/// Bytes of a status.
pub const STATUS: usize = 16;
/// Bytes of a register with its value.
pub const REGISTER: usize = 3;
/// The register of the firmware of the gate array.
pub const FIRMWARE: u8 = 0x04;

/// Where values are stored.
pub mod slot {
    /// The serial number.
    pub const SERIAL_NUMBER: u8 = 0;
    /// The first of four coefficients of the wavelengths.
    pub const WAVELENGTHS: u8 = 1;
    /// The first of the coefficients of the response.
    pub const RESPONSE: u8 = 6;
    /// The order of the response.
    pub const ORDER: u8 = 14;
    /// The saturation.
    pub const SATURATION: u8 = 17;
}

/// A model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Model {
    /// USB2000: 12 bits, whole milliseconds.
    Usb2000,
    /// USB2000+.
    #[default]
    Usb2000Plus,
    /// USB4000.
    Usb4000,
}

impl Model {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Usb2000 => "USB2000",
            Self::Usb2000Plus => "USB2000+",
            Self::Usb4000 => "USB4000",
        }
    }

    /// Product id on USB.
    pub fn product(self) -> u16 {
        match self {
            Self::Usb2000 => 0x1002,
            Self::Usb2000Plus => 0x101E,
            Self::Usb4000 => 0x1022,
        }
    }

    /// The endpoints for requests and for replies.
    pub fn endpoints(self) -> (u8, u8) {
        if self == Self::Usb2000 { (0x02, 0x87) } else { (0x01, 0x81) }
    }

    /// The endpoints for the bytes of a spectrum in their order, and how many come at each on a bus of high speed.
    pub(crate) fn spectrum_endpoints(self) -> &'static [(u8, usize)] {
        match self {
            Self::Usb2000 | Self::Usb2000Plus => &[(0x82, 4097)],
            Self::Usb4000 => &[(0x86, 2048), (0x82, 5633)],
        }
    }

    /// Counts of a spectrum: the USB4000 also sends those that see no light.
    pub fn pixels(self) -> usize {
        match self {
            Self::Usb2000 | Self::Usb2000Plus => 2048,
            Self::Usb4000 => 3840,
        }
    }

    /// Largest count.
    pub fn full_scale(self) -> u16 {
        if self == Self::Usb2000 { 4095 } else { u16::MAX }
    }

    /// Shortest and longest integration time \[µs\].
    pub(crate) fn integrates_us(self) -> (u32, u32) {
        match self {
            Self::Usb2000 => (3_000, 65_535_000),
            Self::Usb2000Plus => (1_000, 65_535_000),
            Self::Usb4000 => (10, 65_535_000),
        }
    }

    /// In what steps an integration time of about this counts \[µs\].
    pub(crate) fn step_us(self, integration_us: u32) -> u32 {
        match self {
            Self::Usb2000 => 1_000,
            Self::Usb2000Plus if integration_us < 655_000 => 10,
            Self::Usb2000Plus => 1_000,
            Self::Usb4000 if integration_us < 3_800 => 1,
            Self::Usb4000 => 10,
        }
    }

    /// Bytes of a spectrum.
    pub(crate) fn spectrum_bytes(self) -> usize {
        2 * self.pixels() + 1
    }

    /// Whether it keeps the microseconds of its integration time: a USB2000 counts milliseconds.
    fn counts_us(self) -> bool {
        self != Self::Usb2000
    }
}

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Begin: the trigger is set to free running.
    Initialise,
    /// Set the integration time \[µs\].
    Integrate(u32),
    /// Set the lamp-enable line.
    Lamp(u16),
    /// Tell what is stored at a place.
    Information(u8),
    /// Take a spectrum.
    Spectrum,
    /// Set the trigger mode.
    Trigger(u16),
    /// Tell a register of the gate array.
    Register(u8),
    /// Tell the status.
    Status,
}

/// The first byte of a request for a spectrum.
const SPECTRUM: u8 = 0x09;

impl Request {
    /// Its bytes.
    pub fn bytes(self, model: Model) -> Vec<u8> {
        let word = |kind: u8, value: u16| [&[kind][..], &value.to_le_bytes()].concat();
        match self {
            Self::Initialise => vec![0x01],
            Self::Integrate(us) if model.counts_us() => [&[0x02][..], &us.to_le_bytes()].concat(),
            Self::Integrate(us) => word(0x02, (us / 1_000) as u16),
            Self::Lamp(state) => word(0x03, state),
            Self::Information(slot) => vec![0x05, slot],
            Self::Spectrum => vec![SPECTRUM],
            Self::Trigger(mode) => word(0x0A, mode),
            Self::Register(at) => vec![0x6B, at],
            Self::Status => vec![0xFE],
        }
    }
}

/// Scans for a request, on the side of the instrument.
pub fn scan(model: Model) -> impl Fn(&[u8]) -> Scan<Request> {
    move |bytes| {
        let Some(&kind) = bytes.first() else { return Scan::Incomplete };
        let length = match kind {
            0x01 | SPECTRUM | 0xFE => 1,
            0x05 | 0x6B => 2,
            0x02 if model.counts_us() => 5,
            0x02 | 0x03 | 0x0A => 3,
            _ => return Scan::Junk(1),
        };
        let Some(given) = bytes.get(1..length) else { return Scan::Incomplete };
        let number = given.iter().rev().fold(0_u32, |number, &byte| number << 8 | u32::from(byte));
        let request = match kind {
            0x01 => Request::Initialise,
            0x02 if model.counts_us() => Request::Integrate(number),
            0x02 => Request::Integrate(1_000 * number),
            0x03 => Request::Lamp(number as u16),
            0x05 => Request::Information(number as u8),
            SPECTRUM => Request::Spectrum,
            0x0A => Request::Trigger(number as u16),
            0x6B => Request::Register(number as u8),
            _ => Request::Status,
        };
        Scan::Frame(request, length)
    }
}

/// What has come at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The endpoint.
    pub endpoint: u8,
    /// What has come.
    pub bytes: Vec<u8>,
}

/// Appends a packet to `out`.
///
/// # Panics
/// If it has more than 65 535 bytes.
pub fn write(out: &mut Vec<u8>, endpoint: u8, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).expect("the bytes of a spectrum at most");
    out.push(endpoint);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
}

/// Scans for a packet, on the side of the host.
pub fn scan_packet(bytes: &[u8]) -> Scan<Packet> {
    let &[endpoint, a, b, ref rest @ ..] = bytes else { return Scan::Incomplete };
    if !matches!(endpoint, 0x81 | 0x82 | 0x86 | 0x87) {
        return Scan::Junk(1);
    }
    let length = usize::from(u16::from_le_bytes([a, b]));
    match rest.get(..length) {
        Some(bytes) => Scan::Frame(Packet { endpoint, bytes: bytes.to_vec() }, 3 + length),
        None => Scan::Incomplete,
    }
}

/// What an instrument is set to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Counts of a spectrum.
    pub pixels: u16,
    /// Integration time \[µs\].
    pub integration_us: u32,
    /// Whether the lamp-enable line is on.
    pub is_lit: bool,
    /// Trigger mode.
    pub trigger: u8,
}

impl Status {
    /// Its bytes, on a bus of high speed.
    pub fn bytes(self, model: Model) -> [u8; STATUS] {
        let mut bytes = [0; STATUS];
        bytes[..2].copy_from_slice(&self.pixels.to_le_bytes());
        if model.counts_us() {
            bytes[2..6].copy_from_slice(&self.integration_us.to_le_bytes());
            (bytes[6], bytes[7]) = (u8::from(self.is_lit), self.trigger);
            // It has power, and the bus is fast.
            (bytes[10], bytes[14]) = (1, 0x80);
        } else {
            let ms = (self.integration_us / 1_000) as u16;
            bytes[2..4].copy_from_slice(&ms.to_be_bytes());
            (bytes[4], bytes[5]) = (u8::from(self.is_lit), self.trigger);
        }
        bytes
    }

    /// The status that these bytes say; none where their number is not that of a status.
    pub fn of(bytes: &[u8], model: Model) -> Option<Self> {
        let bytes = <&[u8; STATUS]>::try_from(bytes).ok()?;
        let pixels = u16::from_le_bytes([bytes[0], bytes[1]]);
        let [_, _, a, b, c, d, e, f, ..] = *bytes;
        Some(if model.counts_us() {
            let integration_us = u32::from_le_bytes([a, b, c, d]);
            Self { pixels, integration_us, is_lit: e != 0, trigger: f }
        } else {
            let integration_us = 1_000 * u32::from(u16::from_be_bytes([a, b]));
            Self { pixels, integration_us, is_lit: c != 0, trigger: d }
        })
    }
}

/// Pixels of a packet of a USB2000, which has their low bytes, or their high bytes.
const PACKET: usize = 64;

/// The bytes of a spectrum, with its end.
pub fn spectrum(counts: &[u16], model: Model) -> Vec<u8> {
    let mut bytes: Vec<u8> = match model {
        Model::Usb2000 => counts
            .chunks(PACKET)
            .flat_map(|some| {
                let low = some.iter().map(|n| n.to_le_bytes()[0]);
                low.chain(some.iter().map(|n| n.to_le_bytes()[1]))
            })
            .collect(),
        _ => counts.iter().flat_map(|n| n.to_le_bytes()).collect(),
    };
    bytes.push(SYNC);
    bytes
}

/// The counts of a spectrum; none where its length is not that of this model, or its end is missing.
pub fn counts(bytes: &[u8], model: Model) -> Option<Vec<u16>> {
    let (&end, bytes) = bytes.split_last()?;
    if end != SYNC || bytes.len() != 2 * model.pixels() {
        return None;
    }
    Some(match model {
        // The upper half of a high byte may be anything (python-seabreeze 2.11, `SeaBreezeSpectrometerFeatureOOI2K`).
        Model::Usb2000 => bytes
            .chunks_exact(2 * PACKET)
            .flat_map(|both| {
                let (low, high) = both.split_at(PACKET);
                low.iter().zip(high).map(|(l, h)| u16::from_le_bytes([*l, *h & 0x0F]))
            })
            .collect(),
        _ => bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect(),
    })
}
