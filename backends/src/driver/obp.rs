//! The host's end of the Ocean Binary Protocol: one request in flight, and what its reply means.

use flowtwin_lab::{FaultKind, SpectrometerInfo};

use crate::codec::obp::{self, Checksum, Header, Message, kind};
use crate::transport::{Dialog, garbled, read_again};

/// An Ocean spectrometer at the other end of a dialog, asked by messages.
#[derive(Debug)]
pub(super) struct ObpHost {
    pub(super) dialog: Dialog,
    /// How messages are protected.
    pub(super) checksum: Checksum,
    regarding: u32,
    /// The request whose reply is waited for.
    asked: Header,
    /// The error number of the last reply.
    error: u16,
}

impl ObpHost {
    pub(super) fn new(dialog: Dialog) -> Self {
        let checksum = Checksum::None;
        Self { dialog, checksum, regarding: 0, asked: Header::default(), error: 0 }
    }

    /// Asks, and again where the answer is lost.
    pub(super) fn query(&mut self, kind: u32, data: &[u8]) -> Result<Vec<u8>, FaultKind> {
        read_again(|| self.exchange(kind, 0, data))
    }

    pub(super) fn query_number(&mut self, kind: u32) -> Result<u32, FaultKind> {
        number(&self.query(kind, &[])?)
    }

    /// Sends a command; the instrument must acknowledge it.
    pub(super) fn command(&mut self, kind: u32, data: &[u8]) -> Result<(), FaultKind> {
        self.exchange(kind, obp::ACK_REQUESTED, data).map(|_| ())
    }

    /// Sets a number, and where the acknowledgement was lost or refused, looks whether it was taken.
    pub(super) fn set(
        &mut self,
        set: u32,
        get: u32,
        data: &[u8],
        quantity: &str,
    ) -> Result<(), FaultKind> {
        let sent = self.command(set, data);
        let asked = number(data)?;
        let kept = self.query_number(get);
        match (sent, kept) {
            (_, Ok(kept)) if kept == asked => Ok(()),
            (Err(kind), _) | (Ok(()), Err(kind)) => Err(kind),
            (Ok(()), Ok(kept)) => Err(kept_other(quantity, asked, kept)),
        }
    }

    /// At most this many coefficients.
    pub(super) fn coefficients(
        &mut self,
        count: u32,
        kind: u32,
        most: u32,
    ) -> Result<Vec<f32>, FaultKind> {
        let count = self.query_number(count)?.min(most) as u8;
        let one = |i| {
            let value = f32::from_bits(number(&self.query(kind, &[i])?)?);
            value
                .is_finite()
                .then_some(value)
                .ok_or_else(|| garbled(format!("coefficient {value}")))
        };
        (0..count).map(one).collect()
    }

    /// The coefficients of the wavelengths [nm] and of the response.
    pub(super) fn calibration(&mut self) -> Result<([f32; 4], Vec<f32>), FaultKind> {
        let mut wavelengths = [0.0; 4];
        let told = self.coefficients(kind::WAVELENGTH_COUNT, kind::WAVELENGTH, 4)?;
        wavelengths[..told.len()].copy_from_slice(&told);
        let bent = self.coefficients(kind::NONLINEARITY_COUNT, kind::NONLINEARITY, 8)?;
        Ok((wavelengths, response(bent)?))
    }

    pub(super) fn exchange(
        &mut self,
        kind: u32,
        flags: u16,
        data: &[u8],
    ) -> Result<Vec<u8>, FaultKind> {
        let bytes = self.request(kind, flags, data);
        let Self { dialog, asked, error, .. } = self;
        dialog.ask(&bytes, obp::scan, |message| answer(message, *asked, error))
    }

    /// Sends a request whose reply [comes later](Self::hear).
    pub(super) fn begin(&mut self, kind: u32) -> Result<(), FaultKind> {
        let bytes = self.request(kind, 0, &[]);
        self.dialog.begin(&bytes)
    }

    /// The data of the reply to what was asked last, if it comes within `patience`.
    pub(super) fn hear(
        &mut self,
        patience: std::time::Duration,
    ) -> Result<Option<Vec<u8>>, FaultKind> {
        let Self { dialog, asked, error, .. } = self;
        dialog.hear(patience, obp::scan, |message| answer(message, *asked, error))
    }

    /// Whether the instrument did not know the message of the last reply.
    pub(super) fn did_not_know(&self) -> bool {
        self.error == obp::error::UNKNOWN
    }

    /// The next request.
    fn request(&mut self, kind: u32, flags: u16, data: &[u8]) -> Vec<u8> {
        self.regarding = self.regarding.wrapping_add(1);
        let (regarding, checksum) = (self.regarding, self.checksum);
        self.asked = Header { kind, flags, regarding, checksum, ..Header::default() };
        self.error = 0;
        let mut bytes = Vec::new();
        obp::write(&mut bytes, self.asked, data.len(), |out| out.extend_from_slice(data));
        bytes
    }
}

/// The coefficients of a response; none where it is linear, or none are stored.
pub(super) fn response(mut coefficients: Vec<f32>) -> Result<Vec<f32>, FaultKind> {
    while coefficients.last().is_some_and(|n| *n == 0.0) {
        coefficients.pop();
    }
    match coefficients[..] {
        [] => Ok(coefficients),
        [1.0] => Ok(Vec::new()),
        // A response that is far from 1 at low light is no response.
        [n0, ..] if (0.5..=2.0).contains(&n0) => Ok(coefficients),
        _ => Err(garbled(format!("{coefficients:?} are no coefficients of a detector's response"))),
    }
}

pub(super) fn kept_other(quantity: &str, asked: u32, kept: u32) -> FaultKind {
    let (asked, kept) = (f64::from(asked), f64::from(kept));
    FaultKind::KeptOther { quantity: quantity.into(), asked, kept, unit: String::new() }
}

/// What a spectrometer sees, for people.
pub(super) fn reach(info: &SpectrometerInfo) -> String {
    let nm = info.wavelengths_nm();
    let [first, last] = [nm.first(), nm.last()].map(|nm| nm.copied().unwrap_or_default());
    format!("{} pixels, {first:.1} to {last:.1} nm", info.pixels)
}

/// A serial number as text.
pub(super) fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).trim_matches('\0').to_owned()
}

/// The data of the reply to a request; none if the message answers another.
fn answer(
    message: Message,
    request: Header,
    noted: &mut u16,
) -> Result<Option<Vec<u8>>, FaultKind> {
    let Header { kind, flags, error, regarding, .. } = message.header;
    if flags & obp::RESPONSE == 0 || regarding != request.regarding || kind != request.kind {
        return Ok(None);
    }
    if !message.intact {
        return Err(garbled(format!("wrong checksum in the reply to 0x{kind:06X}")));
    }
    if request.checksum == Checksum::Md5 && message.header.checksum == Checksum::None {
        // It has lost its settings with its power, or this byte was hit.
        return Err(garbled(format!("no checksum in the reply to 0x{kind:06X}")));
    }
    *noted = error;
    if error == obp::error::NOT_READY {
        return Err(FaultKind::NotReady);
    }
    if flags & obp::NACK != 0 || error != 0 {
        let text = obp::error_text(error);
        return Err(FaultKind::Refused {
            detail: format!("message 0x{kind:06X}: error {error}, {text}"),
        });
    }
    Ok(Some(message.data))
}

/// A little-endian number of one, two or four bytes.
pub(super) fn number(data: &[u8]) -> Result<u32, FaultKind> {
    match *data {
        [a] => Ok(u32::from(a)),
        [a, b] => Ok(u32::from(u16::from_le_bytes([a, b]))),
        [a, b, c, d] => Ok(u32::from_le_bytes([a, b, c, d])),
        _ => Err(garbled(format!("{data:02X?} is not a number"))),
    }
}
